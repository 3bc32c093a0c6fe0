#include "signal/mean_reversion.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace pyscalp::signal {
namespace {

constexpr std::int64_t kBar = 100;
// Bar closes of mean 1000 and deviation 10 that go from 990 to 1010 in steps of 20: an
// efficiency ratio of 20 / 60. With k = 3 the bands are 970 and 1030.
constexpr std::array<std::int64_t, 4> kCloses{990, 1010, 990, 1010};

MeanReversionOptions options() {
  MeanReversionOptions options;
  options.k_sigma = 3.0;
  options.bars = 4;
  options.bar = MonoNanos{kBar};
  options.efficiency_max = 0.5;
  options.min_trades = 2;
  return options;
}

MarketView view_of(std::int64_t now, std::int64_t bid, std::int64_t ask) {
  MarketView view;
  view.venue_time = UnixNanos{now};
  view.touch = {Price{bid}, Price{ask}, 100, 100};
  return view;
}

/// A signal and a market whose spread is 2.
struct Market {
  explicit Market(const MeanReversionOptions& chosen = options()) : signal(chosen) {}

  MeanReversion signal;

  Forecast mid(std::int64_t now, std::int64_t price) {
    return signal.on_book(view_of(now, price - 1, price + 1));
  }
  void trade(std::int64_t price, Qty qty) {
    signal.on_trade(Trade{Price{price}, qty, Side::kBuy, false});
  }
  /// A session whose vwap is 1000 and deviation 5: limits of 985 and 1015 with k = 3.
  void trade_session() {
    trade(995, 50);
    trade(1005, 50);
  }
  /// Four bars that close at kCloses; the next bar starts at 400.
  void fill_window() {
    for (std::size_t i = 0; i < kCloses.size(); ++i)
      EXPECT_EQ(mid(static_cast<std::int64_t>(i) * kBar, kCloses[i]).expected_move,
                Price{});
  }
};

Market ready(const MeanReversionOptions& chosen = options()) {
  Market market(chosen);
  market.trade_session();
  market.fill_window();
  return market;
}

TEST(MeanReversion, ExpectsThePriceToReturnToTheBollingerMean) {
  Market market = ready();
  const Forecast down = market.mid(400, 1031);
  EXPECT_EQ(down.expected_move, Price{-31});
  EXPECT_EQ(down.signal, SignalId::kMeanReversion);
  const Forecast up = market.mid(401, 960);
  EXPECT_EQ(up.expected_move, Price{40});
  EXPECT_EQ(up.signal, SignalId::kMeanReversion);
  EXPECT_EQ(market.mid(402, 1000).signal, SignalId::kNone);
}

TEST(MeanReversion, ShowsWhatItComputed) {
  Market market = ready();
  market.mid(400, 1000);
  EXPECT_EQ(market.signal.session().vwap(), 1000.0);
  EXPECT_EQ(market.signal.session().sigma(), 5.0);
  EXPECT_EQ(market.signal.closes().mean(), 1000.0);
  EXPECT_EQ(market.signal.closes().sigma(), 10.0);
  EXPECT_EQ(market.signal.bollinger_lower(), 970.0);
  EXPECT_EQ(market.signal.bollinger_upper(), 1030.0);
  EXPECT_DOUBLE_EQ(market.signal.closes().efficiency_ratio(), 1.0 / 3.0);
  EXPECT_TRUE(market.signal.sideways());
}

TEST(MeanReversion, OnTheBandIsNotBeyondIt) {
  Market market = ready();
  EXPECT_EQ(market.mid(400, 1030).expected_move, Price{});
  EXPECT_EQ(market.mid(400, 970).expected_move, Price{});
  EXPECT_EQ(market.mid(400, 969).expected_move, Price{31});
}

TEST(MeanReversion, OnTheVwapLimitIsNotBeyondIt) {
  MeanReversionOptions vwap_only = options();
  vwap_only.use_bollinger = false;
  Market market = ready(vwap_only);
  EXPECT_EQ(market.mid(400, 1015).expected_move, Price{});
  EXPECT_EQ(market.mid(400, 1016).expected_move, Price{-16});
  EXPECT_EQ(market.mid(400, 985).expected_move, Price{});
  EXPECT_EQ(market.mid(400, 984).expected_move, Price{16});
}

TEST(MeanReversion, NeedsBothOnTheSameSide) {
  Market inside_vwap;
  inside_vwap.trade(900, 50);
  inside_vwap.trade(1100, 50);
  inside_vwap.fill_window();
  EXPECT_EQ(inside_vwap.mid(400, 1040).expected_move, Price{});

  Market opposite;  // the day traded far above
  opposite.trade(1195, 50);
  opposite.trade(1205, 50);
  opposite.fill_window();
  EXPECT_EQ(opposite.mid(400, 1040).expected_move, Price{}) << "above one, below other";
  EXPECT_EQ(opposite.mid(401, 960).expected_move, Price{40});
}

TEST(MeanReversion, EitherConditionCanBeLeftOut) {
  MeanReversionOptions bollinger_only = options();
  bollinger_only.use_vwap = false;
  bollinger_only.min_trades = 0;
  Market bands(bollinger_only);
  bands.fill_window();
  EXPECT_EQ(bands.mid(400, 1031).expected_move, Price{-31});

  MeanReversionOptions vwap_only = options();
  vwap_only.use_bollinger = false;
  Market vwap(vwap_only);
  vwap.trade(1002, 1);
  vwap.trade(1003, 1);
  vwap.fill_window();
  EXPECT_EQ(vwap.mid(400, 1010).expected_move, Price{-8}) << "-7.5 to the vwap";
}

TEST(MeanReversion, WaitsForAFullWindow) {
  Market market;
  market.trade_session();
  market.fill_window();
  EXPECT_EQ(market.mid(399, 1060).expected_move, Price{}) << "three bars are complete";
  Market later = ready();
  EXPECT_NE(later.mid(400, 1060).expected_move, Price{});
}

TEST(MeanReversion, WaitsForEnoughTrades) {
  Market market;
  market.trade(995, 50);
  market.fill_window();
  EXPECT_EQ(market.mid(400, 1040).expected_move, Price{});
  market.trade(1005, 50);
  EXPECT_EQ(market.mid(401, 1040).expected_move, Price{-40});
}

TEST(MeanReversion, TradesOnlyWhileTheMarketGoesSideways) {
  MeanReversionOptions at_edge = options();
  at_edge.efficiency_max = 1.0 / 3.0;
  EXPECT_EQ(ready(at_edge).mid(400, 1040).expected_move, Price{-40});
  at_edge.efficiency_max = std::nextafter(1.0 / 3.0, 0.0);
  EXPECT_EQ(ready(at_edge).mid(400, 1040).expected_move, Price{});

  Market trending;
  trending.trade_session();
  for (int i = 0; i < 4; ++i) trending.mid(i * kBar, 1000 + i);
  EXPECT_EQ(trending.mid(400, 1200).expected_move, Price{});
  EXPECT_FALSE(trending.signal.sideways());
  EXPECT_EQ(trending.signal.closes().efficiency_ratio(), 1.0);
}

TEST(MeanReversion, NoVarianceNoOpinion) {
  Market still_bars;
  still_bars.trade_session();
  for (int i = 0; i < 4; ++i) still_bars.mid(i * kBar, 1000);
  EXPECT_EQ(still_bars.mid(400, 1100).expected_move, Price{});
  EXPECT_TRUE(still_bars.signal.sideways());

  Market still_trades;
  still_trades.trade(1000, 10);
  still_trades.trade(1000, 10);
  still_trades.fill_window();
  EXPECT_EQ(still_trades.mid(400, 1100).expected_move, Price{});
}

TEST(MeanReversion, AnUnsoundBookHasNoOpinionAndItsBarsCarryOver) {
  const MarketView one_sided = view_of(400, 1039, kNoPrice.value);
  const MarketView locked = view_of(401, 1040, 1040);
  const MarketView crossed = view_of(402, 1042, 1040);
  Market market = ready();
  for (const MarketView& view : {one_sided, locked, crossed})
    EXPECT_EQ(market.signal.on_book(view).expected_move, Price{});
  EXPECT_EQ(market.signal.closes().price(3), Price{1010})
      << "the bar before has closed";
  // Bars go on at the last sound mid: 990 1010 1010 1010 in time 500.
  MarketView empty = view_of(500, kNoPrice.value, kNoPrice.value);
  EXPECT_EQ(market.signal.on_book(empty).expected_move, Price{});
  EXPECT_EQ(market.signal.closes().price(3), Price{1010});
  EXPECT_EQ(market.signal.closes().price(0), Price{1010});
  EXPECT_EQ(market.signal.closes().price(1), Price{990});
}

TEST(MeanReversion, AGapOfManyBarsLeavesNoVariance) {
  Market market = ready();
  EXPECT_EQ(market.mid(86'400'000'000'000, 1040).expected_move, Price{});
  EXPECT_EQ(market.signal.closes().sigma(), 0.0);
  EXPECT_EQ(market.signal.closes().mean(), 1010.0);
}

TEST(MeanReversion, AnEarlierTimeIsTakenAsNow) {
  Market market = ready();
  EXPECT_EQ(market.mid(400, 1000).expected_move, Price{});
  EXPECT_EQ(market.mid(50, 1031).expected_move, Price{-31});
  EXPECT_EQ(market.mid(0, 1000).expected_move, Price{});
  EXPECT_EQ(market.signal.closes().price(3), Price{1010});
}

TEST(MeanReversion, AnImpossibleTradeSilencesItUntilTheNextSession) {
  Market market = ready();
  market.trade(std::int64_t{1} << 61, 1'000'000'000);
  EXPECT_EQ(market.mid(400, 1040).expected_move, Price{});
  market.signal.reset();
  market.trade_session();
  market.fill_window();
  EXPECT_EQ(market.mid(400, 1040).expected_move, Price{-40});
}

TEST(MeanReversion, ResetForgetsTheSession) {
  Market market = ready();
  market.mid(400, 1000);
  market.signal.reset();
  EXPECT_EQ(market.signal.session().trades(), 0);
  EXPECT_EQ(market.signal.closes().count(), 0);
  EXPECT_FALSE(market.signal.sideways());
  EXPECT_EQ(market.mid(401, 1060).expected_move, Price{});
}

TEST(MeanReversion, ValidatesEveryOption) {
  EXPECT_TRUE(MeanReversion::valid(MeanReversionOptions{}));
  EXPECT_TRUE(MeanReversion::valid(options()));
  const auto refused = [](auto change) {
    MeanReversionOptions changed = options();
    change(changed);
    return !MeanReversion::valid(changed);
  };
  using O = MeanReversionOptions;
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  for (const double k : {0.0, -1.0, kNan, kInf})
    EXPECT_TRUE(refused([k](O& o) { o.k_sigma = k; })) << k;
  for (const int bars : {-1, 0, 1, kMaxBars + 1})
    EXPECT_TRUE(refused([bars](O& o) { o.bars = bars; })) << bars;
  EXPECT_FALSE(refused([](O& o) { o.bars = kMaxBars; }));
  EXPECT_TRUE(refused([](O& o) { o.bar = MonoNanos{0}; }));
  for (const double max : {-0.1, 1.1, kNan})
    EXPECT_TRUE(refused([max](O& o) { o.efficiency_max = max; })) << max;
  EXPECT_TRUE(refused([](O& o) { o.min_trades = -1; }));
  EXPECT_TRUE(refused([](O& o) { o.use_vwap = o.use_bollinger = false; }));
}

}  // namespace
}  // namespace pyscalp::signal
