// Mean reversion: in a market that goes sideways, a mid far from its average is
// expected to come back.
//
// An opinion needs all of these, at the event itself:
//   - a sound touch, a full window of bar closes and at least `min_trades` trades;
//   - the mid more than k_sigma deviations from the mean of every one of the chosen
//     bands, and on the same side of all:
//       session VWAP    of all trades of the session, weighted by volume
//       rolling VWAP    of those of the last `vwap_window` (sliding_sums.hpp)
//       Bollinger       of the closes of the bars, population deviation
//     a deviation of zero says nothing about what is far, so there is no opinion then;
//   - a market that goes sideways by the chosen measures of the closes:
//       efficiency ratio at most `efficiency_max`
//       variance ratio over `variance_step` bars at most `variance_ratio_max`
// The expected move leads to the mean of the Bollinger bands, where they are not chosen
// to the rolling VWAP, and else to the session's. Sources: Bollinger on Bollinger Bands
// (2001); Kaufman, Trading Systems and Methods (2013); Lo and MacKinlay (1988);
// pyscalp/reference computes the same another way.
#pragma once

#include "signal/bar_closes.hpp"
#include "signal/market_view.hpp"
#include "signal/rolling_vwap.hpp"
#include "signal/session_vwap.hpp"

namespace pyscalp::signal {

/// What tells that the market goes sideways.
enum class Regime : std::uint8_t { kEfficiency, kVarianceRatio, kBoth };

struct MeanReversionOptions {
  double k_sigma = 3.0;          ///< above 0
  int bars = 20;                 ///< 2 to kMaxBars
  MonoNanos bar = seconds(1);    ///< up to a day
  double efficiency_max = 0.3;   ///< 0 to 1
  std::int64_t min_trades = 50;  ///< of the session; 0 or more
  bool use_vwap = true;          ///< the session's; at least one of these three
  bool use_bollinger = true;
  bool use_rolling_vwap = false;
  MonoNanos vwap_window = seconds(300);  ///< of the rolling VWAP; above 0, up to a day
  Regime regime = Regime::kEfficiency;
  int variance_step = 4;            ///< 2 to bars - 2, where the regime asks for it
  double variance_ratio_max = 1.0;  ///< 0 or more
};

/// Of one instrument. Thread-safety: none. About 9 KiB, nothing allocated.
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
  /// The same of the last `vwap_window`; empty where it is not used.
  const RollingVwap& rolling() const { return rolling_; }
  /// Closes of the completed bars, their mean, deviation and efficiency ratio.
  const RollingWindow& closes() const { return closes_.window(); }
  double bollinger_lower() const {
    return closes().mean() - options_.k_sigma * closes().sigma();
  }
  double bollinger_upper() const {
    return closes().mean() + options_.k_sigma * closes().sigma();
  }
  /// Of a full window, where the regime asks for it, else 0; see variance_ratio.hpp.
  double variance_ratio() const { return variance_ratio_; }
  /// The window is full, and the market goes sideways by the regime's measures.
  bool sideways() const { return sideways_; }

 private:
  /// Where a VWAP has its limits; worked out when first asked for after a change.
  struct Band {
    bool stale = true;
    Price anchor{};
    double mean = 0.0;   ///< from the anchor
    double limit = 0.0;  ///< k_sigma deviations

    int side(Price mid) const;
  };

  void close_bar();
  bool uses_efficiency() const { return options_.regime != Regime::kVarianceRatio; }
  bool uses_variance() const { return options_.regime != Regime::kEfficiency; }
  int side_of_bollinger(Price mid) const;
  template <class Vwap>
  int side_of(const Vwap& vwap, Band& band, Price mid) const;
  int side_of_bands(Price mid);
  Price move_to_mean(Price mid) const;

  Options options_;
  SessionVwap session_;
  RollingVwap rolling_;
  BarCloses closes_;
  Band session_band_;
  Band rolling_band_;
  // Of the completed bars; renewed when one closes.
  double bollinger_limit_ = 0.0;  ///< bars · k_sigma · sigma
  double variance_ratio_ = 0.0;
  bool sideways_ = false;
};

}  // namespace pyscalp::signal
