// Where a venue is: scheme, host, port and path of a URL.
//
// Source: RFC 3986, as far as ws, wss, http and https need it. No user names, no
// fragments, no IPv6 addresses: what is not understood is refused in a sentence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/socket.hpp"

namespace pyscalp::net {

struct Url {
  bool secure = false;     ///< wss, https
  bool websocket = false;  ///< ws, wss
  std::string host;        ///< lower case
  std::uint16_t port = 0;
  std::string target;  ///< path and query, "/" at least

  /// As the Host field says it: with the port where it is not the scheme's own.
  std::string authority() const;
};

Opened<Url> parse_url(std::string_view text);

}  // namespace pyscalp::net
