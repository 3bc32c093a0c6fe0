// What the engine tells the tactic: the room for a sweep, what a signal said while an
// order was on its way, what the network has cost; and when a stop was reached.
#include <pyscalp_signal.h>

#include "fixture.hpp"

namespace pyscalp::engine {
namespace {

using risk::Denial;

/// What the user's signal below says at every event, and was shown at the last.
pyscalp_forecast said;
pyscalp_level best_bid;

void on_book(void*, const double*, const pyscalp_market* market,
             pyscalp_forecast* forecast) {
  *forecast = said;
  best_bid = market->bid_count == 0 ? pyscalp_level{} : market->bids[0];
}

const pyscalp_signal& plugin() {
  static const pyscalp_signal kPlugin = [] {
    pyscalp_signal made{};
    made.abi = PYSCALP_SIGNAL_ABI;
    made.size = sizeof made;
    made.name = "said";
    made.levels = 1;
    made.on_book = on_book;
    return made;
  }();
  return kPlugin;
}

/// Trades on what `said` holds alone.
EngineConfig told() {
  EngineConfig config = base_config();
  config.signals.of<signal::BookImbalance>().enabled = false;
  auto& user = config.signals.of<signal::UserSignal>();
  user.enabled = true;
  user.options.plugin = &plugin();
  said = {};
  return config;
}

constexpr double kCents = 10'000'000.0;

// ---- What is shown ----

TEST(EngineLevels, AnInstrumentOfAnotherNumberIsShownThatNumbersBook) {
  EngineConfig config = told();
  config.shown_levels = 1;
  Rig rig(config);
  rig.start();
  // One that nobody trades so far has the number 11, with two orders in its book.
  rig.feed(rig.add(21, 'B', 70, kBid - 5 * kCent, 11),
           rig.add(22, 'S', 80, kAsk + 5 * kCent, 11));
  rig.tick();
  EXPECT_EQ(best_bid.price, price_from_e4(kBid).value);
  rig.feed(rig.directory("AMZN", 11));
  rig.feed(rig.add(23, 'B', 10, kBid - 9 * kCent, 11));
  EXPECT_EQ(best_bid.price, price_from_e4(kBid - 5 * kCent).value);
  EXPECT_EQ(best_bid.qty, 70);
  // What becomes of the old number's book is nobody's concern.
  best_bid = {};
  rig.feed(rig.reduce(1, 100));
  EXPECT_EQ(best_bid.qty, 0);
}

// ---- The room for a sweep ----

TEST(EngineSweep, IsCutToTheValueOfAnOrderAtItsOwnLimit) {
  EngineConfig config = told();
  config.scalper.style = order::Style::kTaker;
  config.scalper.sweep = {2, 1'000'000, 100};
  // 50 shares at the ask are just within the limit, a cent higher only 49.
  config.limits.max_order_value = {50 * price_from_e4(kAsk).value};
  Rig rig(config);
  rig.start();
  rig.feed(rig.reduce(2, 280));  // 20 at the ask, 300 a cent above
  said.expected_move = 20 * kCents;
  rig.tick();
  EXPECT_EQ(rig.denied(Denial::kOrderValue), 0u);
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 49 AMZN at 1000300 ioc"});
}

// ---- Signals that let go ----

TEST(EngineLeave, AnEntryThatWorksIsWithdrawn) {
  Rig rig(told());
  rig.start();
  said.expected_move = 2 * kCents;
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
  rig.accepted(1);
  said = {0.0, PYSCALP_SHORT, 0};
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{});
  said = {0.0, PYSCALP_LONG, 0};
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{"cancel #1"});
}

TEST(EngineLeave, WhatFillsAfterItWasSaidIsLeft) {
  Rig rig(told());
  rig.start();
  said.expected_move = 2 * kCents;
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
  said = {0.0, PYSCALP_LONG, 0};  // once, while the order is on its way
  rig.tick();
  said = {};
  rig.tick();
  rig.accepted(1);
  EXPECT_EQ(rig.sent(), Lines{"cancel #1"});
  rig.executed(1, 10, kBid, 501);
  EXPECT_EQ(rig.wait(base_config().scalper.retry_wait),
            Lines{"#2 sell 10 AMZN at 999800 ioc"});
  rig.accepted(2);
  rig.executed(2, 10, kBid, 502, 'R');
  // Flat: what was said of that position does not hold for the next.
  rig.now = rig.now + seconds(2);
  said.expected_move = 2 * kCents;
  rig.tick();
  EXPECT_EQ(rig.orders_sent(), Lines{"#3 buy 10 AMZN at 1000000 post-only"});
  rig.accepted(3);
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{});
}

TEST(EngineLeave, NothingIsEnteredThatWouldBeLeftAtOnce) {
  Rig rig(told());
  rig.start();
  said = {2 * kCents, PYSCALP_LONG, 0};
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{});
  said = {2 * kCents, PYSCALP_SHORT, 0};
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
}

// ---- What the network costs ----

TEST(EngineNetwork, ATakingOrderCountsOnceHoweverManyPartsItIsFilledIn) {
  EngineConfig config = told();
  config.scalper.style = order::Style::kTaker;
  config.scalper.expectation.passive_exit = 1.0;
  Rig rig(config);
  rig.start();
  said.expected_move = 2 * kCents;
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000400 ioc"});
  said = {};
  rig.feed(rig.remove(1), rig.remove(2), rig.add(50, 'B', 300, kBid + 4 * kCent),
           rig.add(51, 'S', 300, kAsk + 4 * kCent), rig.remove(4));
  rig.now = rig.now + milliseconds(1);
  rig.accepted(1);
  rig.executed(1, 5, kAsk, 501, 'R');
  rig.executed(1, 5, kAsk, 502, 'R');
  const order::Order* order = rig.engine.orders().find(1);
  ASSERT_NE(order, nullptr);
  ASSERT_EQ(order->arrival_mid - order->wish.decision_mid, price_from_e4(4 * kCent));
  EXPECT_EQ(rig.engine.network(0), price_from_e4(4 * kCent / 8));
}

// ---- Stops ----

TEST(EngineStopTime, AStopThatWasNotNeededInTheEndIsForgotten) {
  EngineConfig config = base_config();
  config.measure = true;
  Rig rig(config);
  rig.buy();
  rig.sent();
  rig.accepted(2);
  rig.now = rig.now + seconds(1);
  const auto drop = [&](std::uint64_t reference) {
    rig.feed(rig.add(reference + 1, 'S', 300, 999'600),
             rig.add(reference, 'B', 300, 999'400));
  };
  rig.feed(rig.remove(1), rig.remove(3));
  drop(60);
  EXPECT_EQ(rig.sent(), Lines{"cancel #2"});
  // Before the target is gone the price is back; it is asked for again.
  rig.feed(rig.remove(61), rig.add(62, 'B', 300, kBid));
  rig.canceled(2, 10);
  EXPECT_EQ(rig.sent(), Lines{"#3 sell 10 AMZN at 1000300 post-only"});
  rig.accepted(3);
  // Two seconds later the stop is reached in earnest.
  rig.now = rig.now + seconds(2);
  rig.feed(rig.remove(62));
  drop(70);
  EXPECT_EQ(rig.orders_sent(), Lines{"cancel #3"});
  rig.now = rig.now + milliseconds(3);
  rig.canceled(3, 10);
  EXPECT_EQ(rig.orders_sent(), Lines{"#4 sell 10 AMZN at 999200 ioc"});
  const Histogram& stops = rig.engine.histogram(Stage::kStopToOrder);
  EXPECT_EQ(stops.count(), 1);
  EXPECT_EQ(stops.max(), milliseconds(3).value);
}

}  // namespace
}  // namespace pyscalp::engine
