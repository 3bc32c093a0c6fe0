// From the login to the first order, the life of a trade and its ways out.
#include "engine/engine.hpp"

#include "fixture.hpp"

namespace pyscalp::engine {
namespace {

using risk::Denial;

// ---- Before anything may be sent ----

TEST(EngineStart, NothingIsSentBeforeTheLoginIsThrough) {
  Rig rig;
  rig.open_market();
  rig.lean_up();
  rig.pass_window();
  EXPECT_EQ(rig.sent(), Lines{});
  rig.connect();
  EXPECT_EQ(rig.sent(), Lines{"login SCALP1 session '' from 0"});
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{});
  rig.login_accepted("DAY1", 1);
  EXPECT_EQ(rig.sent(), (Lines{"query", "query"}));
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{});
  rig.query_response(1);  // could be the answer to a query of an earlier run
  EXPECT_EQ(rig.engine.phase(), Phase::kConnecting);
  rig.query_response(1);
  EXPECT_EQ(rig.engine.phase(), Phase::kRunning);
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
}

TEST(EngineStart, NothingIsSentBeforeTheDirectoryNamesTheInstrument) {
  Rig rig;
  rig.go_live();
  rig.feed(rig.system('Q'), rig.action('T'));
  rig.feed(rig.directory("MSFT", 9));
  rig.feed(rig.add(1, 'B', 300, kBid), rig.add(2, 'S', 60, kAsk));
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_EQ(rig.engine.instrument(0), InstrumentId{});
  rig.feed(rig.directory());
  rig.tick();
  rig.pass_window();
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
}

TEST(EngineStart, NothingIsSentBeforeTheMarketOpens) {
  Rig rig;
  rig.go_live();
  rig.feed(rig.directory(), rig.action('T'), rig.system('S'));
  rig.feed(rig.add(1, 'B', 300, kBid), rig.add(2, 'S', 60, kAsk));
  rig.pass_window();
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_GT(rig.denied(Denial::kInstrumentHalted), 0u);
  rig.feed(rig.system('Q'));
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
}

TEST(EngineStart, HoursOfTheConfigurationHold) {
  EngineConfig config = base_config();
  config.session_start = {kOpen.value + seconds(10).value};
  config.session_end = {kOpen.value + seconds(200).value};
  Rig rig(config);
  rig.start();
  rig.lean_up();
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_EQ(rig.denied(Denial::kSessionHours), 1u);
  rig.now = kOpen + seconds(10);
  rig.answer(Rig::frame(soup::kServerHeartbeat));
  rig.tick();
  EXPECT_EQ(rig.orders_sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
  rig.accepted(1);
  // The holding limit before the end no entry makes sense any more.
  rig.now = kOpen + seconds(200) - config.scalper.deadline;
  rig.tick();
  EXPECT_EQ(rig.orders_sent(), Lines{"cancel #1"});
}

// ---- The life of a trade ----

TEST(EngineTrade, AnImbalanceBecomesAPostOnlyOrderAtTheTouch) {
  Rig rig;
  rig.start();
  rig.lean_up();
  const Bytes bytes = rig.engine.order_bytes();
  // SoupBinTCP: length 51, U. OUCH 5.0 Enter Order: 47 bytes and PostOnly P.
  ASSERT_EQ(bytes.size(), 2u + 1u + 47u + 3u);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  using namespace std::string_literals;
  EXPECT_EQ(text.substr(0, 3), "\0\x33U"s);
  EXPECT_EQ(text.substr(3, 5), "O\0\0\0\x01"s);              // user reference
  EXPECT_EQ(text.substr(8, 5), "B\0\0\0\x0a"s);              // side, quantity
  EXPECT_EQ(text.substr(13, 8), "AMZN    ");                 // symbol
  EXPECT_EQ(text.substr(21, 8), "\0\0\0\0\0\x0f\x42\x40"s);  // price, 1,000,000
  EXPECT_EQ(text.substr(29, 5), "0YPNN");                    // day, visible, principal
  EXPECT_EQ(text.substr(34, 14), std::string(14, ' '));      // client order id
  EXPECT_EQ(text.substr(48, 5), "\0\x03\x02\x0cP"s);         // appendage: PostOnly
  EXPECT_EQ(rig.engine.orders().exposure(kAmzn).working_buy, 10);
}

TEST(EngineTrade, TheOtherWayRoundItSells) {
  Rig rig;
  rig.start();
  rig.lean_down();
  EXPECT_EQ(rig.sent(), Lines{"#1 sell 10 AMZN at 1000200 post-only"});
}

TEST(EngineTrade, ATakerCrossesTheSpreadWithAnIoc) {
  EngineConfig config = base_config();
  config.scalper.style = order::Style::kTaker;
  config.signals.of<signal::BookImbalance>().options.horizon_gain = 10;
  Rig rig(config);
  rig.start();
  rig.lean_up();
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000400 ioc"});
}

TEST(EngineTrade, FromFillToTargetToFlat) {
  EngineConfig config = base_config();
  config.fees.maker.per_share = {-2'000'000};
  Rig rig(config);
  rig.buy();
  EXPECT_EQ(rig.sent(), Lines{"#2 sell 10 AMZN at 1000300 post-only"});
  rig.accepted(2);
  rig.now = rig.now + seconds(1);
  rig.executed(2, 4, 1'000'300, 502);
  EXPECT_EQ(rig.position(), 6);
  EXPECT_EQ(rig.sent(), Lines{});  // what is left of the target stays
  rig.executed(2, 6, 1'000'300, 503);
  EXPECT_EQ(rig.position(), 0);
  const order::Totals& totals = rig.engine.ledger().totals();
  EXPECT_EQ(totals.round_trips, 1u);
  EXPECT_EQ(totals.fees, Money{-40'000'000});
  EXPECT_EQ(totals.net, Money{300'000'000 + 40'000'000});
  EXPECT_EQ(rig.engine.ledger().equity(), totals.net);
  EXPECT_EQ(totals.longest_holding, seconds(1));
  std::vector<order::Fill> fills;
  std::size_t round_trips = 0;
  for (const Record& record : rig.records()) {
    if (record.header.kind == RecordKind::kFill)
      fills.push_back(record.as<order::Fill>());
    round_trips += record.header.kind == RecordKind::kRoundTrip;
  }
  ASSERT_EQ(fills.size(), 3u);
  EXPECT_EQ(round_trips, 1u);
  EXPECT_EQ(fills[0].match, 501u);
  EXPECT_EQ(fills[0].order_reference, 1'000'001u);
  EXPECT_EQ(fills[0].intent, order::Intent::kEntry);
  EXPECT_EQ(fills[2].position_after, 0);
}

TEST(EngineTrade, APartOfAnEntryIsEnough) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  rig.accepted(1);
  rig.balance();
  rig.executed(1, 3, kBid, 501);
  EXPECT_EQ(rig.sent(), Lines{"cancel #1"});  // one order at a time
  rig.executed(1, 2, kBid, 502);              // crosses the cancel
  EXPECT_EQ(rig.sent(), Lines{});
  rig.canceled(1, 5);
  EXPECT_EQ(rig.sent(), Lines{"#2 sell 5 AMZN at 1000300 post-only"});
  EXPECT_EQ(rig.position(), 5);
}

TEST(EngineTrade, AnEntryIsWithdrawnWhenThePriceMovesOrTimeIsUp) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  rig.accepted(1);
  rig.feed(rig.add(50, 'B', 200, kBid + kCent));
  EXPECT_EQ(rig.sent(), Lines{"cancel #1"});
  rig.canceled(1, 10);
  EXPECT_EQ(rig.sent(), Lines{"#2 buy 10 AMZN at 1000100 post-only"});
  rig.accepted(2);
  EXPECT_EQ(rig.wait(base_config().scalper.passive_wait - MonoNanos{1}), Lines{});
  EXPECT_EQ(rig.wait({1}), Lines{"cancel #2"});
  rig.canceled(2, 10);
  EXPECT_EQ(rig.sent(), Lines{});  // the price is stale by now
  EXPECT_GT(rig.denied(Denial::kStalePrice), 0u);
}

TEST(EngineTrade, AStopCancelsTheTargetAndThenTakes) {
  Rig rig;
  rig.buy();
  rig.sent();
  rig.accepted(2);
  rig.now = rig.now + seconds(1);
  // Mid from 100.01 to 99.95, five cents below the entry.
  rig.feed(rig.remove(1), rig.remove(3), rig.add(60, 'B', 300, 999'400),
           rig.add(61, 'S', 300, 999'600));
  EXPECT_EQ(rig.sent(), Lines{"cancel #2"});
  rig.canceled(2, 10);
  EXPECT_EQ(rig.sent(), Lines{"#3 sell 10 AMZN at 999200 ioc"});
  rig.accepted(3);
  EXPECT_EQ(rig.sent(), Lines{});
  rig.executed(3, 10, 999'400, 700, 'R');
  EXPECT_EQ(rig.position(), 0);
  EXPECT_EQ(rig.engine.ledger().totals().net, Money{-600'000'000});
}

TEST(EngineTrade, AStopSoonAfterAnotherOrderComesAsSoonAsTheRetryWaitIsOver) {
  Rig rig;
  rig.buy();
  rig.sent();
  rig.accepted(2);
  rig.feed(rig.remove(1), rig.remove(3), rig.add(60, 'B', 300, 999'400),
           rig.add(61, 'S', 300, 999'600));
  EXPECT_EQ(rig.sent(), Lines{"cancel #2"});
  rig.canceled(2, 10);
  EXPECT_EQ(rig.sent(), Lines{});
  // And not only with the next tick, which may be long in coming.
  EXPECT_EQ(rig.wait(base_config().scalper.retry_wait),
            Lines{"#3 sell 10 AMZN at 999200 ioc"});
  rig.accepted(3);
  rig.executed(3, 4, 999'400, 700, 'R');
  rig.canceled(3, 6, 'I');
  EXPECT_EQ(rig.orders_sent(), Lines{});
  EXPECT_EQ(rig.wait(base_config().scalper.retry_wait),
            Lines{"#4 sell 6 AMZN at 999200 ioc"});
}

TEST(EngineTrade, ATargetFilledWhileItsCancelIsOnTheWayIsNotSoldTwice) {
  Rig rig;
  rig.buy();
  rig.sent();
  rig.accepted(2);
  rig.feed(rig.remove(1), rig.remove(3), rig.add(60, 'B', 300, 999'400),
           rig.add(61, 'S', 300, 999'600));
  EXPECT_EQ(rig.sent(), Lines{"cancel #2"});
  rig.executed(2, 10, 1'000'300, 502);
  EXPECT_EQ(rig.position(), 0);
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{});
}

TEST(EngineTrade, TimeExitsFollowEachOther) {
  EngineConfig config = base_config();
  config.limits.stale_after = seconds(100);
  Rig rig(config);
  rig.buy();
  rig.sent();
  rig.accepted(2);
  EXPECT_EQ(rig.wait(config.scalper.exit_after - MonoNanos{1}), Lines{});
  EXPECT_EQ(rig.wait({1}), Lines{"cancel #2"});
  rig.canceled(2, 10);
  EXPECT_EQ(rig.sent(), Lines{"#3 sell 10 AMZN at 1000200 post-only"});
  rig.accepted(3);
  EXPECT_EQ(
      rig.wait(config.scalper.hold_limit - config.scalper.exit_after - MonoNanos{1}),
      Lines{});
  EXPECT_EQ(rig.wait({1}), Lines{"cancel #3"});
  rig.canceled(3, 10);
  EXPECT_EQ(rig.sent(), Lines{"#4 sell 10 AMZN at 999800 ioc"});
  rig.accepted(4);
  rig.canceled(4, 10, 'I');  // nobody was there
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_EQ(rig.wait(milliseconds(50)), Lines{"#5 sell 10 AMZN at 999800 ioc"});
}

TEST(EngineTrade, ADeadFeedStopsEntriesButNotTheDeadlineExit) {
  Rig rig;
  rig.buy();
  rig.sent();
  rig.accepted(2);
  const MonoNanos opened = rig.engine.ledger().position(kAmzn).opened();
  // Not a tick from here on; heartbeats of the feed prove the link, not the price.
  Lines lines;
  while (rig.now < opened + seconds(54)) {
    rig.deliver(rig.control(rig.sequence, mold::kHeartbeat));
    for (const std::string& line : rig.wait(milliseconds(500))) {
      lines.push_back(line);
      if (line == "cancel #2") rig.canceled(2, 10);
    }
  }
  EXPECT_EQ(lines, Lines{"cancel #2"});
  EXPECT_GT(rig.denied(Denial::kStalePrice), 0u);
  EXPECT_EQ(rig.position(), 10);
  lines = rig.wait(opened + base_config().scalper.deadline - rig.now);
  EXPECT_EQ(lines, Lines{"#3 sell 10 AMZN at 995000 ioc"});
  EXPECT_LT(rig.now - opened, seconds(60));
  EXPECT_EQ(rig.engine.gate().counts().deadline_exits, 1u);
  rig.accepted(3);
  rig.executed(3, 4, kBid, 900, 'R');
  rig.canceled(3, 6, 'I');
  EXPECT_EQ(rig.orders_sent(), Lines{});
  // What is left goes the same way, and never more than is held.
  EXPECT_EQ(rig.wait(milliseconds(50)), Lines{"#4 sell 6 AMZN at 995000 ioc"});
  rig.accepted(4);
  rig.executed(4, 6, kBid, 901, 'R');
  EXPECT_EQ(rig.position(), 0);
  EXPECT_EQ(rig.wait(seconds(5)), Lines{});
  EXPECT_LT(rig.engine.ledger().totals().longest_holding, seconds(60));
}

TEST(EngineTrade, AnExitIsNotHeldBackByTheLimitsOfAnEntry) {
  // Ten at 100.00 are just within the value of one order; bought back higher, or sold
  // when the price has risen, they are beyond it.
  EngineConfig config = base_config();
  config.limits.max_order_value = {1'000'000'000'000};
  Rig rig(config);
  rig.buy();
  EXPECT_EQ(rig.sent(), Lines{"#2 sell 10 AMZN at 1000300 post-only"});
}

TEST(EngineTrade, ANarrowCollarDoesNotShutTheDeadlineExitIn) {
  // Half a percent from the touch is more than ten times this collar.
  EngineConfig config = base_config();
  config.limits.price_collar_e6 = 400;
  Rig rig(config);
  rig.buy();
  rig.sent();
  rig.accepted(2);
  rig.wait(config.scalper.exit_after);
  rig.canceled(2, 10);
  const Lines lines = rig.wait(seconds(40));
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines[0].substr(0, 16), "#3 sell 10 AMZN ");
}

TEST(EngineTrade, ARejectIsTakenBackAndTooManyHalt) {
  EngineConfig config = base_config();
  config.limits.max_rejects = 2;
  Rig rig(config);
  rig.start();
  rig.lean_up();
  for (std::uint32_t ref = 1; ref <= 3; ++ref) {
    EXPECT_EQ(rig.orders_sent().size(), 1u) << ref;
    EXPECT_EQ(rig.engine.orders().exposure(kAmzn).working_buy, 10);
    rig.now = rig.now + milliseconds(5);
    rig.rejected(ref, 0x1D);
    EXPECT_EQ(rig.engine.orders().exposure(kAmzn).working_buy, ref == 3 ? 0 : 10);
  }
  EXPECT_EQ(rig.engine.gate().state(), risk::TradingState::kHalted);
  EXPECT_EQ(rig.sent(), Lines{});
}

}  // namespace
}  // namespace pyscalp::engine
