#include "wire/moldudp64.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bytes_of.hpp"

namespace pyscalp::wire::mold {
namespace {

std::vector<std::pair<std::uint64_t, std::string>> messages(const Packet& packet) {
  std::vector<std::pair<std::uint64_t, std::string>> all;
  packet.for_each([&](std::uint64_t sequence, Bytes m) {
    all.emplace_back(sequence,
                     std::string(reinterpret_cast<const char*>(m.data()), m.size()));
  });
  return all;
}

TEST(MoldUdp64, ReadsAPacketWrittenByHand) {
  const Buffer bytes =
      hex("'SESSION001' 00000000000000ff 0003 0002 'ab' 0000 0003 'cde'");
  Packet packet;
  ASSERT_EQ(Packet::decode(bytes, packet), DecodeStatus::kOk);
  EXPECT_EQ(packet.header().session, Session("SESSION001"));
  EXPECT_EQ(packet.header().sequence, 255u);
  EXPECT_EQ(packet.message_count(), 3);
  EXPECT_FALSE(packet.is_heartbeat());
  // A message of no bytes is one too, and takes a number.
  EXPECT_EQ(messages(packet), (std::vector<std::pair<std::uint64_t, std::string>>{
                                  {255, "ab"}, {256, ""}, {257, "cde"}}));
}

TEST(MoldUdp64, HeartbeatAndEndOfSession) {
  Packet packet;
  const Buffer heartbeat = hex("'SESSION001' 0000000000000100 0000");
  ASSERT_EQ(Packet::decode(heartbeat, packet), DecodeStatus::kOk);
  EXPECT_TRUE(packet.is_heartbeat());
  EXPECT_FALSE(packet.is_end_of_session());
  const Buffer end = hex("'SESSION001' 0000000000000100 ffff");
  ASSERT_EQ(Packet::decode(end, packet), DecodeStatus::kOk);
  EXPECT_TRUE(packet.is_end_of_session());
  EXPECT_EQ(packet.message_count(), 0);
  EXPECT_TRUE(messages(packet).empty());
}

TEST(MoldUdp64, CutAtEveryLengthItIsRefusedWhole) {
  const Buffer bytes = hex("'SESSION001' 0000000000000001 0002 0002 'ab' 0003 'cde'");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Buffer cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    Packet packet;
    EXPECT_EQ(Packet::decode(cut, packet), size < kHeaderSize
                                               ? DecodeStatus::kShortHeader
                                               : DecodeStatus::kBlockOverrun)
        << size;
  }
}

TEST(MoldUdp64, CountsAndLengthsThatAreNotTrueAreNamed) {
  Packet packet;
  EXPECT_EQ(
      Packet::decode(hex("'SESSION001' 0000000000000001 0001 0002 'abc'"), packet),
      DecodeStatus::kTrailingBytes);
  EXPECT_EQ(Packet::decode(hex("'SESSION001' 0000000000000001 0000 00"), packet),
            DecodeStatus::kTrailingBytes);
  EXPECT_EQ(Packet::decode(hex("'SESSION001' 0000000000000001 ffff 0000"), packet),
            DecodeStatus::kTrailingBytes);
  EXPECT_EQ(Packet::decode(hex("'SESSION001' 0000000000000001 fffe 0000"), packet),
            DecodeStatus::kBlockOverrun);
  EXPECT_EQ(Packet::decode(hex("'SESSION001' 0000000000000001 0001 ffff 'a'"), packet),
            DecodeStatus::kBlockOverrun);
}

TEST(MoldUdp64, TheLastNumbersOfASession) {
  Packet packet;
  EXPECT_EQ(Packet::decode(hex("'SESSION001' fffffffffffffffe 0001 0001 'a'"), packet),
            DecodeStatus::kOk);
  EXPECT_EQ(Packet::decode(hex("'SESSION001' ffffffffffffffff 0001 0001 'a'"), packet),
            DecodeStatus::kSequenceWrap);
  EXPECT_EQ(Packet::decode(hex("'SESSION001' ffffffffffffffff 0000"), packet),
            DecodeStatus::kOk);
}

TEST(MoldUdp64, ARequestIsTwentyBytes) {
  std::array<std::byte, kHeaderSize> out;
  encode({Session("DAY1"), 0x0102030405060708, 0x1234}, out.data());
  EXPECT_EQ(Buffer(out.begin(), out.end()), hex("'DAY1      ' 0102030405060708 1234"));
}

TEST(MoldUdp64, ThePacketBuilderStopsAtItsSizeAndIsReadBack) {
  PacketBuilder builder;
  builder.start(Session("DAY1"), 7);
  const Buffer message(36, std::byte{'x'});
  while (builder.append(message)) {
  }
  const Bytes bytes = builder.finish();
  EXPECT_LE(bytes.size(), PacketBuilder::kMaxPacket);
  EXPECT_GT(bytes.size() + 2 + message.size(), PacketBuilder::kMaxPacket);
  Packet packet;
  ASSERT_EQ(Packet::decode(bytes, packet), DecodeStatus::kOk);
  EXPECT_EQ(packet.message_count(), builder.count());
  EXPECT_EQ(messages(packet).back().first, 6u + builder.count());
}

}  // namespace
}  // namespace pyscalp::wire::mold
