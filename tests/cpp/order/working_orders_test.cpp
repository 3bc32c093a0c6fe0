#include "order/working_orders.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace pyscalp::order {
namespace {

constexpr InstrumentId kAmzn{1};
constexpr InstrumentId kAapl{2};
constexpr Price kMid{100'005'000'000};
constexpr book::Touch kTouch{{99'995'000'000}, {100'015'000'000}, 5, 5};

Price dollars(std::int64_t cents) { return {cents * 10'000'000}; }

Wish wish(Side side = Side::kBuy, Qty qty = 10, Price limit = dollars(10'000),
          InstrumentId instrument = kAmzn) {
  Wish wish;
  wish.instrument = instrument;
  wish.side = side;
  wish.qty = qty;
  wish.limit = limit;
  wish.decision_mid = kMid;
  return wish;
}

WorkingOrders::Capacity small() { return {.orders = 8, .open = 4, .matches = 4}; }

struct WorkingOrdersTest : testing::Test {
  WorkingOrders orders{
      WorkingOrders::Capacity{.orders = 64, .open = 16, .matches = 64}};

  OrderResult send(std::uint32_t ref, const Wish& w = wish()) {
    return orders.on_sent(ref, w, MonoNanos{ref});
  }
  OrderResult accept(std::uint32_t ref, bool dead = false) {
    const Order* const order = orders.find(ref);
    const Price price = order == nullptr ? Price{} : order->wish.limit;
    return orders.on_accepted(ref, 1000 + ref, price, dead, kTouch,
                              MonoNanos{100 + ref});
  }
  OrderState state(std::uint32_t ref) { return orders.find(ref)->state; }
  Exposure exposure() { return orders.exposure(kAmzn); }
};

TEST_F(WorkingOrdersTest, CountsFromTheMomentItIsSent) {
  ASSERT_EQ(send(1), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kPendingNew);
  EXPECT_EQ(exposure().working_buy, 10);
  EXPECT_EQ(exposure().working_sell, 0);
  EXPECT_EQ(exposure().position, 0);
  EXPECT_EQ(orders.exposure(kAapl).working_buy, 0);
  EXPECT_EQ(orders.open_count(), 1u);
  EXPECT_EQ(orders.find(1)->sent_at, MonoNanos{1});
  EXPECT_EQ(orders.find(1)->acked_at, kNever);
}

TEST_F(WorkingOrdersTest, LifeOfAFilledOrder) {
  send(1);
  ASSERT_EQ(accept(1), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kLive);
  EXPECT_EQ(orders.find(1)->arrival_mid, kMid);
  EXPECT_EQ(orders.find(1)->arrival_half_spread, dollars(1));
  EXPECT_EQ(orders.find(1)->acked_at, MonoNanos{101});
  EXPECT_EQ(orders.find_by_reference(1001), orders.find(1));

  ASSERT_EQ(orders.on_executed(1, 4, 7), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kLive);
  EXPECT_EQ(exposure().position, 4);
  EXPECT_EQ(exposure().working_buy, 6);

  ASSERT_EQ(orders.on_executed(1, 6, 8), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kFilled);
  EXPECT_EQ(exposure().position, 10);
  EXPECT_EQ(exposure().working_buy, 0);
  EXPECT_EQ(orders.open_count(), 0u);
  EXPECT_EQ(orders.find_by_reference(1001), nullptr);
}

TEST_F(WorkingOrdersTest, SellsMakeThePositionShort) {
  send(1, wish(Side::kSell));
  accept(1);
  EXPECT_EQ(exposure().working_sell, 10);
  orders.on_executed(1, 10, 7);
  EXPECT_EQ(exposure().position, -10);
  EXPECT_EQ(exposure().working_sell, 0);
}

TEST_F(WorkingOrdersTest, AcceptedDeadIsClosedAtOnce) {
  send(1);
  ASSERT_EQ(accept(1, true), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kCanceled);
  EXPECT_EQ(exposure().working_buy, 0);
  EXPECT_EQ(orders.find(1)->canceled, 10);
  EXPECT_EQ(orders.find_by_reference(1001), nullptr);
}

TEST_F(WorkingOrdersTest, CancelSentBeforeTheAck) {
  send(1);
  ASSERT_EQ(orders.on_cancel_sent(1, MonoNanos{5}), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kPendingCancel);
  EXPECT_EQ(orders.on_cancel_sent(1, MonoNanos{6}), OrderResult::kAlreadyCanceling);
  EXPECT_EQ(orders.find(1)->cancel_sent_at, MonoNanos{5});
  ASSERT_EQ(accept(1), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kPendingCancel);
  EXPECT_EQ(exposure().working_buy, 10);
  ASSERT_EQ(orders.on_canceled(1, 10), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kCanceled);
  EXPECT_EQ(exposure().working_buy, 0);
  EXPECT_EQ(orders.on_cancel_sent(1, MonoNanos{7}), OrderResult::kAlreadyClosed);
}

TEST_F(WorkingOrdersTest, PartialDecrementKeepsTheRestAndThePendingCancel) {
  send(1);
  accept(1);
  orders.on_cancel_sent(1, MonoNanos{5});
  ASSERT_EQ(orders.on_canceled(1, 3), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kPendingCancel);
  EXPECT_EQ(orders.find(1)->leaves, 7);
  EXPECT_EQ(orders.on_executed(1, 7, 9), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kCanceled);
  EXPECT_EQ(exposure().position, 7);
}

TEST_F(WorkingOrdersTest, FillThatCrossesACancelStillCounts) {
  send(1);
  accept(1);
  orders.on_canceled(1, 10);
  EXPECT_EQ(orders.on_executed(1, 4, 7), OrderResult::kLateFill);
  EXPECT_EQ(state(1), OrderState::kCanceled);
  EXPECT_EQ(exposure().position, 4);
  EXPECT_EQ(exposure().working_buy, 0);
  EXPECT_EQ(orders.on_executed(1, 6, 8), OrderResult::kLateFill);
  EXPECT_EQ(state(1), OrderState::kFilled);
  EXPECT_EQ(orders.on_executed(1, 1, 9), OrderResult::kOverfill);
  EXPECT_EQ(exposure().position, 10);
  EXPECT_EQ(orders.count(OrderResult::kLateFill), 2u);
}

TEST_F(WorkingOrdersTest, FillBeyondWhatACancelLeftClosesTheOrder) {
  send(1);
  accept(1);
  orders.on_canceled(1, 8);
  EXPECT_EQ(orders.on_executed(1, 5, 7), OrderResult::kLateFill);
  EXPECT_EQ(state(1), OrderState::kCanceled);
  EXPECT_EQ(exposure().position, 5);
  EXPECT_EQ(exposure().working_buy, 0);
}

TEST_F(WorkingOrdersTest, MatchNumberCountsOnceForAnOrder) {
  send(1);
  accept(1);
  send(2, wish(Side::kSell));
  accept(2);
  EXPECT_EQ(orders.on_executed(1, 4, 7), OrderResult::kOk);
  EXPECT_EQ(orders.on_executed(1, 4, 7), OrderResult::kDuplicateFill);
  EXPECT_EQ(orders.on_executed(2, 4, 7), OrderResult::kOk);
  EXPECT_EQ(exposure().position, 0);
  EXPECT_EQ(orders.find(1)->filled, 4);
  EXPECT_EQ(orders.count(OrderResult::kDuplicateFill), 1u);
}

TEST_F(WorkingOrdersTest, DuplicateOfTheLastFillIsNamedSoAfterTheClose) {
  send(1);
  accept(1);
  orders.on_executed(1, 10, 7);
  EXPECT_EQ(orders.on_executed(1, 10, 7), OrderResult::kDuplicateFill);
}

TEST_F(WorkingOrdersTest, WrongEventsChangeNothingAndAreNamed) {
  EXPECT_EQ(orders.on_executed(1, 1, 1), OrderResult::kUnknownRef);
  EXPECT_EQ(orders.on_executed(0, 1, 1), OrderResult::kUnknownRef);
  EXPECT_EQ(accept(1), OrderResult::kUnknownRef);
  EXPECT_EQ(orders.on_canceled(1, 1), OrderResult::kUnknownRef);
  EXPECT_EQ(orders.on_rejected(1), OrderResult::kUnknownRef);
  EXPECT_EQ(orders.on_cancel_sent(1, MonoNanos{}), OrderResult::kUnknownRef);
  EXPECT_EQ(orders.on_priority_update(1, 5, dollars(1)), OrderResult::kUnknownRef);
  EXPECT_EQ(orders.on_reconciled(1, 0), OrderResult::kUnknownRef);
  EXPECT_EQ(send(0), OrderResult::kNotIncreasing);
  EXPECT_EQ(send(1, wish(Side::kBuy, 0)), OrderResult::kBadQty);
  EXPECT_EQ(send(1, wish(Side::kBuy, -1)), OrderResult::kBadQty);

  send(5);
  EXPECT_EQ(send(5), OrderResult::kNotIncreasing);
  EXPECT_EQ(send(4), OrderResult::kNotIncreasing);
  EXPECT_EQ(orders.on_executed(5, 0, 1), OrderResult::kBadQty);
  EXPECT_EQ(orders.on_executed(5, -1, 1), OrderResult::kBadQty);
  EXPECT_EQ(orders.on_executed(5, 11, 1), OrderResult::kOverfill);
  EXPECT_EQ(orders.on_canceled(5, 11), OrderResult::kOvercancel);
  EXPECT_EQ(orders.on_canceled(5, 0), OrderResult::kBadQty);
  EXPECT_EQ(orders.on_reconciled(5, 10), OrderResult::kNotUnknown);
  accept(5);
  EXPECT_EQ(accept(5), OrderResult::kAlreadyAccepted);
  EXPECT_EQ(orders.on_rejected(5), OrderResult::kAlreadyAccepted);
  EXPECT_EQ(exposure().working_buy, 10);
  EXPECT_EQ(exposure().position, 0);

  send(6);
  EXPECT_EQ(orders.on_rejected(6), OrderResult::kOk);
  EXPECT_EQ(orders.on_rejected(6), OrderResult::kAlreadyClosed);
  EXPECT_EQ(accept(6), OrderResult::kAlreadyClosed);
  EXPECT_EQ(orders.on_canceled(6, 1), OrderResult::kAlreadyClosed);
  EXPECT_EQ(orders.on_priority_update(6, 5, dollars(1)), OrderResult::kAlreadyClosed);
  EXPECT_EQ(orders.count(OrderResult::kAlreadyClosed), 4u);
}

TEST_F(WorkingOrdersTest, FillBeforeTheAckProvesTheOrderLive) {
  send(1);
  EXPECT_EQ(orders.on_executed(1, 3, 7), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kLive);
  EXPECT_EQ(orders.on_rejected(1), OrderResult::kAlreadyAccepted);
  EXPECT_EQ(accept(1), OrderResult::kOk);
  EXPECT_EQ(orders.find(1)->order_reference, 1001u);
}

TEST_F(WorkingOrdersTest, PriorityUpdateMovesReferenceAndPrice) {
  send(1);
  accept(1);
  EXPECT_EQ(orders.on_priority_update(1, 77, dollars(9'999)), OrderResult::kOk);
  EXPECT_EQ(orders.find_by_reference(1001), nullptr);
  ASSERT_NE(orders.find_by_reference(77), nullptr);
  EXPECT_EQ(orders.find_by_reference(77)->user_ref, 1u);
  EXPECT_EQ(orders.best_price(kAmzn, Side::kBuy), dollars(9'999));
}

TEST_F(WorkingOrdersTest, ReferenceThatAnotherOrderHasStaysWithTheFirst) {
  send(1);
  send(2);
  orders.on_accepted(1, 50, dollars(10'000), false, kTouch, MonoNanos{});
  orders.on_accepted(2, 50, dollars(10'000), false, kTouch, MonoNanos{});
  orders.on_canceled(2, 10);
  ASSERT_NE(orders.find_by_reference(50), nullptr);
  EXPECT_EQ(orders.find_by_reference(50)->user_ref, 1u);
  EXPECT_EQ(orders.find_by_reference(0), nullptr);
}

TEST_F(WorkingOrdersTest, DisconnectMakesAllOpenOrdersUnknownAtTheirWorst) {
  send(1);
  send(2);
  accept(2);
  orders.on_executed(2, 4, 7);
  send(3);
  accept(3);
  orders.on_cancel_sent(3, MonoNanos{9});
  send(4);
  orders.on_rejected(4);
  EXPECT_EQ(orders.on_disconnected(), 3u);
  for (const std::uint32_t ref : {1u, 2u, 3u}) {
    EXPECT_EQ(state(ref), OrderState::kUnknown);
  }
  EXPECT_EQ(state(4), OrderState::kRejected);
  EXPECT_EQ(exposure().working_buy, 26);
  EXPECT_EQ(orders.on_disconnected(), 3u);  // again is harmless
}

TEST_F(WorkingOrdersTest, ReplayAfterAReconnectResolvesUnknownOrders) {
  send(1);
  send(2);
  send(3);
  accept(2);
  accept(3);
  orders.on_disconnected();
  // The ack came after the cut, cancel on disconnect took order 2, order 3 was filled.
  EXPECT_EQ(accept(1), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kUnknown);  // it may be gone since
  EXPECT_EQ(orders.on_canceled(2, 10), OrderResult::kOk);
  EXPECT_EQ(orders.on_executed(3, 10, 7), OrderResult::kOk);
  EXPECT_EQ(state(2), OrderState::kCanceled);
  EXPECT_EQ(state(3), OrderState::kFilled);
  EXPECT_EQ(orders.unknown_count(), 1u);
}

TEST_F(WorkingOrdersTest, ResumeTellsArrivedFromNeverArrived) {
  for (const std::uint32_t ref : {1u, 2u, 3u}) send(ref);
  accept(1);
  orders.on_disconnected();
  EXPECT_EQ(orders.on_resumed(3), 1u);
  EXPECT_EQ(state(1), OrderState::kLive);
  EXPECT_EQ(state(2), OrderState::kUnknown);  // the venue used it and never said how
  EXPECT_EQ(state(3), OrderState::kRejected);
  EXPECT_EQ(exposure().working_buy, 20);
}

TEST_F(WorkingOrdersTest, ReconcilesToWhatTheVenueSays) {
  for (const std::uint32_t ref : {1u, 2u, 3u, 4u}) send(ref);
  for (const std::uint32_t ref : {1u, 2u, 3u}) accept(ref);
  orders.on_disconnected();
  EXPECT_EQ(orders.on_reconciled(1, 11), OrderResult::kOverleaves);
  EXPECT_EQ(orders.on_reconciled(1, -1), OrderResult::kBadQty);
  EXPECT_EQ(orders.on_reconciled(1, 10), OrderResult::kOk);
  EXPECT_EQ(state(1), OrderState::kLive);
  EXPECT_EQ(orders.on_reconciled(2, 6), OrderResult::kOk);
  EXPECT_EQ(orders.find(2)->leaves, 6);
  EXPECT_EQ(orders.find(2)->canceled, 4);
  EXPECT_EQ(orders.on_reconciled(3, 0), OrderResult::kOk);
  EXPECT_EQ(state(3), OrderState::kCanceled);
  EXPECT_EQ(orders.on_reconciled(4, 0), OrderResult::kOk);
  EXPECT_EQ(state(4), OrderState::kRejected);
  EXPECT_EQ(orders.unknown_count(), 0u);
  EXPECT_EQ(exposure().working_buy, 16);
}

TEST_F(WorkingOrdersTest, OwnQuantityInTheBookLeavesOutWhatIsNotThere) {
  send(1, wish(Side::kBuy, 10, dollars(10'000)));
  send(2, wish(Side::kBuy, 5, dollars(10'000)));
  send(3, wish(Side::kBuy, 7, dollars(9'999)));
  send(4, wish(Side::kSell, 9, dollars(10'000)));
  send(5, wish(Side::kBuy, 3, dollars(10'000), kAapl));
  Wish ioc = wish(Side::kBuy, 2, dollars(10'001));
  ioc.time_in_force = TimeInForce::kIoc;
  send(6, ioc);
  for (const std::uint32_t ref : {1u, 3u, 4u, 5u, 6u}) accept(ref);
  EXPECT_EQ(orders.displayed_at(kAmzn, Side::kBuy, dollars(10'000)), 10);
  EXPECT_EQ(orders.displayed_through(kAmzn, Side::kBuy, dollars(9'999)), 17);
  EXPECT_EQ(orders.displayed_through(kAmzn, Side::kBuy, dollars(10'000)), 10);
  EXPECT_EQ(orders.displayed_through(kAmzn, Side::kSell, dollars(10'000)), 9);
  EXPECT_EQ(orders.displayed_through(kAmzn, Side::kSell, dollars(9'999)), 0);
  EXPECT_EQ(orders.best_price(kAmzn, Side::kBuy), dollars(10'000));
  EXPECT_EQ(orders.best_price(kAmzn, Side::kSell), dollars(10'000));
  EXPECT_EQ(orders.best_price(kAapl, Side::kSell), kNoPrice);
  orders.on_executed(1, 4, 7);
  EXPECT_EQ(orders.displayed_at(kAmzn, Side::kBuy, dollars(10'000)), 6);
  EXPECT_EQ(orders.open_count(kAmzn), 5u);
  EXPECT_EQ(orders.open_count(), 6u);
}

TEST_F(WorkingOrdersTest, BestPriceCountsOrdersOnTheirWay) {
  send(1, wish(Side::kSell, 1, dollars(10'003)));
  EXPECT_EQ(orders.best_price(kAmzn, Side::kSell), dollars(10'003));
  orders.on_rejected(1);
  EXPECT_EQ(orders.best_price(kAmzn, Side::kSell), kNoPrice);
}

TEST_F(WorkingOrdersTest, VisitMayCloseTheOrderItSees) {
  for (const std::uint32_t ref : {1u, 2u, 3u}) send(ref);
  std::vector<std::uint32_t> seen;
  orders.for_each_open(kAmzn, [&](const Order& order) {
    seen.push_back(order.user_ref);
    orders.on_rejected(order.user_ref);
  });
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{3, 2, 1}));
  EXPECT_EQ(orders.open_count(), 0u);
}

TEST(WorkingOrdersCapacity, RefusesBeyondOpenOrders) {
  WorkingOrders orders(small());
  for (std::uint32_t ref = 1; ref <= 4; ++ref) {
    EXPECT_TRUE(orders.has_room(ref));
    EXPECT_EQ(orders.on_sent(ref, wish(), {}), OrderResult::kOk);
  }
  EXPECT_FALSE(orders.has_room(5));
  EXPECT_EQ(orders.on_sent(5, wish(), {}), OrderResult::kFull);
  EXPECT_EQ(orders.find(5), nullptr);
  EXPECT_EQ(orders.exposure(kAmzn).working_buy, 40);
  orders.on_rejected(2);
  EXPECT_EQ(orders.on_sent(5, wish(), {}), OrderResult::kOk);
}

TEST(WorkingOrdersCapacity, OldOpenOrderIsNeverOverwritten) {
  WorkingOrders orders(small());
  orders.on_sent(1, wish(), {});
  EXPECT_FALSE(orders.has_room(9));  // the same place in a ring of 8
  EXPECT_EQ(orders.on_sent(9, wish(), {}), OrderResult::kFull);
  EXPECT_TRUE(orders.has_room(10));
  orders.on_rejected(1);
  EXPECT_NE(orders.find(1), nullptr);
  EXPECT_EQ(orders.on_sent(9, wish(), {}), OrderResult::kOk);
  EXPECT_EQ(orders.find(1), nullptr);
  EXPECT_EQ(orders.on_executed(1, 1, 1), OrderResult::kUnknownRef);
}

TEST(WorkingOrdersCapacity, ForgetsTheOldestMatchOnly) {
  WorkingOrders orders(small());
  orders.on_sent(1, wish(Side::kBuy, 100), {});
  for (std::uint64_t match = 1; match <= 5; ++match) orders.on_executed(1, 1, match);
  for (std::uint64_t match = 2; match <= 5; ++match) {
    EXPECT_EQ(orders.on_executed(1, 1, match), OrderResult::kDuplicateFill);
  }
  EXPECT_EQ(orders.on_executed(1, 1, 1), OrderResult::kOk);
}

TEST(WorkingOrdersCapacity, LastReferenceOfAllIsUsable) {
  WorkingOrders orders(small());
  EXPECT_EQ(orders.on_sent(0xffffffff, wish(), {}), OrderResult::kOk);
  EXPECT_NE(orders.find(0xffffffff), nullptr);
  EXPECT_FALSE(orders.has_room(0));
  EXPECT_EQ(orders.on_sent(0, wish(), {}), OrderResult::kNotIncreasing);
}

TEST(OrderNames, AllDiffer) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kOrderResults; ++i) {
    names.push_back(name(static_cast<OrderResult>(i)));
  }
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(OrderState::kUnknown); ++i) {
    names.push_back(name(static_cast<OrderState>(i)));
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(std::count(names.begin(), names.end(), "?"), 0);
}

}  // namespace
}  // namespace pyscalp::order
