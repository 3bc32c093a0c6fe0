// Bytes that no server should send: named, counted, never believed, never a crash.
#include <random>

#include "fixture.hpp"

namespace pyscalp::session {
namespace {

using BadInputTest = SessionTest;

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST_F(BadInputTest, FrameOfLengthZeroEndsTheConnection) {
  go_live();
  EXPECT_EQ(give(bytes_of({0, 0})), Link::kClose);
  EXPECT_EQ(session.state(), SessionState::kFailed);
  EXPECT_EQ(session.count(BadInput::kZeroLength), 1u);
  EXPECT_EQ(give(sequenced(executed(1))), Link::kClose);
  EXPECT_EQ(recorder.take(), Lines{});
  session.on_disconnected();
  connect();
  EXPECT_EQ(give(login_accepted("DAY1", 2)), Link::kKeep);
}

TEST_F(BadInputTest, DataBeforeTheLoginIsAnsweredEndsTheConnection) {
  for (const char type : {soup::kSequencedData, soup::kEndOfSession}) {
    session.on_disconnected();
    connect();
    EXPECT_EQ(give(frame(type)), Link::kClose);
    EXPECT_EQ(session.state(), SessionState::kFailed);
  }
  EXPECT_EQ(session.count(BadInput::kNoLoginYet), 2u);
  EXPECT_EQ(session.messages(), 0u);
}

TEST_F(BadInputTest, DebugAndHeartbeatMayPrecedeTheAnswer) {
  connect();
  give(frame(soup::kDebug));
  give(frame(soup::kServerHeartbeat));
  EXPECT_EQ(session.state(), SessionState::kLoggingIn);
  give(login_accepted("DAY1", 1));
  EXPECT_EQ(session.state(), SessionState::kSynchronising);
}

TEST_F(BadInputTest, BadLoginAnswers) {
  const auto whole = login_accepted("DAY1", 1);
  auto letters = whole;
  letters[letters.size() - 1] = std::byte{'x'};
  auto zero = login_accepted("DAY1", 0);
  const std::vector<std::vector<std::byte>> answers{
      frame(soup::kLoginAccepted, Bytes(whole).subspan(3, 29)),
      frame(soup::kLoginRejected), letters, zero};
  for (const auto& answer : answers) {
    session.on_disconnected();
    connect();
    EXPECT_EQ(give(answer), Link::kClose);
  }
  EXPECT_EQ(session.count(BadInput::kBadLogin), answers.size());
  EXPECT_EQ(recorder.take(), Lines{});
}

TEST_F(BadInputTest, SecondAnswerToALoginChangesNothing) {
  go_live();
  const char reason = 'A';
  EXPECT_EQ(give(login_accepted("DAY2", 50)), Link::kKeep);
  EXPECT_EQ(give(frame(soup::kLoginRejected, std::as_bytes(std::span(&reason, 1)))),
            Link::kKeep);
  EXPECT_EQ(session.count(BadInput::kRepeatedLogin), 2u);
  EXPECT_TRUE(session.live());
  EXPECT_EQ(session.session_name().trimmed(), "DAY1");
  EXPECT_EQ(session.next_sequence(), 2u);
}

TEST_F(BadInputTest, StrangeFramesAreCountedAndSkipped) {
  go_live();
  for (const char type : {'L', 'R', 'O', 'x', '\0', '\xff'}) give(frame(type));
  give(frame(soup::kUnsequencedData, std::as_bytes(std::span("E"))));
  EXPECT_EQ(session.count(BadInput::kUnknownFrame), 6u);
  EXPECT_EQ(session.count(BadInput::kUnsequenced), 1u);
  EXPECT_EQ(session.messages(), 1u);
  EXPECT_TRUE(session.live());
}

TEST_F(BadInputTest, LargestFrameThereIs) {
  go_live();
  std::vector<std::byte> big(65'534);
  big[0] = std::byte{'?'};
  EXPECT_EQ(give(frame(soup::kSequencedData, big)), Link::kKeep);
  EXPECT_EQ(session.count(BadInput::kUnknownMessage), 1u);
  big[0] = std::byte{'E'};  // an execution with an appendage that is too short for it
  give(frame(soup::kSequencedData, big));
  give(sequenced(executed(9)));
  EXPECT_EQ(recorder.take().back(), "executed 9");
  EXPECT_EQ(session.next_sequence(), 5u);
}

TEST_F(BadInputTest, UnreadableMessagesKeepTheirNumberAndAreReportedLost) {
  go_live();
  give(frame(soup::kSequencedData));
  give(frame(soup::kSequencedData, bytes_of({'?', 1, 2})));
  EXPECT_EQ(recorder.take(), Lines{});
  const auto whole = sequenced(executed(9));
  give(frame(soup::kSequencedData, Bytes(whole).subspan(3, 20)));
  auto appendage = sequenced(executed(9));
  appendage.insert(appendage.end(), {std::byte{9}, std::byte{9}});
  store_be(appendage.data(), static_cast<std::uint16_t>(appendage.size() - 2));
  store_be(appendage.data() + 3 + ouch::Executed::kSize, std::uint16_t{5});
  give(appendage);
  ouch::Executed far = executed(9);
  far.price_e4 = OuchSession::kMaxPriceE4 + 1;
  give(sequenced(far));
  EXPECT_EQ(recorder.take(),
            (Lines{"lost truncated_message", "lost bad_appendage", "lost bad_price"}));
  EXPECT_EQ(session.count(BadInput::kEmptyMessage), 1u);
  EXPECT_EQ(session.count(BadInput::kUnknownMessage), 1u);
  EXPECT_EQ(session.count(BadInput::kTruncatedMessage), 1u);
  EXPECT_EQ(session.count(BadInput::kBadAppendage), 1u);
  EXPECT_EQ(session.count(BadInput::kBadPrice), 1u);
  EXPECT_EQ(session.next_sequence(), 7u);
  EXPECT_TRUE(session.live());
  // The next reconnect cannot claim that nothing is missing.
  session.on_disconnected();
  connect();
  give(login_accepted("DAY1", 7));
  give(query_response(1));
  EXPECT_EQ(recorder.take(), (Lines{"login 0", "live 1"}));
}

TEST_F(BadInputTest, ExecutedAtEveryLength) {
  go_live();
  const auto whole = sequenced(executed(9));
  for (std::size_t size = 1; size < ouch::Executed::kSize; ++size) {
    give(frame(soup::kSequencedData, Bytes(whole).subspan(3, size)));
  }
  EXPECT_EQ(session.count(BadInput::kTruncatedMessage), ouch::Executed::kSize - 1);
  recorder.take();
  give(frame(soup::kSequencedData, Bytes(whole).subspan(3, ouch::Executed::kSize)));
  EXPECT_EQ(recorder.take(), (Lines{"executed 9"}));  // appendage left out
}

TEST_F(BadInputTest, GarbageNeverCrashes) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 2'000; ++round) {
    session.on_disconnected();
    connect();
    if (round % 2 == 0) give(login_accepted("DAY1", 1 + random() % 3));
    for (int chunk = 0; chunk < 8; ++chunk) {
      // Short frames of likely types, so that most of it is looked into.
      std::vector<std::byte> payload(random() % 80);
      for (std::byte& byte : payload) byte = static_cast<std::byte>(random());
      if (!payload.empty() && random() % 2 == 0) {
        payload[0] = static_cast<std::byte>("SAUCDEBJRTXQ"[random() % 12]);
      }
      auto bytes = frame("SSSSSAJHZU+"[random() % 11], payload);
      if (random() % 8 == 0) bytes[random() % 2] = static_cast<std::byte>(random());
      give(bytes);
      session.on_time(now);
    }
  }
  std::uint64_t bad = 0;
  for (std::size_t i = 0; i < kBadInputs; ++i) {
    bad += session.count(static_cast<BadInput>(i));
  }
  EXPECT_GT(bad, 1'000u);
}

TEST(SessionNames, AllDiffer) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kBadInputs; ++i) {
    names.push_back(name(static_cast<BadInput>(i)));
  }
  for (int i = 0; i <= static_cast<int>(SessionState::kFailed); ++i) {
    names.push_back(name(static_cast<SessionState>(i)));
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(std::count(names.begin(), names.end(), "?"), 0);
}

}  // namespace
}  // namespace pyscalp::session
