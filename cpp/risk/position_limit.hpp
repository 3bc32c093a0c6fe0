// Control: position including working orders, each at its worst.
#pragma once

#include <algorithm>

#include "order/exposure.hpp"
#include "order/wish.hpp"

namespace pyscalp::risk {

/// Where the position ends, signed, if the order and all that already works on its side
/// fill and nothing else does.
constexpr Int128 worst_end(const order::Wish& wish, const order::Exposure& exposure) {
  // Less than nothing cannot work: a broken count must not make room.
  const Qty working = std::max<Qty>(exposure.working(wish.side), 0);
  const Int128 traded = static_cast<Int128>(working) + wish.qty;
  return static_cast<Int128>(exposure.position) + sign(wish.side) * traded;
}

/// True if the order brings the position toward zero and, with what already works on
/// its side, not through it.
constexpr bool reduces(const order::Wish& wish, const order::Exposure& exposure) {
  if (wish.qty <= 0) return false;
  const Int128 end = worst_end(wish, exposure);
  return wish.side == Side::kSell ? exposure.position > 0 && end >= 0
                                  : exposure.position < 0 && end <= 0;
}

/// True if the position that the order could lead to is within the limit. A worst case
/// on the near side of zero is smaller than what is held and always within.
constexpr bool position_fits(const order::Wish& wish, const order::Exposure& exposure,
                             Qty max_position) {
  return sign(wish.side) * worst_end(wish, exposure) <= max_position;
}

}  // namespace pyscalp::risk
