#include "signal/rolling_window.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace pyscalp::signal {
namespace {

RollingWindow window_of(int size, std::initializer_list<std::int64_t> prices) {
  RollingWindow window(size);
  for (const std::int64_t price : prices) window.push(Price{price});
  return window;
}

TEST(RollingWindow, KnowsWhichSizesItHolds) {
  EXPECT_FALSE(RollingWindow::valid(0));
  EXPECT_FALSE(RollingWindow::valid(1));
  EXPECT_TRUE(RollingWindow::valid(2));
  EXPECT_TRUE(RollingWindow::valid(kMaxBars));
  EXPECT_FALSE(RollingWindow::valid(kMaxBars + 1));
}

TEST(RollingWindow, EmptyIsZero) {
  const RollingWindow window(4);
  EXPECT_EQ(window.count(), 0);
  EXPECT_FALSE(window.full());
  EXPECT_EQ(window.mean(), 0.0);
  EXPECT_EQ(window.sigma(), 0.0);
  EXPECT_EQ(window.efficiency_ratio(), 0.0);
}

TEST(RollingWindow, FillsAndSlides) {
  RollingWindow window = window_of(4, {10, 12, 14});
  EXPECT_FALSE(window.full());
  EXPECT_DOUBLE_EQ(window.mean(), 12.0);
  window.push(Price{16});
  EXPECT_TRUE(window.full());
  EXPECT_DOUBLE_EQ(window.mean(), 13.0);
  EXPECT_DOUBLE_EQ(window.sigma(), std::sqrt(5.0));
  EXPECT_DOUBLE_EQ(window.efficiency_ratio(), 1.0);
  window.push(Price{10});  // 12 14 16 10
  EXPECT_EQ(window.count(), 4);
  EXPECT_EQ(window.price(0), Price{12});
  EXPECT_EQ(window.price(3), Price{10});
  EXPECT_DOUBLE_EQ(window.mean(), 13.0);
  EXPECT_DOUBLE_EQ(window.sigma(), std::sqrt(5.0));
  EXPECT_DOUBLE_EQ(window.efficiency_ratio(), 0.2);  // |10 - 12| / (2 + 2 + 6)
}

TEST(RollingWindow, ConstantPricesHaveNoDeviationAndGoNowhere) {
  const RollingWindow window = window_of(3, {220, 220, 220, 220});
  EXPECT_EQ(window.mean(), 220.0);
  EXPECT_EQ(window.sigma(), 0.0);
  EXPECT_EQ(window.efficiency_ratio(), 0.0);
  EXPECT_EQ(window.move_to_mean(Price{215}), Price{5});
}

TEST(RollingWindow, MoveToMeanRoundsHalfAwayFromZero) {
  const RollingWindow half = window_of(2, {0, 1});
  EXPECT_EQ(half.move_to_mean(Price{0}), Price{1});
  EXPECT_EQ(half.move_to_mean(Price{1}), Price{-1});
  const RollingWindow third = window_of(3, {0, 0, 1});
  EXPECT_EQ(third.move_to_mean(Price{0}), Price{0});
  EXPECT_EQ(third.move_to_mean(Price{1}), Price{-1});
  EXPECT_EQ(third.move_to_mean(Price{-7}), Price{7});
}

TEST(RollingWindow, PushingManyEqualsPushingOneByOne) {
  for (const std::int64_t times : {0, 1, 3, 4, 5, 1'000'000'000}) {
    RollingWindow at_once = window_of(4, {5, 9, 2, 7, 3});
    RollingWindow one_by_one = at_once;
    at_once.push(Price{11}, times);
    for (std::int64_t i = 0; i < std::min<std::int64_t>(times, 100); ++i)
      one_by_one.push(Price{11});
    EXPECT_EQ(at_once.mean(), one_by_one.mean()) << times;
    EXPECT_EQ(at_once.sigma(), one_by_one.sigma()) << times;
    EXPECT_EQ(at_once.efficiency_ratio(), one_by_one.efficiency_ratio()) << times;
  }
}

TEST(RollingWindow, AJumpNoMarketMakesStartsItAnew) {
  RollingWindow window = window_of(3, {100, 200, 300});
  window.push(Price{100 + RollingWindow::kMaxDeviation});
  EXPECT_EQ(window.count(), 3) << "the largest deviation still counts";
  window.push(Price{101 + RollingWindow::kMaxDeviation});
  EXPECT_EQ(window.count(), 1);
  EXPECT_EQ(window.sigma(), 0.0);
  EXPECT_EQ(window.price(0), Price{101 + RollingWindow::kMaxDeviation});
  window.push(Price{std::numeric_limits<std::int64_t>::min()});
  EXPECT_EQ(window.count(), 1);
  window.push(Price{std::numeric_limits<std::int64_t>::max()});
  EXPECT_EQ(window.count(), 1);
}

TEST(RollingWindow, TheWidestWindowAtItsLimitIsExact) {
  RollingWindow window(kMaxBars);
  window.push(Price{0});
  for (int i = 0; i < kMaxBars; ++i)
    window.push(Price{i % 2 == 0 ? RollingWindow::kMaxDeviation
                                 : -RollingWindow::kMaxDeviation});
  EXPECT_EQ(window.mean(), 0.0);
  EXPECT_EQ(window.sigma(), static_cast<double>(RollingWindow::kMaxDeviation));
  EXPECT_DOUBLE_EQ(window.efficiency_ratio(), 1.0 / (kMaxBars - 1));
}

TEST(RollingWindow, ClearForgetsEverything) {
  RollingWindow window = window_of(3, {1, 2, 3, 4});
  window.clear();
  EXPECT_EQ(window.count(), 0);
  window.push(Price{50});
  window.push(Price{52});
  EXPECT_EQ(window.mean(), 51.0);
  EXPECT_EQ(window.sigma(), 1.0);
}

TEST(RollingWindow, StaysExactOverAMillionUpdates) {
  std::mt19937_64 random(17);
  RollingWindow window(20);
  std::deque<std::int64_t> kept;
  std::int64_t price = 220'000'000'000;
  for (int i = 0; i < 1'000'000; ++i) {
    price += 5'000'000 * (static_cast<std::int64_t>(random() % 9) - 4);
    window.push(Price{price});
    kept.push_back(price);
    if (kept.size() > 20) kept.pop_front();
    if (i < 20 || i % 97 != 0) continue;
    long double mean = 0, variance = 0, path = 0;
    for (const std::int64_t p : kept) mean += static_cast<long double>(p) / 20;
    for (const std::int64_t p : kept) {
      const long double d = static_cast<long double>(p) - mean;
      variance += d * d / 20;
    }
    for (std::size_t k = 1; k < kept.size(); ++k)
      path += static_cast<long double>(std::abs(kept[k] - kept[k - 1]));
    const auto expect_close = [](double got, long double exact) {
      ASSERT_NEAR(got, static_cast<double>(exact),
                  1e-9 * std::abs(static_cast<double>(exact)));
    };
    expect_close(window.mean(), mean);
    expect_close(window.sigma(), std::sqrt(variance));
    expect_close(window.efficiency_ratio(),
                 static_cast<long double>(std::abs(kept.back() - kept.front())) / path);
  }
}

}  // namespace
}  // namespace pyscalp::signal
