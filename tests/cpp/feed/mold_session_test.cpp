#include "feed/mold_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
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

// ---- Requests ----

std::vector<SequenceRange> due(MoldSession& session, MonoNanos now) {
  std::vector<SequenceRange> ranges;
  Request request;
  while (session.take_request(now, request)) {
    const auto header = header_of(request);
    ranges.push_back({header.sequence, header.sequence + header.count});
  }
  return ranges;
}

std::string text(const std::vector<SequenceRange>& ranges) {
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

TEST(MoldRequests, NeighbouringRunsShareOneAndFarOnesHaveTheirOwn) {
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 1), {});
  for (const std::uint64_t held : {3, 5, 8, 100}) {
    receiver.give(Line::kA, packet(held, 1), {});
  }
  receiver.give(Line::kA, packet(10, 89), {});  // 99 is missing too
  EXPECT_EQ(text(due(receiver.session, milliseconds(2))), "[2,10)[99,100)");
  EXPECT_EQ(text(due(receiver.session, milliseconds(3))), "");
  // What is answered is not asked for again; what is not, alone.
  receiver.give(Line::kRetransmission, packet(2, 8), milliseconds(3));
  EXPECT_EQ(receiver.next, 99u);
  EXPECT_EQ(text(due(receiver.session, milliseconds(30))), "[99,100)");
  EXPECT_EQ(receiver.session.counters().requests, 3u);
  EXPECT_EQ(receiver.session.counters().requests_repeated, 1u);
}

TEST(MoldRequests, ALaterGapWaitsForItsOwnTime) {
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 1), {});
  receiver.give(Line::kA, packet(3, 1), milliseconds(0));
  receiver.give(Line::kA, packet(50, 1), milliseconds(1));
  EXPECT_EQ(text(due(receiver.session, milliseconds(2))), "[2,3)");
  EXPECT_EQ(receiver.session.next_deadline(), milliseconds(3));
  EXPECT_EQ(text(due(receiver.session, milliseconds(3))), "[4,50)");
}

TEST(MoldRequests, ALineThatIsSeenToBeLateIsWaitedFor) {
  Receiver receiver;
  std::uint64_t sequence = 1;
  MonoNanos now{};
  const auto gap_filled_after = [&](MonoNanos late) {
    receiver.give(Line::kA, packet(sequence + 1, 1), now);
    now += late;
    receiver.give(Line::kB, packet(sequence, 1), now);
    sequence += 2;
  };
  receiver.give(Line::kA, packet(sequence++, 1), now);
  gap_filled_after(MonoNanos{1'600'000});
  gap_filled_after(MonoNanos{1'900'000});
  receiver.give(Line::kA, packet(sequence + 1, 1), now);
  // A quarter more than the latest, where the default alone would be 2 ms.
  EXPECT_EQ(receiver.session.next_deadline(), now + MonoNanos{2'375'000});
  EXPECT_EQ(text(due(receiver.session, now + MonoNanos{2'374'999})), "");
  EXPECT_EQ(due(receiver.session, now + MonoNanos{2'375'000}).size(), 1u);
  // A copy that comes although it was asked for teaches as much, up to the maximum.
  receiver.give(Line::kRetransmission, packet(sequence, 1), now + milliseconds(3));
  receiver.give(Line::kB, packet(sequence, 1), now + milliseconds(900));
  now += seconds(1);
  receiver.give(Line::kA, packet(sequence + 3, 1), now);
  EXPECT_EQ(receiver.session.next_deadline(), now + MoldOptions{}.request_delay_max);
}

TEST(MoldRequests, ALateAnswerIsWaitedForTheNextTime) {
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 1), {});
  std::uint64_t sequence = 2;
  MonoNanos now{};
  // Answers take 40 ms; a request is repeated until one answer has told how long.
  int requests = 0;
  for (int gap = 0; gap < 6; ++gap) {
    receiver.give(Line::kA, packet(sequence + 1, 1), now);
    MonoNanos answer_at = kNever;
    requests = 0;
    while (receiver.next <= sequence) {
      now += milliseconds(1);
      if (!due(receiver.session, now).empty()) {
        ++requests;
        answer_at = std::min(answer_at, now + milliseconds(40));
      }
      if (now >= answer_at) {
        receiver.give(Line::kRetransmission, packet(sequence, 1), now);
      }
    }
    sequence += 2;
  }
  EXPECT_EQ(requests, 1);
}

// ---- Odd datagrams ----

struct Odd {
  const char* what;
  std::vector<std::byte> datagram;
  DatagramStatus status;
};

std::vector<std::byte> header_only(std::uint64_t sequence, std::uint16_t count) {
  return control(sequence, count);
}

std::vector<std::byte> with_length(std::uint16_t length) {
  std::vector<std::byte> bytes = packet(2, 2);
  store_be(bytes.data() + wire::mold::kHeaderSize, length);
  return bytes;
}

TEST(MoldOdd, WholeDatagramsAreRefusedByNameAndLeaveNoTrace) {
  constexpr std::uint64_t kTop = UINT64_MAX;
  using wire::mold::DecodeStatus;
  const std::vector<std::pair<Odd, DecodeStatus>> table = {
      {{"count 0xFFFE without a block", header_only(2, 0xFFFE),
        DatagramStatus::kMalformed},
       DecodeStatus::kBlockOverrun},
      {{"a block that reaches past the end", with_length(60'000),
        DatagramStatus::kMalformed},
       DecodeStatus::kBlockOverrun},
      {{"a block that is shorter, so that bytes are left over", with_length(0),
        DatagramStatus::kMalformed},
       DecodeStatus::kBlockOverrun},
      {{"a heartbeat with bytes behind it",
        [] {
          std::vector<std::byte> bytes = control(2, 0);
          bytes.push_back(std::byte{1});
          return bytes;
        }(),
        DatagramStatus::kMalformed},
       DecodeStatus::kTrailingBytes},
      {{"an end of session with a block",
        [] {
          std::vector<std::byte> bytes = packet(2, 1);
          store_be(bytes.data() + 18, wire::mold::kEndOfSession);
          return bytes;
        }(),
        DatagramStatus::kMalformed},
       DecodeStatus::kTrailingBytes},
      {{"numbers beyond 2^64", packet(kTop, 2), DatagramStatus::kMalformed},
       DecodeStatus::kSequenceWrap},
      {{"number 0", packet(0, 1), DatagramStatus::kMalformed}, DecodeStatus::kOk},
      {{"nothing", {}, DatagramStatus::kMalformed}, DecodeStatus::kShortHeader},
  };
  for (const auto& [odd, reason] : table) {
    SCOPED_TRACE(odd.what);
    Receiver receiver;
    receiver.give(Line::kA, packet(1, 1), {});
    for (int line = 0; line < kLineCount; ++line) {
      EXPECT_EQ(receiver.give(static_cast<Line>(line), odd.datagram, {}), odd.status);
    }
    const auto& counters = receiver.session.counters();
    EXPECT_EQ(counters.malformed, 3u);
    EXPECT_EQ(counters.malformed_by_status[static_cast<int>(reason)], 3u);
    EXPECT_EQ(receiver.next, 2u);
    EXPECT_FALSE(receiver.session.gap_open());
    EXPECT_TRUE(receiver.session.synchronised());
    EXPECT_EQ(receiver.give(Line::kB, packet(2, 2), {}), DatagramStatus::kOk);
  }
}

TEST(MoldOdd, ANumberNearTheTopIsNoReasonToStumble) {
  constexpr std::uint64_t kTop = UINT64_MAX;
  for (const auto& datagram :
       {control(kTop, 0), control(kTop, wire::mold::kEndOfSession), packet(kTop - 3, 3),
        packet(kTop - 1, 1)}) {
    MoldOptions options;
    options.window = 8;
    Receiver receiver(options);
    receiver.give(Line::kA, packet(1, 1), {});
    EXPECT_EQ(receiver.give(Line::kA, datagram, {}),
              datagram.size() > 20 ? DatagramStatus::kDuplicate : DatagramStatus::kOk);
    EXPECT_TRUE(receiver.session.gap_open());
    EXPECT_FALSE(receiver.session.ended());
    // It asks for what the window has room for, no more than one claim is worth.
    const auto ranges = due(receiver.session, seconds(1));
    ASSERT_EQ(text(ranges), "[2,10)");
    // Honest packets go on meanwhile; in the end the claim is not believed.
    std::uint64_t next = 2;
    for (int i = 0; i < 5; ++i) {
      receiver.give(Line::kA, packet(next++, 1), seconds(2 + i));
    }
    EXPECT_EQ(receiver.next, next);
    EXPECT_FALSE(receiver.session.gap_open());
    EXPECT_EQ(receiver.session.counters().ends_doubted, 1u);
  }
}

TEST(MoldOdd, ASessionChangesInMidDayWhateverIsHeldOrAskedFor) {
  const Session other{"DAY2"};
  MoldOptions options;
  options.snapshots = true;
  Receiver receiver(options);
  receiver.give(Line::kA, packet(1, 3), {});
  receiver.give(Line::kA, packet(7, 3), {});
  due(receiver.session, milliseconds(2));
  receiver.session.expect_snapshot();
  receiver.session.begin_snapshot();
  for (int i = 0; i < MoldSession::kForeignToBelieve; ++i) {
    receiver.next = 1;
    receiver.give(Line::kB, packet(1, 2, other), milliseconds(3));
  }
  EXPECT_EQ(receiver.next, 3u);
  EXPECT_EQ(receiver.session.generation(), 2u);
  EXPECT_FALSE(receiver.session.resynchronising());
  EXPECT_TRUE(receiver.session.synchronised());
  EXPECT_EQ(receiver.session.next_deadline(), kNever);
  // Nothing of the old session comes back to life.
  EXPECT_EQ(receiver.give(Line::kA, packet(10, 1), {}),
            DatagramStatus::kForeignSession);
  receiver.give(Line::kA, packet(3, 8, other), milliseconds(4));
  EXPECT_EQ(receiver.next, 11u);
}

TEST(MoldOdd, AnEndOfSessionWithAnOpenGapIsTheLastChanceToAsk) {
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 2), {});
  receiver.give(Line::kA, packet(5, 1), {});
  receiver.give(Line::kA, control(8, wire::mold::kEndOfSession), {});
  EXPECT_FALSE(receiver.session.ended());
  EXPECT_EQ(text(due(receiver.session, milliseconds(2))), "[3,8)");
  receiver.give(Line::kRetransmission, packet(3, 2), milliseconds(3));
  EXPECT_FALSE(receiver.session.ended());
  EXPECT_EQ(text(due(receiver.session, milliseconds(3))), "[6,8)");
  receiver.give(Line::kRetransmission, packet(6, 2), milliseconds(4));
  EXPECT_TRUE(receiver.session.ended());
  EXPECT_EQ(receiver.next, 8u);
}

TEST(MoldOdd, MessagesTooLongToBeHeldAreAskedForInTheirTurn) {
  const std::string longest(MoldSession::kMaxHeldMessage + 1, 'x');
  PacketBuilder builder;
  builder.start(kSession, 2);
  builder.append(bytes_of(longest));
  const Bytes datagram = builder.finish();
  MoldSession session;
  const auto give = [&](Line line, Bytes bytes) {
    int delivered = 0;
    session.on_datagram(line, bytes, {}, [&](std::uint64_t, Bytes) { ++delivered; });
    return delivered;
  };
  EXPECT_EQ(give(Line::kA, datagram), 0);
  EXPECT_EQ(session.counters().beyond_window, 1u);
  EXPECT_EQ(text(due(session, milliseconds(2))), "[1,3)");
  EXPECT_EQ(give(Line::kRetransmission, packet(1, 1)), 1);
  EXPECT_EQ(give(Line::kRetransmission, datagram), 1);
  EXPECT_FALSE(session.gap_open());
}

TEST(MoldOdd, ComingShowsWhatIsNewAndTakesNothing) {
  MoldSession session;
  const auto give = [&](Bytes datagram) {
    return session.on_datagram(Line::kA, datagram, {}, [](std::uint64_t, Bytes) {});
  };
  EXPECT_TRUE(session.coming(packet(1, 3)).empty());  // of no session yet
  give(packet(1, 3));
  EXPECT_TRUE(session.coming(packet(1, 3)).empty());
  EXPECT_TRUE(session.coming({}).empty());
  EXPECT_TRUE(session.coming(header_only(9, 0)).empty());
  EXPECT_TRUE(session.coming(header_only(9, 0xFFFF)).empty());
  const auto next = packet(3, 2);  // one known, one new
  EXPECT_EQ(session.coming(next).size(), next.size() - wire::mold::kHeaderSize);
  EXPECT_EQ(session.expected(), 4u);
  EXPECT_EQ(give(next), DatagramStatus::kOk);
  EXPECT_TRUE(session.coming(next).empty());
}

// ---- Snapshots ----

MoldOptions with_snapshots() {
  MoldOptions options;
  options.snapshots = true;
  options.window = 64;
  options.snapshot_beyond = 20;
  options.snapshot_after_timeouts = 3;
  return options;
}

/// Finishes a snapshot up to `next` and takes what was held from there.
bool finish(Receiver& receiver, std::uint64_t next, MonoNanos now = {}) {
  receiver.next = next;
  return receiver.session.finish_snapshot(
      next, now, [&](std::uint64_t sequence, Bytes message) {
        EXPECT_EQ(sequence, receiver.next);
        EXPECT_EQ(message.size(), text_of(sequence).size());
        ++receiver.next;
      });
}

TEST(MoldSnapshot, IsWantedForMuchThatIsMissingOnceTheLinesHadTheirTime) {
  for (const std::uint64_t missing : {20, 21}) {
    Receiver receiver(with_snapshots());
    receiver.give(Line::kA, packet(1, 1), {});
    receiver.give(Line::kA, packet(2 + missing, 1), {});
    EXPECT_FALSE(receiver.session.wants_snapshot(milliseconds(1)));
    EXPECT_EQ(receiver.session.wants_snapshot(milliseconds(2)), missing > 20);
    EXPECT_EQ(due(receiver.session, milliseconds(2)).empty(), missing > 20);
  }
}

TEST(MoldSnapshot, IsWantedForAGapThatTheWindowDoesNotSpan) {
  MoldOptions options = with_snapshots();
  options.snapshot_beyond = 1'000;
  Receiver receiver(options);
  receiver.give(Line::kA, packet(1, 1), {});
  for (std::uint64_t n = 3; n <= 65; ++n) receiver.give(Line::kA, packet(n, 1), {});
  EXPECT_FALSE(receiver.session.wants_snapshot(milliseconds(2)));
  receiver.give(Line::kA, packet(66, 1), {});
  EXPECT_TRUE(receiver.session.wants_snapshot(milliseconds(2)));
}

TEST(MoldSnapshot, OnePacketsClaimIsNoReason) {
  Receiver receiver(with_snapshots());
  receiver.give(Line::kA, packet(1, 1), {});
  receiver.give(Line::kA, control(1'000'000, 0), {});
  receiver.give(Line::kB, packet(2, 1), {});
  EXPECT_TRUE(receiver.session.gap_open());
  EXPECT_FALSE(receiver.session.wants_snapshot(milliseconds(5)));
}

TEST(MoldSnapshot, IsWantedWhenNobodyAnswersOrNobodyIsThere) {
  Receiver receiver(with_snapshots());
  receiver.give(Line::kA, packet(1, 1), {});
  receiver.give(Line::kA, packet(3, 1), {});
  MonoNanos now{};
  while (!receiver.session.wants_snapshot(now) && now < seconds(1)) {
    now += milliseconds(1);
    due(receiver.session, now);
  }
  EXPECT_EQ(now, milliseconds(2 + 10 + 20 + 40));
  EXPECT_EQ(receiver.session.counters().requests, 4u);

  MoldOptions alone = with_snapshots();
  alone.retransmission = false;
  Receiver without(alone);
  without.give(Line::kA, packet(1, 1), {});
  without.give(Line::kA, packet(3, 1), {});
  EXPECT_FALSE(without.session.wants_snapshot(milliseconds(1)));
  EXPECT_TRUE(without.session.wants_snapshot(milliseconds(2)));
  EXPECT_TRUE(due(without.session, seconds(1)).empty());
  alone.snapshots = false;
  Receiver nobody(alone);
  nobody.give(Line::kA, packet(3, 1), {});
  EXPECT_FALSE(nobody.session.wants_snapshot(seconds(9)));
}

TEST(MoldSnapshot, TheFeedIsHeldMeanwhileAndGoesOnBehindIt) {
  Receiver receiver(with_snapshots());
  receiver.give(Line::kA, packet(1, 1), {});
  receiver.give(Line::kA, packet(1'000, 2), {});
  receiver.session.expect_snapshot();
  receiver.give(Line::kA, packet(1'002, 3), {});
  receiver.session.begin_snapshot();
  EXPECT_TRUE(receiver.session.resynchronising());
  receiver.give(Line::kB, packet(1'005, 3), {});
  receiver.give(Line::kB, packet(2, 1), {});  // of before: never delivered again
  EXPECT_TRUE(receiver.session.gap_open());
  EXPECT_EQ(receiver.next, 2u);
  EXPECT_EQ(receiver.session.next_deadline(), kNever);
  ASSERT_TRUE(finish(receiver, 1'003));
  EXPECT_EQ(receiver.next, 1'008u);
  EXPECT_TRUE(receiver.session.synchronised());
  EXPECT_EQ(receiver.session.expected(), 1'008u);
  EXPECT_EQ(receiver.session.counters().snapshots, 1u);
  receiver.give(Line::kA, packet(1'005, 4), {});
  EXPECT_EQ(receiver.next, 1'009u);
}

TEST(MoldSnapshot, AheadOfTheLinesItWaitsForThem) {
  Receiver receiver(with_snapshots());
  receiver.give(Line::kA, packet(500, 1), {});
  receiver.session.expect_snapshot();
  receiver.session.begin_snapshot();
  ASSERT_TRUE(finish(receiver, 510));
  EXPECT_TRUE(receiver.session.synchronised());
  EXPECT_EQ(receiver.give(Line::kA, packet(501, 9), {}), DatagramStatus::kDuplicate);
  EXPECT_EQ(receiver.give(Line::kA, packet(508, 3), {}), DatagramStatus::kOk);
  EXPECT_EQ(receiver.next, 511u);
}

TEST(MoldSnapshot, ANumberThatCannotBeIsRefused) {
  for (const std::uint64_t next :
       {std::uint64_t{0}, std::uint64_t{501 + 65}, UINT64_MAX}) {
    Receiver receiver(with_snapshots());
    receiver.give(Line::kA, packet(500, 1), {});
    EXPECT_FALSE(finish(receiver, 501)) << "none was begun";
    receiver.session.begin_snapshot();
    EXPECT_FALSE(finish(receiver, next)) << next;
    EXPECT_TRUE(receiver.session.resynchronising());
    EXPECT_TRUE(finish(receiver, 501));
  }
}

TEST(MoldSnapshot, AWindowThatOverflowsMeanwhileLeavesAGapThatIsSeen) {
  Receiver receiver(with_snapshots());
  receiver.give(Line::kA, packet(500, 1), {});
  receiver.session.begin_snapshot();
  for (std::uint64_t n = 501; n <= 600; ++n) receiver.give(Line::kA, packet(n, 1), {});
  EXPECT_GT(receiver.session.counters().beyond_window, 0u);
  ASSERT_TRUE(finish(receiver, 502, milliseconds(1)));
  EXPECT_GT(receiver.next, 502u);
  EXPECT_TRUE(receiver.session.gap_open());
  EXPECT_TRUE(receiver.session.wants_snapshot(milliseconds(30)));
}

TEST(MoldSnapshot, OneThatFailsBeforeItBeganChangesNothing) {
  MoldOptions options = with_snapshots();
  options.snapshot_after_timeouts = 1;
  Receiver receiver(options);
  receiver.give(Line::kA, packet(1, 1), {});
  receiver.give(Line::kA, packet(3, 5), {});
  receiver.session.expect_snapshot();
  receiver.session.fail_snapshot({});
  EXPECT_FALSE(receiver.session.resynchronising());
  receiver.give(Line::kB, packet(2, 1), {});
  EXPECT_EQ(receiver.next, 8u);
}

TEST(MoldSnapshot, OneThatFailsHalfWayStartsTheSessionOver) {
  Receiver receiver(with_snapshots());
  receiver.give(Line::kA, packet(1, 1), {});
  receiver.give(Line::kA, packet(30, 1), {});
  receiver.session.expect_snapshot();
  receiver.session.begin_snapshot();
  receiver.session.fail_snapshot(milliseconds(5));
  EXPECT_EQ(receiver.session.counters().snapshots_failed, 1u);
  EXPECT_EQ(receiver.session.expected(), 1u);
  EXPECT_TRUE(receiver.session.gap_open());
  // Now both are tried: another snapshot, and asking for everything.
  EXPECT_TRUE(receiver.session.wants_snapshot(milliseconds(10)));
  EXPECT_EQ(text(due(receiver.session, milliseconds(10))), "[1,30)");
  receiver.next = 1;
  receiver.give(Line::kRetransmission, packet(1, 29), milliseconds(11));
  EXPECT_EQ(receiver.next, 31u);
  EXPECT_FALSE(receiver.session.wants_snapshot(milliseconds(12)));
}

}  // namespace
}  // namespace pyscalp::feed
