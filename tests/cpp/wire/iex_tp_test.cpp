#include "wire/iex_tp.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bytes_of.hpp"

namespace pyscalp::wire::iex {
namespace {

using Numbers = std::vector<std::pair<std::uint64_t, std::string>>;

Numbers messages(const Segment& segment) {
  Numbers all;
  segment.for_each([&](std::uint64_t sequence, Bytes m) {
    all.emplace_back(sequence,
                     std::string(reinterpret_cast<const char*>(m.data()), m.size()));
  });
  return all;
}

/// Version 1, DEEP, channel 1, session 2, then what is given: payload size and count
/// (u16), offset, sequence and time (u64), all little-endian, and the blocks.
Buffer segment_of(std::string_view rest) {
  Buffer bytes = hex("01 00 0480 01000000 02000000");
  const Buffer more = hex(rest);
  bytes.insert(bytes.end(), more.begin(), more.end());
  return bytes;
}

SegmentStatus status_of(const Buffer& bytes) {
  Segment segment;
  return Segment::decode(bytes, segment);
}

constexpr std::string_view kThree =
    "0b00 0300 1000000000000000 0700000000000000 0100000000000000 "
    "0200'ab' 0000 0300'cde'";

TEST(IexTp, ReadsASegmentWrittenByHand) {
  const Buffer bytes = segment_of(kThree);
  Segment segment;
  ASSERT_EQ(Segment::decode(bytes, segment), SegmentStatus::kOk);
  EXPECT_EQ(segment.header().version, 1);
  EXPECT_EQ(segment.header().protocol, kDeep);
  EXPECT_EQ(segment.header().channel, 1u);
  EXPECT_EQ(segment.header().session, 2u);
  EXPECT_EQ(segment.header().offset, 16u);
  EXPECT_EQ(segment.header().sequence, 7u);
  EXPECT_EQ(segment.header().sent_ns, 1);
  EXPECT_FALSE(segment.is_heartbeat());
  EXPECT_EQ(segment.next_sequence(), 10u);
  EXPECT_EQ(segment.next_offset(), 27u);
  EXPECT_EQ(messages(segment), (Numbers{{7, "ab"}, {8, ""}, {9, "cde"}}));
}

TEST(IexTp, AHeartbeatTellsTheNextNumber) {
  Segment segment;
  const Buffer bytes =
      segment_of("0000 0000 0500000000000000 0900000000000000 0000000000000000");
  ASSERT_EQ(Segment::decode(bytes, segment), SegmentStatus::kOk);
  EXPECT_TRUE(segment.is_heartbeat());
  EXPECT_EQ(segment.next_sequence(), 9u);
  EXPECT_EQ(segment.next_offset(), 5u);
  EXPECT_TRUE(messages(segment).empty());
}

TEST(IexTp, CutAtEveryLengthItIsRefusedWhole) {
  const Buffer bytes = segment_of(kThree);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Buffer cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(status_of(cut), size < SegmentHeader::kSize ? SegmentStatus::kShortHeader
                                                          : SegmentStatus::kCut)
        << size;
  }
  Buffer longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_EQ(status_of(longer), SegmentStatus::kExcessBytes);
}

TEST(IexTp, CountsAndLengthsThatAreNotTrueAreNamed) {
  constexpr std::string_view kPlace =
      "0000000000000000 0100000000000000 0000000000000000";
  const auto with = [&](std::string_view sizes, std::string_view blocks) {
    return status_of(
        segment_of(std::string(sizes) + std::string(kPlace) + std::string(blocks)));
  };
  EXPECT_EQ(with("0300 0100", "0100'a'"), SegmentStatus::kOk);
  EXPECT_EQ(with("0300 0200", "0100'a'"), SegmentStatus::kBlockOverrun);
  EXPECT_EQ(with("0300 0000", "0100'a'"), SegmentStatus::kTrailingBytes);
  EXPECT_EQ(with("0300 feff", "0100'a'"), SegmentStatus::kBlockOverrun);
  EXPECT_EQ(with("0300 ffff", "0100'a'"), SegmentStatus::kBlockOverrun);
  EXPECT_EQ(with("0300 0100", "0200'a'"), SegmentStatus::kBlockOverrun);
  EXPECT_EQ(with("0300 0100", "ffff'a'"), SegmentStatus::kBlockOverrun);
  EXPECT_EQ(with("0400 0100", "0100'a' 00"), SegmentStatus::kTrailingBytes);
  EXPECT_EQ(with("0400 0200", "0100'a' 00"), SegmentStatus::kBlockOverrun);
}

TEST(IexTp, AnotherVersionIsNotRead) {
  Buffer bytes = segment_of(kThree);
  for (const int version : {0, 2, 255}) {
    bytes[0] = static_cast<std::byte>(version);
    EXPECT_EQ(status_of(bytes), SegmentStatus::kBadVersion);
  }
}

TEST(IexTp, TheLastNumbersOfASession) {
  const auto at = [&](std::string_view offset, std::string_view sequence) {
    return status_of(segment_of("0300 0100" + std::string(offset) +
                                std::string(sequence) + "0000000000000000 0100'a'"));
  };
  EXPECT_EQ(at("0000000000000000", "feffffffffffffff"), SegmentStatus::kOk);
  EXPECT_EQ(at("0000000000000000", "ffffffffffffffff"), SegmentStatus::kSequenceWrap);
  EXPECT_EQ(at("fcffffffffffffff", "0000000000000000"), SegmentStatus::kOk);
  EXPECT_EQ(at("fdffffffffffffff", "0000000000000000"), SegmentStatus::kSequenceWrap);
}

TEST(IexTp, TheBuilderStopsAtItsSizeAndIsReadBack) {
  SegmentBuilder builder;
  SegmentHeader header{.protocol = kTops, .session = 9, .offset = 100, .sequence = 4};
  header.count = 77;  // the builder's own to tell
  builder.start(header);
  const Buffer message(42, std::byte{'Q'});
  while (builder.append(message)) {
  }
  EXPECT_FALSE(builder.append(Buffer(70'000)));
  const Bytes bytes = builder.finish();
  EXPECT_LE(bytes.size(), SegmentBuilder::kMaxSegment);
  EXPECT_GT(bytes.size() + 2 + message.size(), SegmentBuilder::kMaxSegment);
  Segment segment;
  ASSERT_EQ(Segment::decode(bytes, segment), SegmentStatus::kOk);
  EXPECT_EQ(segment.header().protocol, kTops);
  EXPECT_EQ(segment.header().session, 9u);
  EXPECT_EQ(segment.header().count, builder.count());
  EXPECT_EQ(segment.next_sequence(), 4u + builder.count());
  EXPECT_EQ(segment.next_offset(), 100 + bytes.size() - SegmentHeader::kSize);
}

}  // namespace
}  // namespace pyscalp::wire::iex
