// What one operation did to one price of one side of a book.
#pragma once

#include "base/types.hpp"

namespace pyscalp::book {

struct LevelChange {
  InstrumentId instrument{};
  Side side = Side::kBuy;
  Price price;
  Qty qty = 0;              ///< displayed at the price now; 0: the level is gone
  std::int32_t orders = 0;  ///< how many orders more than before; 0 where none tell

  friend bool operator==(const LevelChange&, const LevelChange&) = default;
};

}  // namespace pyscalp::book
