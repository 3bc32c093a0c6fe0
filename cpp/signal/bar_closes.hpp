// The mid at the close of each of the last n bars of equal length.
//
// Bars lie on multiples of their length in venue time: [k·bar, (k+1)·bar). A bar closes
// at the last mid before its end, which is known once an event at or after that end
// arrives; a bar without a mid repeats the close before it. The bar of the first mid is
// the first one. An event whose time is earlier than one seen before belongs to the bar
// that is open.
#pragma once

#include "signal/rolling_window.hpp"

namespace pyscalp::signal {

class BarCloses {
 public:
  /// The longest bar: a day.
  static constexpr MonoNanos kMaxBar = seconds(86'400);

  static constexpr bool valid(int bars, MonoNanos bar) {
    return RollingWindow::valid(bars) && bar > MonoNanos{} && bar <= kMaxBar;
  }

  /// The last `bars` closes; `valid(bars, bar)` is the caller's duty.
  BarCloses(int bars, MonoNanos bar) : bar_(bar), window_(bars) {
    assert(valid(bars, bar));
  }

  /// Closes every bar that ended at or before `now`; true if there was one. The cost is
  /// bounded by the window, however long the gap.
  bool advance(UnixNanos now) {
    if (last_mid_ == kNoPrice || now < end_) return false;
    const std::int64_t ended = (now.value - end_.value) / bar_.value + 1;
    window_.push(last_mid_, ended);
    end_.value += ended * bar_.value;
    return true;
  }

  /// Takes `mid` at `now`, after `advance(now)`.
  void sample(UnixNanos now, Price mid) {
    if (last_mid_ == kNoPrice) end_.value = (now.value / bar_.value + 1) * bar_.value;
    last_mid_ = mid;
  }

  void clear() {
    last_mid_ = kNoPrice;
    window_.clear();
  }

  const RollingWindow& window() const { return window_; }

 private:
  MonoNanos bar_;
  UnixNanos end_{};  ///< of the open bar
  Price last_mid_ = kNoPrice;
  RollingWindow window_;
};

}  // namespace pyscalp::signal
