// A gate and a market in which a wish passes, for what is timed at the gate and behind.
#pragma once

#include <optional>

#include "risk/gate.hpp"

namespace pyscalp::bench {

inline constexpr InstrumentId kTraded{7};
inline constexpr Price kBestBid{100 * kNanosPerUnit};
inline constexpr Price kBestAsk{100 * kNanosPerUnit + 10'000'000};

/// Limits as a user sets them.
inline risk::Limits trading_limits() {
  risk::Limits limits;
  limits.aum = {1'000'000 * kNanosPerUnit};
  limits.drawdown_e6 = 15'000;
  limits.max_order_qty = 1'000;
  limits.max_order_value = {50'000 * kNanosPerUnit};
  limits.price_collar_e6 = 10'000;
  limits.max_position = 3'000;
  limits.max_orders_working = 100;
  limits.rate_limit = 100;
  limits.rate_window = seconds(1);
  limits.rate_share_e6 = 900'000;
  limits.stale_after = milliseconds(300);
  limits.depth_share_e6 = 100'000;
  limits.depth_levels = 10;
  limits.depth_window = seconds(1);
  limits.max_losing_trades = 5;
  limits.max_rejects = 10;
  return limits;
}

/// One instrument, quoted on both sides, with some of our orders working.
struct TradingDesk {
  /// Between two wishes: 50 a second, of the 90 that may be sent.
  static constexpr MonoNanos kBetween = milliseconds(20);

  TradingDesk() {
    gate.permit(kTraded);
    gate.on_depth(kTraded, now, 100'000, 100'000);
    market.touch = {kBestBid, kBestAsk, 500, 500};
    market.last_tick = now;
    market.gap_open = false;
    market.book_sound = market.trading = market.in_session = true;
    exposure = {200, 100, 100};
    own = {kBestBid, kBestAsk, 2};
    wish.instrument = kTraded;
    wish.qty = 100;
    wish.limit = kBestBid;
  }

  /// Time goes on and ticks keep coming.
  void pass(MonoNanos time = kBetween) {
    now += time;
    market.last_tick = now;
  }
  risk::Verdict ask() { return gate.check(wish, market, exposure, own, now); }

  risk::KillSwitch kill;
  risk::Gate gate{trading_limits(), kill, 4};
  MonoNanos now = seconds(1'000);
  risk::MarketState market;
  order::Exposure exposure;
  risk::OwnOrders own;
  order::Wish wish;
};

}  // namespace pyscalp::bench
