#include "binance/rate_budget.hpp"

#include <gtest/gtest.h>

namespace pyscalp::binance {
namespace {

constexpr RequestCost kOrder{1, 1};
constexpr RequestCost kQuery{4, 0};

struct RateBudgetTest : testing::Test {
  RateBudgetTest() {
    EXPECT_TRUE(budget.set_limit(RateKind::kWeight, seconds(60), 100));
    EXPECT_TRUE(budget.set_limit(RateKind::kOrders, seconds(10), 5));
  }
  std::int64_t allowed(RequestCost cost) { return budget.allowed(cost, now, wall); }

  RateBudget budget;
  MonoNanos now{seconds(5)};
  UnixNanos wall{1'700'000'000'000'000'000};  // the start of a window of 10 s
};

TEST_F(RateBudgetTest, CountsWhatIsUnderWayAndUsed) {
  EXPECT_EQ(allowed(kOrder), 5);
  EXPECT_EQ(allowed(kQuery), 25);
  budget.on_sent(kOrder);
  budget.on_sent(kOrder);
  EXPECT_EQ(allowed(kOrder), 3);
  budget.on_done(kOrder, wall);
  EXPECT_EQ(allowed(kOrder), 3);
  budget.on_withdrawn(kOrder);
  EXPECT_EQ(allowed(kOrder), 4);
  EXPECT_EQ(allowed(kQuery), 24);
}

TEST_F(RateBudgetTest, TheVenuesCountWins) {
  budget.on_sent(kOrder);
  budget.on_done(kOrder, wall);
  budget.on_used({RateKind::kOrders, seconds(10), 4, 0}, wall);
  EXPECT_EQ(allowed(kOrder), 1);
  // Fills give room back.
  budget.on_used({RateKind::kOrders, seconds(10), 0, 0}, wall);
  EXPECT_EQ(allowed(kOrder), 5);
  budget.on_used({RateKind::kOrders, seconds(10), 2, 50}, wall);
  EXPECT_EQ(allowed(kOrder), 48);
  budget.on_used({RateKind::kWeight, seconds(60), 99, 0}, wall);
  EXPECT_EQ(allowed(kOrder), 1);
  EXPECT_EQ(allowed(kQuery), 0);
  budget.on_used({RateKind::kWeight, seconds(60), 300, 0}, wall);
  EXPECT_EQ(allowed(kOrder), 0);
}

TEST_F(RateBudgetTest, WindowsStartAtTheVenuesTime) {
  budget.on_used({RateKind::kOrders, seconds(10), 5, 0}, wall);
  wall.value += 9'999'999'999;
  EXPECT_EQ(allowed(kOrder), 0);
  wall.value += 1;
  EXPECT_EQ(allowed(kOrder), 5);
}

TEST_F(RateBudgetTest, SilenceUntilTheEnd) {
  budget.hold(now + seconds(2));
  budget.hold(now + seconds(1));
  EXPECT_EQ(allowed(kOrder), 0);
  now += seconds(2) - MonoNanos{1};
  EXPECT_TRUE(budget.held(now));
  now += MonoNanos{1};
  EXPECT_EQ(allowed(kOrder), 5);
}

TEST_F(RateBudgetTest, WindowsItDoesNotKnowAreAdded) {
  budget.on_used({RateKind::kOrders, seconds(60), 1'199, 1'200}, wall);
  EXPECT_EQ(allowed(kOrder), 1);
  // Without a limit there is nothing to hold it against.
  budget.on_used({RateKind::kOrders, seconds(3'600), 1'000'000, 0}, wall);
  EXPECT_EQ(allowed(kOrder), 1);
  EXPECT_FALSE(budget.set_limit(RateKind::kRaw, seconds(0), 1));
  EXPECT_FALSE(budget.set_limit(RateKind::kRaw, seconds(1), 0));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(budget.set_limit(RateKind::kRaw, seconds(300 + i), 1'000));
  }
  EXPECT_FALSE(budget.set_limit(RateKind::kRaw, seconds(999), 1'000));
}

}  // namespace
}  // namespace pyscalp::binance
