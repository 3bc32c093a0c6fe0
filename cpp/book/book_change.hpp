// What became of one operation on a book of orders.
#pragma once

#include "base/types.hpp"

namespace pyscalp::book {

enum class BookStatus : std::uint8_t {
  kOk,
  kUnknownOrder,    ///< no order of that reference
  kDuplicateOrder,  ///< a second order under one reference
  kOverfill,        ///< more taken than the order had
  kZeroQuantity,    ///< an order of no shares, or a reduction by none
  kNoPrice,         ///< price not positive, off the book's step, or past its range
  kOrdersFull,      ///< the pool of orders is used up
  kLevelsFull,      ///< the pool of levels is used up
};
inline constexpr int kBookStatusCount = 8;
const char* name(BookStatus status);

/// What an operation did to one level. Where the status is neither kOk nor kOverfill
/// nothing has changed and only the status is meant.
struct BookChange {
  BookStatus status = BookStatus::kOk;
  bool touched = false;  ///< the side's best price or its quantity is another now
  Side side = Side::kBuy;
  InstrumentId instrument{};
  Price price{};
  Qty level_qty = 0;  ///< displayed at the price now; 0: the level is gone
  Qty order_qty = 0;  ///< what the order had before, or has, if it was added

  constexpr bool applied() const {
    return status == BookStatus::kOk || status == BookStatus::kOverfill;
  }
  friend constexpr bool operator==(const BookChange& change, BookStatus wanted) {
    return change.status == wanted;
  }
};

/// A replace: the old order's going, and the new one's coming where that went well.
struct BookReplacement {
  BookChange removed;
  BookChange added;

  constexpr BookStatus status() const {
    return removed.applied() ? added.status : removed.status;
  }
  friend constexpr bool operator==(const BookReplacement& change, BookStatus status) {
    return change.status() == status;
  }
};

}  // namespace pyscalp::book
