// The prices of one side of a book, sorted so that the best stands last, where books
// change most, and with each the number of its level.
//
// A price is held as a signed key that is larger the better the price, so that both
// sides share the code. The eight best are compared at once; room in front of the
// ladder (smaller than every key) and behind it lets them be read and moved without
// asking whether they are all there.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/types.hpp"
#include "base/zeroed_array.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace pyscalp::book {

using LadderKey = std::int32_t;

/// A price, counted in the book's price step, as a key. Any 32-bit count has its own.
constexpr LadderKey ladder_key(Side side, std::uint32_t steps) {
  // Without a branch: which side comes next is anyone's guess.
  const std::uint32_t mirror = 0u - static_cast<std::uint32_t>(index(side));
  return static_cast<LadderKey>(steps ^ 0x80000000u ^ mirror);
}
constexpr std::uint32_t steps_of(Side side, LadderKey key) {
  const std::uint32_t mirror = 0u - static_cast<std::uint32_t>(index(side));
  return static_cast<std::uint32_t>(key) ^ mirror ^ 0x80000000u;
}

/// One price of a ladder.
struct Rung {
  LadderKey key;
  std::uint32_t level;  ///< number of the level
};

/// Where one ladder lies in the pool, and its largest key. Zero when empty.
struct Ladder {
  std::uint32_t block = 0;
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;
  LadderKey best = 0;  ///< means something only where size is not 0
};

/// The memory of all ladders. Single-threaded; taken at construction.
class LadderPool {
 public:
  LadderPool(std::uint32_t levels, PageUse use);
  /// Start-up: takes all memory now.
  void prefault() { memory_.prefault(); }

  /// The rungs of a ladder by ascending key; the best is the last.
  Rung* rungs(const Ladder& ladder) { return &memory_[ladder.block + kMargin]; }
  const Rung* rungs(const Ladder& ladder) const {
    return &memory_[ladder.block + kMargin];
  }
  /// The rung with `above` larger keys.
  Rung& rung(const Ladder& ladder, std::uint32_t above) {
    return rungs(ladder)[std::ptrdiff_t{ladder.size} - above - 1];
  }
  const Rung& rung(const Ladder& ladder, std::uint32_t above) const {
    return rungs(ladder)[std::ptrdiff_t{ladder.size} - above - 1];
  }

  /// How many keys of the ladder are larger than `key`.
  std::uint32_t above(const Ladder& ladder, LadderKey key) const {
    const Rung* end = rungs(ladder) + ladder.size;
    const std::uint32_t larger = larger_of_eight(end - 8, key);
    if (larger < 8) [[likely]]
      return larger;
    return above_deep(ladder, key);
  }

  /// Puts a level in, with `above` keys larger than its own; false where the pool is
  /// used up.
  bool insert(Ladder& ladder, std::uint32_t above, LadderKey key, std::uint32_t level) {
    if (ladder.size == ladder.capacity && !grow(ladder)) [[unlikely]]
      return false;
    Rung* at = rungs(ladder) + ladder.size - above;
    move(at + 1, at, above);
    *at = {key, level};
    ++ladder.size;
    ladder.best = rung(ladder, 0).key;
    return true;
  }
  /// Takes out the level that has `above` larger keys.
  void erase(Ladder& ladder, std::uint32_t above) {
    Rung* at = &rung(ladder, above);
    move(at, at + 1, above);
    --ladder.size;
    ladder.best = rung(ladder, 0).key;
  }

  /// Brings the sixteen best into the cache.
  [[gnu::always_inline]] void prefetch(const Ladder& ladder) const {
    const Rung* end = rungs(ladder) + ladder.size;
    __builtin_prefetch(end - 1, 1);
    __builtin_prefetch(end - 8, 1);
    __builtin_prefetch(end - 16, 1);
  }

  void clear();

 private:
  static constexpr std::uint32_t kMargin = 8;
  static constexpr std::uint32_t kFirstCapacity = 8;
  static constexpr std::uint32_t kSearchedInOrder = 32;
  static constexpr int kGrades = 22;

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

  std::uint32_t above_deep(const Ladder& ladder, LadderKey key) const;
  bool grow(Ladder& ladder);

  static std::uint32_t block_size(std::uint32_t capacity) {
    return capacity + 2 * kMargin;
  }

  ZeroedArray<Rung> memory_;
  std::uint32_t used_ = 0;
  std::uint32_t free_[kGrades] = {};  ///< outgrown blocks by size; 0: none
};

}  // namespace pyscalp::book
