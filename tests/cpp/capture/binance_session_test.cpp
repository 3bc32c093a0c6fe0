#include "capture/binance_session.hpp"

#include <gtest/gtest.h>

#include "capture/recent_ids.hpp"

namespace pyscalp::capture {
namespace {

constexpr MonoNanos at(std::int64_t ms) { return milliseconds(ms); }

std::string futures_depth(int first, int last, int previous) {
  return R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"T":1,"s":)"
         R"("BTCUSDT","U":)" +
         std::to_string(first) + R"(,"u":)" + std::to_string(last) + R"(,"pu":)" +
         std::to_string(previous) + R"(,"b":[],"a":[]}})";
}
std::string spot_depth(int first, int last) {
  return R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"s":)"
         R"("BTCUSDT","U":)" +
         std::to_string(first) + R"(,"u":)" + std::to_string(last) +
         R"(,"b":[],"a":[]}})";
}
std::string trade(int id) {
  return R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":)" +
         std::to_string(id) + R"(,"p":"1","q":"1","T":1,"m":true,"M":true}})";
}
std::string snapshot(int id) {
  return R"({"lastUpdateId":)" + std::to_string(id) + R"(,"bids":[],"asks":[]})";
}

class BinanceSessionTest : public testing::Test {
 protected:
  BinanceSession futures_{true, {"BTCUSDT"}, true};
  BinanceSession spot_{false, {"BTCUSDT"}, true};
};

TEST_F(BinanceSessionTest, TheFirstCopyIsKept) {
  futures_.on_up(at(0));
  EXPECT_TRUE(futures_.on_message(0, futures_depth(8, 10, 7), at(0)));
  EXPECT_FALSE(futures_.on_message(1, futures_depth(8, 10, 7), at(1)));
  EXPECT_TRUE(futures_.on_message(1, futures_depth(11, 12, 10), at(2)));
  EXPECT_FALSE(futures_.on_message(0, futures_depth(11, 12, 10), at(3)));
  EXPECT_TRUE(futures_.on_message(1, trade(12), at(4))) << "another stream";
  EXPECT_EQ(futures_.counters().repeated, 2u);
  EXPECT_EQ(futures_.counters().kinds[0], 2u);
  EXPECT_EQ(futures_.counters().gaps, 0u);
}

TEST_F(BinanceSessionTest, WhatOneConnectionSaysTwiceIsKept) {
  EXPECT_TRUE(spot_.on_message(0, trade(5), at(0)));
  EXPECT_TRUE(spot_.on_message(0, trade(5), at(0)));
  EXPECT_FALSE(spot_.on_message(1, trade(5), at(0)));
}

TEST_F(BinanceSessionTest, WhatHasNoIdIsKnownByItsText) {
  EXPECT_TRUE(spot_.on_message(0, R"({"e":"markPriceUpdate","p":"1"})", at(0)));
  EXPECT_TRUE(spot_.on_message(1, R"({"e":"markPriceUpdate","p":"2"})", at(0)));
  EXPECT_FALSE(spot_.on_message(1, R"({"e":"markPriceUpdate","p":"1"})", at(0)));
  EXPECT_TRUE(spot_.on_message(0, "no JSON", at(0)));
  EXPECT_EQ(spot_.counters().undecodable, 1u);
}

TEST_F(BinanceSessionTest, ASnapshotIsAskedForOnceChangesAreThere) {
  EXPECT_FALSE(futures_.take_snapshot_request(at(0)));
  futures_.on_up(at(0));
  EXPECT_FALSE(futures_.take_snapshot_request(at(1)));
  futures_.on_message(0, futures_depth(8, 10, 7), at(2));
  EXPECT_EQ(futures_.take_snapshot_request(at(2)), 0u);
  EXPECT_FALSE(futures_.take_snapshot_request(at(3'000))) << "one at a time";
  EXPECT_FALSE(futures_.whole());
  EXPECT_TRUE(futures_.on_snapshot(0, snapshot(7), at(4))) << "it begins there";
  EXPECT_TRUE(futures_.whole());
  EXPECT_FALSE(futures_.take_snapshot_request(at(90'000)));
}

TEST_F(BinanceSessionTest, AQuietSymbolIsAskedForToo) {
  spot_.on_up(at(0));
  EXPECT_FALSE(spot_.take_snapshot_request(at(2'999)));
  EXPECT_EQ(spot_.take_snapshot_request(at(3'000)), 0u);
  EXPECT_TRUE(spot_.on_snapshot(0, snapshot(7), at(3'001)));
  spot_.on_message(0, spot_depth(8, 9), at(3'100));
  EXPECT_EQ(spot_.counters().gaps, 0u);
  EXPECT_TRUE(spot_.whole());
}

TEST_F(BinanceSessionTest, AQuietSymbolMayHaveLostTheChangeBehindItsSnapshot) {
  spot_.on_up(at(0));
  spot_.take_snapshot_request(at(3'000));
  spot_.on_snapshot(0, snapshot(7), at(3'001));
  spot_.on_message(0, spot_depth(9, 9), at(3'100));
  ASSERT_EQ(spot_.counters().gaps, 1u);
  EXPECT_EQ(spot_.gaps()[0].after, 7u);
  EXPECT_EQ(spot_.gaps()[0].before, 8u);
  EXPECT_EQ(spot_.take_snapshot_request(at(3'600)), 0u);
}

TEST_F(BinanceSessionTest, AnOldSnapshotIsRefusedAndAskedForLater) {
  spot_.on_up(at(0));
  spot_.on_message(0, spot_depth(8, 9), at(0));
  spot_.take_snapshot_request(at(0));
  EXPECT_FALSE(spot_.on_snapshot(0, snapshot(6), at(10))) << "7 is nowhere";
  EXPECT_FALSE(spot_.take_snapshot_request(at(1'009)));
  EXPECT_EQ(spot_.take_snapshot_request(at(1'010)), 0u);
  spot_.on_snapshot_failed(0, at(1'020));
  EXPECT_FALSE(spot_.take_snapshot_request(at(3'019))) << "twice as long";
  EXPECT_EQ(spot_.take_snapshot_request(at(3'020)), 0u);
  EXPECT_FALSE(spot_.on_snapshot(0, R"({"code":-1121,"msg":"no"})", at(3'030)));
  EXPECT_EQ(spot_.counters().snapshots_failed, 3u);
  spot_.take_snapshot_request(at(9'000));
  EXPECT_TRUE(spot_.on_snapshot(0, snapshot(7), at(9'001)));
}

TEST_F(BinanceSessionTest, AGapIsNamedAndAnsweredByAnotherSnapshot) {
  futures_.on_up(at(0));
  futures_.on_message(0, futures_depth(8, 10, 7), at(0));
  futures_.take_snapshot_request(at(0));
  futures_.on_snapshot(0, snapshot(9), at(1));
  futures_.on_message(0, futures_depth(15, 16, 13), at(1'000));
  ASSERT_EQ(futures_.gaps().size(), 1u);
  EXPECT_EQ(futures_.gaps()[0].symbol, "BTCUSDT");
  EXPECT_EQ(futures_.gaps()[0].after, 10u);
  EXPECT_EQ(futures_.gaps()[0].before, 13u);
  EXPECT_FALSE(futures_.whole());
  EXPECT_EQ(futures_.take_snapshot_request(at(1'000)), 0u);
  EXPECT_FALSE(futures_.on_snapshot(0, snapshot(12), at(1'001))) << "before the break";
  EXPECT_EQ(futures_.take_snapshot_request(at(2'001)), 0u);
  EXPECT_TRUE(futures_.on_snapshot(0, snapshot(16), at(2'002)));
  EXPECT_TRUE(futures_.whole());
}

TEST_F(BinanceSessionTest, WhatWasDroppedBreaksTheBook) {
  futures_.on_up(at(0));
  futures_.on_message(0, futures_depth(8, 10, 7), at(0));
  futures_.take_snapshot_request(at(0));
  futures_.on_snapshot(0, snapshot(9), at(1));
  futures_.on_lost(at(2));
  EXPECT_FALSE(futures_.whole());
  futures_.on_message(0, futures_depth(15, 16, 13), at(600));
  EXPECT_EQ(futures_.counters().gaps, 0u) << "it is counted where it was dropped";
  EXPECT_EQ(futures_.take_snapshot_request(at(600)), 0u);
}

TEST_F(BinanceSessionTest, TradesAreCountedByTheirNumbers) {
  for (const int id : {5, 6, 9}) spot_.on_message(0, trade(id), at(0));
  EXPECT_EQ(spot_.counters().trades_missing, 2u);
  spot_.on_message(1, trade(7), at(0));
  EXPECT_EQ(spot_.counters().trades_missing, 1u) << "another connection had it";
}

TEST_F(BinanceSessionTest, TheVenueMayAskForANewConnection) {
  spot_.on_message(3, R"({"e":"serverShutdown","E":1})", at(0));
  EXPECT_FALSE(spot_.take_renewal(0));
  EXPECT_TRUE(spot_.take_renewal(3));
  EXPECT_FALSE(spot_.take_renewal(3));
}

TEST_F(BinanceSessionTest, WithoutDepthThereIsNothingToAskFor) {
  BinanceSession session(false, {"BTCUSDT"}, false);
  session.on_up(at(0));
  EXPECT_FALSE(session.take_snapshot_request(at(60'000)));
  EXPECT_TRUE(session.whole());
}

TEST_F(BinanceSessionTest, RequestsForSeveralSymbolsTakeTurns) {
  BinanceSession session(false, {"BTCUSDT", "ETHUSDT"}, true);
  session.on_up(at(0));
  EXPECT_EQ(session.take_snapshot_request(at(3'000)), 0u);
  EXPECT_FALSE(session.take_snapshot_request(at(3'499)));
  EXPECT_EQ(session.take_snapshot_request(at(3'500)), 1u);
  EXPECT_FALSE(session.take_snapshot_request(at(4'000)));
}

TEST(RecentIds, OldOnesAreForgotten) {
  RecentIds ids;
  EXPECT_FALSE(ids.repeated(1, 0));
  EXPECT_TRUE(ids.repeated(1, 1));
  for (std::uint64_t id = 2; id <= RecentIds::kMost; ++id) ids.repeated(id, 0);
  EXPECT_TRUE(ids.repeated(1, 1)) << "as many as fit";
  ids.repeated(RecentIds::kMost + 1, 0);
  EXPECT_FALSE(ids.repeated(1, 1));
}

}  // namespace
}  // namespace pyscalp::capture
