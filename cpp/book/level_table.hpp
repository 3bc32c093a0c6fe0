// Every price level of every book, found by its side and price in one step.
//
// An open-addressed table: a level stands in its bucket, two to a cache line, or where
// there is room if that is taken. It never moves while orders rest at it, so that they
// can name it by number; and whoever knows a price that is to come knows the line to
// fetch, without asking anything else in memory. Neighbouring prices of a side share a
// page of memory, so that a market costs few of them.
//
// Single-threaded; all memory is taken at construction.
#pragma once

#include <cstdint>

#include "base/types.hpp"
#include "base/zeroed_array.hpp"

namespace pyscalp::book {

/// A price as a signed key that is larger the better the price, so that both sides of a
/// book share the code.
using LadderKey = std::int32_t;

/// The key of a price that is counted in the book's step. Any 32-bit count has its own.
constexpr LadderKey ladder_key(Side side, std::uint32_t steps) {
  // Without a branch: which side comes next is anyone's guess.
  const std::uint32_t mirror = 0u - static_cast<std::uint32_t>(index(side));
  return static_cast<LadderKey>(steps ^ 0x80000000u ^ mirror);
}
constexpr std::uint32_t steps_of(Side side, LadderKey key) {
  const std::uint32_t mirror = 0u - static_cast<std::uint32_t>(index(side));
  return static_cast<std::uint32_t>(key) ^ mirror ^ 0x80000000u;
}

struct alignas(32) Level {
  Qty qty;
  std::uint32_t orders;  ///< 0: the slot is free
  std::uint32_t first;   ///< of the queue
  std::uint32_t last;
  LadderKey key;
  std::uint32_t side_of_book : 17;  ///< 2 · instrument + side
  /// Of the first slot of a bucket: levels that belong there and stand elsewhere.
  std::uint32_t displaced : 15;
  std::uint32_t place;  ///< in its ladder; see LadderPool
};
static_assert(sizeof(Level) == 32);

class LevelTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  /// Room for exactly so many levels; keys next to each other mostly differ by `tick`.
  LevelTable(std::uint32_t levels, std::uint32_t tick, PageUse use);

  Level& operator[](std::uint32_t number) { return slots_[number]; }
  const Level& operator[](std::uint32_t number) const { return slots_[number]; }

  /// The number of the level, or kNone.
  std::uint32_t find(std::uint32_t side_of_book, LadderKey key) const {
    const std::uint32_t at = bucket(side_of_book, key);
    if (is(slots_[at], side_of_book, key)) return at;
    if (is(slots_[at + 1], side_of_book, key)) return at + 1;
    if (slots_[at].displaced == 0) [[likely]]
      return kNone;
    return find_displaced(side_of_book, key);
  }

  /// A level without orders, which must not be there yet; kNone where there is no room.
  /// It is there once it has orders.
  std::uint32_t take(std::uint32_t side_of_book, LadderKey key) {
    std::uint32_t at = bucket(side_of_book, key);
    if (count_ == limit_) [[unlikely]]
      return kNone;
    if (slots_[at].orders != 0 && slots_[++at].orders != 0) [[unlikely]]
      at = displace(at - 1, side_of_book, key);
    ++count_;
    Level& level = slots_[at];
    level.qty = 0;
    level.first = level.last = 0;
    level.key = key;
    level.side_of_book = side_of_book & kSides;
    return at;
  }
  /// Gives back a level whose orders are gone.
  void give(std::uint32_t number) {
    --count_;
    const Level& level = slots_[number];
    const std::uint32_t home = bucket(level.side_of_book, level.key);
    if ((home ^ number) > 1) [[unlikely]]
      give_displaced(home);
  }

  /// Where `find` will look first: for whoever fetches it ahead.
  std::uint32_t bucket(std::uint32_t side_of_book, LadderKey key) const {
    const std::uint64_t page = scatter(side_of_book, key >> page_of_key_) >> 1;
    const std::uint32_t line = (static_cast<std::uint32_t>(key) * 0x9E3779B1u) >> 26;
    return (static_cast<std::uint32_t>(page >> shift_) * kPageSlots + line * 2) & mask_;
  }
  /// The one of a bucket's two slots that has the key, if one has.
  std::uint32_t likely(std::uint32_t bucket, LadderKey key) const {
    return bucket + (slots_[bucket + 1].key == key);
  }

  void clear();

 private:
  static constexpr std::uint32_t kSides = (1u << 17) - 1;
  static constexpr std::uint32_t kPageSlots = 128;  ///< 4 KiB
  static constexpr std::uint32_t kManyDisplaced = (1u << 15) - 1;

  static bool is(const Level& level, std::uint32_t side_of_book, LadderKey key) {
    return ((level.side_of_book ^ side_of_book) |
            static_cast<std::uint32_t>(level.key ^ key)) == 0 &&
           level.orders != 0;
  }
  static std::uint64_t scatter(std::uint32_t side_of_book, LadderKey key) {
    return (std::uint64_t{side_of_book} << 32 | static_cast<std::uint32_t>(key)) *
           0x9E3779B97F4A7C15u;
  }
  /// Where a level stands whose bucket is taken, or in one of the slots behind.
  std::uint32_t second_bucket(std::uint32_t side_of_book, LadderKey key) const {
    return static_cast<std::uint32_t>(scatter(side_of_book, key) >> 32) & mask_;
  }
  std::uint32_t find_displaced(std::uint32_t side_of_book, LadderKey key) const;
  std::uint32_t displace(std::uint32_t home, std::uint32_t side_of_book, LadderKey key);
  void give_displaced(std::uint32_t home);

  ZeroedArray<Level> slots_;
  std::uint32_t count_ = 0;
  std::uint32_t limit_;
  std::uint32_t mask_;
  std::uint32_t reach_ = 0;  ///< slots behind a second bucket that were ever taken
  int shift_;
  int page_of_key_;
};

}  // namespace pyscalp::book
