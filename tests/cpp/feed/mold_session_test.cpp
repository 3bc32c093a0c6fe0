#include "feed/mold_session.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <vector>

namespace pyscalp::feed {
namespace {

using wire::mold::PacketBuilder;
using wire::mold::Session;

const Session kSession{"DAY1"};

std::string text_of(std::uint64_t sequence) {
  return "message " + std::to_string(sequence);
}

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::vector<std::byte> packet(std::uint64_t first, int count,
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

std::vector<std::byte> control(std::uint64_t sequence, std::uint16_t count,
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

wire::mold::Header header_of(const Request& request) {
  wire::mold::Header header;
  Reader reader(request.data());
  header.map(reader);
  return header;
}

TEST(MoldSession, DeliversEachMessageOnceFromWhicheverLineIsFirst) {
  Receiver receiver;
  EXPECT_EQ(receiver.give(Line::kA, packet(1, 3), {}), DatagramStatus::kOk);
  EXPECT_EQ(receiver.give(Line::kB, packet(1, 3), {}), DatagramStatus::kDuplicate);
  EXPECT_EQ(receiver.give(Line::kB, packet(4, 2), {}), DatagramStatus::kOk);
  EXPECT_EQ(receiver.next, 6u);
  EXPECT_TRUE(receiver.session.synchronised());
  EXPECT_EQ(receiver.session.counters().duplicates, 1u);
}

TEST(MoldSession, TakesTheNewPartOfAPacketCutDifferently) {
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 3), {});
  EXPECT_EQ(receiver.give(Line::kB, packet(2, 4), {}), DatagramStatus::kOk);
  EXPECT_EQ(receiver.next, 6u);
}

TEST(MoldSession, HoldsWhatComesAheadOfAGapUntilTheOtherLineFillsIt) {
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 1), {});
  receiver.give(Line::kA, packet(3, 2), {});
  EXPECT_TRUE(receiver.session.gap_open());
  EXPECT_EQ(receiver.next, 2u);
  receiver.give(Line::kB, packet(2, 1), {});
  EXPECT_FALSE(receiver.session.gap_open());
  EXPECT_EQ(receiver.next, 5u);
  EXPECT_EQ(receiver.session.counters().gaps, 1u);
  EXPECT_EQ(receiver.session.counters().requests, 0u);
}

TEST(MoldSession, AsksOnlyAfterTheOtherLineHadItsTimeAndOnlyForWhatIsMissing) {
  MoldOptions options;
  options.request_delay = milliseconds(2);
  Receiver receiver(options);
  receiver.give(Line::kA, packet(1, 1), {0});
  receiver.give(Line::kA, packet(5, 1), {0});
  Request request;
  EXPECT_FALSE(receiver.session.take_request({1'999'999}, request));
  ASSERT_TRUE(receiver.session.take_request({2'000'000}, request));
  EXPECT_EQ(header_of(request).sequence, 2u);
  EXPECT_EQ(header_of(request).count, 3u);
  EXPECT_EQ(header_of(request).session, kSession);
  // One request at a time, the next only when the answer fails to come.
  EXPECT_FALSE(receiver.session.take_request({2'000'001}, request));
  EXPECT_TRUE(receiver.session.take_request({12'000'000}, request));
}

TEST(MoldSession, BacksOffWhileNobodyAnswers) {
  MoldOptions options;
  options.request_delay = {0};
  options.request_timeout = milliseconds(10);
  options.request_timeout_max = milliseconds(40);
  Receiver receiver(options);
  receiver.give(Line::kA, packet(2, 1), {0});
  Request request;
  std::vector<std::int64_t> sent_ms;
  for (std::int64_t ms = 0; ms < 200; ++ms) {
    if (receiver.session.take_request(milliseconds(ms), request)) sent_ms.push_back(ms);
  }
  EXPECT_EQ(sent_ms, (std::vector<std::int64_t>{0, 10, 30, 70, 110, 150, 190}));
}

TEST(MoldSession, KeepsBelowTheCapOnRequests) {
  MoldOptions options;
  options.request_delay = {0};
  options.requests_per_second = 10;
  Receiver receiver(options);
  Request request;
  int sent = 0;
  // Every millisecond a gap of two is noticed and answered in part.
  receiver.give(Line::kA, packet(1'000, 1), {0});
  for (std::int64_t ms = 1; ms < 1'000; ++ms) {
    if (receiver.session.take_request(milliseconds(ms), request)) {
      ++sent;
      receiver.give(Line::kRetransmission, packet(header_of(request).sequence, 1),
                    milliseconds(ms));
    }
  }
  EXPECT_EQ(sent, 10);
}

TEST(MoldSession, AsksForTheRestWhenAnAnswerIsCut) {
  MoldOptions options;
  options.request_delay = {0};
  Receiver receiver(options);
  receiver.give(Line::kA, packet(11, 1), {0});
  Request request;
  ASSERT_TRUE(receiver.session.take_request({1}, request));
  EXPECT_EQ(header_of(request).count, 10u);
  receiver.give(Line::kRetransmission, packet(1, 4), {2});
  ASSERT_TRUE(receiver.session.take_request({3}, request));
  EXPECT_EQ(header_of(request).sequence, 5u);
  EXPECT_EQ(header_of(request).count, 6u);
  receiver.give(Line::kRetransmission, packet(5, 6), {4});
  EXPECT_EQ(receiver.next, 12u);
  EXPECT_TRUE(receiver.session.synchronised());
}

TEST(MoldSession, HeartbeatShowsALossAtTheTail) {
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 2), {});
  EXPECT_EQ(receiver.give(Line::kA, control(3, 0), {}), DatagramStatus::kOk);
  EXPECT_FALSE(receiver.session.gap_open());
  receiver.give(Line::kA, control(5, 0), {});
  EXPECT_TRUE(receiver.session.gap_open());
}

TEST(MoldSession, EndsOnlyOnceComplete) {
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 2), {});
  receiver.give(Line::kA, control(4, wire::mold::kEndOfSession), {});
  EXPECT_FALSE(receiver.session.ended());
  EXPECT_TRUE(receiver.session.gap_open());
  receiver.give(Line::kRetransmission, packet(3, 1), {});
  EXPECT_TRUE(receiver.session.ended());
}

TEST(MoldSession, ANewSessionIsBelievedAfterTheEndOrWhenItInsists) {
  const Session other{"DAY2"};
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 2), {});
  EXPECT_EQ(receiver.give(Line::kA, control(1, 0, other), {}),
            DatagramStatus::kForeignSession);
  receiver.give(Line::kA, packet(3, 1), {});  // our own again: the stranger counts anew
  for (int i = 1; i < MoldSession::kForeignToBelieve; ++i) {
    EXPECT_EQ(receiver.give(Line::kA, control(1, 0, other), {}),
              DatagramStatus::kForeignSession);
  }
  EXPECT_EQ(receiver.session.generation(), 1u);
  EXPECT_EQ(receiver.give(Line::kA, control(1, 0, other), {}),
            DatagramStatus::kSessionChanged);
  EXPECT_EQ(receiver.session.generation(), 2u);
  EXPECT_EQ(receiver.session.expected(), 1u);

  Receiver ended;
  ended.give(Line::kA, packet(1, 1), {});
  ended.give(Line::kA, control(2, wire::mold::kEndOfSession), {});
  EXPECT_EQ(ended.give(Line::kA, control(1, 0, other), {}),
            DatagramStatus::kSessionChanged);
}

TEST(MoldSession, RefusesBadDatagramsWhole) {
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 1), {});
  const std::vector<std::byte> good = packet(2, 3);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::vector<std::byte> cut(good.begin(),
                                     good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(receiver.give(Line::kA, cut, {}), DatagramStatus::kMalformed) << size;
  }
  std::vector<std::byte> longer = good;
  longer.push_back(std::byte{0});
  EXPECT_EQ(receiver.give(Line::kA, longer, {}), DatagramStatus::kMalformed);
  EXPECT_EQ(receiver.give(Line::kA, control(UINT64_MAX, 0xFFFE), {}),
            DatagramStatus::kMalformed);
  EXPECT_EQ(receiver.give(Line::kA, control(0, 0), {}), DatagramStatus::kMalformed);
  EXPECT_EQ(receiver.next, 2u);
  EXPECT_FALSE(receiver.session.gap_open());
  EXPECT_EQ(receiver.give(Line::kA, good, {}), DatagramStatus::kOk);
}

TEST(MoldSession, WhatDoesNotFitTheWindowIsAskedForLater) {
  MoldOptions options;
  options.window = 8;
  options.request_delay = {0};
  Receiver receiver(options);
  receiver.give(Line::kA, packet(1, 1), {});
  for (std::uint64_t sequence = 3; sequence <= 40; ++sequence) {
    receiver.give(Line::kA, packet(sequence, 1), {});
  }
  EXPECT_GT(receiver.session.counters().beyond_window, 0u);
  Request request;
  for (std::int64_t now = 1; receiver.session.gap_open() && now < 1'000; ++now) {
    if (receiver.session.take_request(milliseconds(now), request)) {
      receiver.give(Line::kRetransmission, packet(header_of(request).sequence, 1),
                    milliseconds(now));
    }
  }
  EXPECT_EQ(receiver.next, 41u);
}

/// Two lossy lines and a lossy way to the server, over a simulated clock.
class Link {
 public:
  Link(std::uint64_t seed, Receiver& receiver) : random_(seed), receiver_(receiver) {
    loss_ = std::uniform_real_distribution<>(0, 0.3)(random_);
    duplicates_ = std::uniform_real_distribution<>(0, 0.5)(random_);
    delay_ns_ = std::uniform_int_distribution<std::int64_t>(0, 100'000'000)(random_);
  }

  void send(Line line, std::vector<std::byte> datagram, MonoNanos now) {
    const int copies = chance(loss_) ? 0 : chance(duplicates_) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const std::int64_t delay =
          std::uniform_int_distribution<std::int64_t>(0, delay_ns_)(random_);
      in_flight_.push_back({now + MonoNanos{delay}, line, datagram});
    }
  }

  void deliver_until(MonoNanos now) {
    for (std::size_t i = 0; i < in_flight_.size();) {
      if (in_flight_[i].at <= now) {
        const Flight flight = in_flight_[i];
        in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(i));
        receiver_.give(flight.line, flight.datagram, now);
      } else {
        ++i;
      }
    }
  }
  bool lost() { return chance(loss_); }
  bool quiet() const { return in_flight_.empty(); }

 private:
  struct Flight {
    MonoNanos at;
    Line line;
    std::vector<std::byte> datagram;
  };
  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }

  std::mt19937_64 random_;
  Receiver& receiver_;
  double loss_;
  double duplicates_;
  std::int64_t delay_ns_;
  std::deque<Flight> in_flight_;
};

class LossyLink : public testing::TestWithParam<int> {};

TEST_P(LossyLink, EndsCompleteWhateverIsLostDoubledOrReordered) {
  constexpr std::uint64_t kMessages = 400;
  for (int seed = GetParam() * 25; seed < (GetParam() + 1) * 25; ++seed) {
    MoldOptions options;
    options.request_delay = milliseconds(120);  // the lines differ by up to 100 ms
    options.request_timeout = milliseconds(250);
    Receiver receiver(options);
    Link link(static_cast<std::uint64_t>(seed), receiver);
    std::uint64_t sent = 0;
    std::int64_t ms = 0;
    for (; ms < 60'000 && (receiver.next <= kMessages || !link.quiet()); ++ms) {
      const MonoNanos now = milliseconds(ms);
      if (sent < kMessages) {
        ++sent;
        link.send(Line::kA, packet(sent, 1), now);
        link.send(Line::kB, packet(sent, 1), now);
      } else if (ms % 100 == 0) {
        link.send(Line::kA, control(kMessages + 1, 0), now);
        link.send(Line::kB, control(kMessages + 1, 0), now);
      }
      link.deliver_until(now);
      Request request;
      if (receiver.session.take_request(now, request) && !link.lost()) {
        const auto header = header_of(request);
        link.send(Line::kRetransmission,
                  packet(header.sequence, std::min<int>(header.count, 40)), now);
      }
    }
    EXPECT_EQ(receiver.next, kMessages + 1) << "seed " << seed;
    EXPECT_TRUE(receiver.session.synchronised()) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, LossyLink, testing::Range(0, 8));

}  // namespace
}  // namespace pyscalp::feed
