// What a signal sees and what it says: the seam between the market and strategies.
//
// A signal is a class with `Forecast on_book(const MarketView&)`, called after every
// packet that changed its instrument. Where it cares for them it has besides, called
// before that, at every message:
//   void on_trade(const Trade&)               an execution or a trade
//   void on_order(const book::OrderEvent&, UnixNanos)   what happened to one order
// Signals keep their own state of fixed size, take time from what they are given, and
// never allocate after construction.
#pragma once

#include <span>

#include "base/types.hpp"
#include "book/order_books.hpp"
#include "book/touch.hpp"

namespace pyscalp::signal {

/// The most levels of a side that signals are shown.
inline constexpr int kMaxShownLevels = 32;

/// Valid during the call that it is given to.
struct MarketView {
  InstrumentId instrument{};
  MonoNanos now{};         ///< receipt, the engine's own clock
  UnixNanos venue_time{};  ///< the feed's stamp, ns since the venue's midnight
  book::Touch touch;
  /// Best first, own orders included; as many levels as the engine was told to show.
  std::span<const book::LevelView> bids;
  std::span<const book::LevelView> asks;
  Price tick{10'000'000};  ///< the instrument's price step, above 0

  std::span<const book::LevelView> levels(Side side) const {
    return side == Side::kBuy ? bids : asks;
  }
  /// Displayed on the best `count` levels of a side, or on all that are shown.
  Qty depth(Side side, int count) const {
    Qty qty = 0;
    for (const book::LevelView& level : levels(side)) {
      if (count-- <= 0) break;
      qty += level.qty;
    }
    return qty;
  }
  /// (bids - asks) / (bids + asks) of the best `count` levels, in [-1, 1].
  double depth_imbalance(int count) const {
    const Qty ours = depth(Side::kBuy, count);
    const Qty theirs = depth(Side::kSell, count);
    const Qty total = ours + theirs;
    return total == 0 ? 0.0
                      : static_cast<double>(ours - theirs) / static_cast<double>(total);
  }
};

struct Trade {
  Price price;
  Qty qty = 0;
  Side aggressor = Side::kBuy;  ///< meaningful unless `hidden`
  bool hidden = false;          ///< against a non-displayed order
  UnixNanos venue_time{};
};

enum class SignalId : std::uint8_t {
  kNone = 0,
  kMeanReversion = 1,
  kBookImbalance = 2,
  kMomentum = 3,
  kIceberg = 4,
  kUser = 5,      ///< a user's own, see docs/own_signal.md
  kCombined = 6,  ///< the weighted sum of several
};
inline constexpr std::size_t kSignalIds = 7;
/// As the configuration and the tables call it.
constexpr const char* name(SignalId signal) {
  constexpr const char* kNames[kSignalIds] = {
      "none",    "mean_reversion", "book_imbalance", "momentum",
      "iceberg", "user",           "combined"};
  return kNames[static_cast<std::size_t>(signal)];
}

/// Bits: positions or entries on one side, or on both.
enum class Sides : std::uint8_t { kNone = 0, kLong = 1, kShort = 2, kBoth = 3 };
constexpr Sides operator|(Sides a, Sides b) {
  return static_cast<Sides>(static_cast<int>(a) | static_cast<int>(b));
}
constexpr Sides operator&(Sides a, Sides b) {
  return static_cast<Sides>(static_cast<int>(a) & static_cast<int>(b));
}
constexpr bool any(Sides sides) { return sides != Sides::kNone; }
constexpr Sides sides_of(Side side) {
  return side == Side::kBuy ? Sides::kLong : Sides::kShort;
}

struct Forecast {
  /// Where the mid is expected to go, in price and signed: positive is up, zero is no
  /// opinion.
  Price expected_move{};
  SignalId signal = SignalId::kNone;
  /// Positions on these sides are to be closed at once: what they stood on is gone. Nor
  /// is anything entered on them meanwhile.
  Sides leave = Sides::kNone;
  /// Entries on these sides are not to be made, whichever signal asks for them.
  Sides veto = Sides::kNone;
};

}  // namespace pyscalp::signal
