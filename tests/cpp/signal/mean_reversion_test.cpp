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
  void trade(std::int64_t price, Qty qty) { trade_at(0, price, qty); }
  void trade_at(std::int64_t now, std::int64_t price, Qty qty) {
    signal.on_trade(Trade{Price{price}, qty, Side::kBuy, false, UnixNanos{now}});
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

/// A rolling VWAP alone over the last 640 ns, in slots of 10.
MeanReversionOptions rolling_only() {
  MeanReversionOptions chosen = options();
  chosen.use_vwap = chosen.use_bollinger = false;
  chosen.use_rolling_vwap = true;
  chosen.vwap_window = MonoNanos{640};
  return chosen;
}

TEST(MeanReversion, TheRollingVwapForgetsWhatIsOld) {
  Market market(rolling_only());
  market.trade_at(0, 1995, 50);
  market.trade_at(0, 2005, 50);
  market.fill_window();
  EXPECT_EQ(market.mid(400, 1900).expected_move, Price{100}) << "to 2000, limit 1985";
  market.trade_at(500, 995, 50);
  market.trade_at(501, 1005, 50);
  EXPECT_EQ(market.mid(510, 984).expected_move, Price{}) << "both lots: sigma is 500";
  // From 640 on the first lot is gone: 1000 with a deviation of 5.
  EXPECT_EQ(market.mid(639, 984).expected_move, Price{});
  EXPECT_EQ(market.mid(640, 984).expected_move, Price{16});
  EXPECT_EQ(market.mid(641, 1016).expected_move, Price{-16});
  EXPECT_EQ(market.mid(642, 1015).expected_move, Price{});
  EXPECT_EQ(market.signal.rolling().vwap(), 1000.0);
  EXPECT_EQ(market.signal.rolling().sigma(), 5.0);
  EXPECT_EQ(market.signal.session().vwap(), 1500.0) << "the session's is kept as well";
}

TEST(MeanReversion, AnEmptyRollingVwapHasNoOpinion) {
  MeanReversionOptions any_way = rolling_only();
  any_way.efficiency_max = 1.0;
  Market market(any_way);
  market.trade_session();
  market.fill_window();
  EXPECT_EQ(market.mid(639, 900).expected_move, Price{100});
  EXPECT_EQ(market.mid(640, 900).expected_move, Price{});
}

TEST(MeanReversion, EveryChosenBandMustAgree) {
  const auto moves = [](bool session, bool rolling, bool bollinger) {
    MeanReversionOptions chosen = options();
    chosen.use_vwap = session;
    chosen.use_rolling_vwap = rolling;
    chosen.use_bollinger = bollinger;
    chosen.vwap_window = MonoNanos{640};
    Market market(chosen);
    market.trade_session();
    market.fill_window();
    // The session from now on: 995 ± 18.5. The rolling VWAP from 640 on: 990 ± 3.
    market.trade_at(690, 989, 50);
    market.trade_at(690, 991, 50);
    market.mid(700, 995);
    std::vector<std::int64_t> said;
    for (const std::int64_t mid : {1'010, 1'040, 980, 900})
      said.push_back(market.mid(701, mid).expected_move.value);
    return said;
  };
  using Moves = std::vector<std::int64_t>;
  EXPECT_EQ(moves(true, false, false), (Moves{0, -45, 0, 95}));
  EXPECT_EQ(moves(false, true, false), (Moves{-20, -50, 10, 90}));
  EXPECT_EQ(moves(true, true, false), (Moves{0, -50, 0, 90})) << "to the rolling VWAP";
  EXPECT_EQ(moves(false, true, true), (Moves{0, 0, 0, 0})) << "all closes are 1010";
}

TEST(MeanReversion, TheVarianceRatioTellsASidewaysMarketToo) {
  MeanReversionOptions by_variance = options();
  by_variance.regime = Regime::kVarianceRatio;
  by_variance.variance_step = 2;
  by_variance.variance_ratio_max = 0.5;
  // Steps 20 -20 20 around a mean of 20/3: turns back at once.
  Market turning = ready(by_variance);
  EXPECT_LT(turning.mid(400, 1040).expected_move, Price{});
  EXPECT_TRUE(turning.signal.sideways());
  EXPECT_DOUBLE_EQ(turning.signal.variance_ratio(), 0.5);

  const auto slow = [](MeanReversionOptions chosen) {
    chosen.bars = 8;
    chosen.variance_step = 2;
    Market market(chosen);
    market.trade_session();
    // Two ways of four bars each: they end where they began, on paths that persist.
    constexpr std::array<std::int64_t, 8> kWay{1000, 1010, 1020, 1030,
                                               1020, 1010, 1000, 1000};
    for (std::size_t i = 0; i < kWay.size(); ++i)
      market.mid(static_cast<std::int64_t>(i) * kBar, kWay[i]);
    market.mid(800, 1000);
    return market.signal;
  };
  MeanReversionOptions chosen = options();
  chosen.variance_ratio_max = 1.0;
  EXPECT_TRUE(slow(chosen).sideways()) << "an efficiency of 0";
  chosen.regime = Regime::kVarianceRatio;
  EXPECT_FALSE(slow(chosen).sideways());
  EXPECT_GT(slow(chosen).variance_ratio(), 1.0);
  chosen.regime = Regime::kBoth;
  EXPECT_FALSE(slow(chosen).sideways());
  chosen.variance_ratio_max = 2.0;
  EXPECT_TRUE(slow(chosen).sideways());
  chosen.efficiency_max = 0.0;
  EXPECT_TRUE(slow(chosen).sideways());
  chosen.variance_ratio_max = slow(chosen).variance_ratio();
  EXPECT_TRUE(slow(chosen).sideways()) << "the limit itself counts";
}

TEST(MeanReversion, BothMeasuresMustFindItSideways) {
  MeanReversionOptions both = options();
  both.regime = Regime::kBoth;
  both.variance_step = 2;
  EXPECT_TRUE(ready(both).signal.options().regime == Regime::kBoth);
  Market market = ready(both);
  market.mid(400, 1000);
  EXPECT_TRUE(market.signal.sideways());
  both.efficiency_max = 0.3;  // it is 1/3
  Market trending = ready(both);
  trending.mid(400, 1000);
  EXPECT_FALSE(trending.signal.sideways());
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
  EXPECT_FALSE(refused([](O& o) {
    o.use_vwap = o.use_bollinger = false;
    o.use_rolling_vwap = true;
  }));
  EXPECT_TRUE(refused([](O& o) { o.vwap_window = MonoNanos{0}; }));
  EXPECT_TRUE(refused([](O& o) { o.vwap_window = kNever; }));
  for (const Regime regime : {Regime::kVarianceRatio, Regime::kBoth}) {
    for (const int step : {0, 1, 3})
      EXPECT_TRUE(refused([=](O& o) {
        o.regime = regime;
        o.variance_step = step;
      })) << step;
    for (const double max : {-0.1, kNan})
      EXPECT_TRUE(refused([=](O& o) {
        o.regime = regime;
        o.variance_step = 2;
        o.variance_ratio_max = max;
      })) << max;
  }
  EXPECT_FALSE(refused([](O& o) { o.variance_step = 0; })) << "not asked for";
}

}  // namespace
}  // namespace pyscalp::signal
