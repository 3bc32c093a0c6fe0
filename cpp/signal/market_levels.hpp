// The best levels of one instrument as signals are shown them, read from the book again
// only after one of them has changed.
//
// Thread-safety: none. Nothing allocated.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <span>

#include "book/book_change.hpp"
#include "signal/market_view.hpp"

namespace pyscalp::signal {

class MarketLevels {
 public:
  static constexpr bool valid(int shown) {
    return shown >= 1 && shown <= kMaxShownLevels;
  }

  /// `valid(shown)` is the caller's duty.
  explicit MarketLevels(int shown) : shown_(shown) { assert(valid(shown)); }

  /// To be told of every change of the instrument's levels.
  void on_level(const book::BookChange& change) {
    Half& half = halves_[index(change.side)];
    if (half.count < shown_ ||
        !better(change.side, half.levels[half.count - 1].price, change.price)) {
      half.stale = true;
    }
  }
  /// The book was changed without `on_level`: nothing is shown until it is read.
  void invalidate() {
    for (Half& half : halves_) {
      half.stale = true;
      half.count = 0;
    }
  }

  /// Brings both sides up to date.
  template <class Books>
  void read(const Books& books, InstrumentId instrument) {
    for (const Side side : {Side::kBuy, Side::kSell}) {
      Half& half = halves_[index(side)];
      if (!half.stale) continue;
      half.count = books.levels(instrument, side, half.levels.data(), shown_);
      half.stale = false;
    }
  }
  /// As of the last `read`.
  std::span<const book::LevelView> side(Side side) const {
    const Half& half = halves_[index(side)];
    return {half.levels.data(), static_cast<std::size_t>(half.count)};
  }

 private:
  struct Half {
    bool stale = true;
    int count = 0;
    std::array<book::LevelView, kMaxShownLevels> levels{};
  };

  int shown_;
  std::array<Half, 2> halves_;
};

}  // namespace pyscalp::signal
