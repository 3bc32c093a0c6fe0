// Real bytes of the exchange: every message of every capture is known, every byte is
// accounted for, and encoding what was decoded gives the bytes back. Needs
// PYSCALP_DATA.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "pcap.hpp"
#include "wire/binary_file.hpp"
#include "wire/itch50.hpp"
#include "wire/moldudp64.hpp"
#include "wire/ouch50.hpp"
#include "wire/soupbintcp.hpp"

namespace pyscalp::wire {
namespace {

namespace fs = std::filesystem;

/// The folder or file below PYSCALP_DATA; empty where there is none.
fs::path data(const char* below) {
  const char* const root = std::getenv("PYSCALP_DATA");
  if (root == nullptr || *root == '\0' || !fs::exists(fs::path(root) / below))
    return {};
  return fs::path(root) / below;
}

std::vector<fs::path> captures(const fs::path& folder, const std::string& part) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".pcap" &&
        entry.path().parent_path().filename().string().find(part) !=
            std::string::npos) {
      found.push_back(entry.path());
    }
  }
  return found;
}

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

TEST(Captures, TotalViewOnMoldUdp64) {
  const fs::path folder = data("pcap_samples/Nasdaq");
  if (folder.empty()) GTEST_SKIP() << "needs PYSCALP_DATA with pcap_samples/Nasdaq";
  std::map<char, int> types;
  int packets = 0;
  int messages = 0;
  for (const fs::path& path : captures(folder, "TotalView")) {
    SCOPED_TRACE(path.string());
    int frames = 0;
    const std::vector<Payload> all = payloads(path.string(), &frames);
    EXPECT_GT(frames, 0);
    EXPECT_EQ(all.size(), static_cast<std::size_t>(frames));
    for (const Payload& payload : all) {
      EXPECT_FALSE(payload.tcp);
      mold::Packet packet;
      ASSERT_EQ(mold::Packet::decode(payload.bytes, packet), mold::DecodeStatus::kOk);
      ++packets;
      packet.for_each([&](std::uint64_t, Bytes message) {
        ++messages;
        EXPECT_EQ(itch::decode(message, ItchMirror{message, &types}),
                  itch::DecodeStatus::kOk);
      });
    }
  }
  EXPECT_GE(packets, 190);
  EXPECT_GE(messages, 227);
  for (const char type : std::string_view("ACDEFHIJLNPQSUXY")) {
    EXPECT_GT(types[type], 0) << type;
  }
}

TEST(Captures, AThousandMessagesOfABinaryFile) {
  const fs::path path = data("itch/12302019_SNIPPET.NASDAQ_ITCH50");
  if (path.empty()) GTEST_SKIP() << "needs PYSCALP_DATA with the ITCH snippet";
  const Buffer file = read_file(path.string());
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
  template <class Message>
  void on(const Message& message) {
    // What the appendage holds besides our own tags is skipped, so that only what
    // stands before it comes back.
    Buffer back(ouch::kMaxSize);
    back.resize(ouch::encode(message, back.data()));
    EXPECT_EQ(Buffer(back.begin(), back.begin() + Message::kSize),
              Buffer(bytes.begin(), bytes.begin() + Message::kSize));
    ++(*types)[Message::kType];
  }
};

TEST(Captures, Ouch50OnSoupBinTcp) {
  const fs::path folder = data("pcap_samples/Nasdaq");
  if (folder.empty()) GTEST_SKIP() << "needs PYSCALP_DATA with pcap_samples/Nasdaq";
  std::map<char, int> inbound;
  std::map<char, int> outbound;
  std::map<char, int> frames;
  for (const fs::path& path : captures(folder, "Ouch.v5.0")) {
    SCOPED_TRACE(path.string());
    for (const Payload& payload : payloads(path.string())) {
      ASSERT_TRUE(payload.tcp);
      const auto reader = std::make_unique<soup::FrameReader>();
      std::size_t used = 0;
      EXPECT_TRUE(reader->feed(payload.bytes, [&](const soup::Frame& frame) {
        ++frames[frame.type];
        used += soup::kHeaderSize + frame.payload.size();
        if (frame.type == soup::kUnsequencedData) {
          EXPECT_EQ(
              ouch::decode_inbound(frame.payload, OuchMirror{frame.payload, &inbound}),
              ouch::DecodeStatus::kOk);
        } else if (frame.type == soup::kSequencedData) {
          EXPECT_EQ(ouch::decode_outbound(frame.payload,
                                          OuchMirror{frame.payload, &outbound}),
                    ouch::DecodeStatus::kOk);
        } else {
          EXPECT_TRUE(frame.payload.empty()) << frame.type;
        }
      }));
      EXPECT_EQ(used, payload.bytes.size());
    }
  }
  EXPECT_GT(inbound['O'], 0);
  EXPECT_GT(inbound['X'], 0);
  EXPECT_GT(outbound['A'], 0);
  EXPECT_GT(outbound['C'], 0);
  EXPECT_GT(frames[soup::kServerHeartbeat], 0);
  EXPECT_GT(frames[soup::kClientHeartbeat], 0);
}

TEST(Captures, LoginsOfSoupBinTcp) {
  const fs::path folder = data("pcap_samples/Jnx/JnxEquities.Pts.Ouch.v1.11");
  if (folder.empty()) GTEST_SKIP() << "needs PYSCALP_DATA with pcap_samples/Jnx";
  const auto only_frame = [&](const char* name, char type) {
    Buffer found;
    for (const Payload& payload : payloads((folder / name).string())) {
      const auto reader = std::make_unique<soup::FrameReader>();
      reader->feed(payload.bytes, [&](const soup::Frame& frame) {
        EXPECT_EQ(frame.type, type);
        found.assign(frame.payload.begin(), frame.payload.end());
      });
    }
    return found;
  };
  const Buffer request = only_frame("LoginRequestPacket.pcap", soup::kLoginRequest);
  ASSERT_EQ(request.size(), soup::LoginRequest::kSize);
  const auto login = soup::decode<soup::LoginRequest>(request);
  EXPECT_EQ(login->username.trimmed(), "user");
  EXPECT_EQ(login->password.trimmed(), "password");
  EXPECT_EQ(login->session.trimmed(), "");
  EXPECT_EQ(soup::parse_number(login->sequence), 0u);
  const Buffer answer = only_frame("LoginAcceptedPacket.pcap", soup::kLoginAccepted);
  ASSERT_EQ(answer.size(), soup::LoginAccepted::kSize);
  const auto accepted = soup::decode<soup::LoginAccepted>(answer);
  EXPECT_EQ(accepted->session.trimmed(), "1689192121");
  EXPECT_EQ(soup::parse_number(accepted->sequence), 135u);
}

}  // namespace
}  // namespace pyscalp::wire
