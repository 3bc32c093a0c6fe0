// Requests of the order session as bytes: one set of requests, two encodings.
//
// A request's parameters are listed once, sorted by name, which is the order that the
// WebSocket API signs in; REST signs any order, so it is sent in this one as well.
//   WebSocket API  {"id":7,"method":"order.place","params":{…,"signature":"…"}}, signed
//                  as name=value joined by &, apiKey among them, not percent-encoded
//   REST           method, path?query&signature=…, the query percent-encoded and then
//                  signed; the key goes into the header X-MBX-APIKEY
// After session.logon the WebSocket API takes neither key nor signature.
//
// Source: the exchange's "Request security", spot and USD-M trading requests.
//
// Nothing allocates; everything is written into memory of the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/types.hpp"
#include "binance/market.hpp"
#include "binance/signing.hpp"
#include "binance/symbol_rules.hpp"

namespace pyscalp::binance {

/// The way a request goes.
enum class Lane : std::uint8_t {
  kWebSocket = 0,  ///< a message of the WebSocket API
  kHttp = 1,       ///< a request of REST
};
inline constexpr std::size_t kLanes = 2;

enum class RequestKind : std::uint8_t {
  kPlace = 0,
  kCancel = 1,
  kCancelAll = 2,    ///< every open order of the symbol, whoever placed it
  kOrderStatus = 3,  ///< one order by its client id
  kOpenOrders = 4,   ///< of one symbol
  kTrades = 5,       ///< of one order, by the venue's number
  kBalances = 6,
  kPositions = 7,          ///< USD-M
  kLogon = 8,              ///< Ed25519 on the WebSocket API
  kSubscribe = 9,          ///< spot user data by a signature
  kSubscribeSession = 10,  ///< spot user data after kLogon
  kListenKeyStart = 11,    ///< USD-M user data
  kListenKeyPing = 12,
  kServerTime = 13,
};
inline constexpr std::size_t kRequestKinds = 14;

enum class Security : std::uint8_t {
  kNone,
  kApiKey,  ///< the key, unsigned
  kSigned,
};

/// How a request is called. Empty where there is none of that kind there.
struct RequestFacts {
  std::string_view method;  ///< of the WebSocket API
  std::string_view verb;    ///< of HTTP
  std::string_view path;
  Security security = Security::kNone;
  std::int32_t weight = 0;  ///< against the limit of request weight
  std::int32_t orders = 0;  ///< against the limits of orders

  bool has(Lane lane) const {
    return lane == Lane::kWebSocket ? !method.empty() : !verb.empty();
  }
};
const RequestFacts& facts(Market market, RequestKind kind);

enum class OrderType : std::uint8_t {
  kGtc = 0,       ///< rests
  kIoc = 1,       ///< trades at once or goes
  kPostOnly = 2,  ///< spot LIMIT_MAKER, USD-M GTX
};

struct Request {
  RequestKind kind = RequestKind::kServerTime;
  const SymbolRules* symbol = nullptr;  ///< where the request is about one
  std::string_view client_id;           ///< kPlace, kCancel, kOrderStatus
  Side side = Side::kBuy;
  OrderType type = OrderType::kGtc;
  Qty qty = 0;
  Price price{};
  bool reduce_only = false;    ///< USD-M alone
  std::uint64_t order_id = 0;  ///< kTrades
};

/// What one request needs at most: an order's longest is under 700.
inline constexpr std::size_t kMaxRequest = 1'024;

/// A request as it stands in the memory it was encoded into. Empty: not to be
/// expressed, no room, or no signature.
struct Encoded {
  std::string_view verb;  ///< of HTTP; empty on the WebSocket API
  std::string_view text;  ///< the message, or path?query
  bool ok() const { return !text.empty(); }
};

class RequestEncoder {
 public:
  /// `signer` outlives it. `recv_window_ms`: how old a request may be on arrival, 1 to
  /// 60,000.
  RequestEncoder(Market market, Signer& signer, std::int64_t recv_window_ms)
      : market_(market), signer_(signer), recv_window_ms_(recv_window_ms) {}

  Market market() const { return market_; }
  /// A message of the WebSocket API. `logged_on`: by session.logon on this connection.
  Encoded websocket(const Request& request, std::uint64_t id, UnixNanos at,
                    bool logged_on, std::span<char> out);
  Encoded http(const Request& request, UnixNanos at, std::span<char> out);

 private:
  Market market_;
  Signer& signer_;
  std::int64_t recv_window_ms_;
};

}  // namespace pyscalp::binance
