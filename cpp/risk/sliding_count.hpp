// How many events fell into the last stretch of time, exactly.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/types.hpp"
#include "risk/elapsed.hpp"
#include "risk/limits.hpp"

namespace pyscalp::risk {

/// A ring of the newest time stamps. An event at t is inside the window while
/// now - t < window. The count saturates at the capacity, so give it the count that the
/// owner reacts to. Memory is taken at construction; amortised constant time.
class SlidingCount {
 public:
  SlidingCount(std::int64_t capacity, MonoNanos window)
      : times_(static_cast<std::size_t>(
            std::clamp<std::int64_t>(capacity, 1, kMaxWindowCount + 1))),
        window_(window) {}

  void add(MonoNanos now) {
    expire(now);
    if (size_ == times_.size()) drop_oldest();
    std::size_t end = oldest_ + size_;
    if (end >= times_.size()) end -= times_.size();
    times_[end] = now;
    ++size_;
  }

  std::int64_t count(MonoNanos now) {
    expire(now);
    return static_cast<std::int64_t>(size_);
  }

  void clear() { size_ = 0; }

 private:
  void expire(MonoNanos now) {
    while (size_ > 0 && elapsed(times_[oldest_], now) >= window_.value) drop_oldest();
  }
  void drop_oldest() {
    if (++oldest_ == times_.size()) oldest_ = 0;
    --size_;
  }

  std::vector<MonoNanos> times_;
  MonoNanos window_;
  std::size_t oldest_ = 0;
  std::size_t size_ = 0;
};

}  // namespace pyscalp::risk
