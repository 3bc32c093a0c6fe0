// Momentum expansion: a market that has agreed on a tight range, and then leaves it
// with a surge of volume, is expected to go on.
//
//   consolidation  `min_trades` trades or more in the volume profile and a value area
//   of
//                  at most `width_max_e9` of the price at the point of control, at
//                  every event for `consolidation` or longer
//   break          a trade above or below every bucket traded within the profile's
//                  window, in a consolidation, with a relative volume of `surge` or
//                  more (its own volume included); with `confirm_imbalance` above 0
//                  also an imbalance of the touch of at least that toward the break at
//                  the first book event after it
//   while it lives (`hold` from the trade on)
//                  expected move = gain · height of the range broken, toward the break,
//                  where the touch is sound; a veto of entries against it
//   failure        a trade back at or inside the value area's edge, as it was when the
//                  range broke, within `failure`: positions of the break's direction
//                  are to be left, said at the next book event, and the break is over
//
// A consolidation starts anew after a break, however that ended. Time is the venue's
// and never taken back: an event stamped earlier than one before it counts as of that
// one's time. Sources of volume profile and relative volume stand with them; the
// measured move of one height of the range is that of rectangles in Edwards and Magee,
// Technical Analysis of Stock Trends (1948). pyscalp/reference/ computes the same
// another way.
#pragma once

#include "signal/market_view.hpp"
#include "signal/relative_volume.hpp"
#include "signal/volume_profile.hpp"

namespace pyscalp::signal {

struct MomentumOptions {
  Price bucket{10'000'000};        ///< height of a bucket of the profile, above 0
  MonoNanos window = seconds(60);  ///< of the profile, up to a day
  std::int64_t min_trades = 20;    ///< 1 to VolumeProfile::kMaxTrades
  std::int64_t value_share_e9 = 700'000'000;  ///< of the volume, 1e-9 to 1
  std::int64_t width_max_e9 = 1'000'000;      ///< of the price, above 0, up to 1
  MonoNanos consolidation = seconds(10);      ///< 0 to a day
  double surge = 3.0;                         ///< above 0
  MonoNanos surge_window = seconds(1);        ///< 1 ms to an hour
  int history = 60;                           ///< 1 to RelativeVolume::kMaxHistory
  RelativeVolume::DayCurve day_curve = RelativeVolume::flat();
  double gain = 1.0;               ///< above 0, up to 1000
  MonoNanos hold = seconds(5);     ///< above 0, up to a day
  MonoNanos failure = seconds(3);  ///< 0 to a day
  double confirm_imbalance = 0.0;  ///< 0 (not asked) to 1
};

/// Of one instrument. Thread-safety: none. Nothing allocated; 180 kB by value.
class Momentum {
 public:
  using Options = MomentumOptions;
  static constexpr SignalId kId = SignalId::kMomentum;

  /// Whether every field is within the range stated with it.
  static bool valid(const Options& options);

  /// `valid(options)` is the caller's duty.
  explicit Momentum(const Options& options);

  /// A trade that VolumeProfile does not count is passed over.
  void on_trade(const Trade& trade);
  Forecast on_book(const MarketView& view);
  void reset();

  const Options& options() const { return options_; }
  const VolumeProfile& profile() const { return profile_; }
  const RelativeVolume& relative_volume() const { return relative_volume_; }
  /// The profile as of the last event is a consolidation, of whatever length; false
  /// while a break lives.
  bool tight() const { return tight_; }
  /// +1 or -1 while a break lives, else 0.
  int direction() const { return direction_; }

 private:
  void advance(UnixNanos now);
  void assess();
  void start_break(int direction);
  void end_break();
  bool consolidated() const {
    return tight_ && latest_.value - tight_since_.value >= options_.consolidation.value;
  }
  bool inside(std::int64_t bucket) const {
    return direction_ > 0 ? bucket <= broken_.high : bucket >= broken_.low;
  }

  Options options_;
  VolumeProfile profile_;
  RelativeVolume relative_volume_;
  UnixNanos latest_{};
  // Of the consolidation.
  bool stale_ = false;  ///< the profile has changed since `assess`
  bool tight_ = false;
  UnixNanos tight_since_{};
  VolumeProfile::ValueArea area_;
  // Of the break; what it broke as it was then.
  int direction_ = 0;
  bool confirmed_ = false;
  UnixNanos broken_at_{};
  VolumeProfile::ValueArea broken_;
  Price move_{};
  Sides leave_ = Sides::kNone;  ///< to be said at the next book event
};

}  // namespace pyscalp::signal
