// A session that goes on from a snapshot.
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
