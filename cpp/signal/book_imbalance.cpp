#include "signal/book_imbalance.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "signal/rounding.hpp"

namespace pyscalp::signal {

bool BookImbalance::valid(const Options& options) {
  return options.threshold > 0.0 && options.threshold <= 1.0 && options.levels >= 1 &&
         options.levels <= kMaxShownLevels && options.persistence >= MonoNanos{} &&
         options.persistence <= seconds(86'400) && options.horizon_gain > 0.0 &&
         options.horizon_gain <= 1000.0;
}

BookImbalance::BookImbalance(const Options& options) : options_(options) {
  assert(valid(options));
}

Forecast BookImbalance::on_book(const MarketView& view) {
  latest_ = std::max(latest_, view.venue_time);
  const book::Touch& touch = view.touch;
  imbalance_ = !touch.sound()        ? 0.0
               : options_.levels > 1 ? view.depth_imbalance(options_.levels)
                                     : touch.imbalance();
  const int side = std::abs(imbalance_) < options_.threshold ? 0
                   : imbalance_ > 0.0                        ? 1
                                                             : -1;
  if (side != side_) {
    side_ = side;
    since_ = latest_;
  }
  if (side_ == 0 || held() < options_.persistence) return {};

  const Price lean = touch.microprice() - touch.mid();
  if (side_ > 0 ? lean <= Price{} : lean >= Price{}) return {};
  const Price move = rounded(options_.horizon_gain * static_cast<double>(lean.value));
  if (move == Price{}) return {};
  return {move, kId};
}

void BookImbalance::reset() { *this = BookImbalance(options_); }

}  // namespace pyscalp::signal
