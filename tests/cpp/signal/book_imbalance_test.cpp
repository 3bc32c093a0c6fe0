#include "signal/book_imbalance.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace pyscalp::signal {
namespace {

BookImbalanceOptions options(int levels = 1) {
  BookImbalanceOptions options;
  options.threshold = 0.6;
  options.levels = levels;
  options.persistence = MonoNanos{50};
  options.horizon_gain = 1.0;
  return options;
}

/// Bid 1000, ask 1100, so that microprice - mid is 50 · imbalance of the touch.
MarketView view_of(std::int64_t now, Qty bid_qty, Qty ask_qty) {
  MarketView view;
  view.venue_time = UnixNanos{now};
  view.touch = {Price{1000}, Price{1100}, bid_qty, ask_qty};
  return view;
}

/// One level a side; valid until the next call.
MarketView with_depth(MarketView view, Qty bid_depth, Qty ask_depth) {
  static book::LevelView levels[2];
  levels[0] = {view.touch.bid, bid_depth, 1};
  levels[1] = {view.touch.ask, ask_depth, 1};
  view.bids = {&levels[0], 1};
  view.asks = {&levels[1], 1};
  return view;
}

TEST(BookImbalance, ExpectsTheMidToFollowTheLargerSide) {
  BookImbalance buyers(options());
  EXPECT_EQ(buyers.on_book(view_of(0, 90, 10)).expected_move, Price{});
  const Forecast up = buyers.on_book(view_of(60, 90, 10));
  EXPECT_EQ(up.expected_move, Price{40});
  EXPECT_EQ(up.signal, SignalId::kBookImbalance);
  EXPECT_DOUBLE_EQ(buyers.imbalance(), 0.8);

  BookImbalance sellers(options());
  sellers.on_book(view_of(0, 10, 90));
  EXPECT_EQ(sellers.on_book(view_of(60, 10, 90)).expected_move, Price{-40});
  EXPECT_EQ(sellers.side(), -1);
}

TEST(BookImbalance, PersistsAtExactlyTheDuration) {
  BookImbalance signal(options());
  signal.on_book(view_of(1000, 90, 10));
  EXPECT_EQ(signal.on_book(view_of(1049, 90, 10)).signal, SignalId::kNone);
  EXPECT_EQ(signal.held(), MonoNanos{49});
  EXPECT_EQ(signal.on_book(view_of(1050, 90, 10)).signal, SignalId::kBookImbalance);
  EXPECT_EQ(signal.held(), MonoNanos{50});
  EXPECT_EQ(signal.on_book(view_of(1051, 95, 10)).signal, SignalId::kBookImbalance);
}

TEST(BookImbalance, NoPersistenceSpeaksAtOnce) {
  BookImbalanceOptions at_once = options();
  at_once.persistence = MonoNanos{0};
  BookImbalance signal(at_once);
  EXPECT_EQ(signal.on_book(view_of(7, 90, 10)).expected_move, Price{40});
}

TEST(BookImbalance, TheThresholdItselfCounts) {
  BookImbalance at(options());
  at.on_book(view_of(0, 80, 20));
  EXPECT_EQ(at.on_book(view_of(50, 80, 20)).expected_move, Price{30});
  EXPECT_EQ(at.on_book(view_of(51, 20, 80)).expected_move, Price{});
  EXPECT_EQ(at.on_book(view_of(101, 20, 80)).expected_move, Price{-30});

  BookImbalance below(options());
  below.on_book(view_of(0, 79'999, 20'001));
  EXPECT_EQ(below.on_book(view_of(500, 79'999, 20'001)).expected_move, Price{});
  EXPECT_EQ(below.side(), 0);
  EXPECT_EQ(below.held(), MonoNanos{0});
}

TEST(BookImbalance, FallingBelowOnceStartsTheWaitAnew) {
  BookImbalance signal(options());
  signal.on_book(view_of(0, 90, 10));
  signal.on_book(view_of(40, 50, 50));
  signal.on_book(view_of(41, 90, 10));
  EXPECT_EQ(signal.on_book(view_of(90, 90, 10)).signal, SignalId::kNone);
  EXPECT_EQ(signal.on_book(view_of(91, 90, 10)).signal, SignalId::kBookImbalance);
}

TEST(BookImbalance, ChangingSidesStartsTheWaitAnew) {
  BookImbalance signal(options());
  signal.on_book(view_of(0, 90, 10));
  EXPECT_EQ(signal.on_book(view_of(60, 10, 90)).signal, SignalId::kNone);
  EXPECT_EQ(signal.on_book(view_of(109, 10, 90)).signal, SignalId::kNone);
  EXPECT_EQ(signal.on_book(view_of(110, 10, 90)).expected_move, Price{-40});
}

TEST(BookImbalance, AnUnsoundBookEndsIt) {
  for (const auto& [bid, ask] :
       {std::pair{Price{1000}, kNoPrice}, std::pair{kNoPrice, Price{1100}},
        std::pair{kNoPrice, kNoPrice}, std::pair{Price{1100}, Price{1100}},
        std::pair{Price{1200}, Price{1100}}}) {
    BookImbalance signal(options());
    signal.on_book(view_of(0, 90, 10));
    MarketView unsound = view_of(60, 90, 10);
    unsound.touch.bid = bid;
    unsound.touch.ask = ask;
    EXPECT_EQ(signal.on_book(unsound).signal, SignalId::kNone);
    EXPECT_EQ(signal.imbalance(), 0.0);
    EXPECT_EQ(signal.on_book(view_of(61, 90, 10)).signal, SignalId::kNone);
    EXPECT_EQ(signal.on_book(view_of(111, 90, 10)).signal, SignalId::kBookImbalance);
  }
}

TEST(BookImbalance, MoreLevelsReadTheDepth) {
  BookImbalance signal(options(5));
  const auto book = [](std::int64_t now) {
    return with_depth(view_of(now, 60, 40), 900, 100);
  };
  signal.on_book(book(0));
  EXPECT_DOUBLE_EQ(signal.imbalance(), 0.8);
  EXPECT_EQ(signal.on_book(book(50)).expected_move, Price{10}) << "of the microprice";
  BookImbalance touch(options(1));
  touch.on_book(book(0));
  EXPECT_EQ(touch.on_book(book(50)).signal, SignalId::kNone);
}

TEST(BookImbalance, TheTouchCanBeNamed) {
  BookImbalanceOptions named = options(5);
  named.measure = ImbalanceMeasure::kTouch;
  BookImbalance signal(named);
  signal.on_book(with_depth(view_of(0, 60, 40), 900, 100));
  EXPECT_DOUBLE_EQ(signal.imbalance(), 0.2);
}

TEST(BookImbalance, WeighsLevelsByTheirDistanceInTicks) {
  BookImbalanceOptions weighted = options(3);
  weighted.measure = ImbalanceMeasure::kWeighted;
  const std::array<book::LevelView, 4> bids{{{Price{1000}, 100, 1},
                                             {Price{990}, 60, 1},
                                             {Price{965}, 90, 1},
                                             {Price{960}, 1'000, 1}}};
  const std::array<book::LevelView, 2> asks{
      {{Price{1100}, 50, 1}, {Price{1110}, 20, 1}}};
  MarketView view = view_of(0, 100, 50);
  view.tick = Price{10};
  view.bids = bids;
  view.asks = asks;
  // 100 + 60 / 2 + 90 / 4.5 = 150 against 50 + 20 / 2 = 60; the fourth is not counted.
  BookImbalance signal(weighted);
  signal.on_book(view);
  EXPECT_DOUBLE_EQ(signal.imbalance(), 90.0 / 210.0);
  view.tick = Price{5};  // 100 + 60 / 3 + 90 / 8 = 131.25; 50 + 20 / 3
  signal.on_book(view);
  EXPECT_DOUBLE_EQ(signal.imbalance(),
                   (131.25 - (50 + 20.0 / 3)) / (181.25 + 20.0 / 3));

  weighted.levels = 1;
  BookImbalance touch(weighted);
  touch.on_book(view);
  EXPECT_DOUBLE_EQ(touch.imbalance(), 1.0 / 3.0);
}

TEST(BookImbalance, OrderFlowIsWhatHasComeOfLate) {
  BookImbalanceOptions flow = options(1);
  flow.measure = ImbalanceMeasure::kOrderFlow;
  flow.window = MonoNanos{640};
  BookImbalance signal(flow);
  signal.on_book(view_of(1'000, 60, 40));
  EXPECT_EQ(signal.imbalance(), 0.0) << "however the book leans";
  signal.on_book(view_of(1'001, 90, 40));
  EXPECT_EQ(signal.imbalance(), 1.0);
  EXPECT_EQ(signal.on_book(view_of(1'051, 90, 40)).expected_move, Price{50 * 50 / 130});
  signal.on_book(view_of(1'052, 90, 55));  // 30 to 15
  EXPECT_DOUBLE_EQ(signal.imbalance(), 15.0 / 45.0);
  EXPECT_EQ(signal.side(), 0);
  signal.on_book(view_of(1'640, 90, 55));
  EXPECT_EQ(signal.imbalance(), -1.0) << "the 30 have left";

  flow.flow_scale = FlowScale::kDepth;
  BookImbalance scaled(flow);
  scaled.on_book(view_of(1'000, 60, 40));
  scaled.on_book(view_of(1'001, 90, 40));
  EXPECT_DOUBLE_EQ(scaled.imbalance(), 30.0 / 57.5);

  MarketView unsound = view_of(1'002, 90, 40);
  unsound.touch.bid = kNoPrice;
  scaled.on_book(unsound);
  EXPECT_EQ(scaled.imbalance(), 0.0);
  scaled.on_book(view_of(1'003, 900, 40));
  EXPECT_DOUBLE_EQ(scaled.imbalance(), 30.0 / ((50 + 65 + 470) / 3.0))
      << "no flow across a book that was not sound";
  scaled.reset();
  scaled.on_book(view_of(5, 90, 40));
  EXPECT_EQ(scaled.imbalance(), 0.0);
}

TEST(BookImbalance, TheMicropriceMustAgree) {
  BookImbalance signal(options(5));
  const auto book = [](std::int64_t now, Qty bid_qty, Qty ask_qty) {
    return with_depth(view_of(now, bid_qty, ask_qty), 900, 100);
  };
  signal.on_book(book(0, 40, 60));
  EXPECT_EQ(signal.on_book(book(60, 40, 60)).signal, SignalId::kNone);
  EXPECT_EQ(signal.on_book(book(61, 50, 50)).signal, SignalId::kNone);
  EXPECT_EQ(signal.on_book(book(62, 60, 40)).expected_move, Price{10})
      << "disagreement does not end what persists";

  BookImbalance sellers(options(5));
  sellers.on_book(with_depth(view_of(0, 60, 40), 100, 900));
  EXPECT_EQ(sellers.on_book(with_depth(view_of(60, 60, 40), 100, 900)).signal,
            SignalId::kNone);
}

TEST(BookImbalance, TheGainScalesTheMoveToTheNearestUnit) {
  const auto move = [](double gain, Qty bid_qty, Qty ask_qty) {
    BookImbalanceOptions scaled = options();
    scaled.horizon_gain = gain;
    BookImbalance signal(scaled);
    signal.on_book(view_of(0, bid_qty, ask_qty));
    return signal.on_book(view_of(50, bid_qty, ask_qty));
  };
  EXPECT_EQ(move(2.5, 90, 10).expected_move, Price{100});
  EXPECT_EQ(move(0.0125, 90, 10).expected_move, Price{1}) << "0.5 goes away from zero";
  EXPECT_EQ(move(0.0125, 10, 90).expected_move, Price{-1});
  EXPECT_EQ(move(0.01, 90, 10).signal, SignalId::kNone) << "a move of 0.4 is none";
}

TEST(BookImbalance, AHugeSpreadSaturates) {
  BookImbalanceOptions scaled = options();
  scaled.horizon_gain = 1000.0;
  scaled.persistence = MonoNanos{0};
  BookImbalance signal(scaled);
  MarketView view = view_of(0, 10, 90);
  view.touch.bid = Price{1};
  view.touch.ask = Price{kNoPrice.value - 1};
  EXPECT_EQ(signal.on_book(view).expected_move, Price{-(std::int64_t{1} << 62)});
}

TEST(BookImbalance, AnEmptyTouchIsNoImbalance) {
  BookImbalance signal(options());
  signal.on_book(view_of(0, 0, 0));
  EXPECT_EQ(signal.on_book(view_of(60, 0, 0)).signal, SignalId::kNone);
  EXPECT_EQ(signal.side(), 0);
}

TEST(BookImbalance, TimeDoesNotRunBackwards) {
  BookImbalance signal(options());
  signal.on_book(view_of(1000, 50, 50));
  signal.on_book(view_of(900, 90, 10));
  EXPECT_EQ(signal.on_book(view_of(960, 90, 10)).signal, SignalId::kNone);
  EXPECT_EQ(signal.held(), MonoNanos{0});
  EXPECT_EQ(signal.on_book(view_of(1050, 90, 10)).signal, SignalId::kBookImbalance);
  EXPECT_EQ(signal.on_book(view_of(10, 90, 10)).signal, SignalId::kBookImbalance);
}

TEST(BookImbalance, ResetForgets) {
  BookImbalance signal(options());
  signal.on_book(view_of(1000, 90, 10));
  signal.reset();
  EXPECT_EQ(signal.side(), 0);
  EXPECT_EQ(signal.on_book(view_of(10, 90, 10)).signal, SignalId::kNone);
  EXPECT_EQ(signal.on_book(view_of(60, 90, 10)).signal, SignalId::kBookImbalance);
  EXPECT_EQ(signal.options().levels, 1);
}

TEST(BookImbalance, ValidatesEveryOption) {
  EXPECT_TRUE(BookImbalance::valid(BookImbalanceOptions{}));
  const auto refused = [](auto change) {
    BookImbalanceOptions changed = options();
    change(changed);
    return !BookImbalance::valid(changed);
  };
  using O = BookImbalanceOptions;
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const double threshold : {0.0, -0.5, 1.01, kNan})
    EXPECT_TRUE(refused([=](O& o) { o.threshold = threshold; })) << threshold;
  EXPECT_FALSE(refused([](O& o) { o.threshold = 1.0; }));
  EXPECT_TRUE(refused([](O& o) { o.levels = 0; }));
  EXPECT_TRUE(refused([](O& o) { o.levels = kMaxShownLevels + 1; }));
  EXPECT_TRUE(refused([](O& o) { o.window = MonoNanos{0}; }));
  EXPECT_TRUE(refused([](O& o) { o.window = kNever; }));
  EXPECT_TRUE(refused([](O& o) { o.persistence = MonoNanos{-1}; }));
  EXPECT_TRUE(refused([](O& o) { o.persistence = kNever; }));
  for (const double gain : {0.0, -1.0, 1001.0, kNan})
    EXPECT_TRUE(refused([=](O& o) { o.horizon_gain = gain; })) << gain;
}

}  // namespace
}  // namespace pyscalp::signal
