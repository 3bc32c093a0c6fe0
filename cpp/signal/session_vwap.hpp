// Volume-weighted mean and standard deviation of the trade prices of a session:
//
//   vwap = Σ q·p / Σ q        sigma² = Σ q·(p - vwap)² / Σ q
//
// Sums are exact (volume_moments.hpp), so that nothing builds up over a day of any
// length, and a check by other means agrees to the last bits. To add a trade costs a
// few nanoseconds; mean and deviation are worked out when they are asked for.
//
// Thread-safety: none. Nothing allocated.
#pragma once

#include "base/types.hpp"
#include "signal/volume_moments.hpp"

namespace pyscalp::signal {

class SessionVwap {
 public:
  /// Counts one trade. A quantity below 1 or a price that is none is passed over.
  void add(Price price, Qty qty) {
    if (qty <= 0 || price == kNoPrice || saturated_) return;
    if (trades_ == 0) anchor_ = price;
    const Int128 d = from_anchor(price);
    if (!sums_.fits(d, qty)) {
      saturated_ = true;
      return;
    }
    ++trades_;
    sums_ += VolumeMoments::of(d, qty);
  }

  void clear() { *this = SessionVwap{}; }

  std::int64_t trades() const { return trades_; }
  Qty volume() const { return sums_.volume; }
  /// True once the sums would have left 128 bits (10^9 shares 200,000 currency units
  /// off the first price still fit): they stand still from there on, and mean and
  /// deviation are not to be used.
  bool saturated() const { return saturated_; }

  /// Volume-weighted mean price, in 1e-9 of the currency; 0 before the first trade.
  double vwap() const { return static_cast<double>(anchor_.value) + moments().mean; }
  /// Volume-weighted population standard deviation, in 1e-9 of the currency.
  double sigma() const { return moments().sigma; }

  /// Both at once, the mean as its distance from `anchor`.
  VolumeMoments::Moments moments() const { return sums_.moments(); }
  /// The first trade's price.
  Price anchor() const { return anchor_; }
  /// price - vwap, without the rounding that the size of a price brings.
  double deviation(Price price) const {
    return static_cast<double>(from_anchor(price)) - moments().mean;
  }
  /// vwap - price, to the nearest 1e-9; `trades() > 0`.
  Price move_to_vwap(Price price) const {
    return sums_.move_to_mean(from_anchor(price));
  }

 private:
  Int128 from_anchor(Price price) const {
    return static_cast<Int128>(price.value) - anchor_.value;
  }

  std::int64_t trades_ = 0;
  Price anchor_{};
  VolumeMoments sums_;
  bool saturated_ = false;
};

}  // namespace pyscalp::signal
