// Every request in both encodings, taken apart again and its signature made anew.
#include "binance/order_requests.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "binance/client_id.hpp"
#include "fixture.hpp"

namespace pyscalp::binance {
namespace {

constexpr UnixNanos kAt{1'645'423'376'532'987'654};

struct OrderRequests : testing::Test {
  Request place() {
    Request request;
    request.kind = RequestKind::kPlace;
    request.symbol = &rules;
    request.client_id = "prun-7";
    request.qty = 12;
    request.price = test::unit_price(618'376);
    return request;
  }
  std::string websocket(Market market, const Request& request, bool logged_on = false) {
    RequestEncoder encoder(market, signer, 2'000);
    return std::string(encoder.websocket(request, 42, kAt, logged_on, memory).text);
  }
  std::string http(Market market, const Request& request) {
    RequestEncoder encoder(market, signer, 2'000);
    const Encoded encoded = encoder.http(request, kAt, memory);
    return encoded.ok() ? std::string(encoded.verb) + " " + std::string(encoded.text)
                        : std::string();
  }
  std::string sign(std::string_view payload) {
    return std::string(signer.sign(payload).text());
  }

  SymbolRules rules = test::btc_rules();
  Signer signer{KeyKind::kHmac, test::kSampleApiKey, test::kSampleSecret};
  std::array<char, kMaxRequest> memory{};
};

TEST_F(OrderRequests, SpotOrderOnTheWebSocketApi) {
  const std::string signature = sign(
      "apiKey=" + std::string(test::kSampleApiKey) +
      "&newClientOrderId=prun-7&newOrderRespType=FULL&price=61837.6&quantity=0.012&"
      "recvWindow=2000&side=BUY&symbol=BTCUSDT&timeInForce=GTC&"
      "timestamp=1645423376532&type=LIMIT");
  EXPECT_EQ(websocket(Market::kSpot, place()),
            "{\"id\":42,\"method\":\"order.place\",\"params\":{\"apiKey\":\"" +
                std::string(test::kSampleApiKey) +
                "\",\"newClientOrderId\":\"prun-7\",\"newOrderRespType\":\"FULL\","
                "\"price\":\"61837.6\",\"quantity\":\"0.012\",\"recvWindow\":2000,"
                "\"side\":\"BUY\",\"symbol\":\"BTCUSDT\",\"timeInForce\":\"GTC\","
                "\"timestamp\":1645423376532,\"type\":\"LIMIT\",\"signature\":\"" +
                signature + "\"}}");
  // After session.logon neither key nor signature.
  EXPECT_EQ(websocket(Market::kSpot, place(), true),
            "{\"id\":42,\"method\":\"order.place\",\"params\":{\"newClientOrderId\":"
            "\"prun-7\",\"newOrderRespType\":\"FULL\",\"price\":\"61837.6\","
            "\"quantity\":\"0.012\",\"recvWindow\":2000,\"side\":\"BUY\",\"symbol\":"
            "\"BTCUSDT\",\"timeInForce\":\"GTC\",\"timestamp\":1645423376532,\"type\":"
            "\"LIMIT\"}}");
}

TEST_F(OrderRequests, UsdmOrderOnRest) {
  Request request = place();
  request.side = Side::kSell;
  request.type = OrderType::kPostOnly;
  request.reduce_only = true;
  const std::string query =
      "newClientOrderId=prun-7&newOrderRespType=RESULT&price=61837.6&quantity=0.012&"
      "recvWindow=2000&reduceOnly=true&side=SELL&symbol=BTCUSDT&timeInForce=GTX&"
      "timestamp=1645423376532&type=LIMIT";
  EXPECT_EQ(http(Market::kUsdm, request),
            "POST /fapi/v1/order?" + query + "&signature=" + sign(query));
}

TEST_F(OrderRequests, OrderTypesOfBothMarkets) {
  Request request = place();
  const auto has = [](const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  };
  request.type = OrderType::kPostOnly;
  EXPECT_TRUE(has(http(Market::kSpot, request), "&type=LIMIT_MAKER"));
  EXPECT_FALSE(has(http(Market::kSpot, request), "timeInForce"));
  EXPECT_TRUE(has(http(Market::kUsdm, request), "timeInForce=GTX"));
  request.type = OrderType::kIoc;
  EXPECT_TRUE(has(http(Market::kSpot, request), "timeInForce=IOC"));
  EXPECT_TRUE(has(http(Market::kUsdm, request), "timeInForce=IOC"));
  request.type = OrderType::kGtc;
  EXPECT_TRUE(has(http(Market::kSpot, request), "timeInForce=GTC"));
  EXPECT_TRUE(has(http(Market::kUsdm, request), "timeInForce=GTC"));
  EXPECT_FALSE(has(http(Market::kUsdm, request), "reduceOnly"));
}

TEST_F(OrderRequests, Ed25519SignaturesAreEncodedInQueries) {
  Signer ed(KeyKind::kEd25519, test::kSampleApiKey, test::kSamplePem);
  RequestEncoder encoder(Market::kSpot, ed, 2'000);
  std::string plain, coded;
  // Until one holds all three characters that a query may not.
  for (std::int64_t ms = 0; ms < 500 && (plain.find('+') == std::string::npos ||
                                         plain.find('/') == std::string::npos);
       ++ms) {
    const UnixNanos at{kAt.value + ms * 1'000'000};
    const std::string text(encoder.http(place(), at, memory).text);
    const std::size_t query = text.find('?') + 1;
    const std::size_t mark = text.find("&signature=");
    plain = ed.sign(text.substr(query, mark - query)).text();
    coded = text.substr(mark + 11);
  }
  std::string expected;
  for (const char c : plain) {
    expected += c == '+'   ? "%2B"
                : c == '/' ? "%2F"
                : c == '=' ? "%3D"
                           : std::string(1, c);
  }
  EXPECT_EQ(coded, expected);
  ASSERT_NE(plain.find('+'), std::string::npos);
  ASSERT_NE(plain.find('/'), std::string::npos);
}

/// The parameters of a message in the order they stand, without the signature.
std::vector<std::pair<std::string, std::string>> parameters(const std::string& json) {
  std::vector<std::pair<std::string, std::string>> list;
  std::size_t at = json.find("\"params\":{") + 10;
  while (at < json.size() && json[at] == '"') {
    const std::size_t end = json.find('"', at + 1);
    const std::string name = json.substr(at + 1, end - at - 1);
    const std::size_t value = end + 2;
    const bool quoted = json[value] == '"';
    const std::size_t stop =
        quoted ? json.find('"', value + 1) : json.find_first_of(",}", value);
    const std::string text = json.substr(value + quoted, stop - value - quoted);
    at = stop + quoted + (json[stop + quoted] == ',');
    if (name != "signature") list.emplace_back(name, text);
  }
  return list;
}

TEST_F(OrderRequests, EveryRequestIsSortedAndSigned) {
  int websockets = 0, https = 0;
  for (const Market market : {Market::kSpot, Market::kUsdm}) {
    for (std::size_t k = 0; k < kRequestKinds; ++k) {
      Request request = place();
      request.kind = static_cast<RequestKind>(k);
      request.order_id = 12'345'678'901;
      const RequestFacts& fact = facts(market, request.kind);
      const std::string message = websocket(market, request);
      EXPECT_EQ(message.empty(), !fact.has(Lane::kWebSocket));
      if (!message.empty()) {
        ++websockets;
        auto list = parameters(message);
        EXPECT_TRUE(std::ranges::is_sorted(list)) << message;
        std::string payload;
        for (const auto& [name, value] : list) {
          payload += (payload.empty() ? "" : "&") + name + "=" + value;
        }
        if (fact.security == Security::kSigned) {
          EXPECT_NE(message.find("\"signature\":\"" + sign(payload) + "\""),
                    std::string::npos)
              << message;
          EXPECT_NE(payload.find("timestamp=1645423376532"), std::string::npos);
        } else {
          EXPECT_EQ(message.find("signature\":"), std::string::npos) << message;
        }
      }
      const std::string target = http(market, request);
      EXPECT_EQ(target.empty(), !fact.has(Lane::kHttp));
      if (target.empty()) continue;
      ++https;
      EXPECT_EQ(target.find(test::kSampleApiKey), std::string::npos);
      const std::size_t query = target.find('?');
      EXPECT_EQ(query != std::string::npos, fact.security == Security::kSigned);
      if (query == std::string::npos) continue;
      const std::size_t mark = target.find("&signature=");
      EXPECT_EQ(target.substr(mark + 11),
                sign(target.substr(query + 1, mark - query - 1)));
    }
  }
  EXPECT_EQ(websockets, 19);
  EXPECT_EQ(https, 19);
}

TEST_F(OrderRequests, WhatCannotBeSaidIsNot) {
  const auto refused = [&](auto change) {
    Request request = place();
    change(request);
    return http(Market::kSpot, request).empty() &&
           websocket(Market::kSpot, request).empty();
  };
  EXPECT_FALSE(refused([](Request&) {}));
  EXPECT_TRUE(refused([](Request& r) { r.symbol = nullptr; }));
  EXPECT_TRUE(refused([](Request& r) { r.client_id = ""; }));
  EXPECT_TRUE(refused([](Request& r) { r.qty = 0; }));
  EXPECT_TRUE(refused([](Request& r) { r.price = Price{100'001}; }));
  EXPECT_TRUE(refused([](Request& r) { r.price = kNoPrice; }));
  EXPECT_TRUE(refused([](Request& r) { r.reduce_only = true; }));  // spot has none
  RequestEncoder encoder(Market::kSpot, signer, 2'000);
  const std::size_t message =
      encoder.websocket(place(), 1, kAt, false, memory).text.size();
  const std::size_t target = encoder.http(place(), kAt, memory).text.size();
  for (std::size_t room = 0; room < message; ++room) {
    EXPECT_FALSE(encoder.websocket(place(), 1, kAt, false, {memory.data(), room}).ok());
  }
  for (std::size_t room = 0; room < target; ++room) {
    EXPECT_FALSE(encoder.http(place(), kAt, {memory.data(), room}).ok());
  }
  EXPECT_TRUE(encoder.http(place(), kAt, {memory.data(), target}).ok());
  Signer none(KeyKind::kHmac, "k", "");
  RequestEncoder mute(Market::kSpot, none, 2'000);
  EXPECT_FALSE(mute.http(place(), kAt, memory).ok());
  EXPECT_FALSE(mute.websocket(place(), 1, kAt, false, memory).ok());
}

TEST(ClientIds, ComeBackAsTheyWent) {
  const RunName run("k3x9a2");
  ASSERT_TRUE(run.valid());
  const ClientId id(run, 4'294'967'295);
  EXPECT_EQ(id.text(), "pk3x9a2-4294967295");
  EXPECT_EQ(read_client_id(id.text(), run).owner, Owner::kThisRun);
  EXPECT_EQ(read_client_id(id.text(), run).user_ref, 4'294'967'295u);
  EXPECT_EQ(read_client_id("pother-41", run).owner, Owner::kEarlierRun);
  for (const char* foreign :
       {"", "p", "p-1", "pk3x9a2", "pk3x9a2-", "pk3x9a2-0", "pk3x9a2-01", "pk3x9a2-1x",
        "pk3x9a2-4294967296", "pK-1", "web_1234", "autoclose-1", "x-A-1",
        "p0123456789abc-1", "pk3x9a2--1"}) {
    EXPECT_EQ(read_client_id(foreign, run).owner, Owner::kForeign) << foreign;
  }
  EXPECT_FALSE(RunName("").valid());
  EXPECT_FALSE(RunName("A").valid());
  EXPECT_FALSE(RunName("a-b").valid());
  EXPECT_FALSE(RunName("0123456789abc").valid());
  EXPECT_EQ(ClientId(RunName("0123456789ab"), 4'294'967'295).text().size(),
            ClientId::kMax);
  static_assert(ClientId::kMax <= 36);
}

}  // namespace
}  // namespace pyscalp::binance
