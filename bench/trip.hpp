// One trigger of a tick-to-trade measurement.
#pragma once

#include <cstdint>

namespace pyscalp::bench {

/// What came of a trigger; stamps of bench/stamp.hpp.
struct Trip {
  std::int64_t intended = 0;
  std::int64_t sent = 0;     ///< just before the call that sends; 0: it never was
  std::int64_t arrived = 0;  ///< just after the call that received; 0: no order came
};

}  // namespace pyscalp::bench
