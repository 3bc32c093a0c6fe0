#include "signal/slice_counts.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace pyscalp::signal {
namespace {

using Next = SliceCounts::Next;

TEST(SliceCounts, StartsFromAHeavyTail) {
  const SliceCounts counts;
  EXPECT_DOUBLE_EQ(counts.hazard(0), 1 / 3.5);
  EXPECT_DOUBLE_EQ(counts.hazard(3), 1 / 3.5);
  EXPECT_DOUBLE_EQ(counts.hazard(4), 1 / 7.5);
  EXPECT_DOUBLE_EQ(counts.hazard(1'000'000), 1 / 63.5);
  EXPECT_DOUBLE_EQ(counts.whole_share(), 0.5);
  EXPECT_GT(counts.expected(10), counts.expected(2)) << "what has lasted lasts longer";
}

TEST(SliceCounts, TheHazardIsTheShareOfEnds) {
  SliceCounts counts;
  for (int i = 0; i < 998; ++i) counts.count(8, i % 4 == 0 ? Next::kNone : Next::kFull);
  EXPECT_NEAR(counts.hazard(9), 250.0 / 998, 0.001);
  EXPECT_DOUBLE_EQ(counts.hazard(7), 1 / 7.5) << "another bin";
  EXPECT_DOUBLE_EQ(counts.ends(), 250);
  EXPECT_GT(counts.whole_share(), 0.99);
  counts.clear();
  EXPECT_DOUBLE_EQ(counts.hazard(9), 1 / 11.5);
}

TEST(SliceCounts, LearnsASizeThatIsAlwaysTheSame) {
  // 12 refills, all full, then nothing: 13 slices.
  SliceCounts counts;
  for (int iceberg = 0; iceberg < 5000; ++iceberg) {
    for (int k = 1; k < 12; ++k) counts.count(k, Next::kFull);
    counts.count(12, Next::kNone);
  }
  // The bin of 12 to 15 knows nothing but ends.
  EXPECT_NEAR(counts.expected(12), 1.0, 0.05);
  EXPECT_NEAR(counts.expected(11), 2.0, 0.05);
  EXPECT_NEAR(counts.expected(4), 9.0, 0.1);
}

TEST(SliceCounts, WhatEndsWithASmallerSliceHasHalfOfOneMore) {
  SliceCounts whole, broken;
  for (int i = 0; i < 5000; ++i) {
    whole.count(0, Next::kNone);
    broken.count(0, Next::kSmaller);
  }
  EXPECT_NEAR(whole.expected(0), 1.0, 0.01);
  EXPECT_NEAR(broken.expected(0), 1.5, 0.01);
}

TEST(SliceCounts, NoOtherNumberHasASmallerMedianError) {
  // Ends with the same hazard at every refill: sizes are geometric.
  SliceCounts counts;
  for (int k = 0; k < 80; ++k) {
    for (int i = 0; i < 10'000; ++i)
      counts.count(k, i % 10 == 0 ? Next::kNone : Next::kFull);
  }
  // Median of |c / x - 1| where x = 1, 2, … with probability 0.1 · 0.9^(x - 1).
  const auto median_error = [](double c) {
    double error = 0;
    for (double low = 0, high = 2; high - low > 1e-6;) {
      error = (low + high) / 2;
      double inside = 0;
      for (int x = 1; x < 200; ++x) {
        if (std::abs(c / x - 1) <= error) inside += 0.1 * std::pow(0.9, x - 1);
      }
      (inside >= 0.5 ? high : low) = error;
    }
    return error;
  };
  const double ours = median_error(counts.expected(3));
  for (double c = 0.5; c < 20; c += 0.05) EXPECT_GT(median_error(c), ours - 0.01) << c;
}

TEST(SliceCounts, EveryEstimateIsFinite) {
  SliceCounts endless;
  for (int k = 0; k < 200; ++k)
    for (int i = 0; i < 100'000; i += 1000) endless.count(k, Next::kFull);
  for (const int k : {0, 5, 63, 64, 100'000}) {
    EXPECT_TRUE(std::isfinite(endless.expected(k))) << k;
    EXPECT_GE(endless.expected(k), 1.0) << k;
    EXPECT_LE(endless.expected(k), SliceCounts::kFarthest + 1.0) << k;
  }
}

}  // namespace
}  // namespace pyscalp::signal
