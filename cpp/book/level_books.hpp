// Books of every instrument of a venue that tells quantities by price, not orders.
//
// The counterpart of OrderBooks: a message says what rests at a price now, 0 takes the
// price out. Single-threaded. All memory is taken at construction; where it is used up,
// a named status says so and the book stays as it was.
//
// Two layouts. An instrument whose price step is told at start-up (`keep_by_step`) has
// a TickBand for the prices near the best: a change costs the same at every one of
// them. Any other price, and every price of other instruments, is in a ladder: an array
// of {key, quantity} sorted so that the best stands last, where books change most;
// arrays that outgrow their block move to one of twice the size. Costs: O(1) near the
// touch, a binary search and a move of what is better deeper down.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/types.hpp"
#include "book/order_books.hpp"
#include "book/tick_band.hpp"
#include "book/touch.hpp"

namespace pyscalp::book {

struct LevelCapacity {
  std::uint32_t levels = 1u << 18;  ///< of all instruments and both sides together
};

class LevelBooks {
 public:
  explicit LevelBooks(const LevelCapacity& capacity = {});
  /// Start-up: every price of the instrument, whose book is empty, is a multiple of
  /// `step`, from 2; others are kNoPrice from now on. `width` price steps of each side
  /// are kept by index, a power of two from 4 * TickBand::kGrain: 8 bytes each, of
  /// which those that are used take memory.
  void keep_by_step(InstrumentId instrument, Price step,
                    std::uint32_t width = 1u << 15);

  /// Start-up: takes the memory of all that is kept by step now.
  void prefault();

  /// `qty` rests at `price` from now on; 0: nothing, whether or not something did.
  /// `before`, where given, is what rested there. kNoPrice for a price of 0 or less,
  /// kZeroQuantity for a negative quantity, kLevelsFull where there is no room.
  BookStatus set(InstrumentId instrument, Side side, Price price, Qty qty,
                 Qty* before = nullptr);
  /// `set` for many levels of a side, each with a `price` and a `qty`. Calls
  /// `tell(price, qty, touched)` for each that is another now; `touched` where it is at
  /// or above the best. The touch is brought up to date at the end. The first status
  /// that is not kOk; what comes behind it is set all the same.
  template <class Levels, class Tell>
  BookStatus set_all(InstrumentId instrument, Side side, const Levels& levels,
                     Tell&& tell);
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
    const Book& book = books_[index(instrument)];
    return book.sides[index(side)].size +
           (book.bands == nullptr ? 0 : book.bands->sides[index(side)].count());
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
  /// What an instrument with a known price step has beside its ladders, which hold the
  /// prices below the bands' windows. A band is empty only where the side is.
  struct Bands {
    Bands(Price of_step, std::uint32_t width)
        : step(static_cast<std::uint64_t>(of_step.value)),
          reciprocal(UINT64_MAX / step + 1),
          sides{TickBand(width), TickBand(width)} {}

    /// Price in steps; false where it is no multiple.
    bool steps(Price price, std::int64_t& steps) const {
      __extension__ using Wide = unsigned __int128;
      const auto value = static_cast<std::uint64_t>(price.value);
      // Never too low, and too high by one at most: value is below 2^63.
      auto count = static_cast<std::uint64_t>(Wide{value} * reciprocal >> 64);
      steps = static_cast<std::int64_t>(count);
      return count * step == value;
    }

    std::uint64_t step;
    std::uint64_t reciprocal;  ///< of the step, at 2^64, rounded up
    TickBand sides[2];
  };
  struct Book {
    Ladder sides[2];
    Touch touch;
    bool flagged = false;
    Bands* bands = nullptr;
  };

  BookStatus set_in(Ladder& ladder, std::int64_t key, Qty qty, Qty& before);
  [[gnu::always_inline]] inline BookStatus set_by_step(Book& book, Side side,
                                                       Price price, Qty qty,
                                                       Qty& before);
  bool rise(Ladder& ladder, const Bands& bands, TickBand& band, std::int64_t key);
  static void sink(Ladder& ladder, const Bands& bands, TickBand& band);
  static void clear_by_step(Book& book, Side side, Price price);
  static std::uint32_t place_of(const Ladder& ladder, std::int64_t key);
  bool grow(Ladder& ladder);
  static void refresh_touch(Book& book, Side side);
  /// Calls `take(price, qty)` for each level of a side, best first, until it says
  /// false.
  template <class Take>
  static void walk(const Book& book, Side side, Take&& take);

  std::unique_ptr<Book[]> books_;
  std::size_t memory_size_;
  std::unique_ptr<Level[]> memory_;
  std::size_t memory_used_ = 0;
  Level* free_[kBlockSizes] = {};  ///< outgrown blocks, by size
  std::vector<std::unique_ptr<Bands>> bands_;
};

template <class Levels, class Tell>
BookStatus LevelBooks::set_all(InstrumentId instrument, Side side, const Levels& levels,
                               Tell&& tell) {
  Book& book = books_[index(instrument)];
  BookStatus status = BookStatus::kOk;
  bool moved = false;  // the touch is not up to date
  for (const auto& level : levels) {
    std::int64_t steps = 0;
    if (book.bands != nullptr && level.price.value > 0 && level.qty >= 0 &&
        book.bands->steps(level.price, steps)) [[likely]] {
      TickBand& band = book.bands->sides[index(side)];
      const std::int64_t key = side == Side::kBuy ? steps : -steps;
      const bool top = key >= band.best();
      // Where the best goes the window may have to slide.
      if (band.holds(key) && !(top && level.qty == 0)) [[likely]] {
        moved |= top;
        if (band.set(key, level.qty) != level.qty) tell(level.price, level.qty, top);
        continue;
      }
    }
    if (moved) refresh_touch(book, side);
    moved = false;
    const Price best = book.touch.price(side);
    Qty before = 0;
    const BookStatus of_level = set(instrument, side, level.price, level.qty, &before);
    if (of_level != BookStatus::kOk) {
      if (status == BookStatus::kOk) status = of_level;
    } else if (before != level.qty) {
      tell(level.price, level.qty,
           best == kNoPrice || !better(side, best, level.price));
    }
  }
  if (moved) refresh_touch(book, side);
  return status;
}

}  // namespace pyscalp::book
