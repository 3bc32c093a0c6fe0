#include "risk/price_collar.hpp"

#include <limits>

#include "fixture.hpp"

namespace pyscalp::risk {
namespace {

// The collar is 1 %: 1.0001 through an ask of 100.01, 1.0 below a bid of 100.
constexpr Price kHighestBuy{101'010'100'000};
constexpr Price kLowestBuy{99'000'000'000};
constexpr Price kLowestSell{99'000'000'000};
constexpr Price kHighestSell{101'010'100'000};
constexpr Price kOne{1};

class PriceCollarTest : public GateTest {};

TEST_F(PriceCollarTest, BuyThroughTheAsk) {
  EXPECT_EQ(ask(buy(1, kHighestBuy - kOne)), Denial::kNone);
  EXPECT_EQ(ask(buy(1, kHighestBuy)), Denial::kNone);
  EXPECT_EQ(ask(buy(1, kHighestBuy + kOne)), Denial::kPriceCollar);
  expect_cancel_passes();
}

TEST_F(PriceCollarTest, BuyAwayFromTheBid) {
  EXPECT_EQ(ask(buy(1, kLowestBuy + kOne)), Denial::kNone);
  EXPECT_EQ(ask(buy(1, kLowestBuy)), Denial::kNone);
  EXPECT_EQ(ask(buy(1, kLowestBuy - kOne)), Denial::kPriceCollar);
}

TEST_F(PriceCollarTest, SellThroughTheBid) {
  EXPECT_EQ(ask(sell(1, kLowestSell + kOne)), Denial::kNone);
  EXPECT_EQ(ask(sell(1, kLowestSell)), Denial::kNone);
  EXPECT_EQ(ask(sell(1, kLowestSell - kOne)), Denial::kPriceCollar);
}

TEST_F(PriceCollarTest, SellAwayFromTheAsk) {
  EXPECT_EQ(ask(sell(1, kHighestSell - kOne)), Denial::kNone);
  EXPECT_EQ(ask(sell(1, kHighestSell)), Denial::kNone);
  EXPECT_EQ(ask(sell(1, kHighestSell + kOne)), Denial::kPriceCollar);
}

TEST_F(PriceCollarTest, NoPriceIsNoOrder) {
  EXPECT_EQ(ask(buy(1, {0})), Denial::kPriceCollar);
  EXPECT_EQ(ask(buy(1, {-1})), Denial::kPriceCollar);
  EXPECT_EQ(ask(sell(1, {std::numeric_limits<std::int64_t>::min()})),
            Denial::kPriceCollar);
}

TEST_F(PriceCollarTest, ReducingOrdersObeyIt) {
  exposure.position = 10;
  EXPECT_EQ(ask(exit_wish(sell(1, kLowestSell), order::Intent::kStop)), Denial::kNone);
  EXPECT_EQ(ask(exit_wish(sell(1, kLowestSell - kOne), order::Intent::kStop)),
            Denial::kPriceCollar);
}

TEST_F(PriceCollarTest, ADeadlineExitHasTenTimesTheRoom) {
  exposure.position = 10;
  const Price lowest{90 * kUnit};
  const auto deadline = [](Price limit) {
    return exit_wish(sell(1, limit), order::Intent::kDeadline);
  };
  EXPECT_EQ(ask(deadline(lowest + kOne)), Denial::kNone);
  EXPECT_EQ(ask(deadline(lowest)), Denial::kNone);
  EXPECT_EQ(ask(deadline(lowest - kOne)), Denial::kPriceCollar);
}

TEST_F(PriceCollarTest, OneSideStandsForBothAndNoneForNothing) {
  exposure.position = 10;
  const order::Wish edge =
      exit_wish(sell(1, Price{kAsk.value / 10 * 9}), order::Intent::kDeadline);
  order::Wish beyond = edge;
  beyond.limit -= kOne;
  market.touch.bid = kNoPrice;
  EXPECT_EQ(ask(edge), Denial::kNone);
  EXPECT_EQ(ask(beyond), Denial::kPriceCollar);
  market.touch.ask = kNoPrice;
  EXPECT_EQ(ask(edge), Denial::kPriceCollar);
}

TEST(PriceCollar, WholeRangeAndNoOverflow) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const book::Touch touch{{kMost - 2}, {kMost - 1}, 1, 1};
  EXPECT_TRUE(inside_collar(buy(1, {kMost - 1}), touch, kMaxCollarE6));
  EXPECT_FALSE(inside_collar(buy(1, kNoPrice), touch, kMaxCollarE6));
  EXPECT_TRUE(inside_collar(sell(1, {1}), touch, kMaxCollarE6));
  EXPECT_FALSE(inside_collar(sell(1, {0}), touch, kMaxCollarE6));
  // Prices of zero are prices.
  EXPECT_TRUE(inside_collar(buy(1, {1}), {{0}, {1}, 1, 1}, 1));
  EXPECT_FALSE(inside_collar(buy(1, {2}), {{0}, {1}, 1, 1}, 1));

  Limits limits;
  limits.price_collar_e6 = kMaxCollarE6;
  limits.deadline_collar_factor = kMost;
  EXPECT_EQ(deadline_collar_e6(limits), kMaxCollarE6);
}

}  // namespace
}  // namespace pyscalp::risk
