// One suite for every transport, over a veth pair between two networks of its own.
#include "net/transport.hpp"

#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "../wall_clock.hpp"
#include "base/clock.hpp"
#include "net/address.hpp"
#include "net/tcp.hpp"
#include "net/udp.hpp"
#include "network.hpp"
#include "transports.hpp"
#include "wire/ethernet.hpp"

namespace pyscalp::net {
namespace {

using testing::Inside;
using testing::VethPair;

constexpr Endpoint kA{0xEFFF2901, 26'400};
constexpr Endpoint kB{0xEFFF2902, 26'400};
constexpr Endpoint kC{0xEFFF2901, 26'401};          // A's address, another port
constexpr Endpoint kElsewhere{0xEFFF2901, 26'402};  // nobody's

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

struct Heard {
  std::uint32_t group;
  std::string text;
  UnixNanos arrived;
};

/// Polls until `count` packets have come, or nothing has for a while.
template <class Receiver>
std::vector<Heard> hear(Receiver& receiver, std::size_t count,
                        int patience_ms = 2'000) {
  std::vector<Heard> heard;
  auto until =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (heard.size() < count && std::chrono::steady_clock::now() < until) {
    for (const Packet& packet : receiver.poll()) {
      heard.push_back({packet.group,
                       std::string(reinterpret_cast<const char*>(packet.payload.data()),
                                   packet.payload.size()),
                       packet.arrived});
    }
  }
  return heard;
}

template <class Transport>
class TransportTest : public ::testing::Test {
 protected:
  using Receiver = typename Transport::Receiver;

  void SetUp() override { join(2, 1'500); }

  void join(int queues, int mtu) {
    networks_ = VethPair::make(queues, mtu);
    if (!networks_) GTEST_SKIP() << testing::kNoNetworks;
  }
  ReceiverOptions options(std::size_t burst = 4'096) const {
    return {{kA, kB, kC}, VethPair::kRight, burst, Transport::kStamps};
  }
  Opened<Receiver> open(const ReceiverOptions& wanted) {
    const Inside inside(networks_->right);
    return Transport::open(wanted);
  }
  UdpSender sender(const Endpoint& group) {
    const Inside inside(networks_->left);
    auto opened = UdpSender::open(group, VethPair::kLeft);
    EXPECT_TRUE(opened) << opened.error;
    return std::move(*opened);
  }
  /// Puts a frame on the wire as it is.
  void send_frame(const std::vector<std::byte>& frame) {
    const Inside inside(networks_->left);
    const Descriptor raw(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = static_cast<int>(::if_nametoindex("v0"));
    ASSERT_EQ(::sendto(raw.get(), frame.data(), frame.size(), 0,
                       reinterpret_cast<sockaddr*>(&to), sizeof to),
              static_cast<ssize_t>(frame.size()));
  }

  std::unique_ptr<VethPair> networks_;
};

TYPED_TEST_SUITE(TransportTest, testing::AllTransports);

TYPED_TEST(TransportTest, DeliversInOrderAndTellsGroupsApart) {
  auto receiver = this->open(this->options());
  ASSERT_TRUE(receiver) << receiver.error;
  ASSERT_EQ(receiver->groups().size(), 3u);
  EXPECT_EQ(receiver->groups()[2], kC);
  EXPECT_TRUE(receiver->poll().empty());
  UdpSender senders[] = {this->sender(kA), this->sender(kB), this->sender(kC)};
  const UdpSender elsewhere = this->sender(kElsewhere);
  constexpr int kRounds = 500;
  for (int i = 0; i < kRounds; ++i) {
    for (UdpSender& to : senders) to.send(bytes_of(std::to_string(i)));
    const_cast<UdpSender&>(elsewhere).send(bytes_of("not for us"));
  }
  const auto heard = hear(*receiver, 3 * kRounds);
  ASSERT_EQ(heard.size(), 3u * kRounds);
  int next[3] = {};
  for (const Heard& one : heard) {
    ASSERT_LT(one.group, 3u);
    EXPECT_EQ(one.text, std::to_string(next[one.group]++));
  }
  EXPECT_TRUE(hear(*receiver, 1, 20).empty());
  const ReceiverCounters counters = receiver->counters();
  EXPECT_EQ(counters.packets, 3u * kRounds);
  EXPECT_EQ(counters.lost(), 0u);
  EXPECT_EQ(counters.errors, 0u);
}

TYPED_TEST(TransportTest, PayloadsOfEverySizeComeWhole) {
  auto receiver = this->open(this->options());
  ASSERT_TRUE(receiver) << receiver.error;
  UdpSender sender = this->sender(kA);
  for (const std::size_t size : {0, 1, 17, 18, 19, 1'001, 1'472}) {
    const std::string text(size, static_cast<char>('a' + size % 26));
    sender.send(bytes_of(text));
    const auto heard = hear(*receiver, 1);
    ASSERT_EQ(heard.size(), 1u) << size;
    EXPECT_EQ(heard[0].text, text);
  }
}

TYPED_TEST(TransportTest, WhatIsNotOfTheGroupsReachesTheKernel) {
  auto receiver = this->open(this->options());
  ASSERT_TRUE(receiver) << receiver.error;
  const Inside inside(this->networks_->right);
  auto udp = UdpSocket::bind({VethPair::kRight, 0});
  ASSERT_TRUE(udp) << udp.error;
  auto listener = TcpListener::open({VethPair::kRight, 0});
  ASSERT_TRUE(listener) << listener.error;
  auto other_group = UdpReceiver::open(kElsewhere, VethPair::kRight);
  ASSERT_TRUE(other_group) << other_group.error;

  this->sender(kElsewhere).send(bytes_of("elsewhere"));
  std::array<std::byte, 64> buffer;
  int fd = other_group->fd();
  ASSERT_TRUE(wait_readable(&fd, 1, 2'000'000'000));
  EXPECT_EQ(other_group->receive(buffer), 9);
  std::optional<TcpStream> client;
  Descriptor ping;
  {
    const Inside far(this->networks_->left);
    auto to = UdpSocket::connect(udp->endpoint());
    ASSERT_TRUE(to) << to.error;
    to->send(bytes_of("unicast"));
    auto stream = TcpStream::connect(listener->endpoint());
    ASSERT_TRUE(stream) << stream.error;
    client = std::move(*stream);
    ping = Descriptor(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
    const unsigned char echo[8] = {8, 0, 0xF7, 0xFF, 0, 0, 0, 0};
    const sockaddr_in address = detail::to_sockaddr({VethPair::kRight, 0});
    ::sendto(ping.get(), echo, sizeof echo, 0,
             reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  fd = udp->fd();
  ASSERT_TRUE(wait_readable(&fd, 1, 2'000'000'000));
  EXPECT_EQ(udp->receive(buffer), 7);
  fd = listener->fd();
  ASSERT_TRUE(wait_readable(&fd, 1, 2'000'000'000));
  EXPECT_TRUE(listener->accept());
  fd = ping.get();
  EXPECT_TRUE(wait_readable(&fd, 1, 2'000'000'000)) << "no echo";
  EXPECT_TRUE(hear(*receiver, 1, 10).empty());
}

TYPED_TEST(TransportTest, ABurstOf64kPacketsIsWholeWhenPolled) {
  auto receiver = this->open(this->options(kBurst));
  ASSERT_TRUE(receiver) << receiver.error;
  constexpr std::uint64_t kSent = 65'536;
  std::thread sending([&] {
    UdpSender senders[] = {this->sender(kA), this->sender(kB)};
    for (std::uint64_t i = 0; i < kSent; ++i)
      senders[i % 2].send(std::as_bytes(std::span(&i, 1)));
  });
  std::uint64_t received = 0;
  std::uint64_t next[2] = {0, 1};
  bool ordered = true;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (received < kSent && std::chrono::steady_clock::now() < until) {
    for (const Packet& packet : receiver->poll()) {
      std::uint64_t number;
      std::memcpy(&number, packet.payload.data(), sizeof number);
      ordered = ordered && number == next[packet.group];
      next[packet.group] = number + 2;
      ++received;
    }
  }
  sending.join();
  EXPECT_EQ(received, kSent);
  EXPECT_TRUE(ordered);
  EXPECT_EQ(receiver->counters().lost(), 0u);
}

TYPED_TEST(TransportTest, WhatIsDroppedForWantOfRoomIsCounted) {
  auto receiver = this->open(this->options(64));
  ASSERT_TRUE(receiver) << receiver.error;
  UdpSender sender = this->sender(kA);
  constexpr std::uint64_t kSent = 4'000;
  for (std::uint64_t i = 0; i < kSent; ++i) sender.send(bytes_of("a packet"));
  const auto heard = hear(*receiver, kSent, 50);
  EXPECT_GT(heard.size(), 32u);
  ASSERT_LT(heard.size(), kSent);
  const ReceiverCounters counters = receiver->counters();
  EXPECT_EQ(heard.size() + counters.kernel_dropped + counters.ring_dropped, kSent);
  EXPECT_EQ(receiver->counters().lost(), counters.lost()) << "counted twice";
  sender.send(bytes_of("goes on"));
  const auto after = hear(*receiver, 1);
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after[0].text, "goes on");
}

TYPED_TEST(TransportTest, FragmentsAreLeftToTheKernel) {
  auto receiver = this->open(this->options());
  ASSERT_TRUE(receiver) << receiver.error;
  UdpSender sender = this->sender(kA);
  sender.send(bytes_of(std::string(4'000, 'x')));
  sender.send(bytes_of("whole"));
  const auto heard = hear(*receiver, TypeParam::kSeesFrames ? 1 : 2);
  ASSERT_EQ(heard.size(), TypeParam::kSeesFrames ? 1u : 2u);
  EXPECT_EQ(heard.back().text, "whole");
}

TYPED_TEST(TransportTest, WhatIsLongerThanAFrameIsCountedWhereThereAreFrames) {
  this->join(1, 9'000);
  auto receiver = this->open(this->options());
  if (!receiver) GTEST_SKIP() << receiver.error;  // native XDP, of such frames
  UdpSender sender = this->sender(kA);
  sender.send(bytes_of(std::string(3'000, 'x')));
  sender.send(bytes_of("short"));
  const auto heard = hear(*receiver, TypeParam::kSeesFrames ? 1 : 2);
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(heard.back().text, "short");
  const ReceiverCounters counters = receiver->counters();
  EXPECT_EQ(counters.truncated + counters.ring_dropped,
            TypeParam::kSeesFrames ? 1u : 0u);
}

TYPED_TEST(TransportTest, MalformedFramesAreNotDelivered) {
  auto receiver = this->open(this->options());
  ASSERT_TRUE(receiver) << receiver.error;
  const wire::ethernet::Flow flow{VethPair::kLeft, kA.address, 9'000, kA.port};
  const auto frame_of = [&](std::string_view text) {
    std::vector<std::byte> frame(wire::ethernet::kUdpFrameHeaderSize + text.size());
    wire::ethernet::encode_udp_header(flow, bytes_of(text), frame.data());
    std::copy_n(bytes_of(text).begin(), text.size(),
                frame.begin() + wire::ethernet::kUdpFrameHeaderSize);
    return frame;
  };
  const std::string text = "a payload of some bytes";
  auto bad_checksum = frame_of(text);
  bad_checksum.back() ^= std::byte{1};
  auto bad_udp_length = frame_of(text);
  bad_udp_length[38] = std::byte{9};
  auto bad_ip_checksum = frame_of(text);
  bad_ip_checksum[24] ^= std::byte{1};
  auto cut = frame_of(text);
  cut.resize(50);
  auto header_alone = frame_of(text);
  header_alone.resize(30);
  auto tagged = frame_of(text);  // of VLAN 100
  const std::byte tag[] = {std::byte{0x81}, std::byte{0}, std::byte{0}, std::byte{100}};
  tagged.insert(tagged.begin() + 12, std::begin(tag), std::end(tag));
  for (const auto& frame :
       {bad_checksum, bad_udp_length, bad_ip_checksum, cut, header_alone, tagged}) {
    this->send_frame(frame);
  }
  auto no_checksum = frame_of("not computed");
  no_checksum[40] = no_checksum[41] = std::byte{0};
  this->send_frame(no_checksum);
  this->send_frame(frame_of("right"));
  const auto heard = hear(*receiver, 2);
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0].text, "not computed");
  EXPECT_EQ(heard[1].text, "right");
  EXPECT_TRUE(hear(*receiver, 1, 10).empty());
  if (TypeParam::kSeesFrames) {
    EXPECT_GE(receiver->counters().malformed, 3u);
  }
}

TYPED_TEST(TransportTest, PacketsThatAreReleasedAndPolledLaterAreNotLost) {
  auto receiver = this->open(this->options(64));
  ASSERT_TRUE(receiver) << receiver.error;
  UdpSender sender = this->sender(kA);
  int next = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 7; ++i) sender.send(bytes_of(std::to_string(round * 7 + i)));
    for (const Heard& one : hear(*receiver, 7))
      EXPECT_EQ(one.text, std::to_string(next++));
    if (round % 3 == 0) receiver->release();
  }
  EXPECT_EQ(next, 1'400);
  EXPECT_EQ(receiver->counters().lost(), 0u);
}

TYPED_TEST(TransportTest, TimesOfArrivalAreTheKernels) {
  auto receiver = this->open(this->options());
  ASSERT_TRUE(receiver) << receiver.error;
  UdpSender sender = this->sender(kB);
  // The kernel begins to stamp a while after the first socket of the machine asked for
  // it, as its work queue comes round to that; until then a packet is stamped when
  // read.
  bool by_kernel = false;
  for (int attempt = 0; attempt < 100 && !by_kernel; ++attempt) {
    const UnixNanos before = wall_now();
    sender.send(bytes_of("now"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto heard = hear(*receiver, 1);
    ASSERT_EQ(heard.size(), 1u);
    if (!TypeParam::kStamps) {
      EXPECT_EQ(heard[0].arrived.value, 0);
      return;
    }
    EXPECT_GE(heard[0].arrived.value, before.value - kWallClockStep);
    by_kernel = heard[0].arrived.value < wall_now().value - 10'000'000;
  }
  EXPECT_TRUE(by_kernel) << "stamped when read";
}

TYPED_TEST(TransportTest, ADescriptorWakesWhoeverSleeps) {
  auto receiver = this->open(this->options());
  ASSERT_TRUE(receiver) << receiver.error;
  const auto fds = receiver->descriptors();
  EXPECT_FALSE(wait_readable(fds.data(), fds.size(), 1'000'000));
  this->sender(kB).send(bytes_of("wake"));
  EXPECT_TRUE(wait_readable(fds.data(), fds.size(), 2'000'000'000));
  EXPECT_EQ(hear(*receiver, 1).size(), 1u);
}

TYPED_TEST(TransportTest, AnInterfaceThatIsGoneIsAnErrorWhereFramesAreSeen) {
  if (!TypeParam::kSeesFrames) GTEST_SKIP() << "the kernel tells sockets nothing";
  auto receiver = this->open(this->options());
  ASSERT_TRUE(receiver) << receiver.error;
  EXPECT_EQ(receiver->counters().errors, 0u);
  ASSERT_TRUE(this->networks_->run_right("ip link delete v1"));
  EXPECT_TRUE(receiver->poll().empty());
  const ReceiverCounters counters = receiver->counters();
  EXPECT_GE(counters.errors, 1u);
  EXPECT_TRUE(counters.last_error == ENETDOWN || counters.last_error == ENXIO)
      << counters.last_error;
}

TYPED_TEST(TransportTest, NothingIsLeftBehindByOneThatIsKilled) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto receiver = this->open(this->options());
    const char works = receiver ? 'y' : 'n';
    if (::write(ready[1], &works, 1) == 1) ::pause();
    ::_exit(1);
  }
  char works = 'n';
  EXPECT_EQ(::read(ready[0], &works, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  ASSERT_EQ(works, 'y');
  const char* const kAttached = "ip link show v1 | grep -q 'prog/xdp'";
  for (int i = 0; i < 200 && this->networks_->run_right(kAttached); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE(this->networks_->run_right(kAttached));
  const Inside inside(this->networks_->right);
  auto socket = UdpReceiver::open(kA, VethPair::kRight);
  ASSERT_TRUE(socket) << socket.error;
  this->sender(kA).send(bytes_of("heard"));
  const int fd = socket->fd();
  EXPECT_TRUE(wait_readable(&fd, 1, 2'000'000'000));
  auto again = this->open(this->options());
  EXPECT_TRUE(again) << again.error;
}

}  // namespace
}  // namespace pyscalp::net
