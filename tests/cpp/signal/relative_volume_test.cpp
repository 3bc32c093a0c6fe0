#include "signal/relative_volume.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.hpp"

namespace pyscalp::signal {
namespace {

constexpr MonoNanos kWindow = seconds(1);
constexpr std::int64_t kSecond = kWindow.value;
constexpr std::int64_t kPart = kSecond / RelativeVolume::kParts;

RelativeVolume flat(int history) { return {kWindow, history, RelativeVolume::flat()}; }

/// Trades of `qty` at the start of every part of `windows` windows from `at` on.
std::int64_t trade_evenly(RelativeVolume& volume, std::int64_t at, int windows,
                          Qty qty) {
  for (int i = 0; i < windows * RelativeVolume::kParts; ++i, at += kPart)
    volume.add(UnixNanos{at}, qty);
  return at;
}

TEST(RelativeVolume, OneIsAsEver) {
  RelativeVolume volume = flat(4);
  const std::int64_t end = trade_evenly(volume, 0, 4, 10);
  EXPECT_FALSE(volume.known());
  EXPECT_EQ(volume.factor(), 0.0);
  trade_evenly(volume, end, 1, 10);
  EXPECT_TRUE(volume.known());
  EXPECT_EQ(volume.recent(), 100);
  EXPECT_EQ(volume.usual(), 400);
  EXPECT_DOUBLE_EQ(volume.factor(), 1.0);
}

TEST(RelativeVolume, ASurgeIsAMultipleOfTheUsual) {
  RelativeVolume volume = flat(4);
  const std::int64_t end = trade_evenly(volume, 0, 5, 10);
  volume.add(UnixNanos{end - 1}, 200);
  EXPECT_DOUBLE_EQ(volume.factor(), 3.0);
  EXPECT_TRUE(volume.reaches(3.0));
  EXPECT_FALSE(volume.reaches(3.0000001));
}

TEST(RelativeVolume, PartsLieOnMultiplesOfTheirLength) {
  RelativeVolume volume = flat(1);
  volume.add(UnixNanos{kPart - 1}, 1);
  volume.add(UnixNanos{kPart}, 1);
  volume.add(UnixNanos{10 * kPart - 1}, 1);
  EXPECT_EQ(volume.recent(), 3);
  EXPECT_EQ(volume.usual(), 0);
  volume.add(UnixNanos{10 * kPart}, 1);
  EXPECT_EQ(volume.recent(), 3);
  EXPECT_EQ(volume.usual(), 1);
}

TEST(RelativeVolume, NothingIsKnownBesideNothing) {
  RelativeVolume volume = flat(2);
  volume.add(UnixNanos{0}, 5);
  // The trade has left the history, which is empty and complete.
  volume.add(UnixNanos{3 * kSecond}, 500);
  EXPECT_EQ(volume.usual(), 0);
  EXPECT_FALSE(volume.known());
  EXPECT_FALSE(volume.reaches(0.001));
}

TEST(RelativeVolume, AGapOfAnyLengthLeavesNothing) {
  for (const std::int64_t gap : {30 * kPart, 31 * kPart, 3'000'000 * kSecond}) {
    RelativeVolume volume = flat(2);
    const std::int64_t end = trade_evenly(volume, 0, 3, 10);
    volume.add(UnixNanos{end - kPart + gap}, 7);
    EXPECT_EQ(volume.recent(), 7) << gap;
    EXPECT_EQ(volume.usual(), 0) << gap;
    // The next window finds it in the history.
    volume.add(UnixNanos{end - kPart + gap + kSecond}, 14);
    EXPECT_DOUBLE_EQ(volume.factor(), 4.0) << gap;
  }
}

TEST(RelativeVolume, TheDaysCurveIsTakenOut) {
  constexpr std::int64_t kHalfHour = 1'800 * kSecond;
  auto curve = RelativeVolume::flat();
  curve[0] = 500'000;
  curve[1] = 3 * RelativeVolume::kEven;
  RelativeVolume volume(kWindow, 4, curve);
  std::int64_t at = kHalfHour - 4 * kSecond;
  at = trade_evenly(volume, at, 4, 10);
  trade_evenly(volume, at, 1, 60);
  // Six times as much, as the curve says of this half hour.
  EXPECT_DOUBLE_EQ(volume.factor(), 1.0);
  // The same a day later.
  at += 86'400 * kSecond - 4 * kSecond;
  at = trade_evenly(volume, at, 4, 10);
  trade_evenly(volume, at, 1, 60);
  EXPECT_DOUBLE_EQ(volume.factor(), 1.0);
}

TEST(RelativeVolume, HugeVolumesStandStill) {
  RelativeVolume volume = flat(1);
  constexpr Qty kHuge = std::numeric_limits<Qty>::max();
  trade_evenly(volume, 0, 1, kHuge);
  EXPECT_EQ(volume.recent(), RelativeVolume::kMaxVolume);
  trade_evenly(volume, kSecond, 1, 5);
  EXPECT_EQ(volume.recent() + volume.usual(), RelativeVolume::kMaxVolume);
  trade_evenly(volume, 2 * kSecond, 1, 5);
  EXPECT_LE(volume.recent() + volume.usual(), RelativeVolume::kMaxVolume);
}

TEST(RelativeVolume, ValidWithinItsRangesOnly) {
  auto curve = RelativeVolume::flat();
  EXPECT_TRUE(RelativeVolume::valid(milliseconds(1), 1, curve));
  EXPECT_TRUE(
      RelativeVolume::valid(seconds(3'600), RelativeVolume::kMaxHistory, curve));
  EXPECT_FALSE(RelativeVolume::valid(MonoNanos{999'999}, 1, curve));
  EXPECT_FALSE(RelativeVolume::valid(seconds(3'601), 1, curve));
  EXPECT_FALSE(RelativeVolume::valid(kWindow, 0, curve));
  EXPECT_FALSE(RelativeVolume::valid(kWindow, RelativeVolume::kMaxHistory + 1, curve));
  curve[47] = 0;
  EXPECT_FALSE(RelativeVolume::valid(kWindow, 1, curve));
  curve[47] = RelativeVolume::kMaxWeight + 1;
  EXPECT_FALSE(RelativeVolume::valid(kWindow, 1, curve));
}

TEST(RelativeVolume, AgreesWithANaiveOne) {
  struct Trade {
    std::int64_t part;
    Qty qty;
  };
  constexpr std::int64_t kHalfHour = 1'800 * kSecond;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    const int history = 1 + static_cast<int>(random.below(8));
    // Windows of minutes, so that half hours pass.
    const MonoNanos window = seconds(1 + static_cast<std::int64_t>(random.below(300)));
    const std::int64_t length = window.value / RelativeVolume::kParts;
    auto curve = RelativeVolume::flat();
    for (std::int64_t& weight : curve)
      weight = 1 + static_cast<std::int64_t>(random.below(5'000'000));
    RelativeVolume volume(window, history, curve);
    std::vector<Trade> trades;
    std::int64_t now = static_cast<std::int64_t>(random.below(86'400)) * kSecond;
    const std::int64_t held = (history + 1) * RelativeVolume::kParts;
    int known = 0;
    for (int i = 0; i < 400; ++i) {
      const auto reach = static_cast<std::uint64_t>(window.value);
      now += static_cast<std::int64_t>(
          random.below(random.below(60) == 0 ? 20 * reach : reach / 4));
      const Qty qty = 1 + static_cast<Qty>(random.below(9));
      volume.add(UnixNanos{now}, qty);
      trades.push_back({now / length, qty});

      const std::int64_t open = now / length;
      double recent = 0, usual = 0, recent_weight = 0, usual_weight = 0;
      for (std::int64_t part = open; part > open - held; --part) {
        const auto weight = static_cast<double>(curve[static_cast<std::size_t>(
            std::max<std::int64_t>(part, 0) * length / kHalfHour % 48)]);
        (part > open - RelativeVolume::kParts ? recent_weight : usual_weight) += weight;
      }
      for (const Trade& trade : trades) {
        if (trade.part > open - RelativeVolume::kParts)
          recent += static_cast<double>(trade.qty);
        else if (trade.part > open - held)
          usual += static_cast<double>(trade.qty);
      }
      ASSERT_EQ(volume.recent(), recent) << "seed " << seed << ", trade " << i;
      const bool complete = trades.front().part <= open - held + 1;
      ASSERT_EQ(volume.known(), complete && usual > 0) << "seed " << seed << " " << i;
      if (!volume.known()) continue;
      ++known;
      ASSERT_EQ(volume.usual(), usual);
      const double expected = recent / recent_weight / (usual / usual_weight);
      ASSERT_NEAR(volume.factor(), expected, 1e-12 * expected);
      ASSERT_TRUE(volume.reaches(expected * (1 - 1e-9)));
      ASSERT_FALSE(volume.reaches(expected * (1 + 1e-9)));
    }
    EXPECT_GT(known, 100);
  }
}

}  // namespace
}  // namespace pyscalp::signal
