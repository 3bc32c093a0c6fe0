#include "signal/user_signal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/allocations.hpp"
#include "signal/signal_set.hpp"

namespace pyscalp::signal {
namespace {

/// What the functions below saw, over all states.
struct Seen {
  std::vector<std::string> calls;
  pyscalp_market market{};
  std::vector<pyscalp_level> bids, asks;
  std::vector<pyscalp_trade> trades;
  std::vector<double> parameters;
  const void* state = nullptr;
  pyscalp_forecast say{};
};
Seen seen;

struct State {
  std::int64_t trades;
  bool created;
};

const char* create(void* state, const double* parameters) {
  const std::vector<std::byte> zero(sizeof(State));
  EXPECT_EQ(std::memcmp(state, zero.data(), sizeof(State)), 0);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(state) % 64, 0u);
  seen.calls.emplace_back("create");
  seen.parameters = {parameters[0], parameters[1]};
  seen.state = state;
  if (parameters[1] == 7.0) return "seven is unlucky";
  static_cast<State*>(state)->created = true;
  return nullptr;
}
void destroy(void* state) {
  EXPECT_TRUE(static_cast<State*>(state)->created);
  seen.calls.emplace_back("destroy");
}
void reset(void* state, const double*) {
  static_cast<State*>(state)->trades = 0;
  seen.calls.emplace_back("reset");
}
void on_book(void* state, const double*, const pyscalp_market* market,
             pyscalp_forecast* forecast) {
  EXPECT_EQ(state, seen.state);
  EXPECT_EQ(forecast->expected_move, 0.0);
  EXPECT_EQ(forecast->leave | forecast->veto, 0u);
  seen.market = *market;
  seen.bids.assign(market->bids, market->bids + market->bid_count);
  seen.asks.assign(market->asks, market->asks + market->ask_count);
  *forecast = seen.say;
}
void on_trade(void* state, const double*, const pyscalp_trade* trade) {
  ++static_cast<State*>(state)->trades;
  seen.trades.push_back(*trade);
}

constexpr pyscalp_parameter kParameters[] = {{"free", 2.5, 0, 0}, {"ranged", 1, -1, 8}};

pyscalp_signal plugin() {
  pyscalp_signal plugin{};
  plugin.abi = PYSCALP_SIGNAL_ABI;
  plugin.size = sizeof(pyscalp_signal);
  plugin.name = "test";
  plugin.levels = 2;
  plugin.state_size = sizeof(State);
  plugin.parameters = kParameters;
  plugin.parameter_count = 2;
  plugin.create = create;
  plugin.destroy = destroy;
  plugin.on_book = on_book;
  plugin.on_trade = on_trade;
  return plugin;
}

UserSignalOptions options(const pyscalp_signal& plugin, double ranged = 1.0) {
  UserSignalOptions options;
  options.plugin = &plugin;
  options.parameter_count = 2;
  options.parameters[0] = 2.5;
  options.parameters[1] = ranged;
  return options;
}

struct Book {
  std::vector<book::LevelView> bids{
      {Price{1000}, 60, 2}, {Price{900}, 20, 1}, {Price{800}, 5, 1}};
  std::vector<book::LevelView> asks{{Price{1100}, 20, 1}};
  MarketView view() const {
    MarketView view;
    view.instrument = InstrumentId{9};
    view.now = MonoNanos{77};
    view.venue_time = UnixNanos{66};
    view.touch = {Price{1000}, Price{1100}, 60, 20};
    view.bids = bids;
    view.asks = asks;
    return view;
  }
};

class UserSignalTest : public testing::Test {
 protected:
  void SetUp() override { seen = {}; }
  pyscalp_signal plugin_ = plugin();
  Book book_;
};

TEST_F(UserSignalTest, IsShownTheMarketAsItIs) {
  UserSignal signal(options(plugin_));
  signal.on_book(book_.view());
  const pyscalp_market& m = seen.market;
  EXPECT_EQ(m.size, sizeof(pyscalp_market));
  EXPECT_EQ(m.instrument, 9u);
  EXPECT_EQ(m.now, 77);
  EXPECT_EQ(m.venue_time, 66);
  EXPECT_EQ(m.sound, 1u);
  EXPECT_EQ(m.bid, 1000);
  EXPECT_EQ(m.ask, 1100);
  EXPECT_EQ(m.bid_qty, 60);
  EXPECT_EQ(m.ask_qty, 20);
  EXPECT_EQ(m.mid, 1050);
  EXPECT_EQ(m.microprice, 1075);
  EXPECT_DOUBLE_EQ(m.imbalance, 0.5);
  EXPECT_DOUBLE_EQ(m.depth_imbalance, 0.6) << "of two levels, not of three";
  ASSERT_EQ(seen.bids.size(), 2u);
  EXPECT_EQ(seen.bids[1].price, 900);
  EXPECT_EQ(seen.bids[0].qty, 60);
  EXPECT_EQ(seen.bids[0].orders, 2u);
  ASSERT_EQ(seen.asks.size(), 1u);
  EXPECT_EQ(seen.asks[0].price, 1100);
  EXPECT_EQ(m.last_price, PYSCALP_NO_PRICE);
}

TEST_F(UserSignalTest, AnUnsoundBookHasNoMid) {
  UserSignal signal(options(plugin_));
  MarketView view = book_.view();
  view.touch.bid = Price{1100};
  signal.on_book(view);
  EXPECT_EQ(seen.market.sound, 0u);
  EXPECT_EQ(seen.market.bid, 1100);
  EXPECT_EQ(seen.market.mid, PYSCALP_NO_PRICE);
  EXPECT_EQ(seen.market.microprice, PYSCALP_NO_PRICE);
  EXPECT_EQ(seen.market.imbalance, 0.0);
  EXPECT_EQ(seen.market.depth_imbalance, 0.0);
}

TEST_F(UserSignalTest, CountsTradesFromCallToCall) {
  UserSignal signal(options(plugin_));
  signal.on_trade({Price{1100}, 5, Side::kBuy, false, UnixNanos{1}});
  signal.on_trade({Price{1000}, 7, Side::kSell, false, UnixNanos{2}});
  signal.on_trade({Price{1050}, 100, Side::kBuy, true, UnixNanos{3}});
  signal.on_trade({Price{1000}, 1, Side::kSell, false, UnixNanos{4}});
  signal.on_book(book_.view());
  EXPECT_EQ(seen.market.trades, 4);
  EXPECT_EQ(seen.market.buy_qty, 5);
  EXPECT_EQ(seen.market.sell_qty, 8);
  EXPECT_EQ(seen.market.hidden_qty, 100);
  EXPECT_EQ(seen.market.last_price, 1000);
  ASSERT_EQ(seen.trades.size(), 4u);
  EXPECT_EQ(seen.trades[0].side, 1);
  EXPECT_EQ(seen.trades[1].side, -1);
  EXPECT_EQ(seen.trades[2].side, 0);
  EXPECT_EQ(seen.trades[2].qty, 100);
  EXPECT_EQ(seen.trades[2].price, 1050);
  EXPECT_EQ(seen.trades[2].venue_time, 3);

  signal.on_book(book_.view());
  EXPECT_EQ(seen.market.trades, 0);
  EXPECT_EQ(seen.market.buy_qty + seen.market.sell_qty + seen.market.hidden_qty, 0);
  EXPECT_EQ(seen.market.last_price, 1000);
}

TEST_F(UserSignalTest, SaysWhatThePluginSays) {
  UserSignal signal(options(plugin_));
  EXPECT_EQ(signal.on_book(book_.view()).signal, SignalId::kNone);
  seen.say = {-12.6, PYSCALP_LONG, PYSCALP_SHORT | 0xF0u};
  const Forecast forecast = signal.on_book(book_.view());
  EXPECT_EQ(forecast.expected_move, Price{-13});
  EXPECT_EQ(forecast.signal, SignalId::kUser);
  EXPECT_EQ(forecast.leave, Sides::kLong);
  EXPECT_EQ(forecast.veto, Sides::kShort) << "bits that mean nothing are passed over";
  seen.say = {0.0, 0, PYSCALP_LONG};
  EXPECT_EQ(signal.on_book(book_.view()).signal, SignalId::kUser);
}

TEST_F(UserSignalTest, WhatIsNotFiniteIsNoOpinionAndCounted) {
  UserSignal signal(options(plugin_));
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double move : {std::nan(""), kInfinity, -kInfinity}) {
    seen.say.expected_move = move;
    EXPECT_EQ(signal.on_book(book_.view()).expected_move, Price{});
  }
  seen.say.expected_move = 1e300;
  EXPECT_EQ(signal.on_book(book_.view()).expected_move, Price{std::int64_t{1} << 62});
  EXPECT_EQ(signal.not_finite(), 3u);
  EXPECT_EQ(signal.calls(), 4u);
}

TEST_F(UserSignalTest, CreatesAndDestroysOnceWhereverItMoves) {
  {
    UserSignal signal(options(plugin_));
    UserSignal moved(std::move(signal));
    moved.on_book(book_.view());
    EXPECT_EQ(seen.calls, (std::vector<std::string>{"create"}));
    EXPECT_EQ(seen.parameters, (std::vector<double>{2.5, 1.0}));
    EXPECT_EQ(signal.on_book(book_.view()).signal, SignalId::kNone);
  }
  EXPECT_EQ(seen.calls, (std::vector<std::string>{"create", "destroy"}));
}

TEST_F(UserSignalTest, ANewSessionStartsAnew) {
  {
    UserSignal signal(options(plugin_));
    signal.on_trade({Price{1100}, 5, Side::kBuy, false, {}});
    signal.reset();
    signal.on_book(book_.view());
    EXPECT_EQ(seen.market.trades, 0);
    EXPECT_EQ(seen.market.last_price, PYSCALP_NO_PRICE);
    EXPECT_EQ(seen.calls, (std::vector<std::string>{"create", "destroy", "create"}));
  }
  seen = {};
  plugin_.reset = reset;
  UserSignal signal(options(plugin_));
  signal.on_trade({Price{1100}, 5, Side::kBuy, false, {}});
  signal.reset();
  signal.on_book(book_.view());
  EXPECT_EQ(seen.market.trades, 0);
  EXPECT_EQ(seen.market.last_price, PYSCALP_NO_PRICE);
  EXPECT_EQ(seen.calls, (std::vector<std::string>{"create", "reset"}));
}

TEST_F(UserSignalTest, ARefusalIsKeptAndNothingIsCalled) {
  {
    UserSignal signal(options(plugin_, 7.0));
    ASSERT_NE(signal.refusal(), nullptr);
    EXPECT_STREQ(signal.refusal(), "seven is unlucky");
    signal.on_trade({Price{1100}, 5, Side::kBuy, false, {}});
    EXPECT_EQ(signal.on_book(book_.view()).signal, SignalId::kNone);
    signal.reset();
  }
  EXPECT_EQ(seen.calls, (std::vector<std::string>{"create"}));
  EXPECT_TRUE(seen.trades.empty());
}

TEST_F(UserSignalTest, OnBookAloneIsASignal) {
  plugin_.create = nullptr;
  plugin_.destroy = nullptr;
  plugin_.on_trade = nullptr;
  plugin_.on_book = [](void* state, const double*, const pyscalp_market*,
                       pyscalp_forecast* forecast) {
    forecast->expected_move = static_cast<double>(++static_cast<State*>(state)->trades);
  };
  UserSignal signal(options(plugin_));
  signal.on_trade({Price{1100}, 5, Side::kBuy, false, {}});
  EXPECT_EQ(signal.on_book(book_.view()).expected_move, Price{1});
  EXPECT_EQ(signal.on_book(book_.view()).expected_move, Price{2});
  signal.reset();
  EXPECT_EQ(signal.on_book(book_.view()).expected_move, Price{1});
}

TEST_F(UserSignalTest, EachInstrumentHasAStateOfItsOwn) {
  plugin_.create = nullptr;
  plugin_.destroy = nullptr;
  plugin_.on_book = [](void* state, const double*, const pyscalp_market*,
                       pyscalp_forecast* forecast) {
    forecast->expected_move = static_cast<double>(static_cast<State*>(state)->trades);
  };
  UserSignal one(options(plugin_));
  UserSignal other(options(plugin_));
  one.on_trade({Price{1100}, 5, Side::kBuy, false, {}});
  EXPECT_EQ(one.on_book(book_.view()).expected_move, Price{1});
  EXPECT_EQ(other.on_book(book_.view()).expected_move, Price{0});
}

TEST_F(UserSignalTest, NamesWhatIsWrong) {
  EXPECT_EQ(UserSignal::fault(options(plugin_)), nullptr);
  EXPECT_STREQ(UserSignal::fault({}), "it has not been loaded");
  const auto fault = [&](auto&& change) -> std::string {
    pyscalp_signal wrong = plugin();
    UserSignalOptions given = options(wrong);
    change(wrong, given);
    const char* found = UserSignal::fault(given);
    return found == nullptr ? "" : found;
  };
  EXPECT_NE(fault([](auto& p, auto&) { p.abi = 2; }), "");
  EXPECT_NE(fault([](auto& p, auto&) { p.size -= 8; }), "");
  EXPECT_EQ(fault([](auto& p, auto&) { p.size += 8; }), "") << "a newer header's";
  EXPECT_NE(fault([](auto& p, auto&) { p.name = nullptr; }), "");
  EXPECT_NE(fault([](auto& p, auto&) { p.on_book = nullptr; }), "");
  EXPECT_NE(fault([](auto& p, auto&) { p.levels = 0; }), "");
  EXPECT_NE(fault([](auto& p, auto&) { p.levels = 33; }), "");
  EXPECT_NE(fault([](auto& p, auto&) { p.state_size = PYSCALP_STATE_MAX + 1; }), "");
  EXPECT_NE(fault([](auto& p, auto&) { p.parameter_count = 65; }), "");
  EXPECT_NE(fault([](auto& p, auto&) { p.parameters = nullptr; }), "");
  EXPECT_NE(fault([](auto&, auto& o) { o.parameter_count = 1; }), "");
  EXPECT_NE(fault([](auto&, auto& o) { o.parameters[0] = std::nan(""); }), "");
  EXPECT_NE(fault([](auto&, auto& o) { o.parameters[1] = 8.5; }), "");
  EXPECT_EQ(fault([](auto&, auto& o) { o.parameters[1] = 8.0; }), "");
  EXPECT_EQ(fault([](auto&, auto& o) { o.parameters[0] = -1e9; }), "") << "free";
}

TEST_F(UserSignalTest, AllocatesAtConstructionAlone) {
  plugin_.create = nullptr;
  plugin_.destroy = nullptr;
  plugin_.on_trade = nullptr;
  plugin_.on_book = [](void*, const double*, const pyscalp_market* market,
                       pyscalp_forecast* forecast) {
    forecast->expected_move = static_cast<double>(market->buy_qty);
  };
  SignalSet::Options choice;
  choice.of<UserSignal>() = {true, options(plugin_)};
  SignalSet signals(choice);
  const std::uint64_t before = allocations_of_this_thread();
  for (int i = 0; i < 100; ++i) {
    signals.on_trade({Price{1100}, i + 1, Side::kBuy, false, {}});
    EXPECT_EQ(signals.on_book(book_.view()).expected_move, Price{i + 1});
  }
  signals.reset();
  EXPECT_EQ(allocations_of_this_thread(), before);
}

}  // namespace
}  // namespace pyscalp::signal
