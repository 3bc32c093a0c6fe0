#include "net/websocket_handshake.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>

namespace pyscalp::net::websocket {

namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeySize = 24;

/// EVP_EncodeBlock ends its text with a zero, for which `out` has no room.
template <std::size_t N, std::size_t Size>
void encode_base64(const unsigned char (&in)[N], std::array<char, Size>& out) {
  static_assert(Size == (N + 2) / 3 * 4);
  unsigned char text[Size + 1];
  EVP_EncodeBlock(text, in, N);
  std::copy_n(text, Size, out.begin());
}

bool is_key(std::string_view text) {
  const auto is_base64 = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '+' || c == '/';
  };
  return text.size() == kKeySize && text.ends_with("==") &&
         std::all_of(text.begin(), text.end() - 2, is_base64);
}

bool upgrades(const wire::http::Head& head) {
  return head.has_token("Upgrade", "websocket") &&
         head.has_token("Connection", "upgrade");
}

}  // namespace

Key make_key(std::span<const std::byte, 16> random) {
  unsigned char bytes[16];
  std::memcpy(bytes, random.data(), sizeof bytes);
  Key key;
  encode_base64(bytes, key.chars);
  return key;
}

Accept accept_of(std::string_view key) {
  unsigned char text[128];
  const std::size_t size = std::min(key.size(), sizeof text - kGuid.size());
  std::copy_n(key.begin(), size, text);
  std::copy_n(kGuid.begin(), kGuid.size(), text + size);
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(text, size + kGuid.size(), digest);
  Accept accept;
  encode_base64(digest, accept.chars);
  return accept;
}

std::string_view name(Handshake result) {
  switch (result) {
    case Handshake::kSound:
      return "sound";
    case Handshake::kRefused:
      return "the server did not switch to WebSocket";
    case Handshake::kNotUpgraded:
      return "no upgrade to WebSocket in the head";
    case Handshake::kBadAccept:
      return "the answer is not that to our key";
    case Handshake::kExtension:
      return "an extension or subprotocol that was not asked for";
    case Handshake::kNotGet:
      return "a method other than GET";
    case Handshake::kBadVersion:
      return "a version of WebSocket other than 13";
    case Handshake::kBadKey:
      return "a key that is not 16 bytes in base64";
  }
  return "?";
}

Bytes write_request(MutableBytes out, std::string_view host, std::string_view target,
                    std::string_view key) {
  return wire::http::MessageWriter(out)
      .request("GET", target)
      .field("Host", host)
      .field("Upgrade", "websocket")
      .field("Connection", "Upgrade")
      .field("Sec-WebSocket-Key", key)
      .field("Sec-WebSocket-Version", "13")
      .end()
      .finish();
}

Handshake check_response(const wire::http::Head& head, std::string_view key) {
  if (head.code != 101) return Handshake::kRefused;
  if (!upgrades(head)) return Handshake::kNotUpgraded;
  const auto accept = head.field("Sec-WebSocket-Accept");
  if (!accept || *accept != accept_of(key).text()) return Handshake::kBadAccept;
  if (head.field("Sec-WebSocket-Extensions") || head.field("Sec-WebSocket-Protocol"))
    return Handshake::kExtension;
  return Handshake::kSound;
}

Handshake check_request(const wire::http::Head& head) {
  if (head.method != "GET" || head.minor < 1) return Handshake::kNotGet;
  if (!upgrades(head)) return Handshake::kNotUpgraded;
  if (head.field("Sec-WebSocket-Version") != "13") return Handshake::kBadVersion;
  const auto key = head.field("Sec-WebSocket-Key");
  return key && is_key(*key) ? Handshake::kSound : Handshake::kBadKey;
}

Bytes write_response(MutableBytes out, std::string_view key) {
  return wire::http::MessageWriter(out)
      .response(101, wire::http::reason_of(101))
      .field("Upgrade", "websocket")
      .field("Connection", "Upgrade")
      .field("Sec-WebSocket-Accept", accept_of(key).text())
      .end()
      .finish();
}

}  // namespace pyscalp::net::websocket
