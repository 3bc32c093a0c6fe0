#include "base/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace pyscalp {
namespace {

TEST(Histogram, EmptyIsZeroThroughout) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0);
  EXPECT_EQ(histogram.min(), 0);
  EXPECT_EQ(histogram.max(), 0);
  EXPECT_EQ(histogram.quantile(0.5), 0);
  histogram.for_each(
      [](std::int64_t, std::int64_t) { FAIL() << "no bucket is filled"; });
}

TEST(Histogram, BucketsCoverTheRangeWithoutGapOrOverlap) {
  static_assert(Histogram::bucket(0) == 0);
  static_assert(Histogram::bucket(Histogram::kMaxValue) == Histogram::kBuckets - 1);
  std::int64_t low = 0;
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
    ASSERT_EQ(Histogram::bucket(low), i);
    ASSERT_EQ(Histogram::bucket(Histogram::middle(i)), i);
    ASSERT_EQ(Histogram::bucket(low - 1), i == 0 ? 0 : i - 1);
    // The width doubles with every 128 buckets after the first 256.
    low += i < 256 ? 1 : std::int64_t{1} << (i / 128 - 1);
  }
  EXPECT_EQ(low, Histogram::kMaxValue + 1);
}

TEST(Histogram, AValueIsWithinHalfAPercentOfItsBucketsMiddle) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 200'000; ++i) {
    const auto value = static_cast<std::int64_t>(random() >> (24 + random() % 40));
    const auto error = Histogram::middle(Histogram::bucket(value)) - value;
    ASSERT_LE(std::abs(error) * 200, value) << value;
  }
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (std::int64_t value = 0; value < 256; ++value) histogram.record(value);
  EXPECT_EQ(histogram.count(), 256);
  EXPECT_EQ(histogram.quantile(0.5), 127);
  EXPECT_EQ(histogram.quantile(1.0 / 256), 0);
  EXPECT_EQ(histogram.quantile(255.0 / 256), 254);
  EXPECT_EQ(histogram.quantile(0.999), 255);
  EXPECT_EQ(histogram.quantile(0.0), 0);
  EXPECT_EQ(histogram.quantile(1.0), 255);
}

TEST(Histogram, QuantilesAreWithinOnePercentOfTheSortedValues) {
  std::mt19937_64 random(5);
  std::lognormal_distribution<double> nanos(8.0, 2.0);
  Histogram histogram;
  std::vector<std::int64_t> values(100'000);
  for (auto& value : values) {
    value = static_cast<std::int64_t>(nanos(random));
    histogram.record(value);
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999}) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
    const auto exact = static_cast<double>(values[rank - 1]);
    EXPECT_NEAR(static_cast<double>(histogram.quantile(q)), exact, exact * 0.01) << q;
  }
  EXPECT_EQ(histogram.min(), values.front());
  EXPECT_EQ(histogram.max(), values.back());
}

TEST(Histogram, QuantileOfOneValueIsThatValue) {
  Histogram histogram;
  histogram.record(1'000'003);
  for (const double q : {-1.0, 0.0, 0.5, 0.999, 1.0, 2.0})
    EXPECT_EQ(histogram.quantile(q), 1'000'003);
}

TEST(Histogram, ValuesOutsideTheRangeCountAtItsEnds) {
  Histogram histogram;
  histogram.record(-5);
  histogram.record(Histogram::kMaxValue);
  EXPECT_EQ(histogram.out_of_range(), 1);
  histogram.record(Histogram::kMaxValue + 1);
  histogram.record(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(histogram.out_of_range(), 3);
  EXPECT_EQ(histogram.count(), 4);
  EXPECT_EQ(histogram.min(), -5);
  EXPECT_EQ(histogram.max(), std::numeric_limits<std::int64_t>::max());
  std::vector<std::pair<std::int64_t, std::int64_t>> buckets;
  histogram.for_each([&](std::int64_t value, std::int64_t count) {
    buckets.emplace_back(value, count);
  });
  ASSERT_EQ(buckets.size(), 2u);
  EXPECT_EQ(buckets[0], std::pair(std::int64_t{0}, std::int64_t{1}));
  EXPECT_EQ(buckets[1].second, 3);
  EXPECT_EQ(Histogram::bucket(buckets[1].first), Histogram::kBuckets - 1);
}

TEST(Histogram, MergeEqualsRecordingBoth) {
  std::mt19937_64 random(9);
  Histogram left, right, both;
  for (int i = 0; i < 10'000; ++i) {
    const auto value = static_cast<std::int64_t>(random() % 5'000'000);
    (i % 3 == 0 ? left : right).record(value);
    both.record(value);
  }
  left.record(-1);
  both.record(-1);
  Histogram merged = left;
  merged.merge(right);
  merged.merge(Histogram{});
  EXPECT_EQ(merged.count(), both.count());
  EXPECT_EQ(merged.min(), both.min());
  EXPECT_EQ(merged.max(), both.max());
  EXPECT_EQ(merged.out_of_range(), both.out_of_range());
  std::vector<std::pair<std::int64_t, std::int64_t>> a, b;
  merged.for_each([&](std::int64_t v, std::int64_t n) { a.emplace_back(v, n); });
  both.for_each([&](std::int64_t v, std::int64_t n) { b.emplace_back(v, n); });
  EXPECT_EQ(a, b);
  merged = Histogram{};
  EXPECT_EQ(merged.count(), 0);
  EXPECT_EQ(merged.max(), 0);
  merged.record(7);
  EXPECT_EQ(merged.min(), 7);
  EXPECT_EQ(merged.max(), 7);
}

TEST(Histogram, MayBeReadWhileItIsWritten) {
  Histogram histogram;
  constexpr int kValues = 200'000;
  std::thread writer([&] {
    for (int i = 0; i < kValues; ++i) histogram.record(1000 + i % 1000);
  });
  while (histogram.count() < kValues) {
    const std::int64_t median = histogram.quantile(0.5);
    EXPECT_TRUE(median == 0 || (median >= 1000 && median < 2000)) << median;
    std::this_thread::yield();
  }
  writer.join();
  EXPECT_EQ(Histogram(histogram).count(), kValues);
}

}  // namespace
}  // namespace pyscalp
