#include "signal/sliding_sums.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace pyscalp::signal {
namespace {

struct Total {
  std::int64_t value = 0;
  Total& operator+=(const Total& more) {
    value += more.value;
    return *this;
  }
  Total& operator-=(const Total& less) {
    value -= less.value;
    return *this;
  }
};
using Sums = SlidingSums<Total>;

TEST(SlidingSums, KnowsItsWindows) {
  EXPECT_FALSE(Sums::valid(MonoNanos{0}));
  EXPECT_FALSE(Sums::valid(MonoNanos{-1}));
  EXPECT_TRUE(Sums::valid(MonoNanos{1}));
  EXPECT_TRUE(Sums::valid(Sums::kMaxWindow));
  EXPECT_FALSE(Sums::valid(Sums::kMaxWindow + MonoNanos{1}));
  EXPECT_EQ(Sums(MonoNanos{64}).slot(), MonoNanos{1});
  EXPECT_EQ(Sums(MonoNanos{65}).slot(), MonoNanos{2}) << "the next longer one";
  EXPECT_EQ(Sums(seconds(1)).slot(), MonoNanos{15'625'000});
}

TEST(SlidingSums, ASlotLeavesAWindowAfterItOpened) {
  Sums sums(MonoNanos{640});  // slots of 10
  sums.advance(UnixNanos{1005});
  sums.add({7});
  EXPECT_FALSE(sums.advance(UnixNanos{1009}));
  EXPECT_TRUE(sums.advance(UnixNanos{1010}));
  sums.add({5});
  sums.advance(UnixNanos{1639});
  EXPECT_EQ(sums.total().value, 12);
  sums.advance(UnixNanos{1640});
  EXPECT_EQ(sums.total().value, 5);
  sums.advance(UnixNanos{1650});
  EXPECT_EQ(sums.total().value, 0);
}

TEST(SlidingSums, AGapOfAnyLengthEmptiesIt) {
  for (const std::int64_t gap : {std::int64_t{640}, std::int64_t{86'400'000'000'000}}) {
    Sums sums(MonoNanos{640});
    sums.advance(UnixNanos{1000});
    sums.add({7});
    sums.advance(UnixNanos{1000 + gap});
    EXPECT_EQ(sums.total().value, 0);
    sums.add({3});
    EXPECT_EQ(sums.total().value, 3);
    sums.advance(UnixNanos{1000 + gap + 639});
    EXPECT_EQ(sums.total().value, 3);
  }
}

TEST(SlidingSums, AnEarlierTimeCountsInTheOpenSlot) {
  Sums sums(MonoNanos{640});
  sums.advance(UnixNanos{1000});
  EXPECT_FALSE(sums.advance(UnixNanos{300}));
  sums.add({7});
  sums.advance(UnixNanos{1639});
  EXPECT_EQ(sums.total().value, 7);
}

TEST(SlidingSums, ClearForgetsTimeAndEmptyDoesNot) {
  Sums sums(MonoNanos{640});
  sums.advance(UnixNanos{1000});
  sums.add({7});
  sums.empty();
  EXPECT_EQ(sums.total().value, 0);
  EXPECT_FALSE(sums.advance(UnixNanos{50}));
  sums.clear();
  EXPECT_TRUE(sums.advance(UnixNanos{50}));
  sums.add({2});
  sums.advance(UnixNanos{690});
  EXPECT_EQ(sums.total().value, 0) << "the slot opened at 50";
}

TEST(SlidingSums, EqualsAWalkOverEverythingAdded) {
  std::mt19937_64 random(3);
  for (const std::int64_t window : {1, 64, 100, 640, 6'400}) {
    Sums sums{MonoNanos{window}};
    const std::int64_t slot = (window + 63) / 64;
    std::vector<std::pair<std::int64_t, std::int64_t>> added;  // slot, value
    std::int64_t now = 0, latest = 0;
    for (int i = 0; i < 4'000; ++i) {
      now += static_cast<std::int64_t>(random() % (random() % 50 == 0 ? 9'000 : 40));
      const auto late =
          static_cast<std::int64_t>(random() % 20 == 0 ? random() % 500 : 0);
      latest = std::max(latest, now - late);
      sums.advance(UnixNanos{now - late});
      if (random() % 3 != 0) {
        added.emplace_back(latest / slot, static_cast<std::int64_t>(random() % 1'000));
        sums.add({added.back().second});
      }
      std::int64_t expected = 0;
      for (const auto& [at, value] : added)
        if (at > latest / slot - Sums::kSlots) expected += value;
      ASSERT_EQ(sums.total().value, expected) << window << " at " << i;
    }
  }
}

}  // namespace
}  // namespace pyscalp::signal
