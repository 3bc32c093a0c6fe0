// Measurements of one machine: what a spinning thread loses, how far the cores'
// counters lie apart, how well the clock is calibrated.
//
// Each starts threads of its own, keeps them busy for the time given and ends them.
#pragma once

#include "base/spin_gaps.hpp"
#include "base/types.hpp"

namespace pyscalp {

/// Spins on a core for `length`, doing nothing but reading the clock, and records every
/// gap in `gaps`, started and stopped. Returns 0, or the errno of the pinning.
[[nodiscard]] int watch_core(int core, MonoNanos length, SpinGaps& gaps);

struct CounterOffset {
  int error = 0;  ///< errno of a pinning; ENOTSUP without a time stamp counter
  std::int64_t offset_ns = 0;       ///< how far `other`'s counter is ahead of `core`'s
  std::int64_t uncertainty_ns = 0;  ///< half the fastest round between the two
  std::int64_t round_ns = 0;  ///< a cache line there and back, the median of the rounds
};

/// Compares the time stamp counters of two cores: a question and an answer through one
/// cache line, `rounds` times; the fastest round counts.
CounterOffset counter_offset(int core, int other, int rounds = 20'000);

struct Calibration {
  bool invariant = false;  ///< the counter runs at one rate, also asleep
  double ns_per_tick = 0;  ///< middle of the tries
  double spread = 0;       ///< largest less smallest, over the middle
};

/// Compares the counter with CLOCK_MONOTONIC_RAW `tries` times over `each`.
Calibration calibration(int tries, MonoNanos each);

}  // namespace pyscalp
