#include "live/recorded_session.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace pyscalp::live {
namespace {

using feed::Line;

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// A recorder with a clock that the test moves, and all that it was given.
class Recorder {
 public:
  explicit Recorder(RecordedOptions options = {}) : session(options) {}

  /// A packet with messages first .. first + count - 1, each its own number as text.
  void hear(std::uint64_t first, std::uint16_t count, Line line = Line::kA,
            std::string_view name = "ONE") {
    wire::mold::PacketBuilder packet;
    packet.start(wire::mold::Session(name), first);
    for (std::uint64_t i = 0; i < count; ++i)
      packet.append(bytes_of(std::to_string(first + i)));
    hear(packet.finish(), line);
  }
  void hear_end(std::uint64_t next, std::string_view name = "ONE") {
    std::array<std::byte, wire::mold::kHeaderSize> packet;
    wire::mold::encode({wire::mold::Session(name), next, wire::mold::kEndOfSession},
                       packet.data());
    hear(packet, Line::kA);
  }
  void hear(Bytes packet, Line line) {
    session.on_datagram(line, packet, now,
                        [this](auto... message) { keep(message...); });
  }
  void pass(MonoNanos time) {
    now += time;
    session.on_time(now, [this](auto... message) { keep(message...); });
  }
  void conclude() {
    session.conclude(now, [this](auto... message) { keep(message...); });
  }

  /// "1-3 7-9": what was delivered.
  std::string heard() const {
    std::string text;
    for (auto it = numbers.begin(); it != numbers.end(); ++it) {
      const std::uint64_t first = *it;
      while (std::next(it) != numbers.end() && *std::next(it) == *it + 1) ++it;
      if (!text.empty()) text += ' ';
      text += std::to_string(first);
      text += '-';
      text += std::to_string(*it);
    }
    return text;
  }

  RecordedSession session;
  MonoNanos now = seconds(100);
  std::vector<std::uint64_t> numbers;

 private:
  void keep(std::uint64_t sequence, Bytes message) {
    EXPECT_EQ(
        std::string(reinterpret_cast<const char*>(message.data()), message.size()),
        std::to_string(sequence));
    if (!numbers.empty()) {
      EXPECT_GT(sequence, numbers.back());
    }
    numbers.push_back(sequence);
  }
};

RecordedOptions asking(bool from_start = false) {
  RecordedOptions options;
  options.feed.retransmission = true;
  options.feed.from_start = from_start;
  return options;
}

bool asks(Recorder& recorder) {
  std::array<std::byte, wire::mold::kHeaderSize> request;
  return recorder.session.take_request(recorder.now, request);
}

TEST(RecordedSession, BeginsWithWhatItHearsFirst) {
  Recorder recorder;
  recorder.hear(10'000'000, 3);
  recorder.hear(10'000'000, 3, Line::kB);
  recorder.hear(10'000'003, 1, Line::kB);
  EXPECT_EQ(recorder.heard(), "10000000-10000003");
  EXPECT_EQ(recorder.session.first_sequence(), 10'000'000u);
  EXPECT_EQ(recorder.session.last_sequence(), 10'000'003u);
  EXPECT_EQ(recorder.session.gaps(), 0u);
  EXPECT_EQ(recorder.session.missing_messages(), 0u);
  EXPECT_FALSE(recorder.session.gap_open());
}

TEST(RecordedSession, BeginsAfterAHeartbeatWithTheNextMessage) {
  Recorder recorder;
  recorder.hear(500, 0);
  EXPECT_FALSE(recorder.session.gap_open());
  recorder.hear(500, 2);
  EXPECT_EQ(recorder.heard(), "500-501");
}

TEST(RecordedSession, AsksForTheStartWhereItShall) {
  Recorder recorder(asking(true));
  recorder.hear(4, 2);
  EXPECT_EQ(recorder.heard(), "");
  recorder.pass(milliseconds(5));
  EXPECT_TRUE(asks(recorder));
  recorder.hear(1, 3, Line::kRetransmission);
  EXPECT_EQ(recorder.heard(), "1-5");
  EXPECT_EQ(recorder.session.missing_messages(), 0u);
}

TEST(RecordedSession, WithoutAServerAGapIsGivenUpAfterTheLinePatience) {
  Recorder recorder;
  recorder.hear(1, 2);
  recorder.hear(5, 2);
  EXPECT_FALSE(asks(recorder));
  recorder.pass(milliseconds(499));
  EXPECT_EQ(recorder.heard(), "1-2");
  EXPECT_EQ(recorder.session.next_deadline(), recorder.now + milliseconds(1));
  recorder.pass(milliseconds(1));
  EXPECT_EQ(recorder.heard(), "1-2 5-6");
  EXPECT_EQ(recorder.session.missing(),
            (std::vector<MissingRange>{{3, 2, MissingReason::kNeverArrived}}));
  EXPECT_EQ(recorder.session.gaps(), 1u);
  // Too late now.
  recorder.hear(3, 2, Line::kB);
  EXPECT_EQ(recorder.heard(), "1-2 5-6");
}

TEST(RecordedSession, TheOtherLineMayFillAGapInTime) {
  Recorder recorder;
  recorder.hear(1, 2);
  recorder.hear(5, 2);
  recorder.pass(milliseconds(400));
  recorder.hear(3, 2, Line::kB);
  recorder.pass(seconds(10));
  EXPECT_EQ(recorder.heard(), "1-6");
  EXPECT_EQ(recorder.session.missing_messages(), 0u);
}

TEST(RecordedSession, PatienceBeginsAnewWhenAGapShrinks) {
  Recorder recorder(asking());
  recorder.hear(1, 1);
  recorder.hear(10, 1);
  recorder.pass(seconds(2));
  recorder.hear(2, 4, Line::kRetransmission);
  recorder.pass(seconds(2));
  EXPECT_EQ(recorder.heard(), "1-5");
  recorder.pass(seconds(1));
  EXPECT_EQ(recorder.heard(), "1-5 10-10");
  EXPECT_EQ(recorder.session.missing(),
            (std::vector<MissingRange>{{6, 4, MissingReason::kNeverArrived}}));
  EXPECT_FALSE(recorder.session.server_silent());
}

TEST(RecordedSession, ASilentServerIsWaitedForOnceOnly) {
  Recorder recorder(asking());
  recorder.hear(1, 1);
  recorder.hear(3, 1);
  recorder.pass(seconds(3));
  EXPECT_EQ(recorder.heard(), "1-1 3-3");
  EXPECT_TRUE(recorder.session.server_silent());
  recorder.hear(5, 1);
  recorder.pass(milliseconds(500));
  EXPECT_EQ(recorder.heard(), "1-1 3-3 5-5");
  // It is asked still, and waited for again once it has answered.
  recorder.hear(7, 1);
  recorder.pass(milliseconds(10));
  EXPECT_TRUE(asks(recorder));
  recorder.hear(6, 1, Line::kRetransmission);
  EXPECT_FALSE(recorder.session.server_silent());
  recorder.hear(9, 1);
  recorder.pass(milliseconds(600));
  EXPECT_EQ(recorder.session.last_sequence(), 7u);
}

TEST(RecordedSession, SeveralGapsAreGivenUpOneAfterTheOther) {
  Recorder recorder;
  recorder.hear(1, 1);
  recorder.hear(3, 1);
  recorder.hear(6, 1);
  recorder.hear(9, 0);
  recorder.conclude();
  EXPECT_EQ(recorder.heard(), "1-1 3-3 6-6");
  EXPECT_EQ(recorder.session.missing(),
            (std::vector<MissingRange>{{2, 1, MissingReason::kNeverArrived},
                                       {4, 2, MissingReason::kNeverArrived},
                                       {7, 2, MissingReason::kNeverArrived}}));
  EXPECT_EQ(recorder.session.missing_messages(), 5u);
  EXPECT_FALSE(recorder.session.gap_open());
}

TEST(RecordedSession, IsOverWhenTheSessionEndsAndIsWhole) {
  Recorder recorder;
  recorder.hear(1, 2);
  recorder.hear_end(5);
  EXPECT_FALSE(recorder.session.over());
  recorder.hear(3, 2, Line::kB);
  EXPECT_TRUE(recorder.session.over());
  EXPECT_EQ(recorder.heard(), "1-4");
}

TEST(RecordedSession, AnEndWithAGapIsOverOnceThatIsGivenUp) {
  Recorder recorder;
  recorder.hear(1, 2);
  recorder.hear_end(5);
  recorder.pass(milliseconds(500));
  EXPECT_TRUE(recorder.session.over());
  EXPECT_EQ(recorder.session.missing(),
            (std::vector<MissingRange>{{3, 2, MissingReason::kNeverArrived}}));
}

TEST(RecordedSession, StopsAtTheLastMessageThatIsWanted) {
  RecordedOptions options;
  options.messages_max = 3;
  Recorder recorder(options);
  recorder.hear(1, 2);
  EXPECT_FALSE(recorder.session.full());
  recorder.hear(3, 5);
  EXPECT_TRUE(recorder.session.full());
  EXPECT_EQ(recorder.heard(), "1-3");
  recorder.hear(20, 1);
  recorder.conclude();
  EXPECT_EQ(recorder.heard(), "1-3");
  EXPECT_EQ(recorder.session.missing_messages(), 0u);
}

TEST(RecordedSession, AnotherSessionEndsTheRecording) {
  Recorder recorder;
  recorder.hear(1, 2);
  for (std::uint64_t i = 1; i <= 4; ++i) recorder.hear(i, 1, Line::kA, "TWO");
  EXPECT_TRUE(recorder.session.changed());
  EXPECT_FALSE(recorder.session.over());
  EXPECT_EQ(recorder.heard(), "1-2");
  EXPECT_EQ(recorder.session.session().trimmed(), "ONE");
}

TEST(RecordedSession, ASessionWithoutMessagesIsNotTheOne) {
  Recorder recorder;
  recorder.hear(7, 0, Line::kA, "OLD");
  for (std::uint64_t i = 1; i <= 4; ++i) recorder.hear(i, 1, Line::kA, "TWO");
  EXPECT_FALSE(recorder.session.changed());
  EXPECT_EQ(recorder.session.session().trimmed(), "TWO");
  EXPECT_EQ(recorder.session.messages(), recorder.numbers.size());
  EXPECT_EQ(recorder.session.last_sequence(), 4u);
}

TEST(RecordedSession, ASessionThatHadEndedAlreadyIsOver) {
  Recorder recorder;
  recorder.hear_end(1'000);
  EXPECT_TRUE(recorder.session.over());
  EXPECT_EQ(recorder.session.messages(), 0u);
  EXPECT_EQ(recorder.session.missing_messages(), 0u);
}

TEST(RecordedSession, RangesThatTouchAreOneAndTheirNumberIsBounded) {
  Recorder recorder;
  recorder.session.note_dropped(10, 5);
  recorder.session.note_dropped(15, 5);
  EXPECT_EQ(recorder.session.missing(),
            (std::vector<MissingRange>{{10, 10, MissingReason::kDropped}}));
  for (std::uint64_t i = 0; i < 2 * RecordedSession::kRangesMax; ++i)
    recorder.session.note_dropped(100 + 2 * i, 1);
  EXPECT_EQ(recorder.session.missing().size(), RecordedSession::kRangesMax);
  EXPECT_EQ(recorder.session.missing_messages(), 10 + 2 * RecordedSession::kRangesMax);
}

}  // namespace
}  // namespace pyscalp::live
