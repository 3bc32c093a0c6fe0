// 1,000 seeded networks at their worst: what comes out is the truth, and the repair
// traffic is bounded. link_simulator.hpp says what counts as a gap.
#include "link_simulator.hpp"

#include <gtest/gtest.h>

namespace pyscalp::feed::testing {
namespace {

constexpr int kSeedsAtOnce = 100;

/// A session that is told what its network is like.
World told_world(std::uint64_t seed) {
  World world = random_world(seed);
  world.messages = 600;
  world.options.request_delay = milliseconds(200);  // delay, and reordering
  world.options.request_delay_max = milliseconds(200);
  world.options.request_timeout = milliseconds(220);  // both ways
  world.options.request_timeout_max = milliseconds(1'000);
  return world;
}

void expect_true(const Outcome& outcome) {
  EXPECT_TRUE(outcome.quiet);
  EXPECT_TRUE(outcome.book_equal);
  EXPECT_TRUE(outcome.in_order);
}

class Seeds : public ::testing::TestWithParam<int> {
 protected:
  std::uint64_t first() const {
    return static_cast<std::uint64_t>(GetParam()) * kSeedsAtOnce + 1;
  }
  std::uint64_t end() const { return first() + kSeedsAtOnce; }
};

TEST_P(Seeds, BookEqualsTruthAndRequestsStayWithinOneAndAHalfTimesTheGaps) {
  std::uint64_t gaps = 0;
  std::uint64_t requests = 0;
  for (std::uint64_t seed = first(); seed < end(); ++seed) {
    SCOPED_TRACE(seed);
    const Outcome outcome = LinkSimulator(told_world(seed)).run();
    expect_true(outcome);
    // In each world: without those that stand in for one that the network lost.
    EXPECT_LE(2 * (outcome.requests - outcome.excused), 3 * outcome.gaps);
    gaps += outcome.gaps;
    requests += outcome.requests;
  }
  // In all of them: every request, though 30 % of requests and of answers may be lost.
  EXPECT_GT(gaps, 100u);
  EXPECT_LE(2 * requests, 3 * gaps);
}
INSTANTIATE_TEST_SUITE_P(Links, Seeds, ::testing::Range(0, 10));

TEST(LinkSimulator, ASessionThatIsToldNothingLearnsHowLateItsLinesAre) {
  std::uint64_t gaps = 0;
  std::uint64_t asked = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    World world = random_world(seed);
    world.messages = 5'000;
    world.spacing_max = milliseconds(10);
    world.count_from = 2'000;
    world.options.request_delay_max = milliseconds(250);
    world.options.request_timeout_max = milliseconds(1'000);
    const Outcome outcome = LinkSimulator(world).run();
    expect_true(outcome);
    gaps += outcome.gaps;
    asked += outcome.requests - outcome.excused;
  }
  EXPECT_GT(gaps, 100u);
  EXPECT_LE(2 * asked, 3 * gaps);
}

TEST(LinkSimulator, GoodLinesNeedNoRequestAndAQuietOneIsNotAskedFor) {
  World world;
  world.messages = 2'000;
  world.lines[0].loss = 0.3;  // the other line has it all
  const Outcome outcome = LinkSimulator(world).run();
  expect_true(outcome);
  EXPECT_EQ(outcome.gaps, 0u);
  EXPECT_EQ(outcome.requests, 0u);
}

TEST(LinkSimulator, JoiningInMidDayAsksInWholeAnswersSeveralAtATime) {
  World world;
  world.messages = 10'000;
  world.join_at = 2'100;  // of some 2,200 packets
  world.requests.delay = world.answers.delay = milliseconds(5);
  world.options.window = 1u << 14;
  world.options.request_timeout = milliseconds(20);
  const Outcome outcome = LinkSimulator(world).run();
  expect_true(outcome);
  EXPECT_GT(outcome.gaps, 200u) << "answers that the missing part fills";
  EXPECT_LE(2 * outcome.requests, 3 * outcome.gaps);
  // One after the other they would take 5 ms each.
  EXPECT_LT(outcome.longest_gap, milliseconds(5 * static_cast<int>(outcome.gaps) / 4));
}

TEST(LinkSimulator, RequestsKeepBelowTheirRate) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world = random_world(seed);
    world.messages = 1'000;
    world.options.requests_per_second = 5;
    const Outcome outcome = LinkSimulator(world).run();
    expect_true(outcome);
    // Counted in seconds that begin with a request: any second touches two of them.
    EXPECT_LE(outcome.most_in_a_second, 10u) << seed;
  }
}

// ---- Snapshots ----

World bad_snapshots(std::uint64_t seed) {
  World world = random_world(seed);
  world.snapshots = world.options.snapshots = true;
  world.snapshot_refused = 0.3;
  world.snapshot_cut = 0.3;
  world.join_at = seed % 40;
  return world;
}

TEST(LinkSimulator, ADeadRequestServerIsMadeUpForBySnapshots) {
  std::uint64_t snapshots = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    World world = bad_snapshots(seed);
    world.retransmission_dead = true;
    const Outcome outcome = LinkSimulator(world).run();
    expect_true(outcome);
    snapshots += outcome.snapshots;
    EXPECT_LE(outcome.requests, 100u) << "it backs off";
  }
  EXPECT_GT(snapshots, 50u);
}

TEST(LinkSimulator, WithoutARequestServerSnapshotsDo) {
  std::uint64_t failed = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    World world = bad_snapshots(seed);
    world.options.retransmission = false;
    const Outcome outcome = LinkSimulator(world).run();
    expect_true(outcome);
    EXPECT_EQ(outcome.requests, 0u);
    failed += outcome.snapshots_failed;
  }
  EXPECT_GT(failed, 20u) << "the servers were not bad at all";
}

TEST(LinkSimulator, WithBothSmallGapsAreAskedForAndLargeOnesHadBySnapshot) {
  std::uint64_t snapshots = 0;
  std::uint64_t requests = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    World world = bad_snapshots(seed);
    world.options.snapshot_beyond = 40;
    const Outcome outcome = LinkSimulator(world).run();
    expect_true(outcome);
    snapshots += outcome.snapshots;
    requests += outcome.requests;
  }
  EXPECT_GT(snapshots, 20u);
  EXPECT_GT(requests, 100u);
}

TEST(LinkSimulator, ARequestServerThatComesBackHealsWhatSnapshotsCannot) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    World world = bad_snapshots(seed);
    world.snapshot_refused = 1;
    world.retransmission_dead = true;
    world.dead_until = seconds(1'003);
    const Outcome outcome = LinkSimulator(world).run();
    expect_true(outcome);
    EXPECT_EQ(outcome.snapshots, 0u);
  }
}

TEST(LinkSimulator, AWindowTooSmallForASnapshotsTimeIsMadeUpForByTheNext) {
  std::uint64_t snapshots = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    World world = bad_snapshots(seed);
    world.messages = 2'000;
    world.options.retransmission = false;
    world.options.window = 64;
    const Outcome outcome = LinkSimulator(world).run();
    expect_true(outcome);
    snapshots += outcome.snapshots;
  }
  EXPECT_GT(snapshots, 50u);
}

/// Worlds in which a snapshot leads to the wrong book, of 40.
int wrong_books(bool snapshots_name_last, SnapshotReading reading) {
  int wrong = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    World world = random_world(seed);
    world.snapshots = world.options.snapshots = true;
    world.options.retransmission = false;
    world.join_at = 30;
    world.snapshots_name_last = snapshots_name_last;
    world.client.reading = reading;
    const Outcome outcome = LinkSimulator(world).run();
    wrong += !(outcome.quiet && outcome.book_equal && outcome.in_order);
  }
  return wrong;
}

TEST(LinkSimulator, BothReadingsOfASnapshotsEndAreRightWhereTheVenueMeansThem) {
  EXPECT_EQ(wrong_books(false, SnapshotReading::kNext), 0);
  EXPECT_EQ(wrong_books(true, SnapshotReading::kLast), 0);
  // And the simulator sees the book that comes of the wrong one.
  EXPECT_GT(wrong_books(false, SnapshotReading::kLast), 5);
  EXPECT_GT(wrong_books(true, SnapshotReading::kNext), 5);
}

}  // namespace
}  // namespace pyscalp::feed::testing
