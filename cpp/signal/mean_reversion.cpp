#include "signal/mean_reversion.hpp"

namespace pyscalp::signal {

bool MeanReversion::valid(const Options& options) {
  return std::isfinite(options.k_sigma) && options.k_sigma > 0.0 &&
         BarCloses::valid(options.bars, options.bar) && options.efficiency_max >= 0.0 &&
         options.efficiency_max <= 1.0 && options.min_trades >= 0 &&
         (options.use_vwap || options.use_bollinger);
}

MeanReversion::MeanReversion(const Options& options)
    : options_(options), closes_(options.bars, options.bar) {
  assert(valid(options));
}

void MeanReversion::on_trade(const Trade& trade) {
  session_.add(trade.price, trade.qty);
}

Forecast MeanReversion::on_book(const MarketView& view) {
  if (closes_.advance(view.venue_time)) {
    const RollingWindow& window = closes_.window();
    band_ = options_.k_sigma * window.scaled_sigma();
    sideways_ = window.full() && window.efficiency_ratio() <= options_.efficiency_max;
  }
  if (!view.touch.sound()) return {};
  const Price mid = view.touch.mid();
  closes_.sample(view.venue_time, mid);
  if (!sideways_ || session_.trades() < options_.min_trades) return {};

  const int bands = options_.use_bollinger ? side_of_bands(mid) : side_of_vwap(mid);
  if (bands == 0) return {};
  if (options_.use_bollinger && options_.use_vwap && side_of_vwap(mid) != bands)
    return {};
  const Price move = options_.use_bollinger ? closes_.window().move_to_mean(mid)
                                            : session_.move_to_vwap(mid);
  if (move == Price{}) return {};
  return {move, kId};
}

void MeanReversion::reset() {
  session_.clear();
  closes_.clear();
  band_ = 0.0;
  sideways_ = false;
}

// +1 above, -1 below, 0 within or unknown. Compared at `bars` times the scale, where
// nothing but the root has been rounded.
int MeanReversion::side_of_bands(Price mid) const {
  if (band_ <= 0.0) return 0;
  const auto deviation = static_cast<double>(closes_.window().scaled_deviation(mid));
  return deviation > band_ ? 1 : deviation < -band_ ? -1 : 0;
}

int MeanReversion::side_of_vwap(Price mid) const {
  const double limit = options_.k_sigma * session_.sigma();
  if (limit <= 0.0 || session_.saturated()) return 0;
  const double deviation = session_.deviation(mid);
  return deviation > limit ? 1 : deviation < -limit ? -1 : 0;
}

}  // namespace pyscalp::signal
