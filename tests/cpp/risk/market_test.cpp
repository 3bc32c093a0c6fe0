// The controls that ask whether the market may be traded on at all: permitted
// instruments, halts, session hours, gaps, books, stale prices.
#include "fixture.hpp"
#include "risk/stale_price.hpp"

namespace pyscalp::risk {
namespace {

class MarketTest : public GateTest {
 protected:
  /// Neither a new order nor one that reduces passes; a cancel does.
  void expect_stopped(Denial denial) {
    exposure.position = 0;
    EXPECT_EQ(ask(buy(1)), denial);
    exposure.position = -10;
    EXPECT_EQ(ask(buy(1)), denial);
    EXPECT_EQ(ask(exit_wish(buy(1), order::Intent::kStop)), denial);
    expect_cancel_passes();
  }
  void expect_open() {
    exposure.position = 0;
    EXPECT_EQ(ask(buy(1)), Denial::kNone);
    EXPECT_EQ(ask(sell(1)), Denial::kNone);
  }
};

TEST_F(MarketTest, OnlyPermittedInstruments) {
  order::Wish wish = buy(1);
  wish.instrument = InstrumentId{8};
  EXPECT_EQ(ask(wish), Denial::kNotPermitted);
  EXPECT_EQ(gate.state(wish.instrument), TradingState::kHalted);
  wish.instrument = InstrumentId{0xFFFF};
  EXPECT_EQ(ask(wish), Denial::kNotPermitted);
  expect_open();
  expect_cancel_passes();
}

TEST_F(MarketTest, TheListHasTheRoomThatWasAskedFor) {
  EXPECT_TRUE(gate.permit(kAmzn)) << "already on it";
  EXPECT_TRUE(gate.permit(InstrumentId{0xFFFF}));
  EXPECT_TRUE(gate.permit(InstrumentId{1}));
  EXPECT_TRUE(gate.permit(InstrumentId{2}));
  EXPECT_FALSE(gate.permit(InstrumentId{3})) << "the fifth of four";
  order::Wish wish = buy(1);
  wish.instrument = InstrumentId{3};
  EXPECT_EQ(ask(wish), Denial::kNotPermitted);
  EXPECT_TRUE(gate.permit(kAmzn));

  Gate none(some_limits(), kill, 0);
  EXPECT_FALSE(none.permit(kAmzn));
}

TEST_F(MarketTest, ANewDayNumbersItsInstrumentsAfresh) {
  gate.operator_reduce("stays", now);
  gate.revoke_all();
  exposure.position = -10;
  EXPECT_EQ(ask(buy(1)), Denial::kNotPermitted);
  for (std::uint16_t id = 1; id <= 4; ++id) {
    EXPECT_TRUE(gate.permit(InstrumentId{id}));
  }
  EXPECT_FALSE(gate.permit(kAmzn)) << "the fifth of four";
  gate.revoke_all();
  ASSERT_TRUE(gate.permit(kAmzn));
  EXPECT_EQ(gate.state(), TradingState::kReducing);
  ASSERT_EQ(gate.operator_resume("test", now), Resume::kResumed);
  exposure.position = 0;
  EXPECT_EQ(ask(buy(1)), Denial::kConcentration) << "the old depth is void";
}

TEST_F(MarketTest, InstrumentHalt) {
  market.trading = false;
  expect_stopped(Denial::kInstrumentHalted);
  exposure.position = -10;
  EXPECT_EQ(ask(exit_wish(buy(1), order::Intent::kDeadline)), Denial::kInstrumentHalted)
      << "the venue would refuse it";
  market.trading = true;
  expect_open();
}

TEST_F(MarketTest, SessionHours) {
  market.in_session = false;
  expect_stopped(Denial::kSessionHours);
  market.in_session = true;
  expect_open();
}

TEST_F(MarketTest, Gap) {
  market.gap_open = true;
  expect_stopped(Denial::kGapOpen);
  market.gap_open = false;
  expect_open();
}

TEST_F(MarketTest, FlaggedBook) {
  market.book_sound = false;
  expect_stopped(Denial::kBookUnusable);
  market.book_sound = true;
  expect_open();
}

TEST_F(MarketTest, OneSidedLockedAndCrossedBooks) {
  const book::Touch sound = market.touch;
  market.touch.ask = kNoPrice;
  expect_stopped(Denial::kBookUnusable);
  market.touch = sound;
  market.touch.bid = kNoPrice;
  expect_stopped(Denial::kBookUnusable);
  market.touch = {};
  expect_stopped(Denial::kBookUnusable);
  market.touch = sound;
  market.touch.bid = kAsk;  // locked
  expect_stopped(Denial::kBookUnusable);
  market.touch.bid = kAsk + Price{1};  // crossed
  expect_stopped(Denial::kBookUnusable);
  market.touch.bid = kAsk - Price{1};
  expect_open();
}

TEST_F(MarketTest, StaleStrictlyAfterThreeHundredMilliseconds) {
  pass(milliseconds(1));
  market.last_tick = now - MonoNanos{299'999'000};
  EXPECT_EQ(ask_now(buy(1)), Denial::kNone);
  market.last_tick = now - MonoNanos{300'000'000};
  EXPECT_EQ(ask_now(buy(2)), Denial::kNone);
  market.last_tick = now - MonoNanos{300'000'001};
  EXPECT_EQ(ask_now(buy(3)), Denial::kStalePrice);
  market.last_tick = now - MonoNanos{300'001'000};
  expect_stopped(Denial::kStalePrice);
  market.last_tick = now;  // a fresh tick heals
  expect_open();
}

TEST_F(MarketTest, NoTickYetAndTicksFromTheFutureAreStale) {
  market.last_tick = kNoTick;
  EXPECT_EQ(ask_now(buy(1)), Denial::kStalePrice);
  market.last_tick = now + MonoNanos{1};
  EXPECT_EQ(ask_now(buy(1)), Denial::kStalePrice);
  market.last_tick = now;
  EXPECT_EQ(ask_now(buy(1)), Denial::kNone);
}

TEST(StalePrice, TheEndsOfTime) {
  constexpr MonoNanos kLast{std::numeric_limits<std::int64_t>::max()};
  EXPECT_TRUE(price_is_stale(kNoTick, kLast, milliseconds(300)));
  EXPECT_TRUE(price_is_stale(kLast, kNoTick, milliseconds(300)));
  EXPECT_FALSE(price_is_stale(kLast, kLast, {1}));
}

TEST_F(MarketTest, AMarketNothingIsKnownOfMustNotTrade) {
  const MarketState unknown;
  EXPECT_EQ(gate.check(buy(1), unknown, exposure, own, now).denial,
            Denial::kInstrumentHalted);
  EXPECT_TRUE(unknown.gap_open);
  EXPECT_FALSE(unknown.book_sound);
  EXPECT_FALSE(unknown.in_session);
  EXPECT_TRUE(price_is_stale(unknown.last_tick, now, milliseconds(300)));
}

}  // namespace
}  // namespace pyscalp::risk
