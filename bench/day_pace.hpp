// How fast the messages of a day come.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace pyscalp::bench {

struct DayPace {
  std::uint64_t messages = 0;
  std::uint64_t nanos = 0;  ///< from the first to the last
  std::uint64_t peak = 0;   ///< messages of the busiest second of the venue's clock
};

/// Of the messages of a BinaryFILE but system events, one pass over it.
DayPace day_pace(Bytes file);

}  // namespace pyscalp::bench
