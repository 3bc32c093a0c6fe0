#include "base/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace pyscalp {
namespace {

constexpr int kDraws = 200'000;

template <class Draw>
std::pair<double, double> mean_and_variance(Draw&& draw) {
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = draw();
    sum += x;
    squares += x * x;
  }
  const double mean = sum / kDraws;
  return {mean, squares / kDraws - mean * mean};
}

// First words of Vigna's reference splitmix64.c for the seed 1234567.
TEST(SplitMix64, EqualsTheReference) {
  SplitMix64 mixer(1234567);
  EXPECT_EQ(mixer.next(), 6457827717110365317u);
  EXPECT_EQ(mixer.next(), 3203168211198807973u);
  EXPECT_EQ(mixer.next(), 9817491932198370423u);
}

TEST(Random, SameSeedSameStreamOtherSeedOther) {
  Random a(7);
  Random b(7);
  Random c(8);
  int equal_to_other = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t word = a.bits();
    EXPECT_EQ(word, b.bits());
    equal_to_other += word == c.bits();
  }
  EXPECT_EQ(equal_to_other, 0);
}

// Drawn at compile time and at run time: no library and no rounding mode between them.
TEST(Random, CompileTimeEqualsRunTime) {
  static constexpr auto kFixed = [] {
    Random random(42);
    return std::array<double, 4>{random.uniform(), random.exponential(),
                                 random.normal(),
                                 static_cast<double>(random.below(1000))};
  }();
  volatile std::uint64_t seed = 42;
  Random random(seed);
  EXPECT_EQ(random.uniform(), kFixed[0]);
  EXPECT_EQ(random.exponential(), kFixed[1]);
  EXPECT_EQ(random.normal(), kFixed[2]);
  EXPECT_EQ(static_cast<double>(random.below(1000)), kFixed[3]);
}

TEST(Random, UniformFillsTheUnitInterval) {
  Random random(1);
  double least = 1;
  double most = 0;
  const auto [mean, variance] = mean_and_variance([&] {
    const double x = random.uniform();
    least = std::min(least, x);
    most = std::max(most, x);
    return x;
  });
  EXPECT_GE(least, 0.0);
  EXPECT_LT(most, 1.0);
  EXPECT_NEAR(mean, 0.5, 0.005);
  EXPECT_NEAR(variance, 1.0 / 12, 0.002);
}

TEST(Random, ExponentialHasMeanAndVarianceOne) {
  Random random(2);
  const auto [mean, variance] = mean_and_variance([&] { return random.exponential(); });
  EXPECT_NEAR(mean, 1.0, 0.015);
  EXPECT_NEAR(variance, 1.0, 0.04);
}

TEST(Random, NormalHasItsFirstFourMoments) {
  Random random(3);
  double fourth = 0;
  const auto [mean, variance] = mean_and_variance([&] {
    const double x = random.normal();
    fourth += x * x * x * x;
    return x;
  });
  EXPECT_NEAR(mean, 0.0, 0.01);
  EXPECT_NEAR(variance, 1.0, 0.02);
  EXPECT_NEAR(fourth / kDraws, 3.0, 0.12);
}

TEST(Random, GeometricHasItsMeanAndItsBound) {
  Random random(4);
  const auto [mean, variance] =
      mean_and_variance([&] { return static_cast<double>(random.geometric(0.25)); });
  EXPECT_NEAR(mean, 3.0, 0.05);
  EXPECT_NEAR(variance, 12.0, 0.4);
  EXPECT_EQ(random.geometric(0.0, 9), 9);
  EXPECT_EQ(random.geometric(1.0), 0);
}

TEST(Random, BelowAndBetweenKeepTheirBounds) {
  Random random(5);
  EXPECT_EQ(random.below(0), 0u);
  EXPECT_EQ(random.below(1), 0u);
  std::array<int, 6> seen{};
  for (int i = 0; i < 60'000; ++i) ++seen[random.below(6)];
  for (const int count : seen) EXPECT_NEAR(count, 10'000, 500);
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t x = random.between(-3, 3);
    EXPECT_GE(x, -3);
    EXPECT_LE(x, 3);
  }
  EXPECT_EQ(random.between(9, 9), 9);
}

TEST(Random, ChanceIsCertainAtItsEnds) {
  Random random(6);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(random.chance(0.0));
    EXPECT_TRUE(random.chance(1.0));
  }
}

TEST(Random, DiscreteFollowsTheWeights) {
  Random random(7);
  const std::vector<std::uint32_t> weights{1, 0, 3};
  std::array<int, 3> seen{};
  for (int i = 0; i < 40'000; ++i) ++seen[random.discrete(weights)];
  EXPECT_NEAR(seen[0], 10'000, 400);
  EXPECT_EQ(seen[1], 0);
  EXPECT_NEAR(seen[2], 30'000, 400);
  EXPECT_EQ(random.discrete({}), 0u);
}

TEST(Random, OctavesAreEquallyLikely) {
  Random random(8);
  std::array<int, 4> seen{};
  for (int i = 0; i < 40'000; ++i) {
    const std::int64_t x = random.over_octaves(100, 4);
    ASSERT_GE(x, 100);
    ASSERT_LT(x, 1600);
    ++seen[x < 200 ? 0 : x < 400 ? 1 : x < 800 ? 2 : 3];
  }
  for (const int count : seen) EXPECT_NEAR(count, 10'000, 400);
}

}  // namespace
}  // namespace pyscalp
