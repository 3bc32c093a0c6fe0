// A MarketDay as a BinaryFILE.
#pragma once

#include <functional>
#include <string>

#include "bench/market_day.hpp"

namespace pyscalp::bench {

/// Writes what is left of the day to `path`, which is replaced. Calls
/// `progress(messages so far)` now and then; where that returns false the file stays
/// unfinished. Returns 0, ECANCELED if `progress` wanted no more, or the system's
/// errno.
int write_day(MarketDay& day, const std::string& path,
              const std::function<bool(std::uint64_t)>& progress);

}  // namespace pyscalp::bench
