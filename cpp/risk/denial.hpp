// Why the gate refused an order. One value per control, in the order of the gate's
// list; docs/risk.md has the table.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyscalp::risk {

enum class Denial : std::uint8_t {
  kNone = 0,
  kLimitsMissing,       ///< a limit was never set: nothing may trade
  kKillSwitch,          ///< the kill switch is, or was, engaged
  kHalted,              ///< TradingState::kHalted
  kReducingOnly,        ///< TradingState::kReducing and the order does not reduce
  kNotPermitted,        ///< the instrument is not on the list
  kInstrumentHalted,    ///< the venue does not trade the instrument now
  kSessionHours,        ///< outside the configured hours
  kGapOpen,             ///< feed messages are missing
  kBookUnusable,        ///< one-sided, crossed, locked or flagged
  kStalePrice,          ///< no tick for too long
  kOrderQuantity,       ///< not positive, or more than one order may ask
  kOrderValue,          ///< price times quantity of one order
  kPriceCollar,         ///< limit too far from the touch, or no price at all
  kInstrumentReducing,  ///< held position above its share of depth: closing only
  kPosition,            ///< position with working orders at worst
  kConcentration,       ///< the same against the depth one would exit into
  kTooManyWorking,      ///< working orders, all instruments
  kRunaway,             ///< more orders within the duplicate window than are remembered
  kDuplicate,           ///< the same wish again within the duplicate window
  kSelfMatch,           ///< would meet an order of our own
  kRateLimit,           ///< the requests that new orders may use are used up
};

inline constexpr std::size_t kDenials =
    static_cast<std::size_t>(Denial::kRateLimit) + 1;

constexpr std::size_t index(Denial denial) { return static_cast<std::size_t>(denial); }

/// Stable lower-case name, as it stands in summaries and journals. Any thread.
const char* name(Denial denial);

}  // namespace pyscalp::risk
