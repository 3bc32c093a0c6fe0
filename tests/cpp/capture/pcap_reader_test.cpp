// Files of packets in chunks of any size: both formats, both byte orders, files that
// are cut anywhere, and damage, which has a name and a place.
#include "capture/pcap_reader.hpp"

#include <algorithm>

#include "../wire/bytes_of.hpp"

namespace pyscalp::capture {
namespace {

using wire::Buffer;
using wire::hex;
namespace pcap = wire::pcap;

struct Got {
  std::int64_t time;
  std::uint32_t link_type;
  std::uint32_t original_size;
  std::string bytes;
  friend bool operator==(const Got&, const Got&) = default;
};
using Packets = std::vector<Got>;

PcapStatus feed(PcapReader& reader, Bytes chunk, Packets& packets) {
  return reader.feed(chunk, [&](const CapturedPacket& p) {
    packets.push_back(
        {p.time.value, p.link_type, p.original_size,
         std::string(reinterpret_cast<const char*>(p.bytes.data()), p.bytes.size())});
  });
}

/// The packets of a whole file, read in chunks of every size up to its own.
Packets read(const Buffer& file, PcapStatus wanted = PcapStatus::kOk,
             std::uint64_t offset = UINT64_MAX) {
  Packets first;
  for (std::size_t step = file.size(); step > 0; --step) {
    PcapReader reader;
    Packets packets;
    for (std::size_t at = 0; at < file.size(); at += step) {
      feed(reader, Bytes(file).subspan(at, std::min(step, file.size() - at)), packets);
    }
    EXPECT_EQ(reader.status(), wanted) << step;
    EXPECT_FALSE(reader.truncated()) << step;
    EXPECT_EQ(reader.offset(), offset == UINT64_MAX ? file.size() : offset) << step;
    EXPECT_EQ(reader.packets(), packets.size());
    if (step == file.size()) {
      first = packets;
    } else {
      EXPECT_EQ(packets, first) << step;
    }
  }
  return first;
}

Buffer join(std::initializer_list<Buffer> parts) {
  Buffer all;
  for (const Buffer& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// ---- classic ----

const Buffer kMicros =
    hex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000"
        "01000000 02000000 03000000 05000000 'abc'"
        "02000000 00000000 00000000 00000000"
        "03000000 00000000 01000000 01000000 'd'");

TEST(PcapReader, ClassicLittleEndianMicroseconds) {
  EXPECT_EQ(read(kMicros), (Packets{{1'000'002'000, 1, 5, "abc"},
                                    {2'000'000'000, 1, 0, ""},
                                    {3'000'000'000, 1, 1, "d"}}));
}

TEST(PcapReader, ClassicBigEndianNanosecondsOnCookedLinux) {
  EXPECT_EQ(read(hex("a1b23c4d 0002 0004 00000000 00000000 00040000 00000071"
                     "00000001 00000002 00000003 00000003 'abc'")),
            (Packets{{1'000'000'002, 113, 3, "abc"}}));
}

TEST(PcapReader, WhatTheWriterWritesIsRead) {
  Buffer file(pcap::kFileHeaderSize + pcap::kRecordHeaderSize);
  pcap::encode_file_header(file.data());
  ASSERT_TRUE(pcap::encode_record_header({UnixNanos{1'600'000'000'123'456'789}, 2, 2},
                                         file.data() + pcap::kFileHeaderSize));
  EXPECT_EQ(read(join({file, hex("'xy'")})),
            (Packets{{1'600'000'000'123'456'789, 1, 2, "xy"}}));
}

TEST(PcapReader, AFileCutAnywhereSaysWhere) {
  const std::size_t ends[] = {24, 43, 59, 76};
  for (std::size_t size = 0; size <= kMicros.size(); ++size) {
    PcapReader reader;
    Packets packets;
    EXPECT_EQ(feed(reader, Bytes(kMicros).first(size), packets), PcapStatus::kOk);
    const bool whole = std::ranges::find(ends, size) != std::end(ends);
    EXPECT_EQ(reader.truncated(), !whole) << size;
    const auto after = std::ranges::upper_bound(ends, size);
    EXPECT_EQ(reader.offset(), after == std::begin(ends) ? 0 : *(after - 1)) << size;
    EXPECT_EQ(reader.unread().size(), size - reader.offset()) << size;
  }
}

TEST(PcapReader, WhatIsNoPcapIsNamed) {
  const auto refused = [](std::string_view bytes) {
    PcapReader reader;
    Packets packets;
    const PcapStatus status = feed(reader, hex(bytes), packets);
    EXPECT_TRUE(packets.empty());
    EXPECT_EQ(reader.offset(), 0u);
    EXPECT_FALSE(reader.truncated());
    EXPECT_EQ(feed(reader, kMicros, packets), status);  // and that is final
    EXPECT_TRUE(packets.empty());
    return status;
  };
  EXPECT_EQ(refused("1f8b0800"), PcapStatus::kNotPcap);  // still packed
  EXPECT_EQ(refused("00000000 00000000"), PcapStatus::kNotPcap);
  EXPECT_EQ(refused("d4c3b2a1 0200 0300 00000000 00000000 00000400 01000000"),
            PcapStatus::kBadVersion);
  EXPECT_EQ(refused("d4c3b2a1 0300 0400 00000000 00000000 00000400 01000000"),
            PcapStatus::kBadVersion);
}

TEST(PcapReader, APacketTooLargeIsDamageAtItsPlace) {
  const Buffer header(kMicros.begin(), kMicros.begin() + 43);
  Buffer file = join({header, hex("00000000 00000000 01000004 01000004 'abcd'")});
  EXPECT_EQ(read(file, PcapStatus::kBlockTooLarge, 43).size(), 1u);
  // The largest that is read: it is waited for, and nothing is allocated ahead.
  file = join({header, hex("00000000 00000000 00000004 00000004 'abcd'")});
  PcapReader reader;
  Packets packets;
  EXPECT_EQ(feed(reader, file, packets), PcapStatus::kOk);
  EXPECT_TRUE(reader.truncated());
  EXPECT_EQ(reader.offset(), 43u);
}

// ---- pcapng ----

/// A section of unknown length, version 1.0, little-endian.
const Buffer kSection =
    hex("0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000");
/// Ethernet, no limit, microseconds.
const Buffer kInterface = hex("01000000 14000000 0100 0000 00000000 14000000");
/// Interface 0, 1,000,001 us, 3 of 9 bytes, padded, with a comment.
const Buffer kEnhanced =
    hex("06000000 2c000000 00000000 00000000 41420f00 03000000 09000000 'abc' 00"
        "0100 0200 'hi' 0000 2c000000");
const Got kEnhancedPacket{1'000'001'000, 1, 9, "abc"};

TEST(PcapReaderNg, EnhancedSimpleAndObsoletePackets) {
  const Buffer simple = hex("03000000 14000000 03000000 'xyz' 00 14000000");
  const Buffer obsolete =
      hex("02000000 24000000 0000 0500 00000000 40420f00 02000000 02000000 'mn' 0000"
          "24000000");
  const Buffer statistics = hex("05000000 10000000 00000000 10000000");
  const Buffer empty = hex("99000000 0c000000 0c000000");
  EXPECT_EQ(read(join({kSection, kInterface, kEnhanced, statistics, simple, empty,
                       obsolete})),
            (Packets{kEnhancedPacket, {0, 1, 3, "xyz"}, {1'000'000'000, 1, 2, "mn"}}));
}

TEST(PcapReaderNg, SectionsOfBothByteOrdersEachWithTheirInterfaces) {
  // Big-endian; raw IP in 2^-10 s, then Ethernet in ns from an offset of 1 s.
  const Buffer big =
      hex("0a0d0d0a 0000001c 1a2b3c4d 0001 0002 ffffffffffffffff 0000001c"
          "00000001 0000001c 0065 0000 00000002 0009 0001 8a000000 0000001c"
          "00000001 0000002c 0001 0000 00000000 0009 0001 09000000"
          " 000e 0008 0000000000000001 0000 0000 0000002c"
          "00000006 00000024 00000000 00000000 00000600 00000001 00000001 'a' 000000"
          " 00000024"
          "00000006 00000024 00000001 00000000 00000005 00000001 00000001 'b' 000000"
          " 00000024"
          "00000003 00000014 00000009 'cd' 0000 00000014");
  EXPECT_EQ(read(join({kSection, kInterface, kEnhanced, big, kSection, kInterface,
                       kEnhanced})),
            (Packets{kEnhancedPacket,
                     {1'500'000'000, 101, 1, "a"},
                     {1'000'000'005, 1, 1, "b"},
                     {0, 101, 9, "cd"},  // up to the interface's limit
                     kEnhancedPacket}));
}

TEST(PcapReaderNg, AFileCutAnywhereSaysWhere) {
  const Buffer unknown = hex("99000000 18000000 000000000000000000000000 18000000");
  const Buffer file = join({kSection, unknown, kInterface, kEnhanced});
  const std::size_t ends[] = {28, 52, 72, 116};
  ASSERT_EQ(file.size(), ends[3]);
  for (std::size_t size = 0; size <= file.size(); ++size) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, file.size()}) {
      PcapReader reader;
      Packets packets;
      for (std::size_t at = 0; at < size; at += step) {
        EXPECT_EQ(
            feed(reader, Bytes(file).subspan(at, std::min(step, size - at)), packets),
            PcapStatus::kOk);
      }
      const bool whole = std::ranges::find(ends, size) != std::end(ends);
      EXPECT_EQ(reader.truncated(), !whole) << size;
      const auto after = std::ranges::upper_bound(ends, size);
      EXPECT_EQ(reader.offset(), after == std::begin(ends) ? 0 : *(after - 1)) << size;
      EXPECT_EQ(packets.size(), size == file.size() ? 1u : 0u);
    }
  }
}

TEST(PcapReaderNg, DamageHasANameAndAPlace) {
  const Buffer start = join({kSection, kInterface, kEnhanced});
  const std::uint64_t place = start.size();
  const auto damaged = [&](std::string_view block, PcapStatus wanted) {
    EXPECT_EQ(read(join({start, hex(block)}), wanted, place), Packets{kEnhancedPacket})
        << block;
  };
  // Lengths: of nothing, below the least, no multiple of 4, unlike its repetition.
  damaged("06000000 00000000", PcapStatus::kBadBlockLength);
  damaged("99000000 08000000 08000000", PcapStatus::kBadBlockLength);
  damaged("99000000 0d000000 00 0d000000", PcapStatus::kBadBlockLength);
  damaged("99000000 10000000 00000000 14000000", PcapStatus::kBadBlockLength);
  damaged("01000000 14000000 0100 0000 00000000 18000000", PcapStatus::kBadBlockLength);
  damaged("06000000 04000004 00000000", PcapStatus::kBlockTooLarge);
  // Packets past their block's end, or too short for their own fields.
  damaged(
      "06000000 24000000 00000000 00000000 00000000 05000000 05000000 'abcd' "
      "24000000",
      PcapStatus::kBadBlock);
  damaged(
      "06000000 24000000 00000000 00000000 00000000 ffffffff 05000000 'abcd' "
      "24000000",
      PcapStatus::kBadBlock);
  damaged("06000000 10000000 00000000 10000000", PcapStatus::kBadBlock);
  damaged("02000000 10000000 00000000 10000000", PcapStatus::kBadBlock);
  damaged("03000000 0c000000 0c000000", PcapStatus::kBadBlock);
  damaged("03000000 14000000 05000000 'abcd' 14000000", PcapStatus::kBadBlock);
  // Sections and interfaces.
  damaged("0a0d0d0a 1c000000 00000000", PcapStatus::kBadBlock);
  damaged("0a0d0d0a 0c000000 4d3c2b1a", PcapStatus::kBadBlockLength);
  damaged("0a0d0d0a 10000000 4d3c2b1a 10000000", PcapStatus::kBadBlock);
  damaged("0a0d0d0a 1c000000 4d3c2b1a 0200 0000 ffffffffffffffff 1c000000",
          PcapStatus::kBadVersion);
  damaged("01000000 10000000 0100 0000 10000000", PcapStatus::kBadBlock);
  damaged("01000000 18000000 0100 0000 00000000 0200 0100 18000000",
          PcapStatus::kBadBlock);
  damaged("06000000 20000000 01000000 00000000 00000000 00000000 00000000 20000000",
          PcapStatus::kUnknownInterface);
  damaged("02000000 20000000 0100 0000 00000000 00000000 00000000 00000000 20000000",
          PcapStatus::kUnknownInterface);
  damaged("06000000 20000000 00000000 ffffffff 00000000 00000000 00000000 20000000",
          PcapStatus::kBadTime);
}

TEST(PcapReaderNg, AnInterfaceBelongsToItsSection) {
  EXPECT_EQ(read(join({kSection, kInterface, kSection, kEnhanced}),
                 PcapStatus::kUnknownInterface, 76),
            Packets{});
  EXPECT_EQ(read(join({kSection, hex("03000000 10000000 00000000 10000000")}),
                 PcapStatus::kUnknownInterface, 28),
            Packets{});
}

TEST(PcapReaderNg, InterfacesHaveALimit) {
  PcapReader reader;
  Packets packets;
  feed(reader, kSection, packets);
  for (std::size_t i = 0; i < PcapReader::kMaxInterfaces; ++i) {
    ASSERT_EQ(feed(reader, kInterface, packets), PcapStatus::kOk);
  }
  EXPECT_EQ(feed(reader, kInterface, packets), PcapStatus::kTooManyInterfaces);
}

TEST(PcapReaderNg, ALargeUnknownBlockIsSkippedWithoutBeingKept) {
  // 4 GiB less 4 bytes, of which ten come: the rest is waited for.
  const Buffer file = join({kSection, hex("99000000 fcffffff 00000000000000000000")});
  PcapReader reader;
  Packets packets;
  EXPECT_EQ(feed(reader, file, packets), PcapStatus::kOk);
  EXPECT_TRUE(reader.truncated());
  EXPECT_TRUE(reader.unread().empty());
  EXPECT_EQ(reader.offset(), 28u);
}

TEST(PcapReader, EveryStatusSaysWhatItIs) {
  std::vector<std::string_view> all;
  for (int i = 0; i <= static_cast<int>(PcapStatus::kBadTime); ++i) {
    all.push_back(describe(static_cast<PcapStatus>(i)));
  }
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
  EXPECT_EQ(std::ranges::find(all, "unknown"), all.end());
}

}  // namespace
}  // namespace pyscalp::capture
