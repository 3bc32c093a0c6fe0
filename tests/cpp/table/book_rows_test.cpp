#include "table/book_rows.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace pyscalp::table {
namespace {

using book::Touch;

Touch touch(std::int64_t bid, Qty bid_qty, std::int64_t ask, Qty ask_qty) {
  return {Price{bid}, Price{ask}, bid_qty, ask_qty};
}

TEST(OrderFlow, IsTheDefinitionOfContKukanovAndStoikov) {
  const Touch before = touch(100, 5, 102, 7);
  // The bid grows, shrinks, improves, falls.
  EXPECT_EQ(order_flow(before, touch(100, 9, 102, 7)), 4);
  EXPECT_EQ(order_flow(before, touch(100, 2, 102, 7)), -3);
  EXPECT_EQ(order_flow(before, touch(101, 3, 102, 7)), 3);
  EXPECT_EQ(order_flow(before, touch(99, 8, 102, 7)), -5);
  // The ask the other way round.
  EXPECT_EQ(order_flow(before, touch(100, 5, 102, 9)), -2);
  EXPECT_EQ(order_flow(before, touch(100, 5, 101, 4)), -4);
  EXPECT_EQ(order_flow(before, touch(100, 5, 103, 4)), 7);
  EXPECT_EQ(order_flow(before, before), 0);
}

TEST(OrderFlow, AnEmptySideIsInfinitelyFarAway) {
  const Touch nothing;
  const Touch bid_only{Price{100}, kNoPrice, 5, 0};
  EXPECT_EQ(order_flow(nothing, bid_only), 5);
  EXPECT_EQ(order_flow(bid_only, nothing), -5);
  EXPECT_EQ(order_flow(bid_only, touch(100, 5, 102, 7)), -7);
  EXPECT_EQ(order_flow(touch(100, 5, 102, 7), bid_only), 7);
  EXPECT_EQ(order_flow(nothing, nothing), 0);
}

TEST(BookRows, WritesATouchOnlyWhereItIsAnother) {
  BookRows rows({});
  const InstrumentId id{2};
  const book::LevelView bid{Price{100}, 5, 1};
  const book::LevelView ask{Price{101}, 6, 1};
  rows.add_touch({1, 0, 1}, id, bid, ask);
  rows.add_touch({2, 0, 2}, id, bid, ask);
  EXPECT_EQ(rows.top.rows(), 1u);
  rows.add_best({3, 0, 3}, id, Side::kSell, {Price{101}, 7, 2});
  EXPECT_EQ(rows.top.rows(), 2u);
  rows.add_touch({4, 0, 4}, InstrumentId{3}, bid, ask);
  EXPECT_EQ(rows.top.rows(), 3u);
}

TEST(BookRows, LeavesOutWhatIsToldAgainInABulkTrade) {
  BookRows rows({});
  book::EventTrade trade;
  trade.flags = event::kNotPrintable;
  rows.add_trade({}, trade);
  EXPECT_EQ(rows.trades.rows(), 0u);
  trade.flags = 0;
  rows.add_trade({}, trade);
  EXPECT_EQ(rows.trades.rows(), 1u);
}

TEST(BookRows, TablesThatWereNotAskedForStayEmpty) {
  BookRowsConfig config;
  config.top = config.trades = false;
  BookRows rows(config);
  rows.add_touch({}, InstrumentId{1}, {Price{1}, 1, 1}, {Price{2}, 1, 1});
  rows.add_trade({}, {});
  EXPECT_EQ(rows.rows_waiting(), 0u);
  EXPECT_FALSE(rows.follows_levels());
}

}  // namespace
}  // namespace pyscalp::table
