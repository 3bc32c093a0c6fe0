// A small exchange that speaks the venue's JSON, written from its documents and apart
// from the code it is held against: it keeps the truth about every order.
//
// Requests reach it whole and in order; what it answers and what it tells on the user
// stream come out in two queues, which the test loses, delays and repeats as it likes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/types.hpp"
#include "binance/order_requests.hpp"

namespace pyscalp::binance::test {

/// The value of a parameter, of JSON params or of a query; empty where it is not there.
inline std::string param(std::string_view text, std::string_view name) {
  const std::string json = "\"" + std::string(name) + "\":";
  if (std::size_t at = text.find(json); at != std::string_view::npos) {
    at += json.size();
    if (text[at] == '"') {
      const std::size_t end = text.find('"', at + 1);
      return std::string(text.substr(at + 1, end - at - 1));
    }
    return std::string(text.substr(at, text.find_first_of(",}", at) - at));
  }
  for (const char mark : {'?', '&'}) {
    const std::string query = mark + std::string(name) + "=";
    if (std::size_t at = text.find(query); at != std::string_view::npos) {
      at += query.size();
      return std::string(text.substr(at, text.find('&', at) - at));
    }
  }
  return {};
}

struct VenueTrade {
  std::int64_t id = 0;
  Qty qty = 0;
  bool maker = false;
};

struct VenueOrder {
  std::string client_id;
  std::int64_t id = 0;
  bool buy = true;
  Qty qty = 0;
  std::string price;
  std::string type, tif;
  std::vector<VenueTrade> trades;
  std::string status = "NEW";

  Qty filled() const {
    Qty sum = 0;
    for (const VenueTrade& trade : trades) sum += trade.qty;
    return sum;
  }
  bool open() const { return status == "NEW" || status == "PARTIALLY_FILLED"; }
  Qty leaves() const { return open() ? qty - filled() : 0; }
};

/// How the next request fares.
enum class Fate {
  kFair,
  kRefused,      ///< an error that is final
  kUnknownDone,  ///< carried out, and answered by -1007
  kUnknownNot,   ///< not carried out, and answered by -1007
  kUnknownSlow,  ///< answered by -1007 and carried out seconds later
  kMute,         ///< carried out, and not answered
  kMuteNot,      ///< not carried out, and not answered
  kTooMany,      ///< 429 with a time to be silent
};

struct VenueAnswer {
  std::uint64_t id = 0;
  Lane lane = Lane::kWebSocket;
  int status = 200;
  std::string text;  ///< a message, or the body of a response
};

class VenueModel {
 public:
  VenueModel(Market market, std::string symbol, std::uint64_t seed)
      : market_(market), symbol_(std::move(symbol)), random_(seed) {}

  std::map<std::string, VenueOrder> orders;  ///< by client id
  std::map<std::string, int> placed;         ///< how often each id came in
  std::deque<VenueAnswer> answers;
  std::deque<std::string> stream;
  bool subscribed = false;  ///< user data is listened to
  std::int64_t now_ms = 0;  ///< the venue's clock
  MonoNanos silent_until{};

  /// Takes one request as it stands on the wire.
  void take(Lane lane, std::uint64_t id, std::string_view verb, std::string_view text,
            Fate fate) {
    const std::string method = lane == Lane::kWebSocket
                                   ? param(text, "method")
                                   : std::string(verb) + " " + path(text);
    if (fate == Fate::kTooMany) {
      return error(lane, id, 429, -1003, "Too many requests",
                   ",\"data\":{\"serverTime\":" + number(now_ms) +
                       ",\"retryAfter\":" + number(now_ms + 1'500) + "}");
    }
    if (is(method, "time", "GET /fapi/v1/time", "GET /api/v3/time")) {
      return result(lane, id, "{\"serverTime\":" + number(now_ms) + "}");
    }
    const bool is_signed = !param(text, "timestamp").empty();
    if (is_signed && now_ms - std::stoll(param(text, "timestamp")) >
                         std::stoll(param(text, "recvWindow"))) {
      return error(lane, id, 400, -1021, "Timestamp outside of recvWindow");
    }
    if (method == "order.place" ||
        is(method, "POST /api/v3/order", "POST /fapi/v1/order", "")) {
      return place(lane, id, text, fate);
    }
    if (is(method, "order.cancel", "DELETE /api/v3/order", "DELETE /fapi/v1/order")) {
      return cancel(lane, id, text, fate);
    }
    if (fate == Fate::kMute || fate == Fate::kMuteNot) return;
    if (fate != Fate::kFair) return error(lane, id, 503, -1007, "Timeout waiting");
    if (is(method, "order.status", "GET /api/v3/order", "GET /fapi/v1/order")) {
      const auto it = orders.find(param(text, "origClientOrderId"));
      if (it == orders.end()) return error(lane, id, 400, -2013, "No such order");
      return result(lane, id, order_json(it->second, "", false));
    }
    if (is(method, "openOrders.status", "GET /api/v3/openOrders",
           "GET /fapi/v1/openOrders")) {
      return result(lane, id, list([&](const VenueOrder& order) {
                      return order.open() ? order_json(order, "", false) : "";
                    }));
    }
    if (is(method, "myTrades", "GET /api/v3/myTrades", "GET /fapi/v1/userTrades")) {
      const std::string wanted = param(text, "orderId");
      return result(lane, id, list([&](const VenueOrder& order) {
                      return number(order.id) == wanted ? trades_json(order) : "";
                    }));
    }
    if (is(method, "account.status", "GET /api/v3/account", "")) {
      return result(lane, id,
                    "{\"balances\":[{\"asset\":\"USDT\",\"free\":\"100.00000000\","
                    "\"locked\":\"0.00000000\"}]}");
    }
    if (is(method, "v2/account.balance", "GET /fapi/v3/balance", "")) {
      return result(lane, id,
                    "[{\"asset\":\"USDT\",\"balance\":\"122.12345678\","
                    "\"availableBalance\":\"23.72469206\"}]");
    }
    if (is(method, "v2/account.position", "GET /fapi/v3/positionRisk", "")) {
      return result(lane, id, "[]");
    }
    if (is(method, "POST /fapi/v1/listenKey", "userDataStream.start", "")) {
      return result(lane, id, "{\"listenKey\":\"k" + number(++listen_keys_) + "\"}");
    }
    if (is(method, "userDataStream.subscribe.signature", "userDataStream.subscribe",
           "")) {
      subscribed = true;
      return result(lane, id, "{\"subscriptionId\":0}");
    }
    if (is(method, "session.logon", "PUT /fapi/v1/listenKey", "userDataStream.ping")) {
      return result(lane, id, "{}");
    }
    error(lane, id, 400, -1102, "unknown request " + method);
  }

  /// Trades up to `most` of an open order, as its maker.
  void trade(VenueOrder& order, Qty most, bool maker) {
    const Qty qty = std::min(most, order.leaves());
    if (qty <= 0) return;
    order.trades.push_back({++last_trade_, qty, maker});
    order.status = order.filled() == order.qty ? "FILLED" : "PARTIALLY_FILLED";
    tell(order, "TRADE");
  }
  void end(VenueOrder& order, const std::string& status) {
    if (!order.open()) return;
    order.status = status;
    tell(order, status == "CANCELED" ? "CANCELED" : "EXPIRED");
  }
  /// What was taken in slowly takes effect.
  void carry_out_slow() {
    while (!slow_.empty() && slow_.front().first <= now_ms) {
      enter(slow_.front().second);
      slow_.pop_front();
    }
  }
  bool has_slow(const std::string& client_id) const {
    for (const auto& [at, order] : slow_) {
      if (order.client_id == client_id) return true;
    }
    return false;
  }
  std::size_t slow_count() const { return slow_.size(); }

  static std::string number(std::int64_t value) { return std::to_string(value); }
  /// Lots of 0.001 as text with the zeros that the venue writes.
  static std::string qty_text(Qty lots) {
    char text[32];
    std::snprintf(text, sizeof text, "%lld.%03lld00000",
                  static_cast<long long>(lots / 1'000),
                  static_cast<long long>(lots % 1'000));
    return text;
  }

 private:
  static bool is(const std::string& method, std::string_view a, std::string_view b,
                 std::string_view c) {
    return method == a || method == b || method == c;
  }
  static std::string path(std::string_view text) {
    return std::string(text.substr(0, text.find('?')));
  }

  void result(Lane lane, std::uint64_t id, const std::string& body) {
    answers.push_back(
        {id, lane, 200,
         lane == Lane::kHttp
             ? body
             : "{\"id\":" + number(static_cast<std::int64_t>(id)) +
                   ",\"status\":200,\"result\":" + body +
                   ",\"rateLimits\":[{\"rateLimitType\":\"ORDERS\",\"interval\":"
                   "\"SECOND\",\"intervalNum\":10,\"limit\":1000000,\"count\":1}]}"});
  }
  void error(Lane lane, std::uint64_t id, int status, int code, const std::string& text,
             const std::string& data = "") {
    const std::string body =
        "{\"code\":" + number(code) + ",\"msg\":\"" + text + "\"" + data + "}";
    answers.push_back({id, lane, status,
                       lane == Lane::kHttp
                           ? body
                           : "{\"id\":" + number(static_cast<std::int64_t>(id)) +
                                 ",\"status\":" + number(status) +
                                 ",\"error\":" + body + "}"});
  }

  void place(Lane lane, std::uint64_t id, std::string_view text, Fate fate) {
    VenueOrder order;
    order.client_id = param(text, "newClientOrderId");
    ++placed[order.client_id];
    order.buy = param(text, "side") == "BUY";
    order.qty = lots(param(text, "quantity"));
    order.price = param(text, "price");
    order.type = param(text, "type");
    order.tif = param(text, "timeInForce");
    const bool post_only = order.type == "LIMIT_MAKER" || order.tif == "GTX";
    if (fate == Fate::kRefused) {
      if (post_only && market_ == Market::kUsdm) {
        return error(lane, id, 400, -5022,
                     "Due to the order could not be executed as "
                     "maker, the Post Only order will be "
                     "rejected.");
      }
      return error(lane, id, 400, -2010,
                   post_only
                       ? "Order would immediately match and take."
                       : "Account has insufficient balance for requested action.");
    }
    if (fate == Fate::kUnknownNot) {
      return error(lane, id, 503, -1007,
                   "Timeout waiting for response from backend "
                   "server.");
    }
    if (fate == Fate::kMuteNot) return;
    if (fate == Fate::kUnknownSlow) {
      slow_.emplace_back(now_ms + static_cast<std::int64_t>(random_.below(9'000)),
                         order);
      std::sort(slow_.begin(), slow_.end(),
                [](const auto& a, const auto& b) { return a.first < b.first; });
      return error(lane, id, 503, -1007,
                   "Timeout waiting for response from backend "
                   "server.");
    }
    VenueOrder& entered = enter(order);
    if (fate == Fate::kUnknownDone) {
      return error(lane, id, 503, -1007,
                   "Timeout waiting for response from backend "
                   "server.");
    }
    if (fate == Fate::kFair) result(lane, id, order_json(entered, "", true));
  }

  VenueOrder& enter(VenueOrder order) {
    order.id = ++last_order_;
    VenueOrder& entered = orders[order.client_id] = std::move(order);
    tell(entered, "NEW");
    const bool post_only = entered.type == "LIMIT_MAKER" || entered.tif == "GTX";
    if (!post_only && random_.chance(0.4)) {
      const auto most = static_cast<std::uint64_t>(entered.qty);
      for (int i = 0; i < 3; ++i) {
        trade(entered, static_cast<Qty>(1 + random_.below(most)), false);
        if (random_.chance(0.5)) break;
      }
    }
    if (entered.tif == "IOC") end(entered, "EXPIRED");
    // A USD-M order that may only be made ends like this where it was recorded.
    if (entered.tif == "GTX" && random_.chance(0.1)) end(entered, "EXPIRED");
    return entered;
  }

  void cancel(Lane lane, std::uint64_t id, std::string_view text, Fate fate) {
    const auto it = orders.find(param(text, "origClientOrderId"));
    if (fate == Fate::kMuteNot) return;
    if (fate == Fate::kUnknownNot || fate == Fate::kUnknownSlow) {
      return error(lane, id, 503, -1007,
                   "Timeout waiting for response from backend "
                   "server.");
    }
    if (fate == Fate::kRefused) return error(lane, id, 400, -1008, "overloaded");
    const bool there = it != orders.end() && it->second.open();
    if (there) end(it->second, "CANCELED");
    if (fate == Fate::kMute) return;
    if (fate == Fate::kUnknownDone) {
      return error(lane, id, 503, -1007,
                   "Timeout waiting for response from backend "
                   "server.");
    }
    if (!there) return error(lane, id, 400, -2011, "Unknown order sent.");
    result(lane, id, order_json(it->second, "c" + number(++last_cancel_), false));
  }

  /// An order as answers and lists show it. `cancel_id`: the answer to a cancel.
  std::string order_json(const VenueOrder& order, const std::string& cancel_id,
                         bool fills) const {
    const bool spot = market_ == Market::kSpot;
    std::string json = "{\"symbol\":\"" + symbol_ + "\"";
    if (spot && !cancel_id.empty()) {
      json += ",\"origClientOrderId\":\"" + order.client_id +
              "\",\"clientOrderId\":\"" + cancel_id + "\"";
    } else {
      json += ",\"clientOrderId\":\"" + order.client_id + "\"";
    }
    json += ",\"orderId\":" + number(order.id) + ",\"price\":\"" + order.price +
            "\",\"origQty\":\"" + qty_text(order.qty) + "\",\"executedQty\":\"" +
            qty_text(order.filled()) + "\",\"status\":\"" + order.status +
            "\",\"timeInForce\":\"" + order.tif + "\",\"type\":\"" + order.type +
            "\",\"side\":\"" + (order.buy ? "BUY" : "SELL") +
            "\",\"transactTime\":" + number(now_ms);
    if (spot && fills) {
      json += ",\"fills\":[";
      for (std::size_t i = 0; i < order.trades.size(); ++i) {
        const VenueTrade& trade = order.trades[i];
        json += std::string(i == 0 ? "" : ",") + "{\"price\":\"" + order.price +
                "\",\"qty\":\"" + qty_text(trade.qty) +
                "\",\"commission\":\"0.00100000\",\"commissionAsset\":\"USDT\","
                "\"tradeId\":" +
                number(trade.id) + "}";
      }
      json += "]";
    }
    return json + "}";
  }
  std::string trades_json(const VenueOrder& order) const {
    std::string json;
    for (const VenueTrade& trade : order.trades) {
      json += std::string(json.empty() ? "" : ",") + "{\"symbol\":\"" + symbol_ +
              "\",\"id\":" + number(trade.id) + ",\"orderId\":" + number(order.id) +
              ",\"price\":\"" + order.price + "\",\"qty\":\"" + qty_text(trade.qty) +
              "\",\"commission\":\"0.00100000\",\"commissionAsset\":\"USDT\"," +
              (market_ == Market::kSpot ? "\"isMaker\":" : "\"maker\":") +
              (trade.maker ? "true" : "false") + ",\"time\":" + number(now_ms) + "}";
    }
    return json;
  }
  template <class Row>
  std::string list(Row&& row) const {
    std::string json = "[";
    for (const auto& [id, order] : orders) {
      const std::string text = row(order);
      if (text.empty()) continue;
      if (json.size() > 1) json += ",";
      json += text;
    }
    return json + "]";
  }

  /// An event of the user stream, where somebody listens.
  void tell(const VenueOrder& order, const std::string& execution) {
    if (!subscribed) return;
    const bool spot = market_ == Market::kSpot;
    const bool trade = execution == "TRADE";
    const bool renamed = spot && execution == "CANCELED";
    std::string fields =
        "\"s\":\"" + symbol_ + "\",\"c\":\"" +
        (renamed ? "cancel" + number(order.id) : order.client_id) + "\",\"S\":\"" +
        (order.buy ? "BUY" : "SELL") + "\",\"o\":\"" + order.type + "\",\"f\":\"" +
        order.tif + "\",\"q\":\"" + qty_text(order.qty) + "\",\"p\":\"" + order.price +
        "\",\"x\":\"" + execution + "\",\"X\":\"" + order.status +
        "\",\"i\":" + number(order.id) + ",\"l\":\"" +
        qty_text(trade ? order.trades.back().qty : 0) + "\",\"z\":\"" +
        qty_text(order.filled()) + "\",\"L\":\"" + (trade ? order.price : "0") +
        "\",\"t\":" + number(trade ? order.trades.back().id : (spot ? -1 : 0)) +
        ",\"m\":" + (trade && order.trades.back().maker ? "true" : "false") +
        ",\"T\":" + number(now_ms);
    if (trade) fields += ",\"n\":\"0.00100000\",\"N\":\"USDT\"";
    if (spot) {
      fields += ",\"C\":\"" + (renamed ? order.client_id : std::string()) + "\"";
      stream.push_back(
          "{\"subscriptionId\":0,\"event\":{\"e\":\"executionReport\","
          "\"E\":" +
          number(now_ms) + "," + fields + "}}");
    } else {
      if (trade) stream.push_back("{\"e\":\"TRADE_LITE\",\"E\":1,\"s\":\"x\"}");
      stream.push_back("{\"e\":\"ORDER_TRADE_UPDATE\",\"E\":" + number(now_ms) +
                       ",\"T\":" + number(now_ms) + ",\"o\":{" + fields + "}}");
    }
  }

  /// "0.012" as lots of 0.001.
  static Qty lots(const std::string& text) {
    const std::size_t point = text.find('.');
    std::string digits = point == std::string::npos ? "" : text.substr(point + 1);
    digits.resize(3, '0');
    return std::stoll(text.substr(0, point)) * 1'000 + std::stoll(digits);
  }

  Market market_;
  std::string symbol_;
  Random random_;
  std::deque<std::pair<std::int64_t, VenueOrder>> slow_;
  std::int64_t last_order_ = 100;
  std::int64_t last_trade_ = 0;
  std::int64_t last_cancel_ = 0;
  std::int64_t listen_keys_ = 0;
};

}  // namespace pyscalp::binance::test
