// A market in which everything passes, for tests that spoil one thing at a time.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <vector>

#include "risk/gate.hpp"

namespace pyscalp::risk {

inline constexpr InstrumentId kAmzn{7};
inline constexpr std::int64_t kUnit = kNanosPerUnit;
inline constexpr Price kBid{100 * kUnit};
inline constexpr Price kAsk{100 * kUnit + 10'000'000};

inline Limits some_limits() {
  Limits limits;
  limits.aum = {1'000'000 * kUnit};
  limits.drawdown_e6 = 15'000;
  limits.max_order_qty = 100;
  limits.max_order_value = {20'000 * kUnit};
  limits.price_collar_e6 = 10'000;
  limits.max_position = 300;
  limits.max_orders_working = 10;
  limits.rate_limit = 100;
  limits.rate_window = seconds(1);
  limits.rate_share_e6 = 900'000;
  limits.stale_after = milliseconds(300);
  limits.depth_share_e6 = 100'000;
  limits.depth_levels = 10;
  limits.depth_window = seconds(1);
  limits.max_losing_trades = 5;
  limits.max_rejects = 3;
  return limits;
}

inline order::Wish buy(Qty qty, Price limit = kBid) {
  order::Wish wish;
  wish.instrument = kAmzn;
  wish.qty = qty;
  wish.limit = limit;
  return wish;
}

inline order::Wish sell(Qty qty, Price limit = kAsk) {
  order::Wish wish = buy(qty, limit);
  wish.side = Side::kSell;
  return wish;
}

/// An order to get out at once.
inline order::Wish exit_wish(order::Wish wish, order::Intent intent) {
  wish.time_in_force = order::TimeInForce::kIoc;
  wish.intent = intent;
  return wish;
}

/// GoogleTest prints denials by name.
inline void PrintTo(Denial denial, std::ostream* out) { *out << name(denial); }

class GateTest : public testing::Test {
 protected:
  explicit GateTest(const Limits& limits = some_limits()) : gate(limits, kill, 4) {
    gate.permit(kAmzn);
    gate.on_depth(kAmzn, now, 100'000, 100'000);
    market.touch = {kBid, kAsk, 500, 500};
    market.last_tick = now;
    market.gap_open = false;
    market.book_sound = true;
    market.trading = true;
    market.in_session = true;
  }

  /// Checks a wish at this very moment.
  Denial ask_now(const order::Wish& wish) {
    Verdict verdict = gate.check(wish, market, exposure, own, now);
    EXPECT_EQ(verdict.order.has_value(), verdict.denial == Denial::kNone);
    if (verdict) {
      EXPECT_EQ(verdict.order->wish().qty, wish.qty);
    }
    return verdict.denial;
  }

  /// The same once the duplicate window is over.
  Denial ask(const order::Wish& wish) {
    pass(milliseconds(1));
    return ask_now(wish);
  }

  /// Time goes on and ticks keep coming.
  void pass(MonoNanos time) {
    now += time;
    market.last_tick += time;
  }

  /// A cancel passes, is counted, and keeps its reference.
  void expect_cancel_passes() {
    const std::uint64_t before = gate.counts().cancels;
    EXPECT_EQ(gate.cancel(42, now).user_ref(), 42u);
    EXPECT_EQ(gate.counts().cancels, before + 1);
  }

  std::vector<Trip> trips() {
    std::vector<Trip> all;
    gate.drain_trips([&](const Trip& trip) { all.push_back(trip); });
    return all;
  }

  KillSwitch kill;
  Gate gate;
  MonoNanos now = seconds(1'000);
  MarketState market;
  order::Exposure exposure;
  OwnOrders own;
};

}  // namespace pyscalp::risk
