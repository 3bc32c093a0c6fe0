#include "book/ladder.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace pyscalp::book {
namespace {

constexpr std::uint32_t kLadders = 2u << 16;

/// A first block for every ladder there can be, and for each level what a ladder that
/// doubles takes for it: its own place, an empty one, and those of the blocks outgrown.
std::size_t memory_for(std::uint32_t levels) {
  return std::size_t{kLadders} * (8 + 2 * 8) + std::size_t{levels} * 12 + 64;
}

constexpr Rung kBelowAll{std::numeric_limits<LadderKey>::min(), 0};

}  // namespace

LadderPool::LadderPool(std::uint32_t levels, PageUse use)
    : memory_(memory_for(levels), use) {
  clear();
}

void LadderPool::clear() {
  memory_.clear();
  std::fill_n(free_, kGrades, 0u);
  // Block 0 is every empty ladder's: no key of it is larger than any. It is never given
  // away, so that 0 can mean none.
  std::fill_n(memory_.data(), kMargin, kBelowAll);
  used_ = 2 * kMargin;
}

bool LadderPool::grow(Ladder& ladder) {
  const std::uint32_t capacity =
      ladder.capacity == 0 ? kFirstCapacity : 2 * ladder.capacity;
  const int grade = std::countr_zero(capacity / kFirstCapacity);
  if (grade >= kGrades) return false;
  Ladder grown{free_[grade], ladder.size, capacity, ladder.best};
  if (grown.block != 0) {
    free_[grade] = memory_[grown.block].level;
  } else {
    if (used_ + std::size_t{block_size(capacity)} > memory_.size()) return false;
    grown.block = used_;
    used_ += block_size(capacity);
  }
  std::fill_n(rungs(grown) - kMargin, kMargin, kBelowAll);
  if (ladder.capacity != 0) {
    std::copy_n(rungs(ladder), ladder.size, rungs(grown));
    memory_[ladder.block].level = free_[grade - 1];
    free_[grade - 1] = ladder.block;
  }
  ladder = grown;
  return true;
}

std::uint32_t LadderPool::above_deep(const Ladder& ladder, LadderKey key) const {
  const Rung* end = rungs(ladder) + ladder.size;
  std::uint32_t count = 8;
  while (count < kSearchedInOrder) {
    const std::uint32_t larger = larger_of_eight(end - 8 - count, key);
    count += larger;
    if (larger < 8) return count;
  }
  // All of the first 32 are larger; the others are halved.
  const Rung* first = rungs(ladder);
  const Rung* found = std::upper_bound(
      first, end - count, key,
      [](LadderKey wanted, const Rung& rung) { return wanted < rung.key; });
  return static_cast<std::uint32_t>(end - found);
}

}  // namespace pyscalp::book
