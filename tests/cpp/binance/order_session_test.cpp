// The session step by step: what it asks, what it tells, and what it will not do.
#include "binance/order_session.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/allocations.hpp"
#include "fixture.hpp"
#include "order/working_orders.hpp"
#include "venue_model.hpp"

namespace pyscalp::binance {
namespace {

using Lines = std::vector<std::string>;

/// Writes down what the session tells.
struct Recorder {
  Lines lines;

  void add(const std::string& text) { lines.push_back(text); }
  static std::string ref(std::uint32_t user_ref) { return std::to_string(user_ref); }
  void on_accepted(const session::OrderAccepted& e) {
    add("accepted " + ref(e.user_ref) + " as " + std::to_string(e.order_reference));
  }
  void on_executed(const session::OrderExecuted& e) {
    add("executed " + ref(e.user_ref) + " " + std::to_string(e.qty) + " match " +
        std::to_string(e.match));
  }
  void on_canceled(const session::OrderCanceled& e) {
    add("canceled " + ref(e.user_ref) + " " + std::to_string(e.qty) + " " +
        std::string(session::name(e.reason)));
  }
  void on_rejected(const session::OrderRejected& e) {
    add("rejected " + ref(e.user_ref) + " " + std::to_string(e.code) + " " +
        std::string(session::name(e.reason)));
  }
  void on_unknown(const session::OrderUnknown& e) { add("unknown " + ref(e.user_ref)); }
  void on_reconciled(const session::OrderReconciled& e) {
    add("reconciled " + ref(e.user_ref) + " " + std::to_string(e.leaves));
  }
  void on_foreign_execution(const session::ForeignExecution& e) {
    add("foreign " + std::to_string(e.qty * sign(e.side)));
  }
  void on_balance(const session::AssetBalance& e) {
    add("balance " + std::string(e.asset) + " " + std::to_string(e.free_e8));
  }
  void on_position(const session::HeldPosition& e) {
    add("position " + std::to_string(e.qty));
  }
  void on_live(const session::SessionLive& e) {
    add(e.resumed ? "live again" : "live");
  }
  void on_lost_message(const session::LostMessage& e) {
    add("lost " + std::string(e.what));
  }
  void on_refused(const session::SessionRefused& e) {
    add("refused " + std::to_string(e.code));
  }
  Lines take() { return std::exchange(lines, {}); }
};

class OrderSessionTest : public testing::Test {
 protected:
  struct Asked {
    std::uint64_t id = 0;
    Lane lane = Lane::kWebSocket;
    std::string verb, text;
    std::string method() const {
      return lane == Lane::kHttp ? verb + " " + text.substr(0, text.find('?'))
                                 : test::param(text, "method");
    }
  };

  void make(Market market, Lane orders_by = Lane::kWebSocket) {
    OrderSessionOptions options;
    options.market = market;
    options.run = RunName("r2");
    options.orders_by = orders_by;
    options.answer_capacity = 1 << 16;
    session.emplace(options, signer);
    EXPECT_TRUE(session->add_symbol(test::btc_rules(), "BTC", "USDT"));
    session->set_clock(UnixNanos{1'700'000'000'000'000'000}, now);
  }
  std::optional<Asked> asked(Lane lane = Lane::kWebSocket) {
    const auto request = session->next_request(lane, now);
    if (!request) return std::nullopt;
    Asked copy{request->id, lane, std::string(request->verb),
               std::string(request->text)};
    session->request_sent(lane);
    return copy;
  }
  /// The next request, which must be this one.
  Asked expect(std::string_view method, Lane lane = Lane::kWebSocket) {
    const auto request = asked(lane);
    EXPECT_TRUE(request) << method;
    if (!request) return {};
    EXPECT_EQ(request->method(), method);
    return *request;
  }
  void give(const std::string& json) {
    session->on_answer(test::bytes_of(json), now, told);
  }
  void result(const Asked& request, const std::string& body) {
    if (request.lane == Lane::kHttp) {
      session->on_http_answer(request.id, 200, {}, test::bytes_of(body), now, told);
    } else {
      give("{\"id\":" + std::to_string(request.id) +
           ",\"status\":200,\"result\":" + body + "}");
    }
  }
  void error(const Asked& request, int status, int code, const std::string& text = "x",
             const std::string& data = "") {
    const std::string body =
        "{\"code\":" + std::to_string(code) + ",\"msg\":\"" + text + "\"" + data + "}";
    if (request.lane == Lane::kHttp) {
      session->on_http_answer(request.id, status, {}, test::bytes_of(body), now, told);
    } else {
      give("{\"id\":" + std::to_string(request.id) +
           ",\"status\":" + std::to_string(status) + ",\"error\":" + body + "}");
    }
  }
  void pass(MonoNanos time) {
    now += time;
    session->on_time(now, told);
  }
  void go_live_spot() {
    make(Market::kSpot);
    session->on_up(Connection::kApi, now, told);
    result(expect("userDataStream.subscribe.signature"), "{\"subscriptionId\":0}");
    result(expect("account.status"), "{\"balances\":[]}");
    result(expect("openOrders.status"), "[]");
    ASSERT_TRUE(session->live());
    told.take();
  }
  void go_live_usdm() {
    make(Market::kUsdm);
    session->on_up(Connection::kApi, now, told);
    session->on_up(Connection::kHttp, now, told);
    result(expect("userDataStream.start"), "{\"listenKey\":\"abc\"}");
    ASSERT_EQ(session->listen_key(), "abc");
    session->on_up(Connection::kUserStream, now, told);
    result(expect("v2/account.position"), "[]");
    result(expect("v2/account.balance"), "[]");
    result(expect("GET /fapi/v1/openOrders", Lane::kHttp), "[]");
    ASSERT_TRUE(session->live());
    told.take();
  }
  std::uint32_t send(Qty qty = 5, bool post_only = false,
                     order::Intent intent = order::Intent::kEntry) {
    order::Wish wish;
    wish.instrument = test::kBtc;
    wish.qty = qty;
    wish.limit = test::unit_price(300'000);
    wish.post_only = post_only;
    wish.intent = intent;
    auto gated = gate.pass(wish);
    return gated ? session->send(*std::move(gated), now) : 0;
  }
  bool cancel(std::uint32_t user_ref) {
    return session->cancel(gate.cancel(user_ref), now);
  }
  static std::string order(std::uint32_t user_ref, const std::string& status,
                           const std::string& filled = "0",
                           const std::string& more = "") {
    return "{\"symbol\":\"BTCUSDT\",\"orderId\":" + std::to_string(100 + user_ref) +
           ",\"clientOrderId\":\"pr2-" + std::to_string(user_ref) +
           "\",\"price\":\"30000\",\"origQty\":\"0.005\",\"executedQty\":\"" + filled +
           "\",\"status\":\"" + status + "\",\"side\":\"BUY\"" + more + "}";
  }
  static std::string fill(int id, const std::string& qty) {
    return "{\"price\":\"30000\",\"qty\":\"" + qty +
           "\",\"commission\":\"0\",\"commissionAsset\":\"USDT\",\"orderId\":101,"
           "\"tradeId\":" +
           std::to_string(id) + "}";
  }
  /// A spot event of order 1, of five lots.
  static std::string event(const std::string& execution, const std::string& status,
                           const std::string& filled, const std::string& last = "0",
                           int trade = -1, const std::string& client = "pr2-1") {
    return "{\"subscriptionId\":0,\"event\":{\"e\":\"executionReport\",\"E\":1,\"s\":"
           "\"BTCUSDT\",\"c\":\"" +
           client +
           "\",\"C\":\"\",\"S\":\"BUY\",\"q\":\"0.005\",\"p\":\"30000\",\"x\":\"" +
           execution + "\",\"X\":\"" + status + "\",\"i\":101,\"l\":\"" + last +
           "\",\"z\":\"" + filled +
           "\",\"L\":\"30000\",\"T\":1,\"t\":" + std::to_string(trade) +
           ",\"m\":true,\"n\":\"0\",\"N\":\"USDT\"}}";
  }

  Signer signer{KeyKind::kHmac, test::kSampleApiKey, test::kSampleSecret};
  std::optional<OrderSession> session;
  MonoNanos now{seconds(100)};
  Recorder told;
  session::OpenGate gate;
};

TEST_F(OrderSessionTest, SpotIsLiveWhenItIsInStep) {
  make(Market::kSpot);
  EXPECT_EQ(session->state(), session::SessionState::kDisconnected);
  EXPECT_EQ(send(), 0u);
  session->on_up(Connection::kApi, now, told);
  EXPECT_EQ(session->state(), session::SessionState::kLoggingIn);
  const Asked subscribe = expect("userDataStream.subscribe.signature");
  EXPECT_FALSE(asked());  // nothing before user data is listened to
  result(subscribe, "{\"subscriptionId\":0}");
  EXPECT_EQ(session->state(), session::SessionState::kSynchronising);
  result(
      expect("account.status"),
      "{\"balances\":[{\"asset\":\"USDT\",\"free\":\"5\",\"locked\":\"0\"},{\"asset\":"
      "\"DOGE\",\"free\":\"5\",\"locked\":\"0\"}]}");
  EXPECT_EQ(send(), 0u);
  result(expect("openOrders.status"), "[]");
  EXPECT_EQ(told.take(), (Lines{"balance USDT 500000000", "live"}));
  EXPECT_EQ(session->state(), session::SessionState::kLive);
  EXPECT_EQ(send(), 1u);
}

TEST_F(OrderSessionTest, UsdmIsLiveWhenItIsInStep) {
  make(Market::kUsdm, Lane::kHttp);
  session->on_up(Connection::kHttp, now, told);
  result(expect("POST /fapi/v1/listenKey", Lane::kHttp), "{\"listenKey\":\"abc\"}");
  EXPECT_EQ(session->listen_key(), "abc");
  EXPECT_EQ(session->listen_key_number(), 1u);
  EXPECT_FALSE(asked(Lane::kHttp));
  session->on_up(Connection::kUserStream, now, told);
  result(expect("GET /fapi/v3/positionRisk", Lane::kHttp),
         "[{\"symbol\":\"BTCUSDT\",\"positionSide\":\"BOTH\",\"positionAmt\":\"-0."
         "003\"}]");
  result(expect("GET /fapi/v3/balance", Lane::kHttp), "[]");
  result(expect("GET /fapi/v1/openOrders", Lane::kHttp), "[]");
  EXPECT_EQ(told.take(), (Lines{"position -3", "live"}));
  EXPECT_EQ(send(5, false, order::Intent::kStop), 1u);
  const Asked place = expect("POST /fapi/v1/order", Lane::kHttp);
  EXPECT_EQ(test::param(place.text, "reduceOnly"), "true");
  EXPECT_EQ(test::param(place.text, "newClientOrderId"), "pr2-1");
  EXPECT_EQ(session->api_key(), test::kSampleApiKey);
  // The key is kept alive.
  result(place, order(1, "NEW"));
  pass(seconds(30 * 60));
  result(expect("PUT /fapi/v1/listenKey", Lane::kHttp), "{}");
  EXPECT_TRUE(session->live());
}

TEST_F(OrderSessionTest, ALogonTakesTheSignaturesOffTheOrders) {
  Signer ed(KeyKind::kEd25519, test::kSampleApiKey, test::kSamplePem);
  OrderSessionOptions options;
  options.run = RunName("r2");
  options.logon = true;
  session.emplace(options, ed);
  EXPECT_TRUE(session->add_symbol(test::btc_rules(), "BTC", "USDT"));
  session->set_clock(UnixNanos{1'700'000'000'000'000'000}, now);
  session->on_up(Connection::kApi, now, told);
  const Asked logon = expect("session.logon");
  EXPECT_FALSE(test::param(logon.text, "signature").empty());
  result(logon, "{}");
  result(expect("userDataStream.subscribe"), "{\"subscriptionId\":0}");
  result(expect("account.status"), "{\"balances\":[]}");
  result(expect("openOrders.status"), "[]");
  EXPECT_EQ(send(), 1u);
  const Asked place = expect("order.place");
  EXPECT_TRUE(test::param(place.text, "signature").empty());
  EXPECT_TRUE(test::param(place.text, "apiKey").empty());
  EXPECT_EQ(test::param(place.text, "timestamp"), "1700000000000");
}

TEST_F(OrderSessionTest, WhatAnEarlierRunLeftIsCancelled) {
  make(Market::kSpot);
  session->on_up(Connection::kApi, now, told);
  result(expect("userDataStream.subscribe.signature"), "{}");
  result(expect("account.status"), "{\"balances\":[]}");
  const auto list = [&](const std::string& client) {
    std::string json = order(9, "NEW");
    return json.replace(json.find("pr2-9"), 5, client);
  };
  result(expect("openOrders.status"),
         "[" + list("pr1-77") + "," + list("web_abc") + "," + list("pr2-5") + "]");
  const Asked first = expect("order.cancel");
  EXPECT_EQ(test::param(first.text, "origClientOrderId"), "pr1-77");
  const Asked second = expect("order.cancel");  // of this name, but not of this life
  EXPECT_EQ(test::param(second.text, "origClientOrderId"), "pr2-5");
  EXPECT_FALSE(asked());
  EXPECT_FALSE(session->live());
  result(first, "{}");
  pass(seconds(1));
  // It is live when they are seen to be gone; a stranger's order stays.
  result(expect("openOrders.status"), "[" + list("web_abc") + "]");
  EXPECT_TRUE(session->live());
  EXPECT_EQ(session->count(SessionCount::kLeftovers), 2u);
  EXPECT_EQ(session->count(SessionCount::kForeignOrders), 2u);
}

TEST_F(OrderSessionTest, NewsComesTwiceAndIsToldOnce) {
  go_live_spot();
  ASSERT_EQ(send(), 1u);
  const Asked place = expect("order.place");
  give(event("TRADE", "PARTIALLY_FILLED", "0.002", "0.002", 7));  // before the answer
  give(event("NEW", "NEW", "0"));                                 // and before NEW
  result(place,
         order(1, "PARTIALLY_FILLED", "0.003",
               ",\"fills\":[" + fill(7, "0.002") + "," + fill(8, "0.001") + "]"));
  give(event("TRADE", "PARTIALLY_FILLED", "0.003", "0.001", 8));
  give(event("TRADE", "FILLED", "0.005", "0.002", 9));
  give(event("TRADE", "FILLED", "0.005", "0.002", 9));
  EXPECT_EQ(told.take(), (Lines{"accepted 1 as 101", "executed 1 2 match 7",
                                "executed 1 1 match 8", "executed 1 2 match 9"}));
  EXPECT_EQ(session->open_count(), 0u);
  EXPECT_EQ(session->count(SessionCount::kRepeats), 3u);
}

TEST_F(OrderSessionTest, AnIocEndsAsACancel) {
  go_live_spot();
  order::Wish wish;
  wish.instrument = test::kBtc;
  wish.qty = 5;
  wish.limit = test::unit_price(300'000);
  wish.time_in_force = order::TimeInForce::kIoc;
  auto gated = gate.pass(wish);
  ASSERT_EQ(session->send(*std::move(gated), now), 1u);
  result(expect("order.place"),
         order(1, "EXPIRED", "0.002", ",\"fills\":[" + fill(7, "0.002") + "]"));
  EXPECT_EQ(told.take(), (Lines{"accepted 1 as 101", "executed 1 2 match 7",
                                "canceled 1 3 expired"}));
}

TEST_F(OrderSessionTest, PostOnlyRefusalsHaveTheirName) {
  go_live_spot();
  ASSERT_EQ(send(5, true), 1u);
  error(expect("order.place"), 400, -2010, "Order would immediately match and take.");
  EXPECT_EQ(told.take(), (Lines{"rejected 1 -2010 post_only"}));
  ASSERT_EQ(send(5, true), 2u);
  result(expect("order.place"), order(2, "EXPIRED"));
  EXPECT_EQ(told.take(), (Lines{"accepted 2 as 102", "canceled 2 5 post_only"}));
}

TEST_F(OrderSessionTest, AnAnswerThatDoesNotTellIsAskedFor) {
  go_live_spot();
  ASSERT_EQ(send(), 1u);
  error(expect("order.place"), 500, -1007);
  EXPECT_EQ(told.take(), (Lines{"unknown 1"}));
  EXPECT_TRUE(session->live());
  pass(milliseconds(500));
  const Asked status = expect("order.status");
  EXPECT_EQ(test::param(status.text, "origClientOrderId"), "pr2-1");
  // It is not there: it may still come, so it goes on to count.
  error(status, 400, -2013);
  EXPECT_EQ(session->unknown_count(), 1u);
  for (int i = 0; i < 12; ++i) {
    pass(seconds(1));
    error(expect("order.status"), 400, -2013);
  }
  EXPECT_EQ(told.take(), Lines{});
  pass(seconds(1));
  // The receive window and the time that the venue may take are over.
  error(expect("order.status"), 400, -2013);
  EXPECT_EQ(told.take(), (Lines{"reconciled 1 0"}));
  EXPECT_FALSE(asked());
}

TEST_F(OrderSessionTest, MissingTradesAreFetched) {
  go_live_spot();
  ASSERT_EQ(send(), 1u);
  expect("order.place");
  pass(seconds(2));  // no answer
  EXPECT_EQ(told.take(), (Lines{"unknown 1"}));
  result(expect("order.status"), order(1, "PARTIALLY_FILLED", "0.003"));
  EXPECT_EQ(told.take(), (Lines{"accepted 1 as 101"}));
  const Asked trades = expect("myTrades");
  EXPECT_EQ(test::param(trades.text, "orderId"), "101");
  std::string rows = "[" + fill(7, "0.001") + "," + fill(8, "0.002") + "]";
  for (std::size_t at; (at = rows.find("tradeId")) != std::string::npos;) {
    rows.replace(at, 7, "id");
  }
  result(trades, rows);
  EXPECT_EQ(told.take(),
            (Lines{"executed 1 1 match 7", "executed 1 2 match 8", "reconciled 1 2"}));
}

TEST_F(OrderSessionTest, AStatusFromBeforeTheBreakProvesNothing) {
  go_live_usdm();
  ASSERT_EQ(send(), 1u);
  result(expect("order.place"), order(1, "NEW"));
  told.take();
  session->on_down(Connection::kUserStream, now, told);
  session->on_up(Connection::kUserStream, now, told);
  EXPECT_EQ(told.take(), (Lines{"unknown 1"}));
  EXPECT_FALSE(session->live());
  expect("v2/account.position");
  expect("v2/account.balance");
  const Asked early = expect("order.status");
  // The stream breaks again before the answer, and an end may be in the gap.
  session->on_down(Connection::kUserStream, now, told);
  result(early, order(1, "NEW"));
  EXPECT_EQ(told.take(), Lines{});
  session->on_up(Connection::kUserStream, now, told);
  expect("v2/account.position");
  expect("v2/account.balance");
  result(expect("order.status"), order(1, "CANCELED"));
  EXPECT_EQ(told.take(), (Lines{"canceled 1 5 canceled"}));
}

TEST_F(OrderSessionTest, ACancelThatFindsNothingIsCleared) {
  go_live_spot();
  ASSERT_EQ(send(), 1u);
  result(expect("order.place"), order(1, "NEW"));
  told.take();
  ASSERT_TRUE(cancel(1));
  error(expect("order.cancel"), 400, -2011);
  EXPECT_EQ(told.take(), Lines{});
  pass(milliseconds(500));
  result(expect("order.status"), order(1, "CANCELED"));
  EXPECT_EQ(told.take(), (Lines{"canceled 1 5 canceled"}));
  EXPECT_FALSE(cancel(1));
  EXPECT_FALSE(cancel(99));
}

TEST_F(OrderSessionTest, WhatNeverLeftIsRejected) {
  go_live_spot();
  ASSERT_EQ(send(), 1u);
  ASSERT_EQ(send(), 2u);
  expect("order.place");
  session->on_down(Connection::kApi, now, told);
  EXPECT_EQ(told.take(), (Lines{"unknown 1", "rejected 2 0 not_sent"}));
  EXPECT_FALSE(session->live());
  EXPECT_FALSE(session->next_request(Lane::kWebSocket, now));
  session->on_up(Connection::kApi, now, told);
  result(expect("userDataStream.subscribe.signature"), "{}");
  result(expect("account.status"), "{\"balances\":[]}");
  result(expect("openOrders.status"), "[" + order(1, "NEW") + "]");
  EXPECT_FALSE(session->live());  // the list is not the order's own state
  result(expect("order.status"), order(1, "NEW"));
  EXPECT_EQ(told.take(), (Lines{"accepted 1 as 101", "reconciled 1 5", "live again"}));
}

TEST_F(OrderSessionTest, SilenceIsKeptUntilItsEnd) {
  go_live_spot();
  ASSERT_EQ(send(), 1u);
  ASSERT_EQ(send(), 2u);
  error(expect("order.place"), 429, -1003, "Too many",
        ",\"data\":{\"serverTime\":1000,\"retryAfter\":2500}");
  EXPECT_EQ(told.take(), (Lines{"rejected 1 -1003 rate"}));
  EXPECT_EQ(session->requests_allowed(now), 0);
  EXPECT_FALSE(asked());  // the other order waits
  EXPECT_EQ(send(), 0u);
  EXPECT_FALSE(cancel(2));
  pass(milliseconds(1'499));
  EXPECT_FALSE(asked());
  pass(milliseconds(1));
  EXPECT_TRUE(asked());
  EXPECT_EQ(send(), 3u);
}

TEST_F(OrderSessionTest, TheVenuesCountsHoldOrdersBack) {
  go_live_spot();
  EXPECT_TRUE(session->set_limit(RateKind::kOrders, seconds(10), 50));
  ASSERT_EQ(send(), 1u);
  EXPECT_EQ(session->requests_allowed(now), 49);
  give("{\"id\":" + std::to_string(expect("order.place").id) +
       ",\"status\":200,\"result\":" + order(1, "NEW") +
       ",\"rateLimits\":[{\"rateLimitType\":\"ORDERS\",\"interval\":\"SECOND\","
       "\"intervalNum\":10,\"limit\":50,\"count\":50}]}");
  EXPECT_EQ(session->requests_allowed(now), 0);
  EXPECT_EQ(send(), 0u);
  EXPECT_TRUE(cancel(1));  // not an order
  pass(seconds(10));
  EXPECT_EQ(send(), 2u);
}

TEST_F(OrderSessionTest, AClockThatIsOffIsSetAnew) {
  go_live_spot();
  ASSERT_EQ(send(), 1u);
  error(expect("order.place"), 400, -1021);
  EXPECT_EQ(told.take(), (Lines{"rejected 1 -1021 clock"}));
  EXPECT_TRUE(session->clock_needed());
  EXPECT_EQ(send(), 0u);
  const Asked time = expect("time");
  pass(milliseconds(100));
  result(time, "{\"serverTime\":1800000000000}");
  EXPECT_FALSE(session->clock_needed());
  ASSERT_EQ(send(), 2u);
  EXPECT_EQ(test::param(expect("order.place").text, "timestamp"), "1800000000050");
  EXPECT_EQ(session->count(SessionCount::kClockRequests), 1u);
}

TEST_F(OrderSessionTest, AKeyThatIsRefusedIsNotTriedAgain) {
  make(Market::kSpot);
  session->on_up(Connection::kApi, now, told);
  error(expect("userDataStream.subscribe.signature"), 401, -2015);
  EXPECT_EQ(told.take(), (Lines{"refused -2015"}));
  EXPECT_EQ(session->state(), session::SessionState::kRefused);
  pass(seconds(100));
  EXPECT_FALSE(asked());
  session->on_down(Connection::kApi, now, told);
  session->on_up(Connection::kApi, now, told);
  EXPECT_TRUE(asked());
}

TEST_F(OrderSessionTest, HedgeModeIsRefused) {
  make(Market::kUsdm);
  session->on_up(Connection::kApi, now, told);
  session->on_up(Connection::kHttp, now, told);
  result(expect("userDataStream.start"), "{\"listenKey\":\"abc\"}");
  session->on_up(Connection::kUserStream, now, told);
  result(expect("v2/account.position"),
         "[{\"symbol\":\"BTCUSDT\",\"positionSide\":\"LONG\",\"positionAmt\":\"1\"}]");
  EXPECT_EQ(session->state(), session::SessionState::kRefused);
}

TEST_F(OrderSessionTest, AnUnreadableMessageBringsEverythingIntoQuestion) {
  go_live_spot();
  ASSERT_EQ(send(), 1u);
  result(expect("order.place"), order(1, "NEW"));
  told.take();
  give("{\"event\":{\"e\":\"executionReport\",\"s\":\"BTCUSDT\"}}");
  EXPECT_EQ(told.take(),
            (Lines{"lost an event of an order could not be read", "unknown 1"}));
  EXPECT_FALSE(session->live());
  result(expect("account.status"), "{\"balances\":[]}");
  result(expect("openOrders.status"), "[]");
  result(expect("order.status"), order(1, "NEW"));
  EXPECT_EQ(told.take(), (Lines{"reconciled 1 5", "live again"}));
}

TEST_F(OrderSessionTest, StrangersTradesAreTold) {
  go_live_spot();
  give(event("NEW", "NEW", "0", "0", -1, "web_1"));
  give(event("TRADE", "FILLED", "0.005", "0.005", 70, "web_1"));
  give(event("TRADE", "FILLED", "0.005", "0.005", 71, "autoclose-1"));
  EXPECT_EQ(told.take(), (Lines{"foreign 5", "foreign 5"}));
  EXPECT_EQ(session->count(SessionCount::kForeignOrders), 3u);
}

TEST_F(OrderSessionTest, WhatComesBackFromTheDeadIsCancelledAndSaid) {
  go_live_spot();
  ASSERT_EQ(send(), 1u);
  error(expect("order.place"), 400, -2010);
  told.take();
  give(event("NEW", "NEW", "0"));
  EXPECT_EQ(told.take(), (Lines{"lost an order that was taken for gone is there"}));
  const Asked cancel = expect("order.cancel");
  EXPECT_EQ(test::param(cancel.text, "origClientOrderId"), "pr2-1");
  give(event("TRADE", "PARTIALLY_FILLED", "0.002", "0.002", 7));
  EXPECT_EQ(told.take(), (Lines{"executed 1 2 match 7"}));
}

TEST_F(OrderSessionTest, AnExpiredListenKeyIsReplaced) {
  go_live_usdm();
  session->on_user_event(
      test::bytes_of("{\"e\":\"listenKeyExpired\",\"E\":1,\"listenKey\":\"abc\"}"), now,
      told);
  EXPECT_FALSE(session->live());
  EXPECT_TRUE(session->listen_key().empty());
  result(expect("userDataStream.start"), "{\"listenKey\":\"def\"}");
  EXPECT_EQ(session->listen_key(), "def");
  EXPECT_EQ(session->listen_key_number(), 2u);
}

TEST_F(OrderSessionTest, CancelAllGoesByRestWhereTheApiHasNone) {
  go_live_usdm();
  EXPECT_TRUE(session->cancel_all(test::kBtc, now));
  EXPECT_FALSE(session->cancel_all(InstrumentId{9}, now));
  result(expect("DELETE /fapi/v1/allOpenOrders", Lane::kHttp),
         "{\"code\":200,\"msg\":\"done\"}");
  give("{\"event\":{\"e\":\"serverShutdown\",\"E\":1}}");
  EXPECT_TRUE(session->reconnect_asked());
}

TEST_F(OrderSessionTest, TradingAllocatesNothing) {
  go_live_spot();
  // The texts are made before, the gate's orders too.
  std::vector<std::string> placed, traded;
  std::vector<risk::GatedOrder> gated;
  for (int i = 1; i <= 100; ++i) {
    const auto ref = static_cast<std::uint32_t>(i);
    placed.push_back(order(ref, "NEW"));
    std::string filled =
        event("TRADE", "FILLED", "0.005", "0.005", i, "pr2-" + std::to_string(i));
    filled.replace(filled.find("\"i\":101"), 7, "\"i\":" + std::to_string(100 + i));
    traded.push_back(filled);
    order::Wish wish;
    wish.instrument = test::kBtc;
    wish.qty = 5;
    wish.limit = test::unit_price(300'000);
    gated.push_back(*gate.pass(wish));
  }
  struct Silent {
  } silent;
  std::string answer;
  answer.reserve(1'000);
  const std::uint64_t before = allocations_of_this_thread();
  for (std::size_t i = 0; i < 100; ++i) {
    ASSERT_EQ(session->send(std::move(gated[i]), now), i + 1);
    const auto request = session->next_request(Lane::kWebSocket, now);
    answer = "{\"id\":";
    char digits[24];
    std::snprintf(digits, sizeof digits, "%llu",
                  static_cast<unsigned long long>(request->id));
    answer += digits;
    answer += ",\"status\":200,\"result\":";
    answer += placed[i];
    answer += "}";
    session->request_sent(Lane::kWebSocket);
    session->on_answer(test::bytes_of(answer), now, silent);
    session->on_answer(test::bytes_of(traded[i]), now, silent);
    session->on_time(now, silent);
  }
  EXPECT_EQ(allocations_of_this_thread(), before);
  EXPECT_EQ(session->open_count(), 0u);
}

}  // namespace
}  // namespace pyscalp::binance
