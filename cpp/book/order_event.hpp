// What one message did to one order, for those who follow orders and not only levels.
#pragma once

#include <cstdint>

#include "base/types.hpp"

namespace pyscalp::book {

/// A replace is a removal and then an addition under the new reference.
struct OrderEvent {
  enum class Kind : std::uint8_t { kAdded, kExecuted, kReduced, kRemoved };

  Kind kind = Kind::kAdded;
  Side side = Side::kBuy;
  InstrumentId instrument{};
  std::uint64_t reference = 0;
  Price price;        ///< at which it rests
  Qty qty = 0;        ///< added, executed or taken off
  Qty order_qty = 0;  ///< left of the order; 0: it is gone
  Qty level_qty = 0;  ///< displayed at its price now, all orders together
};

}  // namespace pyscalp::book
