// Several levels of the opposite side taken by one order.
//
// The order goes through the levels from the best on, as far as all of these allow: no
// share at a price worse than `worst`, none whose own expected net is below `edge_min`,
// no more than `share` of what is displayed on the levels so reached, at most
// `qty_max`. Its limit is the price of the last level that it needs, so that it can
// never pay more than was planned; what is no longer there when it arrives is not
// filled.
#pragma once

#include <algorithm>
#include <span>

#include "book/order_books.hpp"
#include "order/expectation.hpp"

namespace pyscalp::order {

struct SweepOptions {
  int levels = 0;  ///< most levels of one action, 0: no sweeps
  std::int64_t share_e6 = 250'000;
  Qty qty_max = 0;

  bool valid() const {
    return levels >= 0 && share_e6 > 0 && share_e6 <= 1'000'000 && qty_max >= 0;
  }
};

struct SweepPlan {
  Qty qty = 0;  ///< 0: nothing is worth taking
  Price limit = kNoPrice;
};

/// `levels` are those of the side opposite to `side`, best first; `room` is what limits
/// outside of the tactic leave.
inline SweepPlan plan_sweep(const SweepOptions& options, Side side,
                            std::span<const book::LevelView> levels, Price worst,
                            const Expectation& expectation, Price edge_min, Qty room) {
  const auto reach = std::min(levels.size(), static_cast<std::size_t>(options.levels));
  Qty displayed = 0;
  std::size_t reached = 0;
  for (; reached < reach; ++reached) {
    const book::LevelView& level = levels[reached];
    const bool beyond = side == Side::kBuy ? level.price > worst : level.price < worst;
    if (beyond || expectation.taken(level.price) < edge_min) break;
    displayed += level.qty;
  }
  const auto share =
      static_cast<Qty>(static_cast<Int128>(displayed) * options.share_e6 / 1'000'000);
  SweepPlan plan{std::min({share, options.qty_max, room}), kNoPrice};
  if (plan.qty <= 0) return {};
  Qty left = plan.qty;
  for (std::size_t i = 0; left > 0; ++i) {
    plan.limit = levels[i].price;
    left -= levels[i].qty;
  }
  return plan;
}

}  // namespace pyscalp::order
