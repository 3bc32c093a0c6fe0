#include "signal/session_vwap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace pyscalp::signal {
namespace {

struct Print {
  std::int64_t price;
  Qty qty;
};

SessionVwap session_of(const std::vector<Print>& prints) {
  SessionVwap session;
  for (const Print& print : prints) session.add(Price{print.price}, print.qty);
  return session;
}

TEST(SessionVwap, EmptyIsZero) {
  const SessionVwap session;
  EXPECT_EQ(session.trades(), 0);
  EXPECT_EQ(session.vwap(), 0.0);
  EXPECT_EQ(session.sigma(), 0.0);
}

TEST(SessionVwap, WeighsPricesByVolume) {
  const SessionVwap session = session_of({{100, 10}, {102, 30}});
  EXPECT_EQ(session.trades(), 2);
  EXPECT_EQ(session.volume(), 40);
  EXPECT_DOUBLE_EQ(session.vwap(), 101.5);
  // (10 · 1.5² + 30 · 0.5²) / 40
  EXPECT_DOUBLE_EQ(session.sigma(), std::sqrt(0.75));
  EXPECT_DOUBLE_EQ(session.deviation(Price{104}), 2.5);
}

TEST(SessionVwap, AMeanBelowTheFirstPriceIsAsGood) {
  const SessionVwap session = session_of({{102, 30}, {100, 10}, {95, 1}});
  EXPECT_NEAR(session.vwap(), 4155.0 / 41, 1e-12);
  double expected = 0;
  for (const auto& [price, qty] :
       {std::pair{102.0, 30.0}, std::pair{100.0, 10.0}, std::pair{95.0, 1.0}})
    expected += qty * (price - 4155.0 / 41) * (price - 4155.0 / 41) / 41;
  EXPECT_NEAR(session.sigma(), std::sqrt(expected), 1e-12);
}

TEST(SessionVwap, OnePriceHasNoDeviation) {
  EXPECT_EQ(session_of({{7, 1}}).sigma(), 0.0);
  const SessionVwap session = session_of({{220, 3}, {220, 100}, {220, 7}});
  EXPECT_EQ(session.vwap(), 220.0);
  EXPECT_EQ(session.sigma(), 0.0);
}

TEST(SessionVwap, PassesOverTradesOfNothing) {
  const SessionVwap session =
      session_of({{100, 0}, {100, -5}, {kNoPrice.value, 10}, {50, 2}});
  EXPECT_EQ(session.trades(), 1);
  EXPECT_EQ(session.vwap(), 50.0);
}

TEST(SessionVwap, MoveToVwapRoundsHalfAwayFromZero) {
  const SessionVwap session = session_of({{0, 1}, {1, 1}});
  EXPECT_EQ(session.move_to_vwap(Price{0}), Price{1});
  EXPECT_EQ(session.move_to_vwap(Price{1}), Price{-1});
  EXPECT_EQ(session.move_to_vwap(Price{-4}), Price{5});
}

TEST(SessionVwap, DoesNotDependOnTheOrderOfTrades) {
  std::vector<Print> prints;
  std::mt19937_64 random(23);
  for (int i = 0; i < 1'000; ++i)
    prints.push_back(
        {static_cast<std::int64_t>(220'000'000'000 + random() % 1'000'000'000),
         static_cast<Qty>(1 + random() % 500)});
  const SessionVwap forwards = session_of(prints);
  std::reverse(prints.begin(), prints.end());
  const SessionVwap backwards = session_of(prints);
  EXPECT_EQ(forwards.move_to_vwap(Price{}), backwards.move_to_vwap(Price{}));
  EXPECT_DOUBLE_EQ(forwards.vwap(), backwards.vwap());
  EXPECT_DOUBLE_EQ(forwards.sigma(), backwards.sigma());
}

TEST(SessionVwap, ASmallDeviationFarFromTheFirstPriceIsExact) {
  // A difference of squares in doubles would be off by a part in 10^6 here.
  constexpr std::int64_t kFar = 100'000;
  constexpr Qty kEach = 10'000'000'000;
  SessionVwap session;
  session.add(Price{0}, 1);
  session.add(Price{kFar - 1}, kEach);
  session.add(Price{kFar + 1}, kEach);
  // The first trade adds F² · 2K / (2K + 1)² to the variance of the two others.
  const double volume = 2.0 * kEach + 1.0;
  const double share = 2.0 * kEach / volume;
  const double expected =
      std::sqrt(static_cast<double>(kFar) * kFar * share / volume + share);
  EXPECT_NEAR(session.sigma(), expected, expected * 1e-12);
}

TEST(SessionVwap, StandsStillRatherThanOverflow) {
  SessionVwap session = session_of({{100, 10}, {102, 30}});
  session.add(Price{std::int64_t{1} << 60}, 1'000'000);
  EXPECT_TRUE(session.saturated());
  EXPECT_EQ(session.trades(), 2);
  EXPECT_DOUBLE_EQ(session.vwap(), 101.5);
  session.add(Price{100}, 1);
  EXPECT_EQ(session.trades(), 2) << "what is missing stays missing";
  session.clear();
  EXPECT_FALSE(session.saturated());
  session.add(Price{5}, 1);
  EXPECT_EQ(session.vwap(), 5.0);

  SessionVwap volume;
  volume.add(Price{1}, (std::int64_t{1} << 62) - 1);
  EXPECT_FALSE(volume.saturated());
  volume.add(Price{1}, 1);
  EXPECT_TRUE(volume.saturated());
}

TEST(SessionVwap, AWideDayOfAHeavyInstrumentFits) {
  SessionVwap session;  // of 100,000 a unit, in lots of 1e-5, that moves by a tenth
  session.add(Price{100'000'000'000'000}, 1);
  for (int i = 0; i < 1'000; ++i)
    session.add(Price{i % 2 == 0 ? 90'000'000'000'000 : 110'000'000'000'000},
                5'000'000);
  EXPECT_FALSE(session.saturated());
  EXPECT_NEAR(session.vwap(), 1e14, 1e2);
  EXPECT_NEAR(session.sigma(), 1e13, 1e4);
}

TEST(SessionVwap, StaysExactOverAMillionTrades) {
  std::mt19937_64 random(29);
  SessionVwap session;
  std::vector<Print> prints;
  std::int64_t price = 220'000'000'000;
  for (int i = 1; i <= 1'000'000; ++i) {
    price += 10'000'000 * (static_cast<std::int64_t>(random() % 7) - 3);
    const Print print{price, static_cast<Qty>(1 + random() % 1'000)};
    session.add(Price{print.price}, print.qty);
    prints.push_back(print);
    if (i != 10 && i != 1'000 && i != 100'000 && i != 1'000'000) continue;
    long double volume = 0, mean = 0, variance = 0;
    for (const Print& p : prints) {
      volume += static_cast<long double>(p.qty);
      mean += (static_cast<long double>(p.price) - mean) *
              static_cast<long double>(p.qty) / volume;
    }
    for (const Print& p : prints) {
      const long double d = static_cast<long double>(p.price) - mean;
      variance += d * d * static_cast<long double>(p.qty);
    }
    const auto sigma = static_cast<double>(std::sqrt(variance / volume));
    EXPECT_EQ(session.trades(), i);
    EXPECT_NEAR(session.vwap(), static_cast<double>(mean),
                1e-9 * static_cast<double>(mean));
    EXPECT_NEAR(session.sigma(), sigma, 1e-9 * sigma);
  }
}

}  // namespace
}  // namespace pyscalp::signal
