#include "order/scalper.hpp"

#include <gtest/gtest.h>

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
  void expect_nothing() { EXPECT_EQ(decide().kind, Action::Kind::kNone); }

  ScalperOptions options_;
  FeeSchedule fees_;
  ScalperView view_;
};

TEST_F(ScalperTest, WithoutAnOpinionItStaysOut) { expect_nothing(); }

TEST_F(ScalperTest, EntersAtTheTouchOnTheForecastsSide) {
  forecast(cents(1));
  expect_place(Side::kBuy, cents(10'000), Intent::kEntry, false);
  forecast(-cents(1));
  expect_place(Side::kSell, cents(10'010), Intent::kEntry, false);
}

TEST_F(ScalperTest, TakesWhenTheMoveIsWorthMoreThanTheSpread) {
  // Taker: 40 - 5 - 0.6 = 34.4 cents a share; half of the maker's 40 + 5 - 0.1 = 44.9.
  forecast(cents(40));
  expect_place(Side::kBuy, cents(10'012), Intent::kEntry, true);
  options_.style = Style::kMaker;
  expect_place(Side::kBuy, cents(10'000), Intent::kEntry, false);
}

TEST_F(ScalperTest, EntersExactlyFromTheLeastEdgeOn) {
  options_.style = Style::kMaker;
  // 1 cent + 5 of half spread - 0.3 exit fee + 0.2 rebate = 5.9 cents.
  forecast(cents(1));
  options_.edge_min = {59'000'000};
  EXPECT_EQ(decide().kind, Action::Kind::kPlace);
  options_.edge_min = {59'000'001};
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
