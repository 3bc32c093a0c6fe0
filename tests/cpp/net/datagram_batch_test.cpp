#include "net/datagram_batch.hpp"

#include <gtest/gtest.h>

#include <string>

#include "../wall_clock.hpp"
#include "base/clock.hpp"
#include "net/udp.hpp"

namespace pyscalp::net {
namespace {

constexpr std::uint32_t kLoopback = 0x7F000001;
constexpr Endpoint kGroup{0xEFFF1F21, 0};  // 239.255.31.33

struct Line {
  UdpReceiver receiver;
  UdpSender sender;
};

Line open_line(int buffer_size = UdpReceiver::kDefaultBuffer) {
  auto receiver = UdpReceiver::open(kGroup, kLoopback, buffer_size);
  EXPECT_TRUE(receiver) << receiver.error;
  auto sender = UdpSender::open(receiver->endpoint(), kLoopback);
  EXPECT_TRUE(sender) << sender.error;
  DatagramBatch::ask_for_times(receiver->fd());
  return {std::move(*receiver), std::move(*sender)};
}

std::string text_of(const Datagram& datagram) {
  return {reinterpret_cast<const char*>(datagram.payload.data()),
          datagram.payload.size()};
}

void send(UdpSender& sender, std::string_view text) {
  ASSERT_EQ(sender.send(std::as_bytes(std::span(text))).status, IoStatus::kOk);
}

TEST(DatagramBatch, GivesNothingWhereNothingIs) {
  Line line = open_line();
  DatagramBatch batch;
  EXPECT_TRUE(batch.receive(line.receiver.fd()).empty());
  EXPECT_EQ(batch.errors(), 0u);
}

TEST(DatagramBatch, GivesDatagramsInOrderWithTimeAndSender) {
  Line line = open_line();
  DatagramBatch batch;
  const UnixNanos before = wall_now();
  const std::string largest(65'507, 'x');
  for (const std::string_view text :
       {std::string_view("one"), std::string_view(""), std::string_view(largest)})
    send(line.sender, text);
  const UnixNanos after = wall_now();
  const auto received = batch.receive(line.receiver.fd());
  ASSERT_EQ(received.size(), 3u);
  EXPECT_EQ(text_of(received[0]), "one");
  EXPECT_EQ(text_of(received[1]), "");
  EXPECT_EQ(text_of(received[2]), largest);
  for (const Datagram& datagram : received) {
    EXPECT_GE(datagram.received.value, before.value - kWallClockStep);
    EXPECT_LE(datagram.received.value, after.value + kWallClockStep);
    EXPECT_EQ(datagram.from.address, kLoopback);
    EXPECT_NE(datagram.from.port, 0);
    EXPECT_EQ(datagram.from, received[0].from);
  }
  EXPECT_TRUE(batch.receive(line.receiver.fd()).empty());
}

TEST(DatagramBatch, TakesAtMostOneBatch) {
  Line line = open_line();
  DatagramBatch batch;
  for (std::size_t i = 0; i < DatagramBatch::kMost + 5; ++i)
    send(line.sender, std::to_string(i));
  EXPECT_EQ(batch.receive(line.receiver.fd()).size(), DatagramBatch::kMost);
  const auto rest = batch.receive(line.receiver.fd());
  ASSERT_EQ(rest.size(), 5u);
  EXPECT_EQ(text_of(rest[4]), std::to_string(DatagramBatch::kMost + 4));
}

TEST(DatagramBatch, CountsWhatTheKernelDropped) {
  Line line = open_line(1);  // the kernel gives its least
  DatagramBatch batch;
  constexpr std::uint64_t kSent = 500;
  const std::string text(1'000, 'x');
  for (std::uint64_t i = 0; i < kSent; ++i) send(line.sender, text);
  std::uint64_t received = 0;
  while (const std::size_t count = batch.receive(line.receiver.fd()).size())
    received += count;
  ASSERT_LT(received, kSent);
  // What was taken had arrived before the drops: only the kernel can tell of them.
  batch.ask_drops(line.receiver.fd());
  EXPECT_EQ(batch.dropped(), kSent - received);
  send(line.sender, "later");
  EXPECT_EQ(batch.receive(line.receiver.fd()).size(), 1u);
  EXPECT_EQ(batch.dropped(), kSent - received) << "counted twice";
}

TEST(DatagramBatch, CountsErrorsOfTheSocket) {
  // Nobody listens at the port: the second try hears of it.
  auto socket = UdpSocket::connect({kLoopback, 9});
  ASSERT_TRUE(socket) << socket.error;
  DatagramBatch batch;
  socket->send(std::as_bytes(std::span("x")));
  EXPECT_TRUE(batch.receive(socket->fd()).empty());
  EXPECT_EQ(batch.errors(), 1u);
  EXPECT_NE(batch.last_error(), 0);
}

}  // namespace
}  // namespace pyscalp::net
