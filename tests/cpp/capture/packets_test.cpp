#include "capture/packets.hpp"

#include <gtest/gtest.h>

#include "decoding.hpp"
#include "wire/iex.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::capture {
namespace {

namespace itch = wire::itch;
namespace iex = wire::iex;
using event::EventKind;
using event::MarketEvent;
using Buffer = std::vector<std::byte>;

template <class Message>
Buffer itch_bytes(const Message& message) {
  Buffer bytes(itch::kMaxSize);
  bytes.resize(itch::encode(message, bytes.data()));
  return bytes;
}
Buffer add(std::uint16_t locate, std::uint64_t order, const char* symbol) {
  return itch_bytes(
      itch::AddOrder{{locate, 0, order}, order, 'B', 1, itch::Symbol(symbol), 1});
}

Buffer mold(const char* session, std::uint64_t sequence,
            const std::vector<Buffer>& messages) {
  wire::mold::PacketBuilder builder;
  builder.start(wire::mold::Session(session), sequence);
  for (const Buffer& message : messages) EXPECT_TRUE(builder.append(message));
  const Bytes bytes = builder.finish();
  return {bytes.begin(), bytes.end()};
}

Buffer iex_trade(const char* symbol, std::uint64_t id) {
  Buffer bytes(iex::kMaxSize);
  const iex::TradeReport trade{0, 5, iex::Symbol(symbol), 1, 10'000, id};
  bytes.resize(iex::encode(trade, bytes.data()));
  return bytes;
}
Buffer segment(std::uint64_t sequence, std::int64_t sent_ns,
               const std::vector<Buffer>& messages) {
  iex::SegmentBuilder builder;
  iex::SegmentHeader header;
  header.session = 7;
  header.sequence = sequence;
  header.sent_ns = sent_ns;
  builder.start(header);
  for (const Buffer& message : messages) EXPECT_TRUE(builder.append(message));
  const Bytes bytes = builder.finish();
  return {bytes.begin(), bytes.end()};
}

class Capture {
 public:
  Capture() {
    file_.resize(wire::pcap::kFileHeaderSize);
    wire::pcap::encode_file_header(file_.data());
  }
  Capture& packet(std::uint32_t group, std::int64_t time_ns, const Buffer& payload) {
    namespace ethernet = wire::ethernet;
    const std::size_t frame = ethernet::kUdpFrameHeaderSize + payload.size();
    const std::size_t at = file_.size();
    file_.resize(at + wire::pcap::kRecordHeaderSize + frame);
    wire::pcap::encode_record_header(
        {UnixNanos{time_ns}, static_cast<std::uint32_t>(frame),
         static_cast<std::uint32_t>(frame)},
        file_.data() + at);
    std::byte* const start = file_.data() + at + wire::pcap::kRecordHeaderSize;
    ethernet::Flow flow;
    flow.destination_address = 0xE0000000u + group;
    flow.destination_port = 26'400;
    ethernet::encode_udp_header(flow, payload, start);
    std::copy(payload.begin(), payload.end(), start + ethernet::kUdpFrameHeaderSize);
    return *this;
  }
  Bytes bytes() const { return file_; }

 private:
  Buffer file_;
};

constexpr std::uint32_t kA = 1, kB = 2;

std::vector<std::uint64_t> sequences(const Events& events) {
  std::vector<std::uint64_t> all;
  for (const MarketEvent& event : events) all.push_back(event.sequence);
  return all;
}
using Numbers = std::vector<std::uint64_t>;

Events events_of(const Capture& capture, std::size_t pieces = 80) {
  const auto make = [] { return PacketDecoder(1'000'000); };
  return decode_all(make, capture.bytes(), pieces);
}

TEST(Packets, itch_on_moldudp64) {
  Capture capture;
  capture.packet(kA, 500, mold("S1", 10, {add(3, 1, "AAA"), add(4, 2, "BBB")}));
  capture.packet(kA, 600, mold("S1", 12, {}));
  capture.packet(kA, 700,
                 mold("S1", 12, {itch_bytes(itch::OrderDelete{{3, 0, 9}, 1})}));
  const Events events = events_of(capture);
  EXPECT_EQ(sequences(events), (Numbers{10, 11, 12}));
  EXPECT_EQ(events[0].receipt_time, 500);
  EXPECT_EQ(events[0].venue_time, 1'000'001);
  EXPECT_EQ(events[2].receipt_time, 700);
  EXPECT_EQ(events[2].instrument, 3u);
  PacketDecoder decoder(0);
  decode_in(decoder, capture.bytes(), 100);
  EXPECT_EQ(decoder.counters().more.at("heartbeats"), 1u);
  EXPECT_EQ(decoder.counters().more.at("packets"), 3u);
  EXPECT_EQ(decoder.instruments().symbols(),
            (std::map<std::uint32_t, std::string>{{3, "AAA"}, {4, "BBB"}}));
}

TEST(Packets, two_lines_are_one_feed) {
  Capture capture;
  capture.packet(kA, 1, mold("S1", 1, {add(1, 1, "A")}));
  capture.packet(kB, 2, mold("S1", 1, {add(1, 1, "A"), add(1, 2, "A")}));
  capture.packet(kA, 3, mold("S1", 4, {add(1, 4, "A")}));
  capture.packet(kB, 4, mold("S1", 3, {add(1, 3, "A"), add(1, 4, "A")}));
  const Events events = events_of(capture);
  EXPECT_EQ(sequences(events), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(events[3].receipt_time, 3) << "line A brought it first";
  PacketDecoder decoder(0);
  decode_in(decoder, capture.bytes(), 64);
  EXPECT_EQ(decoder.counters().more.at("duplicates"), 2u);
  EXPECT_EQ(decoder.counters().gaps, 0u);
}

TEST(Packets, a_gap_that_nothing_fills_is_counted) {
  Capture capture;
  capture.packet(kA, 1, mold("S1", 1, {add(1, 1, "A")}));
  capture.packet(kA, 2, mold("S1", 5, {add(1, 5, "A")}));
  EXPECT_EQ(sequences(events_of(capture)), (Numbers{1, 5}));
  PacketDecoder decoder(0);
  decode_in(decoder, capture.bytes(), 64);
  EXPECT_EQ(decoder.counters().gaps, 1u);
  EXPECT_EQ(decoder.counters().missing, 3u);
}

TEST(Packets, stripped_headers_are_numbered_here) {
  Buffer packet = mold("", 0, {add(1, 1, "A")});
  std::fill_n(packet.begin(), 10, std::byte{0});
  Capture capture;
  capture.packet(kA, 1, packet).packet(kA, 2, packet);
  EXPECT_EQ(sequences(events_of(capture)), (Numbers{1, 2}));
}

TEST(Packets, a_second_venue_has_numbers_of_its_own) {
  Capture capture;
  capture.packet(kA, 1, mold("S1", 1, {add(7, 1, "AAA")}));
  capture.packet(kB, 2, mold("S2", 1, {add(7, 1, "ZZZ")}));
  const Events events = events_of(capture);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].instrument, 7u);
  EXPECT_EQ(events[1].instrument, 65'536u + 7);
  PacketDecoder decoder(0);
  decode_in(decoder, capture.bytes(), 64);
  EXPECT_EQ(decoder.instruments().symbols(),
            (std::map<std::uint32_t, std::string>{{7, "AAA"}, {65'543, "ZZZ"}}));
  EXPECT_EQ(decoder.counters().restarts, 0u);
}

TEST(Packets, a_new_session_on_the_same_lines_clears_the_books) {
  Capture capture;
  capture.packet(kA, 1, mold("S1", 1, {add(7, 1, "AAA")}));
  capture.packet(kB, 1, mold("S1", 1, {add(7, 1, "AAA")}));
  capture.packet(kA, 2, mold("S2", 1, {add(7, 1, "ZZZ")}));
  capture.packet(kB, 3, mold("S2", 1, {add(7, 1, "ZZZ")}));
  const Events events = events_of(capture);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1].kind, EventKind::kClear);
  EXPECT_EQ(events[1].instrument, 0u);
  EXPECT_EQ(events[1].code, '*');
  EXPECT_EQ(events[2].instrument, 7u);
}

TEST(Packets, iex) {
  constexpr std::int64_t kLater = 5 * kNanosPerUnit;
  Capture capture;
  capture.packet(kA, 1, segment(1, 1, {iex_trade("AAA", 1), iex_trade("BBB", 2)}));
  capture.packet(kB, 2, segment(1, 9, {iex_trade("AAA", 1)}));
  capture.packet(kA, 3, segment(3, 10, {iex_trade("AAA", 3)}));
  capture.packet(kA, 4, segment(1, kLater, {}));
  capture.packet(kA, 5, segment(1, kLater + 1, {iex_trade("BBB", 1)}));
  const Events events = events_of(capture);
  EXPECT_EQ(sequences(events), (Numbers{1, 2, 3, 0, 1}));
  EXPECT_EQ(events[3].kind, EventKind::kClear);
  EXPECT_EQ(events[4].instrument, 2u);
  PacketDecoder decoder(0);
  decode_in(decoder, capture.bytes(), 64);
  EXPECT_EQ(decoder.counters().restarts, 1u);
  EXPECT_EQ(decoder.instruments().symbols(),
            (std::map<std::uint32_t, std::string>{{1, "AAA"}, {2, "BBB"}}));
}

TEST(Packets, other_protocols_are_counted_and_broken_packets_of_ours_too) {
  Buffer other(60, std::byte{1});
  Buffer foreign = mold("X", 1, {Buffer(20, std::byte{'A'})});  // an 'A' of 20 bytes
  Buffer broken = mold("S1", 2, {add(1, 1, "A")});
  broken.pop_back();
  Buffer unknown = mold("S1", 2, {Buffer(5, std::byte{'?'})});
  Capture capture;
  capture.packet(9, 1, other).packet(8, 2, foreign);
  capture.packet(kA, 3, mold("S1", 1, {add(1, 1, "A")}));
  capture.packet(kA, 4, broken).packet(kA, 5, unknown);
  PacketDecoder decoder(0);
  EXPECT_EQ(decode_in(decoder, capture.bytes(), 100).size(), 1u);
  EXPECT_EQ(decoder.counters().more.at("other_packets"), 2u);
  EXPECT_EQ(decoder.counters().undecodable, 1u);
  EXPECT_EQ(decoder.counters().unknown_types['?'], 1u);
}

TEST(Packets, cut_and_damaged_files) {
  Capture capture;
  capture.packet(kA, 1, mold("S1", 1, {add(1, 1, "A")}));
  capture.packet(kA, 2, mold("S1", 2, {add(1, 2, "A")}));
  const std::size_t first = 24 + (capture.bytes().size() - 24) / 2;
  for (std::size_t size = first; size < capture.bytes().size(); ++size) {
    PacketDecoder decoder(0);
    EXPECT_EQ(decode_in(decoder, capture.bytes().first(size), 50).size(), 1u);
    EXPECT_EQ(decoder.cut(), size != first);
    if (decoder.cut()) {
      EXPECT_EQ(decoder.failed_at(), first);
    }
  }
  Buffer damaged(capture.bytes().begin(), capture.bytes().end());
  store_le(damaged.data() + first + 8, UINT32_MAX);
  PacketDecoder decoder(0);
  EXPECT_EQ(decode_in(decoder, damaged, 50).size(), 1u);
  EXPECT_EQ(decoder.failed_at(), first);
  EXPECT_NE(decoder.failure(), "");
}

}  // namespace
}  // namespace pyscalp::capture
