// What can be asked of a crypto venue: the paths of its REST API and the methods of its
// WebSocket API, with their weights.
#pragma once

#include <string_view>

#include "exchange/crypto_parameters.hpp"
#include "exchange/crypto_symbol.hpp"

namespace pyscalp::exchange {

enum class CryptoDeed : std::uint8_t {
  kPing,
  kTime,
  kExchangeInfo,
  kDepth,
  kTouch,
  kPlace,
  kCancel,
  kCancelAll,
  kQuery,
  kOpenOrders,
  kAccount,
  kBalance,
  kPositions,
  kListenKeyStart,
  kListenKeyPing,
  kListenKeyStop,
};

enum class CryptoAccess : std::uint8_t {
  kOpen,    ///< for everybody
  kKey,     ///< with an API key
  kSigned,  ///< with a key, a time and a signature
};

struct CryptoRoute {
  CryptoDeed deed = CryptoDeed::kPing;
  CryptoAccess access = CryptoAccess::kOpen;
  int weight = 1;
};

/// Null where there is none. `path` is without the query.
const CryptoRoute* rest_route(CryptoProtocol protocol, std::string_view method,
                              std::string_view path);
/// By a method of the WebSocket API such as "order.place".
const CryptoRoute* call_route(CryptoProtocol protocol, std::string_view method);
/// The weight of a request, which may depend on what it asks for.
int weight_of(CryptoProtocol protocol, const CryptoRoute& route,
              const Parameters& given);

}  // namespace pyscalp::exchange
