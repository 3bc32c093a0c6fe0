#include "base/clock.hpp"

#include <gtest/gtest.h>
#include <time.h>

namespace pyscalp {
namespace {

TEST(Clock, MonoFollowsTheKernelsMonotonicClock) {
  mono_now();  // calibrates
  for (int i = 0; i < 1'000; ++i) {
    const MonoNanos before = detail::kernel_mono_now();
    const MonoNanos now = mono_now();
    const MonoNanos after = detail::kernel_mono_now();
    // The rates differ by some 2e-6: a millisecond is far above it in a short test.
    ASSERT_GT(now, before - milliseconds(1));
    ASSERT_LT(now, after + milliseconds(1));
  }
}

TEST(Clock, MonoNeverStepsBack) {
  MonoNanos last = mono_now();
  for (int i = 0; i < 100'000; ++i) {
    const MonoNanos now = mono_now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(Clock, WallIsTheKernelsRealTimeClock) {
  timespec kernel;
  clock_gettime(CLOCK_REALTIME, &kernel);
  const UnixNanos now = wall_now();
  const UnixNanos seen{kernel.tv_sec * kNanosPerUnit + kernel.tv_nsec};
  EXPECT_GE(now, seen);
  EXPECT_LT(now.value - seen.value, 60 * kNanosPerUnit);
}

TEST(Clock, TheWallClockIsMappedToTheMonotonicOne) {
  const MonoClock clock;
  WallMap map;
  EXPECT_FALSE(map.known());
  ASSERT_TRUE(map.read(clock));
  EXPECT_TRUE(map.known());
  const MonoNanos before = clock.now();
  const MonoNanos mapped = map.mono(wall_now());
  const MonoNanos after = clock.now();
  EXPECT_GT(mapped, before - milliseconds(1));
  EXPECT_LT(mapped, after + milliseconds(1));
  EXPECT_EQ(map.mono({kNanosPerUnit}) - map.mono({0}), MonoNanos{kNanosPerUnit});
}

}  // namespace
}  // namespace pyscalp
