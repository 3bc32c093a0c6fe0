// T1: the exit of a position at its holding deadline, the one order that passes on a
// market nobody can see.
#include "fixture.hpp"

namespace pyscalp::risk {
namespace {

class DeadlineTest : public GateTest {
 protected:
  DeadlineTest() {
    exposure.position = 10;
    market.gap_open = true;
    market.book_sound = false;
    market.in_session = false;
    market.last_tick = kNoTick;
    market.touch.bid = kNoPrice;
  }
  order::Wish wish = exit_wish(sell(10, kBid), order::Intent::kDeadline);
};

TEST_F(DeadlineTest, PassesOnADeadFeedAndIsCounted) {
  Verdict verdict = gate.check(wish, market, exposure, own, now);
  ASSERT_TRUE(verdict) << name(verdict.denial);
  EXPECT_TRUE(verdict.order->deadline_exit());
  EXPECT_EQ(gate.counts().deadline_exits, 1u);
  EXPECT_EQ(gate.counts().orders, 1u);
}

TEST_F(DeadlineTest, PassesEachOfThemAlone) {
  const MarketState blind = market;
  MarketState open = market;
  open.gap_open = false;
  open.book_sound = true;
  open.in_session = true;
  open.last_tick = now;
  open.touch.bid = kBid;
  for (int i = 0; i < 6; ++i) {
    market = open;
    if (i == 0) market.gap_open = true;
    if (i == 1) market.book_sound = false;
    if (i == 2) market.in_session = false;
    if (i == 3) market.last_tick = blind.last_tick;
    if (i == 4) market.touch.ask = kNoPrice;
    if (i == 5) market.touch.bid = kAsk + Price{1};
    now += milliseconds(1);
    EXPECT_EQ(ask_now(wish), Denial::kNone) << i;
    order::Wish stop = wish;
    stop.intent = order::Intent::kTimeExit;
    EXPECT_NE(ask_now(stop), Denial::kNone) << i;
  }
}

TEST_F(DeadlineTest, OnlyThisIntentOnlyIocOnlyReducing) {
  for (const order::Intent intent :
       {order::Intent::kEntry, order::Intent::kTarget, order::Intent::kStop,
        order::Intent::kTimeExit, order::Intent::kShutdown}) {
    EXPECT_EQ(ask_now(exit_wish(wish, intent)), Denial::kSessionHours);
  }
  order::Wish day = wish;
  day.time_in_force = order::TimeInForce::kDay;
  EXPECT_EQ(ask_now(day), Denial::kSessionHours);
  order::Wish through = wish;
  through.qty = 11;
  EXPECT_EQ(ask_now(through), Denial::kSessionHours);
  exposure.working_sell = 1;
  EXPECT_EQ(ask_now(wish), Denial::kSessionHours) << "cancel the target first";
  exposure = {-10, 0, 0};
  EXPECT_EQ(ask_now(wish), Denial::kSessionHours) << "the wrong side";
  EXPECT_EQ(gate.counts().deadline_exits, 0u);
}

TEST_F(DeadlineTest, ObeysTheRest) {
  exposure.position = 1'000;
  wish.qty = 101;
  EXPECT_EQ(ask_now(wish), Denial::kOrderQuantity);
  wish.qty = 10;
  own.best_bid = kBid;
  EXPECT_EQ(ask_now(wish), Denial::kSelfMatch);
  own.best_bid = kNoPrice;
  EXPECT_EQ(ask_now(wish), Denial::kNone);
  EXPECT_EQ(ask_now(wish), Denial::kDuplicate);
  now += milliseconds(1);
  EXPECT_EQ(ask_now(wish), Denial::kNone);
  wish.instrument = InstrumentId{99};
  EXPECT_EQ(ask_now(wish), Denial::kNotPermitted);
}

TEST_F(DeadlineTest, PassesInReducingNotAfterTheKillSwitch) {
  gate.operator_reduce("test", now);
  EXPECT_EQ(ask_now(wish), Denial::kNone);
  now += milliseconds(1);
  kill.engage();
  EXPECT_EQ(ask_now(wish), Denial::kKillSwitch);
}

class DeadlineValueTest : public DeadlineTest {};

TEST_F(DeadlineValueTest, IsNotHeldBackByValue) {
  market.touch.ask = {1'000 * kUnit};
  wish.qty = 20;
  exposure.position = 100;
  wish.limit = {1'000 * kUnit};
  EXPECT_EQ(ask_now(wish), Denial::kNone) << "20,000 of 20,000";
  now += milliseconds(1);
  wish.limit.value += 1;
  EXPECT_EQ(ask_now(wish), Denial::kNone) << "what was entered can be left";
  now += milliseconds(1);
  exposure.position = -exposure.position;  // now it would add to the position
  EXPECT_NE(ask_now(wish), Denial::kNone);
}

}  // namespace
}  // namespace pyscalp::risk
