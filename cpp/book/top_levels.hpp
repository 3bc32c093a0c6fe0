// Features of one instrument's book, kept up to date change by change.
//
// Holds the best levels of each side beside the book: a change of a level adjusts sums
// and moves a few entries, the book is not walked. What is held is a stock of more
// levels than are asked for; when removals have used it up (`short_of`), `refill` reads
// the best levels from the book again, which is rare. Every figure is that of a
// computation from scratch over the book, to the last bit.
//
// Single-threaded; memory is taken at construction.
#pragma once

#include <memory>

#include "base/types.hpp"
#include "book/level_change.hpp"
#include "book/order_books.hpp"
#include "book/touch.hpp"

namespace pyscalp::book {

struct TopLevelsConfig {
  int levels = 5;          ///< N, 1 to TopLevels::kMaxLevels
  int ticks = 5;           ///< k, 0 to TopLevels::kMaxTicks: how far from the touch
  Price tick{10'000'000};  ///< the price step; 0.01 unless told otherwise
};

class TopLevels {
 public:
  static constexpr int kMaxLevels = 64;
  static constexpr int kMaxTicks = 4096;

  /// Bits of what a change has changed.
  enum Changed : std::uint8_t {
    kNothing = 0,
    kTouch = 1,  ///< the best level of a side
    kTop = 2,    ///< one of the first N levels
    kNear = 4,   ///< the depth within k ticks of the touch
  };

  explicit TopLevels(const TopLevelsConfig& config = {});

  /// Takes in one change of a level; the bits of Changed. The instrument is the
  /// caller's to keep apart. O(rank of the level).
  std::uint8_t apply(const LevelChange& change);

  /// The book may hold levels that are wanted here: `refill` before reading on.
  bool short_of(Side side) const;
  /// Takes the levels of one side anew, best first; `all` where the book has no more.
  /// At most `stock()` of them are held.
  void load(Side side, const LevelView* levels, int count, bool all);
  /// Loads the sides that are short from `books`, and both where `whole`.
  template <class Books>
  void refill(const Books& books, InstrumentId instrument, bool whole = false) {
    for (const Side side : {Side::kBuy, Side::kSell}) {
      if (!whole && !short_of(side)) continue;
      const int count = books.levels(instrument, side, scratch_.get(), stock_);
      load(side, scratch_.get(), count, count < stock_);
    }
  }
  /// Both sides are empty, and all of them is known.
  void clear();

  const TopLevelsConfig& config() const { return config_; }
  /// How many levels of a side are held at most.
  int stock() const { return stock_; }
  /// How many of the first N levels there are.
  int count(Side side) const;
  /// The level of a rank below `count`, 0 being the best.
  LevelView level(Side side, int rank) const;
  Touch touch() const;

  /// Sums over the first N levels.
  Qty qty(Side side) const { return halves_[index(side)].top_qty; }
  std::int64_t orders(Side side) const { return halves_[index(side)].top_orders; }
  /// Quantity at prices at most k ticks from the side's best, that one included.
  Qty near_qty(Side side) const { return halves_[index(side)].near_qty; }
  /// False where more levels than the stock lie within k ticks: `near_qty` is then a
  /// lower bound. Cannot be where prices are multiples of the tick.
  bool near_is_whole(Side side) const;
  /// (bid - ask) / (bid + ask) of the sums over N levels; 0 where both are empty.
  double imbalance() const;
  /// The same with each level's quantity divided by 1 + its distance from its side's
  /// best in ticks.
  double weighted_imbalance() const;

 private:
  struct Held {
    std::int64_t key;  ///< price, negated on the ask side: the best is the largest
    Qty qty;
    std::int64_t orders;
  };
  struct Half {
    std::unique_ptr<Held[]> held;  ///< best last
    int size = 0;
    int near = 0;     ///< levels within k ticks, from the best on
    bool all = true;  ///< the book has no level that is not held
    Qty top_qty = 0;
    std::int64_t top_orders = 0;
    Qty near_qty = 0;

    const Held& at(int rank) const { return held[size - 1 - rank]; }
    Held& at(int rank) { return held[size - 1 - rank]; }
  };

  bool is_near(const Half& half, std::int64_t key) const {
    return half.at(0).key - key <= reach_;
  }
  void insert(Half& half, int rank, const Held& level);
  void erase(Half& half, int rank);
  /// Counts anew how many levels are within reach of the best.
  void follow_touch(Half& half);
  double weighted_qty(Side side) const;

  TopLevelsConfig config_;
  int stock_;
  std::int64_t reach_;  ///< k ticks in units of price
  Half halves_[2];
  std::unique_ptr<LevelView[]> scratch_;
};

}  // namespace pyscalp::book
