#include "signal/bar_closes.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pyscalp::signal {
namespace {

constexpr MonoNanos kBar{100};

struct Bars {
  BarCloses closes{4, kBar};

  bool mid(std::int64_t now, std::int64_t price) {
    const bool closed = closes.advance(UnixNanos{now});
    closes.sample(UnixNanos{now}, Price{price});
    return closed;
  }
  std::vector<std::int64_t> prices() const {
    std::vector<std::int64_t> values;
    for (int i = 0; i < closes.window().count(); ++i)
      values.push_back(closes.window().price(i).value);
    return values;
  }
};

using Prices = std::vector<std::int64_t>;

TEST(BarCloses, KnowsWhichBarsItMakes) {
  EXPECT_TRUE(BarCloses::valid(2, MonoNanos{1}));
  EXPECT_FALSE(BarCloses::valid(1, MonoNanos{1}));
  EXPECT_FALSE(BarCloses::valid(2, MonoNanos{0}));
  EXPECT_FALSE(BarCloses::valid(2, MonoNanos{-1}));
  EXPECT_TRUE(BarCloses::valid(kMaxBars, BarCloses::kMaxBar));
  EXPECT_FALSE(BarCloses::valid(kMaxBars + 1, kBar));
  EXPECT_FALSE(BarCloses::valid(2, BarCloses::kMaxBar + MonoNanos{1}));
}

TEST(BarCloses, ABarClosesAtItsLastMidOnceItsEndIsReached) {
  Bars bars;
  EXPECT_FALSE(bars.mid(1030, 10));
  EXPECT_FALSE(bars.mid(1099, 11));
  EXPECT_EQ(bars.prices(), Prices{});
  EXPECT_TRUE(bars.mid(1100, 12)) << "the end belongs to the next bar";
  EXPECT_EQ(bars.prices(), Prices{11});
  EXPECT_FALSE(bars.mid(1199, 13));
  EXPECT_TRUE(bars.mid(1200, 14));
  EXPECT_EQ(bars.prices(), (Prices{11, 13}));
}

TEST(BarCloses, AMidOnABoundaryOpensThatBar) {
  Bars bars;
  bars.mid(1000, 10);
  EXPECT_FALSE(bars.closes.advance(UnixNanos{1099}));
  EXPECT_TRUE(bars.closes.advance(UnixNanos{1100}));
  EXPECT_EQ(bars.prices(), Prices{10});
}

TEST(BarCloses, ABarWithoutAMidRepeatsTheCloseBefore) {
  Bars bars;
  bars.mid(1000, 10);
  EXPECT_TRUE(bars.mid(1350, 20));
  EXPECT_EQ(bars.prices(), (Prices{10, 10, 10}));
  EXPECT_TRUE(bars.mid(1400, 30));
  EXPECT_EQ(bars.prices(), (Prices{10, 10, 10, 20}));
}

TEST(BarCloses, TimeWithoutAMidClosesBarsToo) {
  Bars bars;
  EXPECT_FALSE(bars.closes.advance(UnixNanos{5000})) << "there is no mid to close at";
  bars.mid(6000, 10);
  EXPECT_TRUE(bars.closes.advance(UnixNanos{6200}));
  EXPECT_EQ(bars.prices(), (Prices{10, 10}));
  EXPECT_FALSE(bars.closes.advance(UnixNanos{6299}));
}

TEST(BarCloses, AGapOfManyBarsFillsTheWindowWithOneClose) {
  Bars bars;
  for (int i = 0; i < 4; ++i) bars.mid(1000 + 100 * i, 10 + i);
  EXPECT_TRUE(bars.mid(86'400'000'000'050, 50));
  EXPECT_EQ(bars.prices(), (Prices{13, 13, 13, 13}));
  EXPECT_TRUE(bars.mid(86'400'000'000'100, 51));
  EXPECT_EQ(bars.prices(), (Prices{13, 13, 13, 50}));
}

TEST(BarCloses, AnEarlierTimeBelongsToTheOpenBar) {
  Bars bars;
  bars.mid(1000, 10);
  bars.mid(1250, 20);
  EXPECT_FALSE(bars.mid(900, 30));
  EXPECT_EQ(bars.prices(), (Prices{10, 10}));
  EXPECT_TRUE(bars.mid(1300, 40));
  EXPECT_EQ(bars.prices(), (Prices{10, 10, 30}));
}

TEST(BarCloses, ClearStartsAtTheNextMid) {
  Bars bars;
  bars.mid(1000, 10);
  bars.mid(1100, 11);
  bars.closes.clear();
  EXPECT_FALSE(bars.closes.advance(UnixNanos{9000}));
  EXPECT_FALSE(bars.mid(50, 20)) << "a new day starts early in the day";
  EXPECT_TRUE(bars.mid(100, 21));
  EXPECT_EQ(bars.prices(), Prices{20});
}

}  // namespace
}  // namespace pyscalp::signal
