#include "signal/book_imbalance.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "signal/rounding.hpp"

namespace pyscalp::signal {

namespace {

/// Quantities divided by 1 + the distance from the best in ticks, best first.
double weighted_qty(std::span<const book::LevelView> levels, int count, double tick) {
  double total = 0.0;
  for (const book::LevelView& level : levels) {
    if (count-- <= 0) break;
    const std::int64_t off = level.price.value - levels.front().price.value;
    const auto distance = static_cast<double>(off < 0 ? -off : off);
    total += static_cast<double>(level.qty) / (1.0 + distance / tick);
  }
  return total;
}

double weighted_imbalance(const MarketView& view, int levels) {
  const auto tick = static_cast<double>(view.tick.value);
  const double ours = weighted_qty(view.bids, levels, tick);
  const double theirs = weighted_qty(view.asks, levels, tick);
  const double total = ours + theirs;
  return total == 0.0 ? 0.0 : (ours - theirs) / total;
}

}  // namespace

bool BookImbalance::valid(const Options& options) {
  return options.threshold > 0.0 && options.threshold <= 1.0 &&
         OrderFlowImbalance::valid(options.levels, options.window) &&
         options.persistence >= MonoNanos{} && options.persistence <= seconds(86'400) &&
         options.horizon_gain > 0.0 && options.horizon_gain <= 1000.0;
}

BookImbalance::BookImbalance(const Options& options)
    : options_(options), flow_(options.levels, options.window) {
  assert(valid(options));
}

Forecast BookImbalance::on_book(const MarketView& view) {
  latest_ = std::max(latest_, view.venue_time);
  imbalance_ = measured(view);
  const int side = std::abs(imbalance_) < options_.threshold ? 0
                   : imbalance_ > 0.0                        ? 1
                                                             : -1;
  if (side != side_) {
    side_ = side;
    since_ = latest_;
  }
  if (side_ == 0 || held() < options_.persistence) return {};

  const book::Touch& touch = view.touch;
  const Price lean = touch.microprice() - touch.mid();
  if (side_ > 0 ? lean <= Price{} : lean >= Price{}) return {};
  const Price move = rounded(options_.horizon_gain * static_cast<double>(lean.value));
  if (move == Price{}) return {};
  return {move, kId};
}

double BookImbalance::measured(const MarketView& view) {
  const book::Touch& touch = view.touch;
  if (options_.measure == ImbalanceMeasure::kOrderFlow) {
    flow_.on_book(view);
    if (!touch.sound()) return 0.0;
    return options_.flow_scale == FlowScale::kFlow ? flow_.share_of_flow()
                                                   : flow_.share_of_depth();
  }
  if (!touch.sound()) return 0.0;
  if (options_.measure == ImbalanceMeasure::kTouch || options_.levels == 1)
    return touch.imbalance();
  return options_.measure == ImbalanceMeasure::kDepth
             ? view.depth_imbalance(options_.levels)
             : weighted_imbalance(view, options_.levels);
}

void BookImbalance::reset() { *this = BookImbalance(options_); }

}  // namespace pyscalp::signal
