// The order connection: lost, resumed, replaced, and full of nonsense.
#include <random>

#include "engine/engine.hpp"
#include "fixture.hpp"

namespace pyscalp::engine {
namespace {

using risk::TradingState;

TEST(EngineLink, ALostLinkLeavesOrdersUnknownAtTheirWorst) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  rig.accepted(1);
  rig.engine.on_disconnected(rig.now);
  EXPECT_EQ(rig.engine.orders().unknown_count(), 1u);
  EXPECT_EQ(rig.engine.orders().exposure(kAmzn).working_buy, 10);
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{});
}

TEST(EngineLink, AResumedSessionBooksTheMissedExecutionOnce) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  rig.accepted(1);
  rig.balance();
  rig.engine.on_disconnected(rig.now);
  rig.now = rig.now + seconds(1);
  rig.connect();
  // Three messages have been counted: the queries' answers and the ack.
  EXPECT_EQ(rig.sent(), Lines{"login SCALP1 session 'DAY1' from 4"});
  rig.login_accepted("DAY1", 4);
  EXPECT_EQ(rig.sent(), Lines{"query"});
  rig.executed(1, 10, kBid, 501);
  EXPECT_EQ(rig.position(), 10);
  EXPECT_EQ(rig.sent(), Lines{});  // not in step yet
  rig.tick();
  rig.query_response(2);
  EXPECT_EQ(rig.sent(), Lines{"#2 sell 10 AMZN at 1000300 post-only"});
  EXPECT_EQ(rig.engine.orders().unknown_count(), 0u);
  EXPECT_EQ(rig.engine.gate().state(), TradingState::kActive);
  rig.executed(1, 10, kBid, 501);  // once more
  EXPECT_EQ(rig.position(), 10);
  EXPECT_EQ(rig.engine.ledger().totals().executions, 1u);
}

TEST(EngineLink, ASessionResumedFromEarlierSkipsWhatItHasSeen) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  rig.accepted(1);
  rig.executed(1, 4, kBid, 501);
  rig.engine.on_disconnected(rig.now);
  rig.connect();
  rig.login_accepted("DAY1", 1);  // from the very start
  rig.query_response(1);
  rig.query_response(1);
  rig.accepted(1);
  rig.executed(1, 4, kBid, 501);
  rig.executed(1, 3, kBid, 502);
  rig.query_response(2);
  EXPECT_EQ(rig.position(), 7);
  EXPECT_EQ(rig.engine.ledger().totals().executions, 2u);
  EXPECT_EQ(rig.engine.gate().state(), TradingState::kActive);
}

TEST(EngineLink, AnOrderThatNeverArrivedIsClosedByTheResume) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  rig.balance();
  rig.engine.on_disconnected(rig.now);
  rig.connect();
  rig.login_accepted("DAY1", 3);
  rig.query_response(1);  // the venue has not seen number 1
  EXPECT_EQ(rig.engine.orders().open_count(), 0u);
  EXPECT_EQ(rig.engine.gate().state(), TradingState::kActive);
}

TEST(EngineLink, ATimeoutOfTheVenueAsksForTheLinkToBeClosed) {
  Rig rig;
  rig.start();
  rig.answer(Rig::frame(soup::kServerHeartbeat));
  rig.wait(seconds(3) - MonoNanos{1}, false);
  EXPECT_TRUE(rig.link_kept);
  rig.wait({1}, false);
  EXPECT_FALSE(rig.link_kept);
}

TEST(EngineLink, AnotherSessionWithOpenOrdersHalts) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  rig.accepted(1);
  rig.engine.on_disconnected(rig.now);
  rig.connect();
  rig.login_accepted("DAY2", 1);
  rig.query_response(1);
  EXPECT_EQ(rig.engine.gate().state(), TradingState::kHalted);
  EXPECT_EQ(rig.engine.gate().breakers(), risk::bit(risk::Breaker::kOperatorHalt));
  Lines lines = rig.sent();
  std::erase(lines, "query");
  EXPECT_EQ(lines, (Lines{"login SCALP1 session 'DAY1' from 4", "cancel #1"}));
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_EQ(rig.engine.orders().exposure(kAmzn).working_buy, 10);
}

TEST(EngineLink, AnotherSessionWithoutOpenOrdersGoesOn) {
  Rig rig;
  rig.start();
  rig.engine.on_disconnected(rig.now);
  rig.connect();
  rig.login_accepted("DAY2", 1);
  rig.query_response(1);
  EXPECT_EQ(rig.engine.gate().state(), TradingState::kActive);
  rig.sent();
  rig.lean_up();
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
}

TEST(EngineLink, HistoryOfAnEarlierRunIsNotTaken) {
  Rig rig;
  rig.open_market();
  rig.pass_window();
  rig.connect();
  rig.login_accepted("DAY1", 1);
  rig.accepted(1);
  rig.executed(1, 10, kBid, 77);
  rig.query_response(2);
  rig.query_response(2);
  EXPECT_EQ(rig.position(), 0);
  EXPECT_EQ(rig.engine.gate().state(), TradingState::kActive);
  rig.sent();
  rig.lean_up();
  EXPECT_EQ(rig.sent(), Lines{"#2 buy 10 AMZN at 1000000 post-only"});
}

TEST(EngineLink, AHaltWhileTheLinkIsDownCancelsOnceItIsBack) {
  EngineConfig config = base_config();
  config.limits.aum = {100'000'000'000};
  config.limits.drawdown_e6 = 10'000;
  config.scalper.stop = {500'000'000};
  Rig rig(config);
  rig.buy();
  rig.sent();
  rig.accepted(2);
  rig.engine.on_disconnected(rig.now);
  rig.feed(rig.add(70, 'B', 300, 990'000), rig.remove(1), rig.remove(3));
  ASSERT_EQ(rig.engine.gate().state(), TradingState::kHalted);
  rig.connect();
  rig.login_accepted("DAY1", 6);
  rig.query_response(3);
  ASSERT_EQ(rig.engine.orders().open_count(), 1u);
  Lines lines = rig.sent();
  EXPECT_EQ(lines.back(), "cancel #2");
}

TEST(EngineLink, AStopOrKillWhileTheLinkIsDownCancelsOnceItIsBack) {
  for (const Command command : {Command::kStop, Command::kKill}) {
    Rig rig;
    rig.start();
    rig.lean_up();
    rig.sent();
    rig.accepted(1);
    rig.engine.on_disconnected(rig.now);
    rig.engine.on_command(command, rig.now);
    rig.connect();
    rig.login_accepted("DAY1", 4);
    rig.query_response(2);
    EXPECT_EQ(rig.engine.orders().open_count(), 1u);
    // Not a tick comes.
    Lines lines = rig.wait(milliseconds(100));
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines.back(), "cancel #1") << static_cast<int>(command);
  }
}

TEST(EngineLink, ARefusedLoginClosesTheLink) {
  Rig rig;
  rig.connect();
  const char reason = 'A';
  EXPECT_FALSE(rig.answer(Rig::frame(
      soup::kLoginRejected, Bytes(reinterpret_cast<const std::byte*>(&reason), 1))));
  EXPECT_EQ(rig.engine.session().state(), session::SessionState::kRefused);
}

TEST(EngineLink, AnExecutionThatFitsNoOrderHalts) {
  Rig rig;
  rig.start();
  rig.executed(9, 10, kBid, 501);
  EXPECT_EQ(rig.engine.gate().state(), TradingState::kHalted);
  EXPECT_EQ(rig.position(), 0);
}

TEST(EngineLink, MoreExecutedThanOrderedHalts) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  rig.accepted(1);
  rig.executed(1, 11, kBid, 501);
  EXPECT_EQ(rig.engine.gate().state(), TradingState::kHalted);
}

TEST(EngineLink, ABrokenTradeHalts) {
  Rig rig;
  rig.buy();
  rig.answer(rig.sequenced(ouch::BrokenTrade{0, 1, 501, 'S', {}}));
  EXPECT_EQ(rig.engine.gate().state(), TradingState::kHalted);
}

TEST(EngineLink, AMessageThatCannotBeReadHalts) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  Buffer bytes = rig.accepted_bytes(1);
  Buffer cut = Rig::frame(soup::kSequencedData, Bytes(bytes).subspan(3, 40));
  rig.answer(cut);
  EXPECT_EQ(rig.engine.gate().state(), TradingState::kHalted);
  EXPECT_EQ(rig.sent(), Lines{"cancel #1"});
}

TEST(EngineLink, AnswersCutAnywhereAreTheSameAnswers) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.sent();
  Buffer bytes = rig.accepted_bytes(1);
  for (const Buffer& more :
       {Rig::frame(soup::kServerHeartbeat), rig.executed_bytes(1, 4, kBid, 501),
        rig.executed_bytes(1, 6, kBid, 502)}) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  rig.balance();
  for (const std::byte byte : bytes) rig.answer(Buffer{byte});
  EXPECT_EQ(rig.position(), 10);
  EXPECT_EQ(rig.engine.orders().open_count(kAmzn), 1u);  // the target
}

/// Random frames and random damage: the state stays consistent, no order beyond limits,
/// no crash.
TEST(EngineLink, GarbageFromTheVenueDoesNoHarm) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rig rig;
    rig.start();
    std::mt19937_64 random(seed);
    rig.lean_up();
    for (int i = 0; i < 200; ++i) {
      rig.now = rig.now + milliseconds(1);
      Buffer bytes;
      const auto ref = static_cast<std::uint32_t>(1 + random() % 3);
      switch (random() % 5) {
        case 0:
          bytes = rig.accepted_bytes(ref, random() % 4 == 0 ? 'D' : 'L');
          break;
        case 1:
          bytes = rig.executed_bytes(ref, static_cast<std::uint32_t>(random() % 12),
                                     kBid, random() % 50);
          break;
        case 2:
          bytes = rig.sequenced(
              ouch::Canceled{0, ref, static_cast<std::uint32_t>(random() % 12), 'U'});
          break;
        case 3:
          bytes = rig.sequenced(ouch::Rejected{0, ref, 1, {}});
          break;
        default:
          bytes.resize(random() % 80);
          for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
      }
      if (!bytes.empty() && random() % 8 == 0) {
        bytes[random() % bytes.size()] = static_cast<std::byte>(random());
      }
      if (!rig.answer(bytes)) {
        rig.engine.on_disconnected(rig.now);
        rig.connect();
        rig.login_accepted("DAY1", rig.engine.session().next_sequence());
        rig.query_response(rig.engine.session().next_user_ref());
      }
      rig.tick();
      rig.sent();
      const order::Exposure exposure = rig.engine.orders().exposure(kAmzn);
      ASSERT_GE(exposure.working_buy, 0);
      ASSERT_GE(exposure.working_sell, 0);
      ASSERT_LE(rig.engine.orders().open_count(kAmzn), 1u) << seed << " " << i;
      ASSERT_EQ(exposure.position, rig.position()) << seed << " " << i;
    }
  }
}

}  // namespace
}  // namespace pyscalp::engine
