// The list as a whole: its order, and what holds whatever a strategy asks.
#include <random>

#include "fixture.hpp"

namespace pyscalp::risk {
namespace {

class ListTest : public GateTest {};

TEST_F(ListTest, TheFirstControlOnTheListSpeaks) {
  // Everything is wrong at once; put right one by one, from the front.
  Limits limits = some_limits();
  limits.rate_limit = 2;
  limits.rate_share_e6 = 500'000;
  limits.max_orders_working = 1;
  limits.max_position = 300;
  KillSwitch stop;
  Gate strict(limits, stop, 1);
  MarketState bad = market;
  bad.touch = {kAsk, kBid, 1, 1};
  bad.trading = bad.in_session = bad.book_sound = false;
  bad.gap_open = true;
  bad.last_tick = kNoTick;
  order::Wish wish = buy(301, {kUnit});
  order::Exposure held{0, 250, 0};
  const OwnOrders working{kNoPrice, kBid, 1};
  OwnOrders mine = working;
  const auto denial = [&] { return strict.check(wish, bad, held, mine, now).denial; };

  stop.engage();
  EXPECT_EQ(denial(), Denial::kKillSwitch);
  stop.release();
  ASSERT_EQ(strict.operator_resume("test", now), Resume::kResumed);
  strict.operator_halt("test", now);
  EXPECT_EQ(denial(), Denial::kHalted);
  ASSERT_EQ(strict.operator_resume("test", now), Resume::kResumed);
  strict.operator_reduce("test", now);
  EXPECT_EQ(denial(), Denial::kReducingOnly);
  ASSERT_EQ(strict.operator_resume("test", now), Resume::kResumed);
  EXPECT_EQ(denial(), Denial::kNotPermitted);
  ASSERT_TRUE(strict.permit(kAmzn));
  EXPECT_EQ(denial(), Denial::kInstrumentHalted);
  bad.trading = true;
  EXPECT_EQ(denial(), Denial::kSessionHours);
  bad.in_session = true;
  EXPECT_EQ(denial(), Denial::kGapOpen);
  bad.gap_open = false;
  EXPECT_EQ(denial(), Denial::kBookUnusable);
  bad.book_sound = true;
  EXPECT_EQ(denial(), Denial::kBookUnusable) << "crossed";
  bad.touch = market.touch;
  EXPECT_EQ(denial(), Denial::kStalePrice);
  bad.last_tick = now;
  EXPECT_EQ(denial(), Denial::kOrderQuantity);
  wish.qty = 100;
  wish.limit = {201 * kUnit};
  EXPECT_EQ(denial(), Denial::kOrderValue);
  wish.limit = {200 * kUnit};
  EXPECT_EQ(denial(), Denial::kPriceCollar);
  wish.limit = kBid;
  held.position = 1;
  EXPECT_EQ(denial(), Denial::kInstrumentReducing) << "no depth was ever seen";
  held.position = 0;
  EXPECT_EQ(denial(), Denial::kPosition);
  wish.qty = 50;
  EXPECT_EQ(denial(), Denial::kConcentration);
  strict.on_depth(kAmzn, now, 100'000, 100'000);
  now += seconds(2);
  bad.last_tick = now;
  EXPECT_EQ(denial(), Denial::kTooManyWorking);
  mine.all_working = 0;
  EXPECT_EQ(denial(), Denial::kSelfMatch);
  mine.best_ask = kNoPrice;
  EXPECT_EQ(denial(), Denial::kNone);
  EXPECT_EQ(denial(), Denial::kDuplicate);
  wish.qty = 49;
  EXPECT_EQ(denial(), Denial::kRateLimit);
  EXPECT_EQ(strict.counts().orders, 1u);
  std::uint64_t denied = 0;
  for (const std::uint64_t count : strict.counts().denied) denied += count;
  EXPECT_EQ(denied, 20u);
  EXPECT_EQ(strict.counts().denied[index(Denial::kBookUnusable)], 2u);
}

/// Asks for anything, fills what passed in any order and part, cancels at random. The
/// ledger is kept beside the gate, in numbers of its own.
class RandomTrader {
 public:
  explicit RandomTrader(std::uint64_t seed)
      : random_(seed), limits_(some_limits()), gate_(limits_, kill_, 1) {
    gate_.permit(kAmzn);
    market_.touch = {kBid, kAsk, 500, 500};
    market_.gap_open = false;
    market_.book_sound = market_.trading = market_.in_session = true;
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) step();
  }
  std::uint64_t orders() const { return gate_.counts().orders; }
  std::uint64_t denied(Denial denial) const {
    return gate_.counts().denied[index(denial)];
  }

 private:
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }

  order::Wish random_wish() {
    order::Wish wish;
    wish.instrument = InstrumentId{static_cast<std::uint16_t>(7 + (below(50) == 0))};
    wish.side = below(2) == 0 ? Side::kBuy : Side::kSell;
    wish.intent = static_cast<order::Intent>(below(6));
    wish.time_in_force = static_cast<order::TimeInForce>(below(2));
    wish.qty = below(10) == 0 ? static_cast<Qty>(random_()) : below(130) - 5;
    wish.limit = below(10) == 0 ? Price{static_cast<std::int64_t>(random_())}
                                : Price{kBid.value + (below(500) - 250) * 10'000'000};
    return wish;
  }

  void step() {
    now_ += {below(20'000'000)};
    market_.last_tick = now_ - MonoNanos{below(310'000'000)};
    if (below(20) == 0) gate_.on_depth(kAmzn, now_, below(6'000), below(6'000));
    if (below(500) == 0) gate_.operator_reduce("test", now_);
    if (below(300) == 0) gate_.operator_resume("test", now_);
    if (below(4) == 0) fill(Side::kBuy);
    if (below(4) == 0) fill(Side::kSell);

    const order::Wish wish = random_wish();
    const order::Exposure before = exposure_;
    const Verdict verdict = gate_.check(wish, market_, exposure_, own_, now_);
    if (!verdict) return;
    ASSERT_GT(wish.qty, 0);
    ASSERT_LE(wish.qty, limits_.max_order_qty);
    ASSERT_LE(static_cast<Int128>(wish.limit.value) * wish.qty,
              static_cast<Int128>(limits_.max_order_value.value));
    if (gate_.state() == TradingState::kReducing) {
      ASSERT_LT(sign(wish.side) * before.position, 0) << "only against the position";
    }
    (wish.side == Side::kBuy ? exposure_.working_buy : exposure_.working_sell) +=
        wish.qty;
    ASSERT_LE(exposure_.position + exposure_.working_buy, limits_.max_position);
    ASSERT_GE(exposure_.position - exposure_.working_sell, -limits_.max_position);
  }

  void fill(Side side) {
    Qty& working = side == Side::kBuy ? exposure_.working_buy : exposure_.working_sell;
    if (working == 0) return;
    const Qty done = 1 + below(working);
    working -= done;
    if (below(2) == 0) return;  // cancelled
    exposure_.position += sign(side) * done;
    ASSERT_LE(exposure_.position, limits_.max_position);
    ASSERT_GE(exposure_.position, -limits_.max_position);
  }

  std::mt19937_64 random_;
  KillSwitch kill_;
  Limits limits_;
  Gate gate_;
  MarketState market_;
  order::Exposure exposure_;
  OwnOrders own_;
  MonoNanos now_ = seconds(1);
};

TEST(Property, WhateverIsAskedPositionAndSizeStayWithinTheirLimits) {
  std::uint64_t orders = 0;
  std::uint64_t at_position = 0;
  std::uint64_t at_concentration = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    RandomTrader trader(seed);
    trader.run(20'000);
    if (testing::Test::HasFatalFailure()) {
      ADD_FAILURE() << "seed " << seed;
      return;
    }
    orders += trader.orders();
    at_position += trader.denied(Denial::kPosition);
    at_concentration += trader.denied(Denial::kConcentration);
  }
  // The limits were leant against, not merely never met.
  EXPECT_GT(orders, 10'000u);
  EXPECT_GT(at_position, 100u);
  EXPECT_GT(at_concentration, 100u);
}

}  // namespace
}  // namespace pyscalp::risk
