// Control: quantity and value of one order.
#pragma once

#include "book/touch.hpp"
#include "order/wish.hpp"
#include "risk/denial.hpp"
#include "risk/limits.hpp"

namespace pyscalp::risk {

/// A buy is worth its limit. A sell trades at its limit or better, so it is worth the
/// bid where that is higher.
constexpr Denial order_size_denial(const order::Wish& wish, const book::Touch& touch,
                                   const Limits& limits) {
  if (wish.qty <= 0 || wish.qty > limits.max_order_qty) return Denial::kOrderQuantity;
  Price worth = wish.limit;
  if (wish.side == Side::kSell && touch.bid != kNoPrice && touch.bid > worth) {
    worth = touch.bid;
  }
  const Int128 value = static_cast<Int128>(worth.value) * wish.qty;
  return value > limits.max_order_value.value ? Denial::kOrderValue : Denial::kNone;
}

}  // namespace pyscalp::risk
