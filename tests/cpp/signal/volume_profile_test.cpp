#include "signal/volume_profile.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/random.hpp"

namespace pyscalp::signal {
namespace {

constexpr std::int64_t kSeventy = 700'000'000;
constexpr MonoNanos kForEver = seconds(86'400);

/// Buckets of one unit, so that a price is its bucket.
VolumeProfile of(const std::map<std::int64_t, Qty>& volumes) {
  VolumeProfile profile(Price{1}, kForEver);
  for (const auto& [price, qty] : volumes)
    if (qty > 0) profile.add(UnixNanos{1}, profile.bucket(Price{price}), qty);
  return profile;
}

void expect_area(const VolumeProfile& profile, std::int64_t share, std::int64_t low,
                 std::int64_t poc, std::int64_t high) {
  const auto area = profile.value_area(share);
  EXPECT_EQ(area.low, low);
  EXPECT_EQ(area.poc, poc);
  EXPECT_EQ(area.high, high);
}

/// The same from a list of trades and a map, without any sum kept.
class NaiveProfile {
 public:
  NaiveProfile(std::int64_t bucket, std::int64_t window)
      : bucket_(bucket), window_(window) {}

  void advance(std::int64_t now) {
    while (!trades.empty() && trades.front().time <= now - window_) trades.pop_front();
  }
  void add(std::int64_t now, std::int64_t price, Qty qty) {
    std::int64_t bucket = price / bucket_;
    while (bucket * bucket_ > price) --bucket;
    while (trades.size() >= VolumeProfile::kMaxTrades) {
      trades.pop_front();
      ++crowded_out;
    }
    for (const Trade& trade : trades) {
      if (std::abs(trade.bucket - bucket) >= VolumeProfile::kMaxBuckets) {
        trades.clear();
        ++restarts;
        break;
      }
    }
    trades.push_back({now, bucket, qty});
  }
  std::map<std::int64_t, Qty> volumes() const {
    std::map<std::int64_t, Qty> volumes;
    for (const Trade& trade : trades) volumes[trade.bucket] += trade.qty;
    return volumes;
  }

  struct Trade {
    std::int64_t time, bucket;
    Qty qty;
  };
  std::deque<Trade> trades;
  std::int64_t crowded_out = 0;
  std::int64_t restarts = 0;

 private:
  std::int64_t bucket_, window_;
};

/// Of 70 %, by the words of the definition.
VolumeProfile::ValueArea area_of(const std::map<std::int64_t, Qty>& volumes) {
  const std::int64_t bottom = volumes.begin()->first;
  const std::int64_t top = volumes.rbegin()->first;
  const auto volume = [&](std::int64_t bucket) {
    const auto found = volumes.find(bucket);
    return found == volumes.end() ? Qty{0} : found->second;
  };
  Qty total = 0;
  Qty most = 0;
  for (const auto& [bucket, qty] : volumes) {
    total += qty;
    most = std::max(most, qty);
  }
  std::int64_t poc = 0;
  std::int64_t nearest = std::numeric_limits<std::int64_t>::max();
  for (const auto& [bucket, qty] : volumes) {
    const std::int64_t off = std::abs(2 * bucket - bottom - top);
    if (qty == most && off < nearest) {
      nearest = off;
      poc = bucket;
    }
  }
  VolumeProfile::ValueArea area{poc, poc, poc};
  for (;;) {
    Qty inside = 0;
    for (std::int64_t k = area.low; k <= area.high; ++k) inside += volume(k);
    if (10 * inside >= 7 * total) return area;
    const Qty above = volume(area.high + 1) + volume(area.high + 2);
    const Qty below = volume(area.low - 1) + volume(area.low - 2);
    if (area.high < top && (area.low == bottom || above >= below))
      area.high = std::min(top, area.high + 2);
    else
      area.low = std::max(bottom, area.low - 2);
  }
}

TEST(VolumeProfile, AreaGrowsByTheHeavierPair) {
  // 100 of all; 30 at the point of control, then the pairs of 27, 20: 77.
  const auto profile =
      of({{100, 5}, {101, 8}, {102, 12}, {103, 30}, {104, 15}, {105, 12}, {106, 18}});
  EXPECT_EQ(profile.volume(), 100);
  expect_area(profile, 300'000'000, 103, 103, 103);
  expect_area(profile, 300'000'001, 103, 103, 105);
  expect_area(profile, 570'000'000, 103, 103, 105);
  expect_area(profile, kSeventy, 101, 103, 105);
  expect_area(profile, 770'000'000, 101, 103, 105);
  expect_area(profile, 770'000'001, 101, 103, 106);
  expect_area(profile, 950'000'001, 100, 103, 106);
  expect_area(profile, VolumeProfile::kWhole, 100, 103, 106);
}

TEST(VolumeProfile, OfEqualPairsTheUpper) {
  expect_area(of({{1, 10}, {2, 10}, {3, 40}, {4, 10}, {5, 10}}), 600'000'000, 3, 3, 5);
}

TEST(VolumeProfile, OfEqualBucketsTheOneNearestTheMiddleThenTheLower) {
  expect_area(of({{1, 9}, {4, 9}, {9, 1}}), 1, 4, 4, 4);
  expect_area(of({{1, 1}, {3, 9}, {5, 9}, {7, 1}}), 1, 3, 3, 3);
}

TEST(VolumeProfile, AtTheEndOfTheRangeOnlyTheOtherSideIsLeft) {
  expect_area(of({{1, 50}, {9, 50}}), VolumeProfile::kWhole, 1, 1, 9);
  expect_area(of({{1, 50}, {9, 51}}), VolumeProfile::kWhole, 1, 9, 9);
  // Empty buckets between are passed in pairs.
  expect_area(of({{1, 40}, {8, 60}}), kSeventy, 1, 8, 8);
}

TEST(VolumeProfile, OneTradeIsAll) {
  expect_area(of({{7, 3}}), VolumeProfile::kWhole, 7, 7, 7);
}

TEST(VolumeProfile, ATradeLeavesAtTheEndOfTheWindow) {
  VolumeProfile profile(Price{10}, MonoNanos{100});
  profile.add(UnixNanos{50}, profile.bucket(Price{100}), 5);
  profile.add(UnixNanos{60}, profile.bucket(Price{129}), 7);
  EXPECT_FALSE(profile.advance(UnixNanos{149}));
  EXPECT_EQ(profile.trades(), 2);
  EXPECT_EQ(profile.low(), 10);
  EXPECT_EQ(profile.high(), 12);
  EXPECT_TRUE(profile.advance(UnixNanos{150}));
  EXPECT_EQ(profile.trades(), 1);
  EXPECT_EQ(profile.low(), 12);
  EXPECT_EQ(profile.volume(), 7);
  EXPECT_TRUE(profile.advance(UnixNanos{1'000'000'000'000}));
  EXPECT_EQ(profile.trades(), 0);
  EXPECT_EQ(profile.volume(), 0);
  EXPECT_FALSE(profile.advance(UnixNanos{2'000'000'000'000}));
}

TEST(VolumeProfile, BucketsOfNegativePricesAreRoundedDown) {
  const VolumeProfile profile(Price{10}, kForEver);
  EXPECT_EQ(profile.bucket(Price{9}), 0);
  EXPECT_EQ(profile.bucket(Price{0}), 0);
  EXPECT_EQ(profile.bucket(Price{-1}), -1);
  EXPECT_EQ(profile.bucket(Price{-10}), -1);
  EXPECT_EQ(profile.bucket(Price{-11}), -2);
  EXPECT_EQ(profile.lower_edge(-2), Price{-20});
}

TEST(VolumeProfile, OfTooManyTradesTheOldestLeave) {
  VolumeProfile profile(Price{1}, kForEver);
  profile.add(UnixNanos{0}, 1, 1'000'000);
  for (int i = 1; i < VolumeProfile::kMaxTrades; ++i) profile.add(UnixNanos{i}, 5, 1);
  EXPECT_EQ(profile.crowded_out(), 0);
  EXPECT_EQ(profile.low(), 1);
  profile.add(UnixNanos{VolumeProfile::kMaxTrades}, 6, 1);
  EXPECT_EQ(profile.crowded_out(), 1);
  EXPECT_EQ(profile.trades(), VolumeProfile::kMaxTrades);
  EXPECT_EQ(profile.low(), 5);
  EXPECT_EQ(profile.volume(), VolumeProfile::kMaxTrades);
}

TEST(VolumeProfile, APriceFarAwayStartsItAnew) {
  VolumeProfile profile(Price{1}, kForEver);
  profile.add(UnixNanos{0}, 0, 10);
  profile.add(UnixNanos{0}, VolumeProfile::kMaxBuckets - 1, 20);
  EXPECT_EQ(profile.restarts(), 0);
  EXPECT_EQ(profile.volume(), 30);
  profile.add(UnixNanos{0}, VolumeProfile::kMaxBuckets, 40);
  EXPECT_EQ(profile.restarts(), 1);
  EXPECT_EQ(profile.trades(), 1);
  EXPECT_EQ(profile.volume(), 40);
  EXPECT_EQ(profile.low(), VolumeProfile::kMaxBuckets);
  EXPECT_EQ(profile.volume(0), 0);
  expect_area(profile, kSeventy, VolumeProfile::kMaxBuckets, VolumeProfile::kMaxBuckets,
              VolumeProfile::kMaxBuckets);
}

TEST(VolumeProfile, HugePricesAndQuantities) {
  constexpr std::int64_t kMax = VolumeProfile::kMaxPrice;
  EXPECT_TRUE(VolumeProfile::counts(Price{kMax}, 1));
  EXPECT_TRUE(VolumeProfile::counts(Price{-kMax}, 1));
  EXPECT_FALSE(VolumeProfile::counts(Price{kMax + 1}, 1));
  EXPECT_FALSE(VolumeProfile::counts(kNoPrice, 1));
  EXPECT_FALSE(VolumeProfile::counts(Price{1}, 0));
  EXPECT_FALSE(VolumeProfile::counts(Price{1}, -1));

  VolumeProfile profile(Price{1}, kForEver);
  constexpr Qty kHuge = std::numeric_limits<Qty>::max();
  for (int i = 0; i < 2 * VolumeProfile::kMaxTrades; ++i)
    profile.add(UnixNanos{i}, kMax - i % 3, kHuge);
  EXPECT_EQ(profile.volume(), VolumeProfile::kMaxTrades * VolumeProfile::kMaxQty);
  EXPECT_EQ(profile.value_area(VolumeProfile::kWhole).buckets(), 3);
  // From one end of all prices to the other.
  profile.add(UnixNanos{1'000'000}, -kMax, kHuge);
  EXPECT_EQ(profile.volume(), VolumeProfile::kMaxQty);
  EXPECT_EQ(profile.low(), -kMax);
}

TEST(VolumeProfile, ClearForgetsAll) {
  VolumeProfile profile = of({{1, 2}, {5, 9}});
  profile.clear();
  EXPECT_EQ(profile.trades(), 0);
  profile.add(UnixNanos{0}, 1, 1);
  expect_area(profile, VolumeProfile::kWhole, 1, 1, 1);
}

TEST(VolumeProfile, AgreesWithANaiveOne) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Random random(seed);
    const std::int64_t bucket = 1 + static_cast<std::int64_t>(random.below(50));
    const std::int64_t window = 1 + static_cast<std::int64_t>(random.below(2'000));
    VolumeProfile profile(Price{bucket}, MonoNanos{window});
    NaiveProfile naive(bucket, window);
    std::int64_t now = 0;
    std::int64_t price = static_cast<std::int64_t>(random.below(2'000)) - 1'000;
    for (int i = 0; i < 3'000; ++i) {
      now += random.below(40) == 0 ? window + 5
                                   : static_cast<std::int64_t>(random.below(20));
      price += static_cast<std::int64_t>(random.below(41)) - 20;
      if (random.below(500) == 0) price += 800 * bucket;
      const Qty qty = 1 + static_cast<Qty>(random.below(5));
      profile.advance(UnixNanos{now});
      naive.advance(now);
      if (random.below(8) != 0) {
        profile.add(UnixNanos{now}, profile.bucket(Price{price}), qty);
        naive.add(now, price, qty);
      }
      const auto volumes = naive.volumes();
      ASSERT_EQ(profile.trades(), static_cast<int>(naive.trades.size()));
      if (volumes.empty()) continue;
      ASSERT_EQ(profile.low(), volumes.begin()->first);
      ASSERT_EQ(profile.high(), volumes.rbegin()->first);
      for (const auto& [k, volume] : volumes) ASSERT_EQ(profile.volume(k), volume);
      const auto area = profile.value_area(kSeventy);
      const auto expected = area_of(volumes);
      ASSERT_EQ(area.poc, expected.poc) << "seed " << seed << ", event " << i;
      ASSERT_EQ(area.low, expected.low) << "seed " << seed << ", event " << i;
      ASSERT_EQ(area.high, expected.high) << "seed " << seed << ", event " << i;
    }
    EXPECT_EQ(profile.restarts(), naive.restarts);
    EXPECT_EQ(profile.crowded_out(), naive.crowded_out);
  }
}

}  // namespace
}  // namespace pyscalp::signal
