// The prices of one side of a book: the best of them sorted, the others at hand.
//
// Nearly all that happens, happens near the touch. So a ladder keeps only some prices
// sorted, the best of them last, where eight are compared at once; what lies deeper
// stands in no order, comes and goes in one step, and is sorted in when the better
// prices run out. Room in front of the sorted prices (smaller than every key) and
// behind them lets eight be read and four be moved without asking whether they are all
// there.
#pragma once

#include <cstdint>
#include <cstring>

#include "book/level_table.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace pyscalp::book {

/// One price of a ladder.
struct Rung {
  LadderKey key;
  std::uint32_t level;  ///< number of the level
};

/// Where one ladder lies in the pool, and its largest key. Zero when empty.
struct Ladder {
  std::uint32_t block = 0;
  std::uint32_t size = 0;  ///< sorted prices; 0 only where there are none at all
  std::uint32_t capacity = 0;
  LadderKey best = 0;  ///< means something only where size is not 0
  std::uint32_t deep_block = 0;
  std::uint32_t deep_size = 0;  ///< deeper prices, with those that are gone
  std::uint32_t deep_capacity = 0;
  std::uint32_t deep_count = 0;  ///< without them

  std::uint32_t count() const { return size + deep_count; }
};

/// The memory of all ladders. Single-threaded; taken at construction.
class LadderPool {
 public:
  /// Level::place of the sorted ones; others have their place among the deeper ones.
  static constexpr std::uint32_t kSorted = 0xFFFFFFFF;

  LadderPool(std::uint32_t levels, PageUse use);
  /// Start-up: takes all memory now.
  void prefault() { memory_.prefault(); }

  /// The sorted rung with `above` larger keys.
  Rung& rung(const Ladder& ladder, std::uint32_t above) {
    return rungs(ladder)[std::ptrdiff_t{ladder.size} - above - 1];
  }
  const Rung& rung(const Ladder& ladder, std::uint32_t above) const {
    return rungs(ladder)[std::ptrdiff_t{ladder.size} - above - 1];
  }

  /// Puts in a level whose key is not there; false where the pool is used up.
  bool insert(Ladder& ladder, LevelTable& levels, std::uint32_t number) {
    if (ladder.size >= most_sorted() && !spill(ladder, levels, most_sorted() / 2))
        [[unlikely]] {
      return false;
    }
    Level& level = levels[number];
    const LadderKey key = level.key;
    if (ladder.deep_count != 0 && key < rungs(ladder)[0].key) {
      if (ladder.deep_size == ladder.deep_capacity && !make_room(ladder, levels, 1))
          [[unlikely]] {
        return false;
      }
      push_deep(ladder, level, number);
      return true;
    }
    const std::uint32_t larger = above(ladder, key);
    if (ladder.size == ladder.capacity && !grow(ladder)) [[unlikely]]
      return false;
    Rung* at = rungs(ladder) + ladder.size - larger;
    move(at + 1, at, larger);
    *at = {key, number};
    ++ladder.size;
    ladder.best = rung(ladder, 0).key;
    level.place = kSorted;
    return true;
  }
  /// Takes out a level that is there.
  void erase(Ladder& ladder, LevelTable& levels, std::uint32_t number) {
    const Level& level = levels[number];
    if (level.place != kSorted) {
      deep(ladder)[level.place].level = LevelTable::kNone;
      if (--ladder.deep_count == 0) ladder.deep_size = 0;
      return;
    }
    const std::uint32_t larger =
        ladder.best == level.key ? 0 : above(ladder, level.key);
    Rung* at = &rung(ladder, larger);
    move(at, at + 1, larger);
    --ladder.size;
    ladder.best = rung(ladder, 0).key;
    if (ladder.size < wanted_ && ladder.deep_count != 0) [[unlikely]]
      sort_in(ladder, levels);
  }

  /// The level with `rank` better ones; kNone where there is none.
  std::uint32_t level_at(const Ladder& ladder, std::uint32_t rank) const;
  /// Calls `visit(level number)` for the best `most` levels, the sorted ones first and
  /// in order, the deeper ones in none.
  template <class Visit>
  void visit_best(const Ladder& ladder, std::uint32_t most, Visit&& visit) const {
    want(most);
    const std::uint32_t sorted = most < ladder.size ? most : ladder.size;
    for (std::uint32_t rank = 0; rank < sorted; ++rank) visit(rung(ladder, rank).level);
    if (most <= ladder.size || ladder.deep_count == 0) return;
    const LadderKey bound = deep_bound(ladder, most - ladder.size);
    for (std::uint32_t i = 0; i < ladder.deep_size; ++i) {
      const Rung& at = deep(ladder)[i];
      if (at.level != LevelTable::kNone && at.key >= bound) visit(at.level);
    }
  }

  /// Brings the best end of a ladder into the cache.
  [[gnu::always_inline]] void prefetch(const Ladder& ladder) const {
    const Rung* end = rungs(ladder) + ladder.size;
    __builtin_prefetch(end - 1, 1);
    __builtin_prefetch(end - 8, 1);
  }
  /// Brings a place among the deeper prices into the cache. Any number will do.
  [[gnu::always_inline]] void prefetch_deep(const Ladder& ladder,
                                            std::uint32_t place) const {
    __builtin_prefetch(deep(ladder) + place, 1);
  }

  void clear();

 private:
  static constexpr std::uint32_t kMargin = 8;
  static constexpr std::uint32_t kFirstCapacity = 8;
  static constexpr std::uint32_t kLeastSpilt = 32;
  /// Who asks for more levels than this has them sorted for the occasion.
  static constexpr std::uint32_t kMostWanted = 64;
  static constexpr int kGrades = 22;

  Rung* rungs(const Ladder& ladder) { return &memory_[ladder.block + kMargin]; }
  const Rung* rungs(const Ladder& ladder) const {
    return &memory_[ladder.block + kMargin];
  }
  Rung* deep(const Ladder& ladder) { return &memory_[ladder.deep_block + kMargin]; }
  const Rung* deep(const Ladder& ladder) const {
    return &memory_[ladder.deep_block + kMargin];
  }
  /// How many sorted prices a ladder keeps before it gives half of them to the deep.
  std::uint32_t most_sorted() const {
    return wanted_ * 2 > kLeastSpilt ? wanted_ * 2 : kLeastSpilt;
  }

  /// How many sorted keys are larger than `key`.
  std::uint32_t above(const Ladder& ladder, LadderKey key) const {
    const Rung* end = rungs(ladder) + ladder.size;
    std::uint32_t larger = larger_of_eight(end - 8, key);
    for (std::uint32_t count = 8; larger == count && count < ladder.size; count += 8) {
      larger += larger_of_eight(end - 8 - count, key);
    }
    return larger;
  }
  static std::uint32_t larger_of_eight(const Rung* eight, LadderKey key) {
#if defined(__SSE2__)
    const __m128i wanted = _mm_set1_epi32(key);
    const auto* at = reinterpret_cast<const float*>(eight);
    const auto keys_of_four = [at](int i) {
      return _mm_castps_si128(
          _mm_shuffle_ps(_mm_loadu_ps(at + i), _mm_loadu_ps(at + i + 4), 0x88));
    };
    const __m128i larger = _mm_packs_epi32(_mm_cmpgt_epi32(keys_of_four(0), wanted),
                                           _mm_cmpgt_epi32(keys_of_four(8), wanted));
    // Two bits a key, and the larger ones stand behind the others.
    const int mask = _mm_movemask_epi8(larger) | 0x10000;
    return 8u - static_cast<std::uint32_t>(__builtin_ctz(mask)) / 2;
#else
    std::uint32_t count = 0;
    for (int i = 0; i < 8; ++i) count += eight[i].key > key;
    return count;
#endif
  }
  static void move(Rung* to, const Rung* from, std::uint32_t count) {
    if (count > 4) [[unlikely]] {
      std::memmove(to, from, count * sizeof(Rung));
    } else {  // always four, which needs no loop; the margin takes what is too much
      Rung four[4];
      std::memcpy(four, from, sizeof four);
      std::memcpy(to, four, sizeof four);
    }
  }

  void push_deep(Ladder& ladder, Level& level, std::uint32_t number) {
    level.place = ladder.deep_size;
    deep(ladder)[ladder.deep_size++] = {level.key, number};
    ++ladder.deep_count;
  }
  void want(std::uint32_t levels) const {
    if (levels > kMostWanted) levels = kMostWanted;
    if (levels > wanted_) wanted_ = levels;
  }
  bool spill(Ladder& ladder, LevelTable& levels, std::uint32_t keep);
  bool make_room(Ladder& ladder, LevelTable& levels, std::uint32_t to_come);
  void sort_in(Ladder& ladder, LevelTable& levels);
  bool grow(Ladder& ladder);
  LadderKey deep_bound(const Ladder& ladder, std::uint32_t most) const;
  bool enlarge(std::uint32_t& block, std::uint32_t& capacity, std::uint32_t used);

  static std::uint32_t block_size(std::uint32_t capacity) {
    return capacity + 2 * kMargin;
  }

  ZeroedArray<Rung> memory_;
  std::uint32_t used_ = 0;
  std::uint32_t free_[kGrades] = {};  ///< outgrown blocks by size; 0: none
  /// Levels that somebody has asked for; as many are kept sorted from then on.
  mutable std::uint32_t wanted_ = 1;
};

}  // namespace pyscalp::book
