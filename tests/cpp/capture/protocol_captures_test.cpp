// Real bytes of the exchange on MoldUDP64, SoupBinTCP and BinaryFILE: every message of
// every capture is known, every byte is accounted for, and encoding what was decoded
// gives the bytes back. Needs PYSCALP_DATA.
#include <map>
#include <memory>

#include "capture_files.hpp"
#include "wire/binary_file.hpp"
#include "wire/itch50.hpp"
#include "wire/moldudp64.hpp"
#include "wire/ouch50.hpp"
#include "wire/soupbintcp.hpp"

namespace pyscalp::capture {
namespace {

using namespace wire;  // NOLINT: the codecs under test
using ethernet::Payload;

/// Counts types and holds what encode makes of a message against its bytes.
struct ItchMirror {
  Bytes bytes;
  std::map<char, int>* types;
  template <class Message>
  void on(const Message& message) {
    EXPECT_EQ(bytes.size(), Message::kSize) << Message::kType;
    Buffer back(itch::kMaxSize);
    back.resize(itch::encode(message, back.data()));
    EXPECT_EQ(back, Buffer(bytes.begin(), bytes.end())) << Message::kType;
    ++(*types)[Message::kType];
  }
};

/// A packet of the same messages, built anew, has the same bytes.
void expect_same_packet(const mold::Packet& packet, Bytes bytes) {
  Buffer again(mold::kHeaderSize);
  mold::encode(packet.header(), again.data());
  packet.for_each([&](std::uint64_t, Bytes message) {
    const std::size_t at = again.size();
    again.resize(at + 2);
    store_be(again.data() + at, static_cast<std::uint16_t>(message.size()));
    again.insert(again.end(), message.begin(), message.end());
  });
  EXPECT_EQ(again, Buffer(bytes.begin(), bytes.end()));
}

TEST(ProtocolCaptures, TotalViewOnMoldUdp64) {
  const fs::path folder = data("pcap_samples/Nasdaq");
  if (folder.empty()) GTEST_SKIP() << "needs PYSCALP_DATA with pcap_samples/Nasdaq";
  std::map<char, int> types;
  int packets = 0;
  int messages = 0;
  for (const fs::path& path : captures(folder, "TotalView")) {
    SCOPED_TRACE(path.string());
    const PcapReader reader = read_payloads(path, [&](const Payload& payload) {
      EXPECT_EQ(payload.flow.transport, ethernet::Transport::kUdp);
      mold::Packet packet;
      ASSERT_EQ(mold::Packet::decode(payload.bytes, packet), mold::DecodeStatus::kOk);
      expect_same_packet(packet, payload.bytes);
      ++packets;
      packet.for_each([&](std::uint64_t, Bytes message) {
        ++messages;
        EXPECT_EQ(itch::decode(message, ItchMirror{message, &types}),
                  itch::DecodeStatus::kOk);
      });
    });
    EXPECT_GT(reader.packets(), 0u);
    EXPECT_FALSE(reader.truncated());
  }
  EXPECT_EQ(packets, 190);
  EXPECT_EQ(messages, 227);
  for (const char type : std::string_view("ACDEFHIJLNPQSUXY")) {
    EXPECT_GT(types[type], 0) << type;
  }
}

/// Feeds of other venues and products on MoldUDP64: their messages are not ITCH 5.0,
/// their packets are read to the last byte.
TEST(ProtocolCaptures, OtherFeedsOnMoldUdp64) {
  const fs::path folder = data("pcap_samples");
  if (folder.empty()) GTEST_SKIP() << "needs PYSCALP_DATA with pcap_samples";
  int packets = 0;
  int heartbeats = 0;
  for (const char* const part :
       {"Ise.", "Bbo.Itch", "NlsPlus", "Uqdf", "JnxEquities.Pts.Itch"}) {
    for (const fs::path& path : captures(folder, part)) {
      SCOPED_TRACE(path.string());
      read_payloads(path, [&](const Payload& payload) {
        mold::Packet packet;
        ASSERT_EQ(mold::Packet::decode(payload.bytes, packet), mold::DecodeStatus::kOk);
        expect_same_packet(packet, payload.bytes);
        ++packets;
        heartbeats += packet.is_heartbeat() ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(packets, 62);
  EXPECT_EQ(heartbeats, 2);
}

TEST(ProtocolCaptures, AThousandMessagesOfABinaryFile) {
  const fs::path path = data("itch/12302019_SNIPPET.NASDAQ_ITCH50");
  if (path.empty()) GTEST_SKIP() << "needs PYSCALP_DATA with the ITCH snippet";
  const Buffer file = read_file(path);
  BinaryFileReader reader(file);
  std::map<char, int> types;
  int messages = 0;
  std::uint64_t before = 0;
  while (const auto message = reader.next()) {
    ++messages;
    EXPECT_EQ(itch::decode(*message, ItchMirror{*message, &types}),
              itch::DecodeStatus::kOk);
    EXPECT_GE(itch::timestamp_ns(*message), before);
    before = itch::timestamp_ns(*message);
  }
  EXPECT_EQ(messages, 1'000);
  EXPECT_FALSE(reader.truncated());
  EXPECT_EQ(reader.offset(), file.size());
  EXPECT_GE(before, 34'200'000'000'000u);
  EXPECT_GT(types.size(), 5u);
}

struct OuchMirror {
  Bytes bytes;
  std::map<char, int>* types;
  int* with_options;
  template <class Message>
  void on(const Message& message, Bytes appendage) {
    Buffer back(ouch::kMaxSize);
    back.resize(ouch::encode_fields(message, back.data()));
    back.insert(back.end(), appendage.begin(), appendage.end());
    EXPECT_EQ(back, Buffer(bytes.begin(), bytes.end()));
    if constexpr (requires { message.options; }) {
      // Every tag on the captures is one that is read, so that the options alone give
      // the same appendage.
      EXPECT_EQ(message.options.other_tags, 0);
      back.resize(ouch::kMaxSize);
      back.resize(ouch::encode(message, back.data()));
      EXPECT_EQ(back, Buffer(bytes.begin(), bytes.end())) << Message::kType;
      *with_options += appendage.size() > 2 ? 1 : 0;
    }
    ++(*types)[Message::kType];
  }
};

/// Cuts a TCP payload into frames and back; each must be a whole number of them.
template <class Visit>
void each_frame(const Payload& payload, Visit&& visit) {
  ASSERT_EQ(payload.flow.transport, ethernet::Transport::kTcp);
  const auto reader = std::make_unique<soup::FrameReader>();
  Buffer again;
  EXPECT_TRUE(reader->feed(payload.bytes, [&](const soup::Frame& frame) {
    Buffer header(soup::kHeaderSize);
    soup::encode_header(frame.type, frame.payload.size(), header.data());
    again.insert(again.end(), header.begin(), header.end());
    again.insert(again.end(), frame.payload.begin(), frame.payload.end());
    visit(frame);
  }));
  EXPECT_EQ(again, Buffer(payload.bytes.begin(), payload.bytes.end()));
}

TEST(ProtocolCaptures, Ouch50OnSoupBinTcp) {
  const fs::path folder = data("pcap_samples/Nasdaq");
  if (folder.empty()) GTEST_SKIP() << "needs PYSCALP_DATA with pcap_samples/Nasdaq";
  std::map<char, int> inbound;
  std::map<char, int> outbound;
  std::map<char, int> frames;
  int with_options = 0;
  for (const fs::path& path : captures(folder, "Ouch.v5.0")) {
    SCOPED_TRACE(path.string());
    read_payloads(path, [&](const Payload& payload) {
      each_frame(payload, [&](const soup::Frame& frame) {
        ++frames[frame.type];
        const Bytes message = frame.payload;
        if (frame.type == soup::kUnsequencedData) {
          EXPECT_EQ(ouch::decode_inbound(message,
                                         OuchMirror{message, &inbound, &with_options}),
                    ouch::DecodeStatus::kOk);
        } else if (frame.type == soup::kSequencedData) {
          EXPECT_EQ(ouch::decode_outbound(
                        message, OuchMirror{message, &outbound, &with_options}),
                    ouch::DecodeStatus::kOk);
        } else {
          EXPECT_TRUE(message.empty()) << frame.type;
        }
      });
    });
  }
  EXPECT_GT(inbound['O'], 0);
  EXPECT_GT(inbound['X'], 0);
  EXPECT_GT(outbound['A'], 0);
  EXPECT_GT(outbound['C'], 0);
  EXPECT_GT(with_options, 0);
  EXPECT_GT(frames[soup::kServerHeartbeat], 0);
  EXPECT_GT(frames[soup::kClientHeartbeat], 0);
}

TEST(ProtocolCaptures, SoupBinTcpOfAnotherVenue) {
  const fs::path folder = data("pcap_samples/Jnx/JnxEquities.Pts.Ouch.v1.11");
  if (folder.empty()) GTEST_SKIP() << "needs PYSCALP_DATA with pcap_samples/Jnx";
  std::map<char, int> frames;
  Buffer request;
  Buffer answer;
  for (const fs::path& path : captures(folder, "Ouch")) {
    SCOPED_TRACE(path.string());
    read_payloads(path, [&](const Payload& payload) {
      each_frame(payload, [&](const soup::Frame& frame) {
        ++frames[frame.type];
        Buffer* const kept = frame.type == soup::kLoginRequest    ? &request
                             : frame.type == soup::kLoginAccepted ? &answer
                                                                  : nullptr;
        if (kept != nullptr) kept->assign(frame.payload.begin(), frame.payload.end());
      });
    });
  }
  EXPECT_GT(frames[soup::kSequencedData], 0);
  EXPECT_GT(frames[soup::kUnsequencedData], 0);

  ASSERT_EQ(request.size(), soup::LoginRequest::kSize);
  const auto login = soup::decode<soup::LoginRequest>(request);
  EXPECT_EQ(login->username.trimmed(), "user");
  EXPECT_EQ(login->password.trimmed(), "password");
  EXPECT_EQ(login->session.trimmed(), "");
  EXPECT_EQ(soup::parse_number(login->sequence), 0u);
  ASSERT_EQ(answer.size(), soup::LoginAccepted::kSize);
  const auto accepted = soup::decode<soup::LoginAccepted>(answer);
  EXPECT_EQ(accepted->session.trimmed(), "1689192121");
  EXPECT_EQ(soup::parse_number(accepted->sequence), 135u);
  Buffer frame(soup::kHeaderSize + soup::LoginAccepted::kSize);
  soup::encode(*accepted, frame.data());
  EXPECT_EQ(Buffer(frame.begin() + soup::kHeaderSize, frame.end()), answer);
}

}  // namespace
}  // namespace pyscalp::capture
