// Order-book imbalance: a book, or what has come to it of late, that leans to one side
// and goes on doing so is expected to push the mid that way.
//
// The imbalance, in [-1, 1] and above 0 for buyers, is by `measure`:
//   touch        (b - a) / (b + a) of the quantities at the best bid and ask
//   depth        the same of the sums over the best `levels` of each side
//   weighted     the same of the sums with each level's quantity divided by 1 + its
//                distance from its side's best in ticks
//   order flow   what came to and went from the best `levels` within `window`, as a
//                share of `flow_scale`; see order_flow_imbalance.hpp
// With one level, depth and weighted are those of the touch.
//
// An opinion needs, at the event itself: a sound touch; an imbalance of at least
// `threshold` in absolute value that has been so, on the same side and at every event,
// for `persistence` or longer; and a microprice on the same side of the mid. The
// expected move is horizon_gain · (microprice - mid). Sources: Cartea, Jaimungal and
// Penalva, Algorithmic and High-Frequency Trading (2015), section 3.5 (imbalance);
// Gatheral and Oomen (2010) (microprice).
#pragma once

#include "signal/market_view.hpp"
#include "signal/order_flow_imbalance.hpp"

namespace pyscalp::signal {

enum class ImbalanceMeasure : std::uint8_t { kTouch, kDepth, kWeighted, kOrderFlow };
/// What the net order flow is a share of: all flow, or the average depth.
enum class FlowScale : std::uint8_t { kFlow, kDepth };

struct BookImbalanceOptions {
  double threshold = 0.6;                    ///< above 0, up to 1
  int levels = 5;                            ///< 1 to kMaxShownLevels
  MonoNanos persistence = milliseconds(50);  ///< 0 to a day
  double horizon_gain = 1.0;                 ///< above 0, up to 1000
  ImbalanceMeasure measure = ImbalanceMeasure::kDepth;
  MonoNanos window = seconds(1);  ///< of the order flow; above 0, up to a day
  FlowScale flow_scale = FlowScale::kFlow;
};

/// Of one instrument. Thread-safety: none. About 7 KiB, nothing allocated.
class BookImbalance {
 public:
  using Options = BookImbalanceOptions;
  static constexpr SignalId kId = SignalId::kBookImbalance;

  /// Whether every field is within the range stated with it.
  static bool valid(const Options& options);

  /// `valid(options)` is the caller's duty.
  explicit BookImbalance(const Options& options);

  /// Time is the venue's and never taken back: an event stamped earlier than one before
  /// it counts as of that one's time. A book that is not sound ends what has persisted.
  Forecast on_book(const MarketView& view);
  void reset();

  const Options& options() const { return options_; }
  /// At the last event, in [-1, 1]; 0 where the book was not sound.
  double imbalance() const { return imbalance_; }
  /// +1 or -1 while the imbalance is at or beyond the threshold, else 0.
  int side() const { return side_; }
  /// How long it has been on that side; 0 where `side` is 0.
  MonoNanos held() const {
    return side_ == 0 ? MonoNanos{} : MonoNanos{latest_.value - since_.value};
  }

 private:
  double measured(const MarketView& view);

  Options options_;
  double imbalance_ = 0.0;
  int side_ = 0;
  UnixNanos since_{};
  UnixNanos latest_{};
  OrderFlowImbalance flow_;
};

}  // namespace pyscalp::signal
