// Days of the artificial market through the replay: the same twice, flat at the end,
// and in its ledger exactly what the exchange has in its record.
#include "replay/replay.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "exchange/agents.hpp"
#include "fixture.hpp"

namespace pyscalp::replay {
namespace {

using engine::Phase;

TEST(Replay, TheSameInputsGiveTheSameDecisions) {
  const Day day = simulated(3, seconds(600));
  const Outcome first = run(trading_config(), day);
  const Outcome second = run(trading_config(), day);
  ASSERT_GT(first.fills.size(), 10u);
  EXPECT_EQ(first.digest, second.digest);
  EXPECT_EQ(first.fills.size(), second.fills.size());
}

TEST(Replay, InHoweverSmallStepsItIsWorkedThrough) {
  const Day day = simulated(3, seconds(300));
  EXPECT_EQ(run(trading_config(), day, {}, 1).digest,
            run(trading_config(), day, {}, 1'000'000).digest);
}

TEST(Replay, LatencySeedAndDayMakeADifference) {
  const Day day = simulated(3, seconds(600));
  ReplayOptions slow;
  slow.order_latency = milliseconds(5);
  ReplayOptions shaky;
  shaky.jitter = milliseconds(1);
  ReplayOptions shaky_otherwise = shaky;
  shaky_otherwise.seed = 2;
  const std::uint64_t plain = run(trading_config(), day).digest;
  const std::uint64_t jittered = run(trading_config(), day, shaky).digest;
  EXPECT_NE(plain, run(trading_config(), day, slow).digest);
  EXPECT_NE(plain, jittered);
  EXPECT_EQ(jittered, run(trading_config(), day, shaky).digest);
  EXPECT_NE(jittered, run(trading_config(), day, shaky_otherwise).digest);
  EXPECT_NE(plain, run(trading_config(), simulated(4, seconds(600))).digest);
}

TEST(Replay, FromAndToBoundTheTrading) {
  const Day day = simulated(5, seconds(600));
  ReplayOptions options;
  options.from = UnixNanos{kDayOpen.value + seconds(120).value};
  options.to = UnixNanos{kDayOpen.value + seconds(480).value};
  const Outcome outcome = run(trading_config(), day, options);
  ASSERT_GT(outcome.fills.size(), 4u);
  EXPECT_EQ(outcome.phase, Phase::kEnded);
  for (const order::Fill& fill : outcome.fills) {
    EXPECT_GE(fill.venue_time, *options.from);
    if (fill.intent == order::Intent::kEntry) {
      EXPECT_LE(fill.venue_time.value, options.to->value + 1'000'000);
    }
  }
  expect_exact(outcome);
}

TEST(Replay, JoiningLateTheBookIsTheWholeDays) {
  const Day day = simulated(5, seconds(300));
  ReplayOptions options;
  options.from = UnixNanos{kDayOpen.value + seconds(200).value};
  Replay whole(quiet_config(), day, {});
  Replay joined(quiet_config(), day, options);
  while (whole.advance(1'000)) {
  }
  while (joined.advance(1'000)) {
  }
  const InstrumentId id = whole.engine().instrument(0);
  ASSERT_NE(index(id), 0);
  EXPECT_EQ(joined.engine().instrument(0), id);
  EXPECT_EQ(joined.engine().books().books().touch(id),
            whole.engine().books().books().touch(id));
  EXPECT_EQ(joined.engine().books().books().order_count(),
            whole.engine().books().books().order_count());
  EXPECT_EQ(joined.messages(), whole.messages());
  EXPECT_FALSE(joined.engine().feed().gap_open());
}

TEST(Replay, ATruncatedDayIsWorkedThroughAndSaid) {
  const Day whole = simulated(6, seconds(120));
  const Day day(whole.begin(), whole.end() - 5);
  Replay replay(quiet_config(), day, {});
  while (replay.advance(1'000)) {
  }
  EXPECT_FALSE(replay.error());
  EXPECT_TRUE(replay.truncated());
  EXPECT_EQ(replay.engine().phase(), Phase::kEnded);
}

TEST(Replay, AnEmptyDayOrOneThatIsOverIsAnError) {
  const Day none;
  Replay empty(quiet_config(), none, {});
  EXPECT_FALSE(empty.advance(1));
  ASSERT_TRUE(empty.error());
  const Day day = simulated(6, seconds(10));
  ReplayOptions late;
  late.from = UnixNanos{kDayOpen.value + seconds(3'600).value};
  Replay over(quiet_config(), day, late);
  EXPECT_FALSE(over.advance(1));
  ASSERT_TRUE(over.error());
  EXPECT_NE(over.error()->find("after that time"), std::string::npos);
}

TEST(Replay, AToBeforeTheFromTradesNothing) {
  const Day day = simulated(6, seconds(60));
  ReplayOptions options;
  options.from = UnixNanos{kDayOpen.value + seconds(30).value};
  options.to = UnixNanos{kDayOpen.value + seconds(20).value};
  const Outcome outcome = run(trading_config(), day, options);
  EXPECT_TRUE(outcome.fills.empty());
  EXPECT_EQ(outcome.phase, Phase::kEnded);
}

TEST(Replay, WhereTheRecordingEndsItEndsFlat) {
  // The market goes on after the recording does; what is held is closed at once, while
  // the last price is still one.
  std::size_t not_flat = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Day day = simulated(seed, seconds(240));
    engine::EngineConfig config = trading_config();
    config.scalper.style = order::Style::kTaker;
    const Outcome outcome = run(config, day);
    not_flat += outcome.phase != Phase::kEnded || outcome.position != 0;
  }
  EXPECT_EQ(not_flat, 0u);
}

/// Tactics anywhere within what is valid.
order::ScalperOptions any_tactics(std::mt19937_64& random) {
  const auto between = [&](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random() %
                                           static_cast<std::uint64_t>(high - low + 1));
  };
  order::ScalperOptions options;
  options.order_qty = between(1, 40);
  options.edge_min = Price{between(-2, 1) * 10'000'000};
  options.expectation.passive_exit = static_cast<double>(between(0, 10)) / 10;
  options.expectation.adverse = static_cast<double>(between(0, 10)) / 10;
  options.network = Price{between(-1, 1) * 5'000'000};
  options.sweep = {static_cast<int>(between(-5, 5)), between(1, 1'000'000),
                   between(0, 200)};
  options.sweep.levels = std::max(options.sweep.levels, 0);
  options.target = Price{between(1, 20) * 10'000'000};
  options.stop = Price{between(1, 20) * 10'000'000};
  options.slippage_ticks = static_cast<int>(between(0, 5));
  options.passive_wait = milliseconds(between(1, 5'000));
  options.reentry_wait = milliseconds(between(0, 1'000));
  options.retry_wait = milliseconds(between(1, 200));
  options.deadline = milliseconds(between(1'000, 59'500));
  options.hold_limit =
      milliseconds(between(500, options.deadline.value / 1'000'000 - 100));
  options.exit_after =
      milliseconds(between(1, options.hold_limit.value / 1'000'000 - 1));
  options.style = static_cast<order::Style>(between(0, 2));
  return options;
}

TEST(ReplayProperty, WhateverTheTacticsLimitsHoldAndTheLedgerIsTheExchangesRecord) {
  std::size_t fills = 0;
  std::size_t deadline_exits = 0;
  std::map<std::uint64_t, Day> days;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    engine::EngineConfig config = trading_config();
    config.scalper = any_tactics(random);
    ASSERT_TRUE(config.scalper.valid());
    ReplayOptions options;
    options.feed_latency = MonoNanos{static_cast<std::int64_t>(random() % 2'000'000)};
    options.order_latency = MonoNanos{static_cast<std::int64_t>(random() % 2'000'000)};
    options.jitter = MonoNanos{static_cast<std::int64_t>(random() % 500'000)};
    options.seed = seed;
    options.to = UnixNanos{kDayOpen.value + seconds(500).value};
    Day& day = days[seed % 10];
    if (day.empty()) day = simulated(100 + seed % 10, seconds(600));
    const Outcome outcome = run(config, day, options);
    EXPECT_EQ(outcome.error, std::nullopt);
    EXPECT_EQ(outcome.phase, Phase::kEnded);
    EXPECT_LT(outcome.longest_holding, seconds(60));
    EXPECT_EQ(outcome.orders_in_gap, 0u);
    EXPECT_LE(outcome.largest_position,
              std::max(config.scalper.order_qty, config.scalper.sweep.qty_max));
    EXPECT_LE(outcome.largest_position, config.limits.max_position);
    expect_exact(outcome);
    if (seed % 6 == 0) {
      EXPECT_EQ(outcome.digest, run(config, day, options).digest);
    }
    fills += outcome.fills.size();
    deadline_exits += outcome.deadline_exits;
  }
  EXPECT_GT(fills, 1'000u);
  std::printf("%zu fills, %zu deadline exits\n", fills, deadline_exits);
}

}  // namespace
}  // namespace pyscalp::replay
