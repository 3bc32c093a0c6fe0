#include "capture/binance.hpp"

#include <gtest/gtest.h>

#include "decoding.hpp"

namespace pyscalp::capture {
namespace {

using event::EventKind;
using event::EventSide;
using event::MarketEvent;

const auto kCoins = [] { return BinanceDecoder(100'000'000); };

std::string depth(int first, int last, const std::string& bids, const std::string& asks,
                  int previous = -1) {
  return R"(1723161255030314667 {"stream":"btcusdt@depth","data":{"e":"depthUpdate",)"
         R"("E":1723161256299,"s":"BTCUSDT","U":)" +
         std::to_string(first) + R"(,"u":)" + std::to_string(last) +
         (previous < 0 ? "" : R"(,"pu":)" + std::to_string(previous)) + R"(,"b":[)" +
         bids + R"(],"a":[)" + asks + "]}}\n";
}
std::string snapshot(int id) {
  return R"(1723161255030314667 {"lastUpdateId":)" + std::to_string(id) +
         R"(,"bids":[["9.5","1"]],"asks":[["10.5","2"],["11","3"]]})" + "\n";
}

TEST(Binance, diff) {
  const Events events = decode_all(
      kCoins,
      bytes_of(depth(5, 9, R"(["61800.20","2.507"],["1","0"])", R"(["2","1"])")));
  ASSERT_EQ(events.size(), 3u);
  MarketEvent level;
  level.venue_time = 1'723'161'256'299'000'000;
  level.receipt_time = 1'723'161'255'030'314'667;
  level.sequence = 1;
  level.other = 9;
  level.price = 61'800'200'000'000;
  level.qty = 250'700'000;
  level.instrument = 1;
  level.kind = EventKind::kLevel;
  level.side = EventSide::kBuy;
  level.code = 'd';
  EXPECT_EQ(events[0], level);
  EXPECT_EQ(events[1].qty, 0);
  EXPECT_EQ(events[2].side, EventSide::kSell);
  EXPECT_EQ(events[2].flags, event::kLast);
}

TEST(Binance, trades_and_tickers_of_all_markets) {
  const std::string text =
      R"(1723161255088176367 {"stream":"btcusdt@trade","data":{"e":"trade",)"
      R"("E":1723161256322,"T":1723161256321,"s":"BTCUSDT","t":5266583935,)"
      R"("p":"61800.30","q":"0.006","X":"MARKET","m":false}})"
      "\n"
      R"({"e":"aggTrade","E":1,"s":"BTCUSDT","a":26,"p":"1","q":"2","f":1,"l":2,)"
      R"("T":1,"m":true})"
      "\n"
      R"(1 {"data":{"u":50,"s":"BTCUSDT","b":"1.5","B":"3","a":"0.0","A":"0.0"}})"
      "\n"
      R"(1 {"e":"trade","s":"BTCUSDT","t":1,"p":"0","q":"0","X":"NA","m":true})";
  const Events events = decode_all(kCoins, bytes_of(text), 20);
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].kind, EventKind::kTrade);
  EXPECT_EQ(events[0].side, EventSide::kBuy);
  EXPECT_EQ(events[0].venue_time, 1'723'161'256'321'000'000);
  EXPECT_EQ(events[0].other, 5'266'583'935u);
  EXPECT_EQ(events[0].code, 't');
  EXPECT_EQ(events[1].side, EventSide::kSell);
  EXPECT_EQ(events[1].code, 'a');
  EXPECT_EQ(events[1].other, 26u);
  EXPECT_EQ(events[1].receipt_time, 0);
  EXPECT_EQ(events[2].kind, EventKind::kTouch);
  EXPECT_EQ(events[2].price, 1'500'000'000);
  EXPECT_EQ(events[2].flags, 0);
  EXPECT_EQ(events[2].venue_time, 0);
  EXPECT_EQ(events[3].price, kNoPrice.value);
  EXPECT_EQ(events[3].flags, event::kLast);
  EXPECT_EQ(events[4].kind, EventKind::kOther);
}

TEST(Binance, snapshot_replaces_the_book_and_older_diffs_are_left_out) {
  const std::string text = depth(1, 4, R"(["1","1"])", "") +
                           depth(5, 12, R"(["2","1"])", "") + snapshot(10) +
                           depth(13, 13, R"(["3","1"])", "");
  const Events events = decode_all(kCoins, bytes_of(text), 30);
  ASSERT_EQ(events.size(), 8u);
  EXPECT_EQ(events[2].kind, EventKind::kClear);
  EXPECT_EQ(events[2].flags, event::kSnapshot);
  for (std::size_t i : {3, 4, 5}) EXPECT_EQ(events[i].kind, EventKind::kLevel);
  EXPECT_EQ(events[5].flags, event::kSnapshot);
  // The diff to 12 came first, but the snapshot is of 10: it is told again.
  EXPECT_EQ(events[6].price, 2'000'000'000);
  EXPECT_EQ(events[6].flags, event::kSnapshot | event::kLast);
  EXPECT_EQ(events[6].sequence, 3u);
  EXPECT_EQ(events[7].price, 3'000'000'000);

  auto decoder = kCoins();
  const std::string stale = snapshot(10) + depth(3, 9, R"(["1","1"])", "") +
                            depth(10, 11, R"(["1","2"])", "");
  EXPECT_EQ(decode_in(decoder, bytes_of(stale), 1000).size(), 5u);
  EXPECT_EQ(decoder.counters().more.at("before_snapshot"), 1u);
  EXPECT_EQ(decoder.counters().gaps, 0u);
}

TEST(Binance, broken_chains_are_gaps) {
  const auto gaps = [](const std::string& text) {
    auto decoder = kCoins();
    decode_in(decoder, bytes_of(text), 1000);
    return decoder.counters().gaps;
  };
  const std::string row = R"(["1","1"])";
  EXPECT_EQ(gaps(depth(1, 4, row, "") + depth(5, 9, row, "")), 0u);
  EXPECT_EQ(gaps(depth(1, 4, row, "") + depth(6, 9, row, "")), 1u);
  EXPECT_EQ(gaps(depth(1, 4, row, "", 0) + depth(8, 9, row, "", 4)), 0u);
  EXPECT_EQ(gaps(depth(1, 4, row, "", 0) + depth(8, 9, row, "", 5)), 1u);
  EXPECT_EQ(gaps(snapshot(10) + depth(12, 13, row, "")), 1u);
  EXPECT_EQ(gaps(snapshot(10) + depth(11, 13, row, "")), 0u);
}

TEST(Binance, a_snapshot_takes_the_symbol_of_the_file) {
  const auto chosen = [] {
    BinanceDecoder decoder(100'000'000);
    decoder.choose({"BTCUSDT"}, {});
    return decoder;
  };
  const std::string text = snapshot(3) + depth(4, 5, R"(["1","1"])", "");
  EXPECT_EQ(decode_all(kCoins, bytes_of(text)).size(), 5u);
  EXPECT_EQ(decode_all(chosen, bytes_of(text)).size(), 5u);
  const std::string open_end = text.substr(0, text.size() - 1);
  EXPECT_EQ(decode_all(chosen, bytes_of(open_end)).size(), 5u);
  auto alone = kCoins();
  EXPECT_TRUE(decode_in(alone, bytes_of(snapshot(3)), 10).empty());
  EXPECT_EQ(alone.counters().more.at("snapshot_of_unknown_symbol"), 1u);
}

TEST(Binance, partial_depth_is_a_snapshot_every_time) {
  const std::string text =
      R"(1 {"stream":"ethusdt@depth5@100ms","data":{"lastUpdateId":7,)"
      R"("bids":[["1","2"]],"asks":[]}})"
      "\n"
      R"(1 {"stream":"ethusdt@depth20","data":{"e":"depthUpdate","s":"ETHUSDT","U":1,)"
      R"("u":9,"pu":0,"b":[["1","2"]],"a":[["2","2"]]}})";
  auto decoder = kCoins();
  const Events events = decode_in(decoder, bytes_of(text), 40);
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].kind, EventKind::kClear);
  EXPECT_EQ(events[2].kind, EventKind::kClear);
  EXPECT_EQ(decoder.instruments().symbols().at(1), "ETHUSDT");
}

TEST(Binance, bad_lines_are_counted_and_skipped) {
  const std::string good = depth(1, 2, R"(["1","1"])", "");
  for (const char* bad :
       {"x", "1", "{", "1 {}x", "1 {\"e\":\"trade\"}", "1 [1]", "x {\"e\":\"trade\"}",
        R"(1 {"e":"depthUpdate","s":"A","U":1,"u":2,"b":[["1"]],"a":[]})",
        R"(1 {"e":"depthUpdate","s":"A","U":1,"u":2,"b":[["1","x"]],"a":[]})",
        R"(1 {"e":"depthUpdate","s":"A","U":1,"u":2,"b":[["1","1"])",
        R"(1 {"e":"trade","s":"A","t":1,"p":"1","q":"1","m":maybe})"}) {
    auto decoder = kCoins();
    const Events events =
        decode_in(decoder, bytes_of(std::string(bad) + "\n" + good), 30);
    EXPECT_EQ(events.size(), 1u) << bad;
    EXPECT_EQ(decoder.counters().undecodable, 1u) << bad;
    EXPECT_EQ(decoder.counters().messages, 2u);
  }
}

TEST(Binance, other_messages_are_counted_by_name) {
  auto decoder = kCoins();
  decode_in(decoder,
            bytes_of("1 {\"e\":\"kline\",\"s\":\"A\"}\n1 {\"result\":null,\"id\":1}\n"),
            9);
  EXPECT_EQ(decoder.counters().more.at("other kline"), 1u);
  EXPECT_EQ(decoder.counters().more.at("other control"), 1u);
  // A name that is no text is not carried on as one.
  BinanceDecoder odd = kCoins();
  Events none;
  odd.feed(bytes_of("1723161255030314667 {\"stream\":\"a\x80\x01\",\"data\":{}}\n"),
           none);
  odd.finish(none);
  EXPECT_EQ(odd.counters().more.at("other a??"), 1u);
}

TEST(Binance, decimals_beyond_the_step_end_the_reading) {
  auto decoder = kCoins();
  const std::string text = depth(1, 2, R"(["1","1"])", "") +
                           depth(3, 4, R"(["1","0.000000001"])", "") +
                           depth(5, 6, R"(["1","1"])", "");
  EXPECT_EQ(decode_in(decoder, bytes_of(text), 100).size(), 1u);
  EXPECT_NE(
      decoder.failure().find("line 2 has a quantity of 0.000000001, which is too fine"),
      std::string::npos)
      << decoder.failure();
  BinanceDecoder finer(1'000'000'000);
  EXPECT_EQ(decode_in(finer, bytes_of(text), 100).size(), 3u);
  EXPECT_EQ(finer.qty_scale(), 1'000'000'000);
}

TEST(Binance, times_in_ms_us_and_ns) {
  EXPECT_EQ(to_nanoseconds(1'723'161'256'322), 1'723'161'256'322'000'000);
  EXPECT_EQ(to_nanoseconds(1'723'161'256'322'001), 1'723'161'256'322'001'000);
  EXPECT_EQ(to_nanoseconds(1'723'161'256'322'001'002), 1'723'161'256'322'001'002);
  EXPECT_EQ(to_nanoseconds(UINT64_MAX), 0);
  for (const std::uint64_t time : {9'223'372'036'854u, 9'223'372'036'855u}) {
    EXPECT_GE(to_nanoseconds(time), 0);
  }
}

TEST(Binance, a_cut_last_line) {
  const std::string text =
      depth(1, 2, R"(["1","1"])", "") + depth(3, 4, R"(["1","1"])", "");
  const std::size_t line = text.find('\n') + 1;
  for (std::size_t size = line + 1; size < text.size() - 1; ++size) {
    auto decoder = kCoins();
    EXPECT_EQ(decode_in(decoder, bytes_of(text).first(size), 64).size(), 1u) << size;
    EXPECT_TRUE(decoder.cut());
    EXPECT_EQ(decoder.failed_at(), line);
    EXPECT_EQ(decoder.counters().messages, 1u);
    EXPECT_EQ(decoder.counters().undecodable, 0u);
  }
}

}  // namespace
}  // namespace pyscalp::capture
