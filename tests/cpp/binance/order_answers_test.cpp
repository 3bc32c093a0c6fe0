// Every shape of answer and event, in the forms that the venue's documents show.
#include "binance/order_answers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/allocations.hpp"
#include "binance/venue_errors.hpp"
#include "fixture.hpp"

namespace pyscalp::binance {
namespace {

using session::CommissionIn;
using session::RejectReason;

struct OrderAnswers : testing::Test {
  OrderAnswers() { EXPECT_TRUE(reader.add_symbol(test::btc_rules(), "BTC", "USDT")); }

  AnswerStatus message(std::string_view json) {
    return reader.read_message(test::bytes_of(json), answer);
  }
  AnswerStatus http(int status, std::string_view body,
                    std::vector<HttpHeader> headers = {}) {
    return reader.read_http(status, headers, test::bytes_of(body), answer);
  }
  static std::string replaced(std::string text, std::string_view from,
                              std::string_view to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }

  AnswerReader reader{1 << 16};
  Answer answer;
  OrderReport report;
  TradeReport trade;
};

const std::string kSpotPlaced = R"({"id":7,"status":200,"result":{"symbol":"BTCUSDT",
"orderId":12569099453,"orderListId":-1,"clientOrderId":"prun-4","transactTime":1660801715793,
"price":"23416.10000000","origQty":"0.00847000","executedQty":"0.00500000",
"origQuoteOrderQty":"0.000000","cummulativeQuoteQty":"117.080500","status":"PARTIALLY_FILLED",
"timeInForce":"GTC","type":"LIMIT","side":"SELL","workingTime":1660801715793,
"fills":[{"price":"23416.10000000","qty":"0.00300000","commission":"0.00070248",
"commissionAsset":"USDT","tradeId":1650422481},{"price":"23416.20000000",
"qty":"0.00200000","commission":"0.00000200","commissionAsset":"BTC","tradeId":1650422482}],
"selfTradePreventionMode":"NONE"},
"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":50,"count":12},
{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":160000,"count":4043},
{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000,"count":321},
{"rateLimitType":"NEWS","interval":"MINUTE","intervalNum":1,"limit":6000,"count":1}]})";

TEST_F(OrderAnswers, SpotOrderWithItsFills) {
  // Lots of 0.001: what is finer is off the grid.
  ASSERT_EQ(message(kSpotPlaced), AnswerStatus::kOk);
  EXPECT_EQ(reader.order(report), AnswerStatus::kOffGrid);
  const std::string json = replaced(kSpotPlaced, "0.00847000", "0.00800000");
  ASSERT_EQ(message(json), AnswerStatus::kOk);
  EXPECT_EQ(answer.kind, AnswerKind::kAnswer);
  EXPECT_TRUE(answer.has_id);
  EXPECT_EQ(answer.id, 7u);
  EXPECT_TRUE(answer.ok());
  ASSERT_EQ(reader.order(report), AnswerStatus::kOk);
  EXPECT_EQ(report.symbol->rules.name(), "BTCUSDT");
  EXPECT_EQ(report.client_id, "prun-4");
  EXPECT_EQ(report.order_id, 12'569'099'453u);
  EXPECT_EQ(report.side, Side::kSell);
  EXPECT_EQ(report.status, OrderStatus::kPartiallyFilled);
  EXPECT_EQ(report.qty, 8);
  EXPECT_EQ(report.filled, 5);
  EXPECT_EQ(report.price, test::unit_price(234'161));
  EXPECT_EQ(report.time, UnixNanos{1'660'801'715'793'000'000});
  EXPECT_FALSE(report.has_trade);

  ASSERT_EQ(reader.next_fill(*report.symbol, trade), AnswerStatus::kOk);
  EXPECT_EQ(trade.id, 1'650'422'481u);
  EXPECT_EQ(trade.qty, 3);
  EXPECT_EQ(trade.price, test::unit_price(234'161));
  EXPECT_EQ(trade.commission_in, CommissionIn::kQuote);
  EXPECT_EQ(trade.commission, Money{702'480});
  ASSERT_EQ(reader.next_fill(*report.symbol, trade), AnswerStatus::kOk);
  EXPECT_EQ(trade.commission_in, CommissionIn::kBase);
  EXPECT_EQ(trade.amount_e8, 200);
  // 0.000002 x 23416.2 = 0.0468324
  EXPECT_EQ(trade.commission, Money{46'832'400});
  EXPECT_EQ(reader.next_fill(*report.symbol, trade), AnswerStatus::kEnd);
  EXPECT_EQ(reader.next_fill(*report.symbol, trade), AnswerStatus::kEnd);

  ASSERT_EQ(answer.used_count, 3u);  // an unknown kind is passed over
  EXPECT_EQ(answer.used[0].kind, RateKind::kOrders);
  EXPECT_EQ(answer.used[0].interval, seconds(10));
  EXPECT_EQ(answer.used[0].count, 12);
  EXPECT_EQ(answer.used[0].limit, 50);
  EXPECT_EQ(answer.used[1].interval, seconds(86'400));
  EXPECT_EQ(answer.used[2].kind, RateKind::kWeight);
  EXPECT_EQ(answer.used[2].interval, seconds(60));
}

TEST_F(OrderAnswers, EveryStatusOfAnOrder) {
  const std::string json = replaced(kSpotPlaced, "0.00847000", "0.00800000");
  const std::pair<const char*, OrderStatus> cases[] = {
      {"NEW", OrderStatus::kNew},
      {"PENDING_NEW", OrderStatus::kPendingNew},
      {"PARTIALLY_FILLED", OrderStatus::kPartiallyFilled},
      {"FILLED", OrderStatus::kFilled},
      {"CANCELED", OrderStatus::kCanceled},
      {"PENDING_CANCEL", OrderStatus::kPendingCancel},
      {"REJECTED", OrderStatus::kRejected},
      {"EXPIRED", OrderStatus::kExpired},
      {"EXPIRED_IN_MATCH", OrderStatus::kExpiredInMatch}};
  for (const auto& [text, status] : cases) {
    ASSERT_EQ(message(replaced(json, "PARTIALLY_FILLED", text)), AnswerStatus::kOk);
    ASSERT_EQ(reader.order(report), AnswerStatus::kOk) << text;
    EXPECT_EQ(report.status, status);
    EXPECT_EQ(is_final(status), text == std::string("FILLED") ||
                                    text == std::string("CANCELED") ||
                                    text == std::string("REJECTED") ||
                                    std::string(text).starts_with("EXPIRED"));
  }
  ASSERT_EQ(message(replaced(json, "PARTIALLY_FILLED", "WHATEVER")), AnswerStatus::kOk);
  EXPECT_EQ(reader.order(report), AnswerStatus::kBadStatus);
}

TEST_F(OrderAnswers, WhatDoesNotFitHasAName) {
  const std::string json = replaced(kSpotPlaced, "0.00847000", "0.00800000");
  const auto order = [&](std::string_view from, std::string_view to) {
    EXPECT_EQ(message(replaced(json, from, to)), AnswerStatus::kOk);
    return reader.order(report);
  };
  EXPECT_EQ(order("\"price\":\"23416.10", "\"price\":\"23416.15"),
            AnswerStatus::kOffGrid);
  EXPECT_EQ(order("\"price\":\"23416.10", "\"price\":\"-23416.1"),
            AnswerStatus::kBadNumber);
  EXPECT_EQ(order("0.00800000", "8e-3"), AnswerStatus::kBadNumber);
  EXPECT_EQ(order("0.00800000", "99999999999999999999"), AnswerStatus::kBadNumber);
  EXPECT_EQ(order("0.00800000\"", "\""), AnswerStatus::kShape);
  EXPECT_EQ(order("\"BTCUSDT\"", "\"ETHUSDT\""), AnswerStatus::kOtherSymbol);
  EXPECT_EQ(order("\"clientOrderId\"", "\"other\""), AnswerStatus::kShape);
  EXPECT_EQ(order("\"orderId\":12569099453", "\"orderId\":\"12569099453\""),
            AnswerStatus::kShape);
  EXPECT_EQ(order("12569099453", "-1"), AnswerStatus::kShape);
  EXPECT_EQ(order("\"SELL\"", "\"BOTH\""), AnswerStatus::kShape);
  EXPECT_EQ(order("\"0.00500000\"", "0.005"), AnswerStatus::kShape);
  EXPECT_EQ(message(""), AnswerStatus::kNotJson);
  EXPECT_EQ(message("{\"id\":1"), AnswerStatus::kNotJson);
  EXPECT_EQ(message("[1]"), AnswerStatus::kShape);
  EXPECT_EQ(message("{\"id\":1}"), AnswerStatus::kShape);
  EXPECT_EQ(message("{\"id\":1,\"status\":\"200\"}"), AnswerStatus::kShape);
  EXPECT_EQ(message("{\"event\":1,\"status\":200}"), AnswerStatus::kShape);
  EXPECT_EQ(message(std::string(1 << 17, ' ')), AnswerStatus::kTooLong);
  EXPECT_EQ(message(std::string(5'000, '[') + std::string(5'000, ']')),
            AnswerStatus::kNotJson);
}

TEST_F(OrderAnswers, CancelsNameTheOrderAndNotTheCancel) {
  ASSERT_EQ(message(R"({"id":9,"status":200,"result":{"symbol":"BTCUSDT",
"origClientOrderId":"prun-4","orderId":12569099453,"orderListId":-1,
"clientOrderId":"91fe37ce9e69c90d6358c0","transactTime":1684804350068,
"price":"23416.10000000","origQty":"0.00800000","executedQty":"0.00100000",
"status":"CANCELED","timeInForce":"GTC","type":"LIMIT","side":"BUY"}})"),
            AnswerStatus::kOk);
  ASSERT_EQ(reader.order(report), AnswerStatus::kOk);
  EXPECT_EQ(report.client_id, "prun-4");
  EXPECT_EQ(report.status, OrderStatus::kCanceled);
  EXPECT_EQ(report.filled, 1);
}

TEST_F(OrderAnswers, ErrorsWithTheirTimes) {
  ASSERT_EQ(message(R"({"id":3,"status":418,"error":{"code":-1003,"msg":"Way too much
 request weight used; IP banned until 1659146400000.","data":{"serverTime":1659142907531,
"retryAfter":1659146400000}},"rateLimits":[]})"),
            AnswerStatus::kNotJson);  // a line break inside a text
  ASSERT_EQ(message(R"({"id":3,"status":418,"error":{"code":-1003,"msg":"Way too much",
"data":{"serverTime":1659142907531,"retryAfter":1659146400000}},"rateLimits":[]})"),
            AnswerStatus::kOk);
  EXPECT_FALSE(answer.ok());
  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.code, -1003);
  EXPECT_EQ(answer.text, "Way too much");
  EXPECT_EQ(answer.retry_after, milliseconds(3'492'469));
  EXPECT_EQ(silence_after(answer), milliseconds(3'492'469));
  ASSERT_EQ(message(R"({"id":null,"status":400,"error":{"code":-1100,"msg":"x"}})"),
            AnswerStatus::kOk);
  EXPECT_FALSE(answer.has_id);
}

TEST_F(OrderAnswers, HttpWithItsHeaders) {
  ASSERT_EQ(http(200, R"({"orderId":1,"symbol":"BTCUSDT","status":"NEW",
"clientOrderId":"prun-9","price":"23416.1","avgPrice":"0.00","origQty":"0.010",
"executedQty":"0","cumQty":"0","timeInForce":"GTX","type":"LIMIT","reduceOnly":false,
"side":"BUY","updateTime":1566818724722})",
                 {{"x-mbx-used-weight-1m", "17"},
                  {"X-MBX-ORDER-COUNT-10S", "3"},
                  {"X-MBX-ORDER-COUNT-1d", "44"},
                  {"X-MBX-USED-WEIGHT", "1"},
                  {"X-MBX-USED-WEIGHT-1X", "1"},
                  {"Retry-After", "x"}}),
            AnswerStatus::kOk);
  ASSERT_EQ(reader.order(report), AnswerStatus::kOk);
  EXPECT_EQ(report.client_id, "prun-9");
  EXPECT_EQ(report.qty, 10);
  ASSERT_EQ(answer.used_count, 3u);
  EXPECT_EQ(answer.used[0].kind, RateKind::kWeight);
  EXPECT_EQ(answer.used[0].interval, seconds(60));
  EXPECT_EQ(answer.used[0].count, 17);
  EXPECT_EQ(answer.used[1].kind, RateKind::kOrders);
  EXPECT_EQ(answer.used[1].interval, seconds(10));
  EXPECT_EQ(answer.used[2].interval, seconds(86'400));
  EXPECT_EQ(answer.retry_after, MonoNanos{});
  // An HTML page in front of the venue.
  ASSERT_EQ(http(502, "<html>Bad Gateway</html>"), AnswerStatus::kOk);
  EXPECT_FALSE(answer.ok());
  EXPECT_TRUE(may_have_happened(answer));
  EXPECT_EQ(http(200, "<html>"), AnswerStatus::kNotJson);
  ASSERT_EQ(http(429, R"({"code":-1003,"msg":"x"})", {{"retry-after", "37"}}),
            AnswerStatus::kOk);
  EXPECT_EQ(silence_after(answer), seconds(37));
  ASSERT_EQ(http(200, R"({"code":200,"msg":"The operation of cancel all open order is
 done."})"),
            AnswerStatus::kNotJson);
  ASSERT_EQ(http(200, R"({"code":200,"msg":"done"})"), AnswerStatus::kOk);
  EXPECT_TRUE(answer.ok());
}

const std::string kSpotTrade = R"({"subscriptionId":0,"event":{"e":"executionReport",
"E":1499405658658,"s":"BTCUSDT","c":"prun-12","S":"BUY","o":"LIMIT","f":"GTC",
"q":"1.00000000","p":"10264.40000000","P":"0.00000000","F":"0.00000000","g":-1,"C":"",
"x":"TRADE","X":"PARTIALLY_FILLED","r":"NONE","i":4293153,"l":"0.40000000",
"z":"0.70000000","L":"10264.30000000","n":"0.10000000","N":"BNB","T":1499405658657,
"t":77,"I":8641984,"w":true,"m":true,"M":false,"O":1499405658657,"Z":"0.0","Y":"0.0",
"Q":"0.0","W":1499405658657,"V":"NONE"}})";

TEST_F(OrderAnswers, SpotTradeEvent) {
  ASSERT_EQ(message(kSpotTrade), AnswerStatus::kOk);
  EXPECT_EQ(answer.kind, AnswerKind::kOrder);
  EXPECT_EQ(answer.event_time, UnixNanos{1'499'405'658'658'000'000});
  ASSERT_EQ(reader.order(report), AnswerStatus::kOk);
  EXPECT_EQ(report.client_id, "prun-12");
  EXPECT_EQ(report.filled, 700);
  ASSERT_TRUE(report.has_trade);
  EXPECT_EQ(report.trade.id, 77u);
  EXPECT_EQ(report.trade.qty, 400);
  EXPECT_EQ(report.trade.price, test::unit_price(102'643));
  EXPECT_TRUE(report.trade.maker);
  EXPECT_EQ(report.trade.commission_in, CommissionIn::kOther);
  EXPECT_EQ(report.trade.commission, Money{});
  EXPECT_EQ(report.trade.amount_e8, 10'000'000);
  EXPECT_EQ(TradedSymbol::text(report.trade.asset), "BNB");
  // A trade without its number is none.
  ASSERT_EQ(message(replaced(kSpotTrade, "\"t\":77", "\"t\":-1")), AnswerStatus::kOk);
  EXPECT_EQ(reader.order(report), AnswerStatus::kShape);
  ASSERT_EQ(message(replaced(kSpotTrade, "10264.30000000", "10264.35000000")),
            AnswerStatus::kOk);
  EXPECT_EQ(reader.order(report), AnswerStatus::kOffGrid);
}

TEST_F(OrderAnswers, SpotCancelEventNamesTheOrder) {
  std::string json = replaced(kSpotTrade, "\"x\":\"TRADE\"", "\"x\":\"CANCELED\"");
  json = replaced(json, "PARTIALLY_FILLED", "CANCELED");
  json = replaced(json, "\"c\":\"prun-12\"", "\"c\":\"web_1\"");
  json = replaced(json, "\"C\":\"\"", "\"C\":\"prun-12\"");
  json = replaced(json, "\"t\":77", "\"t\":-1");
  ASSERT_EQ(message(json), AnswerStatus::kOk);
  ASSERT_EQ(reader.order(report), AnswerStatus::kOk);
  EXPECT_EQ(report.client_id, "prun-12");
  EXPECT_EQ(report.status, OrderStatus::kCanceled);
  EXPECT_FALSE(report.has_trade);
}

TEST_F(OrderAnswers, UsdmOrderEvent) {
  ASSERT_EQ(message(R"({"e":"ORDER_TRADE_UPDATE","E":1568879465651,"T":1568879465650,
"o":{"s":"BTCUSDT","c":"prun-3","S":"SELL","o":"LIMIT","f":"GTX","q":"0.001",
"p":"9910.0","ap":"9910.05","sp":"0","x":"TRADE","X":"FILLED","i":8886774,"l":"0.001",
"z":"0.001","L":"9910.0","N":"USDT","n":"-0.00099100","T":1568879465650,"t":5,"b":"0",
"a":"9.91","m":true,"R":true,"wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"BOTH","cp":false,
"rp":"0","pP":false,"si":0,"ss":0,"V":"EXPIRE_TAKER","pm":"NONE","gtd":0,"er":"0"}})"),
            AnswerStatus::kOk);
  ASSERT_EQ(answer.kind, AnswerKind::kOrder);
  ASSERT_EQ(reader.order(report), AnswerStatus::kOk);
  EXPECT_EQ(report.status, OrderStatus::kFilled);
  EXPECT_EQ(report.trade.commission, Money{-991'000});  // a rebate
  EXPECT_EQ(report.trade.commission_in, CommissionIn::kQuote);
  EXPECT_EQ(message(R"({"e":"ORDER_TRADE_UPDATE","E":1})"), AnswerStatus::kShape);
}

TEST_F(OrderAnswers, OtherEvents) {
  const std::pair<const char*, AnswerKind> cases[] = {
      {R"({"e":"listenKeyExpired","E":1,"listenKey":"k"})",
       AnswerKind::kListenKeyExpired},
      {R"({"event":{"e":"eventStreamTerminated","E":1}})",
       AnswerKind::kStreamTerminated},
      {R"({"event":{"e":"serverShutdown","E":1}})", AnswerKind::kServerShutdown},
      {R"({"e":"TRADE_LITE","E":1,"s":"BTCUSDT"})", AnswerKind::kOtherEvent},
      {R"({"event":{"e":"balanceUpdate","E":1}})", AnswerKind::kOtherEvent}};
  for (const auto& [json, kind] : cases) {
    ASSERT_EQ(message(json), AnswerStatus::kOk) << json;
    EXPECT_EQ(answer.kind, kind) << json;
  }
}

TEST_F(OrderAnswers, BalancesAndPositions) {
  BalanceRow row;
  ASSERT_EQ(message(R"({"subscriptionId":0,"event":{"e":"outboundAccountPosition",
"E":1,"u":1,"B":[{"a":"ETH","f":"10000.000000","l":"0.00000001"}]}})"),
            AnswerStatus::kOk);
  EXPECT_EQ(answer.kind, AnswerKind::kBalances);
  ASSERT_EQ(reader.next_balance(row), AnswerStatus::kOk);
  EXPECT_EQ(row.asset, "ETH");
  EXPECT_EQ(row.free_e8, 1'000'000'000'000);
  EXPECT_EQ(row.locked_e8, 1);
  EXPECT_EQ(reader.next_balance(row), AnswerStatus::kEnd);

  PositionRow position;
  ASSERT_EQ(message(R"({"e":"ACCOUNT_UPDATE","E":1,"T":1,"a":{"m":"ORDER","B":[
{"a":"USDT","wb":"122624.12345678","cw":"100.12345678","bc":"50.1"}],"P":[
{"s":"BTCUSDT","pa":"-0.012","ep":"0.0","ps":"BOTH"},{"s":"ETHUSDT","pa":"1","ps":"BOTH"},
{"s":"BTCUSDT","pa":"20","ps":"LONG"},{"s":"BTCUSDT","pa":"0.0005","ps":"BOTH"},
{"s":"BTCUSDT","pa":"x","ps":"BOTH"},{"s":"BTCUSDT"}]}})"),
            AnswerStatus::kOk);
  ASSERT_EQ(reader.next_balance(row), AnswerStatus::kOk);
  EXPECT_EQ(row.free_e8, 10'012'345'678);
  EXPECT_EQ(row.locked_e8, 12'262'412'345'678 - 10'012'345'678);
  EXPECT_EQ(reader.next_balance(row), AnswerStatus::kEnd);
  ASSERT_EQ(reader.next_position(position), AnswerStatus::kOk);
  EXPECT_EQ(position.qty, -12);
  EXPECT_FALSE(position.hedge);
  EXPECT_EQ(reader.next_position(position), AnswerStatus::kOtherSymbol);
  ASSERT_EQ(reader.next_position(position), AnswerStatus::kOk);
  EXPECT_TRUE(position.hedge);
  EXPECT_EQ(reader.next_position(position), AnswerStatus::kOffGrid);
  EXPECT_EQ(reader.next_position(position), AnswerStatus::kBadNumber);
  EXPECT_EQ(reader.next_position(position), AnswerStatus::kShape);
  EXPECT_EQ(reader.next_position(position), AnswerStatus::kEnd);

  ASSERT_EQ(http(200, R"({"makerCommission":15,"balances":[{"asset":"USDT",
"free":"1.5","locked":"2"},{"asset":"BTC","free":"x","locked":"0"},{"asset":"BTC"}]})"),
            AnswerStatus::kOk);
  ASSERT_EQ(reader.next_balance(row), AnswerStatus::kOk);
  EXPECT_EQ(row.locked_e8, 200'000'000);
  EXPECT_EQ(reader.next_balance(row), AnswerStatus::kBadNumber);
  EXPECT_EQ(reader.next_balance(row), AnswerStatus::kShape);
  EXPECT_EQ(reader.next_balance(row), AnswerStatus::kEnd);

  ASSERT_EQ(http(200, R"([{"symbol":"BTCUSDT","positionSide":"BOTH",
"positionAmt":"0.010"}])"),
            AnswerStatus::kOk);
  ASSERT_EQ(reader.next_position(position), AnswerStatus::kOk);
  EXPECT_EQ(position.qty, 10);
}

TEST_F(OrderAnswers, ListsOfOrdersAndTrades) {
  const std::string order = R"({"symbol":"BTCUSDT","orderId":5,"clientOrderId":"prun-1",
"price":"100.0","origQty":"0.002","executedQty":"0.001","status":"PARTIALLY_FILLED",
"timeInForce":"GTC","type":"LIMIT","side":"BUY","time":1,"updateTime":2})";
  ASSERT_EQ(message("{\"id\":1,\"status\":200,\"result\":[" + order + ",1," +
                    replaced(order, "prun-1", "prun-2") + "]}"),
            AnswerStatus::kOk);
  ASSERT_EQ(reader.next_order(report), AnswerStatus::kOk);
  EXPECT_EQ(report.client_id, "prun-1");
  EXPECT_EQ(reader.next_order(report), AnswerStatus::kShape);
  ASSERT_EQ(reader.next_order(report), AnswerStatus::kOk);
  EXPECT_EQ(report.client_id, "prun-2");
  EXPECT_EQ(reader.next_order(report), AnswerStatus::kEnd);
  EXPECT_EQ(reader.order(report), AnswerStatus::kShape);  // a list is no order

  ASSERT_EQ(http(200, R"([{"symbol":"BTCUSDT","id":28457,"orderId":100234,
"price":"4.0","qty":"0.012","quoteQty":"48.0","commission":"10.1",
"commissionAsset":"USDT","time":1499865549590,"isBuyer":true,"isMaker":true},
{"buyer":false,"commission":"0.1","commissionAsset":"USDT","id":2,"maker":true,
"orderId":3,"price":"4.0","qty":"0","symbol":"BTCUSDT","time":1}])"),
            AnswerStatus::kOk);
  ASSERT_EQ(reader.next_trade(reader.symbols()[0], trade), AnswerStatus::kOk);
  EXPECT_EQ(trade.id, 28'457u);
  EXPECT_EQ(trade.order_id, 100'234u);
  EXPECT_TRUE(trade.maker);
  EXPECT_EQ(trade.time, UnixNanos{1'499'865'549'590'000'000});
  EXPECT_EQ(reader.next_trade(reader.symbols()[0], trade), AnswerStatus::kBadNumber);
  EXPECT_EQ(reader.next_trade(reader.symbols()[0], trade), AnswerStatus::kEnd);
}

TEST_F(OrderAnswers, ListenKeyAndTime) {
  std::string_view key;
  UnixNanos time;
  ASSERT_EQ(http(200, R"({"listenKey":"pqia91ma19a5s61cv6a81"})"), AnswerStatus::kOk);
  ASSERT_EQ(reader.listen_key(key), AnswerStatus::kOk);
  EXPECT_EQ(key, "pqia91ma19a5s61cv6a81");
  EXPECT_EQ(reader.server_time(time), AnswerStatus::kShape);
  ASSERT_EQ(message(R"({"id":1,"status":200,"result":{"serverTime":1656400526260}})"),
            AnswerStatus::kOk);
  ASSERT_EQ(reader.server_time(time), AnswerStatus::kOk);
  EXPECT_EQ(time, UnixNanos{1'656'400'526'260'000'000});
  EXPECT_EQ(reader.listen_key(key), AnswerStatus::kShape);
}

TEST_F(OrderAnswers, ReadingAllocatesNothing) {
  const std::uint64_t before = allocations_of_this_thread();
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(message(kSpotTrade), AnswerStatus::kOk);
    ASSERT_EQ(reader.order(report), AnswerStatus::kOk);
    ASSERT_EQ(message(kSpotPlaced), AnswerStatus::kOk);
    reader.next_fill(reader.symbols()[0], trade);
  }
  EXPECT_EQ(allocations_of_this_thread(), before);
}

TEST(VenueErrors, WhatTheyMean) {
  const auto answer = [](int status, int code, std::string_view text = "") {
    Answer a;
    a.status = status;
    a.code = code;
    a.text = text;
    return a;
  };
  // Whether the request may stand all the same.
  for (const Answer& a :
       {answer(500, 0), answer(503, -1006), answer(400, -1007), answer(503, -1000),
        answer(408, 0), answer(504, -1001), answer(400, 0)}) {
    EXPECT_TRUE(may_have_happened(a)) << a.status << " " << a.code;
  }
  for (const Answer& a :
       {answer(200, 0), answer(503, -1008), answer(400, -2010), answer(429, -1003),
        answer(418, 0), answer(403, 0), answer(400, -1021)}) {
    EXPECT_FALSE(may_have_happened(a)) << a.status << " " << a.code;
  }
  struct Case {
    Market market;
    Answer answer;
    RejectReason reason;
  };
  const Case cases[] = {
      {Market::kSpot, answer(400, -2010, "Order would immediately match and take."),
       RejectReason::kPostOnly},
      {Market::kSpot,
       answer(400, -2010, "Account has insufficient balance for requested action."),
       RejectReason::kFunds},
      {Market::kSpot, answer(400, -2010, "Duplicate order sent."),
       RejectReason::kOther},
      {Market::kUsdm, answer(400, -5022), RejectReason::kPostOnly},
      {Market::kUsdm, answer(400, -2022), RejectReason::kReduceOnly},
      {Market::kSpot, answer(400, -2022), RejectReason::kOther},
      {Market::kUsdm, answer(400, -2019), RejectReason::kFunds},
      {Market::kUsdm, answer(400, -5028), RejectReason::kClock},
      {Market::kSpot, answer(400, -1021), RejectReason::kClock},
      {Market::kSpot, answer(429, -1015), RejectReason::kRate},
      {Market::kSpot, answer(403, 0), RejectReason::kRate},
      {Market::kSpot, answer(401, -2015), RejectReason::kPermission},
      {Market::kSpot, answer(400, -1013, "Filter failure: LOT_SIZE"),
       RejectReason::kRules},
      {Market::kUsdm, answer(400, -4164), RejectReason::kRules},
      {Market::kUsdm, answer(400, -9999), RejectReason::kOther}};
  for (const Case& c : cases) {
    EXPECT_EQ(reject_reason(c.market, c.answer), c.reason)
        << c.answer.code << " " << session::name(reject_reason(c.market, c.answer));
  }
  EXPECT_TRUE(no_such_order(answer(400, -2013)));
  EXPECT_TRUE(no_such_order(answer(400, -2011)));
  EXPECT_TRUE(not_permitted(answer(401, -2014)));
  EXPECT_EQ(silence_after(answer(400, -2010)), MonoNanos{});
  EXPECT_EQ(silence_after(answer(429, -1003)), seconds(60));
  EXPECT_EQ(silence_after(answer(418, 0)), seconds(120));
  EXPECT_EQ(silence_after(answer(403, 0)), seconds(300));
}

}  // namespace
}  // namespace pyscalp::binance
