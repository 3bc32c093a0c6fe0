#include "net/blocking_receiver.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include "net/udp.hpp"

namespace pyscalp::net {
namespace {

constexpr std::uint32_t kLoopback = 0x7F000001;

double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

class BlockingReceiverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(receiver_) << receiver_.error;
    auto sender = UdpSender::open(receiver_->groups()[1], kLoopback);
    ASSERT_TRUE(sender) << sender.error;
    sender_ = std::move(sender.value);
  }
  void send() { sender_->send(std::as_bytes(std::span("wake"))); }

  Opened<BlockingReceiver> receiver_ =
      BlockingReceiver::open({{{0xEFFF2C01, 0}, {0xEFFF2C02, 0}}, kLoopback, 64});
  std::optional<UdpSender> sender_;
};

TEST_F(BlockingReceiverTest, SleepsUntilTheTimeIsOver) {
  const double before = processor_seconds();
  receiver_->wait({}, 50'000'000);
  receiver_->wait({}, 0);
  receiver_->wait({}, -1);
  EXPECT_LT(processor_seconds() - before, 0.02) << "did not sleep";
  EXPECT_TRUE(receiver_->poll().empty());
}

TEST_F(BlockingReceiverTest, IsWokenByAnyLine) {
  send();
  receiver_->wait({}, std::int64_t{1} << 60);
  const auto packets = receiver_->poll();
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_EQ(packets[0].group, 1u);
}

TEST_F(BlockingReceiverTest, IsWokenByAnotherDescriptor) {
  auto other = UdpSocket::bind({kLoopback, 0});
  ASSERT_TRUE(other) << other.error;
  auto peer = UdpSocket::connect(other->endpoint());
  ASSERT_TRUE(peer) << peer.error;
  peer->send(std::as_bytes(std::span("order")));
  const int fd = other->fd();
  receiver_->wait(std::span(&fd, 1), std::int64_t{1} << 60);
  EXPECT_TRUE(receiver_->poll().empty());
}

}  // namespace
}  // namespace pyscalp::net
