#include "risk/position_limit.hpp"

#include <limits>

#include "fixture.hpp"

namespace pyscalp::risk {
namespace {

constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();

class PositionTest : public GateTest {};

TEST_F(PositionTest, LongAtItsEdgeWithWorkingOrders) {
  exposure = {200, 50, 0};
  EXPECT_EQ(ask(buy(49)), Denial::kNone);
  EXPECT_EQ(ask(buy(50)), Denial::kNone);
  EXPECT_EQ(ask(buy(51)), Denial::kPosition);
  expect_cancel_passes();
}

TEST_F(PositionTest, ShortAtItsEdgeWithWorkingOrders) {
  exposure = {-200, 0, 50};
  EXPECT_EQ(ask(sell(49)), Denial::kNone);
  EXPECT_EQ(ask(sell(50)), Denial::kNone);
  EXPECT_EQ(ask(sell(51)), Denial::kPosition);
}

TEST_F(PositionTest, WorkingOrdersOfTheOtherSideGiveNoRoom) {
  exposure = {250, 0, 250};
  EXPECT_EQ(ask(buy(50)), Denial::kNone);
  EXPECT_EQ(ask(buy(51)), Denial::kPosition);
}

TEST_F(PositionTest, ReducingPassesWhateverIsHeld) {
  exposure.position = 5'000;
  EXPECT_EQ(ask(sell(100)), Denial::kNone);
  EXPECT_EQ(ask(buy(1)), Denial::kPosition);
  exposure.position = -5'000;
  EXPECT_EQ(ask(buy(100)), Denial::kNone);
  EXPECT_EQ(ask(sell(1)), Denial::kPosition);
}

TEST_F(PositionTest, ThroughZeroCountsOnTheFarSide) {
  exposure = {-50, 300, 0};
  EXPECT_EQ(ask(buy(50)), Denial::kNone);
  EXPECT_EQ(ask(buy(51)), Denial::kPosition);
}

TEST_F(PositionTest, ABrokenCountMakesNoRoom) {
  exposure = {300, kLeast, 0};
  EXPECT_EQ(ask(buy(1)), Denial::kPosition);
}

TEST(PositionFits, NothingWraps) {
  EXPECT_FALSE(position_fits(buy(1), {kMost, kMost, kMost}, kMost));
  EXPECT_FALSE(position_fits(buy(kMost), {kMost, kMost, kMost}, kMost));
  EXPECT_FALSE(position_fits(sell(1), {kLeast, kMost, kMost}, kMost));
  EXPECT_TRUE(position_fits(buy(kMost), {0, 0, 0}, kMost));
  EXPECT_FALSE(position_fits(buy(kMost), {0, 1, 0}, kMost));
}

TEST(Reduces, TowardZeroAndNotThroughIt) {
  EXPECT_TRUE(reduces(sell(9), {10, 0, 0}));
  EXPECT_TRUE(reduces(sell(10), {10, 0, 0}));
  EXPECT_FALSE(reduces(sell(11), {10, 0, 0}));
  EXPECT_TRUE(reduces(buy(10), {-10, 0, 0}));
  EXPECT_FALSE(reduces(buy(11), {-10, 0, 0}));
  EXPECT_FALSE(reduces(buy(1), {10, 0, 0}));
  EXPECT_FALSE(reduces(sell(1), {-10, 0, 0}));
  EXPECT_FALSE(reduces(buy(1), {0, 0, 0}));
  EXPECT_FALSE(reduces(sell(1), {0, 0, 0}));
}

TEST(Reduces, CountsWhatAlreadyWorksOnItsSide) {
  EXPECT_TRUE(reduces(sell(4), {10, 0, 6}));
  EXPECT_FALSE(reduces(sell(5), {10, 0, 6}));
  EXPECT_TRUE(reduces(sell(10), {10, 500, 0})) << "working buys may never fill";
  EXPECT_FALSE(reduces(buy(1), {-10, 10, 0}));
}

TEST(Reduces, NothingWraps) {
  EXPECT_TRUE(reduces(buy(kMost), {kLeast, 0, 0}));
  EXPECT_TRUE(reduces(buy(1), {kLeast, kMost, 0}));
  EXPECT_FALSE(reduces(buy(2), {kLeast, kMost, 0}));
  EXPECT_FALSE(reduces(sell(kLeast), {10, 0, 0}));
  EXPECT_FALSE(reduces(sell(11), {10, 0, kLeast}));
}

}  // namespace
}  // namespace pyscalp::risk
