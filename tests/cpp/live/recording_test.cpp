// Recordings over real sockets of the loopback.
#include "live/recording.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "../wall_clock.hpp"
#include "exchange/host.hpp"
#include "wire/binary_file.hpp"
#include "wire/ethernet.hpp"
#include "wire/pcap.hpp"

namespace pyscalp::live {
namespace {

namespace mold = wire::mold;
namespace pcap = wire::pcap;

constexpr std::uint32_t kLoopback = 0x7F000001;

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Condition>
bool wait_for(Condition&& condition, int timeout_ms = 10'000) {
  for (int waited = 0; waited < timeout_ms; waited += 2) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return condition();
}

/// Two lines, a server of retransmission, and a file: all that a recording needs.
class RecordingTest : public testing::Test {
 protected:
  RecordingTest()
      : path_(testing::TempDir() + "recording_" + std::to_string(getpid()) + ".tmp") {
    std::filesystem::remove(path_);
    const std::uint16_t port = net::free_udp_port();
    for (int line = 0; line < 2; ++line) {
      groups_[line] = {0xEFFF2901u + static_cast<std::uint32_t>(line), port};
      senders_[line] = std::move(*net::UdpSender::open(groups_[line], kLoopback));
    }
    server_ = std::move(*net::UdpSocket::bind({kLoopback, 0}));
  }
  ~RecordingTest() override { std::filesystem::remove(path_); }

  RecordingConfig config(RecordingFormat format) const {
    RecordingConfig config;
    config.path = path_;
    config.format = format;
    config.line_a = groups_[0];
    config.line_b = groups_[1];
    config.interface_address = kLoopback;
    config.ring_size = 1 << 20;
    config.session.feed.window = 1 << 10;
    return config;
  }
  void start(RecordingConfig config) {
    recording_ = std::make_unique<Recording>(std::move(config));
    const auto error = recording_->open();
    ASSERT_FALSE(error) << *error;
    recording_->start();
  }
  /// Messages first .. first + count - 1, each its own number as text.
  static Bytes packet(mold::PacketBuilder& builder, std::uint64_t first, int count) {
    builder.start(mold::Session("ONE"), first);
    for (int i = 0; i < count; ++i)
      builder.append(bytes_of(std::to_string(first + static_cast<std::uint64_t>(i))));
    return builder.finish();
  }
  void send(int line, std::uint64_t first, int count) {
    mold::PacketBuilder builder;
    ASSERT_EQ(senders_[line]->send(packet(builder, first, count)).status,
              net::IoStatus::kOk);
  }
  void send_end(std::uint64_t next) {
    std::array<std::byte, mold::kHeaderSize> end;
    mold::encode({mold::Session("ONE"), next, mold::kEndOfSession}, end.data());
    senders_[0]->send(end);
  }
  RecordingFigures finish() {
    recording_->request_stop();
    EXPECT_TRUE(recording_->join(10));
    return recording_->figures();
  }
  bool heard(std::uint64_t messages) {
    return wait_for([&] { return recording_->figures().messages == messages; });
  }
  std::vector<std::byte> content() const {
    std::ifstream file(path_, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const Bytes bytes = bytes_of(text);
    return {bytes.begin(), bytes.end()};
  }
  /// "1 2 3 .": the messages of the ITCH file, and a dot for its end mark.
  std::string messages() const {
    const std::vector<std::byte> file = content();
    wire::BinaryFileReader reader(file);
    std::string all;
    while (const auto message = reader.next()) {
      if (!all.empty()) all += ' ';
      all += text_of(*message);
    }
    EXPECT_FALSE(reader.truncated());
    if (file.size() - reader.offset() == 2) all += " .";
    return all;
  }

  const std::string path_;
  net::Endpoint groups_[2];
  std::optional<net::UdpSender> senders_[2];
  std::optional<net::UdpSocket> server_;
  std::unique_ptr<Recording> recording_;
};

TEST_F(RecordingTest, BothLinesBecomeOneSequence) {
  start(config(RecordingFormat::kItch));
  send(0, 1, 2), send(1, 1, 2);
  send(1, 3, 2);
  send(0, 5, 1), send(1, 5, 1);
  ASSERT_TRUE(heard(5));
  const RecordingFigures figures = finish();
  EXPECT_EQ(messages(), "1 2 3 4 5");
  EXPECT_EQ(figures.end, RecordingEnd::kStopped);
  EXPECT_EQ(figures.session, "ONE");
  EXPECT_EQ(figures.written, 5u);
  EXPECT_EQ(figures.bytes, content().size());
  EXPECT_EQ(figures.datagrams[0], 2u);
  EXPECT_EQ(figures.datagrams[1], 3u);
  EXPECT_EQ(figures.duplicates, 2u);
  EXPECT_EQ(figures.missing, 0u);
  EXPECT_GT(figures.first_time.value, 0);
  EXPECT_GE(figures.last_time, figures.first_time);
  EXPECT_EQ(recording_->error(), "");
}

TEST_F(RecordingTest, TheEndOfTheSessionIsMarked) {
  start(config(RecordingFormat::kItch));
  send(0, 1, 3);
  send_end(4);
  ASSERT_TRUE(recording_->join(10));
  EXPECT_EQ(recording_->figures().end, RecordingEnd::kSessionEnded);
  EXPECT_EQ(messages(), "1 2 3 .");
}

TEST_F(RecordingTest, AsksForWhatBothLinesLost) {
  RecordingConfig asking = config(RecordingFormat::kItch);
  asking.retransmission = server_->endpoint();
  asking.session.feed.from_start = true;
  start(asking);
  send(0, 4, 2);
  std::array<std::byte, 64> request;
  net::Endpoint from;
  std::ptrdiff_t size = net::kNoDatagram;
  ASSERT_TRUE(wait_for(
      [&] { return (size = server_->receive(request, &from)) != net::kNoDatagram; }));
  ASSERT_EQ(size, std::ptrdiff_t{mold::kHeaderSize});
  mold::Header header;
  Reader reader(request.data());
  header.map(reader);
  EXPECT_EQ(header.sequence, 1u);
  EXPECT_EQ(header.count, 3);
  mold::PacketBuilder builder;
  server_->send_to(packet(builder, 1, 3), from);
  ASSERT_TRUE(heard(5));
  const RecordingFigures figures = finish();
  EXPECT_EQ(messages(), "1 2 3 4 5");
  EXPECT_EQ(figures.recovered, 3u);
  EXPECT_EQ(figures.missing, 0u);
}

TEST_F(RecordingTest, AGapThatNobodyFillsIsNamed) {
  RecordingConfig short_of_time = config(RecordingFormat::kItch);
  short_of_time.stop_patience = milliseconds(20);
  start(short_of_time);
  send(0, 1, 2);
  send(0, 6, 2);
  ASSERT_TRUE(wait_for([&] { return recording_->figures().gap_open; }));
  const RecordingFigures figures = finish();
  EXPECT_EQ(messages(), "1 2 6 7");
  EXPECT_EQ(figures.missing, 3u);
  EXPECT_EQ(recording_->missing(),
            (std::vector<MissingRange>{{3, 3, MissingReason::kNeverArrived}}));
}

TEST_F(RecordingTest, StopsAtTheMessageThatWasAskedFor) {
  RecordingConfig few = config(RecordingFormat::kItch);
  few.session.messages_max = 3;
  start(few);
  send(0, 10, 8);
  ASSERT_TRUE(recording_->join(10));
  EXPECT_EQ(recording_->figures().end, RecordingEnd::kMessages);
  EXPECT_EQ(messages(), "10 11 12");
}

TEST_F(RecordingTest, AnEmptyMessageIsNoEndMark) {
  start(config(RecordingFormat::kItch));
  mold::PacketBuilder builder;
  builder.start(mold::Session("ONE"), 1);
  builder.append(bytes_of("1"));
  builder.append({});
  builder.append(bytes_of("3"));
  senders_[0]->send(builder.finish());
  ASSERT_TRUE(heard(3));
  const RecordingFigures figures = finish();
  EXPECT_EQ(messages(), "1 3");
  EXPECT_EQ(figures.empty, 1u);
}

TEST_F(RecordingTest, WhatTheRingCannotHoldIsCountedAndNamed) {
  RecordingConfig tiny = config(RecordingFormat::kItch);
  tiny.ring_size = 64;  // no record fits beside its header
  start(tiny);
  send(0, 1, 2), send(0, 3, 4);
  ASSERT_TRUE(heard(6));
  const RecordingFigures figures = finish();
  EXPECT_EQ(figures.dropped, 2u);
  EXPECT_EQ(figures.written, 0u);
  EXPECT_EQ(recording_->missing(),
            (std::vector<MissingRange>{{1, 6, MissingReason::kDropped}}));
}

TEST_F(RecordingTest, AFullDiskEndsTheRecording) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  RecordingConfig full = config(RecordingFormat::kItch);
  full.path = "/dev/full";
  full.overwrite = true;
  start(full);
  send(0, 1, 2);
  ASSERT_TRUE(recording_->join(10));
  EXPECT_EQ(recording_->figures().end, RecordingEnd::kWriteFailed);
  EXPECT_NE(recording_->error().find("No space left"), std::string::npos);
}

TEST_F(RecordingTest, WrongAddressesLeaveNoFile) {
  RecordingConfig wrong = config(RecordingFormat::kItch);
  wrong.interface_address = 0xCB007105;  // 203.0.113.5, of no machine
  const auto error = Recording(wrong).open();
  ASSERT_TRUE(error);
  EXPECT_NE(error->find("no interface has that address"), std::string::npos) << *error;
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(RecordingTest, APcapHoldsEveryDatagramAsItCame) {
  RecordingConfig asking = config(RecordingFormat::kPcap);
  asking.retransmission = server_->endpoint();
  start(asking);
  const UnixNanos before = wall_now();
  // One by one: what arrives on two sockets at once has no order of its own.
  const auto came = [&](int line, std::uint64_t datagrams) {
    return wait_for([&] { return recording_->figures().datagrams[line] == datagrams; });
  };
  send(0, 1, 2);
  ASSERT_TRUE(came(0, 1));
  send(1, 1, 2);
  senders_[1]->send(bytes_of("noise"));
  ASSERT_TRUE(came(1, 2));
  send(0, 5, 1);
  std::array<std::byte, 64> request;
  net::Endpoint client;
  ASSERT_TRUE(
      wait_for([&] { return server_->receive(request, &client) != net::kNoDatagram; }));
  mold::PacketBuilder builder;
  server_->send_to(packet(builder, 3, 2), client);
  ASSERT_TRUE(heard(5));
  const UnixNanos after = wall_now();
  const RecordingFigures figures = finish();
  EXPECT_EQ(figures.packets, 5u);
  EXPECT_EQ(figures.malformed, 1u);

  const std::vector<std::byte> file = content();
  EXPECT_EQ(figures.bytes, file.size());
  const auto header = pcap::decode_file_header(file.data());
  ASSERT_TRUE(header);
  EXPECT_TRUE(header->nanoseconds);
  EXPECT_EQ(header->link_type, pcap::kEthernet);
  std::vector<std::string> payloads;
  std::vector<net::Endpoint> targets;
  Bytes rest = Bytes(file).subspan(pcap::kFileHeaderSize);
  while (!rest.empty()) {
    ASSERT_GE(rest.size(), pcap::kRecordHeaderSize);
    const auto record = pcap::decode_record_header(rest.data(), header->order, true);
    EXPECT_EQ(record.captured_size, record.original_size);
    EXPECT_GE(record.time.value, before.value - kWallClockStep);
    EXPECT_LE(record.time.value, after.value + kWallClockStep);
    const Bytes frame = rest.subspan(pcap::kRecordHeaderSize, record.captured_size);
    rest = rest.subspan(pcap::kRecordHeaderSize + record.captured_size);
    wire::ethernet::Payload payload;
    ASSERT_EQ(wire::ethernet::decode(header->link_type, frame, payload),
              wire::ethernet::FrameStatus::kOk);
    EXPECT_TRUE(wire::ethernet::checksums_ok(payload));
    EXPECT_EQ(payload.flow.source_address, kLoopback);
    payloads.push_back(text_of(payload.bytes));
    targets.push_back(
        {payload.flow.destination_address, payload.flow.destination_port});
  }
  EXPECT_EQ(payloads,
            (std::vector<std::string>{
                text_of(packet(builder, 1, 2)), text_of(packet(builder, 1, 2)), "noise",
                text_of(packet(builder, 5, 1)), text_of(packet(builder, 3, 2))}));
  EXPECT_EQ(targets, (std::vector<net::Endpoint>{groups_[0], groups_[1], groups_[1],
                                                 groups_[0], client}));
}

TEST_F(RecordingTest, ADayOfTheExchangeOverBadLinesIsWhole) {
  exchange::HostConfig market;
  market.agents.stocks = {exchange::StockParameters{}};
  market.speed = 100;
  market.feed_a = groups_[0];
  market.feed_b = groups_[1];
  market.retransmission = {kLoopback, 0};
  market.orders = {kLoopback, 0};
  market.faults_a = market.faults_b = {.loss = 0.1, .duplicate = 0.1, .reorder = 0.1};
  market.duration = milliseconds(700);
  market.farewell = milliseconds(500);
  exchange::Host host(market);
  RecordingConfig asking = config(RecordingFormat::kItch);
  asking.retransmission = host.retransmission();
  asking.session.feed.from_start = true;
  start(asking);
  std::thread thread([&] { host.run(); });
  const bool ended = recording_->join(20);
  thread.join();
  ASSERT_TRUE(ended);
  const RecordingFigures figures = recording_->figures();
  EXPECT_EQ(figures.end, RecordingEnd::kSessionEnded);
  EXPECT_EQ(figures.written, host.statistics().next_sequence - 1);
  EXPECT_EQ(figures.missing, 0u);
  EXPECT_GT(figures.gaps, 0u);
  EXPECT_GT(figures.recovered, 0u);
  const std::vector<std::byte> file = content();
  wire::BinaryFileReader reader(file);
  std::uint64_t count = 0;
  while (reader.next()) ++count;
  EXPECT_EQ(count, figures.written);
  EXPECT_EQ(file.size() - reader.offset(), 2u);
}

}  // namespace
}  // namespace pyscalp::live
