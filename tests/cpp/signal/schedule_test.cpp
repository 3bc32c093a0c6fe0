#include "signal/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.hpp"

namespace pyscalp::signal {
namespace {

TimeWindow window(std::int64_t from, std::int64_t to, double weight = 1.0,
                  bool entries = true) {
  TimeWindow window{UnixNanos{from}, UnixNanos{to}, entries, usual_weights()};
  window.weights[1] = weight;
  return window;
}

TEST(Schedule, UsualWeightsHoldOutsideOfAllWindows) {
  Weights usual = usual_weights();
  usual[2] = 0.5;
  Schedule schedule(usual, {});
  for (const std::int64_t at :
       {std::numeric_limits<std::int64_t>::min(), std::int64_t{0},
        std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(schedule.at(UnixNanos{at}).weights, usual);
    EXPECT_TRUE(schedule.at(UnixNanos{at}).entries);
  }
}

TEST(Schedule, AWindowHoldsFromItsFirstMomentUpToItsLast) {
  Schedule schedule(usual_weights(), std::vector{window(10, 20, 3.0, false)});
  EXPECT_TRUE(schedule.at(UnixNanos{9}).entries);
  EXPECT_FALSE(schedule.at(UnixNanos{10}).entries);
  EXPECT_EQ(schedule.at(UnixNanos{19}).weights[1], 3.0);
  EXPECT_TRUE(schedule.at(UnixNanos{20}).entries);
}

TEST(Schedule, TheWindowNamedLastHolds) {
  Schedule schedule(usual_weights(),
                    std::vector{window(0, 100, 2.0), window(40, 60, 0.0)});
  EXPECT_EQ(schedule.at(UnixNanos{39}).weights[1], 2.0);
  EXPECT_EQ(schedule.at(UnixNanos{40}).weights[1], 0.0);
  EXPECT_EQ(schedule.at(UnixNanos{60}).weights[1], 2.0);
}

TEST(Schedule, AnswersAsALookThroughAllWindowsWould) {
  Random random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<TimeWindow> windows;
    for (std::uint64_t i = random.below(8); i > 0; --i) {
      const auto from = static_cast<std::int64_t>(random.below(100));
      windows.push_back(window(from,
                               from + 1 + static_cast<std::int64_t>(random.below(40)),
                               static_cast<double>(10 * round + int(i))));
    }
    Schedule schedule(usual_weights(), windows);
    for (int look = 0; look < 200; ++look) {
      const auto at = static_cast<std::int64_t>(random.below(150));
      double expected = 1.0;
      for (const TimeWindow& w : windows) {
        if (w.from.value <= at && at < w.to.value) expected = w.weights[1];
      }
      ASSERT_EQ(schedule.at(UnixNanos{at}).weights[1], expected);
    }
  }
}

TEST(Schedule, NamesWhatIsNotValid) {
  EXPECT_TRUE(Schedule::valid(std::vector{window(0, 1)}));
  EXPECT_FALSE(Schedule::valid(std::vector{window(1, 1)}));
  EXPECT_FALSE(Schedule::valid(std::vector{window(0, 1, -0.1)}));
  EXPECT_FALSE(Schedule::valid(std::vector{window(0, 1, std::nan(""))}));
  EXPECT_FALSE(Schedule::valid(std::vector{window(0, 1, Schedule::kMaxWeight + 1)}));
  EXPECT_FALSE(Schedule::valid(
      std::vector<TimeWindow>(Schedule::kMaxWindows + 1, window(0, 1))));
}

}  // namespace
}  // namespace pyscalp::signal
