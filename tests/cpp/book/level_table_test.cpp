#include "book/level_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>

namespace pyscalp::book {
namespace {

using Name = std::pair<std::uint32_t, LadderKey>;

std::uint32_t put(LevelTable& levels, Name name) {
  const std::uint32_t number = levels.take(name.first, name.second);
  if (number != LevelTable::kNone) levels[number].orders = 1;
  return number;
}

void drop(LevelTable& levels, std::uint32_t number) {
  levels[number].orders = 0;
  levels.give(number);
}

TEST(LevelTable, FindsWhatIsThereAndNothingElse) {
  LevelTable levels(10, 1, PageUse::kSmall);
  EXPECT_EQ(levels.find(0, 0), LevelTable::kNone);  // as a free slot reads
  const std::uint32_t number = put(levels, {131'071, -5});
  EXPECT_EQ(levels.find(131'071, -5), number);
  EXPECT_EQ(levels.find(131'070, -5), LevelTable::kNone);
  EXPECT_EQ(levels.find(131'071, 5), LevelTable::kNone);
  EXPECT_EQ(levels[number].side_of_book, 131'071u);
  EXPECT_EQ(levels[number].key, -5);
  drop(levels, number);
  EXPECT_EQ(levels.find(131'071, -5), LevelTable::kNone);
}

TEST(LevelTable, HoldsAsManyAsAskedForAndNotOneMore) {
  LevelTable levels(3, 1, PageUse::kSmall);
  EXPECT_NE(put(levels, {1, 1}), LevelTable::kNone);
  const std::uint32_t second = put(levels, {1, 2});
  EXPECT_NE(put(levels, {1, 3}), LevelTable::kNone);
  EXPECT_EQ(put(levels, {1, 4}), LevelTable::kNone);
  drop(levels, second);
  EXPECT_NE(put(levels, {1, 4}), LevelTable::kNone);
  EXPECT_EQ(put(levels, {1, 2}), LevelTable::kNone);
}

// A table that is nearly always full, so that many levels stand far from their bucket.
TEST(LevelTable, IsAMapThoughCrowded) {
  for (const std::uint32_t room : {1u, 2u, 7u, 56u, 400u, 455u}) {
    LevelTable levels(room, 100, PageUse::kSmall);
    std::map<Name, std::uint32_t> known;
    std::mt19937 random(room);
    for (int step = 0; step < 30'000; ++step) {
      const Name name{random() % 3, static_cast<LadderKey>(random() % (room + 40))};
      const auto found = known.find(name);
      const std::uint32_t number = levels.find(name.first, name.second);
      ASSERT_EQ(number, found == known.end() ? LevelTable::kNone : found->second);
      if (found != known.end()) {
        if (random() % 3 != 0) continue;
        drop(levels, number);
        known.erase(found);
      } else if (known.size() == room) {
        ASSERT_EQ(put(levels, name), LevelTable::kNone);
      } else {
        const std::uint32_t taken = put(levels, name);
        ASSERT_NE(taken, LevelTable::kNone);
        for (const auto& [other, at] : known) ASSERT_NE(at, taken);
        known[name] = taken;
      }
    }
    for (const auto& [name, number] : known) {
      ASSERT_EQ(levels.find(name.first, name.second), number);
      EXPECT_EQ(levels[number].orders, 1u);
    }
    levels.clear();
    EXPECT_EQ(levels.find(1, 1), LevelTable::kNone);
  }
}

}  // namespace
}  // namespace pyscalp::book
