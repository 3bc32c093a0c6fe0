#include "net/receiver.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>

#include "net/udp.hpp"
#include "network.hpp"

namespace pyscalp::net {
namespace {

using testing::Inside;
using testing::VethPair;

constexpr std::uint32_t kLoopback = 0x7F000001;
constexpr Endpoint kA{0xEFFF2A01, 26'400};
constexpr Endpoint kB{0xEFFF2A02, 26'400};
constexpr std::size_t kSmallBurst = 64;

ReceiverOptions on(std::uint32_t interface_address) {
  return {{kA, kB}, interface_address, kSmallBurst};
}

OpenedReceiver open_in(const Descriptor& network, TransportKind kind,
                       const ReceiverOptions& options) {
  const Inside inside(network);
  return open_receiver(kind, options);
}

TEST(Receiver, KindsHaveNames) {
  for (const char* text : {"auto", "xdp", "packet", "socket", "blocking"})
    EXPECT_STREQ(name(*transport_kind(text)), text);
  EXPECT_EQ(transport_kind("dpdk"), std::nullopt);
}

TEST(Receiver, AutoTakesTheRingOnVirtualInterfacesAndSaysWhy) {
  const auto networks = VethPair::make(1);
  if (!networks) GTEST_SKIP() << testing::kNoNetworks;
  const auto opened =
      open_in(networks->right, TransportKind::kAuto, on(VethPair::kRight));
  ASSERT_TRUE(opened) << opened.error;
  EXPECT_EQ(opened.kind, TransportKind::kPacket);
  EXPECT_EQ(opened.note,
            "AF_PACKET ring on v1 (auto: the fastest on a virtual interface)");
  EXPECT_EQ(opened.missing, "");
}

TEST(Receiver, ASecondXdpOnAnInterfaceSaysWhoIsInTheWay) {
  const auto networks = VethPair::make(1);
  if (!networks) GTEST_SKIP() << testing::kNoNetworks;
  auto first = open_in(networks->right, TransportKind::kXdp, on(VethPair::kRight));
  ASSERT_TRUE(first) << first.error;
  EXPECT_EQ(first.note.substr(0, 28), "AF_XDP, generic, on v1, 1 qu");
  const auto second =
      open_in(networks->right, TransportKind::kXdp, on(VethPair::kRight));
  EXPECT_FALSE(second);
  EXPECT_NE(second.error.find("another XDP program is attached"), std::string::npos)
      << second.error;
  first.value.reset();
  const auto third =
      open_in(networks->right, TransportKind::kXdp, on(VethPair::kRight));
  EXPECT_TRUE(third) << third.error;
}

TEST(Receiver, ZeroCopyIsRefusedByDriversWithoutIt) {
  const auto networks = VethPair::make(1);
  if (!networks) GTEST_SKIP() << testing::kNoNetworks;
  const Inside inside(networks->right);
  const auto opened = XdpReceiver::open(on(VethPair::kRight), XdpMode::kZeroCopy);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error, "no AF_XDP on v1, zero-copy: the driver does not offer it");
}

TEST(Receiver, NativeModesAreTriedInTurnAndWhatBothLackIsSaidOnce) {
  const auto networks = VethPair::make(1);
  if (!networks) GTEST_SKIP() << testing::kNoNetworks;
  const Inside inside(networks->right);
  const auto had = XdpReceiver::open(on(VethPair::kRight), XdpMode::kNative);
  ASSERT_TRUE(had) << had.error;
  EXPECT_EQ(had.value->mode(), XdpMode::kNativeCopy);
  const auto refused = XdpReceiver::open(on(kLoopback), XdpMode::kNative);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error,
            "no AF_XDP on lo, zero-copy: the driver runs no XDP programs");
}

TEST(Receiver, EveryQueueOfAnInterfaceIsHeard) {
  const auto networks = VethPair::make(4);
  if (!networks) GTEST_SKIP() << testing::kNoNetworks;
  const Inside inside(networks->right);
  auto receiver = XdpReceiver::open(on(VethPair::kRight), XdpMode::kNativeCopy);
  ASSERT_TRUE(receiver) << receiver.error;
  EXPECT_EQ(receiver->queues(), 4u);
  constexpr int kSenders = 32;  // each from another port, and so by some queue
  for (int i = 0; i < kSenders; ++i) {
    const Inside left(networks->left);
    auto sender = UdpSender::open(kA, VethPair::kLeft);
    ASSERT_TRUE(sender) << sender.error;
    sender->send(std::as_bytes(std::span("a packet")));
  }
  std::size_t heard = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (heard < kSenders && std::chrono::steady_clock::now() < until)
    heard += receiver->poll().size();
  EXPECT_EQ(heard, static_cast<std::size_t>(kSenders));
}

TEST(Receiver, OnTheLoopbackEachPacketComesOnce) {
  const Descriptor network = testing::new_network();
  if (!network) GTEST_SKIP() << testing::kNoNetworks;
  for (const auto kind : {TransportKind::kXdp, TransportKind::kPacket,
                          TransportKind::kSocket, TransportKind::kBlocking}) {
    SCOPED_TRACE(name(kind));
    const Inside inside(network);
    auto opened = open_receiver(kind, on(kLoopback));
    ASSERT_TRUE(opened) << opened.error;
    auto sender = UdpSender::open(kB, kLoopback);
    ASSERT_TRUE(sender) << sender.error;
    for (int i = 0; i < 10; ++i) sender->send(std::as_bytes(std::span(&i, 1)));
    int next = 0;
    std::visit(
        [&](auto& receiver) {
          const auto until =
              std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
          while (std::chrono::steady_clock::now() < until) {
            for (const Packet& packet : receiver.poll()) {
              int number = -1;
              ASSERT_EQ(packet.payload.size(), sizeof number);
              std::memcpy(&number, packet.payload.data(), sizeof number);
              EXPECT_EQ(packet.group, 1u);
              EXPECT_EQ(number, next++);
            }
          }
          EXPECT_EQ(receiver.counters().lost(), 0u);
        },
        *opened.value);
    EXPECT_EQ(next, 10);
  }
}

TEST(Receiver, WithoutPrivilegeAutoTakesSocketsAndSaysWhatItDidNotGet) {
  int report[2];
  ASSERT_EQ(::pipe(report), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string text;
    if (::geteuid() == 0 && ::setresuid(65'534, 65'534, 65'534) != 0) ::_exit(1);
    const auto chosen = open_receiver(TransportKind::kAuto,
                                      {{kA, kB}, kLoopback, std::size_t{1} << 20});
    text = name(chosen.kind) + std::string("\n") + chosen.note + '\n' + chosen.missing;
    for (const auto kind : {TransportKind::kPacket, TransportKind::kXdp})
      text += '\n' + open_receiver(kind, on(kLoopback)).error;
    (void)!::write(report[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(report[1]);
  std::string text(4'096, '\0');
  const ssize_t size = ::read(report[0], text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  ::close(report[0]);
  int status = 1;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(text.substr(0, 7), "socket\n") << text;
  for (const char* part :
       {"spinning UDP sockets (auto: needs no privilege)",
        "no packet ring on lo: operation not permitted; run as root or with "
        "CAP_NET_RAW",
        "raise net.core.rmem_max", "no AF_XDP on lo, generic: cannot",
        "CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
  }
}

TEST(Receiver, WhatCannotBeHeardIsSaid) {
  for (const auto kind : {TransportKind::kAuto, TransportKind::kXdp,
                          TransportKind::kPacket, TransportKind::kSocket}) {
    SCOPED_TRACE(name(kind));
    EXPECT_NE(open_receiver(kind, {{{kLoopback, 5}}, kLoopback})
                  .error.find("127.0.0.1:5: not a multicast group"),
              std::string::npos);
    EXPECT_NE(open_receiver(kind, {{}, kLoopback}).error, "");
    EXPECT_NE(open_receiver(kind, on(0x01010101)).error, "");
  }
  EXPECT_NE(open_receiver(TransportKind::kXdp, on(0x01010101))
                .error.find("no interface has the address 1.1.1.1"),
            std::string::npos);
}

}  // namespace
}  // namespace pyscalp::net
