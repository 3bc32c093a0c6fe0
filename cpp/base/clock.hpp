// The two clocks of the machine, for `net` and the outermost loops only.
//
// Thread-safe. Everything inside takes time as an input and never calls these.
#pragma once

#include "base/types.hpp"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace pyscalp {

namespace detail {

/// How the processor's time stamp counter maps to CLOCK_MONOTONIC.
struct TscScale {
  bool usable = false;  ///< false: no invariant counter, ask the kernel instead
  std::uint64_t base_ticks = 0;
  std::int64_t base_ns = 0;
  std::uint64_t ns_per_tick_q32 = 0;  ///< nanoseconds a tick, times 2^32
};

/// Compares both clocks over some 20 ms.
TscScale calibrate_tsc();
MonoNanos kernel_mono_now();

inline const TscScale& tsc_scale() {
  static const TscScale scale = calibrate_tsc();
  return scale;
}

}  // namespace detail

/// The monotonic clock with its calibration at hand: what a loop keeps for itself, so
/// that reading it is a few instructions and no initialisation can hide in it.
class MonoClock {
 public:
  /// The first one made in a process calibrates for 20 ms.
  MonoClock() : scale_(detail::tsc_scale()) {}

  /// About 12 ns on an invariant time stamp counter, else one clock_gettime. Its zero
  /// is CLOCK_MONOTONIC's, its rate agrees with it to some 2e-6.
  MonoNanos now() const {
#if defined(__x86_64__)
    if (scale_.usable) {
      // Counters of two cores may differ by some ticks, so a reading from just before
      // the base is a small negative number and not a huge positive one.
      const auto ticks = static_cast<std::int64_t>(__rdtsc() - scale_.base_ticks);
      const Int128 scaled = static_cast<Int128>(ticks) * scale_.ns_per_tick_q32;
      return {scale_.base_ns + static_cast<std::int64_t>(scaled >> 32)};
    }
#endif
    return detail::kernel_mono_now();
  }

 private:
  detail::TscScale scale_;
};

/// Nanoseconds of a clock that never steps, for those who keep no MonoClock.
inline MonoNanos mono_now() {
  static const MonoClock clock;
  return clock.now();
}

/// Nanoseconds since 1970-01-01 UTC. Steps when the machine's clock is set.
UnixNanos wall_now();

/// Turns times of the wall clock, such as a kernel's of a packet, into those of a
/// MonoClock. Not thread-safe.
class WallMap {
 public:
  /// How old a reading may be: in that time the two drift apart by some 20 ns. Where
  /// the wall clock is set, the map is wrong for as long.
  static constexpr MonoNanos kGoodFor{10'000'000};

  /// Compares both clocks, some 60 ns. False where something came between the readings,
  /// and the map is as it was.
  bool read(const MonoClock& clock);
  bool known() const { return known_; }
  MonoNanos mono(UnixNanos wall) const { return {wall.value - ahead_ns_}; }

 private:
  std::int64_t ahead_ns_ = 0;  ///< the wall clock's, of the monotonic one
  bool known_ = false;
};

}  // namespace pyscalp
