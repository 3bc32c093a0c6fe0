// What the crypto venue tells of its market: texts to the letter, ids, chains.
#include "exchange/crypto_publisher.hpp"

#include "crypto_fixture.hpp"

namespace pyscalp::exchange {
namespace {

using testing::CryptoMarket;

TEST(CryptoSymbol, TextsAreExactAndAsWideAsTheVenueWrites) {
  const CryptoSymbol spot = testing::spot_btc();
  EXPECT_EQ(spot.lot_tick(), Price{100});
  EXPECT_EQ(spot.price_text(Price{100 * 6'183'763}), "61837.63000000");
  EXPECT_EQ(spot.qty_text(378'826), "3.78826000");
  const CryptoSymbol usdm = testing::usdm_btc();
  EXPECT_EQ(usdm.price_text({618'002 * usdm.lot_tick().value}), "61800.20");
  EXPECT_EQ(usdm.qty_text(-2'507), "-2.507");
  EXPECT_EQ(money_text({1}), "0.000000001");
  EXPECT_EQ(money_text({-1'500'000'000}), "-1.50000000");
  EXPECT_EQ(parse_e9("0.1"), 100'000'000);
  EXPECT_EQ(parse_e9("1e3"), std::nullopt);
  EXPECT_EQ(parse_e9("-1"), std::nullopt);
  EXPECT_EQ(parse_e9("99999999999999999999"), std::nullopt);
}

TEST(CryptoSymbol, WhatCannotBeTradedIsNamed) {
  EXPECT_EQ(problem_of(testing::spot_btc()), "");
  CryptoSymbol fine = testing::spot_btc();
  fine.tick_e9 = 1'000;
  EXPECT_NE(problem_of(fine).find("multiple of 0.00000001"), std::string::npos);
  CryptoSymbol named = testing::spot_btc();
  named.name = "1000SHIBUSDT";
  EXPECT_NE(problem_of(named).find("1 to 8 characters"), std::string::npos);
}

TEST(CryptoStreams, NamesAreReadAndOthersRefused) {
  const std::vector<CryptoSymbol> symbols{testing::spot_btc()};
  const auto read = [&](const char* name) {
    return parse_stream(name, CryptoProtocol::kSpot, symbols);
  };
  EXPECT_EQ(read("btcusdt@depth")->every_ms, 1000);
  EXPECT_EQ(read("btcusdt@depth@100ms")->every_ms, 100);
  EXPECT_EQ(read("btcusdt@depth20@100ms")->levels, 20);
  EXPECT_EQ(read("btcusdt@trade")->kind, StreamKind::kTrade);
  for (const char* const name :
       {"BTCUSDT@depth", "ethusdt@depth", "btcusdt@depth7", "btcusdt@depth@250ms",
        "btcusdt", "btcusdt@depth@100", "btcusdt@depth@ms", ""}) {
    EXPECT_FALSE(read(name).has_value()) << name;
  }
}

TEST(CryptoPublisher, SpotTellsDiffsTouchesAndTradesInTheVenueSWords) {
  CryptoMarket at(CryptoProtocol::kSpot);
  for (const char* const name : {"btcusdt@depth@100ms", "btcusdt@bookTicker",
                                 "btcusdt@trade", "btcusdt@aggTrade"}) {
    at.subscriptions.add(1, name);
  }
  at.publisher.on_time(at.now.wall);
  EXPECT_EQ(at.limit(1, "BUY", "1", "60000"), 0);
  EXPECT_EQ(at.limit(1, "BUY", "2", "59999.99"), 0);
  EXPECT_EQ(at.limit(2, "SELL", "0.5", "60000", "IOC"), 0);
  auto told = at.told();
  ASSERT_EQ(told.size(), 4U);
  EXPECT_EQ(told[0].text,
            R"({"u":5000000001,"s":"BTCUSDT","b":"60000.00000000","B":"1.00000000",)"
            R"("a":"0.00000000","A":"0.00000000"})");
  EXPECT_EQ(told[1].text,
            R"({"e":"trade","E":1723118400000,"s":"BTCUSDT","t":1099511627776,)"
            R"("p":"60000.00000000","q":"0.50000000","T":1723118400000,"m":true,)"
            R"("M":true})");
  EXPECT_EQ(told[2].text, R"({"e":"aggTrade","E":1723118400000,"s":"BTCUSDT","a":1,)"
                          R"("p":"60000.00000000","q":"0.50000000","f":1099511627776,)"
                          R"("l":1099511627776,"T":1723118400000,"m":true,"M":true})");
  EXPECT_EQ(told[3].stream, "btcusdt@bookTicker");
  // Nothing is due before the interval is over.
  at.publisher.on_time({at.now.wall.value + 99'000'000});
  EXPECT_TRUE(at.told().empty());
  at.publisher.on_time({at.now.wall.value + 100'000'000});
  told = at.told();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].text,
            R"({"e":"depthUpdate","E":1723118400100,"s":"BTCUSDT","U":5000000001,)"
            R"("u":5000000003,"b":[["60000.00000000","0.50000000"],)"
            R"(["59999.99000000","2.00000000"]],"a":[]})");
  EXPECT_EQ(at.publisher.snapshot(at.symbol, 1, at.now.wall),
            R"({"lastUpdateId":5000000003,"bids":[["60000.00000000","0.50000000"]],)"
            R"("asks":[]})");
}

TEST(CryptoPublisher, UsdmChainsByThePreviousIdAndWritesPricesUpward) {
  CryptoMarket at(CryptoProtocol::kUsdm);
  at.subscriptions.add(1, "btcusdt@depth@0ms");
  EXPECT_EQ(at.limit(1, "BUY", "1", "60000"), 0);
  EXPECT_EQ(at.limit(1, "BUY", "2", "59999.9"), 0);
  EXPECT_EQ(at.limit(2, "SELL", "3", "59999.9", "IOC"), 0);
  const auto told = at.told();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[1].text,
            R"({"e":"depthUpdate","E":1723118400000,"T":1723118400000,"s":"BTCUSDT",)"
            R"("U":5000000002,"u":5000000002,"pu":5000000001,)"
            R"("b":[["59999.90","2.000"]],"a":[]})");
  EXPECT_EQ(told[2].text,
            R"({"e":"depthUpdate","E":1723118400000,"T":1723118400000,"s":"BTCUSDT",)"
            R"("U":5000000003,"u":5000000004,"pu":5000000002,)"
            R"("b":[["59999.90","0.000"],["60000.00","0.000"]],"a":[]})");
}

TEST(CryptoPublisher, AWallClockThatIsSetBackStopsNothing) {
  CryptoMarket at(CryptoProtocol::kSpot);
  at.subscriptions.add(1, "btcusdt@depth@100ms");
  at.publisher.on_time(at.now.wall);
  EXPECT_EQ(at.limit(1, "BUY", "1", "60000"), 0);
  at.publisher.on_time({at.now.wall.value - 3'600 * kNanosPerUnit});
  EXPECT_EQ(at.told().size(), 1U);
}

TEST(CryptoPublisher, WhatNobodyAskedForIsNotWritten) {
  CryptoMarket at(CryptoProtocol::kSpot);
  EXPECT_EQ(at.limit(1, "BUY", "1", "60000"), 0);
  at.publisher.on_time({at.now.wall.value + kNanosPerUnit});
  EXPECT_TRUE(at.told().empty());
  at.subscriptions.add(1, "btcusdt@depth5@100ms");
  EXPECT_EQ(at.limit(1, "SELL", "1", "60001"), 0);
  at.publisher.on_time({at.now.wall.value + 3 * kNanosPerUnit});
  const auto told = at.told();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].text,
            R"({"lastUpdateId":5000000002,"bids":[["60000.00000000","1.00000000"]],)"
            R"("asks":[["60001.00000000","1.00000000"]]})");
}

}  // namespace
}  // namespace pyscalp::exchange
