// Quotients and doubles made into prices, the same way everywhere: to the nearest, half
// away from zero.
#pragma once

#include <cmath>

#include "base/types.hpp"

namespace pyscalp::signal {

/// `numerator / denominator` in whole units of 1e-9; saturates at the ends of int64.
constexpr Price rounded_quotient(Int128 numerator, std::int64_t denominator) {
  const Int128 half = numerator < 0 ? -(denominator / 2) : denominator / 2;
  const Int128 quotient = (numerator + half) / denominator;
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  if (quotient > kMax) return {kMax};
  if (quotient < -kMax) return {-kMax};
  return {static_cast<std::int64_t>(quotient)};
}

/// `value` in whole units of 1e-9; saturates at +-2^62, and NaN is 0.
inline Price rounded(double value) {
  constexpr double kMax = 4611686018427387904.0;
  if (std::isnan(value)) return {};
  if (value >= kMax) return {std::int64_t{1} << 62};
  if (value <= -kMax) return {-(std::int64_t{1} << 62)};
  return {static_cast<std::int64_t>(value + (value < 0 ? -0.5 : 0.5))};
}

}  // namespace pyscalp::signal
