#include "feed/snapshot_session.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pyscalp::feed {
namespace {

namespace soup = wire::soup;
namespace glimpse = wire::glimpse;
using Buffer = std::vector<std::byte>;

Buffer frame(char type, Bytes payload = {}) {
  Buffer bytes(soup::kHeaderSize + payload.size());
  soup::encode_header(type, payload.size(), bytes.data());
  std::copy(payload.begin(), payload.end(), bytes.begin() + soup::kHeaderSize);
  return bytes;
}

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

Buffer accepted(std::string_view sequence = "1") {
  Buffer bytes(soup::kHeaderSize + soup::LoginAccepted::kSize);
  soup::encode(soup::LoginAccepted{Text<10>("SNAP"), Text<20>(sequence)}, bytes.data());
  return bytes;
}

Buffer message(std::string_view text) {
  return frame(soup::kSequencedData, bytes_of(text));
}

Buffer end_of_snapshot(const Text<20>& sequence) {
  Buffer bytes(glimpse::EndOfSnapshot::kSize);
  glimpse::encode(glimpse::EndOfSnapshot{sequence}, bytes.data());
  return frame(soup::kSequencedData, bytes);
}

/// A session with both of its ends in the hands of the test.
struct Client {
  SnapshotSession session;
  std::string heard;  ///< what the listener was told, in order
  std::uint64_t next = 0;
  bool fits = true;  ///< the listener's answer to the end
  MonoNanos now = seconds(50);

  explicit Client(const SnapshotOptions& options = {})
      : session("SCALP1", "paper", options) {}

  void on_begin() { heard += "("; }
  void on_message(Bytes bytes) {
    heard.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  bool on_end(std::uint64_t sequence) {
    heard += ")";
    next = sequence;
    return fits;
  }
  bool give(const Buffer& bytes) { return session.on_bytes(bytes, now, *this); }
  /// Connected and logged in; the login is taken.
  void log_in() {
    session.on_connected(now);
    session.consumed(session.outbound().size());
    EXPECT_TRUE(give(accepted()));
  }
  std::uint64_t failed(SnapshotFailure why) const {
    return session.counters().failed[static_cast<std::size_t>(why)];
  }
};

TEST(SnapshotSession, LogsInForMessageOneAndTakesASnapshotToItsEnd) {
  Client client;
  EXPECT_FALSE(client.session.wants_link(false, client.now));
  EXPECT_TRUE(client.session.wants_link(true, client.now));
  client.session.on_connected(client.now);
  const Bytes out = client.session.outbound();
  ASSERT_EQ(out.size(), soup::kHeaderSize + soup::LoginRequest::kSize);
  const auto login = soup::decode<soup::LoginRequest>(out.subspan(soup::kHeaderSize));
  EXPECT_EQ(login->username.trimmed(), "SCALP1");
  EXPECT_EQ(login->password.trimmed(), "paper");
  EXPECT_EQ(login->session.trimmed(), "");
  EXPECT_EQ(login->sequence.trimmed(), "1");
  client.session.consumed(10);
  EXPECT_EQ(client.session.outbound().size(), out.size() - 10);
  client.session.consumed(out.size() - 10);
  EXPECT_TRUE(client.session.outbound().empty());
  EXPECT_TRUE(client.give(accepted()));
  EXPECT_EQ(client.session.state(), SnapshotState::kReceiving);
  EXPECT_EQ(client.heard, "");
  EXPECT_TRUE(client.give(message("a")));
  EXPECT_TRUE(client.give(frame(soup::kServerHeartbeat)));
  EXPECT_TRUE(client.give(frame(soup::kDebug, bytes_of("hello"))));
  EXPECT_TRUE(client.give(message("b")));
  EXPECT_FALSE(client.give(end_of_snapshot(soup::number_text(4'711))));
  EXPECT_EQ(client.heard, "(ab)");
  EXPECT_EQ(client.next, 4'711u);
  EXPECT_FALSE(client.session.wants_link(true, client.now));
  EXPECT_TRUE(client.session.on_disconnected(client.now));
  EXPECT_EQ(client.session.counters().whole, 1u);
  EXPECT_EQ(client.session.failures(), 0u);
}

TEST(SnapshotSession, AStreamMayComeByteByByteOrAllAtOnce) {
  Buffer stream = accepted();
  for (const Buffer& part :
       {message("x"), message("y"), end_of_snapshot(soup::number_text(9)),
        frame(soup::kEndOfSession), message("never")}) {
    stream.insert(stream.end(), part.begin(), part.end());
  }
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, stream.size()}) {
    Client client;
    client.session.on_connected(client.now);
    for (std::size_t at = 0; at < stream.size(); at += step) {
      const auto from = stream.begin() + static_cast<std::ptrdiff_t>(at);
      const auto size = std::min(step, stream.size() - at);
      client.give(Buffer(from, from + static_cast<std::ptrdiff_t>(size)));
    }
    EXPECT_EQ(client.heard, "(xy)");
    EXPECT_TRUE(client.session.on_disconnected(client.now));
  }
}

TEST(SnapshotSession, TheNumberMayBePaddedOnEitherSideAndMeanEitherThing) {
  struct Case {
    const char* text;
    SnapshotReading reading;
    std::uint64_t next;  ///< 0: refused
  };
  const auto next = SnapshotReading::kNext;
  const auto last = SnapshotReading::kLast;
  for (const Case& c : std::vector<Case>{
           {"                  77", next, 77},
           {"77", next, 77},
           {"00000000000000000077", next, 77},
           {"77", last, 78},
           {"0", last, 1},  // a snapshot of nothing
           {"0", next, 0},
           {"", next, 0},
           {"", last, 0},
           {"7 7", next, 0},
           {"-7", next, 0},
           {"18446744073709551615", next, UINT64_MAX},
           {"18446744073709551615", last, 0},
           {"18446744073709551616", next, 0},
       }) {
    SCOPED_TRACE(std::string(c.text) + (c.reading == next ? " next" : " last"));
    SnapshotOptions options;
    options.reading = c.reading;
    Client client(options);
    client.log_in();
    EXPECT_FALSE(client.give(end_of_snapshot(Text<20>(c.text))));
    EXPECT_EQ(client.next, c.next);
    EXPECT_EQ(client.failed(SnapshotFailure::kBadEnd), c.next == 0 ? 1u : 0u);
    EXPECT_EQ(client.session.on_disconnected(client.now), c.next != 0);
  }
}

TEST(SnapshotSession, AnEndOfAnotherLengthIsNone) {
  Client client;
  client.log_in();
  EXPECT_FALSE(client.give(message("G12345")));
  EXPECT_EQ(client.failed(SnapshotFailure::kBadEnd), 1u);
}

TEST(SnapshotSession, WhatAServerMustNotSendEndsTheAttempt) {
  struct Case {
    Buffer bytes;
    bool logged_in;
    SnapshotFailure why;
  };
  Buffer zero(2);
  for (const Case& c : std::vector<Case>{
           {frame(soup::kLoginRejected, bytes_of("A")), false,
            SnapshotFailure::kLoginRefused},
           {frame(soup::kLoginRejected, bytes_of("S")), false,
            SnapshotFailure::kLoginRefused},
           {frame(soup::kLoginRejected, bytes_of("A")), true,
            SnapshotFailure::kBadFrame},
           {accepted("2"), false, SnapshotFailure::kBadLogin},
           {accepted("one"), false, SnapshotFailure::kBadLogin},
           {frame(soup::kLoginAccepted), false, SnapshotFailure::kBadLogin},
           {accepted(), true, SnapshotFailure::kBadLogin},
           {message("x"), false, SnapshotFailure::kBadLogin},
           {frame(soup::kEndOfSession), true, SnapshotFailure::kCut},
           {frame('?'), true, SnapshotFailure::kBadFrame},
           {frame(soup::kUnsequencedData), true, SnapshotFailure::kBadFrame},
           {zero, true, SnapshotFailure::kBadFrame},
       }) {
    SCOPED_TRACE(name(c.why));
    Client client;
    client.session.on_connected(client.now);
    if (c.logged_in) {
      ASSERT_TRUE(client.give(accepted()));
    }
    EXPECT_FALSE(client.give(c.bytes));
    EXPECT_FALSE(client.give(message("after the end")));
    EXPECT_EQ(client.failed(c.why), 1u);
    EXPECT_EQ(client.heard, "");
    EXPECT_FALSE(client.session.on_disconnected(client.now));
    EXPECT_EQ(client.failed(c.why), 1u);
    EXPECT_EQ(client.session.failures(), 1u);
  }
}

TEST(SnapshotSession, ACutInTheMiddleIsNoSnapshot) {
  Client client;
  client.log_in();
  client.give(message("a"));
  EXPECT_FALSE(client.session.on_disconnected(client.now));
  EXPECT_EQ(client.heard, "(a");
  EXPECT_EQ(client.failed(SnapshotFailure::kCut), 1u);
  // The next connection knows nothing of the half frame of this one.
  client.now += seconds(1);
  client.session.on_connected(client.now);
  client.give(Buffer(1, std::byte{0}));
  client.session.on_disconnected(client.now);
  client.heard.clear();
  client.log_in();
  client.give(message("a"));
  EXPECT_FALSE(client.give(end_of_snapshot(soup::number_text(2))));
  EXPECT_EQ(client.heard, "(a)");
}

TEST(SnapshotSession, AnEndThatDoesNotFitTheFeedIsAFailure) {
  Client client;
  client.fits = false;
  client.log_in();
  EXPECT_FALSE(client.give(end_of_snapshot(soup::number_text(2))));
  EXPECT_EQ(client.failed(SnapshotFailure::kOutOfStep), 1u);
  EXPECT_FALSE(client.session.on_disconnected(client.now));
}

TEST(SnapshotSession, WaitsLongerAfterEachFailureUpToACap) {
  SnapshotOptions options;
  options.retry_wait = milliseconds(100);
  options.retry_wait_max = milliseconds(500);
  Client client(options);
  std::vector<std::int64_t> waited_ms;
  for (int i = 0; i < 5; ++i) {
    if (i % 2 == 1) client.session.on_connected(client.now);
    client.session.on_disconnected(client.now);
    std::int64_t ms = 0;
    while (!client.session.wants_link(true, client.now)) {
      client.now += milliseconds(1);
      ++ms;
    }
    EXPECT_FALSE(client.session.wants_link(false, client.now));
    waited_ms.push_back(ms);
  }
  EXPECT_EQ(waited_ms, (std::vector<std::int64_t>{100, 200, 400, 500, 500}));
  EXPECT_EQ(client.failed(SnapshotFailure::kNoConnection), 3u);
  EXPECT_EQ(client.session.failures(), 5u);
  // A whole one starts the count anew.
  client.log_in();
  client.give(end_of_snapshot(soup::number_text(2)));
  client.session.on_disconnected(client.now);
  EXPECT_EQ(client.session.failures(), 0u);
  EXPECT_FALSE(client.session.wants_link(true, client.now + milliseconds(99)));
  EXPECT_TRUE(client.session.wants_link(true, client.now + milliseconds(100)));
}

TEST(SnapshotSession, KeepsTheServerAwakeAndGivesUpASilentOne) {
  Client client;
  EXPECT_EQ(client.session.next_deadline(), kNever);
  client.log_in();
  const MonoNanos start = client.now;
  std::vector<std::int64_t> heartbeats_ms;
  while (true) {
    client.now = client.session.next_deadline();
    ASSERT_LT(client.now, start + seconds(10));
    if (!client.session.on_time(client.now)) break;
    const Bytes out = client.session.outbound();
    ASSERT_EQ(out.size(), soup::kHeaderSize);
    EXPECT_EQ(static_cast<char>(out[2]), soup::kClientHeartbeat);
    client.session.consumed(out.size());
    heartbeats_ms.push_back((client.now - start).value / 1'000'000);
  }
  EXPECT_EQ(heartbeats_ms, (std::vector<std::int64_t>{1'000, 2'000}));
  EXPECT_EQ(client.now, start + seconds(3));
  EXPECT_EQ(client.failed(SnapshotFailure::kSilent), 1u);
  EXPECT_EQ(client.session.next_deadline(), kNever);
  EXPECT_FALSE(client.session.on_time(client.now));
}

TEST(SnapshotSession, ATrickleIsNotWaitedForForEver) {
  SnapshotOptions options;
  options.whole_within = seconds(10);
  Client client(options);
  client.log_in();
  const MonoNanos start = client.now;
  while (client.session.on_time(client.now)) {
    client.now += milliseconds(500);
    client.give(message("a"));
  }
  EXPECT_EQ(client.now, start + seconds(10));
  EXPECT_EQ(client.failed(SnapshotFailure::kTooSlow), 1u);
}

TEST(SnapshotSession, AbandonedItWantsNoConnectionAndCountsNoFailure) {
  Client client;
  client.log_in();
  client.session.abandon();
  EXPECT_FALSE(client.session.wants_link(true, client.now));
  EXPECT_FALSE(client.give(message("a")));
  EXPECT_FALSE(client.session.on_disconnected(client.now));
  EXPECT_EQ(client.failed(SnapshotFailure::kNotNeeded), 1u);
  EXPECT_EQ(client.session.failures(), 0u);
  client.session.abandon();
  EXPECT_EQ(client.failed(SnapshotFailure::kNotNeeded), 1u);
}

TEST(SnapshotSession, HeartbeatsThatNobodyTakesDoNotPileUp) {
  SnapshotOptions options;
  options.whole_within = seconds(1'000);
  Client client(options);
  client.session.on_connected(client.now);
  for (int i = 0; i < 500; ++i) {
    client.now += seconds(1);
    client.give(frame(soup::kServerHeartbeat));
    ASSERT_TRUE(client.session.on_time(client.now));
  }
  EXPECT_LE(client.session.outbound().size(), 128u);
}

}  // namespace
}  // namespace pyscalp::feed
