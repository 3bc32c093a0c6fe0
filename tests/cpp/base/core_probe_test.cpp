#include "base/core_probe.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "base/cpu.hpp"

namespace pyscalp {
namespace {

TEST(CoreProbe, WatchesACoreForTheTimeGiven) {
  const auto gaps = std::make_unique<SpinGaps>(MonoNanos{1'000});
  ASSERT_EQ(watch_core(last_core(), milliseconds(20), *gaps), 0);
  EXPECT_GE(gaps->watched(kNever), milliseconds(20));
  EXPECT_LE(gaps->lost(), gaps->watched(kNever));
  EXPECT_GE(gaps->lost(), gaps->worst());
}

TEST(CoreProbe, SaysThatACoreIsNotThere) {
  const auto gaps = std::make_unique<SpinGaps>();
  EXPECT_EQ(watch_core(-1, milliseconds(1), *gaps), EINVAL);
  EXPECT_EQ(gaps->watched(kNever).value, 0);
  const int error = counter_offset(last_core(), -1).error;
  EXPECT_TRUE(error == EINVAL || error == ENOTSUP) << error;
}

TEST(CoreProbe, ACounterAgreesWithItself) {
  const CounterOffset same = counter_offset(last_core(), last_core(), 10);
  if (same.error == ENOTSUP) GTEST_SKIP() << "no time stamp counter";
  EXPECT_EQ(same.error, 0);
  EXPECT_LE(std::abs(same.offset_ns), same.uncertainty_ns);
}

TEST(CoreProbe, TwoCoresAnswerEachOther) {
  if (core_count() < 2) GTEST_SKIP() << "one core";
  const CounterOffset two = counter_offset(last_core(), 0, 2'000);
  if (two.error != 0) GTEST_SKIP() << "core 0 is not ours";
  EXPECT_GT(two.uncertainty_ns, 0);
  // No faster than the fastest of them, of which the uncertainty is half.
  EXPECT_GE(two.round_ns, 2 * (two.uncertainty_ns - 1) - 1);
}

TEST(CoreProbe, CalibratesSeveralTimes) {
  const Calibration found = calibration(3, milliseconds(2));
  if (!found.invariant) GTEST_SKIP() << "no invariant time stamp counter";
  EXPECT_GT(found.ns_per_tick, 0.05);
  EXPECT_LT(found.ns_per_tick, 10.0);
  EXPECT_GE(found.spread, 0.0);
}

}  // namespace
}  // namespace pyscalp
