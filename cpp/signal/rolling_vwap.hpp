// Volume-weighted mean and standard deviation of the trade prices of the last stretch
// of time: those of session_vwap.hpp over the slots of sliding_sums.hpp.
//
// Sums are exact integers, so that trades may come and go for ever without drift.
//
// Thread-safety: none. About 4 KiB, nothing allocated.
#pragma once

#include "base/types.hpp"
#include "signal/sliding_sums.hpp"
#include "signal/volume_moments.hpp"

namespace pyscalp::signal {

class RollingVwap {
 public:
  static constexpr bool valid(MonoNanos window) {
    return SlidingSums<VolumeMoments>::valid(window);
  }

  /// Over the last `window`; `valid(window)` is the caller's duty.
  explicit RollingVwap(MonoNanos window) : sums_(window) {}

  /// Lets trades go that have become too old; true if mean and deviation may be others.
  bool advance(UnixNanos now) { return sums_.advance(now); }

  /// Counts one trade, as of `now` or the latest time seen. A quantity below 1 or of
  /// 2^62 and more is passed over, as is a price that is none.
  void add(UnixNanos now, Price price, Qty qty) {
    sums_.advance(now);
    if (qty <= 0 || qty >= VolumeMoments::kMaxVolume || price == kNoPrice) return;
    if (volume() == 0) anchor_ = price;
    if (!sums_.total().fits(from_anchor(price), qty)) {
      sums_.empty();
      ++restarts_;
      anchor_ = price;
    }
    sums_.add(VolumeMoments::of(from_anchor(price), qty));
  }

  void clear() {
    sums_.clear();
    restarts_ = 0;
  }

  Qty volume() const { return sums_.total().volume; }
  /// How often the sums would have left 128 bits (see SessionVwap::saturated): the
  /// window was emptied then and began anew with the trade that did not fit.
  std::int64_t restarts() const { return restarts_; }
  MonoNanos slot() const { return sums_.slot(); }

  /// Volume-weighted mean price, in 1e-9 of the currency; 0 while there is no trade.
  double vwap() const {
    return volume() == 0 ? 0.0 : static_cast<double>(anchor_.value) + moments().mean;
  }
  /// Volume-weighted population standard deviation, in 1e-9 of the currency.
  double sigma() const { return moments().sigma; }

  /// Both at once, the mean as its distance from `anchor`.
  VolumeMoments::Moments moments() const { return sums_.total().moments(); }
  /// The price of the first trade since the window was empty.
  Price anchor() const { return anchor_; }
  /// vwap - price, to the nearest 1e-9; `volume() > 0`.
  Price move_to_vwap(Price price) const {
    return sums_.total().move_to_mean(from_anchor(price));
  }

 private:
  Int128 from_anchor(Price price) const {
    return static_cast<Int128>(price.value) - anchor_.value;
  }

  Price anchor_{};
  std::int64_t restarts_ = 0;
  SlidingSums<VolumeMoments> sums_;
};

}  // namespace pyscalp::signal
