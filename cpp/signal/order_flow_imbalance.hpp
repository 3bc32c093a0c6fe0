// Order flow imbalance: whether what has come to and gone from the best levels of late
// has been demand or supply.
//
// Between one sound book and the next, the flow at level m of the bids is
//   q_now            where its price has risen, or the level is new
//   q_now - q_before where its price is the same
//   -q_before        where its price has fallen, or the level is gone
// and at level m of the asks likewise, with a lower price in the place of a higher one.
// An event's net flow is that of the bids less that of the asks, summed over levels 1
// to N; its gross flow is the sum of the absolute values of all 2·N. Both are added up
// over the window, in the slots of sliding_sums.hpp.
//
// A book that is not sound has no flow, nor has the sound one after it: what it is to
// be compared with is not known.
//
// Sources: Cont, Kukanov and Stoikov, The Price Impact of Order Book Events (2014), for
// the touch; Xu, Gould and Howison, Multi-Level Order-Flow Imbalance in a Limit Order
// Book (2018), for more levels, whose vector is summed here.
//
// Thread-safety: none. About 7 KiB, nothing allocated; O(N) a call. Sums are exact.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>

#include "base/types.hpp"
#include "signal/market_view.hpp"
#include "signal/sliding_sums.hpp"

namespace pyscalp::signal {

class OrderFlowImbalance {
 public:
  static constexpr bool valid(int levels, MonoNanos window) {
    return levels >= 1 && levels <= kMaxShownLevels && Slots::valid(window);
  }

  /// Of the best `levels` (1: of the touch) over the last `window`; `valid` is the
  /// caller's duty.
  OrderFlowImbalance(int levels, MonoNanos window) : levels_(levels), slots_(window) {
    assert(valid(levels, window));
  }

  /// To be called at every event.
  void on_book(const MarketView& view) {
    slots_.advance(view.venue_time);
    if (!view.touch.sound()) {
      known_ = false;
      return;
    }
    const bool small = is_small(view.bids) && is_small(view.asks) &&
                       ((view.touch.bid_qty | view.touch.ask_qty) < kSmall);
    Flow event = small && small_before_ ? flow<std::int64_t>(view) : flow<Int128>(view);
    small_before_ = small;
    if (!known_) event.net = event.gross = 0;
    known_ = true;
    slots_.add(event);
  }

  void clear() {
    slots_.clear();
    known_ = false;
  }

  /// Σ net flow / Σ gross flow, in [-1, 1]; 0 where nothing has flowed. ±1 is flow that
  /// was all for one side.
  double share_of_flow() const {
    const Flow& flow = slots_.total();
    return flow.gross == 0 ? 0.0 : to_double(flow.net) / to_double(flow.gross);
  }
  /// Σ net flow / average depth, cut to [-1, 1]; 0 where there is no depth. The average
  /// is over the sound events in the window, of the mean of both sides' quantity on N
  /// levels. ±1 is a net flow as large as what usually stands on a side, or larger.
  double share_of_depth() const {
    const Flow& flow = slots_.total();
    if (flow.depth == 0) return 0.0;
    const double scaled = to_double(flow.net * 2 * flow.events) / to_double(flow.depth);
    return std::clamp(scaled, -1.0, 1.0);
  }

  /// Sums over the window.
  Int128 net() const { return slots_.total().net; }
  Int128 gross() const { return slots_.total().gross; }
  std::int64_t events() const { return slots_.total().events; }

 private:
  struct Flow {
    Int128 net = 0;
    Int128 gross = 0;
    Int128 depth = 0;  ///< of both sides
    std::int64_t events = 0;

    Flow& operator+=(const Flow& more) {
      net += more.net, gross += more.gross;
      depth += more.depth, events += more.events;
      return *this;
    }
    Flow& operator-=(const Flow& less) {
      net -= less.net, gross -= less.gross;
      depth -= less.depth, events -= less.events;
      return *this;
    }
  };
  using Slots = SlidingSums<Flow>;
  struct Level {
    std::int64_t key = kNoLevel;  ///< price, negated on the ask side: higher is better
    Qty qty = 0;
  };
  static constexpr std::int64_t kNoLevel = std::numeric_limits<std::int64_t>::min();

  static double to_double(Int128 value) {
    // Most fit 64 bits, from which a processor converts by itself.
    const auto narrow = static_cast<std::int64_t>(value);
    return narrow == value ? static_cast<double>(narrow) : static_cast<double>(value);
  }

  /// Below it, any sum of the flows of 64 levels fits 64 bits.
  static constexpr Qty kSmall = Qty{1} << 56;

  bool is_small(std::span<const book::LevelView> shown) const {
    Qty all = 0;
    const std::size_t count = std::min(shown.size(), static_cast<std::size_t>(levels_));
    for (const book::LevelView& level : shown.first(count)) all |= level.qty;
    return all < kSmall;
  }

  /// An event's, added up in `Sum`; keeps its levels for the next.
  template <class Sum>
  Flow flow(const MarketView& view) {
    Sum net = 0, gross = 0, depth = 0;
    for (const Side side : {Side::kBuy, Side::kSell}) {
      const book::LevelView best{view.touch.price(side), view.touch.qty(side), 0};
      const std::span<const book::LevelView> shown =
          levels_ == 1 ? std::span(&best, 1) : view.levels(side);
      Level* const before = before_[index(side)].data();
      Sum ours = 0;
      const auto follow = [&](Level& level, Level now) {
        const Qty come = now.key >= level.key ? now.qty : 0;
        const Qty gone = now.key <= level.key ? level.qty : 0;
        const Sum change = static_cast<Sum>(come) - gone;
        ours += change;
        gross += change < 0 ? -change : change;
        depth += now.qty;
        level = now;
      };
      const int count = std::min(static_cast<int>(shown.size()), levels_);
      for (int m = 0; m < count; ++m) {
        const book::LevelView& level = shown[static_cast<std::size_t>(m)];
        const std::int64_t price = level.price.value;
        follow(before[m], {side == Side::kBuy ? price : -price, level.qty});
      }
      for (int m = count; m < levels_; ++m) follow(before[m], Level{});
      net += side == Side::kBuy ? ours : -ours;
    }
    Flow event;
    event.net = net, event.gross = gross, event.depth = depth;
    event.events = 1;
    return event;
  }

  int levels_;
  bool known_ = false;         ///< `before_` is of the event before, and was sound
  bool small_before_ = false;  ///< its quantities were below kSmall
  std::array<std::array<Level, kMaxShownLevels>, 2> before_{};
  Slots slots_;
};

}  // namespace pyscalp::signal
