// What one instrument puts at risk right now.
#pragma once

#include "base/types.hpp"

namespace pyscalp::order {

/// Position and the orders that could still change it, each at its worst: an order
/// whose fate is unknown counts in full.
struct Exposure {
  Qty position = 0;     ///< filled, signed
  Qty working_buy = 0;  ///< sent or resting, not yet filled
  Qty working_sell = 0;

  constexpr Qty working(Side side) const {
    return side == Side::kBuy ? working_buy : working_sell;
  }
  /// The position, in absolute value, if all that works on `side` fills and nothing on
  /// the other.
  constexpr Qty worst(Side side) const {
    const Qty end =
        side == Side::kBuy ? position + working_buy : position - working_sell;
    return end < 0 ? -end : end;
  }
};

}  // namespace pyscalp::order
