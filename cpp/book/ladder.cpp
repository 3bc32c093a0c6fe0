#include "book/ladder.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace pyscalp::book {
namespace {

constexpr std::uint32_t kLadders = 2u << 16;

/// A first block for every ladder there can be, and for each level what blocks that
/// double take for it: its own place, three empty ones, and those of the blocks
/// outgrown.
std::size_t memory_for(std::uint32_t levels) {
  return std::size_t{kLadders} * (8 + 2 * 8) + std::size_t{levels} * 16 + 1024;
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

bool LadderPool::enlarge(std::uint32_t& block, std::uint32_t& capacity,
                         std::uint32_t used) {
  const std::uint32_t wider = capacity == 0 ? kFirstCapacity : 2 * capacity;
  const int grade = std::countr_zero(wider / kFirstCapacity);
  if (grade >= kGrades) return false;
  std::uint32_t grown = free_[grade];
  if (grown != 0) {
    free_[grade] = memory_[grown].level;
  } else {
    if (used_ + std::size_t{block_size(wider)} > memory_.size()) return false;
    grown = used_;
    used_ += block_size(wider);
  }
  std::fill_n(&memory_[grown], kMargin, kBelowAll);
  if (capacity != 0) {
    std::copy_n(&memory_[block + kMargin], used, &memory_[grown + kMargin]);
    memory_[block].level = free_[grade - 1];
    free_[grade - 1] = block;
  }
  block = grown;
  capacity = wider;
  return true;
}

bool LadderPool::grow(Ladder& ladder) {
  return enlarge(ladder.block, ladder.capacity, ladder.size);
}

bool LadderPool::make_room(Ladder& ladder, LevelTable& levels, std::uint32_t to_come) {
  if (ladder.deep_count < ladder.deep_size / 2) {
    Rung* const rungs = deep(ladder);
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < ladder.deep_size; ++i) {
      if (rungs[i].level == LevelTable::kNone) continue;
      levels[rungs[i].level].place = kept;
      rungs[kept++] = rungs[i];
    }
    ladder.deep_size = kept;
  }
  while (ladder.deep_size + to_come > ladder.deep_capacity) {
    if (!enlarge(ladder.deep_block, ladder.deep_capacity, ladder.deep_size)) {
      return false;
    }
  }
  return true;
}

bool LadderPool::spill(Ladder& ladder, LevelTable& levels, std::uint32_t keep) {
  const std::uint32_t spilt = ladder.size - keep;
  if (ladder.deep_size + spilt > ladder.deep_capacity &&
      !make_room(ladder, levels, spilt)) {
    return false;
  }
  Rung* const sorted = rungs(ladder);
  for (std::uint32_t i = 0; i < spilt; ++i) {
    push_deep(ladder, levels[sorted[i].level], sorted[i].level);
  }
  std::copy_n(sorted + spilt, keep, sorted);
  ladder.size = keep;
  return true;
}

void LadderPool::sort_in(Ladder& ladder, LevelTable& levels) {
  const std::uint32_t room = std::min(most_sorted() / 2, ladder.capacity) - ladder.size;
  const std::uint32_t count = std::min(room, ladder.deep_count);
  // All that is deep is worse than what is sorted, and comes in front of it.
  Rung* const sorted = rungs(ladder);
  std::copy_backward(sorted, sorted + ladder.size, sorted + ladder.size + count);
  std::uint32_t filled = 0;
  const auto worse = [](LadderKey key, const Rung& rung) { return key < rung.key; };
  for (std::uint32_t i = 0; i < ladder.deep_size; ++i) {
    const Rung candidate = deep(ladder)[i];
    if (candidate.level == LevelTable::kNone) continue;
    if (filled == count && candidate.key < sorted[0].key) continue;
    Rung* at = std::upper_bound(sorted, sorted + filled, candidate.key, worse);
    if (filled == count) {
      std::copy(sorted + 1, at, sorted);
      *(at - 1) = candidate;
    } else {
      std::copy_backward(at, sorted + filled, sorted + filled + 1);
      *at = candidate;
      ++filled;
    }
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    Level& level = levels[sorted[i].level];
    deep(ladder)[level.place].level = LevelTable::kNone;
    level.place = kSorted;
  }
  ladder.size += count;
  ladder.best = rung(ladder, 0).key;
  ladder.deep_count -= count;
  if (ladder.deep_count == 0) ladder.deep_size = 0;
}

LadderKey LadderPool::deep_bound(const Ladder& ladder, std::uint32_t most) const {
  std::int64_t low = std::numeric_limits<LadderKey>::min();
  std::int64_t high = std::numeric_limits<LadderKey>::max();
  if (most >= ladder.deep_count) return static_cast<LadderKey>(low);
  while (low < high) {  // the largest bound that so many keys reach
    const std::int64_t middle = low + (high - low + 1) / 2;
    std::uint32_t reach = 0;
    for (std::uint32_t i = 0; i < ladder.deep_size; ++i) {
      const Rung& at = deep(ladder)[i];
      reach += at.level != LevelTable::kNone && at.key >= middle;
    }
    if (reach >= most) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return static_cast<LadderKey>(low);
}

std::uint32_t LadderPool::level_at(const Ladder& ladder, std::uint32_t rank) const {
  if (rank >= ladder.count()) return LevelTable::kNone;
  want(rank + 1);
  if (rank < ladder.size) return rung(ladder, rank).level;
  const LadderKey bound = deep_bound(ladder, rank - ladder.size + 1);
  std::uint32_t worst = LevelTable::kNone;
  LadderKey key = 0;
  for (std::uint32_t i = 0; i < ladder.deep_size; ++i) {
    const Rung& at = deep(ladder)[i];
    if (at.level == LevelTable::kNone || at.key < bound) continue;
    if (worst == LevelTable::kNone || at.key < key) {
      worst = at.level;
      key = at.key;
    }
  }
  return worst;
}

}  // namespace pyscalp::book
