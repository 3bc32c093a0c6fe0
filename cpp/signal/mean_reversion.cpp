#include "signal/mean_reversion.hpp"

#include "signal/variance_ratio.hpp"

namespace pyscalp::signal {

bool MeanReversion::valid(const Options& options) {
  return std::isfinite(options.k_sigma) && options.k_sigma > 0.0 &&
         BarCloses::valid(options.bars, options.bar) && options.efficiency_max >= 0.0 &&
         options.efficiency_max <= 1.0 && options.min_trades >= 0 &&
         (options.use_vwap || options.use_bollinger || options.use_rolling_vwap) &&
         RollingVwap::valid(options.vwap_window) &&
         (options.regime == Regime::kEfficiency ||
          valid_variance_step(options.variance_step, options.bars)) &&
         options.variance_ratio_max >= 0.0;
}

MeanReversion::MeanReversion(const Options& options)
    : options_(options),
      rolling_(options.vwap_window),
      closes_(options.bars, options.bar) {
  assert(valid(options));
}

void MeanReversion::on_trade(const Trade& trade) {
  session_.add(trade.price, trade.qty);
  session_band_.stale = true;
  if (options_.use_rolling_vwap) {
    rolling_.add(trade.venue_time, trade.price, trade.qty);
    rolling_band_.stale = true;
  }
}

Forecast MeanReversion::on_book(const MarketView& view) {
  if (closes_.advance(view.venue_time)) close_bar();
  if (options_.use_rolling_vwap && rolling_.advance(view.venue_time))
    rolling_band_.stale = true;
  if (!view.touch.sound()) return {};
  const Price mid = view.touch.mid();
  closes_.sample(view.venue_time, mid);
  if (!sideways_ || session_.trades() < options_.min_trades) return {};

  if (side_of_bands(mid) == 0) return {};
  const Price move = move_to_mean(mid);
  if (move == Price{}) return {};
  return {move, kId};
}

void MeanReversion::reset() {
  session_.clear();
  rolling_.clear();
  closes_.clear();
  session_band_ = rolling_band_ = {};
  bollinger_limit_ = variance_ratio_ = 0.0;
  sideways_ = false;
}

void MeanReversion::close_bar() {
  const RollingWindow& window = closes_.window();
  bollinger_limit_ = options_.k_sigma * window.scaled_sigma();
  sideways_ = window.full();
  if (!sideways_) return;
  if (uses_efficiency())
    sideways_ = window.efficiency_ratio() <= options_.efficiency_max;
  if (uses_variance()) {
    variance_ratio_ = signal::variance_ratio(window, options_.variance_step);
    sideways_ = sideways_ && variance_ratio_ <= options_.variance_ratio_max;
  }
}

// +1 above, -1 below all the bands, 0 within one of them or unknown.
int MeanReversion::side_of_bands(Price mid) {
  int side = 0;
  const auto agrees = [&side](int other) {
    const bool first = side == 0;
    side = first ? other : side;
    return other != 0 && other == side;
  };
  if (options_.use_bollinger && !agrees(side_of_bollinger(mid))) return 0;
  if (options_.use_rolling_vwap && !agrees(side_of(rolling_, rolling_band_, mid)))
    return 0;
  if (options_.use_vwap) {
    if (session_.saturated()) return 0;
    if (!agrees(side_of(session_, session_band_, mid))) return 0;
  }
  return side;
}

// Compared at `bars` times the scale, where nothing but the root has been rounded.
int MeanReversion::side_of_bollinger(Price mid) const {
  if (bollinger_limit_ <= 0.0) return 0;
  const auto deviation = static_cast<double>(closes_.window().scaled_deviation(mid));
  return deviation > bollinger_limit_ ? 1 : deviation < -bollinger_limit_ ? -1 : 0;
}

template <class Vwap>
int MeanReversion::side_of(const Vwap& vwap, Band& band, Price mid) const {
  if (band.stale) {
    const VolumeMoments::Moments moments = vwap.moments();
    band = {false, vwap.anchor(), moments.mean, options_.k_sigma * moments.sigma};
  }
  return band.side(mid);
}

int MeanReversion::Band::side(Price mid) const {
  if (limit <= 0.0) return 0;
  const Int128 from_anchor = static_cast<Int128>(mid.value) - anchor.value;
  const double deviation = static_cast<double>(from_anchor) - mean;
  return deviation > limit ? 1 : deviation < -limit ? -1 : 0;
}

Price MeanReversion::move_to_mean(Price mid) const {
  if (options_.use_bollinger) return closes_.window().move_to_mean(mid);
  if (options_.use_rolling_vwap) return rolling_.move_to_vwap(mid);
  return session_.move_to_vwap(mid);
}

}  // namespace pyscalp::signal
