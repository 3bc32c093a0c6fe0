#include "binance/market_decoder.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "base/allocations.hpp"
#include "base/random.hpp"
#include "decoding.hpp"

namespace pyscalp::binance {
namespace {

constexpr std::string_view kSpotTicker =
    R"({"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"})";
constexpr std::string_view kFuturesTicker =
    R"({"e":"bookTicker","u":5123107839020,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256314})";
constexpr std::string_view kCoinTicker =
    R"({"u":1007202248045,"e":"bookTicker","s":"BTCUSDT","ps":"BTCUSD","b":"61668.6","B":"1243","a":"61668.7","A":"871","T":1723161601262,"E":1723161601269})";
constexpr std::string_view kSpotTrade =
    R"({"e":"trade","E":1723161256322,"s":"ETHUSDT","t":3741985093,"p":"2683.81000000","q":"0.02500000","T":1723161256321,"m":true,"M":true})";
constexpr std::string_view kFuturesTrade =
    R"({"e":"trade","E":1723161256322,"T":1723161256321,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false})";
constexpr std::string_view kAggregate =
    R"({"e":"aggTrade","E":1723161256322,"s":"BTCUSDT","a":26129,"p":"61800.30","q":"0.006","f":100,"l":105,"T":1723161256320,"m":true,"M":true})";
constexpr std::string_view kNewAggregate =
    R"({"e":"aggTrade","E":1723161256322,"s":"BTCUSDT","a":26129,"p":"61800.30","q":"0.006","nq":"0.005","f":100,"l":105,"T":1723161256320,"m":true})";
constexpr std::string_view kSpotDepth =
    R"({"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,"u":50093239202,"b":[["61737.63000000","0.00000000"],["61730.17000000","12.50000000"]],"a":[["61837.64000000","1.54698000"]]})";
constexpr std::string_view kFuturesDepth =
    R"({"e":"depthUpdate","E":1723161256299,"T":1723161256298,"s":"BTCUSDT","U":5123107832006,"u":5123107837557,"pu":5123107831937,"b":[["58710.20","0.014"]],"a":[]})";
constexpr std::string_view kCoinDepth =
    R"({"e":"depthUpdate","E":1723161257440,"T":1723161257432,"s":"BTCUSDT","ps":"BTCUSD","U":1007198631260,"u":1007198631565,"pu":1007198631198,"b":[],"a":[["61773.6","1001"],["61776.4","412"]]})";
constexpr std::string_view kSpotPartial =
    R"({"lastUpdateId":160,"bids":[["61800.01","10"]],"asks":[["61800.02","100.0001"]]})";
constexpr std::string_view kSnapshot =
    R"({"lastUpdateId":1007198635033,"E":1723161257835,"T":1723161257823,"symbol":"BTCUSDT","pair":"BTCUSD","bids":[["61804.7","35"]],"asks":[["61804.8","1"]]})";

std::vector<std::string> known_texts() {
  std::vector<std::string> texts;
  for (const std::string_view data :
       {kSpotTicker, kFuturesTicker, kCoinTicker, kSpotTrade, kFuturesTrade, kAggregate,
        kNewAggregate, kSpotDepth, kFuturesDepth, kCoinDepth, kSnapshot}) {
    texts.emplace_back(data);
    if (data != kSnapshot) texts.push_back(wrapped("btcusdt@depth@100ms", data));
  }
  texts.push_back(wrapped("ethusdt@depth20@100ms", kSpotPartial));
  texts.push_back(wrapped("btcusdt@depth5", kFuturesDepth));
  return texts;
}

class MarketDecoderTest : public testing::Test {
 protected:
  MessageStatus decode(std::string_view text, const Symbol* of = nullptr) {
    // A heap block of its own size: a read past the end is caught under a sanitizer.
    text_ = std::vector<char>(text.begin(), text.end());
    return decoder_.decode(std::as_bytes(std::span(text_)), message_, of);
  }
  /// Both parsers say the same of the text.
  void compare(std::string_view text, const Symbol* of = nullptr) {
    const MessageStatus quick = decode(text, of);
    MarketMessage slow;
    const MessageStatus status = shadow_.decode_by_fields(bytes_of(text), slow, of);
    ASSERT_EQ(quick, status) << name(quick) << " " << name(status) << "\n" << text;
    if (quick == MessageStatus::kOk)
      ASSERT_TRUE(same(message_, slow)) << text;
    else
      EXPECT_FALSE(message_.by_shape);
  }
  const Symbol* bitcoin() const { return symbols_.find("BTCUSDT"); }

  std::vector<SymbolRules> rules_ = spot_rules();
  SymbolTable symbols_{rules_};
  MarketDecoder decoder_{symbols_, {.longest = 1 << 16, .levels = 64}};
  MarketDecoder shadow_{symbols_, {.longest = 1 << 16, .levels = 64}};
  MarketMessage message_;
  std::vector<char> text_;
};

TEST_F(MarketDecoderTest, ReadsATickerOfEachMarket) {
  ASSERT_EQ(decode(wrapped("btcusdt@bookTicker", kSpotTicker)), MessageStatus::kOk);
  EXPECT_TRUE(message_.by_shape);
  EXPECT_EQ(message_.kind, MessageKind::kBookTicker);
  EXPECT_EQ(message_.symbol, bitcoin());
  EXPECT_EQ(message_.last_id, 50093239212u);
  EXPECT_EQ(message_.bid, (PriceLevel{Price{618'376'300}, 378'826}));
  EXPECT_EQ(message_.ask, (PriceLevel{Price{618'376'400}, 154'698}));
  EXPECT_EQ(message_.event_time.value, 0);
  ASSERT_EQ(decode(kFuturesTicker), MessageStatus::kOk);
  EXPECT_TRUE(message_.by_shape);
  EXPECT_EQ(message_.transaction_time, UnixNanos{1'723'161'256'313'000'000});
  EXPECT_EQ(message_.event_time, UnixNanos{1'723'161'256'314'000'000});
  EXPECT_EQ(message_.bid, (PriceLevel{Price{618'002'000}, 250'700}));
  ASSERT_EQ(decode(kCoinTicker), MessageStatus::kOk);
  EXPECT_TRUE(message_.by_shape);
  EXPECT_EQ(message_.ask, (PriceLevel{Price{616'687'000}, 87'100'000}));
}

TEST_F(MarketDecoderTest, ReadsTrades) {
  ASSERT_EQ(decode(kSpotTrade), MessageStatus::kOk);
  EXPECT_EQ(message_.kind, MessageKind::kTrade);
  EXPECT_EQ(message_.symbol, symbols_.find("ETHUSDT"));
  EXPECT_EQ(message_.last_id, 3741985093u);
  EXPECT_EQ(message_.trade, (PriceLevel{Price{268'381'000}, 250}));
  EXPECT_TRUE(message_.buyer_is_maker);
  EXPECT_EQ(message_.transaction_time, UnixNanos{1'723'161'256'321'000'000});
  ASSERT_EQ(decode(kFuturesTrade), MessageStatus::kOk);
  EXPECT_TRUE(message_.by_shape);
  EXPECT_FALSE(message_.buyer_is_maker);
  for (const std::string_view text : {kAggregate, kNewAggregate}) {
    ASSERT_EQ(decode(text), MessageStatus::kOk);
    EXPECT_TRUE(message_.by_shape);
    EXPECT_EQ(message_.kind, MessageKind::kAggregateTrade);
    EXPECT_EQ(message_.last_id, 26129u);
  }
  // What is not of the market is read, and said not to be.
  const std::string fund =
      R"({"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":5,"p":"0","q":"0","X":"INSURANCE_FUND","m":false})";
  ASSERT_EQ(decode(fund), MessageStatus::kOk);
  EXPECT_FALSE(message_.of_market);
}

TEST_F(MarketDecoderTest, ReadsDepth) {
  ASSERT_EQ(decode(kSpotDepth), MessageStatus::kOk);
  EXPECT_EQ(message_.kind, MessageKind::kDepthUpdate);
  EXPECT_EQ(message_.first_id, 50093239189u);
  EXPECT_EQ(message_.last_id, 50093239202u);
  EXPECT_FALSE(message_.has_previous);
  ASSERT_EQ(message_.bids.size(), 2u);
  ASSERT_EQ(message_.asks.size(), 1u);
  EXPECT_EQ(message_.bids[1], (PriceLevel{Price{617'301'700}, 1'250'000}));
  EXPECT_EQ(message_.bids[0].qty, 0);
  ASSERT_EQ(decode(kFuturesDepth), MessageStatus::kOk);
  EXPECT_TRUE(message_.has_previous);
  EXPECT_EQ(message_.previous_id, 5123107831937u);
  EXPECT_TRUE(message_.asks.empty());
  // The stream's name makes it a partial depth, and gives it its symbol on spot.
  ASSERT_EQ(decode(wrapped("btcusdt@depth10@100ms", kFuturesDepth)),
            MessageStatus::kOk);
  EXPECT_TRUE(message_.by_shape);
  EXPECT_EQ(message_.kind, MessageKind::kPartialDepth);
  ASSERT_EQ(decode(wrapped("ethusdt@depth20", kSpotPartial)), MessageStatus::kOk);
  EXPECT_TRUE(message_.by_shape);
  EXPECT_EQ(message_.kind, MessageKind::kPartialDepth);
  EXPECT_EQ(message_.symbol, symbols_.find("ETHUSDT"));
  EXPECT_TRUE(names_partial_depth("x@depth5"));
  EXPECT_FALSE(names_partial_depth("x@depth@100ms"));
  EXPECT_FALSE(names_partial_depth("x@depth50"));
}

TEST_F(MarketDecoderTest, ASnapshotIsOfTheSymbolThatWasAskedFor) {
  ASSERT_EQ(decode(kSpotPartial, bitcoin()), MessageStatus::kOk);
  EXPECT_EQ(message_.kind, MessageKind::kDepthSnapshot);
  EXPECT_EQ(message_.symbol, bitcoin());
  EXPECT_EQ(decode(kSpotPartial), MessageStatus::kMissingField);
  ASSERT_EQ(decode(kSnapshot), MessageStatus::kOk);
  EXPECT_EQ(message_.symbol, bitcoin());
  EXPECT_EQ(decode(kSnapshot, symbols_.find("ETHUSDT")), MessageStatus::kUnknownSymbol);
}

TEST_F(MarketDecoderTest, ReadsAnswersErrorsAndShutdown) {
  ASSERT_EQ(decode(R"({"result":null,"id":1})"), MessageStatus::kOk);
  EXPECT_EQ(message_.kind, MessageKind::kAnswer);
  EXPECT_EQ(message_.last_id, 1u);
  ASSERT_EQ(decode(R"({"result":["btcusdt@depth"],"id":3})"), MessageStatus::kOk);
  EXPECT_EQ(message_.kind, MessageKind::kAnswer);
  ASSERT_EQ(decode(R"({"error":{"code":2,"msg":"Invalid request"},"id":7})"),
            MessageStatus::kOk);
  EXPECT_EQ(message_.kind, MessageKind::kError);
  EXPECT_EQ(message_.error_code, 2);
  EXPECT_EQ(message_.error_text, "Invalid request");
  ASSERT_EQ(decode(R"({"code":-1003,"msg":"Too many requests."})"), MessageStatus::kOk);
  EXPECT_EQ(message_.kind, MessageKind::kError);
  EXPECT_EQ(message_.error_code, -1003);
  ASSERT_EQ(decode(R"({"e":"serverShutdown","E":1770123456789})"), MessageStatus::kOk);
  EXPECT_EQ(message_.kind, MessageKind::kShutdown);
}

TEST_F(MarketDecoderTest, WhatDiffersInShapeIsReadByItsFields) {
  const std::vector<std::string> texts = {
      // Blanks, another order, a field more, an escape, no wrapper order.
      R"( { "u" : 50093239212, "s" : "BTCUSDT", "b":"61837.63", "B":"3.78826", "a":"61837.64", "A":"1.54698" } )",
      R"({"s":"BTCUSDT","A":"1.54698","a":"61837.64","B":"3.78826","b":"61837.63","u":50093239212})",
      R"({"u":50093239212,"s":"BTCUSDT","st":1,"b":"61837.63","B":"3.78826","a":"61837.64","A":"1.54698"})",
      R"({"u":50093239212,"s":"\u0042TCUSDT","b":"61837.63","B":"3.78826","a":"61837.64","A":"1.54698"})",
      R"({"data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63","B":"3.78826","a":"61837.64","A":"1.54698"},"stream":"btcusdt@bookTicker"})",
  };
  for (const std::string& text : texts) {
    ASSERT_EQ(decode(text), MessageStatus::kOk) << text;
    EXPECT_FALSE(message_.by_shape) << text;
    EXPECT_EQ(message_.bid, (PriceLevel{Price{618'376'300}, 378'826})) << text;
    EXPECT_EQ(message_.ask, (PriceLevel{Price{618'376'400}, 154'698})) << text;
  }
  const std::string depth =
      R"({"a":[["2","3"]],"u":7,"b":[["1","1"],["1.5","0.1"]],"U":5,"s":"BTCUSDT","e":"depthUpdate"})";
  ASSERT_EQ(decode(depth), MessageStatus::kOk);
  ASSERT_EQ(message_.bids.size(), 2u);
  ASSERT_EQ(message_.asks.size(), 1u);
  EXPECT_EQ(message_.asks[0].qty, 300'000);
}

TEST_F(MarketDecoderTest, WhatIsWrongHasAName) {
  const auto ticker = [](std::string_view bid, std::string_view qty) {
    return R"({"u":9,"s":"BTCUSDT","b":")" + std::string(bid) + R"(","B":")" +
           std::string(qty) + R"(","a":"61837.64000000","A":"1.54698000"})";
  };
  const std::vector<std::pair<std::string, MessageStatus>> cases = {
      {"", MessageStatus::kNotJson},
      {"null", MessageStatus::kNotJson},
      {"[1,2]", MessageStatus::kNotJson},
      {"{", MessageStatus::kNotJson},
      {std::string(kSpotTicker.substr(0, 60)), MessageStatus::kNotJson},
      {std::string(kSpotDepth.substr(0, 150)), MessageStatus::kNotJson},
      {std::string(kSpotTicker) + "}", MessageStatus::kNotJson},
      {std::string(kSpotTicker) + std::string(kSpotTicker), MessageStatus::kNotJson},
      {std::string(1 << 17, ' '), MessageStatus::kTooLong},
      {R"({"e":"kline","s":"BTCUSDT"})", MessageStatus::kUnknownEvent},
      {R"({})", MessageStatus::kUnknownEvent},
      {R"({"e":"trade","s":"BTCUSDT","t":1,"q":"1","m":true})",
       MessageStatus::kMissingField},
      {R"({"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"b":[]})",
       MessageStatus::kMissingField},
      {R"({"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"b":[["1"]],"a":[]})",
       MessageStatus::kMissingField},
      {R"({"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"b":[[1,2]],"a":[]})",
       MessageStatus::kMissingField},
      {R"({"e":"depthUpdate","s":"BTCUSDT","U":"1","u":2,"b":[],"a":[]})",
       MessageStatus::kMissingField},
      {R"({"e":"depthUpdate","s":"BTCUSDT","U":1,"u":-2,"b":[],"a":[]})",
       MessageStatus::kAbsurdNumber},
      {R"({"e":"depthUpdate","s":"BTCUSDT","U":1,"u":1e9,"b":[],"a":[]})",
       MessageStatus::kAbsurdNumber},
      {R"({"e":"depthUpdate","s":"BTCUSDT","U":1,"u":99999999999999999999,"b":[],"a":[]})",
       MessageStatus::kAbsurdNumber},
      {R"({"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"b":[["0","2"]],"a":[]})",
       MessageStatus::kAbsurdNumber},
      {ticker("-1", "1"), MessageStatus::kAbsurdNumber},
      {ticker("1e5", "1"), MessageStatus::kAbsurdNumber},
      {ticker("", "1"), MessageStatus::kAbsurdNumber},
      {ticker("0", "1"), MessageStatus::kAbsurdNumber},
      {ticker("1", "99999999999999999999"), MessageStatus::kAbsurdNumber},
      {ticker("45035996273705", "1"), MessageStatus::kAbsurdNumber},
      {ticker("61837.635", "1"), MessageStatus::kOffStep},
      {ticker("61837.63", "0.000000001"), MessageStatus::kOffStep},
      {R"({"u":9,"s":"NOSUCH","b":"1","B":"1","a":"2","A":"1"})",
       MessageStatus::kUnknownSymbol},
      {R"({"e":"trade","t":1,"p":"1","q":"1","m":true})",
       MessageStatus::kUnknownSymbol},
  };
  for (const auto& [text, status] : cases) {
    const MessageStatus found = decode(text);
    EXPECT_EQ(found, status) << name(found) << ": " << text.substr(0, 200);
    compare(text);
  }
  EXPECT_EQ(decoder_.counters().by_shape, 0u);
  // A side that nobody quotes.
  ASSERT_EQ(decode(ticker("0.00000000", "0.00000000")), MessageStatus::kOk);
  EXPECT_EQ(message_.bid, (PriceLevel{kNoPrice, 0}));
  // Quantities from before the step was made coarser: a captured one, and dust.
  ASSERT_EQ(decode(ticker("61837.63000000", "25.42618900")), MessageStatus::kOk);
  EXPECT_EQ(message_.bid.qty, 2'542'618);
  EXPECT_TRUE(message_.rounded);
  ASSERT_EQ(decode(ticker("61837.63000000", "0.00000100")), MessageStatus::kOk);
  EXPECT_EQ(message_.bid.qty, 1);
  EXPECT_EQ(decoder_.counters().rounded, 2u);
  std::string many = R"({"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"b":[["1","1"])";
  for (int i = 0; i < 64; ++i) many += R"(,["1","1"])";
  compare(many + R"(],"a":[]})");
  EXPECT_EQ(decode(many + R"(],"a":[]})"), MessageStatus::kTooManyLevels);
}

TEST_F(MarketDecoderTest, NumbersOfAnyLengthAreTheSameByBothParsers) {
  Random random(31);
  const auto digits = [&](std::uint64_t most) {
    std::string text;
    for (std::uint64_t i = random.below(most + 1); i-- > 0;)
      text += static_cast<char>('0' + (random.below(4) == 0 ? 0 : random.below(10)));
    return text;
  };
  const auto number = [&] {
    std::string text = digits(random.below(8) == 0 ? 18 : 6);
    if (random.below(4) != 0) text += '.';
    if (random.below(4) != 0) text += digits(3);
    if (random.below(4) != 0) text += std::string(random.below(9), '0');
    return text;
  };
  int accepted = 0;
  for (int i = 0; i < 40'000; ++i) {
    const std::string_view symbol = rules_[random.below(3)].name();
    std::string text = R"({"u":)" + std::to_string(random.bits() >> random.below(64)) +
                       R"(,"s":")" + std::string(symbol) + R"(","b":")" + number() +
                       R"(","B":")" + number() + R"(","a":")" + number() +
                       R"(","A":")" + number() + R"("})";
    if (random.below(2) == 0) text = wrapped("btcusdt@bookTicker", text);
    ASSERT_NO_FATAL_FAILURE(compare(text));
    accepted += message_.by_shape;
  }
  EXPECT_GT(accepted, 500);
}

// Messages with a byte changed, left out or put in, and cut short: what the quick
// parser takes, simdjson takes, and to the same.
TEST_F(MarketDecoderTest, MutatedMessagesAreTheSameByBothParsers) {
  Random random(5);
  constexpr std::string_view kBytes =
      "\"\"\"{}[]:,.0123456789eE+-\\ \t\nubBaAsTmtrue\x80";
  int by_shape = 0, refused = 0;
  for (const std::string& text : known_texts()) {
    ASSERT_EQ(decode(text, text[2] == 'l' ? bitcoin() : nullptr), MessageStatus::kOk)
        << text;
    EXPECT_TRUE(message_.by_shape) << text;
    for (int round = 0; round < 3'000; ++round) {
      std::string other = text;
      for (std::uint64_t changes = 1 + random.below(2);
           changes-- > 0 && !other.empty();) {
        const std::size_t at = random.below(other.size());
        const char byte = kBytes[random.below(kBytes.size())];
        switch (random.below(4)) {
          case 0:
            other[at] = byte;
            break;
          case 1:
            other.insert(at, 1, byte);
            break;
          case 2:
            other.erase(at, 1);
            break;
          default:
            if (random.below(8) == 0) other.resize(at);
        }
      }
      // What simdjson does not look at may be malformed; the quick parser then refuses.
      decode(other);
      const bool quick = message_.by_shape && decoder_.counters().by_shape != 0;
      by_shape += quick;
      if (quick) {
        ASSERT_NO_FATAL_FAILURE(compare(other)) << other;
      } else {
        ++refused;
      }
    }
  }
  EXPECT_GT(by_shape, 1'000);
  EXPECT_GT(refused, 1'000);
}

TEST_F(MarketDecoderTest, TakesNoMemoryAfterConstruction) {
  std::vector<std::string> texts = known_texts();
  texts.push_back(
      R"({ "e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"b":[["1","1"]],"a":[]})");
  texts.push_back(R"({"error":{"code":2,"msg":"Invalid \u0041 request"},"id":7})");
  texts.push_back(R"({"nonsense":[[[[[[1]]]]]]})");
  texts.push_back(std::string(1 << 17, '['));
  const std::uint64_t before = allocations_of_this_thread();
  for (int round = 0; round < 3; ++round) {
    for (const std::string& text : texts)
      decoder_.decode(bytes_of(text), message_, bitcoin());
  }
  EXPECT_EQ(allocations_of_this_thread(), before);
}

}  // namespace
}  // namespace pyscalp::binance
