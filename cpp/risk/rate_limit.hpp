// Control: requests to the venue per window. New orders stop at their share, 90 % of
// what is allowed; the rest is for cancels and deadline exits. Cancels are never held
// back: one beyond the allowed rate is sent and counted as such.
#pragma once

#include <cstdint>

#include "risk/limits.hpp"
#include "risk/sliding_count.hpp"

namespace pyscalp::risk {

class RateLimit {
 public:
  explicit RateLimit(const Limits& limits)
      : allowed_(limits.rate_limit),
        for_orders_(static_cast<std::int64_t>(static_cast<Int128>(limits.rate_limit) *
                                              limits.rate_share_e6 / 1'000'000)),
        sent_(limits.rate_limit, limits.rate_window) {}

  /// Requests that new orders may use in a window.
  std::int64_t for_orders() const { return for_orders_; }
  /// Requests in the window that ends now; saturates at the allowed number.
  std::int64_t used(MonoNanos now) { return sent_.count(now); }

  bool order_fits(MonoNanos now) { return used(now) < for_orders_; }
  /// For a deadline exit and a cancel: the venue's own limit.
  bool request_fits(MonoNanos now) { return used(now) < allowed_; }
  void count(MonoNanos now) { sent_.add(now); }

 private:
  std::int64_t allowed_;
  std::int64_t for_orders_;
  SlidingCount sent_;
};

}  // namespace pyscalp::risk
