// The best bid and ask of one book, and what is read off them.
#pragma once

#include "base/types.hpp"

namespace pyscalp::book {

struct Touch {
  Price bid = kNoPrice;
  Price ask = kNoPrice;
  Qty bid_qty = 0;
  Qty ask_qty = 0;

  constexpr bool two_sided() const { return bid != kNoPrice && ask != kNoPrice; }
  constexpr bool crossed() const { return two_sided() && bid >= ask; }
  /// Fit to trade on: both sides there, bid below ask.
  constexpr bool sound() const { return two_sided() && bid < ask; }
  constexpr Price price(Side side) const { return side == Side::kBuy ? bid : ask; }
  constexpr Qty qty(Side side) const { return side == Side::kBuy ? bid_qty : ask_qty; }
  /// Halfway between bid and ask; exact, as prices are multiples of 2e-9.
  constexpr Price mid() const { return {bid.value + (ask.value - bid.value) / 2}; }
  constexpr Price spread() const { return ask - bid; }
  /// Mid weighted by the opposite side's size: (bid·ask_qty + ask·bid_qty) / total.
  /// Source: Gatheral and Oomen (2010).
  constexpr Price microprice() const {
    const Qty total = bid_qty + ask_qty;
    if (total == 0) return mid();
    return {bid.value +
            static_cast<std::int64_t>(static_cast<Int128>(ask.value - bid.value) *
                                      bid_qty / total)};
  }
  /// (bid_qty - ask_qty) / (bid_qty + ask_qty), in [-1, 1]; 0 where both are empty.
  constexpr double imbalance() const {
    const Qty total = bid_qty + ask_qty;
    return total == 0
               ? 0.0
               : static_cast<double>(bid_qty - ask_qty) / static_cast<double>(total);
  }
  friend constexpr bool operator==(const Touch&, const Touch&) = default;
};

}  // namespace pyscalp::book
