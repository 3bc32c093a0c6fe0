// The clock that two processes of a measurement share.
//
// MonoClock is calibrated by each process for itself, so that two of them drift apart
// by microseconds within seconds; CLOCK_MONOTONIC costs some ten nanoseconds more.
#pragma once

#include <time.h>

#include "base/types.hpp"

namespace pyscalp::bench {

inline MonoNanos stamp() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return {now.tv_sec * 1'000'000'000 + now.tv_nsec};
}

}  // namespace pyscalp::bench
