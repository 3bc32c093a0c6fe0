// Whether prices go their way, wander or turn back: the variance of their changes over
// q steps against q times that of a single one.
#pragma once

#include <limits>

#include "signal/rolling_window.hpp"

namespace pyscalp::signal {

/// The fewest steps that a change over more than one can be measured in.
inline constexpr int kMinVarianceStep = 2;

/// Whether a window of `size` prices has a ratio over `q` steps: at least two changes
/// that overlap, so that q + 2 prices at least.
constexpr bool valid_variance_step(int q, int size) {
  return q >= kMinVarianceStep && q <= size - 2;
}

/// VR(q) of the prices x_0 … x_n in the window: about 1 for a random walk, below 1 for
/// prices that turn back, above 1 for a trend.
///
///   mu = (x_n - x_0) / n
///   var(1) = Σ (x_k - x_(k-1) - mu)² / (n - 1)
///   var(q) = Σ (x_k - x_(k-q) - q·mu)² / (q·(n - q + 1)·(1 - q/n)),  k = q … n
///   VR(q) = var(q) / var(1)
///
/// Overlapping changes and both corrections for bias; of the prices themselves, not of
/// their logarithms. `valid_variance_step(q, window.count())` is the caller's duty. No
/// ratio is infinity: where no single step leaves the drift, and where a change leaves
/// it by more than 2^58 / n (564,000 currency units at the longest window), beyond
/// which the exact sums would not fit. O(window). Source: Lo and MacKinlay, Stock
/// Market Prices Do Not Follow Random Walks (1988), equations 12 to 14.
inline double variance_ratio(const RollingWindow& window, int q) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  constexpr std::int64_t kMaxScaled = std::int64_t{1} << 58;
  const int n = window.count() - 1;
  const std::int64_t drift = window.price(n).value - window.price(0).value;  // n·mu
  // Σ (n·change - q·n·mu)², exact; below 0 where a term is too large.
  const auto scaled_squares = [&](int step) -> Int128 {
    Int128 sum = 0;
    for (int k = step; k <= n; ++k) {
      const std::int64_t change = window.price(k).value - window.price(k - step).value;
      const std::int64_t off = n * change - step * drift;
      if (off > kMaxScaled || off < -kMaxScaled) return -1;
      sum += static_cast<Int128>(off) * off;
    }
    return sum;
  };
  const Int128 single = scaled_squares(1);
  const Int128 over_q = scaled_squares(q);
  if (single <= 0 || over_q < 0) return kNone;
  const auto n64 = static_cast<std::int64_t>(n);
  const std::int64_t degrees = q * (n64 - q + 1) * (n64 - q);
  return static_cast<double>(over_q) * static_cast<double>(n64 * (n64 - 1)) /
         (static_cast<double>(single) * static_cast<double>(degrees));
}

}  // namespace pyscalp::signal
