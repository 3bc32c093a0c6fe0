// Simulated days, a configuration that trades on them, and what a replay came to.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "exchange/agents.hpp"
#include "replay/replay.hpp"

namespace pyscalp::replay {

using Day = std::vector<std::byte>;

inline constexpr UnixNanos kDayOpen{34'200'000'000'000};

/// The first `duration` of a day of the artificial market.
inline Day simulated(std::uint64_t seed, MonoNanos duration) {
  return exchange::simulate_day({}, seed, duration);
}

/// Trades often, with fees, far from every limit but those under test.
inline engine::EngineConfig trading_config() {
  engine::EngineConfig config;
  config.instruments = {{"AMZN", {10'000'000}}};
  auto& imbalance = config.signals.of<signal::BookImbalance>();
  imbalance.enabled = true;
  imbalance.options.threshold = 0.2;
  imbalance.options.persistence = {0};
  imbalance.options.horizon_gain = 3;
  config.scalper.order_qty = 10;
  config.scalper.edge_min = {-20'000'000};
  config.scalper.target = {30'000'000};
  config.scalper.stop = {80'000'000};
  config.scalper.reentry_wait = milliseconds(10);
  config.fees.maker.per_share = {-2'000'000};
  config.fees.taker.per_share = {3'000'000};
  config.username = "SCALP1";
  config.password = "paper";
  config.books = {1 << 14, 1 << 12};
  config.orders = {1 << 14, 1 << 8, 1 << 12};
  config.feed.window = 1 << 12;
  risk::Limits& limits = config.limits;
  limits.aum = {10'000'000'000'000'000};
  limits.drawdown_e6 = 15'000;
  limits.max_order_qty = 100;
  limits.max_order_value = {100'000'000'000'000};
  limits.price_collar_e6 = 10'000;
  limits.max_position = 100;
  limits.max_orders_working = 16;
  limits.rate_limit = 10'000;
  limits.rate_window = seconds(1);
  limits.rate_share_e6 = 900'000;
  limits.stale_after = milliseconds(300);
  limits.depth_share_e6 = 900'000;
  limits.depth_levels = 10;
  limits.depth_window = milliseconds(100);
  limits.max_losing_trades = 100'000;
  limits.max_rejects = 100'000;
  return config;
}

/// Follows the feed and never trades.
inline engine::EngineConfig quiet_config() {
  engine::EngineConfig config = trading_config();
  config.signals = {};
  return config;
}

struct Outcome {
  std::uint64_t digest = 0;
  engine::Phase phase = engine::Phase::kConnecting;
  std::optional<std::string> error;
  std::vector<order::Fill> fills;
  std::vector<exchange::Report> reports;
  std::vector<order::RoundTrip> round_trips;
  MonoNanos longest_holding{};
  Money equity{};
  Money fees{};
  Qty position = 0;
  Qty largest_position = 0;
  std::uint64_t orders_in_gap = 0;
  std::uint64_t deadline_exits = 0;
};

inline Outcome run(const engine::EngineConfig& config, const Day& day,
                   const ReplayOptions& options = {}, std::uint64_t step = 10'000) {
  Replay replay(config, day, options);
  while (replay.advance(step)) {
  }
  Outcome outcome;
  const engine::Engine& engine = replay.engine();
  outcome.digest = replay.recorder().digest();
  outcome.phase = engine.phase();
  outcome.error = replay.error();
  outcome.fills = replay.recorder().fills();
  outcome.round_trips = replay.recorder().round_trips();
  outcome.reports = replay.reports();
  outcome.longest_holding = engine.ledger().totals().longest_holding;
  outcome.equity = engine.ledger().equity();
  outcome.fees = engine.ledger().totals().fees;
  outcome.position = engine.ledger().position(engine.instrument(0)).qty();
  outcome.orders_in_gap = replay.recorder().orders_in_gap();
  outcome.deadline_exits = engine.gate().counts().deadline_exits;
  for (const order::Fill& fill : outcome.fills) {
    outcome.largest_position =
        std::max<Qty>(outcome.largest_position, std::abs(fill.position_after));
  }
  return outcome;
}

/// Fill by fill what the exchange recorded, and the money that follows from it. A fill
/// through zero is two here and one there; these tactics make none.
inline void expect_exact(const Outcome& outcome) {
  std::vector<exchange::Report> executions;
  for (const exchange::Report& report : outcome.reports) {
    if (report.kind == exchange::ReportKind::kExecuted) executions.push_back(report);
  }
  ASSERT_EQ(outcome.fills.size(), executions.size());
  Qty position = 0;
  Money cash{};
  Money fees{};
  for (std::size_t i = 0; i < executions.size(); ++i) {
    const order::Fill& fill = outcome.fills[i];
    const exchange::Report& report = executions[i];
    ASSERT_EQ(fill.match, report.match) << i;
    ASSERT_EQ(fill.user_ref, report.client_ref) << i;
    ASSERT_EQ(fill.order_reference, report.order_reference) << i;
    ASSERT_EQ(fill.side, report.side) << i;
    ASSERT_EQ(fill.qty, report.qty) << i;
    ASSERT_EQ(fill.price, report.price) << i;
    ASSERT_EQ(fill.fee, report.fee) << i;
    ASSERT_EQ(fill.liquidity, report.liquidity) << i;
    ASSERT_EQ(fill.venue_time, report.time) << i;
    position += sign(report.side) * report.qty;
    cash += Money{-sign(report.side) * report.price.value * report.qty} - report.fee;
    fees += report.fee;
    ASSERT_EQ(fill.position_after, position) << i;
  }
  EXPECT_EQ(outcome.position, position);
  EXPECT_EQ(outcome.fees, fees);
  if (position != 0) return;
  Money net{};
  for (const order::RoundTrip& trip : outcome.round_trips) net += trip.net;
  EXPECT_EQ(outcome.equity, cash);
  EXPECT_EQ(net, cash);
}

}  // namespace pyscalp::replay
