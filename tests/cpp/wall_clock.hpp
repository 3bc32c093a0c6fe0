// What tests may ask of times that come from the wall clock.
#pragma once

#include <cstdint>

namespace pyscalp {

/// What that clock may be set back or on by while a test runs, in nanoseconds.
inline constexpr std::int64_t kWallClockStep = 10'000'000;

}  // namespace pyscalp
