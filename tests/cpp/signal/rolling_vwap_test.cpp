#include "signal/rolling_vwap.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace pyscalp::signal {
namespace {

constexpr MonoNanos kWindow{640};  // slots of 10

TEST(RollingVwap, EmptyIsZero) {
  const RollingVwap vwap(kWindow);
  EXPECT_EQ(vwap.volume(), 0);
  EXPECT_EQ(vwap.vwap(), 0.0);
  EXPECT_EQ(vwap.sigma(), 0.0);
}

TEST(RollingVwap, WeighsByVolumeAndForgets) {
  RollingVwap vwap(kWindow);
  vwap.add(UnixNanos{1000}, Price{100}, 10);
  vwap.add(UnixNanos{1100}, Price{102}, 30);
  EXPECT_EQ(vwap.volume(), 40);
  EXPECT_DOUBLE_EQ(vwap.vwap(), 101.5);
  EXPECT_DOUBLE_EQ(vwap.sigma(), std::sqrt(0.75));
  EXPECT_EQ(vwap.move_to_vwap(Price{100}), Price{2}) << "1.5 goes away from zero";
  EXPECT_TRUE(vwap.advance(UnixNanos{1639}));
  EXPECT_EQ(vwap.volume(), 40);
  EXPECT_TRUE(vwap.advance(UnixNanos{1640}));
  EXPECT_EQ(vwap.volume(), 30);
  EXPECT_DOUBLE_EQ(vwap.vwap(), 102.0);
  EXPECT_EQ(vwap.sigma(), 0.0);
  vwap.advance(UnixNanos{1740});
  EXPECT_EQ(vwap.vwap(), 0.0);
}

TEST(RollingVwap, PassesOverTradesOfNothing) {
  RollingVwap vwap(kWindow);
  vwap.add(UnixNanos{1}, Price{100}, 0);
  vwap.add(UnixNanos{1}, Price{100}, -5);
  vwap.add(UnixNanos{1}, kNoPrice, 10);
  vwap.add(UnixNanos{1}, Price{100}, Qty{1} << 62);
  EXPECT_EQ(vwap.volume(), 0);
  vwap.add(UnixNanos{1}, Price{50}, 2);
  EXPECT_EQ(vwap.vwap(), 50.0);
  EXPECT_EQ(vwap.restarts(), 0);
}

TEST(RollingVwap, ATradeThatDoesNotFitBeginsAnew) {
  RollingVwap vwap(kWindow);
  vwap.add(UnixNanos{1}, Price{100}, 10);
  vwap.add(UnixNanos{2}, Price{std::int64_t{1} << 60}, 1'000'000);
  EXPECT_EQ(vwap.restarts(), 1);
  EXPECT_EQ(vwap.volume(), 1'000'000);
  EXPECT_EQ(vwap.vwap(), 0x1p60);
  vwap.add(UnixNanos{3}, Price{100}, 1'000);
  EXPECT_EQ(vwap.restarts(), 2);
  EXPECT_EQ(vwap.vwap(), 100.0);
  vwap.add(UnixNanos{4}, Price{100}, VolumeMoments::kMaxVolume - 1);
  EXPECT_EQ(vwap.restarts(), 3);
  EXPECT_EQ(vwap.volume(), VolumeMoments::kMaxVolume - 1);
}

TEST(RollingVwap, ClearStartsANewSession) {
  RollingVwap vwap(kWindow);
  vwap.add(UnixNanos{100'000}, Price{100}, 10);
  vwap.clear();
  vwap.add(UnixNanos{1'000}, Price{7}, 1);
  EXPECT_EQ(vwap.vwap(), 7.0);
  vwap.advance(UnixNanos{1'640});
  EXPECT_EQ(vwap.volume(), 0);
}

TEST(RollingVwap, EqualsAWalkOverTheTradesInItsSlots) {
  struct Print {
    std::int64_t slot, price;
    Qty qty;
  };
  std::mt19937_64 random(31);
  RollingVwap vwap(MonoNanos{64'000});  // slots of 1,000
  std::vector<Print> prints;
  std::int64_t now = 0, latest = 0, price = 220'000'000'000;
  int checked = 0;
  for (int i = 0; i < 200'000; ++i) {
    now += static_cast<std::int64_t>(random() % (random() % 2'000 == 0 ? 90'000 : 400));
    const auto late =
        static_cast<std::int64_t>(random() % 50 == 0 ? random() % 9'000 : 0);
    latest = std::max(latest, now - late);
    if (random() % 4 == 0) {
      vwap.advance(UnixNanos{now - late});
    } else {
      price += 10'000'000 * (static_cast<std::int64_t>(random() % 7) - 3);
      const Print print{latest / 1'000, price, static_cast<Qty>(1 + random() % 900)};
      vwap.add(UnixNanos{now - late}, Price{print.price}, print.qty);
      prints.push_back(print);
    }
    if (i % 199 != 0) continue;
    long double volume = 0, mean = 0, variance = 0;
    Qty shares = 0;
    const auto in = [&](const Print& p) { return p.slot > latest / 1'000 - 64; };
    for (const Print& p : prints)
      if (in(p)) {
        shares += p.qty;
        volume += static_cast<long double>(p.qty);
        mean += (static_cast<long double>(p.price) - mean) *
                static_cast<long double>(p.qty) / volume;
      }
    for (const Print& p : prints)
      if (in(p)) {
        const long double d = static_cast<long double>(p.price) - mean;
        variance += d * d * static_cast<long double>(p.qty);
      }
    ASSERT_EQ(vwap.volume(), shares);
    if (shares == 0) continue;
    const auto sigma = static_cast<double>(std::sqrt(variance / volume));
    ASSERT_NEAR(vwap.vwap(), static_cast<double>(mean), 1e-9 * vwap.vwap());
    ASSERT_NEAR(vwap.sigma(), sigma, 1e-9 * sigma + 1e-3);
    ++checked;
  }
  EXPECT_GT(checked, 500);
}

}  // namespace
}  // namespace pyscalp::signal
