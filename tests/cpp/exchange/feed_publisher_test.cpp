#include "exchange/feed_publisher.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pyscalp::exchange {
namespace {

namespace mold = wire::mold;
using ByteVector = std::vector<std::byte>;

void add(ByteVector& framed, std::string_view message) {
  const std::size_t at = framed.size();
  framed.resize(at + 2 + message.size());
  store_be(framed.data() + at, static_cast<std::uint16_t>(message.size()));
  std::memcpy(framed.data() + at + 2, message.data(), message.size());
}

ByteVector framed(std::initializer_list<std::string_view> messages) {
  ByteVector bytes;
  for (const std::string_view message : messages) add(bytes, message);
  return bytes;
}

struct Sent {
  std::uint64_t sequence;
  std::vector<std::string> messages;
  std::size_t size;
};

Sent unpack(Bytes datagram) {
  mold::Packet packet;
  EXPECT_EQ(mold::Packet::decode(datagram, packet), mold::DecodeStatus::kOk);
  EXPECT_EQ(packet.header().session, mold::Session("DAY1"));
  Sent sent{packet.header().sequence, {}, datagram.size()};
  packet.for_each([&](std::uint64_t, Bytes message) {
    sent.messages.emplace_back(reinterpret_cast<const char*>(message.data()),
                               message.size());
  });
  return sent;
}

std::vector<Sent> drain(FeedPublisher& feed) {
  std::vector<Sent> all;
  feed.drain_packets([&](Bytes datagram) { all.push_back(unpack(datagram)); });
  return all;
}

ByteVector request(std::string_view session, std::uint64_t sequence,
                   std::uint16_t count) {
  ByteVector bytes(mold::kHeaderSize);
  mold::encode({mold::Session(session), sequence, count}, bytes.data());
  return bytes;
}

TEST(FeedPublisher, EachPublicationIsADatagramOfItsOwn) {
  FeedPublisher feed("DAY1");
  feed.publish(framed({"one", "two"}));
  feed.publish(framed({"three"}));
  feed.publish({});
  const auto sent = drain(feed);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].sequence, 1u);
  EXPECT_EQ(sent[0].messages, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(sent[1].sequence, 3u);
  EXPECT_EQ(sent[1].messages, (std::vector<std::string>{"three"}));
  EXPECT_EQ(feed.next_sequence(), 4u);
  EXPECT_TRUE(drain(feed).empty());
  EXPECT_EQ(feed.statistics().packets, 2u);
}

TEST(FeedPublisher, SplitsAtFourteenHundredBytes) {
  FeedPublisher feed("DAY1");
  // 20 + 2 x (2 + 688) is 1,400 to the byte; a third does not fit.
  const std::string message(688, 'x');
  feed.publish(framed({message, message, message}));
  const auto sent = drain(feed);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].size, 1'400u);
  EXPECT_EQ(sent[0].messages.size(), 2u);
  EXPECT_EQ(sent[1].sequence, 3u);
}

TEST(FeedPublisher, RefusesWhatNoDatagramHolds) {
  FeedPublisher feed("DAY1");
  feed.publish(framed({"a", std::string(1'379, 'x'), "b"}));
  ByteVector cut = framed({"c", "d"});
  cut.pop_back();
  feed.publish(cut);
  std::vector<std::string> messages;
  for (const Sent& sent : drain(feed))
    messages.insert(messages.end(), sent.messages.begin(), sent.messages.end());
  EXPECT_EQ(messages, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(feed.statistics().messages_refused, 2u);
  EXPECT_EQ(feed.next_sequence(), 4u);

  FeedPublisher full("DAY1");
  full.publish(framed({std::string(1'378, 'x')}));
  EXPECT_EQ(drain(full).size(), 1u);
}

TEST(FeedPublisher, WhatIsStoredIsNotSentButCanBeAskedFor) {
  FeedPublisher feed("DAY1");
  feed.store(framed({"before"}));
  feed.publish(framed({"now"}));
  const auto sent = drain(feed);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].sequence, 2u);
  std::array<std::byte, FeedPublisher::kMaxPacket> out;
  const std::size_t size = feed.answer(request("DAY1", 1, 10), out.data());
  EXPECT_EQ(unpack({out.data(), size}).messages,
            (std::vector<std::string>{"before", "now"}));
}

TEST(FeedPublisher, AnswersAnyRangeOfALongDay) {
  FeedPublisher feed("DAY1");
  // More than three chunks of 1 MiB, of messages whose sizes vary.
  constexpr std::uint64_t kMessages = 60'000;
  const auto text = [](std::uint64_t n) {
    return std::to_string(n) + std::string(n * 7 % 97, '.');
  };
  for (std::uint64_t n = 1; n <= kMessages; n += 2)
    feed.publish(framed({text(n), text(n + 1)}));
  std::uint64_t expected = 1;
  for (const Sent& sent : drain(feed)) {
    EXPECT_EQ(sent.sequence, expected);
    for (const std::string& message : sent.messages)
      ASSERT_EQ(message, text(expected++));
  }
  ASSERT_EQ(expected, kMessages + 1);

  std::array<std::byte, FeedPublisher::kMaxPacket> out;
  std::uint64_t next = 1;
  while (next <= kMessages) {
    const std::size_t size = feed.answer(request("DAY1", next, 0xFFFF), out.data());
    ASSERT_GT(size, mold::kHeaderSize);
    const Sent sent = unpack({out.data(), size});
    ASSERT_EQ(sent.sequence, next);
    for (const std::string& message : sent.messages) ASSERT_EQ(message, text(next++));
  }
  for (const std::uint64_t from : {2ull, 31ull, 32ull, 33ull, 59'999ull, 60'000ull}) {
    const std::size_t size = feed.answer(request("DAY1", from, 1), out.data());
    const Sent sent = unpack({out.data(), size});
    ASSERT_EQ(sent.messages.size(), 1u);
    EXPECT_EQ(sent.messages[0], text(from));
  }
}

TEST(FeedPublisher, RefusesRequestsByReason) {
  FeedPublisher feed("DAY1");
  feed.publish(framed({"one"}));
  std::array<std::byte, FeedPublisher::kMaxPacket> out;
  const auto answer = [&](const ByteVector& bytes) {
    return feed.answer(bytes, out.data());
  };
  EXPECT_EQ(answer(request("DAY2", 1, 1)), 0u);
  EXPECT_EQ(feed.statistics().requests_wrong_session, 1u);
  EXPECT_EQ(answer(request("DAY1", 0, 1)), 0u);
  EXPECT_EQ(answer(request("DAY1", 2, 1)), 0u);
  EXPECT_EQ(answer(request("DAY1", UINT64_MAX, 0xFFFF)), 0u);
  EXPECT_EQ(feed.statistics().requests_out_of_range, 3u);
  EXPECT_EQ(answer(request("DAY1", 1, 0)), 0u);
  for (std::size_t size = 0; size < mold::kHeaderSize; ++size)
    EXPECT_EQ(answer(ByteVector(size)), 0u);
  EXPECT_EQ(answer(ByteVector(mold::kHeaderSize + 1)), 0u);
  EXPECT_EQ(feed.statistics().requests_malformed, 2u + mold::kHeaderSize);
  EXPECT_EQ(feed.statistics().requests_answered, 0u);
  EXPECT_GT(answer(request("DAY1", 1, 1)), 0u);
  EXPECT_EQ(feed.statistics().requests_answered, 1u);
}

TEST(FeedPublisher, HeartbeatAndEndNameTheNextMessage) {
  FeedPublisher feed("DAY1");
  feed.publish(framed({"one"}));
  mold::Packet packet;
  ASSERT_EQ(mold::Packet::decode(feed.heartbeat(), packet), mold::DecodeStatus::kOk);
  EXPECT_TRUE(packet.is_heartbeat());
  EXPECT_EQ(packet.header().sequence, 2u);
  ASSERT_EQ(mold::Packet::decode(feed.end_of_session(), packet),
            mold::DecodeStatus::kOk);
  EXPECT_TRUE(packet.is_end_of_session());
  EXPECT_EQ(packet.header().sequence, 2u);
}

TEST(FeedPublisher, MorePublishedWhileDrainingComesInTheSameDrain) {
  FeedPublisher feed("DAY1");
  feed.publish(framed({"one"}));
  std::vector<std::uint64_t> sequences;
  feed.drain_packets([&](Bytes datagram) {
    sequences.push_back(unpack(datagram).sequence);
    if (sequences.size() < 3) feed.publish(framed({"again"}));
  });
  EXPECT_EQ(sequences, (std::vector<std::uint64_t>{1, 2, 3}));
}

}  // namespace
}  // namespace pyscalp::exchange
