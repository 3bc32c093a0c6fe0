#include "signal/market_levels.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.hpp"

namespace pyscalp::signal {
namespace {

constexpr InstrumentId kId{5};
constexpr Price kStep{100'000};

std::vector<book::LevelView> in_book(const book::OrderBooks& books, Side side,
                                     int count) {
  std::vector<book::LevelView> found(static_cast<std::size_t>(count));
  found.resize(static_cast<std::size_t>(books.levels(kId, side, found.data(), count)));
  return found;
}

void expect_equal(const MarketLevels& levels, const book::OrderBooks& books, Side side,
                  int count) {
  const auto expected = in_book(books, side, count);
  const auto shown = levels.side(side);
  ASSERT_EQ(shown.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(shown[i].price, expected[i].price);
    EXPECT_EQ(shown[i].qty, expected[i].qty);
    EXPECT_EQ(shown[i].orders, expected[i].orders);
  }
}

class MarketLevelsTest : public testing::TestWithParam<int> {};

TEST_P(MarketLevelsTest, AreThoseOfTheBookAfterEveryChange) {
  const int count = GetParam();
  book::OrderBooks books{book::BookCapacity{1 << 12, 1 << 10}};
  MarketLevels levels(count);
  Random random(7);
  std::vector<std::uint64_t> alive;
  std::uint64_t next = 1;
  for (int i = 0; i < 20'000; ++i) {
    book::BookChange change;
    if (alive.size() < 60 || (alive.size() < 200 && random.below(2) == 0)) {
      const Side side = random.below(2) == 0 ? Side::kBuy : Side::kSell;
      const auto away = static_cast<std::int64_t>(random.below(40));
      const std::int64_t price = side == Side::kBuy ? 10'000 - away : 10'001 + away;
      alive.push_back(next);
      change = books.add(kId, next++, side, 100, {price * kStep.value});
    } else {
      const std::size_t at = random.below(alive.size());
      if (random.below(3) == 0) {
        change = books.reduce(alive[at], 1);
      } else {
        change = books.remove(alive[at]);
        alive[at] = alive.back();
        alive.pop_back();
      }
    }
    levels.on_level(change);
    if (random.below(4) != 0) continue;  // several changes between two looks
    levels.read(books, kId);
    expect_equal(levels, books, Side::kBuy, count);
    expect_equal(levels, books, Side::kSell, count);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, MarketLevelsTest, testing::Values(1, 5, 32));

TEST(MarketLevels, ForgetWhenToldSo) {
  book::OrderBooks books{book::BookCapacity{64, 64}};
  MarketLevels levels(2);
  levels.on_level(books.add(kId, 1, Side::kBuy, 10, {100 * kStep.value}));
  levels.read(books, kId);
  EXPECT_EQ(levels.side(Side::kBuy).size(), 1u);
  books.clear(kId);
  levels.invalidate();
  EXPECT_TRUE(levels.side(Side::kBuy).empty());  // what was is not shown meanwhile
  levels.read(books, kId);
  EXPECT_TRUE(levels.side(Side::kBuy).empty());
}

}  // namespace
}  // namespace pyscalp::signal
