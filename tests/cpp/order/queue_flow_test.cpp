#include "order/queue_flow.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.hpp"

namespace pyscalp::order {
namespace {

using Kind = book::OrderEvent::Kind;
constexpr Price kBest{100};

book::OrderEvent event(Kind kind, Qty qty, Side side = Side::kBuy, Price at = kBest) {
  return {kind, side, InstrumentId{1}, 1, at, qty, 0, 0};
}
constexpr UnixNanos at(double seconds) {
  return {static_cast<std::int64_t>(seconds * 1e9)};
}

TEST(QueueFlow, KnowsNothingBeforeTheFirstEvent) {
  QueueFlow flow;
  EXPECT_EQ(flow.fill_chance(Side::kBuy, 0, 1, seconds(1), at(0)), 0.0);
}

TEST(QueueFlow, CountsExecutionsInFullAndCancelsByHalfAtTheTouchAlone) {
  QueueFlow flow;
  flow.on_order(event(Kind::kExecuted, 100), kBest, at(1));
  flow.on_order(event(Kind::kRemoved, 60), kBest, at(1));
  flow.on_order(event(Kind::kReduced, 40), kBest, at(1));
  flow.on_order(event(Kind::kAdded, 1'000), kBest, at(1));
  flow.on_order(event(Kind::kExecuted, 500, Side::kBuy, Price{99}), kBest, at(1));
  // 100 and 50 in the one second so far.
  EXPECT_DOUBLE_EQ(flow.fill_chance(Side::kBuy, 100, 50, seconds(1), at(1)),
                   100.0 / 300.0);
  EXPECT_DOUBLE_EQ(flow.fill_chance(Side::kBuy, 100, 50, seconds(3), at(1)), 0.5);
  EXPECT_EQ(flow.fill_chance(Side::kSell, 0, 1, seconds(1), at(1)), 0.0);
}

TEST(QueueFlow, AChanceFallsWithTheQueueAhead) {
  QueueFlow flow;
  flow.on_order(event(Kind::kExecuted, 1'000), kBest, at(0));
  double before = 1.0;
  for (Qty ahead = 0; ahead < 100'000; ahead += 500) {
    const double chance = flow.fill_chance(Side::kBuy, ahead, 10, seconds(1), at(0));
    EXPECT_LT(chance, before);
    EXPECT_GT(chance, 0.0);
    before = chance;
  }
}

TEST(QueueFlow, ForgetsAsASumOverTheLastSecondsWould) {
  struct Seen {
    std::int64_t second;
    Side side;
    Qty executed;
    Qty cancelled;
  };
  QueueFlow flow;
  Random random(11);
  std::vector<Seen> seen;
  std::int64_t second = 40'000;
  const std::int64_t first = second;
  for (int i = 0; i < 5'000; ++i) {
    const std::uint64_t step = random.below(100);
    second += step < 3 ? 50 : step < 30 ? 1 : 0;
    const Side side = random.below(2) == 0 ? Side::kBuy : Side::kSell;
    const auto qty = static_cast<Qty>(random.below(1'000));
    const bool executed = random.below(2) == 0;
    flow.on_order(event(executed ? Kind::kExecuted : Kind::kRemoved, qty, side), kBest,
                  at(double(second)));
    seen.push_back({second, side, executed ? qty : 0, executed ? 0 : qty / 2});
    Qty in_full = 0;
    Qty by_half = 0;
    for (const Seen& one : seen) {
      if (one.side != side || one.second <= second - QueueFlow::kBuckets) continue;
      in_full += one.executed;
      by_half += one.cancelled;
    }
    const auto counted =
        double(std::min<std::int64_t>(second - first + 1, QueueFlow::kBuckets));
    const double reached = double(in_full) * 2.0 / counted;
    const double outrun = double(by_half) * 2.0 / counted;
    ASSERT_DOUBLE_EQ(flow.fill_chance(side, 90, 10, seconds(2), at(double(second))),
                     reached / (reached + outrun + 100.0));
  }
}

TEST(QueueFlow, TimeThatGoesBackCountsAsNow) {
  QueueFlow flow;
  flow.on_order(event(Kind::kExecuted, 10), kBest, at(100));
  flow.on_order(event(Kind::kExecuted, 10), kBest, at(50));
  EXPECT_DOUBLE_EQ(flow.fill_chance(Side::kBuy, 10, 10, seconds(1), at(100)), 0.5);
}

}  // namespace
}  // namespace pyscalp::order
