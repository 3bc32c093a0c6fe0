// What the tests of a MoldUDP64 session share: packets of numbered messages, and a
// receiver that insists on each of them once and in sequence.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "feed/mold_session.hpp"

namespace pyscalp::feed::testing {

using wire::mold::PacketBuilder;
using wire::mold::Session;

inline const Session kSession{"DAY1"};

inline std::string text_of(std::uint64_t sequence) {
  return "message " + std::to_string(sequence);
}

inline Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::vector<std::byte> packet(std::uint64_t first, int count,
                                     const Session& session = kSession) {
  PacketBuilder builder;
  builder.start(session, first);
  for (int i = 0; i < count; ++i) {
    EXPECT_TRUE(
        builder.append(bytes_of(text_of(first + static_cast<std::uint64_t>(i)))));
  }
  const Bytes bytes = builder.finish();
  return {bytes.begin(), bytes.end()};
}

inline std::vector<std::byte> control(std::uint64_t sequence, std::uint16_t count,
                                      const Session& session = kSession) {
  std::vector<std::byte> bytes(wire::mold::kHeaderSize);
  wire::mold::encode({session, sequence, count}, bytes.data());
  return bytes;
}

/// Collects what is delivered and insists on sequence and content.
struct Receiver {
  MoldSession session;
  std::uint64_t next = 1;

  explicit Receiver(const MoldOptions& options = {}) : session(options) {}
  DatagramStatus give(Line line, const std::vector<std::byte>& datagram,
                      MonoNanos now) {
    return session.on_datagram(
        line, datagram, now, [&](std::uint64_t sequence, Bytes message) {
          ASSERT_EQ(sequence, next);
          const std::string expected = text_of(sequence);
          ASSERT_EQ(message.size(), expected.size());
          ASSERT_EQ(std::memcmp(message.data(), expected.data(), expected.size()), 0);
          ++next;
        });
  }
};

using Request = std::array<std::byte, wire::mold::kHeaderSize>;

inline wire::mold::Header header_of(const Request& request) {
  wire::mold::Header header;
  Reader reader(request.data());
  header.map(reader);
  return header;
}

inline std::vector<SequenceRange> due(MoldSession& session, MonoNanos now) {
  std::vector<SequenceRange> ranges;
  Request request;
  while (session.take_request(now, request)) {
    const auto header = header_of(request);
    ranges.push_back({header.sequence, header.sequence + header.count});
  }
  return ranges;
}

inline std::string text(const std::vector<SequenceRange>& ranges) {
  std::string text;
  for (const SequenceRange& range : ranges) {
    text += '[';
    text += std::to_string(range.first);
    text += ',';
    text += std::to_string(range.end);
    text += ')';
  }
  return text;
}

}  // namespace pyscalp::feed::testing
