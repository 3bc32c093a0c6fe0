#include "signal/order_flow_imbalance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <vector>

namespace pyscalp::signal {
namespace {

using Levels = std::vector<book::LevelView>;

/// A book whose view lives as long as it does.
struct Shown {
  Levels bids, asks;

  MarketView at(std::int64_t now) const {
    MarketView view;
    view.venue_time = UnixNanos{now};
    view.bids = bids;
    view.asks = asks;
    if (!bids.empty()) {
      view.touch.bid = bids[0].price;
      view.touch.bid_qty = bids[0].qty;
    }
    if (!asks.empty()) {
      view.touch.ask = asks[0].price;
      view.touch.ask_qty = asks[0].qty;
    }
    return view;
  }
};
Shown touch(std::int64_t bid, Qty bid_qty, std::int64_t ask, Qty ask_qty) {
  return {{{Price{bid}, bid_qty, 1}}, {{Price{ask}, ask_qty, 1}}};
}

/// Flow of the touch from one book to the next.
std::pair<std::int64_t, std::int64_t> flow(const Shown& from, const Shown& to,
                                           int levels = 1) {
  OrderFlowImbalance signal(levels, MonoNanos{640});
  signal.on_book(from.at(0));
  EXPECT_EQ(signal.gross(), 0) << "the first book has nothing to be compared with";
  signal.on_book(to.at(1));
  return {static_cast<std::int64_t>(signal.net()),
          static_cast<std::int64_t>(signal.gross())};
}
using Pair = std::pair<std::int64_t, std::int64_t>;

TEST(OrderFlowImbalance, EveryCaseOfTheTouch) {
  const Shown before = touch(100, 30, 110, 50);
  EXPECT_EQ(flow(before, before), (Pair{0, 0}));
  EXPECT_EQ(flow(before, touch(100, 45, 110, 50)), (Pair{15, 15})) << "more bid";
  EXPECT_EQ(flow(before, touch(100, 10, 110, 50)), (Pair{-20, 20})) << "less bid";
  EXPECT_EQ(flow(before, touch(101, 7, 110, 50)), (Pair{7, 7})) << "a better bid";
  EXPECT_EQ(flow(before, touch(99, 80, 110, 50)), (Pair{-30, 30})) << "the bid is gone";
  EXPECT_EQ(flow(before, touch(100, 30, 110, 65)), (Pair{-15, 15})) << "more ask";
  EXPECT_EQ(flow(before, touch(100, 30, 110, 10)), (Pair{40, 40})) << "less ask";
  EXPECT_EQ(flow(before, touch(100, 30, 109, 7)), (Pair{-7, 7})) << "a better ask";
  EXPECT_EQ(flow(before, touch(100, 30, 111, 80)), (Pair{50, 50})) << "the ask is gone";
  EXPECT_EQ(flow(before, touch(101, 7, 109, 9)), (Pair{-2, 16})) << "both at once";
}

TEST(OrderFlowImbalance, DeeperLevelsAreComparedByTheirRank) {
  const Shown before{{{Price{100}, 10, 1}, {Price{99}, 20, 1}, {Price{98}, 30, 1}},
                     {{Price{101}, 5, 1}, {Price{102}, 6, 1}}};
  Shown more_behind = before;
  more_behind.bids[1].qty = 25;
  EXPECT_EQ(flow(before, more_behind, 3), (Pair{5, 5}));
  EXPECT_EQ(flow(before, more_behind, 1), (Pair{0, 0}));
  // A new best moves the others back by one: the price has risen at every rank.
  const Shown apart{{{Price{100}, 10, 1}, {Price{99}, 20, 1}, {Price{98}, 30, 1}},
                    {{Price{110}, 5, 1}}};
  Shown risen = apart;
  risen.bids = {{Price{101}, 7, 1}, {Price{100}, 10, 1}, {Price{99}, 20, 1}};
  EXPECT_EQ(flow(apart, risen, 3), (Pair{37, 37}));
  EXPECT_EQ(flow(risen, apart, 3), (Pair{-37, 37})) << "and fallen when it goes";
  Shown behind = apart;
  behind.bids[2] = {Price{97}, 4, 1};
  EXPECT_EQ(flow(apart, behind, 3), (Pair{-30, 30}));
  EXPECT_EQ(flow(apart, behind, 2), (Pair{0, 0})) << "the third is not counted";
  // A third ask appears, then is gone.
  Shown more = before;
  more.asks.push_back({Price{103}, 7, 1});
  EXPECT_EQ(flow(before, more, 3), (Pair{-7, 7}));
  EXPECT_EQ(flow(more, before, 3), (Pair{7, 7}));
}

TEST(OrderFlowImbalance, BothScales) {
  OrderFlowImbalance signal(1, MonoNanos{640});
  EXPECT_EQ(signal.share_of_flow(), 0.0);
  EXPECT_EQ(signal.share_of_depth(), 0.0);
  signal.on_book(touch(100, 30, 110, 50).at(0));
  EXPECT_EQ(signal.share_of_flow(), 0.0);
  signal.on_book(touch(100, 45, 110, 50).at(1));  // +15
  EXPECT_EQ(signal.share_of_flow(), 1.0);
  signal.on_book(touch(100, 40, 110, 50).at(2));  // -5
  EXPECT_EQ(signal.share_of_flow(), 0.5);
  // Depths 40, 47.5 and 45 of both sides' mean; 10 / 44.1666…
  EXPECT_DOUBLE_EQ(signal.share_of_depth(), 10 / (132.5 / 3));
  signal.on_book(touch(101, 1'000, 110, 50).at(3));
  EXPECT_EQ(signal.share_of_depth(), 1.0) << "cut";
  EXPECT_EQ(signal.events(), 4);
}

TEST(OrderFlowImbalance, OldFlowLeaves) {
  OrderFlowImbalance signal(1, MonoNanos{640});
  signal.on_book(touch(100, 30, 110, 50).at(1'000));
  signal.on_book(touch(100, 45, 110, 50).at(1'001));
  signal.on_book(touch(100, 45, 110, 60).at(1'500));
  EXPECT_EQ(signal.net(), 5);
  signal.on_book(touch(100, 45, 110, 60).at(1'640));
  EXPECT_EQ(signal.net(), -10);
  EXPECT_EQ(signal.share_of_flow(), -1.0);
  signal.on_book(touch(100, 45, 110, 60).at(1'000'000));
  EXPECT_EQ(signal.gross(), 0);
  EXPECT_EQ(signal.events(), 1);
}

TEST(OrderFlowImbalance, AnUnsoundBookIsNoFlowNorIsTheOneAfterIt) {
  const Shown sound = touch(100, 30, 110, 50);
  Shown no_ask = sound, no_bid = sound;
  no_ask.asks.clear();
  no_bid.bids.clear();
  for (const Shown& unsound :
       {no_ask, no_bid, Shown{}, touch(110, 1, 110, 1), touch(120, 1, 110, 1)}) {
    for (const int levels : {1, 3}) {
      OrderFlowImbalance signal(levels, MonoNanos{640});
      signal.on_book(sound.at(0));
      signal.on_book(unsound.at(1));
      signal.on_book(touch(100, 90, 110, 50).at(2));
      EXPECT_EQ(signal.gross(), 0);
      signal.on_book(touch(100, 91, 110, 50).at(3));
      EXPECT_EQ(signal.net(), 1);
      EXPECT_EQ(signal.events(), 3);
    }
  }
}

TEST(OrderFlowImbalance, TimeIsNeverTakenBack) {
  OrderFlowImbalance signal(1, MonoNanos{640});
  signal.on_book(touch(100, 30, 110, 50).at(1'000));
  signal.on_book(touch(100, 45, 110, 50).at(200));
  EXPECT_EQ(signal.net(), 15);
  signal.on_book(touch(100, 45, 110, 50).at(1'639));
  EXPECT_EQ(signal.net(), 15) << "it counts as of 1,000";
  signal.on_book(touch(100, 45, 110, 50).at(1'640));
  EXPECT_EQ(signal.net(), 0);
}

TEST(OrderFlowImbalance, HugeQuantitiesAddUp) {
  constexpr Qty kHuge = std::numeric_limits<Qty>::max();
  OrderFlowImbalance signal(1, MonoNanos{640});
  for (int i = 0; i < 100; ++i) {
    signal.on_book(touch(100, 0, 110, kHuge).at(0));
    signal.on_book(touch(100, kHuge, 110, 0).at(0));
  }
  // 199 changes of both sides, one more of them up than down.
  EXPECT_TRUE(signal.gross() == static_cast<Int128>(kHuge) * 2 * 199);
  EXPECT_TRUE(signal.net() == static_cast<Int128>(kHuge) * 2);
  EXPECT_DOUBLE_EQ(signal.share_of_flow(), 1.0 / 199);
  EXPECT_EQ(signal.share_of_depth(), 1.0);
}

TEST(OrderFlowImbalance, HugeQuantitiesComeAndGoAmongSmallOnes) {
  constexpr Qty kHuge = std::numeric_limits<Qty>::max() - 5;
  for (const int levels : {1, 2}) {
    const Shown small{{{Price{100}, 5, 1}, {Price{99}, 6, 1}}, {{Price{110}, 7, 1}}};
    Shown huge = small;
    huge.bids[0].qty = kHuge;
    huge.bids[1].qty = levels == 1 ? 6 : kHuge;
    OrderFlowImbalance signal(levels, MonoNanos{640});
    signal.on_book(small.at(0));
    signal.on_book(huge.at(1));
    const Int128 come = static_cast<Int128>(kHuge) * levels - (levels == 1 ? 5 : 11);
    EXPECT_TRUE(signal.net() == come);
    signal.on_book(small.at(2));
    EXPECT_TRUE(signal.net() == 0);
    EXPECT_TRUE(signal.gross() == 2 * come);
    Shown more = small;
    more.asks[0].qty = 8;
    signal.on_book(more.at(3));
    EXPECT_TRUE(signal.net() == -1);
  }
}

TEST(OrderFlowImbalance, ClearForgetsBookFlowAndTime) {
  OrderFlowImbalance signal(1, MonoNanos{640});
  signal.on_book(touch(100, 30, 110, 50).at(100'000));
  signal.on_book(touch(100, 45, 110, 50).at(100'001));
  signal.clear();
  EXPECT_EQ(signal.gross(), 0);
  signal.on_book(touch(100, 30, 110, 50).at(5));
  EXPECT_EQ(signal.gross(), 0);
  signal.on_book(touch(100, 31, 110, 50).at(6));
  EXPECT_EQ(signal.net(), 1);
}

TEST(OrderFlowImbalance, KnowsWhichOptionsItTakes) {
  EXPECT_TRUE(OrderFlowImbalance::valid(1, MonoNanos{1}));
  EXPECT_FALSE(OrderFlowImbalance::valid(0, MonoNanos{1}));
  EXPECT_FALSE(OrderFlowImbalance::valid(1, MonoNanos{0}));
  EXPECT_TRUE(OrderFlowImbalance::valid(kMaxShownLevels, seconds(86'400)));
  EXPECT_FALSE(OrderFlowImbalance::valid(kMaxShownLevels + 1, seconds(1)));
  EXPECT_FALSE(OrderFlowImbalance::valid(1, kNever));
}

// ---- Random books, against a walk over all that was shown ----

struct Event {
  std::int64_t slot;
  bool sound;
  Levels bids, asks;
};

/// Flow of one side by the definition: (quantity, price) pairs by rank; `up` is +1
/// where a higher price is better.
std::pair<double, double> side_flow(const Levels& before, const Levels& now, int levels,
                                    int up) {
  double net = 0, gross = 0;
  for (std::size_t m = 0; m < static_cast<std::size_t>(levels); ++m) {
    const bool was = m < before.size(), is = m < now.size();
    const double q0 = was ? static_cast<double>(before[m].qty) : 0;
    const double q1 = is ? static_cast<double>(now[m].qty) : 0;
    double flow = q1 - q0;  // the same price, or no level in both
    if (was && is) {
      const double rise =
          up * static_cast<double>(now[m].price.value - before[m].price.value);
      if (rise > 0) flow = q1;
      if (rise < 0) flow = -q0;
    }
    net += flow;
    gross += std::abs(flow);
  }
  return {net, gross};
}

double depth(const Levels& side, int levels) {
  double sum = 0;
  for (std::size_t m = 0; m < side.size() && m < static_cast<std::size_t>(levels); ++m)
    sum += static_cast<double>(side[m].qty);
  return sum;
}

struct RandomMarket {
  explicit RandomMarket(std::uint64_t seed) : random(seed) {
    for (int i = 1; i < 9; ++i) bids[1'000 - i] = asks[1'000 + i] = 100;
  }
  /// One order's change; now and then a side is emptied, or the book crossed.
  Shown step() {
    auto& side = random() % 2 == 0 ? bids : asks;
    const auto offset = static_cast<std::int64_t>(1 + random() % 8);
    const std::int64_t price = 1'000 + (&side == &bids ? -offset : offset);
    if (random() % 3 == 0) {
      side.erase(price);
    } else {
      side[price] = static_cast<Qty>(random() % 500);
    }
    Shown shown;
    for (auto it = bids.rbegin(); it != bids.rend(); ++it)
      shown.bids.push_back({Price{it->first}, it->second, 1});
    for (const auto& [p, qty] : asks) shown.asks.push_back({Price{p}, qty, 1});
    if (random() % 40 == 0) shown.bids.clear();
    if (random() % 40 == 0) shown.asks.clear();
    if (random() % 40 == 0 && !shown.bids.empty()) shown.bids[0].price = Price{1'009};
    return shown;
  }

  std::mt19937_64 random;
  std::map<std::int64_t, Qty> bids, asks;
};

TEST(OrderFlowImbalance, EqualsAWalkOverTheEventsInItsSlots) {
  for (const int levels : {1, 2, 5, 32}) {
    RandomMarket market(static_cast<std::uint64_t>(levels));
    OrderFlowImbalance signal(levels, MonoNanos{6'400});  // slots of 100
    std::vector<Event> events;
    std::int64_t now = 0, latest = 0;
    for (int i = 0; i < 3'000; ++i) {
      now += static_cast<std::int64_t>(market.random() % (i % 500 == 0 ? 20'000 : 120));
      const auto late = static_cast<std::int64_t>(
          market.random() % 30 == 0 ? market.random() % 900 : 0);
      latest = std::max(latest, now - late);
      const Shown shown = market.step();
      const MarketView view = shown.at(now - late);
      signal.on_book(view);
      events.push_back({latest / 100, view.touch.sound(), shown.bids, shown.asks});

      double net = 0, gross = 0, depths = 0, count = 0;
      for (std::size_t k = 0; k < events.size(); ++k) {
        const Event& event = events[k];
        if (!event.sound || event.slot <= latest / 100 - 64) continue;
        depths += depth(event.bids, levels) + depth(event.asks, levels);
        count += 1;
        if (k == 0 || !events[k - 1].sound) continue;
        const auto buy = side_flow(events[k - 1].bids, event.bids, levels, 1);
        const auto sell = side_flow(events[k - 1].asks, event.asks, levels, -1);
        net += buy.first - sell.first;
        gross += buy.second + sell.second;
      }
      ASSERT_EQ(static_cast<double>(signal.net()), net) << levels << " at " << i;
      ASSERT_EQ(static_cast<double>(signal.gross()), gross);
      ASSERT_EQ(static_cast<double>(signal.events()), count);
      const double by_flow = gross == 0 ? 0 : net / gross;
      ASSERT_NEAR(signal.share_of_flow(), by_flow, 1e-12);
      const double by_depth = depths == 0 ? 0 : net / (depths / 2 / count);
      ASSERT_NEAR(signal.share_of_depth(), std::clamp(by_depth, -1.0, 1.0), 1e-12);
      if (events.size() > 400) events.erase(events.begin(), events.begin() + 200);
    }
  }
}

}  // namespace
}  // namespace pyscalp::signal
