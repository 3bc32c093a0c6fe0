// Control: no order that would meet one of our own.
#pragma once

#include "order/wish.hpp"
#include "risk/market_state.hpp"

namespace pyscalp::risk {

/// Against the best of our working orders on the opposite side, displayed or not,
/// acknowledged or not.
constexpr bool meets_own_order(const order::Wish& wish, const OwnOrders& own) {
  const Price best = wish.side == Side::kBuy ? own.best_ask : own.best_bid;
  return best != kNoPrice && crosses(wish.side, wish.limit, best);
}

}  // namespace pyscalp::risk
