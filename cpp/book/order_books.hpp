// Order-by-order books of every instrument of a feed, with FIFO queues at each price.
//
// Single-threaded. All memory is taken at construction: orders, levels and the arrays
// of levels come from fixed pools, so that nothing is allocated while the feed runs; a
// pool that is used up is a named status, and the instrument is flagged.
//
// Layout: a reference finds its order through an open-addressing table; an order names
// its level and its neighbours in the queue by 32-bit index; a side is an array of
// levels sorted so that the best stands last, where books change most. Costs: add,
// reduce and remove are O(1) plus a search among the levels near the touch.
#pragma once

#include <memory>

#include "base/types.hpp"
#include "book/touch.hpp"

namespace pyscalp::book {

enum class BookStatus : std::uint8_t {
  kOk,
  kUnknownOrder,    ///< no order of that reference
  kDuplicateOrder,  ///< a second order under one reference
  kOverfill,        ///< more taken than the order had
  kZeroQuantity,    ///< an order of no shares, or a reduction by none
  kNoPrice,         ///< price 0
  kOrdersFull,      ///< the pool of orders is used up
  kLevelsFull,      ///< the pool of levels is used up
};
inline constexpr int kBookStatusCount = 8;
const char* name(BookStatus status);

struct BookCapacity {
  std::uint32_t orders = 1u << 20;
  std::uint32_t levels = 1u << 18;
};

/// One price of one side as others see it.
struct LevelView {
  Price price;
  Qty qty = 0;
  std::uint32_t orders = 0;
};

/// What is known of a resting order.
struct OrderView {
  std::uint64_t reference = 0;
  InstrumentId instrument{};
  Side side = Side::kBuy;
  Price price;
  Qty qty = 0;
};

class OrderBooks {
 public:
  explicit OrderBooks(const BookCapacity& capacity = {});

  BookStatus add(InstrumentId instrument, std::uint64_t reference, Side side, Qty qty,
                 Price price);
  /// Takes `qty` off an order, which keeps its place; at 0 it is gone. `before`, where
  /// given, tells what the order was.
  BookStatus reduce(std::uint64_t reference, Qty qty, OrderView* before = nullptr);
  BookStatus remove(std::uint64_t reference, OrderView* before = nullptr);
  /// The new order takes the last place at its price, on the side of the old one.
  BookStatus replace(std::uint64_t old_reference, std::uint64_t new_reference, Qty qty,
                     Price price, OrderView* before = nullptr);
  /// Empties every book and lifts every flag.
  void clear();

  const Touch& touch(InstrumentId instrument) const {
    return books_[index(instrument)].touch;
  }
  /// Displayed quantity of the best `levels` prices of a side.
  Qty depth(InstrumentId instrument, Side side, int levels) const;
  /// Writes up to `capacity` levels, best first; returns how many.
  int levels(InstrumentId instrument, Side side, LevelView* out, int capacity) const;
  /// The order of that reference; false where there is none.
  bool find(std::uint64_t reference, OrderView& out) const;
  /// Displayed quantity in front of an order at its price; -1 where it is unknown.
  Qty qty_ahead(std::uint64_t reference) const;
  std::uint32_t order_count() const { return order_count_; }

  /// A flagged book met something impossible and is not to be traded on.
  void flag(InstrumentId instrument) { books_[index(instrument)].flagged = true; }
  bool flagged(InstrumentId instrument) const {
    return books_[index(instrument)].flagged;
  }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr int kInstruments = 1 << 16;

  struct Order {
    std::uint64_t reference;
    std::uint32_t qty;
    std::uint32_t level;
    std::uint32_t previous;
    std::uint32_t next;
    std::uint16_t instrument;
    Side side;
  };
  struct Level {
    std::int64_t key;  ///< price, negated on the ask side: the best is the largest
    Qty qty;
    std::uint32_t orders;
    std::uint32_t first;
    std::uint32_t last;
  };
  /// Levels of one side, by ascending key.
  struct Ladder {
    std::uint32_t* slots = nullptr;  ///< indices into levels_
    std::uint32_t size = 0;
    std::uint32_t capacity = 0;
  };
  struct Book {
    Ladder sides[2];
    Touch touch;
    bool flagged = false;
  };
  struct Entry {
    std::uint64_t reference = 0;
    std::uint32_t order = kNone;
  };

  std::uint32_t find_slot(std::uint64_t reference) const;
  void erase_slot(std::uint32_t slot);
  std::uint32_t level_at(Ladder& ladder, std::int64_t key);
  bool grow(Ladder& ladder);
  void append(std::uint32_t order, std::uint32_t level);
  void unlink(std::uint32_t order);
  void erase_level(Ladder& ladder, std::uint32_t level);
  void refresh_touch(Book& book, Side side);
  void view(const Order& order, OrderView& out) const;

  BookCapacity capacity_;
  std::unique_ptr<Book[]> books_;
  std::unique_ptr<Order[]> orders_;
  std::unique_ptr<Level[]> levels_;
  std::unique_ptr<Entry[]> entries_;
  std::unique_ptr<std::uint32_t[]> ladder_memory_;
  std::uint32_t entry_mask_;
  std::uint32_t order_count_ = 0;
  std::uint32_t orders_used_ = 0;  ///< orders ever taken from the pool
  std::uint32_t order_free_ = kNone;
  std::uint32_t levels_used_ = 0;
  std::uint32_t level_free_ = kNone;
  std::size_t ladder_used_ = 0;
  std::size_t ladder_size_;
  static constexpr int kLadderClasses = 20;
  std::uint32_t* ladder_free_[kLadderClasses] = {};  ///< outgrown blocks, by size
};

}  // namespace pyscalp::book
