// Random participants for tests of a recorded day, and what must hold beside them.
#pragma once

#include <gtest/gtest.h>

#include <random>

#include "market_fixture.hpp"

namespace pyscalp::exchange::testing {

/// Orders of three participants around the touch, at random.
class Participants {
 public:
  explicit Participants(std::uint64_t seed) : random_(seed) {}

  void act(Market& market, UnixNanos now) {
    const InstrumentId instrument = below(2) ? kAbc : kXyz;
    const Side side = below(2) ? Side::kBuy : Side::kSell;
    const PriceLevel touch = market.best(instrument, side);
    if (touch.price == kNoPrice) return;
    NewOrder o;
    o.account = static_cast<AccountId>(1 + below(3));
    o.client_ref = static_cast<std::uint32_t>(1 + below(30));
    o.instrument = instrument;
    o.side = side;
    o.qty = static_cast<Qty>(1 + below(200));
    o.price.value =
        touch.price.value + (static_cast<std::int64_t>(below(31)) - 15) * 10'000'000;
    o.hidden = below(5) == 0;
    o.display_qty = below(3) == 0 ? static_cast<Qty>(1 + below(50)) : 0;
    o.post_only = below(4) == 0;
    if (below(4) == 0) o.time_in_force = TimeInForce::kIoc;
    const auto other = static_cast<std::uint32_t>(1 + below(30));
    switch (below(8)) {
      case 0:
        return market.replace(o.account, o.client_ref, other, o.qty, o.price, now);
      case 1:
      case 2:
        return market.cancel(o.account, o.client_ref, below(2) ? o.qty : 0, now);
      default:
        return market.enter(o, now);
    }
  }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

 private:
  std::mt19937_64 random_;
};

/// Displayed shares of participants at each price.
inline std::map<std::uint32_t, Qty> participants_at(const FeedBook& book,
                                                    InstrumentId instrument,
                                                    char side) {
  std::map<std::uint32_t, Qty> shares;
  for (auto order = book.orders.lower_bound(Market::kFirstOwnNumber);
       order != book.orders.end(); ++order) {
    if (order->second.instrument != instrument || order->second.side != side) continue;
    shares[order->second.price_e4] += order->second.shares;
  }
  return shares;
}

/// Less participants' own orders, no price shows more than the recording alone does.
inline void expect_no_more_than_recorded(const Market& market, const Market& alone,
                                         const FeedBook& feed, InstrumentId instrument,
                                         Side side) {
  auto ours = participants_at(feed, instrument, side == Side::kBuy ? 'B' : 'S');
  std::map<Price, Qty> recorded;
  for (const PriceLevel& level : alone.depth(instrument, side, 1'000'000)) {
    recorded[level.price] = level.qty;
  }
  for (const PriceLevel& level : market.depth(instrument, side, 1'000'000)) {
    const auto price_e4 = static_cast<std::uint32_t>(price_to_e4(level.price));
    ASSERT_LE(level.qty - ours[price_e4], recorded[level.price]);
  }
}

}  // namespace pyscalp::exchange::testing
