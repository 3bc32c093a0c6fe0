#include "risk/order_size.hpp"

#include <limits>

#include "fixture.hpp"

namespace pyscalp::risk {
namespace {

constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();

class OrderSizeTest : public GateTest {};

TEST_F(OrderSizeTest, QuantityAtItsEdge) {
  EXPECT_EQ(ask(buy(99)), Denial::kNone);
  EXPECT_EQ(ask(buy(100)), Denial::kNone);
  EXPECT_EQ(ask(buy(101)), Denial::kOrderQuantity);
  EXPECT_EQ(ask(sell(100)), Denial::kNone);
  EXPECT_EQ(ask(sell(101)), Denial::kOrderQuantity);
  expect_cancel_passes();
}

TEST_F(OrderSizeTest, NoQuantityIsNoOrder) {
  EXPECT_EQ(ask(buy(1)), Denial::kNone);
  EXPECT_EQ(ask(buy(0)), Denial::kOrderQuantity);
  EXPECT_EQ(ask(buy(-1)), Denial::kOrderQuantity);
  EXPECT_EQ(ask(sell(kLeast)), Denial::kOrderQuantity);
  EXPECT_EQ(ask(buy(kMost)), Denial::kOrderQuantity);
}

TEST_F(OrderSizeTest, ReducingOrdersObeyQuantityToo) {
  exposure.position = 200;
  EXPECT_EQ(ask(exit_wish(sell(100, kBid), order::Intent::kStop)), Denial::kNone);
  EXPECT_EQ(ask(exit_wish(sell(101, kBid), order::Intent::kStop)),
            Denial::kOrderQuantity);
}

class OrderValueTest : public GateTest {
 protected:
  static Limits limits() {
    Limits limits = some_limits();
    limits.max_order_value = {1'000 * kUnit};
    return limits;
  }
  OrderValueTest() : GateTest(limits()) {}
};

TEST_F(OrderValueTest, BuyIsWorthItsLimit) {
  EXPECT_EQ(ask(buy(9)), Denial::kNone);
  EXPECT_EQ(ask(buy(10)), Denial::kNone);
  EXPECT_EQ(ask(buy(10, kBid + Price{1})), Denial::kOrderValue);
  EXPECT_EQ(ask(buy(10, kBid - Price{1})), Denial::kNone);
  EXPECT_EQ(ask(buy(11)), Denial::kOrderValue);
  expect_cancel_passes();
}

TEST_F(OrderValueTest, SellIsWorthAtLeastTheBid) {
  const Price low = kBid - Price{kUnit / 10};
  EXPECT_EQ(ask(sell(10, low)), Denial::kNone);
  EXPECT_EQ(ask(sell(11, low)), Denial::kOrderValue);
  market.touch.bid = kBid + Price{1};
  EXPECT_EQ(ask(sell(10, low)), Denial::kOrderValue);
}

TEST_F(OrderValueTest, HugePricesDoNotWrap) {
  EXPECT_EQ(ask(buy(100, Price{kMost - 1})), Denial::kOrderValue);
  EXPECT_EQ(ask(buy(1, kNoPrice)), Denial::kOrderValue);
  EXPECT_EQ(ask(buy(4, Price{std::int64_t{1} << 62})), Denial::kOrderValue);
}

TEST(OrderSize, TheLargestLimitsStillHold) {
  Limits limits = some_limits();
  limits.max_order_qty = kMost;
  limits.max_order_value = {kMost};
  EXPECT_EQ(order_size_denial(buy(kMost, {1}), {}, limits), Denial::kNone);
  EXPECT_EQ(order_size_denial(buy(kMost, {2}), {}, limits), Denial::kOrderValue);
  EXPECT_EQ(order_size_denial(buy(kMost, {kMost}), {}, limits), Denial::kOrderValue);
  EXPECT_EQ(order_size_denial(sell(kMost, {1}), {Price{2}}, limits),
            Denial::kOrderValue);
}

}  // namespace
}  // namespace pyscalp::risk
