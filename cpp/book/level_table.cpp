#include "book/level_table.hpp"

#include <algorithm>
#include <bit>

namespace pyscalp::book {
namespace {

/// Usual prices that share a page: a quarter of its slots.
constexpr std::uint32_t kTicksAPage = 32;

/// A power of two, at least one in nine free.
std::size_t slots_for(std::uint32_t levels) {
  return std::bit_ceil(std::max<std::size_t>(2, levels + std::size_t{levels} / 8));
}

}  // namespace

LevelTable::LevelTable(std::uint32_t levels, std::uint32_t tick, PageUse use)
    : slots_(slots_for(levels), use),
      limit_(levels),
      mask_(static_cast<std::uint32_t>(slots_.size()) - 1),
      shift_(63 - std::bit_width(mask_ / kPageSlots)),
      page_of_key_(
          std::min(30, static_cast<int>(std::bit_width(tick * kTicksAPage - 1)))) {}

void LevelTable::clear() {
  slots_.clear();
  count_ = reach_ = 0;
}

std::uint32_t LevelTable::find_displaced(std::uint32_t side_of_book,
                                         LadderKey key) const {
  const std::uint32_t from = second_bucket(side_of_book, key);
  for (std::uint32_t i = 0; i <= reach_; ++i) {
    const std::uint32_t at = (from + i) & mask_;
    if (is(slots_[at], side_of_book, key)) return at;
  }
  return kNone;
}

std::uint32_t LevelTable::displace(std::uint32_t home, std::uint32_t side_of_book,
                                   LadderKey key) {
  const std::uint32_t from = second_bucket(side_of_book, key);
  std::uint32_t i = 0;
  while (slots_[(from + i) & mask_].orders != 0) ++i;  // one is free: there was room
  const std::uint32_t at = (from + i) & mask_;
  reach_ = std::max(reach_, i);
  Level& first = slots_[home];
  if (first.displaced != kManyDisplaced) {
    first.displaced = (first.displaced + 1u) & kManyDisplaced;
  }
  return at;
}

void LevelTable::give_displaced(std::uint32_t home) {
  // A count that has reached its end is no longer one, and stays.
  Level& first = slots_[home];
  if (first.displaced != kManyDisplaced) {
    first.displaced = (first.displaced - 1u) & kManyDisplaced;
  }
}

}  // namespace pyscalp::book
