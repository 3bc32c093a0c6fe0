#include "feed/mold_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "mold_packets.hpp"

namespace pyscalp::feed {
namespace {

using namespace testing;

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
  // In pieces of what an answer has been seen to hold, without waiting in between.
  EXPECT_EQ(header_of(request).sequence, 5u);
  EXPECT_EQ(header_of(request).count, 4u);
  ASSERT_TRUE(receiver.session.take_request({3}, request));
  EXPECT_EQ(header_of(request).sequence, 9u);
  EXPECT_EQ(header_of(request).count, 2u);
  EXPECT_FALSE(receiver.session.take_request({3}, request));
  receiver.give(Line::kRetransmission, packet(9, 2), {4});
  EXPECT_FALSE(receiver.session.take_request({4}, request));
  receiver.give(Line::kRetransmission, packet(5, 4), {5});
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

}  // namespace
}  // namespace pyscalp::feed
