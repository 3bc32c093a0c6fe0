#include "order/scalper.hpp"

#include <gtest/gtest.h>

#include <array>

namespace pyscalp::order {
namespace {

constexpr Price cents(std::int64_t n) { return {n * 10'000'000}; }
constexpr InstrumentId kId{4};

class ScalperTest : public testing::Test {
 protected:
  ScalperTest() {
    options_.order_qty = 10;
    options_.target = cents(3);
    options_.stop = cents(5);
    fees_.maker.per_share = {-2'000'000};
    fees_.taker.per_share = {3'000'000};
    view_.market.instrument = kId;
    view_.market.now = seconds(100);
    view_.market.touch = {cents(10'000), cents(10'010), 500, 400};
  }

  Action decide() const { return Scalper(options_, fees_).decide(view_); }
  void forecast(Price move) {
    view_.forecast = {move, signal::SignalId::kBookImbalance};
  }
  void hold(Qty qty, Price at, MonoNanos age) {
    view_.position = qty;
    view_.entry_price = at;
    view_.opened = view_.market.now - age;
  }
  void work(Intent intent, Side side, Price limit, MonoNanos age) {
    view_.working = {9, side, limit, intent, true, false, view_.market.now - age};
  }
  void expect_place(Side side, Price limit, Intent intent, bool takes, Qty qty = 10) {
    const Action action = decide();
    ASSERT_EQ(action.kind, Action::Kind::kPlace);
    EXPECT_EQ(action.wish.side, side);
    EXPECT_EQ(action.wish.limit, limit);
    EXPECT_EQ(action.wish.intent, intent);
    EXPECT_EQ(action.wish.qty, qty);
    EXPECT_EQ(action.wish.time_in_force, takes ? TimeInForce::kIoc : TimeInForce::kDay);
    EXPECT_EQ(action.wish.post_only, !takes);
  }
  void expect_cancel() {
    const Action action = decide();
    ASSERT_EQ(action.kind, Action::Kind::kCancel);
    EXPECT_EQ(action.user_ref, 9u);
  }
  void leave_queue(Side side, Qty qty) {
    const Price best = view_.market.touch.price(side);
    flow_.on_order({book::OrderEvent::Kind::kExecuted, side, kId, 1, best, qty, 0, 0},
                   best, view_.market.venue_time);
  }
  void expect_nothing() { EXPECT_EQ(decide().kind, Action::Kind::kNone); }

  ScalperOptions options_;
  FeeSchedule fees_;
  ScalperView view_;
  QueueFlow flow_;
};

TEST_F(ScalperTest, WithoutAnOpinionItStaysOut) { expect_nothing(); }

TEST_F(ScalperTest, EntersAtTheTouchOnTheForecastsSide) {
  forecast(cents(1));
  expect_place(Side::kBuy, cents(10'000), Intent::kEntry, false);
  forecast(-cents(1));
  expect_place(Side::kSell, cents(10'010), Intent::kEntry, false);
}

TEST_F(ScalperTest, TakesWhenTheQueueIsSlowAndTheMoveWorthTheSpread) {
  // Exit: half of -0.2 - 5 and half of 0.3 + 5, so 0.05 cents a share. Taken:
  // 40 - 5 - 0.3 - 0.05 = 34.65; made: 40 + 2.5 + 0.2 - 0.05 = 42.65.
  forecast(cents(40));
  view_.flow = &flow_;
  leave_queue(Side::kBuy, 5'000);  // 15,000 in three seconds: 96.7 % for 510
  expect_place(Side::kBuy, cents(10'000), Intent::kEntry, false);
  flow_.clear();
  leave_queue(Side::kBuy, 500);  // 1,500: 74.6 % of 42.65 is 31.8
  expect_place(Side::kBuy, cents(10'012), Intent::kEntry, true);
  options_.style = Style::kMaker;
  expect_place(Side::kBuy, cents(10'000), Intent::kEntry, false);
  options_.style = Style::kChoose;
  view_.flow = nullptr;  // nothing is known of the queue
  expect_place(Side::kBuy, cents(10'000), Intent::kEntry, false);
}

TEST_F(ScalperTest, TheNetworksCostCountsAgainstTaking) {
  options_.style = Style::kTaker;
  forecast(cents(6));  // 6 - 5 - 0.3 - 0.05 = 0.65 cents
  expect_place(Side::kBuy, cents(10'012), Intent::kEntry, true);
  view_.network = {6'500'001};
  expect_nothing();
  view_.network = {6'500'000};
  EXPECT_EQ(decide().kind, Action::Kind::kPlace);
}

TEST_F(ScalperTest, EntersExactlyFromTheLeastEdgeOn) {
  options_.style = Style::kMaker;
  // 1 cent + 2.5 of half spread - 0.05 of exit + 0.2 rebate = 3.65 cents.
  forecast(cents(1));
  options_.edge_min = {36'500'000};
  EXPECT_EQ(decide().kind, Action::Kind::kPlace);
  options_.edge_min = {36'500'001};
  expect_nothing();
}

TEST_F(ScalperTest, EntersNothingAgainstAVeto) {
  forecast(cents(1));
  view_.forecast.veto = signal::Sides::kLong;
  expect_nothing();
  view_.forecast.veto = signal::Sides::kShort;
  EXPECT_EQ(decide().kind, Action::Kind::kPlace);
  work(Intent::kEntry, Side::kBuy, cents(10'000), seconds(1));
  expect_nothing();
  view_.forecast.veto = signal::Sides::kBoth;
  expect_cancel();
}

TEST_F(ScalperTest, WithdrawsAnEntryWhoseChanceIsWorthLessThanTaking) {
  forecast(cents(40));
  view_.flow = &flow_;
  leave_queue(Side::kBuy, 500);  // 1,000 in the two seconds that are left
  work(Intent::kEntry, Side::kBuy, cents(10'000), seconds(1));
  view_.working.qty = 10;
  view_.working.ahead = 100;  // 90 % of 42.65 is more than 34.65
  expect_nothing();
  view_.working.ahead = 500;  // 66 % is less
  expect_cancel();
  view_.working.ahead = -1;
  expect_nothing();
}

TEST_F(ScalperTest, WithdrawsNoEntryInFavourOfANewOneBehindIt) {
  forecast(cents(40));
  view_.flow = &flow_;
  leave_queue(Side::kBuy, 5'000);  // 500 in the tenth of a second that is left
  work(Intent::kEntry, Side::kBuy, cents(10'000),
       options_.passive_wait - milliseconds(100));
  view_.working.qty = 10;
  view_.working.ahead = 490;  // 50 % of 42.65 is less than 34.65, …
  expect_nothing();           // … yet a new order would not take: 96.7 % of 42.65
  view_.working = {};
  expect_place(Side::kBuy, cents(10'000), Intent::kEntry, false);
}

TEST_F(ScalperTest, LeavesAtOnceWhenASignalLetsGo) {
  hold(10, cents(10'000), seconds(1));
  view_.leave = true;
  expect_place(Side::kSell, cents(9'998), Intent::kSignalExit, true);
  work(Intent::kTarget, Side::kSell, cents(10'013), seconds(1));
  expect_cancel();
  EXPECT_EQ(decide().reason, Intent::kSignalExit);
}

TEST_F(ScalperTest, SweepsAsFarAsEveryBoundAllows) {
  options_.style = Style::kTaker;
  options_.sweep = {3, 500'000, 1'000};
  options_.slippage_ticks = 5;
  view_.room = 10'000;
  const std::array<book::LevelView, 4> asks = {
      book::LevelView{cents(10'010), 400, 2}, book::LevelView{cents(10'012), 200, 1},
      book::LevelView{cents(10'015), 300, 1}, book::LevelView{cents(10'016), 900, 1}};
  view_.market.asks = asks;
  forecast(cents(40));
  // Half of the 900 on three levels: 400 at the first, 50 at the second.
  expect_place(Side::kBuy, cents(10'012), Intent::kEntry, true, 450);
  options_.sweep.share_e6 = 1'000'000;
  expect_place(Side::kBuy, cents(10'015), Intent::kEntry, true, 900);
  options_.sweep.qty_max = 500;
  expect_place(Side::kBuy, cents(10'012), Intent::kEntry, true, 500);
  view_.room = 60;
  expect_place(Side::kBuy, cents(10'010), Intent::kEntry, true, 60);
  view_.room = 10'000;
  options_.slippage_ticks = 2;  // the worst price: 100.12
  options_.sweep.qty_max = 1'000;
  expect_place(Side::kBuy, cents(10'012), Intent::kEntry, true, 600);
  // Of a share at 100.12, 4.65 cents are left of 12; from 4.66 on it is not taken.
  forecast(cents(12));
  options_.edge_min = {46'500'000};
  expect_place(Side::kBuy, cents(10'012), Intent::kEntry, true, 600);
  options_.edge_min = {46'500'001};
  expect_place(Side::kBuy, cents(10'010), Intent::kEntry, true, 400);
  view_.room = 0;
  expect_nothing();
}

TEST_F(ScalperTest, StaysOutWhileStoppingRestingOrOnAnUnsoundBook) {
  forecast(cents(1));
  view_.stopping = true;
  expect_nothing();
  view_.stopping = false;
  view_.closed = view_.market.now - options_.reentry_wait + MonoNanos{1};
  expect_nothing();
  view_.closed = view_.market.now - options_.reentry_wait;
  EXPECT_EQ(decide().kind, Action::Kind::kPlace);
  view_.market.touch.ask = view_.market.touch.bid;
  expect_nothing();
}

TEST_F(ScalperTest, WithdrawsAnEntryThatHasOutlivedItsReason) {
  forecast(cents(1));
  work(Intent::kEntry, Side::kBuy, cents(10'000), seconds(1));
  expect_nothing();
  forecast(-cents(1));
  expect_cancel();
  forecast(cents(1));
  view_.market.touch.bid = cents(10'001);
  expect_cancel();
  view_.market.touch.bid = cents(10'000);
  work(Intent::kEntry, Side::kBuy, cents(10'000), options_.passive_wait);
  expect_cancel();
  view_.working.cancelling = true;
  expect_nothing();
  view_.working.cancelling = false;
  view_.working.resting = false;  // not acknowledged yet: there is nothing to cancel
  expect_nothing();
}

TEST_F(ScalperTest, TheRestOfAnEntryGoesBeforeTheExitComes) {
  hold(4, cents(10'000), seconds(1));
  work(Intent::kEntry, Side::kBuy, cents(10'000), seconds(1));
  expect_cancel();
}

TEST_F(ScalperTest, RestsATargetNoBetterThanTheTouch) {
  hold(10, cents(10'000), seconds(1));
  expect_place(Side::kSell, cents(10'010), Intent::kTarget, false);
  hold(10, cents(10'009), seconds(1));
  expect_place(Side::kSell, cents(10'012), Intent::kTarget, false);
  hold(-7, cents(10'010), seconds(1));
  expect_place(Side::kBuy, cents(10'000), Intent::kTarget, false, 7);
}

TEST_F(ScalperTest, StopsOnTheTickThatReachesIt) {
  hold(10, cents(10'010), seconds(1));  // mid 10,005: a loss of 5, the stop
  expect_place(Side::kSell, cents(9'998), Intent::kStop, true);
  hold(10, Price{cents(10'010).value - 1}, seconds(1));
  EXPECT_EQ(decide().wish.intent, Intent::kTarget);
  work(Intent::kTarget, Side::kSell, cents(10'013), seconds(1));
  hold(10, cents(10'010), seconds(1));
  expect_cancel();  // first the target goes, so that nothing is sold twice
}

TEST_F(ScalperTest, LeavesInTimeWhateverTheSignalSays) {
  forecast(cents(40));
  hold(10, cents(10'000), options_.exit_after - MonoNanos{1});
  EXPECT_EQ(decide().wish.intent, Intent::kTarget);
  hold(10, cents(10'000), options_.exit_after);
  expect_place(Side::kSell, cents(10'010), Intent::kTimeExit, false);
  hold(10, cents(10'000), options_.hold_limit);
  expect_place(Side::kSell, cents(9'998), Intent::kTimeExit, true);
  hold(10, cents(10'000), options_.deadline);
  EXPECT_EQ(decide().wish.intent, Intent::kDeadline);
}

TEST_F(ScalperTest, AtTheDeadlineAnEmptyBookDoesNotHoldItBack) {
  hold(10, cents(10'000), options_.deadline);
  view_.market.touch = {};
  const Action action = decide();
  ASSERT_EQ(action.kind, Action::Kind::kPlace);
  EXPECT_EQ(action.wish.intent, Intent::kDeadline);
  EXPECT_EQ(action.wish.limit, cents(9'950));  // half a percent below the entry
  EXPECT_EQ(action.wish.limit.value % options_.tick.value, 0);
  hold(10, cents(10'000), options_.hold_limit);
  expect_nothing();  // before it, no price means no order
}

TEST_F(ScalperTest, FollowsTheTouchWhenLeavingPassively) {
  hold(10, cents(10'000), options_.exit_after);
  work(Intent::kTimeExit, Side::kSell, cents(10'010), seconds(1));
  expect_nothing();
  view_.market.touch.ask = cents(10'009);
  expect_cancel();
}

TEST_F(ScalperTest, DoesNotRepeatATakingExitAtOnce) {
  hold(10, cents(10'000), options_.hold_limit);
  view_.working.sent_at = view_.market.now - options_.retry_wait + MonoNanos{1};
  expect_nothing();
  view_.working.sent_at = view_.market.now - options_.retry_wait;
  EXPECT_EQ(decide().kind, Action::Kind::kPlace);
}

TEST_F(ScalperTest, AsksToBeWokenForEveryLimitOfTime) {
  const Scalper scalper(options_, fees_);
  EXPECT_EQ(scalper.next_deadline(view_), kNever);
  hold(10, cents(10'000), seconds(1));
  EXPECT_EQ(scalper.next_deadline(view_), view_.opened + options_.exit_after);
  hold(10, cents(10'000), options_.exit_after);
  EXPECT_EQ(scalper.next_deadline(view_), view_.opened + options_.hold_limit);
  view_.position = 0;
  work(Intent::kEntry, Side::kBuy, cents(10'000), seconds(1));
  EXPECT_EQ(scalper.next_deadline(view_),
            view_.working.sent_at + options_.passive_wait);
}

TEST(ScalperOptions, TimesMustFollowEachOtherUnderAMinute) {
  ScalperOptions options;
  options.target = options.stop = cents(1);
  EXPECT_TRUE(options.valid());
  options.deadline = seconds(60);
  EXPECT_FALSE(options.valid());
  options.deadline = seconds(59);
  options.hold_limit = seconds(59);
  EXPECT_FALSE(options.valid());
  options.hold_limit = options.exit_after;
  EXPECT_FALSE(options.valid());
}

}  // namespace
}  // namespace pyscalp::order
