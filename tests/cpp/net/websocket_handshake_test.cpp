#include "net/websocket_handshake.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pyscalp::net::websocket {
namespace {

namespace http = wire::http;

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455, section 1.3

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Check>
Handshake check(http::Kind kind, std::string stream, Check&& with) {
  std::vector<std::byte> buffer(4'096);
  http::MessageReader reader(kind, buffer);
  const Bytes bytes(reinterpret_cast<const std::byte*>(stream.data()), stream.size());
  EXPECT_EQ(reader.feed(bytes).status, http::Status::kMessage) << stream;
  return with(reader.head());
}
Handshake answer(const std::string& fields, int code = 101) {
  return check(http::Kind::kResponse,
               "HTTP/1.1 " + std::to_string(code) + " X\r\nContent-Length: 0\r\n" +
                   fields + "\r\n",
               [](const http::Head& head) { return check_response(head, kKey); });
}
Handshake request(const std::string& fields,
                  const std::string& line = "GET /ws HTTP/1.1") {
  return check(http::Kind::kRequest, line + "\r\nHost: a\r\n" + fields + "\r\n",
               [](const http::Head& head) { return check_request(head); });
}

TEST(WebSocketHandshake, KeyAndAnswerOfTheRfc) {
  std::array<std::byte, 16> random;
  std::memcpy(random.data(), "the sample nonce", 16);
  EXPECT_EQ(make_key(random).text(), kKey);
  EXPECT_EQ(accept_of(kKey).text(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketHandshake, EachEndAcceptsTheOther) {
  std::array<std::byte, 512> out;
  const std::string asked =
      text_of(write_request(out, "example:9443", "/ws/btcusdt@trade", kKey));
  EXPECT_EQ(
      asked,
      "GET /ws/btcusdt@trade HTTP/1.1\r\nHost: example:9443\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_EQ(check(http::Kind::kRequest, asked,
                  [](const http::Head& head) { return check_request(head); }),
            Handshake::kSound);
  EXPECT_EQ(check(http::Kind::kResponse, text_of(write_response(out, kKey)),
                  [](const http::Head& head) { return check_response(head, kKey); }),
            Handshake::kSound);
}

TEST(WebSocketHandshake, AnswersThatAreRefused) {
  const std::string upgrade =
      "upgrade: WebSocket\r\nconnection: keep-alive, upgrade\r\n";
  const std::string accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
  EXPECT_EQ(answer(upgrade + accept), Handshake::kSound);
  EXPECT_EQ(answer(upgrade + accept, 200), Handshake::kRefused);
  EXPECT_EQ(answer(upgrade + accept, 403), Handshake::kRefused);
  EXPECT_EQ(answer("Upgrade: websocket\r\n" + accept), Handshake::kNotUpgraded);
  EXPECT_EQ(answer("Connection: upgrade\r\n" + accept), Handshake::kNotUpgraded);
  EXPECT_EQ(answer(upgrade), Handshake::kBadAccept);
  EXPECT_EQ(answer(upgrade + "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            Handshake::kBadAccept);
  EXPECT_EQ(
      answer(upgrade + accept + "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
      Handshake::kExtension);
  EXPECT_EQ(answer(upgrade + accept + "Sec-WebSocket-Protocol: chat\r\n"),
            Handshake::kExtension);
}

TEST(WebSocketHandshake, RequestsThatAreRefused) {
  const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  EXPECT_EQ(request(upgrade + version + key), Handshake::kSound);
  EXPECT_EQ(request(upgrade + version + key, "POST /ws HTTP/1.1"), Handshake::kNotGet);
  EXPECT_EQ(request(upgrade + version + key, "GET /ws HTTP/1.0"), Handshake::kNotGet);
  EXPECT_EQ(request(version + key), Handshake::kNotUpgraded);
  EXPECT_EQ(request(upgrade + key), Handshake::kBadVersion);
  EXPECT_EQ(request(upgrade + "Sec-WebSocket-Version: 8\r\n" + key),
            Handshake::kBadVersion);
  EXPECT_EQ(request(upgrade + version), Handshake::kBadKey);
  EXPECT_EQ(request(upgrade + version + "Sec-WebSocket-Key: short\r\n"),
            Handshake::kBadKey);
  EXPECT_EQ(
      request(upgrade + version + "Sec-WebSocket-Key: dGhl\"HNhbXBsZSBub25jZQ==\r\n"),
      Handshake::kBadKey);
  for (int i = 0; i <= static_cast<int>(Handshake::kBadKey); ++i)
    EXPECT_GT(name(static_cast<Handshake>(i)).size(), 3u);
}

}  // namespace
}  // namespace pyscalp::net::websocket
