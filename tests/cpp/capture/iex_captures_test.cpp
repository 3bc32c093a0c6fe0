// Real bytes of IEX: a recording of DEEP, one of TOPS, and samples of DEEP+. Every
// segment and message is known, every byte is accounted for, encoding gives it back,
// and the numbers go on as the protocol says. Needs PYSCALP_DATA.
#include <map>

#include "capture_files.hpp"
#include "wire/iex.hpp"
#include "wire/iex_tp.hpp"

namespace pyscalp::capture {
namespace {

namespace iex = wire::iex;
using Types = std::map<char, int>;

int event_goes_on = 0;   ///< price levels of an event that is not complete
int level_is_empty = 0;  ///< price levels without quantity

struct Mirror {
  Bytes bytes;
  Types* types;
  template <class Message>
  void on(const Message& message, Bytes rest) {
    EXPECT_TRUE(rest.empty()) << Message::kType;
    std::array<std::byte, iex::kMaxSize> back;
    const std::size_t size = iex::encode(message, back.data());
    EXPECT_TRUE(std::ranges::equal(Bytes(back).first(size), bytes)) << Message::kType;
    ++(*types)[Message::kType];
    if constexpr (requires { message.event_complete(); }) {
      event_goes_on += message.event_complete() ? 0 : 1;
      level_is_empty += message.size == 0 ? 1 : 0;
    }
  }
};

void read_message(Bytes message, Types& types) {
  EXPECT_EQ(iex::decode(message, Mirror{message, &types}), iex::DecodeStatus::kOk);
}

/// What a capture's segments say about themselves and each other.
struct Walk {
  std::uint16_t protocol = 0;
  Types types{};
  int segments = 0;
  int messages = 0;
  int heartbeats = 0;
  int runs = 0;       ///< segments that start at sequence 1, offset 0
  int continued = 0;  ///< segments that go on exactly where the one before ended
  std::map<std::uint32_t, int> sessions{};
  std::uint64_t next_sequence = 0;
  std::uint64_t next_offset = 0;

  void take(const wire::ethernet::Payload& payload) {
    iex::Segment segment;
    ASSERT_EQ(iex::Segment::decode(payload.bytes, segment), iex::SegmentStatus::kOk);
    const iex::SegmentHeader& header = segment.header();
    EXPECT_EQ(header.protocol, protocol);
    EXPECT_EQ(header.channel, 1u);
    EXPECT_EQ(iex::SegmentHeader::kSize + header.payload_size, payload.bytes.size());
    if (header.sequence == 1 && header.offset == 0 && next_sequence != 1) ++runs;
    if (segments > 0 && header.sequence == next_sequence &&
        header.offset == next_offset) {
      ++continued;
    }
    next_sequence = segment.next_sequence();
    next_offset = segment.next_offset();
    ++segments;
    ++sessions[header.session];
    heartbeats += segment.is_heartbeat() ? 1 : 0;

    iex::SegmentBuilder again;
    again.start(header);
    segment.for_each([&](std::uint64_t sequence, Bytes message) {
      EXPECT_EQ(sequence, header.sequence + again.count());
      ++messages;
      read_message(message, types);
      EXPECT_TRUE(again.append(message));
    });
    EXPECT_TRUE(std::ranges::equal(again.finish(), payload.bytes));
  }
};

TEST(IexCaptures, ADayOfDeepInTwelveRunsUnderOneSession) {
  const fs::path path = data("iex/DEEP10.pcap.gz");
  if (path.empty()) GTEST_SKIP() << "needs PYSCALP_DATA with iex";
  event_goes_on = level_is_empty = 0;
  Walk walk{.protocol = iex::kDeep};
  const PcapReader reader = read_payloads(
      path, [&](const wire::ethernet::Payload& payload) { walk.take(payload); });
  EXPECT_EQ(walk.segments, 121'314);
  EXPECT_EQ(walk.runs, 12);
  EXPECT_EQ(walk.continued, 121'314 - 12);  // each run's first follows nothing
  EXPECT_EQ(walk.sessions.size(), 1u);
  EXPECT_EQ(walk.messages, 391'999);

  // The capture ends inside a frame: what it holds of that frame's segment still has
  // eleven whole messages and the beginning of a twelfth.
  EXPECT_TRUE(reader.truncated());
  EXPECT_EQ(reader.offset(), 22'195'748u);
  const Bytes rest = reader.unread();
  ASSERT_EQ(reader.offset() + rest.size(), 22'196'224u);
  const std::size_t headers = wire::pcap::kRecordHeaderSize +
                              wire::ethernet::kUdpFrameHeaderSize +
                              iex::SegmentHeader::kSize;
  ASSERT_GT(rest.size(), headers);
  iex::Segment cut;
  EXPECT_EQ(
      iex::Segment::decode(rest.subspan(headers - iex::SegmentHeader::kSize), cut),
      iex::SegmentStatus::kCut);
  EXPECT_EQ(cut.header().sequence, walk.next_sequence);
  EXPECT_EQ(cut.header().offset, walk.next_offset);
  Bytes blocks = rest.subspan(headers);
  int whole = 0;
  while (blocks.size() >= 2) {
    const std::size_t size = load_le<std::uint16_t>(blocks.data());
    if (blocks.size() - 2 < size) break;
    read_message(blocks.subspan(2, size), walk.types);
    blocks = blocks.subspan(2 + size);
    ++whole;
  }
  EXPECT_EQ(whole, 11);
  int in_all = 0;
  for (const auto& [type, count] : walk.types) in_all += count;
  EXPECT_EQ(in_all, 392'010);
  EXPECT_EQ(walk.types.at('8'), 12'949);
  EXPECT_EQ(walk.types.at('5'), 14'630);
  EXPECT_EQ(walk.types.at('T'), 83'343);
  EXPECT_EQ(walk.types.at('B'), 73);
  EXPECT_EQ(walk.types.at('H'), 93'638);
  EXPECT_EQ(walk.types.at('E'), 59);
  EXPECT_EQ(event_goes_on, 1'153);
  EXPECT_EQ(level_is_empty, 2'887);
}

TEST(IexCaptures, AStretchOfTops) {
  const fs::path path = data("iex/TOPS16.pcapng.gz");
  if (path.empty()) GTEST_SKIP() << "needs PYSCALP_DATA with iex";
  Walk walk{.protocol = iex::kTops};
  const PcapReader reader = read_payloads(
      path, [&](const wire::ethernet::Payload& payload) { walk.take(payload); });
  EXPECT_FALSE(reader.truncated());
  EXPECT_EQ(walk.segments, 13'022);
  EXPECT_EQ(walk.continued, 13'021);
  EXPECT_EQ(walk.messages, 57'674);
  EXPECT_EQ(walk.sessions.size(), 1u);
  EXPECT_EQ(walk.types, (Types{{'S', 6},
                               {'P', 7'802},
                               {'O', 7'801},
                               {'H', 7'803},
                               {'Q', 27'217},
                               {'D', 10},
                               {'T', 6'390},
                               {'A', 642},
                               {'B', 3}}));
}

TEST(IexCaptures, SamplesOfEveryFeed) {
  const fs::path folder = data("pcap_samples/Iex");
  if (folder.empty()) GTEST_SKIP() << "needs PYSCALP_DATA with pcap_samples/Iex";
  const struct {
    const char* part;
    std::uint16_t protocol;
    std::string_view types;
    int heartbeats;
  } feeds[] = {{"Deep.IexTp", iex::kDeep, "85", 1},
               {"DeepPlus", iex::kDeepPlus, "SDEHILMOPRTBa", 0},
               {"Tops.IexTp", iex::kTops, "QTAXDSHOP", 0}};
  for (const auto& feed : feeds) {
    SCOPED_TRACE(feed.part);
    Walk walk{.protocol = feed.protocol};
    for (const fs::path& path : captures(folder, feed.part)) {
      SCOPED_TRACE(path.string());
      const PcapReader reader = read_payloads(
          path, [&](const wire::ethernet::Payload& payload) { walk.take(payload); });
      EXPECT_FALSE(reader.truncated());
    }
    EXPECT_EQ(walk.types.size(), feed.types.size());
    for (const char type : feed.types) EXPECT_GT(walk.types[type], 0) << type;
    EXPECT_EQ(walk.heartbeats, feed.heartbeats);
  }
}

}  // namespace
}  // namespace pyscalp::capture
