// The opening handshake of a WebSocket, both ends: the words of the upgrade and the
// check of the other end's.
//
// Source: RFC 6455, section 4. Here and not in `wire` because of OpenSSL's SHA-1. No
// extension and no subprotocol is asked for or granted.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "wire/http.hpp"

namespace pyscalp::net::websocket {

/// Sec-WebSocket-Key: 16 random bytes, fresh for every connection, in base64.
struct Key {
  std::array<char, 24> chars;
  std::string_view text() const { return {chars.data(), chars.size()}; }
};
Key make_key(std::span<const std::byte, 16> random);

/// Sec-WebSocket-Accept, the answer to a key.
struct Accept {
  std::array<char, 28> chars;
  std::string_view text() const { return {chars.data(), chars.size()}; }
};
Accept accept_of(std::string_view key);

enum class Handshake : std::uint8_t {
  kSound,
  kRefused,      ///< client: a status other than 101; head.code says which
  kNotUpgraded,  ///< no "Upgrade: websocket", or no "Connection: upgrade"
  kBadAccept,    ///< client: the answer is not that to our key
  kExtension,    ///< client: an extension or subprotocol that was not asked for
  kNotGet,       ///< server: a method other than GET
  kBadVersion,   ///< server: a version other than 13
  kBadKey,       ///< server: a key that is not 16 bytes in base64
};
std::string_view name(Handshake result);  ///< "the answer is not that to our key"

/// The client's request; nothing where it does not fit. `host` as in the URL, with the
/// port where it is not the scheme's own.
Bytes write_request(MutableBytes out, std::string_view host, std::string_view target,
                    std::string_view key);
/// Checks the server's answer to `key`.
Handshake check_response(const wire::http::Head& head, std::string_view key);

/// Checks a client's request; its key is then the field "Sec-WebSocket-Key".
Handshake check_request(const wire::http::Head& head);
/// The server's answer to a sound request.
Bytes write_response(MutableBytes out, std::string_view key);

}  // namespace pyscalp::net::websocket
