// The ways to stop the engine: breakers, the kill switch, and an orderly stop.
#include "engine/engine.hpp"
#include "fixture.hpp"

namespace pyscalp::engine {
namespace {

using risk::Denial;

// ---- Breakers ----

/// A drawdown limit of one unit of money, ten shares: ten cents a share.
EngineConfig tight() {
  EngineConfig config = base_config();
  config.limits.aum = {100'000'000'000};
  config.limits.drawdown_e6 = 10'000;
  config.scalper.stop = {500'000'000};
  return config;
}

TEST(EngineBreakers, AMarkTripsTheDrawdownAndAllIsCancelledInThatCall) {
  Rig rig(tight());
  rig.buy();
  rig.sent();
  rig.accepted(2);
  // The bid falls to 99.90 and one tenth of a cent above: 0.999 lost, then 1.
  rig.feed(rig.add(70, 'B', 300, 999'001));
  rig.feed(rig.remove(1), rig.remove(3));
  EXPECT_EQ(rig.engine.ledger().equity(), Money{-999'000'000});
  EXPECT_EQ(rig.engine.gate().state(), risk::TradingState::kActive);
  rig.sent();
  rig.feed(rig.replace(70, 71, 300, 999'000));
  EXPECT_EQ(rig.engine.gate().state(), risk::TradingState::kHalted);
  EXPECT_EQ(rig.engine.gate().breakers(), risk::bit(risk::Breaker::kDrawdown));
  EXPECT_EQ(rig.sent(), Lines{"cancel #2"});
  rig.canceled(2, 10);
  // Latched: the price comes back, nothing is sent.
  rig.feed(rig.add(72, 'B', 3'000, kBid));
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_GT(rig.denied(Denial::kHalted), 0u);
}

TEST(EngineBreakers, AFillTripsTheDrawdown) {
  Rig rig(tight());
  rig.buy();
  rig.sent();
  rig.accepted(2);
  rig.executed(2, 10, 999'000, 502);  // far below: a loss of exactly 1
  EXPECT_EQ(rig.engine.ledger().equity(), Money{-1'000'000'000});
  EXPECT_EQ(rig.engine.gate().state(), risk::TradingState::kHalted);
  bool tripped = false;
  for (const Record& record : rig.records()) {
    if (record.header.kind != RecordKind::kTrip) continue;
    tripped = true;
    const auto trip = record.as<risk::Trip>();
    EXPECT_EQ(trip.breaker, risk::Breaker::kDrawdown);
    EXPECT_EQ(trip.value, 1'000'000'000);
    EXPECT_EQ(trip.limit, 1'000'000'000);
  }
  EXPECT_TRUE(tripped);
}

TEST(EngineBreakers, AFeeTripsTheDrawdown) {
  EngineConfig config = tight();
  config.fees.maker.per_share = {100'000'000};
  Rig rig(config);
  rig.start();
  rig.lean_up();
  rig.sent();
  rig.accepted(1);
  rig.executed(1, 10, kBid, 501);
  EXPECT_EQ(rig.engine.gate().state(), risk::TradingState::kHalted);
}

TEST(EngineBreakers, KillCancelsAllInTheSameCallAndNothingElseFollows) {
  EngineConfig config = base_config();
  config.instruments.push_back({"MSFT", {10'000'000}});
  Rig rig(config);
  rig.go_live();
  rig.open_market();
  rig.feed(rig.directory("MSFT", 9), rig.action('T', 9));
  rig.feed(rig.add(80, 'B', 300, 500'000, 9), rig.add(81, 'S', 300, 500'200, 9));
  rig.pass_window();
  rig.lean_up();
  rig.feed(rig.reduce(81, 240, 9), rig.add(82, 'B', 300, 400'000, 9));
  EXPECT_EQ(rig.sent(), (Lines{"#1 buy 10 AMZN at 1000000 post-only",
                               "#2 buy 10 MSFT at 500000 post-only"}));
  rig.accepted(1);  // one has been acknowledged, the other not
  rig.engine.on_command(Command::kKill, rig.now);
  EXPECT_EQ(rig.sent(), (Lines{"cancel #1", "cancel #2"}));
  EXPECT_EQ(rig.engine.gate().state(), risk::TradingState::kHalted);
  rig.executed(1, 10, kBid,
               501);  // crosses the cancel: a position that may not be left
  rig.tick();
  EXPECT_EQ(rig.wait(seconds(2)), Lines{});
  rig.accepted(2);  // two seconds on, its cancel is still unanswered
  EXPECT_EQ(rig.sent(), Lines{"cancel #2"});
  rig.canceled(2, 10);
  EXPECT_EQ(rig.sent(), Lines{"logout"});
  EXPECT_EQ(rig.engine.phase(), Phase::kFailed);  // not flat
}

TEST(EngineBreakers, KillWhileFlatEndsWell) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  rig.accepted(1);
  rig.engine.on_command(Command::kKill, rig.now);
  EXPECT_EQ(rig.sent(), Lines{"cancel #1"});
  rig.canceled(1, 10);
  EXPECT_EQ(rig.engine.phase(), Phase::kEnded);
}

TEST(EngineBreakers, TheSwitchItselfCancelsAtTheNextInput) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  rig.accepted(1);
  rig.kill_switch.engage();
  rig.deliver(rig.control(rig.sequence, mold::kHeartbeat));
  EXPECT_EQ(rig.sent(), Lines{"cancel #1"});
}

// ---- Stopping ----

TEST(EngineStop, FlatAndWithoutOrdersItEndsAtOnce) {
  Rig rig;
  rig.start();
  rig.engine.on_command(Command::kStop, rig.now);
  EXPECT_EQ(rig.sent(), Lines{"logout"});
  EXPECT_EQ(rig.engine.phase(), Phase::kEnded);
  rig.lean_up();
  EXPECT_EQ(rig.sent(), Lines{});
}

TEST(EngineStop, CancelsFlattensAndEnds) {
  Rig rig;
  rig.buy();
  rig.sent();
  rig.accepted(2);
  rig.now = rig.now + milliseconds(100);
  rig.engine.on_command(Command::kStop, rig.now);
  EXPECT_EQ(rig.engine.phase(), Phase::kStopping);
  EXPECT_EQ(rig.sent(), Lines{"cancel #2"});
  rig.canceled(2, 10);
  EXPECT_EQ(rig.sent(), Lines{"#3 sell 10 AMZN at 999800 ioc"});
  rig.accepted(3);
  rig.executed(3, 10, kBid, 600, 'R');
  EXPECT_EQ(rig.sent(), Lines{"logout"});
  EXPECT_EQ(rig.engine.phase(), Phase::kEnded);
}

TEST(EngineStop, AnEntryNotAcknowledgedYetIsCancelledOnceItIs) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  rig.engine.on_command(Command::kStop, rig.now);
  EXPECT_EQ(rig.sent(), Lines{});
  rig.accepted(1);
  EXPECT_EQ(rig.sent(), Lines{"cancel #1"});
  rig.canceled(1, 10);
  EXPECT_EQ(rig.engine.phase(), Phase::kEnded);
}

TEST(EngineStop, AVenueThatDoesNotAnswerIsGivenUpAfterThePatience) {
  Rig rig;
  rig.buy();
  rig.sent();
  rig.accepted(2);
  rig.engine.on_command(Command::kStop, rig.now);
  EXPECT_EQ(rig.sent(), Lines{"cancel #2"});
  // An unanswered cancel is repeated once a second.
  EXPECT_EQ(rig.wait(base_config().stop_patience - MonoNanos{1}),
            Lines(9, "cancel #2"));
  EXPECT_EQ(rig.engine.phase(), Phase::kStopping);
  EXPECT_EQ(rig.wait({1}), Lines{"logout"});
  EXPECT_EQ(rig.engine.phase(), Phase::kFailed);
}

TEST(EngineStop, WithoutALinkThePatienceIsShorter) {
  Rig rig;
  rig.buy();
  rig.engine.on_disconnected(rig.now);
  rig.engine.on_command(Command::kStop, rig.now);
  rig.wait(base_config().stop_patience_offline - MonoNanos{1}, false);
  EXPECT_EQ(rig.engine.phase(), Phase::kStopping);
  rig.wait({1}, false);
  EXPECT_EQ(rig.engine.phase(), Phase::kFailed);
}

}  // namespace
}  // namespace pyscalp::engine
