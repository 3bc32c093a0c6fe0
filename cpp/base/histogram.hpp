// Counts of durations in log-linear buckets, in the manner of HdrHistogram: exact below
// 128 ns, and from there 128 equal buckets to every power of two, so that a bucket's
// middle is within 0.4 % of any value in it.
//
// Thread-safety: one thread records; any thread may read, merge from or copy at the
// same time and sees each count at some recent value. 34 KiB, nothing allocated.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace pyscalp {

class Histogram {
 public:
  static constexpr int kSubBucketBits = 7;
  static constexpr int kValueBits = 40;
  /// The largest value with a bucket of its own: about 18 minutes in nanoseconds.
  static constexpr std::int64_t kMaxValue = (std::int64_t{1} << kValueBits) - 1;
  static constexpr std::size_t kBuckets =
      static_cast<std::size_t>(kValueBits - kSubBucketBits + 1) << kSubBucketBits;

  Histogram() = default;
  Histogram(const Histogram& other) { merge(other); }
  Histogram& operator=(const Histogram& other) {
    if (this == &other) return *this;
    reset();
    merge(other);
    return *this;
  }

  /// Counts one value in a few nanoseconds. Values outside 0..kMaxValue count in the
  /// bucket at that end and in `out_of_range`; `min` and `max` keep them as they are.
  void record(std::int64_t value) {
    if (value < 0 || value > kMaxValue) add(out_of_range_, 1);
    add(counts_[bucket(value)], 1);
    if (value < min_.load(kRelaxed)) min_.store(value, kRelaxed);
    if (value > max_.load(kRelaxed)) max_.store(value, kRelaxed);
    set_count(count_.load(kRelaxed) + 1);
  }

  std::int64_t count() const { return count_.load(std::memory_order_acquire); }
  std::int64_t out_of_range() const { return out_of_range_.load(kRelaxed); }
  /// The smallest and largest value recorded, exact; 0 where there is none.
  std::int64_t min() const { return count() == 0 ? 0 : min_.load(kRelaxed); }
  std::int64_t max() const { return count() == 0 ? 0 : max_.load(kRelaxed); }

  /// The value at or below which a share `q` of the recorded ones lies, to within a
  /// bucket; `min` for q <= 0, `max` for q >= 1, 0 where nothing was recorded.
  std::int64_t quantile(double q) const {
    const std::int64_t total = count();
    if (total == 0) return 0;
    if (!(q > 0.0)) return min();
    if (q >= 1.0) return max();
    const auto rank = static_cast<std::int64_t>(
        std::max(1.0, std::ceil(q * static_cast<double>(total))));
    std::int64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      seen += counts_[i].load(kRelaxed);
      if (seen >= rank) return std::clamp(middle(i), min(), std::max(min(), max()));
    }
    return max();
  }

  /// Calls `visit(representative value, count)` for every bucket that is not empty, in
  /// increasing order of value.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; i < kBuckets; ++i) {
      const std::int64_t n = counts_[i].load(kRelaxed);
      if (n != 0) visit(middle(i), n);
    }
  }

  /// Adds the counts of `other`. Called by the thread that records here.
  void merge(const Histogram& other) {
    for (std::size_t i = 0; i < kBuckets; ++i) {
      const std::int64_t n = other.counts_[i].load(kRelaxed);
      if (n != 0) add(counts_[i], n);
    }
    add(out_of_range_, other.out_of_range_.load(kRelaxed));
    min_.store(std::min(min_.load(kRelaxed), other.min_.load(kRelaxed)), kRelaxed);
    max_.store(std::max(max_.load(kRelaxed), other.max_.load(kRelaxed)), kRelaxed);
    set_count(count_.load(kRelaxed) + other.count());
  }

  /// Forgets everything. Called by the thread that records here.
  void reset() {
    for (Cell& cell : counts_) cell.store(0, kRelaxed);
    out_of_range_.store(0, kRelaxed);
    min_.store(kEmptyMin, kRelaxed);
    max_.store(kEmptyMax, kRelaxed);
    set_count(0);
  }

  /// The bucket of a value; those outside the range go to the ends.
  static constexpr std::size_t bucket(std::int64_t value) {
    const auto v =
        static_cast<std::uint64_t>(std::clamp<std::int64_t>(value, 0, kMaxValue));
    if (v < kSubBuckets) return static_cast<std::size_t>(v);
    // The top eight bits of the value: a one, then the number within its power of two.
    const int shift = static_cast<int>(std::bit_width(v)) - 1 - kSubBucketBits;
    return (static_cast<std::size_t>(shift) << kSubBucketBits) +
           static_cast<std::size_t>(v >> shift);
  }

  /// The value that stands for a bucket: its middle, rounded down.
  static constexpr std::int64_t middle(std::size_t bucket) {
    if (bucket < 2 * kSubBuckets) return static_cast<std::int64_t>(bucket);
    const std::size_t shift = (bucket >> kSubBucketBits) - 1;
    const std::size_t low = (bucket - (shift << kSubBucketBits)) << shift;
    return static_cast<std::int64_t>(low + (std::size_t{1} << shift) / 2);
  }

 private:
  using Cell = std::atomic<std::int64_t>;
  // Relaxed: each cell is a statistic of its own, and a reader wants recent values, not
  // those of one instant.
  static constexpr std::memory_order kRelaxed = std::memory_order_relaxed;
  static constexpr std::size_t kSubBuckets = std::size_t{1} << kSubBucketBits;
  static constexpr std::int64_t kEmptyMin = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t kEmptyMax = std::numeric_limits<std::int64_t>::min();

  /// Load and store, no read-modify-write: one thread alone writes.
  static void add(Cell& cell, std::int64_t n) {
    cell.store(cell.load(kRelaxed) + n, kRelaxed);
  }

  /// Release, paired with the acquire in `count`: who sees a count above zero sees a
  /// `min` and a `max` too.
  void set_count(std::int64_t n) { count_.store(n, std::memory_order_release); }

  std::array<Cell, kBuckets> counts_{};
  Cell count_{0};
  Cell out_of_range_{0};
  Cell min_{kEmptyMin};
  Cell max_{kEmptyMax};
};

}  // namespace pyscalp
