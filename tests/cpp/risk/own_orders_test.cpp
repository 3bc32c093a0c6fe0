// Controls on our own orders: how many work, meeting them, sending them twice.
#include "fixture.hpp"
#include "risk/self_match.hpp"

namespace pyscalp::risk {
namespace {

class OwnOrdersTest : public GateTest {};

TEST_F(OwnOrdersTest, WorkingOrders) {
  own.all_working = 8;
  EXPECT_EQ(ask(buy(1)), Denial::kNone) << "the ninth of ten";
  own.all_working = 9;
  EXPECT_EQ(ask(buy(1)), Denial::kNone) << "the tenth";
  own.all_working = 10;
  EXPECT_EQ(ask(buy(1)), Denial::kTooManyWorking);
  own.all_working = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(ask(buy(1)), Denial::kTooManyWorking);
  exposure.position = -1;
  EXPECT_EQ(ask(buy(1)), Denial::kNone) << "closing passes";
  expect_cancel_passes();
}

TEST_F(OwnOrdersTest, BuyDoesNotMeetOurSell) {
  own.best_ask = kAsk;
  EXPECT_EQ(ask(buy(1, kAsk - Price{1})), Denial::kNone);
  EXPECT_EQ(ask(buy(1, kAsk)), Denial::kSelfMatch);
  EXPECT_EQ(ask(buy(1, kAsk + Price{1})), Denial::kSelfMatch);
  own.best_bid = kBid;
  EXPECT_EQ(ask(buy(1, kBid)), Denial::kNone) << "beside our own";
  expect_cancel_passes();
}

TEST_F(OwnOrdersTest, SellDoesNotMeetOurBuyEvenToReduce) {
  own.best_bid = kBid;
  EXPECT_EQ(ask(sell(1, kBid + Price{1})), Denial::kNone);
  EXPECT_EQ(ask(sell(1, kBid)), Denial::kSelfMatch);
  exposure.position = 10;
  EXPECT_EQ(ask(sell(1, kBid - Price{1})), Denial::kSelfMatch);
}

TEST(SelfMatch, NoOrderOfOursIsNoPrice) {
  EXPECT_FALSE(meets_own_order(buy(1, {std::numeric_limits<std::int64_t>::max()}), {}));
  EXPECT_FALSE(
      meets_own_order(sell(1, {std::numeric_limits<std::int64_t>::min()}), {}));
}

TEST_F(OwnOrdersTest, TheSameWishWithinAMillisecond) {
  EXPECT_EQ(ask(buy(1)), Denial::kNone);
  EXPECT_EQ(ask_now(buy(1)), Denial::kDuplicate);
  pass(milliseconds(1) - MonoNanos{1});
  EXPECT_EQ(ask_now(buy(1)), Denial::kDuplicate);
  pass({1});
  EXPECT_EQ(ask_now(buy(1)), Denial::kNone) << "denied ones did not prolong it";
  expect_cancel_passes();
}

TEST_F(OwnOrdersTest, AnyDifferenceIsAnotherWish) {
  ASSERT_TRUE(gate.permit(InstrumentId{8}));
  gate.on_depth(InstrumentId{8}, now, 100'000, 100'000);
  const order::Wish first = buy(1);
  ASSERT_EQ(ask_now(first), Denial::kNone);
  order::Wish other = first;
  other.qty = 2;
  EXPECT_EQ(ask_now(other), Denial::kNone);
  other = first;
  other.limit -= Price{1};
  EXPECT_EQ(ask_now(other), Denial::kNone);
  other = first;
  other.side = Side::kSell;
  EXPECT_EQ(ask_now(other), Denial::kNone);
  other = first;
  other.intent = order::Intent::kTarget;
  EXPECT_EQ(ask_now(other), Denial::kNone);
  other = first;
  other.instrument = InstrumentId{8};
  EXPECT_EQ(ask_now(other), Denial::kNone);
  EXPECT_EQ(ask_now(first), Denial::kDuplicate) << "remembered behind all of them";
}

TEST_F(OwnOrdersTest, ARunawayStopsWhateverItAsks) {
  for (std::size_t i = 0; i < RecentOrders::kCapacity; ++i) {
    ASSERT_EQ(ask_now(buy(1, kBid - Price{static_cast<std::int64_t>(i)})),
              Denial::kNone)
        << i;
  }
  EXPECT_EQ(ask_now(buy(2)), Denial::kRunaway);
  pass(milliseconds(1));
  EXPECT_EQ(ask_now(buy(2)), Denial::kNone);
  expect_cancel_passes();
}

}  // namespace
}  // namespace pyscalp::risk
