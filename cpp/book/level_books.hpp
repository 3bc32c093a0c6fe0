// Books of every instrument of a venue that tells quantities by price, not orders.
//
// The counterpart of OrderBooks: a message says what rests at a price now, 0 takes the
// price out. Single-threaded. All memory is taken at construction; where it is used up,
// a named status says so and the book stays as it was.
//
// Layout: a side is an array of {key, quantity} sorted so that the best stands last,
// where books change most; arrays that outgrow their block move to one of twice the
// size. Costs: O(1) near the touch, a binary search and a move of what is better deeper
// down.
#pragma once

#include <cstddef>
#include <memory>

#include "base/types.hpp"
#include "book/order_books.hpp"
#include "book/touch.hpp"

namespace pyscalp::book {

struct LevelCapacity {
  std::uint32_t levels = 1u << 18;  ///< of all instruments and both sides together
};

class LevelBooks {
 public:
  explicit LevelBooks(const LevelCapacity& capacity = {});

  /// `qty` rests at `price` from now on; 0: nothing, whether or not something did.
  /// `before`, where given, is what rested there. kNoPrice for a price of 0 or less,
  /// kZeroQuantity for a negative quantity, kLevelsFull where there is no room.
  BookStatus set(InstrumentId instrument, Side side, Price price, Qty qty,
                 Qty* before = nullptr);
  /// The whole side is `qty` at `price` from now on, and nothing where `qty` is 0 or
  /// `price` is kNoPrice: for feeds that tell the touch alone.
  BookStatus set_touch(InstrumentId instrument, Side side, Price price, Qty qty);
  /// Takes away what rests on a side at `price` or better.
  void clear(InstrumentId instrument, Side side, Price price);
  /// Empties one book and lifts its flag.
  void clear(InstrumentId instrument);
  /// Empties every book and lifts every flag.
  void clear();

  const Touch& touch(InstrumentId instrument) const {
    return books_[index(instrument)].touch;
  }
  /// What rests at a price; 0 where nothing does.
  Qty qty_at(InstrumentId instrument, Side side, Price price) const;
  /// Displayed quantity of the best `levels` prices of a side.
  Qty depth(InstrumentId instrument, Side side, int levels) const;
  /// Writes up to `capacity` levels, best first; returns how many. `orders` is 0.
  int levels(InstrumentId instrument, Side side, LevelView* out, int capacity) const;
  std::uint32_t level_count(InstrumentId instrument, Side side) const {
    return books_[index(instrument)].sides[index(side)].size;
  }

  /// A flagged book met something impossible and is not to be traded on.
  void flag(InstrumentId instrument) { books_[index(instrument)].flagged = true; }
  /// Whoever flagged the book vouches for it again.
  void unflag(InstrumentId instrument) { books_[index(instrument)].flagged = false; }
  bool flagged(InstrumentId instrument) const {
    return books_[index(instrument)].flagged;
  }

 private:
  static constexpr int kInstruments = 1 << 16;
  static constexpr int kBlockSizes = 26;

  struct Level {
    std::int64_t key;  ///< price, negated on the ask side: the best is the largest
    Qty qty;
  };
  struct Ladder {
    Level* levels = nullptr;
    std::uint32_t size = 0;
    std::uint32_t capacity = 0;
  };
  struct Book {
    Ladder sides[2];
    Touch touch;
    bool flagged = false;
  };

  static std::uint32_t place_of(const Ladder& ladder, std::int64_t key);
  bool grow(Ladder& ladder);
  static void refresh_touch(Book& book, Side side);

  std::unique_ptr<Book[]> books_;
  std::size_t memory_size_;
  std::unique_ptr<Level[]> memory_;
  std::size_t memory_used_ = 0;
  Level* free_[kBlockSizes] = {};  ///< outgrown blocks, by size
};

}  // namespace pyscalp::book
