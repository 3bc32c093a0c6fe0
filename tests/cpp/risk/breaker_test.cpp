// The breakers that latch: drawdown, losing trades, rejects, kill switch, operator.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <new>

#include "fixture.hpp"

namespace pyscalp::risk {
namespace {

constexpr Money kDrawdown{15'000 * kUnit};  // 1.5 % of a million
constexpr order::Intent kIntents[] = {
    order::Intent::kEntry,    order::Intent::kTarget,   order::Intent::kStop,
    order::Intent::kTimeExit, order::Intent::kShutdown, order::Intent::kDeadline};

class BreakerTest : public GateTest {
 protected:
  using GateTest::GateTest;

  /// HALTED: nothing passes but cancels, and they are due once.
  void expect_halted(Denial denial) {
    EXPECT_EQ(gate.state(), TradingState::kHalted);
    EXPECT_EQ(gate.state(kAmzn), TradingState::kHalted);
    EXPECT_TRUE(gate.cancel_all_due(now));
    EXPECT_FALSE(gate.cancel_all_due(now)) << "consumed";
    exposure.position = 0;
    EXPECT_EQ(ask(buy(1)), denial);
    exposure.position = 10;
    for (const order::Intent intent : kIntents) {
      EXPECT_EQ(ask(exit_wish(sell(1, kBid), intent)), denial);
    }
    expect_cancel_passes();
  }
  /// REDUCING: what reduces passes, and cancels.
  void expect_reducing() {
    EXPECT_EQ(gate.state(), TradingState::kReducing);
    EXPECT_TRUE(gate.cancel_all_due(now)) << "resting entries could still fill";
    EXPECT_FALSE(gate.cancel_all_due(now));
    exposure.position = 10;
    EXPECT_EQ(ask(buy(1)), Denial::kReducingOnly);
    EXPECT_EQ(ask(sell(11)), Denial::kReducingOnly);
    EXPECT_EQ(ask(sell(10)), Denial::kNone);
    exposure.position = 0;
    EXPECT_EQ(ask(buy(1)), Denial::kReducingOnly);
    expect_cancel_passes();
  }
  void expect_active() {
    EXPECT_EQ(gate.state(), TradingState::kActive);
    EXPECT_EQ(gate.breakers(), 0u);
    EXPECT_FALSE(gate.cancel_all_due(now));
    exposure.position = 0;
    EXPECT_EQ(ask(buy(1)), Denial::kNone);
  }
};

TEST_F(BreakerTest, StartsActive) { expect_active(); }

TEST_F(BreakerTest, DrawdownAtItsEdge) {
  gate.on_equity({-14'999 * kUnit}, now);  // 1.4999 %
  expect_active();
  gate.on_equity({-kDrawdown.value + 1}, now);
  expect_active();
  const MonoNanos tripped = now;
  gate.on_equity(-kDrawdown, now);  // 1.5000 %
  expect_halted(Denial::kHalted);
  const std::vector<Trip> all = trips();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].breaker, Breaker::kDrawdown);
  EXPECT_EQ(all[0].state, TradingState::kHalted);
  EXPECT_EQ(all[0].time, tripped);
  EXPECT_EQ(all[0].value, kDrawdown.value);
  EXPECT_EQ(all[0].limit, kDrawdown.value);
}

TEST_F(BreakerTest, DrawdownBeyondItsEdgeAndFarBeyond) {
  gate.on_equity({-15'001 * kUnit}, now);  // 1.5001 %
  expect_halted(Denial::kHalted);
  gate.on_equity({std::numeric_limits<std::int64_t>::min()}, now);
  EXPECT_EQ(gate.state(), TradingState::kHalted);
}

TEST_F(BreakerTest, TheSmallestEquityDoesNotWrap) {
  gate.on_equity({std::numeric_limits<std::int64_t>::min()}, now);
  expect_halted(Denial::kHalted);
  EXPECT_EQ(trips()[0].value, std::numeric_limits<std::int64_t>::max());
}

TEST_F(BreakerTest, AGainNeverTrips) {
  gate.on_equity({std::numeric_limits<std::int64_t>::max()}, now);
  gate.on_equity(kDrawdown, now);
  expect_active();
}

TEST(DrawdownLimit, LargestAumAndAShareThatIsNotWhole) {
  Limits limits = some_limits();
  limits.aum = {std::numeric_limits<std::int64_t>::max()};
  limits.drawdown_e6 = 1'000'000;
  EXPECT_EQ(Drawdown(limits).limit(), limits.aum);
  limits.aum = {1};  // 0.015e-9: the smallest loss there is
  limits.drawdown_e6 = 15'000;
  EXPECT_EQ(Drawdown(limits).limit(), Money{1});
}

TEST_F(BreakerTest, DrawdownLatchesUntilAPersonAndTheEquityAgree) {
  gate.on_equity(-kDrawdown, now);
  gate.on_equity({0}, now);  // recovers by itself: still halted
  EXPECT_EQ(ask(buy(1)), Denial::kHalted);
  gate.on_equity(-kDrawdown, now);
  EXPECT_EQ(gate.operator_resume("looks fine", now), Resume::kDrawdownStands);
  EXPECT_EQ(ask(buy(1)), Denial::kHalted);
  gate.on_equity(-kDrawdown + Money{1}, now);
  EXPECT_EQ(gate.operator_resume("", now), Resume::kNoReason);
  EXPECT_EQ(gate.operator_resume("  ", now), Resume::kNoReason);
  EXPECT_EQ(ask(buy(1)), Denial::kHalted);
  EXPECT_TRUE(gate.cancel_all_due(now));
  EXPECT_EQ(gate.operator_resume("hedged elsewhere", now), Resume::kResumed);
  expect_active();
  const std::vector<Trip> all = trips();
  ASSERT_EQ(all.size(), 2u) << "a breaker latches once";
  EXPECT_EQ(all[1].breaker, Breaker::kResumed);
  EXPECT_EQ(all[1].reason.trimmed(), "hedged elsewhere");
  EXPECT_EQ(all[1].state, TradingState::kActive);
  gate.on_equity(-kDrawdown, now);
  EXPECT_EQ(gate.state(), TradingState::kHalted) << "and trips again";
}

TEST_F(BreakerTest, ResumingDoesNotForgetTheCancelsThatAreDue) {
  gate.operator_halt("look", now);
  EXPECT_EQ(gate.operator_resume("seen", now), Resume::kResumed);
  EXPECT_TRUE(gate.cancel_all_due(now));
}

TEST_F(BreakerTest, LosingTradesAtTheEdge) {
  for (int i = 0; i < 4; ++i) gate.on_round_trip({-1}, now);  // limit - 1
  expect_active();
  gate.on_round_trip({-1}, now);  // limit
  expect_active();
  gate.on_round_trip({0}, now);  // neither lost
  gate.on_round_trip({1}, now);
  expect_active();
  gate.on_round_trip({-1}, now);  // limit + 1
  expect_reducing();
  pass(seconds(3'600));
  EXPECT_EQ(gate.state(), TradingState::kReducing) << "latched past its window";
  const std::vector<Trip> all = trips();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].breaker, Breaker::kLosingTrades);
  EXPECT_EQ(all[0].value, 6);
  EXPECT_EQ(all[0].limit, 5);
}

TEST_F(BreakerTest, LosingTradesWithinAMinute) {
  gate.on_round_trip({-1}, now);
  pass(seconds(60));
  for (int i = 0; i < 5; ++i) gate.on_round_trip({-1}, now);
  expect_active();
  pass(seconds(60) - milliseconds(2));  // expect_active took one
  gate.on_round_trip({-1}, now);
  expect_reducing();
}

TEST_F(BreakerTest, ResumingStartsTheWindowsAfresh) {
  for (int i = 0; i < 6; ++i) gate.on_round_trip({-1}, now);
  for (int i = 0; i < 4; ++i) gate.on_reject(now);
  EXPECT_EQ(gate.breakers(), bit(Breaker::kLosingTrades) | bit(Breaker::kRejects));
  EXPECT_TRUE(gate.cancel_all_due(now));
  ASSERT_EQ(gate.operator_resume("parameters fixed", now), Resume::kResumed);
  for (int i = 0; i < 5; ++i) gate.on_round_trip({-1}, now);
  for (int i = 0; i < 3; ++i) gate.on_reject(now);
  expect_active();
}

TEST_F(BreakerTest, RejectsAtTheEdge) {
  gate.on_reject(now);
  gate.on_reject(now);  // limit - 1
  expect_active();
  gate.on_reject(now);  // limit
  expect_active();
  gate.on_reject(now);  // limit + 1
  expect_halted(Denial::kHalted);
  EXPECT_EQ(trips()[0].breaker, Breaker::kRejects);
}

TEST_F(BreakerTest, RejectsWithinAMinute) {
  for (int i = 0; i < 3; ++i) gate.on_reject(now);
  pass(seconds(60) - MonoNanos{1});
  EXPECT_EQ(gate.state(), TradingState::kActive);
  pass({1});
  gate.on_reject(now);
  expect_active();
}

TEST_F(BreakerTest, OperatorReducesThenHalts) {
  gate.operator_reduce("going to lunch", now);
  expect_reducing();
  gate.operator_halt("back, and worried", now);
  expect_halted(Denial::kHalted);
  const std::vector<Trip> all = trips();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].breaker, Breaker::kOperatorReduce);
  EXPECT_EQ(all[0].reason.trimmed(), "going to lunch");
  EXPECT_EQ(all[1].breaker, Breaker::kOperatorHalt);
  EXPECT_EQ(all[1].reason.trimmed(), "back, and worried");
}

TEST_F(BreakerTest, TheStateOnlyGetsWorse) {
  gate.operator_halt("halt", now);
  EXPECT_TRUE(gate.cancel_all_due(now));
  gate.operator_reduce("reduce", now);
  for (int i = 0; i < 6; ++i) gate.on_round_trip({-1}, now);
  EXPECT_EQ(gate.state(), TradingState::kHalted);
  EXPECT_FALSE(gate.cancel_all_due(now)) << "already cancelled";
  gate.on_reject(now);
  gate.on_equity(-kDrawdown, now);
  EXPECT_TRUE(gate.cancel_all_due(now)) << "a new reason to halt";
}

TEST_F(BreakerTest, KillSwitchStopsTheNextCheck) {
  kill.engage();
  EXPECT_EQ(ask(buy(1)), Denial::kKillSwitch);
  expect_halted(Denial::kKillSwitch);
  EXPECT_EQ(gate.operator_resume("try", now), Resume::kKillSwitch);
  kill.release();
  EXPECT_EQ(ask(buy(1)), Denial::kKillSwitch) << "latched";
  EXPECT_EQ(gate.operator_resume("drill over", now), Resume::kResumed);
  expect_active();
}

TEST_F(BreakerTest, KillSwitchIsSeenByThePollWithoutAnyWish) {
  kill.engage();
  EXPECT_TRUE(gate.cancel_all_due(now));
  EXPECT_FALSE(gate.cancel_all_due(now));
  EXPECT_EQ(gate.breakers(), bit(Breaker::kKillSwitch));
  ASSERT_EQ(trips().size(), 1u);
}

TEST_F(BreakerTest, OnKillHaltsTheSame) {
  gate.on_kill(now);
  expect_halted(Denial::kKillSwitch);
}

TEST(KillSwitchTest, ReachesOverToAnotherProcess) {
  void* memory = mmap(nullptr, sizeof(KillSwitch), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* kill = new (memory) KillSwitch;
  const Gate gate_is_made_before([] { return some_limits(); }(), *kill, 1);
  ASSERT_FALSE(kill->engaged());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    kill->engage();
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(kill->engaged());
  munmap(memory, sizeof(KillSwitch));
}

TEST(KillSwitchTest, ZeroBytesAreReleasedAnythingElseIsEngaged) {
  alignas(KillSwitch) std::array<std::byte, sizeof(KillSwitch)> bytes{};
  auto* kill = new (bytes.data()) KillSwitch;
  EXPECT_FALSE(kill->engaged());
  EXPECT_EQ(bytes[0], std::byte{0});
  kill->engage();
  EXPECT_TRUE(kill->engaged());
  kill->release();
  EXPECT_FALSE(kill->engaged());
}

class FlattenTest : public BreakerTest {
 protected:
  static Limits limits() {
    Limits limits = some_limits();
    limits.flatten_when_halted = true;
    return limits;
  }
  FlattenTest() : BreakerTest(limits()) { exposure.position = 10; }
};

TEST_F(FlattenTest, AfterADrawdownOnlyWhatGetsOut) {
  gate.on_equity(-kDrawdown, now);
  for (const order::Intent intent : kIntents) {
    const bool gets_out =
        intent != order::Intent::kEntry && intent != order::Intent::kTarget;
    EXPECT_EQ(ask(exit_wish(sell(10, kBid), intent)),
              gets_out ? Denial::kNone : Denial::kHalted);
  }
  order::Wish rests = exit_wish(sell(10), order::Intent::kStop);
  rests.time_in_force = order::TimeInForce::kDay;
  EXPECT_EQ(ask(rests), Denial::kHalted);
  EXPECT_EQ(ask(exit_wish(sell(11, kBid), order::Intent::kStop)), Denial::kHalted);
  EXPECT_EQ(ask(exit_wish(buy(1), order::Intent::kStop)), Denial::kHalted);
  market.last_tick = kNoTick;
  EXPECT_EQ(ask_now(exit_wish(sell(5, kBid), order::Intent::kStop)),
            Denial::kStalePrice);
}

TEST_F(FlattenTest, LosingTradesBesidesDoNotChangeThat) {
  for (int i = 0; i < 6; ++i) gate.on_round_trip({-1}, now);
  gate.on_equity(-kDrawdown, now);
  EXPECT_EQ(ask(exit_wish(sell(10, kBid), order::Intent::kStop)), Denial::kNone);
}

TEST_F(FlattenTest, NeverAfterTheKillSwitch) {
  gate.on_equity(-kDrawdown, now);
  gate.on_kill(now);
  expect_halted(Denial::kKillSwitch);
}

TEST_F(FlattenTest, NotAfterRejectsOrTheOperator) {
  gate.on_equity(-kDrawdown, now);
  gate.operator_halt("hands off", now);
  expect_halted(Denial::kHalted);
}

TEST_F(FlattenTest, NotAfterRejects) {
  for (int i = 0; i < 4; ++i) gate.on_reject(now);
  expect_halted(Denial::kHalted);
}

TEST_F(BreakerTest, ARestartKeepsWhatWasLatched) {
  gate.on_equity(-kDrawdown, now);
  gate.operator_reduce("too", now);
  Gate next(some_limits(), kill, 1);
  next.restore(gate.breakers(), now);
  EXPECT_EQ(next.breakers(), gate.breakers());
  EXPECT_EQ(next.state(), TradingState::kHalted);
  EXPECT_TRUE(next.cancel_all_due(now));
  Gate odd(some_limits(), kill, 1);
  odd.restore(~kLatchingBreakers, now);
  EXPECT_EQ(odd.state(), TradingState::kActive);
  EXPECT_EQ(odd.breakers(), 0u);
}

TEST_F(BreakerTest, TripsThatNobodyDrainsAreCountedAsLost) {
  constexpr std::size_t kRounds = Gate::kTrips;  // two trips each
  for (std::size_t i = 0; i < kRounds; ++i) {
    gate.operator_halt("halt", now);
    ASSERT_EQ(gate.operator_resume("resume", now), Resume::kResumed);
  }
  gate.operator_halt("the last", now);
  EXPECT_EQ(gate.counts().trips_lost, kRounds + 1);
  const std::vector<Trip> all = trips();
  ASSERT_EQ(all.size(), Gate::kTrips);
  EXPECT_EQ(all.back().reason.trimmed(), "the last");
  EXPECT_EQ(all.front().breaker, Breaker::kResumed);
  EXPECT_TRUE(trips().empty());
}

}  // namespace
}  // namespace pyscalp::risk
