// What an order session tells its owner, in words that name no venue.
//
// Quantities are lots, prices those of one lot at 1e-9 of the quote currency
// (base/types.hpp). Texts are valid during the call alone.
//
// A handler has any of the functions named here; what it lacks is skipped:
//
//   on_accepted(const OrderAccepted&)       on_executed(const OrderExecuted&)
//   on_canceled(const OrderCanceled&)       on_rejected(const OrderRejected&)
//   on_unknown(const OrderUnknown&)         on_reconciled(const OrderReconciled&)
//   on_foreign_execution(const ForeignExecution&)
//   on_balance(const AssetBalance&)         on_position(const HeldPosition&)
//   on_live(const SessionLive&)             on_lost_message(const LostMessage&)
//   on_refused(const SessionRefused&)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "base/fees.hpp"
#include "base/types.hpp"

namespace pyscalp::session {

/// The venue has the order. Once for an order, before anything else of it but
/// OrderRejected and OrderUnknown.
struct OrderAccepted {
  std::uint32_t user_ref = 0;
  std::uint64_t order_reference = 0;  ///< the venue's number
  Price price{};                      ///< its limit there
  bool dead = false;                  ///< accepted and canceled in one; nothing follows
  UnixNanos venue_time{};
};

/// What a commission was taken in.
enum class CommissionIn : std::uint8_t {
  kNotSaid = 0,
  kQuote = 1,  ///< `commission` is exact
  kBase = 2,   ///< taken from what was bought; `commission` is it at the fill's price,
               ///< rounded half away from 0
  kOther = 3,  ///< a third asset: `commission` is 0, the amount is in `amount_e8`
};

/// One execution. Each match number once for an order, whatever way it came.
struct OrderExecuted {
  std::uint32_t user_ref = 0;
  Qty qty = 0;
  Price price{};
  std::uint64_t match = 0;
  Liquidity liquidity = Liquidity::kTaker;
  CommissionIn commission_in = CommissionIn::kNotSaid;
  Money commission{};            ///< positive is paid
  std::int64_t amount_e8 = 0;    ///< of the asset it was taken in, at 1e-8
  std::array<char, 12> asset{};  ///< that asset, padded with zeros
  UnixNanos venue_time{};
};

/// Why an order was taken off.
enum class CancelReason : std::uint8_t {
  kCanceled = 0,   ///< by a request: ours, or a person's at the venue
  kExpired = 1,    ///< what an IOC order left, or the end of its time
  kPostOnly = 2,   ///< it would have taken
  kSelfMatch = 3,  ///< it would have met an order of ours
  kVenue = 4,      ///< the venue's own doing: liquidation, a halt
};

/// `qty` was taken off and will not trade.
struct OrderCanceled {
  std::uint32_t user_ref = 0;
  Qty qty = 0;
  CancelReason reason = CancelReason::kCanceled;
  UnixNanos venue_time{};
};

/// Why an order was not taken; `code` is the venue's own.
enum class RejectReason : std::uint8_t {
  kOther = 0,
  kPostOnly = 1,    ///< it would have taken: no error, the market moved
  kFunds = 2,       ///< balance or margin
  kRules = 3,       ///< price, quantity or notional against the symbol's rules
  kRate = 4,        ///< too many requests or orders
  kClock = 5,       ///< our time is outside the venue's window
  kPermission = 6,  ///< key, signature, address
  kReduceOnly = 7,  ///< it would not have reduced a position
  kNotSent = 8,     ///< the connection went before it left; code 0
};

struct OrderRejected {
  std::uint32_t user_ref = 0;
  std::int32_t code = 0;
  RejectReason reason = RejectReason::kOther;
};

/// Its fate is not known; it counts at its worst until OrderReconciled, or until
/// messages of the venue have closed it.
struct OrderUnknown {
  std::uint32_t user_ref = 0;
};

/// The venue said of an unknown order that `leaves` is open. Everything that it traded
/// and lost before has been told. Rejected is what was never accepted and leaves 0.
struct OrderReconciled {
  std::uint32_t user_ref = 0;
  Qty leaves = 0;
};

/// The account traded by an order that is not this run's: a person's, another
/// program's, or the venue's (a liquidation). Positions are not what we think.
struct ForeignExecution {
  InstrumentId instrument{};
  Side side = Side::kBuy;
  Qty qty = 0;
  Price price{};
};

/// What the account has of an asset, at 1e-8.
struct AssetBalance {
  std::string_view asset;
  std::int64_t free_e8 = 0;
  std::int64_t locked_e8 = 0;
};

/// The account's position as the venue has it, signed, in whole lots.
struct HeldPosition {
  InstrumentId instrument{};
  Qty qty = 0;
};

/// In step with the venue: the fate of every order is known, orders may be sent.
struct SessionLive {
  bool resumed = false;  ///< it was live before in this run
};

/// Something of the venue's could not be read or does not fit: what we believed of our
/// orders is being asked for anew, and the session is not live meanwhile.
struct LostMessage {
  std::string_view what;
};

/// The venue will not have us: a key, a signature, an address. Nothing is tried again
/// until the connection is made anew.
struct SessionRefused {
  std::int32_t code = 0;
  std::string_view text;
};

using OrderEvent =
    std::variant<OrderAccepted, OrderExecuted, OrderCanceled, OrderRejected,
                 OrderUnknown, OrderReconciled, ForeignExecution, AssetBalance,
                 HeldPosition, SessionLive, LostMessage, SessionRefused>;

/// Calls the handler's function for the event, where it has one.
template <class Handler>
void deliver(const OrderEvent& event, Handler& handler) {
  const auto give = [&]<class Event>(const Event* e) {
    if (e == nullptr) return;
    if constexpr (requires { handler.on_accepted(*e); }) handler.on_accepted(*e);
    if constexpr (requires { handler.on_executed(*e); }) handler.on_executed(*e);
    if constexpr (requires { handler.on_canceled(*e); }) handler.on_canceled(*e);
    if constexpr (requires { handler.on_rejected(*e); }) handler.on_rejected(*e);
    if constexpr (requires { handler.on_unknown(*e); }) handler.on_unknown(*e);
    if constexpr (requires { handler.on_reconciled(*e); }) handler.on_reconciled(*e);
    if constexpr (requires { handler.on_foreign_execution(*e); })
      handler.on_foreign_execution(*e);
    if constexpr (requires { handler.on_balance(*e); }) handler.on_balance(*e);
    if constexpr (requires { handler.on_position(*e); }) handler.on_position(*e);
    if constexpr (requires { handler.on_live(*e); }) handler.on_live(*e);
    if constexpr (requires { handler.on_lost_message(*e); })
      handler.on_lost_message(*e);
    if constexpr (requires { handler.on_refused(*e); }) handler.on_refused(*e);
  };
  [&]<class... Events>(const std::variant<Events...>& any) {
    (give(std::get_if<Events>(&any)), ...);
  }(event);
}

std::string_view name(CancelReason reason);
std::string_view name(RejectReason reason);

}  // namespace pyscalp::session
