// Volume-weighted mean and standard deviation of the trade prices of a session.
//
//   vwap = Σ q·p / Σ q        sigma² = Σ q·(p - vwap)² / Σ q
//
// Exact sums of 128-bit integers rather than Welford's update: no rounding builds up
// over a day of any length, the result does not depend on the order of the trades, and
// a check by other means agrees to the last bits. The cancellation that a sum of
// squares suffers in doubles cannot occur, since the mean is taken out in integers too:
// with Σq·d = m·Q + r (d from the first price, Q = Σq),
//   Σq·(d - m)² = Σq·d² - Q·m² - 2·m·r   and   Q·sigma² = Σq·(d - m)² - r²/Q.
//
// Thread-safety: none. Nothing allocated.
#pragma once

#include <cmath>
#include <cstdlib>

#include "base/types.hpp"
#include "signal/rounding.hpp"

namespace pyscalp::signal {

class SessionVwap {
 public:
  /// Counts one trade. A quantity below 1 or a price that is none is passed over.
  void add(Price price, Qty qty) {
    if (qty <= 0 || price == kNoPrice || saturated_) return;
    if (trades_ == 0) anchor_ = price;
    const Int128 d = static_cast<Int128>(price.value) - anchor_.value;
    if (!fits(d, qty)) {
      saturated_ = true;
      return;
    }
    ++trades_;
    volume_ += qty;
    sum_ += d * qty;
    squares_ += d * d * qty;
    update();
  }

  void clear() { *this = SessionVwap{}; }

  std::int64_t trades() const { return trades_; }
  Qty volume() const { return volume_; }
  /// True once the sums would have left 128 bits (10^9 shares 200,000 currency units
  /// off the first price still fit): they stand still from there on, and mean and
  /// deviation are not to be used.
  bool saturated() const { return saturated_; }

  /// Volume-weighted mean price, in 1e-9 of the currency; 0 before the first trade.
  double vwap() const { return static_cast<double>(anchor_.value) + mean_; }
  /// Volume-weighted population standard deviation, in 1e-9 of the currency.
  double sigma() const { return sigma_; }

  /// price - vwap, without the rounding that the size of a price brings.
  double deviation(Price price) const {
    const Int128 d = static_cast<Int128>(price.value) - anchor_.value;
    return static_cast<double>(d) - mean_;
  }
  /// vwap - price, to the nearest 1e-9; `trades() > 0`.
  Price move_to_vwap(Price price) const {
    const Int128 d = static_cast<Int128>(price.value) - anchor_.value;
    return rounded_quotient(sum_ - d * volume_, volume_);
  }

 private:
  /// Whether the sums stay below 2^125 and 2^62 with this trade; estimated in doubles,
  /// whose rounding is far smaller than the margin left.
  bool fits(Int128 d, Qty qty) const {
    constexpr double kMaxSquares = 0x1p125;
    constexpr std::int64_t kMaxVolume = std::int64_t{1} << 62;
    const auto deviation = static_cast<double>(d);
    return qty < kMaxVolume - volume_ &&
           static_cast<double>(squares_) +
                   deviation * deviation * static_cast<double>(qty) <
               kMaxSquares;
  }

  void update() {
    // Most sums fit 64 bits, where a division costs a third of the 128-bit one.
    const auto narrow = static_cast<std::int64_t>(sum_);
    const std::int64_t m =
        narrow == sum_ ? narrow / volume_ : static_cast<std::int64_t>(sum_ / volume_);
    const auto whole = static_cast<Int128>(m) * volume_;
    const auto r = static_cast<std::int64_t>(sum_ - whole);
    const Int128 centered = squares_ - whole * m - 2 * static_cast<Int128>(m) * r;
    const auto q = static_cast<double>(volume_);
    const double rest = static_cast<double>(r) / q;
    mean_ = static_cast<double>(m) + rest;
    const double variance =
        (static_cast<double>(centered) - rest * static_cast<double>(r)) / q;
    sigma_ = variance > 0.0 ? std::sqrt(variance) : 0.0;
  }

  std::int64_t trades_ = 0;
  Qty volume_ = 0;      ///< Σq
  Price anchor_{};      ///< the first trade's price; deviations d count from it
  Int128 sum_ = 0;      ///< Σq·d
  Int128 squares_ = 0;  ///< Σq·d²
  double mean_ = 0.0;   ///< of d
  double sigma_ = 0.0;
  bool saturated_ = false;
};

}  // namespace pyscalp::signal
