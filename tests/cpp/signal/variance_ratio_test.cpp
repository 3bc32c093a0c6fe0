#include "signal/variance_ratio.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace pyscalp::signal {
namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();

double ratio_of(const std::vector<std::int64_t>& prices, int q) {
  RollingWindow window(static_cast<int>(prices.size()));
  for (const std::int64_t price : prices) window.push(Price{price});
  return variance_ratio(window, q);
}

/// The definition, in the paper's terms.
double textbook(const std::vector<std::int64_t>& prices, int q) {
  const auto n = static_cast<int>(prices.size()) - 1;
  const auto x = [&](int k) {
    return static_cast<long double>(prices[static_cast<std::size_t>(k)] - prices[0]);
  };
  const long double mu = x(n) / n;
  long double one = 0, over_q = 0;
  for (int k = 1; k <= n; ++k) one += std::pow(x(k) - x(k - 1) - mu, 2.0L);
  for (int k = q; k <= n; ++k) over_q += std::pow(x(k) - x(k - q) - q * mu, 2.0L);
  const long double m =
      static_cast<long double>(q) * (n - q + 1) * (1 - static_cast<long double>(q) / n);
  return static_cast<double>(over_q / m / (one / (n - 1)));
}

TEST(VarianceRatio, NeedsTwoChangesOverTheStep) {
  EXPECT_FALSE(valid_variance_step(1, 20));
  EXPECT_TRUE(valid_variance_step(2, 4));
  EXPECT_FALSE(valid_variance_step(3, 4));
  EXPECT_TRUE(valid_variance_step(kMaxBars - 2, kMaxBars));
}

TEST(VarianceRatio, ByHand) {
  // Steps 2 -2 2 -2: mu 0, var(1) = 16 / 3; over two steps nothing changes.
  EXPECT_EQ(ratio_of({10, 12, 10, 12, 10}, 2), 0.0);
  // Steps 1 1 -1 -1: mu 0, var(1) = 4 / 3; changes over two 2 0 -2: 8 / (2 · 3 · ½).
  EXPECT_DOUBLE_EQ(ratio_of({10, 11, 12, 11, 10}, 2), 2.0);
}

TEST(VarianceRatio, ADriftAloneIsNoVariance) {
  EXPECT_EQ(ratio_of({10, 20, 30, 40, 50}, 2), kNone);
  EXPECT_EQ(ratio_of({10, 10, 10, 10, 10}, 2), kNone);
  // A drift of 100 a step added to what goes to and fro changes nothing.
  EXPECT_EQ(ratio_of({10, 112, 210, 312, 410}, 2), 0.0);
}

TEST(VarianceRatio, TellsATurnFromAWalkAndFromATrend) {
  std::mt19937_64 random(11);
  const auto mean_of = [&](double pull) {
    double sum = 0;
    for (int run = 0; run < 300; ++run) {
      std::vector<std::int64_t> prices{0};
      std::int64_t last = 0;
      for (int i = 1; i < 128; ++i) {
        const auto noise = static_cast<std::int64_t>(random() % 2'000'001) - 1'000'000;
        last = noise + static_cast<std::int64_t>(pull * static_cast<double>(last));
        prices.push_back(prices.back() + last);
      }
      sum += ratio_of(prices, 4);
    }
    return sum / 300;
  };
  EXPECT_NEAR(mean_of(0.0), 1.0, 0.06) << "a random walk";
  EXPECT_LT(mean_of(-0.4), 0.7);
  EXPECT_GT(mean_of(0.4), 1.5);
}

TEST(VarianceRatio, EqualsTheDefinition) {
  std::mt19937_64 random(5);
  for (int run = 0; run < 3'000; ++run) {
    const auto size = static_cast<int>(4 + random() % (run % 10 == 0 ? 508 : 40));
    const auto q = static_cast<int>(2 + random() % static_cast<unsigned>(size - 3));
    std::vector<std::int64_t> prices{220'000'000'000};
    const auto drift = static_cast<std::int64_t>(random() % 30'000'001);
    for (int i = 1; i < size; ++i)
      prices.push_back(prices.back() + drift +
                       5'000'000 * (static_cast<std::int64_t>(random() % 9) - 4));
    const double got = ratio_of(prices, q);
    if (got == kNone) {
      ASSERT_LT(size, 8) << "every step the same";
      continue;
    }
    const double expected = textbook(prices, q);
    ASSERT_NEAR(got, expected, 1e-9 * expected + 1e-12) << size << ' ' << q;
  }
}

TEST(VarianceRatio, ReadsAWindowThatHasSlid) {
  RollingWindow window(5);
  for (const std::int64_t price : {7, 99, 1, 10, 11, 12, 11, 10})
    window.push(Price{price});
  EXPECT_DOUBLE_EQ(variance_ratio(window, 2), 2.0);
}

TEST(VarianceRatio, HugeStepsAreNoRatioRatherThanOverflow) {
  constexpr std::int64_t kHuge = RollingWindow::kMaxDeviation;
  std::vector<std::int64_t> prices(512);
  for (std::size_t i = 0; i < prices.size(); ++i)
    prices[i] = i % 2 == 0 ? kHuge : 2 * kHuge;
  EXPECT_EQ(ratio_of(prices, 2), kNone);
  prices.resize(4);
  EXPECT_DOUBLE_EQ(ratio_of(prices, 2), textbook(prices, 2)) << "few of them fit";
  // A market of 15 million a unit that moves by 2 % a bar still fits.
  constexpr std::int64_t kLarge = 15'000'000'000'000'000;
  EXPECT_EQ(
      ratio_of({kLarge, kLarge + kLarge / 50, kLarge, kLarge + kLarge / 50, kLarge}, 2),
      0.0);
}

}  // namespace
}  // namespace pyscalp::signal
