// Replaces and cancels, and what they do to priority.
#include <gtest/gtest.h>

#include "open_market.hpp"

namespace pyscalp::exchange {
namespace {

using namespace testing;

using MarketReplaceTest = OpenMarket;

TEST_F(MarketReplaceTest, ShrinkingReplaceKeepsItsPlaceAndReference) {
  enter(buy(1, 1, 200, 100));
  const std::uint64_t reference = reports[0].order_reference;
  enter(buy(2, 1, 100, 100));
  replace(1, 1, 2, 150, 100);
  ASSERT_EQ(kinds(), "U");
  EXPECT_EQ(feed.types, "X");
  EXPECT_EQ(reports[0].order_reference, reference);
  EXPECT_EQ(reports[0].original_ref, 1U);
  EXPECT_EQ(reports[0].client_ref, 2U);
  EXPECT_EQ(reports[0].qty, 150);
  enter(sell(3, 1, 10, 100));
  EXPECT_EQ(reports[1].account, 1U);
  EXPECT_EQ(reports[1].client_ref, 2U);
  EXPECT_EQ(reports[1].leaves, 140);
}

TEST_F(MarketReplaceTest, OtherReplacesQueueAnew) {
  enter(buy(1, 1, 200, 100));
  enter(buy(2, 1, 100, 100));
  replace(1, 1, 2, 200, 100);  // the same size is not smaller
  EXPECT_EQ(feed.types, "U");
  EXPECT_EQ(kinds(), "U");
  replace(2, 1, 2, 101, 100);  // larger
  enter(sell(3, 1, 10, 100));
  EXPECT_EQ(reports[1].account, 1U);
  replace(1, 2, 3, 100, 99.98);  // another price
  EXPECT_EQ(feed.types, "U");
  EXPECT_EQ(reports[0].qty, 90);  // 100 in all, 10 of them executed
  EXPECT_EQ(market.depth(kAbc, Side::kBuy, 5),
            (std::vector{level(100, 101), level(99.98, 90)}));
}

TEST_F(MarketReplaceTest, ReplaceThatTakes) {
  enter(sell(1, 1, 50, 100.05));
  enter(buy(2, 1, 80, 100));
  replace(2, 1, 2, 80, 100.05);
  EXPECT_EQ(kinds(), "UEE");
  EXPECT_EQ(feed.types, "DEA");
  EXPECT_EQ(bid(), level(100.05, 30));
  enter(post_only(buy(2, 3, 10, 99)));
  enter(sell(1, 2, 50, 100.06));
  replace(2, 3, 4, 10, 100.06);
  EXPECT_EQ(kinds(), "UC");
  EXPECT_EQ(reports[1].reason, 'G');
  EXPECT_EQ(feed.types, "D");
}

TEST_F(MarketReplaceTest, ReplaceToWhatIsExecutedEndsTheChain) {
  enter(buy(1, 1, 100, 100));
  enter(sell(2, 1, 40, 100));
  replace(1, 1, 2, 40, 100);
  ASSERT_EQ(kinds(), "U");
  EXPECT_TRUE(reports[0].dead);
  EXPECT_EQ(reports[0].qty, 0);
  EXPECT_EQ(feed.types, "D");
  EXPECT_EQ(market.working_orders(1), 0U);
}

TEST_F(MarketReplaceTest, ReplaceCountsTheWholeChain) {
  enter(buy(1, 1, 100, 100));
  enter(sell(2, 1, 40, 100));
  replace(1, 1, 2, 100, 99.99);
  EXPECT_EQ(reports[0].qty, 60);
  enter(sell(2, 2, 10, 99.99));
  replace(1, 2, 3, 100, 99.98);
  EXPECT_EQ(reports[0].qty, 50);
}

TEST_F(MarketReplaceTest, ReplaceOfNothingIsIgnoredAndOfNonsenseCancels) {
  enter(buy(1, 1, 100, 100));
  enter(buy(1, 2, 100, 100));
  replace(1, 9, 10, 50, 100);  // no such order
  EXPECT_EQ(kinds(), "");
  replace(2, 1, 10, 50, 100);  // not theirs
  EXPECT_EQ(kinds(), "");
  replace(1, 1, 2, 50, 100);  // number in use
  EXPECT_EQ(kinds(), "");
  replace(1, 1, 10, 1'000'000, 100);
  ASSERT_EQ(kinds(), "C");
  EXPECT_EQ(reports[0].client_ref, 1U);
  EXPECT_EQ(feed.types, "D");
  market.replace(1, 2, 11, 50, Price{100'001'000'000}, kNow);
  sync();
  EXPECT_EQ(kinds(), "C");
  EXPECT_EQ(market.working_orders(1), 0U);
}

TEST_F(MarketReplaceTest, CancelDownToATotal) {
  enter(buy(1, 1, 100, 100));
  enter(sell(2, 1, 30, 100));
  cancel(1, 1, 100);  // no smaller than now
  EXPECT_EQ(kinds(), "");
  cancel(1, 1, 50);
  ASSERT_EQ(kinds(), "C");
  EXPECT_EQ(reports[0].qty, 50);
  EXPECT_EQ(reports[0].leaves, 20);
  EXPECT_EQ(reports[0].reason, 'U');
  EXPECT_FALSE(reports[0].dead);
  EXPECT_EQ(feed.types, "X");
  cancel(1, 1, 30);  // as much as was executed
  EXPECT_EQ(feed.types, "D");
  EXPECT_TRUE(reports[0].dead);
  cancel(1, 1, 0);
  EXPECT_EQ(kinds(), "");
  cancel(0, 1, 0);
  EXPECT_EQ(kinds(), "");
}

TEST_F(MarketReplaceTest, AnIcebergGivesUpItsReserveFirst) {
  enter(iceberg(buy(1, 1, 300, 100), 100));
  cancel(1, 1, 150);
  EXPECT_EQ(reports[0].qty, 150);
  EXPECT_TRUE(feed.types.empty());
  cancel(1, 1, 60);
  EXPECT_EQ(feed.types, "X");
  EXPECT_EQ(bid(), level(100, 60));
}

}  // namespace
}  // namespace pyscalp::exchange
