// What weighs how much at which time of the venue's day: regimes by the clock, the
// minutes after the open and before the close, the time around scheduled releases.
//
// Windows may overlap; where they do, the one named last holds. Outside of all windows
// the usual weights hold. A window holds from its first nanosecond up to, not with, its
// last one.
//
// Thread-safety: none. Memory is taken at construction; a question costs a comparison
// while time stays within one stretch, else a binary search.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "signal/market_view.hpp"

namespace pyscalp::signal {

/// By SignalId: what its expected move is multiplied by. 0 silences a signal: neither
/// its move nor its veto counts, only what it says of positions.
using Weights = std::array<double, kSignalIds>;

constexpr Weights usual_weights() {
  Weights weights{};
  weights.fill(1.0);
  return weights;
}

struct TimeWindow {
  UnixNanos from{};
  UnixNanos to{};
  bool entries = true;  ///< false: nothing is entered, positions go on being managed
  Weights weights = usual_weights();
};

class Schedule {
 public:
  static constexpr std::size_t kMaxWindows = 1024;
  static constexpr double kMaxWeight = 1000.0;

  static bool valid(const Weights& weights);
  /// Each ends after it begins, and there are not too many.
  static bool valid(std::span<const TimeWindow> windows);

  /// `valid` of both is the caller's duty.
  Schedule(const Weights& usual, std::span<const TimeWindow> windows);

  /// What holds at that time of the venue's day.
  const TimeWindow& at(UnixNanos time) {
    const Stretch& now = stretches_[current_];
    if (time < now.from || time >= now.to) [[unlikely]]
      find(time);
    return rules_[stretches_[current_].rule];
  }

 private:
  struct Stretch {
    UnixNanos from;
    UnixNanos to;
    std::uint32_t rule;
  };
  void find(UnixNanos time);

  std::vector<TimeWindow> rules_;   ///< the usual one first
  std::vector<Stretch> stretches_;  ///< of all time, one after another
  std::size_t current_ = 0;
};

}  // namespace pyscalp::signal
