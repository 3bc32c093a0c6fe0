// Control: the limit price of an order against the touch.
//
// With a collar of c, a buy may have its limit at most c through the ask and at most c
// below the bid, a sell at most c through the bid and at most c above the ask. The
// first stops an order that would pay anything, the second one whose price lost a
// digit. Where a deadline exit finds one side of the book only, that side stands for
// both.
#pragma once

#include <algorithm>

#include "book/touch.hpp"
#include "order/wish.hpp"
#include "risk/limits.hpp"

namespace pyscalp::risk {

/// `collar_e6` in 1e-6 of the touch, at most kMaxCollarE6. False too for a limit that
/// is no price (not positive, kNoPrice) and for a book with nothing on either side.
/// Exact: nothing is rounded.
constexpr bool inside_collar(const order::Wish& wish, const book::Touch& touch,
                             std::int64_t collar_e6) {
  constexpr Int128 kWhole = 1'000'000;
  if (wish.limit.value <= 0 || wish.limit == kNoPrice) return false;
  Price near = touch.price(wish.side);
  Price far = touch.price(opposite(wish.side));
  if (near == kNoPrice) near = far;
  if (far == kNoPrice) far = near;
  if (near == kNoPrice) return false;

  const bool buys = wish.side == Side::kBuy;
  const Int128 high = static_cast<Int128>((buys ? far : near).value);
  const Int128 low = static_cast<Int128>((buys ? near : far).value);
  const Int128 limit = static_cast<Int128>(wish.limit.value) * kWhole;
  return limit <= high * (kWhole + collar_e6) && limit >= low * (kWhole - collar_e6);
}

/// The collar of a deadline exit: wider by the configured factor, never beyond 100 %.
constexpr std::int64_t deadline_collar_e6(const Limits& limits) {
  const Int128 wide =
      static_cast<Int128>(limits.price_collar_e6) * limits.deadline_collar_factor;
  return static_cast<std::int64_t>(std::min<Int128>(wide, kMaxCollarE6));
}

}  // namespace pyscalp::risk
