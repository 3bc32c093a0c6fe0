// Control: no order on a price whose last tick is strictly older than the limit. A
// heartbeat proves the link, not the price, and does not count as a tick.
#pragma once

#include "risk/elapsed.hpp"
#include "risk/limits.hpp"

namespace pyscalp::risk {

/// A tick later than `now` breaks the order of time and counts as stale too.
constexpr bool price_is_stale(MonoNanos last_tick, MonoNanos now,
                              MonoNanos stale_after) {
  const Int128 age = elapsed(last_tick, now);
  return age < 0 || age > stale_after.value;
}

}  // namespace pyscalp::risk
