// One side of a book near its best price: a quantity for every price step of a window,
// and bits that say where there is one.
//
// Finding a price is an index, finding the next one a few bits, whatever the number of
// levels. A price is a key that is larger the better it is: steps, negated on the ask
// side. The window [low, low + width) slides with the market; its keys live in a ring,
// so that sliding moves no quantity. What is below the window is the owner's to keep.
//
// Single-threaded; memory is taken at construction, and used where it is touched.
#pragma once

#include <bit>
#include <cstdint>

#include "base/types.hpp"
#include "base/zeroed_array.hpp"

namespace pyscalp::book {

class TickBand {
 public:
  /// What the ends of the window are multiples of.
  static constexpr std::int64_t kGrain = 4'096;

  /// `width` is a power of two from 4 * kGrain.
  explicit TickBand(std::uint32_t width)
      : width_(width),
        qty_(width),
        words_(width / 64),
        groups_(width / static_cast<std::uint32_t>(kGrain)) {}

  /// Start-up: takes all of its memory now.
  void prefault() {
    qty_.prefault();
    words_.prefault();
    groups_.prefault();
  }

  std::uint32_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  std::int64_t width() const { return width_; }
  std::int64_t low() const { return low_; }
  /// The largest key; below every other where the band is empty.
  std::int64_t best() const { return best_; }
  bool holds(std::int64_t key) const {
    return static_cast<std::uint64_t>(key - low_) < width_;
  }
  /// Inside the window; 0 where nothing is.
  Qty qty(std::int64_t key) const { return qty_[index(key)]; }

  /// The key, inside the window, has `qty` from now on; returns what it had. Without a
  /// branch on either, for whether a level comes, goes or changes is anyone's guess.
  Qty set(std::int64_t key, Qty qty) {
    const std::size_t at = index(key);
    const Qty before = qty_[at];
    qty_[at] = qty;
    std::uint64_t& word = words_[at / 64];
    word = (word & ~bit(at)) | std::uint64_t{qty != 0} << at % 64;
    std::uint64_t& group = groups_[at / 64 / 64];
    group = (group & ~bit(at / 64)) | std::uint64_t{word != 0} << at / 64 % 64;
    count_ +=
        static_cast<std::uint32_t>(qty != 0) - static_cast<std::uint32_t>(before != 0);
    if (key >= best_) [[unlikely]] {
      if (qty != 0) {
        best_ = key;
      } else if (key == best_) {
        best_ = count_ != 0 ? below(key) : kNone;
      }
    }
    return before;
  }

  /// The largest key below `key` that has a quantity. There must be one.
  std::int64_t below(std::int64_t key) const {
    const std::size_t at = index(key);
    std::size_t word = at / 64;
    const std::uint64_t rest = words_[word] & (bit(at) - 1);
    if (rest != 0) return key - static_cast<std::int64_t>(at % 64) + highest(rest);
    std::size_t group = word / 64;
    std::uint64_t words = groups_[group] & (bit(word) - 1);
    for (std::size_t turns = groups_.size(); words == 0 && turns != 0; --turns) {
      group = (group == 0 ? groups_.size() : group) - 1;
      words = groups_[group];
    }
    word = group * 64 + static_cast<std::size_t>(highest(words));
    const std::size_t found =
        word * 64 + static_cast<std::size_t>(highest(words_[word]));
    return key - static_cast<std::int64_t>((at - found) & (width_ - 1));
  }

  /// Puts the window elsewhere; `low` is a multiple of kGrain, and whatever the new
  /// window leaves out has been erased.
  void slide(std::int64_t low) { low_ = low; }
  static constexpr std::int64_t grain_below(std::int64_t key) { return key & -kGrain; }

  void clear() {
    while (count_ != 0) set(best_, 0);
  }

 private:
  static constexpr std::int64_t kNone = INT64_MIN;

  static constexpr std::uint64_t bit(std::size_t at) {
    return std::uint64_t{1} << at % 64;
  }
  static int highest(std::uint64_t word) { return 63 - std::countl_zero(word); }
  std::size_t index(std::int64_t key) const {
    return static_cast<std::size_t>(key) & (width_ - 1);
  }

  std::uint32_t width_;
  std::uint32_t count_ = 0;
  std::int64_t low_ = 0;
  std::int64_t best_ = kNone;
  ZeroedArray<Qty> qty_;
  ZeroedArray<std::uint64_t> words_;
  ZeroedArray<std::uint64_t> groups_;  ///< a bit for each word that is not 0
};

}  // namespace pyscalp::book
