// Mean reversion: in a market that goes sideways, a mid far from its average is
// expected to come back.
//
// An opinion needs all of these, at the event itself:
//   - a sound touch, a full window of bar closes and at least `min_trades` trades;
//   - the mid more than k_sigma volume-weighted standard deviations from the session's
//     VWAP, and on the same side
//   - outside the Bollinger bands, mean ± k_sigma · population deviation of the closes;
//     a deviation of zero says nothing about what is far, so there is no opinion then;
//   - the efficiency ratio of the closes at most `efficiency_max`.
// The expected move leads to the Bollinger mean (to the VWAP where `use_bollinger` is
// off). Sources: Bollinger on Bollinger Bands (2001); Kaufman, Trading Systems and
// Methods (2013); pyscalp/reference/ computes the same another way.
#pragma once

#include "signal/bar_closes.hpp"
#include "signal/market_view.hpp"
#include "signal/session_vwap.hpp"

namespace pyscalp::signal {

struct MeanReversionOptions {
  double k_sigma = 3.0;          ///< above 0
  int bars = 20;                 ///< 2 to kMaxBars
  MonoNanos bar = seconds(1);    ///< up to a day
  double efficiency_max = 0.3;   ///< 0 to 1
  std::int64_t min_trades = 50;  ///< 0 or more
  bool use_vwap = true;          ///< at least one of these two
  bool use_bollinger = true;
};

/// Of one instrument. Thread-safety: none. About 4 KiB, nothing allocated.
class MeanReversion {
 public:
  using Options = MeanReversionOptions;
  static constexpr SignalId kId = SignalId::kMeanReversion;

  /// Whether every field is within the range stated with it.
  static bool valid(const Options& options);

  /// `valid(options)` is the caller's duty.
  explicit MeanReversion(const Options& options);

  /// Every trade of the session, displayed or hidden.
  void on_trade(const Trade& trade);
  /// Time is the venue's; see bar_closes.hpp. A book that is not sound closes bars but
  /// gives no mid.
  Forecast on_book(const MarketView& view);
  /// Starts a new session: forgets trades and bars.
  void reset();

  const Options& options() const { return options_; }
  /// VWAP, its deviation and the number of trades.
  const SessionVwap& session() const { return session_; }
  /// Closes of the completed bars, their mean, deviation and efficiency ratio.
  const RollingWindow& closes() const { return closes_.window(); }
  double bollinger_lower() const {
    return closes().mean() - options_.k_sigma * closes().sigma();
  }
  double bollinger_upper() const {
    return closes().mean() + options_.k_sigma * closes().sigma();
  }
  /// The window is full and its efficiency ratio within `efficiency_max`.
  bool sideways() const { return sideways_; }

 private:
  int side_of_bands(Price mid) const;
  int side_of_vwap(Price mid) const;

  Options options_;
  SessionVwap session_;
  BarCloses closes_;
  // Of the completed bars; renewed when one closes.
  double band_ = 0.0;  ///< bars · k_sigma · sigma
  bool sideways_ = false;
};

}  // namespace pyscalp::signal
