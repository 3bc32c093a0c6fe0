// Control: position against the liquidity it would have to leave through.
//
// Depth is the displayed quantity, own orders left out, on the side one would exit
// into: bids for a long position, asks for a short one. It counts as the least of a
// short window, so that a one-tick spike does not lift it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/types.hpp"
#include "risk/elapsed.hpp"

namespace pyscalp::risk {

/// Least value of a step function over the window that ends now, the value at the
/// window's start included. A monotonic queue of what was in effect before, values
/// rising from front to back, beside the value in effect now.
///
/// Fixed capacity: steps that end within the same 1/63 of a window are joined at the
/// lowest of their values. So a low depth may count for up to that much longer than a
/// window, and the answer is never too high. Constant time, amortised.
class SlidingMinimum {
 public:
  static constexpr std::size_t kCapacity = 64;

  explicit SlidingMinimum(MonoNanos window)
      : window_(window), grain_(window.value / (std::int64_t{kCapacity} - 1) + 1) {}

  void add(Qty value, MonoNanos now) {
    if (known_) close(now);
    current_ = value;
    known_ = true;
  }

  /// 0 before the first value.
  Qty minimum(MonoNanos now) {
    expire(now);
    return size_ == 0 ? current_ : std::min(current_, at(0).value);
  }

 private:
  struct Step {
    Qty value = 0;
    MonoNanos until;  ///< when another value took over
  };

  Step& at(std::size_t i) { return steps_[(front_ + i) % kCapacity]; }
  void close(MonoNanos now) {
    expire(now);
    while (size_ > 0 && at(size_ - 1).value >= current_) --size_;
    // All ends lie within a window and each in a grain of its own, so that the queue
    // could only fill up if time went back.
    if (size_ > 0 && (at(size_ - 1).until.value / grain_ == now.value / grain_ ||
                      size_ == kCapacity)) {
      at(size_ - 1).until = now;
      return;
    }
    at(size_++) = {current_, now};
  }
  void expire(MonoNanos now) {
    while (size_ > 0 && elapsed(at(0).until, now) >= window_.value) {
      front_ = (front_ + 1) % kCapacity;
      --size_;
    }
  }

  std::array<Step, kCapacity> steps_;
  MonoNanos window_;
  std::int64_t grain_;
  Qty current_ = 0;
  bool known_ = false;
  std::size_t front_ = 0;
  std::size_t size_ = 0;
};

/// Both sides of one instrument.
class DepthWindow {
 public:
  explicit DepthWindow(MonoNanos window) : bid_(window), ask_(window) {}

  void add(Qty bid_depth, Qty ask_depth, MonoNanos now) {
    bid_.add(bid_depth, now);
    ask_.add(ask_depth, now);
  }
  /// What a position opened on `side` would exit into.
  Qty exit_depth(Side side, MonoNanos now) {
    return side == Side::kBuy ? bid_.minimum(now) : ask_.minimum(now);
  }

 private:
  SlidingMinimum bid_;
  SlidingMinimum ask_;
};

/// True if an absolute position is within its share, in 1e-6, of the depth.
constexpr bool share_fits(Int128 position, Qty depth, std::int64_t share_e6) {
  return position * 1'000'000 <= static_cast<Int128>(depth) * share_e6;
}

}  // namespace pyscalp::risk
