// How many more slices an iceberg shows, learnt from those that were watched to their
// end.
//
// A survival estimate in the manner of Kaplan and Meier: after the k-th refill was
// executed in full there either came another full slice, or a smaller one (the last),
// or none. The share of ends among the trials of a k is the hazard h(k); icebergs that
// are cancelled, or still at work, count up to where they were seen. Neighbouring k
// share a bin, and each bin starts with `kPriorWeight` trials of the heavy tail h(k) =
// 1/(k + 2), for which P(more than n slices) = 1/(n + 1).
//
// Source: Kaplan and Meier (1958); for icebergs, Zotikov and Antonov, CME Iceberg Order
// Detection and Prediction (2019), arXiv:1909.09495.
//
// Thread-safety: none. Nothing allocated.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>

namespace pyscalp::signal {

class SliceCounts {
 public:
  static constexpr int kBins = 16;
  static constexpr int kBinWidth = 4;  ///< refills; the last bin is open upward
  static constexpr double kPriorWeight = 2.0;
  /// No iceberg is taken to have more full slices than so many after the present one.
  static constexpr int kFarthest = 128;

  enum class Next { kFull, kSmaller, kNone };

  /// What followed the full slice of the `refills`-th refill.
  void count(int refills, Next next) {
    assert(refills >= 0);
    const auto bin = static_cast<std::size_t>(bin_of(refills));
    trials_[bin] += 1.0;
    if (next == Next::kFull) return;
    ends_[bin] += 1.0;
    all_ends_ += 1.0;
    if (next == Next::kNone) whole_ends_ += 1.0;
  }
  void clear() { *this = SliceCounts{}; }

  double hazard(int refills) const {
    const auto bin = static_cast<std::size_t>(bin_of(refills));
    const double prior = 1.0 / (static_cast<double>(bin) * kBinWidth + 3.5);
    return (ends_[bin] + kPriorWeight * prior) / (trials_[bin] + kPriorWeight);
  }

  /// What an iceberg still has after its `refills`-th refill, the slice it shows
  /// included, in slices; at least 1.
  ///
  /// It is the number whose relative error is smallest in the median: c = 2ab / (a + b)
  /// of the interval [a, b] with half of the probability and the least b / a, since
  /// |c/x - 1| is at most (b - a) / (b + a) for every x in it. Costs about 0.5 us.
  double expected(int refills) const {
    // mass[j]: probability of fewer than j full slices after this one.
    std::array<double, kFarthest + 1> mass;
    mass[0] = 0.0;
    double alive = 1.0;
    for (int j = 0; j < kFarthest; ++j) {
      const double h = hazard(refills + j);
      mass[at(j + 1)] = mass[at(j)] + alive * h;
      alive *= 1.0 - h;
    }
    const double half = 0.5 * mass[kFarthest];
    // What ends with a smaller slice has half of one more in the mean.
    const double beyond = 1.0 + 0.5 * (1.0 - whole_share());
    double best = 0.0;
    double estimate = beyond;
    int last = 0;
    for (int first = 0; first < kFarthest; ++first) {
      last = std::max(last, first);
      while (last < kFarthest && mass[at(last + 1)] - mass[at(first)] < half) ++last;
      if (last == kFarthest) break;
      const double a = beyond + first;
      const double b = beyond + last;
      if (first == 0 || b / a < best) {
        best = b / a;
        estimate = 2.0 * a * b / (a + b);
      }
    }
    return estimate;
  }

  /// Share of icebergs whose size is a whole number of slices.
  double whole_share() const { return (whole_ends_ + 1.0) / (all_ends_ + 2.0); }
  /// Icebergs watched to their end.
  double ends() const { return all_ends_; }

 private:
  static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
  static constexpr int bin_of(int refills) {
    return std::min(refills / kBinWidth, kBins - 1);
  }

  std::array<double, kBins> trials_{};
  std::array<double, kBins> ends_{};
  double all_ends_ = 0.0;
  double whole_ends_ = 0.0;
};

}  // namespace pyscalp::signal
