// Sums over the last stretch of time, from which what is older leaves again.
//
// Time is cut into slots of a 64th of the window, on multiples of their length; the
// sums are those of the open slot and of the 63 before it, so that they reach back
// between 63/64 of the window and all of it. Whatever the rate of events, memory is
// fixed, and nothing has to leave early. Time is never taken back: what comes late
// counts in the open slot.
//
// Thread-safety: none. Nothing allocated; at most 64 steps a call, and those only once
// a slot has ended.
#pragma once

#include <array>
#include <cassert>

#include "base/types.hpp"

namespace pyscalp::signal {

/// `Sums` has exact += and -=, and is zero when made.
template <class Sums>
class SlidingSums {
 public:
  static constexpr int kSlots = 64;
  /// The longest window: a day.
  static constexpr MonoNanos kMaxWindow = seconds(86'400);

  static constexpr bool valid(MonoNanos window) {
    return window > MonoNanos{} && window <= kMaxWindow;
  }

  /// `valid(window)` is the caller's duty. A window that is not a multiple of 64 ns is
  /// taken as the next longer one.
  explicit SlidingSums(MonoNanos window) : slot_{(window.value + kSlots - 1) / kSlots} {
    assert(valid(window));
  }

  /// Goes on to `now`; true if a slot has ended, so that sums may have left.
  bool advance(UnixNanos now) {
    if (now < end_) return false;
    const std::int64_t opened = now.value / slot_.value;
    if (opened - open_ >= kSlots) {
      empty();
    } else {
      for (std::int64_t slot = open_ + 1; slot <= opened; ++slot) {
        Sums& leaving = at(slot);
        total_ -= leaving;
        leaving = Sums{};
      }
    }
    open_ = opened;
    end_.value = (opened + 1) * slot_.value;
    return true;
  }

  /// Adds to the open slot.
  void add(const Sums& sums) {
    at(open_) += sums;
    total_ += sums;
  }

  /// Empties every slot; time stays what it was.
  void empty() {
    slots_.fill(Sums{});
    total_ = Sums{};
  }
  /// Forgets time too.
  void clear() {
    empty();
    open_ = 0;
    end_ = {};
  }

  /// As of the last `advance` and `add`.
  const Sums& total() const { return total_; }
  MonoNanos slot() const { return slot_; }

 private:
  Sums& at(std::int64_t slot) {
    return slots_[static_cast<std::size_t>(slot) % kSlots];
  }

  MonoNanos slot_;
  std::int64_t open_ = 0;  ///< the open slot's number since time 0
  UnixNanos end_{};        ///< of the open slot
  Sums total_{};
  std::array<Sums, kSlots> slots_{};
};

}  // namespace pyscalp::signal
