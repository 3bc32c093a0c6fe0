#include "net/frame_reader.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pyscalp::net {
namespace {

constexpr Endpoint kGroups[] = {{0xEFFF2B01, 26'400}, {0xEFFF2B01, 26'401}};

std::vector<std::byte> frame_to(const Endpoint& to, std::size_t size = 101) {
  constexpr std::size_t kHeaders = wire::ethernet::kUdpFrameHeaderSize;
  std::vector<std::byte> frame(kHeaders + size);
  for (std::size_t i = 0; i < size; ++i)
    frame[kHeaders + i] = static_cast<std::byte>(7 * i);
  wire::ethernet::encode_udp_header({0x0A000001, to.address, 99, to.port},
                                    Bytes(frame).subspan(kHeaders), frame.data());
  return frame;
}

struct Reading {
  bool ours = false;
  Packet packet;
  ReceiverCounters counters;
};

Reading read(Bytes frame, bool checked = false) {
  Reading reading;
  reading.ours =
      FrameReader(kGroups).read(frame, checked, reading.packet, reading.counters);
  return reading;
}

TEST(FrameReader, TellsGroupsApartByAddressAndPort) {
  const auto frame = frame_to(kGroups[1]);
  const Reading reading = read(frame);
  ASSERT_TRUE(reading.ours);
  EXPECT_EQ(reading.packet.group, 1u);
  EXPECT_EQ(reading.packet.payload.data(), frame.data() + 42) << "copied";
  EXPECT_EQ(reading.packet.payload.size(), 101u);
  EXPECT_EQ(reading.counters.packets, 1u);
  for (const Endpoint& other :
       {Endpoint{0xEFFF2B01, 26'402}, Endpoint{0xEFFF2B02, 26'400}}) {
    const Reading foreign = read(frame_to(other));
    EXPECT_FALSE(foreign.ours);
    EXPECT_EQ(foreign.counters.foreign, 1u);
    EXPECT_EQ(foreign.counters.lost(), 0u);
  }
}

TEST(FrameReader, PaddingIsNotPayload) {
  auto frame = frame_to(kGroups[0], 2);
  frame.resize(60);
  const Reading reading = read(frame);
  ASSERT_TRUE(reading.ours);
  EXPECT_EQ(reading.packet.payload.size(), 2u);
}

TEST(FrameReader, WhatIsCutIsCountedAtEveryLength) {
  const auto frame = frame_to(kGroups[0]);
  for (std::size_t size = 0; size < frame.size(); ++size) {
    const Reading reading = read(Bytes(frame).first(size));
    EXPECT_FALSE(reading.ours) << size;
    EXPECT_EQ(reading.counters.malformed, 1u) << size;
  }
}

TEST(FrameReader, NoFlippedBitGoesUnseen) {
  const auto frame = frame_to(kGroups[0]);
  for (std::size_t bit = 14 * 8; bit < frame.size() * 8; ++bit) {
    auto flipped = frame;
    flipped[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    const Reading reading = read(flipped);
    EXPECT_FALSE(reading.ours) << "bit " << bit;
    EXPECT_EQ(reading.counters.malformed + reading.counters.foreign, 1u);
  }
}

TEST(FrameReader, ASendersUnfinishedChecksumPasses) {
  auto frame = frame_to(kGroups[0]);
  // What Linux leaves to a card: the folded sum of addresses, protocol and length.
  std::uint64_t sum = wire::ethernet::detail::pseudo_header_sum(
      0x0A000001, kGroups[0].address, wire::ethernet::Transport::kUdp, 8 + 101);
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  store_be(frame.data() + 40, static_cast<std::uint16_t>(sum));
  EXPECT_TRUE(read(frame).ours);
  store_be(frame.data() + 40, static_cast<std::uint16_t>(sum + 1));
  EXPECT_FALSE(read(frame).ours);
  EXPECT_TRUE(read(frame, true).ours) << "somebody else has verified it";
}

}  // namespace
}  // namespace pyscalp::net
