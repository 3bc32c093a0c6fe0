#include "net/udp.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace pyscalp::net {
namespace {

constexpr std::uint32_t kLoopback = 0x7F000001;
constexpr std::uint32_t kGroupA = 0xEFFF1F01;  // 239.255.31.1
constexpr std::uint32_t kGroupB = 0xEFFF1F02;

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

template <class Socket>
std::string receive_text(Socket& socket, std::size_t room = 2'048) {
  const int fd = socket.fd();
  wait_readable(&fd, 1, 2'000'000'000);
  std::string buffer(room, '\0');
  const std::ptrdiff_t size = socket.receive(std::as_writable_bytes(std::span(buffer)));
  if (size == kNoDatagram) return "<none>";
  buffer.resize(static_cast<std::size_t>(size));
  return buffer;
}

TEST(Address, ReadsDottedDecimalOnly) {
  EXPECT_EQ(parse_address("127.0.0.1"), kLoopback);
  EXPECT_EQ(parse_address("239.255.31.1"), kGroupA);
  EXPECT_EQ(parse_address("localhost"), std::nullopt);
  EXPECT_EQ(parse_address("127.0.0.256"), std::nullopt);
  EXPECT_EQ(parse_address(""), std::nullopt);
  EXPECT_EQ(parse_endpoint("1.2.3", 4), std::nullopt);
  EXPECT_EQ(endpoint_text({kLoopback, 26402}), "127.0.0.1:26402");
  EXPECT_EQ(address_text(0xFFFFFFFF), "255.255.255.255");
}

TEST(Multicast, ReachesEveryReceiverOnceAndInOrder) {
  auto first = UdpReceiver::open({kGroupA, 0}, kLoopback);
  ASSERT_TRUE(first) << first.error;
  const Endpoint group = first->endpoint();
  EXPECT_EQ(group.address, kGroupA);
  EXPECT_NE(group.port, 0);
  auto second = UdpReceiver::open(group, kLoopback);
  ASSERT_TRUE(second) << second.error;
  auto sender = UdpSender::open(group, kLoopback);
  ASSERT_TRUE(sender) << sender.error;
  for (const char* text : {"one", "", "three"}) {
    const IoResult result = sender->send(bytes_of(text));
    ASSERT_EQ(result.status, IoStatus::kOk);
    EXPECT_EQ(result.size, std::string_view(text).size());
  }
  for (UdpReceiver* receiver : {&*first, &*second}) {
    EXPECT_EQ(receive_text(*receiver), "one");
    EXPECT_EQ(receive_text(*receiver), "");
    EXPECT_EQ(receive_text(*receiver), "three");
    std::array<std::byte, 16> buffer;
    EXPECT_EQ(receiver->receive(buffer), kNoDatagram) << "came more than once";
    EXPECT_EQ(receiver->errors(), 0u);
    EXPECT_EQ(receiver->dropped(), 0u);
  }
}

TEST(Multicast, GroupsOnOnePortStayApart) {
  auto line_a = UdpReceiver::open({kGroupA, 0}, kLoopback);
  ASSERT_TRUE(line_a) << line_a.error;
  const std::uint16_t port = line_a->endpoint().port;
  auto line_b = UdpReceiver::open({kGroupB, port}, kLoopback);
  ASSERT_TRUE(line_b) << line_b.error;
  auto sender_a = UdpSender::open({kGroupA, port}, kLoopback);
  auto sender_b = UdpSender::open({kGroupB, port}, kLoopback);
  ASSERT_TRUE(sender_a && sender_b);
  sender_a->send(bytes_of("a"));
  sender_b->send(bytes_of("b"));
  EXPECT_EQ(receive_text(*line_a), "a");
  EXPECT_EQ(receive_text(*line_b), "b");
  std::array<std::byte, 16> buffer;
  EXPECT_EQ(line_a->receive(buffer), kNoDatagram);
  EXPECT_EQ(line_b->receive(buffer), kNoDatagram);
}

TEST(Multicast, DropsAndCountsWhatIsLongerThanTheBuffer) {
  auto receiver = UdpReceiver::open({kGroupA, 0}, kLoopback);
  ASSERT_TRUE(receiver) << receiver.error;
  auto sender = UdpSender::open(receiver->endpoint(), kLoopback);
  ASSERT_TRUE(sender) << sender.error;
  sender->send(bytes_of("too long"));
  sender->send(bytes_of("fits"));
  EXPECT_EQ(receive_text(*receiver, 4), "<none>");
  EXPECT_EQ(receiver->truncated(), 1u);
  EXPECT_EQ(receive_text(*receiver, 4), "fits");
  EXPECT_EQ(receiver->truncated(), 1u);
}

TEST(Multicast, CountsWhatTheKernelDropped) {
  auto receiver = UdpReceiver::open({kGroupA, 0}, kLoopback, 4'096);
  ASSERT_TRUE(receiver) << receiver.error;
  auto sender = UdpSender::open(receiver->endpoint(), kLoopback);
  ASSERT_TRUE(sender) << sender.error;
  const std::string load(1'000, 'x');
  constexpr int kSent = 200;
  for (int i = 0; i < kSent; ++i) sender->send(bytes_of(load));
  int received = 0;
  std::array<std::byte, 2'048> buffer;
  const int fd = receiver->fd();
  while (wait_readable(&fd, 1, 50'000'000) && receiver->receive(buffer) != kNoDatagram)
    ++received;
  ASSERT_LT(received, kSent) << "a 4 KiB buffer cannot have held 200 KiB";
  // The count comes with the next datagram.
  sender->send(bytes_of(load));
  EXPECT_EQ(receive_text(*receiver), load);
  EXPECT_EQ(receiver->dropped(), static_cast<std::uint64_t>(kSent - received));
}

TEST(Multicast, RefusesAnAddressThatIsNoGroup) {
  auto receiver = UdpReceiver::open({kLoopback, 0}, kLoopback);
  EXPECT_FALSE(receiver);
  EXPECT_NE(receiver.error.find("127.0.0.1:0: not a multicast group"),
            std::string::npos);
  EXPECT_FALSE(UdpSender::open({kLoopback, 5}, kLoopback));
}

TEST(Multicast, NamesAnInterfaceThatIsNotThere) {
  // 192.0.2.0/24 is for documentation; no machine has it.
  auto receiver = UdpReceiver::open({kGroupA, 0}, 0xC0000201);
  EXPECT_FALSE(receiver);
  EXPECT_NE(receiver.error.find("on interface 192.0.2.1, cannot join"),
            std::string::npos)
      << receiver.error;
}

TEST(Unicast, AnswersTheOneThatAsked) {
  auto server = UdpSocket::bind({kLoopback, 0});
  ASSERT_TRUE(server) << server.error;
  EXPECT_NE(server->endpoint().port, 0);
  auto client = UdpSocket::connect(server->endpoint());
  ASSERT_TRUE(client) << client.error;
  ASSERT_EQ(client->send(bytes_of("ask")).status, IoStatus::kOk);
  const int fd = server->fd();
  ASSERT_TRUE(wait_readable(&fd, 1, 2'000'000'000));
  std::array<std::byte, 64> buffer;
  Endpoint from;
  ASSERT_EQ(server->receive(buffer, &from), 3);
  EXPECT_EQ(from, client->endpoint());
  ASSERT_EQ(server->send_to(bytes_of("answer"), from).status, IoStatus::kOk);
  EXPECT_EQ(receive_text(*client), "answer");
}

TEST(Unicast, NobodyThereIsAnErrorOfTheNextCallAndNoCrash) {
  std::uint16_t port = 0;
  {
    auto gone = UdpSocket::bind({kLoopback, 0});
    ASSERT_TRUE(gone);
    port = gone->endpoint().port;
  }
  auto client = UdpSocket::connect({kLoopback, port});
  ASSERT_TRUE(client) << client.error;
  client->send(bytes_of("ask"));
  const int fd = client->fd();
  wait_readable(&fd, 1, 1'000'000'000);
  std::array<std::byte, 64> buffer;
  EXPECT_EQ(client->receive(buffer), kNoDatagram);
  EXPECT_EQ(client->errors(), 1u);
  EXPECT_NE(client->last_error(), 0);
}

TEST(Unicast, ATakenPortIsNamedWithARemedy) {
  auto first = UdpSocket::bind({kLoopback, 0});
  ASSERT_TRUE(first);
  auto second = UdpSocket::bind(first->endpoint());
  EXPECT_FALSE(second);
  EXPECT_EQ(second.error, "cannot bind " + endpoint_text(first->endpoint()) +
                              ": address already in use; stop the other process or "
                              "choose another port");
}

TEST(WaitReadable, EndsAtItsTimeoutWithNothingToRead) {
  auto socket = UdpSocket::bind({kLoopback, 0});
  ASSERT_TRUE(socket);
  const int fd = socket->fd();
  EXPECT_FALSE(wait_readable(&fd, 1, 1'000'000));
}

TEST(FreePort, CanBeTaken) {
  const std::uint16_t port = free_udp_port();
  ASSERT_NE(port, 0);
  EXPECT_TRUE(UdpSocket::bind({kLoopback, port}));
}

}  // namespace
}  // namespace pyscalp::net
