#include "base/clock.hpp"

#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace pyscalp {

namespace {

std::int64_t read_clock(clockid_t id) {
  timespec now;
  clock_gettime(id, &now);
  return static_cast<std::int64_t>(now.tv_sec) * kNanosPerUnit + now.tv_nsec;
}

#if defined(__x86_64__)

bool tsc_is_invariant() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(0x80000007, &a, &b, &c, &d) == 0) return false;
  return (d & (1u << 8)) != 0;
}

struct ClockPair {
  std::uint64_t ticks = 0;
  std::int64_t ns = 0;
};

/// Both clocks at one moment: of several tries the one that the machine disturbed
/// least.
ClockPair read_both() {
  ClockPair best;
  std::uint64_t narrowest = UINT64_MAX;
  for (int i = 0; i < 16; ++i) {
    const std::uint64_t before = __rdtsc();
    const std::int64_t ns = read_clock(CLOCK_MONOTONIC);
    const std::uint64_t width = __rdtsc() - before;
    if (width >= narrowest) continue;
    narrowest = width;
    best = {before + width / 2, ns};
  }
  return best;
}

#endif

}  // namespace

namespace detail {

TscScale calibrate_tsc() {
  TscScale scale;
#if defined(__x86_64__)
  if (!tsc_is_invariant()) return scale;
  const ClockPair first = read_both();
  const timespec pause{0, 20'000'000};
  nanosleep(&pause, nullptr);
  const ClockPair second = read_both();
  const std::uint64_t ticks = second.ticks - first.ticks;
  const std::int64_t ns = second.ns - first.ns;
  // A counter that stands still or runs below 100 MHz or above 100 GHz is not one.
  if (ns <= 0 || ticks < static_cast<std::uint64_t>(ns) / 10 ||
      ticks > static_cast<std::uint64_t>(ns) * 100) {
    return scale;
  }
  scale.base_ticks = second.ticks;
  scale.base_ns = second.ns;
  scale.ns_per_tick_q32 =
      static_cast<std::uint64_t>((static_cast<Int128>(ns) << 32) / ticks);
  scale.usable = true;
#endif
  return scale;
}

MonoNanos kernel_mono_now() { return {read_clock(CLOCK_MONOTONIC)}; }

}  // namespace detail

UnixNanos wall_now() { return {read_clock(CLOCK_REALTIME)}; }

bool WallMap::read(const MonoClock& clock) {
  constexpr MonoNanos kAtOnce{1'000};
  const MonoNanos before = clock.now();
  const UnixNanos wall = wall_now();
  const MonoNanos took = clock.now() - before;
  if (took > kAtOnce && known_) return false;
  ahead_ns_ = wall.value - before.value - took.value / 2;
  known_ = true;
  return true;
}

}  // namespace pyscalp
