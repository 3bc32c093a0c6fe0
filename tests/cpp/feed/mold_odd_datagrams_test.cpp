// What a network may bring that no feed should.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "feed/mold_session.hpp"
#include "mold_packets.hpp"

namespace pyscalp::feed {
namespace {

using namespace testing;

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

}  // namespace
}  // namespace pyscalp::feed
