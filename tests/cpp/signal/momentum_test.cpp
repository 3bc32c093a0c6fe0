#include "signal/momentum.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace pyscalp::signal {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// A bucket a unit; tight within 1 % of the price; the usual is of 4 seconds.
MomentumOptions options() {
  MomentumOptions options;
  options.bucket = Price{1};
  options.window = seconds(30);
  options.min_trades = 10;
  options.width_max_e9 = 10'000'000;
  options.consolidation = seconds(5);
  options.surge = 3.0;
  options.history = 4;
  options.gain = 2.0;
  options.hold = seconds(5);
  options.failure = seconds(3);
  return options;
}

/// Trades and looks at the book, whose mid is where the last trade was.
struct Market {
  Forecast look(std::int64_t at, Qty bid_qty = 10, Qty ask_qty = 10) {
    now = at;
    MarketView view;
    view.venue_time = UnixNanos{now};
    view.touch = {Price{price - 1}, Price{price + 1}, bid_qty, ask_qty};
    return signal.on_book(view);
  }
  Forecast look() { return look(now); }
  void trade(std::int64_t at, std::int64_t where, Qty qty) {
    now = at;
    price = where;
    signal.on_trade({Price{price}, qty, Side::kBuy, false, UnixNanos{now}});
  }
  /// A trade of 10 every half second from 0, between 1000 and 1003, with most at 1001;
  /// up to before 12 s. The value area is 1000 to 1003 or less.
  void consolidate() {
    constexpr std::int64_t kPrices[] = {1001, 1002, 1001, 1000, 1001, 1003};
    for (int i = 0; i < 24; ++i) {
      trade(i * kSecond / 2, kPrices[i % 6], 10);
      look();
    }
  }

  Momentum signal{options()};
  std::int64_t now = 0;
  std::int64_t price = 1000;
};

constexpr std::int64_t kBreakAt = 12 * kSecond;
/// Three times the usual with what is recent: 10 · 2 a second.
constexpr Qty kSurge = 60;

void expect_nothing(const Forecast& said) {
  EXPECT_EQ(said.expected_move, Price{});
  EXPECT_EQ(said.signal, SignalId::kNone);
  EXPECT_EQ(said.leave, Sides::kNone);
  EXPECT_EQ(said.veto, Sides::kNone);
}

TEST(Momentum, SaysNothingWhileTheRangeHolds) {
  Market market;
  market.consolidate();
  EXPECT_TRUE(market.signal.tight());
  EXPECT_EQ(market.signal.direction(), 0);
  expect_nothing(market.look());
}

TEST(Momentum, ABreakUpOnASurge) {
  Market market;
  market.consolidate();
  market.trade(kBreakAt, 1004, kSurge);
  const Forecast said = market.look();
  EXPECT_EQ(market.signal.direction(), 1);
  // Four buckets, 1000 to 1003, twice.
  EXPECT_EQ(said.expected_move, Price{8});
  EXPECT_EQ(said.signal, SignalId::kMomentum);
  EXPECT_EQ(said.veto, Sides::kShort);
  EXPECT_EQ(said.leave, Sides::kNone);
}

TEST(Momentum, ABreakDownOnASurge) {
  Market market;
  market.consolidate();
  market.trade(kBreakAt, 999, kSurge);
  const Forecast said = market.look();
  EXPECT_EQ(market.signal.direction(), -1);
  EXPECT_EQ(said.expected_move, Price{-8});
  EXPECT_EQ(said.veto, Sides::kLong);
}

TEST(Momentum, TheEdgeItselfIsNoBreak) {
  Market market;
  market.consolidate();
  market.trade(kBreakAt, 1003, kSurge);
  expect_nothing(market.look());
  market.trade(kBreakAt, 1000, kSurge);
  expect_nothing(market.look());
}

TEST(Momentum, NoBreakWithoutASurge) {
  Market market;
  market.consolidate();
  market.trade(kBreakAt, 1004, 49);
  EXPECT_LT(market.signal.relative_volume().factor(), 3.0);
  expect_nothing(market.look());
  // What was traded before it in its window counts too.
  market.trade(kBreakAt, 1005, 20);
  EXPECT_EQ(market.signal.direction(), 1);
}

TEST(Momentum, NoBreakOfARangeThatIsYoung) {
  Market market;
  MomentumOptions patient = options();
  patient.consolidation = seconds(8);
  market.signal = Momentum(patient);
  market.consolidate();
  // Tight from the tenth trade on, seen at 4.5 s.
  market.trade(kBreakAt, 1004, kSurge);
  expect_nothing(market.look());

  Market same;
  patient.consolidation = MonoNanos{kBreakAt - 9 * kSecond / 2};
  same.signal = Momentum(patient);
  same.consolidate();
  same.trade(kBreakAt, 1004, kSurge);
  EXPECT_EQ(same.signal.direction(), 1);
}

TEST(Momentum, NoBreakOfAWideRange) {
  MomentumOptions narrow = options();
  narrow.width_max_e9 = 900'000;  // less than one bucket of 1001
  Market market;
  market.signal = Momentum(narrow);
  market.consolidate();
  EXPECT_FALSE(market.signal.tight());
  market.trade(kBreakAt, 1004, kSurge);
  expect_nothing(market.look());
}

TEST(Momentum, NoBreakOfAFewTrades) {
  MomentumOptions many = options();
  many.min_trades = 25;
  Market market;
  market.signal = Momentum(many);
  market.consolidate();
  market.trade(kBreakAt, 1004, kSurge);
  expect_nothing(market.look());
}

TEST(Momentum, ABreakLivesItsTime) {
  Market market;
  market.consolidate();
  market.trade(kBreakAt, 1004, kSurge);
  EXPECT_EQ(market.look(kBreakAt + 5 * kSecond - 1).expected_move, Price{8});
  expect_nothing(market.look(kBreakAt + 5 * kSecond));
  EXPECT_EQ(market.signal.direction(), 0);
  // What follows has to agree on a range anew, for as long.
  market.trade(kBreakAt + 9 * kSecond, 1010, 1'000);
  expect_nothing(market.look());
}

TEST(Momentum, AFailedBreakIsLeft) {
  Market market;
  market.consolidate();
  market.trade(kBreakAt, 1004, kSurge);
  market.look();
  const std::int64_t edge =
      1003;  // of the value area: 1001 and the pair above it hold 20 of 24
  market.trade(kBreakAt + kSecond, edge + 1, 5);
  EXPECT_EQ(market.look().veto, Sides::kShort);
  market.trade(kBreakAt + 2 * kSecond, edge, 5);
  const Forecast said = market.look();
  EXPECT_EQ(said.leave, Sides::kLong);
  EXPECT_EQ(said.veto, Sides::kNone);
  EXPECT_EQ(said.expected_move, Price{});
  EXPECT_EQ(said.signal, SignalId::kMomentum);
  EXPECT_EQ(market.signal.direction(), 0);
  expect_nothing(market.look());
}

TEST(Momentum, AFailedBreakDownIsLeft) {
  Market market;
  market.consolidate();
  market.trade(kBreakAt, 999, kSurge);
  market.look();
  // The value area is 1001 to 1003: 1000 is still outside it.
  market.trade(kBreakAt + kSecond, 1000, 1);
  EXPECT_EQ(market.look().veto, Sides::kLong);
  market.trade(kBreakAt + 2 * kSecond, 1001, 1);
  EXPECT_EQ(market.look().leave, Sides::kShort);
}

TEST(Momentum, BackInsideLaterIsNoFailure) {
  for (const std::int64_t late : {0, 1}) {
    Market market;
    market.consolidate();
    market.trade(kBreakAt, 1004, kSurge);
    market.look();
    market.trade(kBreakAt + 3 * kSecond + late, 1001, 1);
    const Forecast said = market.look();
    EXPECT_EQ(said.leave, late == 0 ? Sides::kLong : Sides::kNone);
    EXPECT_EQ(said.expected_move, Price{late == 0 ? 0 : 8});
  }
}

TEST(Momentum, ABreakAndItsFailureInOnePacket) {
  Market market;
  market.consolidate();
  market.trade(kBreakAt, 1004, kSurge);
  market.trade(kBreakAt, 1001, 1);
  const Forecast said = market.look();
  EXPECT_EQ(said.leave, Sides::kLong);
  EXPECT_EQ(said.expected_move, Price{});
}

TEST(Momentum, TheBookMayHaveToConfirm) {
  MomentumOptions confirmed = options();
  confirmed.confirm_imbalance = 0.5;
  for (const Qty bid_qty : {29, 30}) {
    Market market;
    market.signal = Momentum(confirmed);
    market.consolidate();
    market.trade(kBreakAt, 1004, kSurge);
    // (30 - 10) / 40 is the half that is asked for.
    const Forecast said = market.look(kBreakAt, bid_qty, 10);
    EXPECT_EQ(said.expected_move, Price{bid_qty == 30 ? 8 : 0});
    // Only the first book after the trade is asked.
    EXPECT_EQ(market.look(kBreakAt + 1, 60 - bid_qty, 10).expected_move,
              Price{bid_qty == 30 ? 8 : 0});
  }
}

TEST(Momentum, WithoutASoundBookTheVetoAloneStands) {
  Market market;
  market.consolidate();
  market.trade(kBreakAt, 1004, kSurge);
  MarketView view;
  view.venue_time = UnixNanos{kBreakAt};
  view.touch = {Price{1003}, kNoPrice, 10, 0};
  const Forecast said = market.signal.on_book(view);
  EXPECT_EQ(said.expected_move, Price{});
  EXPECT_EQ(said.veto, Sides::kShort);
  EXPECT_EQ(market.look().expected_move, Price{8});
}

TEST(Momentum, AGapInTimeEndsAConsolidation) {
  Market market;
  market.consolidate();
  // All trades but this one have left the window.
  market.trade(60 * kSecond, 1004, 1'000);
  expect_nothing(market.look());
  EXPECT_EQ(market.signal.profile().trades(), 1);
}

TEST(Momentum, TimesThatGoBackCountAsTheLatest) {
  Market market;
  market.consolidate();
  market.look(kBreakAt);
  // Stamped before all others, and still within the last second.
  market.trade(1, 1004, kSurge);
  EXPECT_EQ(market.look(2).expected_move, Price{8});
  EXPECT_EQ(market.look(kBreakAt + 5 * kSecond - 1).expected_move, Price{8});
  expect_nothing(market.look(kBreakAt + 5 * kSecond));
}

TEST(Momentum, PassesOverWhatIsNoTrade) {
  Market market;
  market.consolidate();
  const int trades = market.signal.profile().trades();
  market.signal.on_trade({kNoPrice, 1'000, Side::kBuy, false, UnixNanos{kBreakAt}});
  market.signal.on_trade({Price{1004}, 0, Side::kBuy, false, UnixNanos{kBreakAt}});
  market.signal.on_trade({Price{1004}, -5, Side::kBuy, false, UnixNanos{kBreakAt}});
  EXPECT_EQ(market.signal.profile().trades(), trades);
  expect_nothing(market.look());
}

TEST(Momentum, HugePricesAndNegativeOnes) {
  MomentumOptions wide = options();
  wide.gain = 1'000.0;
  wide.bucket = Price{VolumeProfile::kMaxPrice / 2};
  wide.width_max_e9 = VolumeProfile::kWhole;
  Momentum huge(wide);
  for (int i = 0; i < 60; ++i) {
    const UnixNanos at{i * kSecond / 2};
    huge.on_trade({Price{VolumeProfile::kMaxPrice / 2}, 10, Side::kBuy, false, at});
    MarketView view;
    view.venue_time = at;
    huge.on_book(view);
  }
  EXPECT_TRUE(huge.tight());
  huge.on_trade({Price{VolumeProfile::kMaxPrice}, std::numeric_limits<Qty>::max(),
                 Side::kBuy, false, UnixNanos{30 * kSecond}});
  EXPECT_EQ(huge.direction(), 1);
  MarketView view;
  view.venue_time = UnixNanos{30 * kSecond};
  view.touch = {Price{1}, Price{3}, 1, 1};
  EXPECT_EQ(huge.on_book(view).expected_move, Price{std::int64_t{1} << 62});

  Momentum negative(wide);
  for (int i = 0; i < 60; ++i)
    negative.on_trade({Price{-1}, 10, Side::kBuy, false, UnixNanos{i * kSecond / 2}});
  EXPECT_FALSE(negative.tight());
}

TEST(Momentum, ResetStartsANewSession) {
  Market market;
  market.consolidate();
  market.trade(kBreakAt, 1004, kSurge);
  market.trade(kBreakAt, 1001, 1);
  market.signal.reset();
  EXPECT_EQ(market.signal.profile().trades(), 0);
  EXPECT_EQ(market.signal.direction(), 0);
  expect_nothing(market.look(0));
  // As the first time.
  market.consolidate();
  market.trade(kBreakAt, 1004, kSurge);
  EXPECT_EQ(market.look().expected_move, Price{8});
}

TEST(Momentum, ValidWithinItsRangesOnly) {
  EXPECT_TRUE(Momentum::valid(MomentumOptions{}));
  EXPECT_TRUE(Momentum::valid(options()));
  const auto refused = [](auto change) {
    MomentumOptions changed;
    change(changed);
    return !Momentum::valid(changed);
  };
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(refused([](auto& o) { o.bucket = Price{0}; }));
  EXPECT_TRUE(refused([](auto& o) { o.window = MonoNanos{0}; }));
  EXPECT_TRUE(refused([](auto& o) { o.window = seconds(86'401); }));
  EXPECT_TRUE(refused([](auto& o) { o.min_trades = 0; }));
  EXPECT_TRUE(refused([](auto& o) { o.min_trades = VolumeProfile::kMaxTrades + 1; }));
  EXPECT_TRUE(refused([](auto& o) { o.value_share_e9 = 0; }));
  EXPECT_TRUE(refused([](auto& o) { o.value_share_e9 = VolumeProfile::kWhole + 1; }));
  EXPECT_TRUE(refused([](auto& o) { o.width_max_e9 = 0; }));
  EXPECT_TRUE(refused([](auto& o) { o.consolidation = MonoNanos{-1}; }));
  EXPECT_TRUE(refused([](auto& o) { o.surge = 0.0; }));
  EXPECT_TRUE(refused([](auto& o) { o.surge = kNaN; }));
  EXPECT_TRUE(refused([](auto& o) { o.surge_window = MonoNanos{1}; }));
  EXPECT_TRUE(refused([](auto& o) { o.history = 0; }));
  EXPECT_TRUE(refused([](auto& o) { o.day_curve[3] = 0; }));
  EXPECT_TRUE(refused([](auto& o) { o.gain = kNaN; }));
  EXPECT_TRUE(refused([](auto& o) { o.gain = 0.0; }));
  EXPECT_TRUE(refused([](auto& o) { o.hold = MonoNanos{0}; }));
  EXPECT_TRUE(refused([](auto& o) { o.failure = MonoNanos{-1}; }));
  EXPECT_TRUE(refused([](auto& o) { o.confirm_imbalance = 1.5; }));
  EXPECT_TRUE(refused([](auto& o) { o.confirm_imbalance = kNaN; }));
}

}  // namespace
}  // namespace pyscalp::signal
