#include "net/tcp.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace pyscalp::net {
namespace {

constexpr std::uint32_t kLoopback = 0x7F000001;

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

void wait_for(const TcpStream& stream) {
  const int fd = stream.fd();
  wait_readable(&fd, 1, 2'000'000'000);
}

ConnectState settle(TcpStream& stream) {
  for (int i = 0; i < 2'000 && stream.progress() == ConnectState::kConnecting; ++i)
    wait_readable(nullptr, 0, 1'000'000);
  return stream.progress();
}

struct Pair {
  TcpListener listener;
  TcpStream client;
  TcpStream server;
};

Pair connected_pair() {
  auto listener = TcpListener::open({kLoopback, 0});
  EXPECT_TRUE(listener) << listener.error;
  auto client = TcpStream::connect(listener->endpoint());
  EXPECT_TRUE(client) << client.error;
  EXPECT_EQ(settle(*client), ConnectState::kConnected);
  const int fd = listener->fd();
  wait_readable(&fd, 1, 2'000'000'000);
  std::optional<TcpStream> server = listener->accept();
  EXPECT_TRUE(server.has_value());
  return {std::move(*listener), std::move(*client), std::move(*server)};
}

TEST(Tcp, CarriesBytesBothWays) {
  Pair pair = connected_pair();
  EXPECT_EQ(pair.server.progress(), ConnectState::kConnected);
  EXPECT_EQ(pair.client.remote(), pair.listener.endpoint());
  std::array<std::byte, 64> buffer;
  EXPECT_EQ(pair.server.receive(buffer).status, IoStatus::kAgain);
  EXPECT_EQ(pair.client.send(bytes_of("hello")).size, 5u);
  wait_for(pair.server);
  IoResult result = pair.server.receive(buffer);
  ASSERT_EQ(result.status, IoStatus::kOk);
  EXPECT_EQ(result.size, 5u);
  pair.server.send(bytes_of("yes"));
  wait_for(pair.client);
  result = pair.client.receive(buffer);
  EXPECT_EQ(result.size, 3u);
  EXPECT_EQ(static_cast<char>(buffer[0]), 'y');
}

TEST(Tcp, AFullSendBufferIsAgainAndLosesNothing) {
  Pair pair = connected_pair();
  const std::vector<std::byte> block(1 << 16, std::byte{7});
  std::size_t sent = 0;
  IoResult result;
  do {
    result = pair.client.send(block);
    sent += result.size;
    ASSERT_LT(sent, std::size_t{1} << 30) << "the kernel takes everything";
  } while (result.status == IoStatus::kOk);
  EXPECT_EQ(result.status, IoStatus::kAgain);
  std::vector<std::byte> buffer(1 << 16);
  std::size_t received = 0;
  while (received < sent) {
    wait_for(pair.server);
    const IoResult read = pair.server.receive(buffer);
    if (read.status == IoStatus::kAgain) continue;
    ASSERT_EQ(read.status, IoStatus::kOk);
    received += read.size;
  }
  EXPECT_EQ(received, sent);
}

TEST(Tcp, AnOrderlyEndIsClosedAfterTheLastByte) {
  Pair pair = connected_pair();
  pair.client.send(bytes_of("bye"));
  pair.client.shut_down_sending();
  std::array<std::byte, 64> buffer;
  wait_for(pair.server);
  EXPECT_EQ(pair.server.receive(buffer).size, 3u);
  wait_for(pair.server);
  EXPECT_EQ(pair.server.receive(buffer).status, IoStatus::kClosed);
  // The other direction still works.
  EXPECT_EQ(pair.server.send(bytes_of("ok")).status, IoStatus::kOk);
  wait_for(pair.client);
  EXPECT_EQ(pair.client.receive(buffer).size, 2u);
}

TEST(Tcp, AResetIsClosedForReaderAndWriter) {
  Pair pair = connected_pair();
  pair.client.abort();
  EXPECT_FALSE(pair.client.is_open());
  std::array<std::byte, 64> buffer;
  wait_for(pair.server);
  EXPECT_EQ(pair.server.receive(buffer).status, IoStatus::kClosed);
  EXPECT_EQ(pair.server.send(bytes_of("x")).status, IoStatus::kClosed);
}

TEST(Tcp, APeerThatRefusesIsNamed) {
  std::uint16_t port = 0;
  {
    auto gone = TcpListener::open({kLoopback, 0});
    ASSERT_TRUE(gone);
    port = gone->endpoint().port;
  }
  auto stream = TcpStream::connect({kLoopback, port});
  ASSERT_TRUE(stream) << stream.error;
  EXPECT_EQ(settle(*stream), ConnectState::kFailed);
  EXPECT_EQ(stream->failure_text(),
            "cannot connect to " + endpoint_text({kLoopback, port}) +
                ": connection refused; nothing listens there, start the exchange or "
                "check the port");
}

TEST(Tcp, ATakenPortIsNamedWithARemedy) {
  auto first = TcpListener::open({kLoopback, 0});
  ASSERT_TRUE(first);
  auto second = TcpListener::open(first->endpoint());
  EXPECT_FALSE(second);
  EXPECT_EQ(second.error, "cannot bind " + endpoint_text(first->endpoint()) +
                              ": address already in use; stop the other process or "
                              "choose another port");
}

TEST(Tcp, AnAddressOfAnotherMachineIsNamed) {
  auto listener = TcpListener::open({0xC0000201, 0});
  EXPECT_FALSE(listener);
  EXPECT_NE(listener.error.find("192.0.2.1:0"), std::string::npos);
  EXPECT_NE(listener.error.find("use an address of this machine"), std::string::npos);
}

TEST(Tcp, NobodyWaitingIsNothing) {
  auto listener = TcpListener::open({kLoopback, 0});
  ASSERT_TRUE(listener);
  EXPECT_FALSE(listener->accept().has_value());
  EXPECT_EQ(listener->errors(), 0u);
}

}  // namespace
}  // namespace pyscalp::net
