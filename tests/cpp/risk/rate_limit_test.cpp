#include "risk/rate_limit.hpp"

#include <deque>
#include <random>

#include "fixture.hpp"

namespace pyscalp::risk {
namespace {

class RateTest : public GateTest {
 protected:
  static Limits limits() {
    Limits limits = some_limits();
    limits.rate_limit = 20;  // 18 for orders
    return limits;
  }
  RateTest() : GateTest(limits()) {}
};

TEST_F(RateTest, NewOrdersStopAtNinetyPercent) {
  for (int i = 0; i < 17; ++i) ASSERT_EQ(ask(buy(1)), Denial::kNone) << i;
  EXPECT_TRUE(trips().empty());
  EXPECT_EQ(ask(buy(1)), Denial::kNone) << "the 18th of 20";
  EXPECT_EQ(ask(buy(1)), Denial::kRateLimit) << "the 19th";
  const std::vector<Trip> all = trips();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].breaker, Breaker::kRate);
  EXPECT_EQ(all[0].value, 18);
  EXPECT_EQ(all[0].limit, 18);
  EXPECT_EQ(gate.state(), TradingState::kActive) << "it passes with its cause";
  EXPECT_EQ(gate.counts().denied[index(Denial::kRateLimit)], 1u);
}

TEST_F(RateTest, ReducingOrdersStopThereTooDeadlineExitsAtTheLimit) {
  exposure.position = 100;
  for (int i = 0; i < 18; ++i) ASSERT_EQ(ask(sell(1)), Denial::kNone);
  EXPECT_EQ(ask(exit_wish(sell(1, kBid), order::Intent::kStop)), Denial::kRateLimit);
  const order::Wish deadline = exit_wish(sell(1, kBid), order::Intent::kDeadline);
  EXPECT_EQ(ask(deadline), Denial::kNone) << "19th";
  EXPECT_EQ(ask(deadline), Denial::kNone) << "20th";
  EXPECT_EQ(ask(deadline), Denial::kRateLimit) << "21st";
}

TEST_F(RateTest, CancelsTakeTheRestAndStillPassBeyondIt) {
  for (int i = 0; i < 18; ++i) ASSERT_EQ(ask(buy(1)), Denial::kNone);
  expect_cancel_passes();
  expect_cancel_passes();
  EXPECT_EQ(gate.counts().cancels_over_limit, 0u);
  EXPECT_EQ(gate.requests(now), 20);
  expect_cancel_passes();
  EXPECT_EQ(gate.counts().cancels_over_limit, 1u);
}

TEST_F(RateTest, CancelsUseUpWhatOrdersMayUse) {
  for (int i = 0; i < 17; ++i) expect_cancel_passes();
  EXPECT_EQ(ask(buy(1)), Denial::kNone);
  EXPECT_EQ(ask(buy(1)), Denial::kRateLimit);
}

TEST_F(RateTest, DeniedWishesCostNothing) {
  market.gap_open = true;
  for (int i = 0; i < 100; ++i) ASSERT_EQ(ask(buy(1)), Denial::kGapOpen);
  EXPECT_EQ(gate.requests(now), 0);
}

TEST_F(RateTest, TheWindowSlides) {
  for (int i = 0; i < 18; ++i) expect_cancel_passes();  // all at one moment
  pass(seconds(1) - MonoNanos{1});
  EXPECT_EQ(ask_now(buy(1)), Denial::kRateLimit);
  pass({1});
  EXPECT_EQ(ask_now(buy(1)), Denial::kNone);
  EXPECT_EQ(gate.requests(now), 1);
  for (int i = 0; i < 17; ++i) expect_cancel_passes();
  EXPECT_EQ(trips().size(), 2u) << "reached twice, said twice";
}

TEST(RateLimit, TheShareIsRoundedDown) {
  Limits limits = some_limits();
  limits.rate_limit = 19;
  EXPECT_EQ(RateLimit(limits).for_orders(), 17);
  limits.rate_limit = kMaxWindowCount;
  limits.rate_share_e6 = 1'000'000;
  EXPECT_EQ(RateLimit(limits).for_orders(), kMaxWindowCount);
}

TEST(SlidingCount, EqualsTheNaiveOneAndSaturates) {
  std::mt19937_64 random(3);
  SlidingCount count(12, {100});
  std::deque<std::int64_t> times;
  std::int64_t now = -5'000;
  for (int i = 0; i < 20'000; ++i) {
    now += static_cast<std::int64_t>(random() % 20);
    if (random() % 2 == 0) {
      count.add({now});
      times.push_back(now);
    }
    while (!times.empty() && now - times.front() >= 100) times.pop_front();
    ASSERT_EQ(count.count({now}), std::min<std::int64_t>(12, std::ssize(times)));
  }
  count.clear();
  EXPECT_EQ(count.count({now}), 0);
}

TEST(SlidingCount, TheEndsOfTime) {
  SlidingCount count(4, seconds(60));
  count.add(kNoTick);
  count.add({std::numeric_limits<std::int64_t>::max()});
  EXPECT_EQ(count.count({std::numeric_limits<std::int64_t>::max()}), 1);
}

}  // namespace
}  // namespace pyscalp::risk
