#include "binance/order_requests.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace pyscalp::binance {

namespace {

constexpr std::int64_t kNanosPerMillisecond = 1'000'000;

using enum Security;
// Weights: those of one symbol. Where a request is free when it succeeds, the price of
// one that fails stands here.
constexpr std::array<std::array<RequestFacts, kRequestKinds>, 2> kFacts{{
    {{
        {"order.place", "POST", "/api/v3/order", kSigned, 1, 1},
        {"order.cancel", "DELETE", "/api/v3/order", kSigned, 1, 0},
        {"openOrders.cancelAll", "DELETE", "/api/v3/openOrders", kSigned, 1, 0},
        {"order.status", "GET", "/api/v3/order", kSigned, 4, 0},
        {"openOrders.status", "GET", "/api/v3/openOrders", kSigned, 6, 0},
        {"myTrades", "GET", "/api/v3/myTrades", kSigned, 5, 0},
        {"account.status", "GET", "/api/v3/account", kSigned, 20, 0},
        {},
        {"session.logon", "", "", kSigned, 2, 0},
        {"userDataStream.subscribe.signature", "", "", kSigned, 2, 0},
        {"userDataStream.subscribe", "", "", kNone, 2, 0},
        {},
        {},
        {"time", "GET", "/api/v3/time", kNone, 1, 0},
    }},
    {{
        {"order.place", "POST", "/fapi/v1/order", kSigned, 0, 1},
        {"order.cancel", "DELETE", "/fapi/v1/order", kSigned, 1, 0},
        {"", "DELETE", "/fapi/v1/allOpenOrders", kSigned, 1, 0},
        {"order.status", "GET", "/fapi/v1/order", kSigned, 1, 0},
        {"", "GET", "/fapi/v1/openOrders", kSigned, 1, 0},
        {"", "GET", "/fapi/v1/userTrades", kSigned, 5, 0},
        {"v2/account.balance", "GET", "/fapi/v3/balance", kSigned, 5, 0},
        {"v2/account.position", "GET", "/fapi/v3/positionRisk", kSigned, 5, 0},
        {"session.logon", "", "", kSigned, 2, 0},
        {},
        {},
        {"userDataStream.start", "POST", "/fapi/v1/listenKey", kApiKey, 1, 0},
        {"userDataStream.ping", "PUT", "/fapi/v1/listenKey", kApiKey, 1, 0},
        {"", "GET", "/fapi/v1/time", kNone, 1, 0},
    }},
}};

/// Text into memory of a fixed size; what does not fit makes all of it void.
class TextWriter {
 public:
  explicit TextWriter(std::span<char> out) : out_(out) {}

  void put(std::string_view text) {
    if (text.size() > out_.size() - size_) {
      full_ = true;
      return;
    }
    std::memcpy(out_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  void put(char c) { put(std::string_view(&c, 1)); }
  void put_number(std::uint64_t number) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + 20, number).ptr;
    put({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  /// All but letters, digits and -._~ as %XX (RFC 3986).
  void put_percent_encoded(std::string_view text) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    for (const char c : text) {
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
          c == '-' || c == '.' || c == '_' || c == '~') {
        put(c);
        continue;
      }
      const auto byte = static_cast<unsigned char>(c);
      put('%');
      put(kDigits[byte >> 4]);
      put(kDigits[byte & 15]);
    }
  }
  bool full() const { return full_; }
  std::size_t size() const { return size_; }
  std::string_view text_from(std::size_t at) const {
    return {out_.data() + at, size_ - at};
  }
  std::string_view text() const {
    return full_ ? std::string_view{} : std::string_view{out_.data(), size_};
  }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
  bool full_ = false;
};

struct Parameter {
  std::string_view name;
  std::string_view value;
  bool quoted = true;  ///< in JSON; a number or true is not
};

/// The parameters of one request in the order of their names.
class Parameters {
 public:
  void add(std::string_view name, std::string_view value) {
    list_[count_++] = {name, value, true};
  }
  void add_bare(std::string_view name, std::string_view value) {
    list_[count_++] = {name, value, false};
  }
  void add_number(std::string_view name, std::uint64_t number) {
    char* const begin = digits_.data() + used_;
    const auto end = std::to_chars(begin, digits_.data() + digits_.size(), number).ptr;
    used_ = static_cast<std::size_t>(end - digits_.data());
    list_[count_++] = {name, {begin, static_cast<std::size_t>(end - begin)}, false};
  }
  std::span<const Parameter> all() const { return {list_.data(), count_}; }

 private:
  std::array<Parameter, 13> list_;
  std::size_t count_ = 0;
  std::array<char, 100> digits_;
  std::size_t used_ = 0;
};

struct Texts {
  DecimalText price;
  DecimalText qty;
};

bool about_symbol(RequestKind kind) {
  return kind <= RequestKind::kTrades;  // those that come first
}

/// False: the request cannot be expressed.
bool fit(Market market, const Request& request) {
  if (about_symbol(request.kind) && request.symbol == nullptr) return false;
  switch (request.kind) {
    case RequestKind::kPlace:
      return !request.client_id.empty() && request.symbol->valid(request.price) &&
             request.symbol->valid(request.qty) &&
             (market == Market::kUsdm || !request.reduce_only);
    case RequestKind::kCancel:
    case RequestKind::kOrderStatus:
      return !request.client_id.empty();
    default:
      return true;
  }
}

/// All but apiKey and signature; `texts` holds what they point to.
void list(Market market, const Request& request, std::int64_t recv_window_ms,
          UnixNanos at, Texts& texts, Parameters& parameters) {
  const bool spot = market == Market::kSpot;
  const bool place = request.kind == RequestKind::kPlace;
  if (request.kind == RequestKind::kTrades) {
    parameters.add_number("limit", 1'000);
    parameters.add_number("orderId", request.order_id);
  }
  if (place) {
    texts.price = request.symbol->text(request.price);
    texts.qty = request.symbol->text(request.qty);
    parameters.add("newClientOrderId", request.client_id);
    // Spot names the trades in the answer; USD-M never does, and says how it stands.
    parameters.add("newOrderRespType", spot ? "FULL" : "RESULT");
    parameters.add("price", texts.price.view());
    parameters.add("quantity", texts.qty.view());
  }
  if (request.kind == RequestKind::kBalances && spot) {
    parameters.add_bare("omitZeroBalances", "true");
  }
  if (request.kind == RequestKind::kCancel ||
      request.kind == RequestKind::kOrderStatus) {
    parameters.add("origClientOrderId", request.client_id);
  }
  parameters.add_number("recvWindow", static_cast<std::uint64_t>(recv_window_ms));
  if (place) {
    if (request.reduce_only) parameters.add("reduceOnly", "true");
    parameters.add("side", request.side == Side::kBuy ? "BUY" : "SELL");
  }
  if (about_symbol(request.kind)) parameters.add("symbol", request.symbol->name());
  const bool maker = spot && request.type == OrderType::kPostOnly;
  if (place && !maker) {
    parameters.add("timeInForce", request.type == OrderType::kGtc   ? "GTC"
                                  : request.type == OrderType::kIoc ? "IOC"
                                                                    : "GTX");
  }
  parameters.add_number("timestamp",
                        static_cast<std::uint64_t>(at.value / kNanosPerMillisecond));
  if (place) parameters.add("type", maker ? "LIMIT_MAKER" : "LIMIT");
}

}  // namespace

const RequestFacts& facts(Market market, RequestKind kind) {
  return kFacts[static_cast<std::size_t>(market)][static_cast<std::size_t>(kind)];
}

Encoded RequestEncoder::websocket(const Request& request, std::uint64_t id,
                                  UnixNanos at, bool logged_on, std::span<char> out) {
  const RequestFacts& fact = facts(market_, request.kind);
  if (!fact.has(Lane::kWebSocket) || !fit(market_, request) || at.value < 0) return {};
  const bool with_key =
      fact.security != kNone && (!logged_on || request.kind == RequestKind::kLogon);
  const bool with_signature = with_key && fact.security == kSigned;
  Texts texts;
  Parameters parameters;
  if (with_key) parameters.add("apiKey", signer_.api_key());
  if (fact.security == kSigned) {
    list(market_, request, recv_window_ms_, at, texts, parameters);
  }

  TextWriter json(out);
  json.put("{\"id\":");
  json.put_number(id);
  json.put(",\"method\":\"");
  json.put(fact.method);
  json.put("\",\"params\":{");
  std::array<char, kMaxRequest> payload_memory;
  TextWriter payload(payload_memory);
  for (const Parameter& parameter : parameters.all()) {
    if (payload.size() != 0) {
      json.put(',');
      payload.put('&');
    }
    json.put('"');
    json.put(parameter.name);
    json.put(parameter.quoted ? "\":\"" : "\":");
    json.put(parameter.value);
    if (parameter.quoted) json.put('"');
    payload.put(parameter.name);
    payload.put('=');
    payload.put(parameter.value);
  }
  if (with_signature) {
    if (payload.full()) return {};
    const Signature signature = signer_.sign(payload.text());
    if (signature.size == 0) return {};
    json.put(",\"signature\":\"");
    json.put(signature.text());
    json.put('"');
  }
  json.put("}}");
  return {{}, json.text()};
}

Encoded RequestEncoder::http(const Request& request, UnixNanos at,
                             std::span<char> out) {
  const RequestFacts& fact = facts(market_, request.kind);
  if (!fact.has(Lane::kHttp) || !fit(market_, request) || at.value < 0) return {};
  TextWriter text(out);
  text.put(fact.path);
  if (fact.security != kSigned) return {fact.verb, text.text()};
  Texts texts;
  Parameters parameters;
  list(market_, request, recv_window_ms_, at, texts, parameters);
  text.put('?');
  const std::size_t query = text.size();
  for (const Parameter& parameter : parameters.all()) {
    if (text.size() != query) text.put('&');
    text.put(parameter.name);
    text.put('=');
    text.put_percent_encoded(parameter.value);
  }
  if (text.full()) return {};
  const Signature signature = signer_.sign(text.text_from(query));
  if (signature.size == 0) return {};
  text.put("&signature=");
  text.put_percent_encoded(signature.text());
  return {fact.verb, text.text()};
}

}  // namespace pyscalp::binance
