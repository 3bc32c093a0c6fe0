// Icebergs as a shield: entries with a hidden order behind them, none against it, and
// out when it is gone.
//
// A wall is a hidden order that the detector believes in, whose estimated reserve, the
// part that is not shown, is at least `min_reserve`. At a sound touch with a wall at
// the best price of a side, or of both:
//
//   expected move = gain · (microprice with the reserves - mid)
//                 = gain · (ask - bid) / 2 · (b - a) / (b + a)
//
// of the sizes b at the bid and a at the ask, reserves of walls included; none where it
// leads towards the only wall. A wall at the bid vetoes shorts, one at the ask longs.
//
// When a believed order shows its last slice, is executed without another, or is
// withdrawn, positions on its side (a bid's: longs) are to leave; that is said for
// `leave_for`, or until another wall stands at that side's best price. Source of the
// microprice: Gatheral and Oomen (2010).
#pragma once

#include <array>

#include "signal/iceberg_detector.hpp"
#include "signal/market_view.hpp"

namespace pyscalp::signal {

struct IcebergOptions {
  IcebergDetectorOptions detector;
  double min_reserve = 100.0;               ///< shares; 0 to 10^9
  double gain = 1.0;                        ///< above 0, up to 1000
  MonoNanos leave_for = milliseconds(250);  ///< 0 to a day; 0: at that time only
};

/// Of one instrument. Thread-safety: none. Nothing allocated.
class Iceberg {
 public:
  using Options = IcebergOptions;
  static constexpr SignalId kId = SignalId::kIceberg;

  /// Whether every field is within the range stated with it.
  static bool valid(const Options& options);

  /// `valid(options)` is the caller's duty.
  explicit Iceberg(const Options& options);

  void on_trade(const Trade& trade) { detector_.on_trade(trade); }
  void on_order(const book::OrderEvent& event, UnixNanos venue_time);
  /// Time is the venue's and never taken back.
  Forecast on_book(const MarketView& view);
  /// See IcebergDetector::reset.
  void reset();

  const Options& options() const { return options_; }
  const IcebergDetector& detector() const { return detector_; }

 private:
  /// What stands behind the best price of a side; 0 without a wall.
  double reserve(Side side, const book::Touch& touch) const;

  Options options_;
  IcebergDetector detector_;
  UnixNanos latest_{};
  std::array<bool, 2> leaving_{};
  std::array<UnixNanos, 2> leaving_since_{};
};

}  // namespace pyscalp::signal
