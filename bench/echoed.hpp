// One trigger that an echo saw.
#pragma once

#include <cstdint>

namespace pyscalp::bench {

/// Stamps of bench/stamp.hpp.
struct Echoed {
  std::int64_t seen = 0;  ///< it is in user space; 0: it never came
  std::int64_t sent = 0;  ///< the call that sends has returned
};

}  // namespace pyscalp::bench
