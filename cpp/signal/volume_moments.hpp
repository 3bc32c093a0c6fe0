// Volume-weighted mean and standard deviation, of exact sums that can be added to and
// taken from.
//
//   mean = Σ q·d / Σ q        sigma² = Σ q·(d - mean)² / Σ q
//
// d is a price's distance from an anchor that whoever holds the sums has chosen. Sums
// are 128-bit integers rather than Welford's update: no rounding builds up, however
// many trades come and go, and their order does not matter. The cancellation that a sum
// of squares suffers in doubles cannot occur, since the mean is taken out in integers
// too: with Σq·d = m·Q + r (Q = Σq),
//   Σq·(d - m)² = Σq·d² - Q·m² - 2·m·r   and   Q·sigma² = Σq·(d - m)² - r²/Q.
#pragma once

#include <cmath>

#include "base/types.hpp"
#include "signal/rounding.hpp"

namespace pyscalp::signal {

struct VolumeMoments {
  /// Σq stays below this.
  static constexpr Qty kMaxVolume = Qty{1} << 62;

  Qty volume = 0;      ///< Σq
  Int128 sum = 0;      ///< Σq·d
  Int128 squares = 0;  ///< Σq·d²

  static constexpr VolumeMoments of(Int128 d, Qty qty) {
    return {qty, d * qty, d * d * qty};
  }

  /// Whether the sums stay below 2^125 and 2^62 with `qty` more at `d`; estimated in
  /// doubles, whose rounding is far smaller than the margin left. `qty` is above 0.
  bool fits(Int128 d, Qty qty) const {
    constexpr double kMaxSquares = 0x1p125;
    const auto deviation = static_cast<double>(d);
    return qty < kMaxVolume - volume &&
           static_cast<double>(squares) +
                   deviation * deviation * static_cast<double>(qty) <
               kMaxSquares;
  }

  constexpr VolumeMoments& operator+=(const VolumeMoments& more) {
    volume += more.volume;
    sum += more.sum;
    squares += more.squares;
    return *this;
  }
  constexpr VolumeMoments& operator-=(const VolumeMoments& less) {
    volume -= less.volume;
    sum -= less.sum;
    squares -= less.squares;
    return *this;
  }

  struct Moments {
    double mean = 0.0;   ///< of d
    double sigma = 0.0;  ///< population standard deviation
  };
  /// Both 0 while there is no volume.
  Moments moments() const {
    if (volume == 0) return {};
    // Most sums fit 64 bits, where a division costs a third of the 128-bit one.
    const auto narrow = static_cast<std::int64_t>(sum);
    const std::int64_t m =
        narrow == sum ? narrow / volume : static_cast<std::int64_t>(sum / volume);
    const auto whole = static_cast<Int128>(m) * volume;
    const auto r = static_cast<std::int64_t>(sum - whole);
    const Int128 centered = squares - whole * m - 2 * static_cast<Int128>(m) * r;
    const auto q = static_cast<double>(volume);
    const double rest = static_cast<double>(r) / q;
    const double variance =
        (static_cast<double>(centered) - rest * static_cast<double>(r)) / q;
    return {static_cast<double>(m) + rest, variance > 0.0 ? std::sqrt(variance) : 0.0};
  }

  /// mean - d, to the nearest 1; `volume` is above 0.
  Price move_to_mean(Int128 d) const {
    return rounded_quotient(sum - d * volume, volume);
  }
};

}  // namespace pyscalp::signal
