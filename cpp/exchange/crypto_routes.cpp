#include "exchange/crypto_routes.hpp"

namespace pyscalp::exchange {
namespace {

using D = CryptoDeed;
using A = CryptoAccess;

struct Rest {
  std::string_view method;
  std::string_view path;
  CryptoRoute route;
};
struct Call {
  std::string_view method;
  CryptoRoute route;
};

constexpr Rest kSpotRest[] = {
    {"GET", "/api/v3/ping", {D::kPing, A::kOpen, 1}},
    {"GET", "/api/v3/time", {D::kTime, A::kOpen, 1}},
    {"GET", "/api/v3/exchangeInfo", {D::kExchangeInfo, A::kOpen, 20}},
    {"GET", "/api/v3/depth", {D::kDepth, A::kOpen, 5}},
    {"GET", "/api/v3/ticker/bookTicker", {D::kTouch, A::kOpen, 2}},
    {"POST", "/api/v3/order", {D::kPlace, A::kSigned, 1}},
    {"DELETE", "/api/v3/order", {D::kCancel, A::kSigned, 1}},
    {"GET", "/api/v3/order", {D::kQuery, A::kSigned, 4}},
    {"GET", "/api/v3/openOrders", {D::kOpenOrders, A::kSigned, 6}},
    {"DELETE", "/api/v3/openOrders", {D::kCancelAll, A::kSigned, 1}},
    {"GET", "/api/v3/account", {D::kAccount, A::kSigned, 20}},
};

constexpr Rest kUsdmRest[] = {
    {"GET", "/fapi/v1/ping", {D::kPing, A::kOpen, 1}},
    {"GET", "/fapi/v1/time", {D::kTime, A::kOpen, 1}},
    {"GET", "/fapi/v1/exchangeInfo", {D::kExchangeInfo, A::kOpen, 1}},
    {"GET", "/fapi/v1/depth", {D::kDepth, A::kOpen, 10}},
    {"GET", "/fapi/v1/ticker/bookTicker", {D::kTouch, A::kOpen, 2}},
    {"POST", "/fapi/v1/order", {D::kPlace, A::kSigned, 0}},
    {"DELETE", "/fapi/v1/order", {D::kCancel, A::kSigned, 1}},
    {"GET", "/fapi/v1/order", {D::kQuery, A::kSigned, 1}},
    {"GET", "/fapi/v1/openOrders", {D::kOpenOrders, A::kSigned, 1}},
    {"DELETE", "/fapi/v1/allOpenOrders", {D::kCancelAll, A::kSigned, 1}},
    {"GET", "/fapi/v2/account", {D::kAccount, A::kSigned, 5}},
    {"GET", "/fapi/v3/account", {D::kAccount, A::kSigned, 5}},
    {"GET", "/fapi/v2/balance", {D::kBalance, A::kSigned, 5}},
    {"GET", "/fapi/v3/balance", {D::kBalance, A::kSigned, 5}},
    {"GET", "/fapi/v2/positionRisk", {D::kPositions, A::kSigned, 5}},
    {"GET", "/fapi/v3/positionRisk", {D::kPositions, A::kSigned, 5}},
    {"POST", "/fapi/v1/listenKey", {D::kListenKeyStart, A::kKey, 1}},
    {"PUT", "/fapi/v1/listenKey", {D::kListenKeyPing, A::kKey, 1}},
    {"DELETE", "/fapi/v1/listenKey", {D::kListenKeyStop, A::kKey, 1}},
};

constexpr Call kSpotCalls[] = {
    {"ping", {D::kPing, A::kOpen, 1}},
    {"time", {D::kTime, A::kOpen, 1}},
    {"exchangeInfo", {D::kExchangeInfo, A::kOpen, 20}},
    {"depth", {D::kDepth, A::kOpen, 5}},
    {"ticker.book", {D::kTouch, A::kOpen, 2}},
    {"order.place", {D::kPlace, A::kSigned, 1}},
    {"order.cancel", {D::kCancel, A::kSigned, 1}},
    {"order.status", {D::kQuery, A::kSigned, 4}},
    {"openOrders.status", {D::kOpenOrders, A::kSigned, 6}},
    {"openOrders.cancelAll", {D::kCancelAll, A::kSigned, 1}},
    {"account.status", {D::kAccount, A::kSigned, 20}},
};

constexpr Call kUsdmCalls[] = {
    {"ping", {D::kPing, A::kOpen, 1}},
    {"time", {D::kTime, A::kOpen, 1}},
    {"depth", {D::kDepth, A::kOpen, 10}},
    {"ticker.book", {D::kTouch, A::kOpen, 2}},
    {"order.place", {D::kPlace, A::kSigned, 0}},
    {"order.cancel", {D::kCancel, A::kSigned, 1}},
    {"order.status", {D::kQuery, A::kSigned, 1}},
    {"account.status", {D::kAccount, A::kSigned, 5}},
    {"v2/account.status", {D::kAccount, A::kSigned, 5}},
    {"account.balance", {D::kBalance, A::kSigned, 5}},
    {"v2/account.balance", {D::kBalance, A::kSigned, 5}},
    {"account.position", {D::kPositions, A::kSigned, 5}},
    {"v2/account.position", {D::kPositions, A::kSigned, 5}},
    {"userDataStream.start", {D::kListenKeyStart, A::kKey, 5}},
    {"userDataStream.ping", {D::kListenKeyPing, A::kKey, 1}},
    {"userDataStream.stop", {D::kListenKeyStop, A::kKey, 1}},
};

template <class Table, class Same>
const CryptoRoute* look_up(const Table& table, Same&& same) {
  for (const auto& row : table) {
    if (same(row)) return &row.route;
  }
  return nullptr;
}

int depth_weight(CryptoProtocol protocol, std::int64_t limit) {
  if (protocol == CryptoProtocol::kSpot) {
    return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250;
  }
  return limit <= 50 ? 2 : limit <= 100 ? 5 : limit <= 500 ? 10 : 20;
}

}  // namespace

const CryptoRoute* rest_route(CryptoProtocol protocol, std::string_view method,
                              std::string_view path) {
  const auto same = [&](const Rest& row) {
    return row.method == method && row.path == path;
  };
  return protocol == CryptoProtocol::kSpot ? look_up(kSpotRest, same)
                                           : look_up(kUsdmRest, same);
}

const CryptoRoute* call_route(CryptoProtocol protocol, std::string_view method) {
  const auto same = [&](const Call& row) { return row.method == method; };
  return protocol == CryptoProtocol::kSpot ? look_up(kSpotCalls, same)
                                           : look_up(kUsdmCalls, same);
}

int weight_of(CryptoProtocol protocol, const CryptoRoute& route,
              const Parameters& given) {
  const bool spot = protocol == CryptoProtocol::kSpot;
  if (route.deed == CryptoDeed::kDepth) {
    return depth_weight(protocol, given.integer("limit").value_or(spot ? 100 : 500));
  }
  if (route.deed == CryptoDeed::kOpenOrders && !given.has("symbol")) {
    return spot ? 80 : 40;
  }
  return route.weight;
}

}  // namespace pyscalp::exchange
