// The last n prices and what is read off them: mean, population standard deviation and
// Kaufman's efficiency ratio.
//
// All sums are of integers and exact, so that prices may enter and leave for ever
// without drift; a double appears only in the last step. Prices are held as deviations
// from an anchor, the first price since the window was empty.
//
// Thread-safety: none. Nothing allocated; a push costs a few nanoseconds.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdlib>

#include "base/types.hpp"
#include "signal/rounding.hpp"

namespace pyscalp::signal {

/// The longest window, in bars.
inline constexpr int kMaxBars = 512;

class RollingWindow {
 public:
  /// A price farther than this from the anchor (4.5 million currency units) empties the
  /// window and starts it anew: within it, no sum below can overflow.
  static constexpr std::int64_t kMaxDeviation = std::int64_t{1} << 52;

  static constexpr bool valid(int size) { return size >= 2 && size <= kMaxBars; }

  /// A window of `size` prices; `valid(size)` is the caller's duty.
  explicit RollingWindow(int size) : size_(size) { assert(valid(size)); }

  /// Adds `price`; the oldest price leaves a full window.
  void push(Price price) {
    const Int128 from_anchor = static_cast<Int128>(price.value) - anchor_.value;
    if (from_anchor > kMaxDeviation || from_anchor < -kMaxDeviation) clear();
    if (count_ == 0) anchor_ = price;
    const std::int64_t entering = price.value - anchor_.value;
    if (count_ > 0) path_ += std::abs(entering - at(count_ - 1));
    if (count_ == size_) {
      const std::int64_t leaving = at(0);
      sum_ -= leaving;
      squares_ -= square(leaving);
      path_ -= std::abs(at(1) - leaving);
      oldest_ = oldest_ + 1 == size_ ? 0 : oldest_ + 1;
      --count_;
    }
    sum_ += entering;
    squares_ += square(entering);
    deviations_[static_cast<std::size_t>(slot(count_))] = entering;
    ++count_;
  }

  /// Adds `price` `times` times, at the cost of at most one window.
  void push(Price price, std::int64_t times) {
    if (times < size_) {
      for (std::int64_t i = 0; i < times; ++i) push(price);
      return;
    }
    clear();
    anchor_ = price;
    std::fill_n(deviations_.begin(), size_, std::int64_t{0});
    count_ = size_;
  }

  void clear() {
    count_ = oldest_ = 0;
    sum_ = path_ = 0;
    squares_ = 0;
    anchor_ = {};
  }

  int size() const { return size_; }
  int count() const { return count_; }
  bool full() const { return count_ == size_; }
  /// The price `i` places after the oldest; `i < count()`.
  Price price(int i) const { return {anchor_.value + at(i)}; }

  /// Mean of the prices, in 1e-9 of the currency; 0 while empty.
  double mean() const {
    if (count_ == 0) return 0.0;
    return static_cast<double>(anchor_.value) + static_cast<double>(sum_) / count_;
  }
  /// Population standard deviation, in 1e-9 of the currency; 0 while empty.
  double sigma() const { return count_ == 0 ? 0.0 : scaled_sigma() / count_; }

  /// count · (price - mean), exact.
  Int128 scaled_deviation(Price price) const {
    return count_ * (static_cast<Int128>(price.value) - anchor_.value) - sum_;
  }
  /// count · sigma = sqrt(count · Σx² - (Σx)²), rounded only by the root.
  double scaled_sigma() const {
    const Int128 scaled_variance = count_ * squares_ - square(sum_);
    return std::sqrt(static_cast<double>(scaled_variance));
  }
  /// mean - price, to the nearest 1e-9; `count() > 0`.
  Price move_to_mean(Price price) const {
    return rounded_quotient(-scaled_deviation(price), count_);
  }

  /// |newest - oldest| / Σ|step|, in [0, 1]: 1 is a straight line, 0 goes nowhere. 0
  /// for prices that never moved. Source: Kaufman, Trading Systems and Methods,
  /// "efficiency ratio".
  double efficiency_ratio() const {
    if (path_ == 0) return 0.0;
    return static_cast<double>(std::abs(at(count_ - 1) - at(0))) /
           static_cast<double>(path_);
  }

 private:
  static constexpr Int128 square(std::int64_t x) { return static_cast<Int128>(x) * x; }
  int slot(int i) const {
    const int wrapped = oldest_ + i;
    return wrapped < size_ ? wrapped : wrapped - size_;
  }
  std::int64_t at(int i) const {
    return deviations_[static_cast<std::size_t>(slot(i))];
  }

  int size_;
  int count_ = 0;
  int oldest_ = 0;
  Price anchor_{};
  std::int64_t sum_ = 0;   ///< Σ of deviations
  std::int64_t path_ = 0;  ///< Σ of |steps| between neighbours
  Int128 squares_ = 0;     ///< Σ of deviations squared
  std::array<std::int64_t, kMaxBars> deviations_{};
};

}  // namespace pyscalp::signal
