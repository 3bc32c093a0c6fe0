// One forecast out of those of several signals.
//
//   1. The schedule says what each signal weighs at this time of the day.
//   2. An opinion that another signal stands above, and contradicts, is dropped
//   (`over`).
//   3. What is left is put together by the rule: the largest weighted move alone, or
//   the
//      sum of all weighted moves, in which signals of opposite minds cancel out.
//   4. A move toward a side on which any signal of weight has a veto is no opinion. Nor
//      is any move while the schedule lets nothing be entered.
//   5. What any signal says of positions to be left counts always, whatever its weight.
//
// Thread-safety: none. Nothing allocated after construction.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "signal/schedule.hpp"

namespace pyscalp::signal {

enum class CombinationRule : std::uint8_t { kStrongest = 0, kSum = 1 };

struct CombinationOptions {
  CombinationRule rule = CombinationRule::kStrongest;
  Weights weights = usual_weights();
  std::vector<TimeWindow> windows;
  /// By SignalId: bits 1 << SignalId of the signals that it stands above. Its opinion
  /// drops theirs where they contradict it.
  std::array<std::uint8_t, kSignalIds> over{};
};

/// What each signal said at one event, by SignalId.
using Forecasts = std::array<Forecast, kSignalIds>;

class Combination {
 public:
  static bool valid(const CombinationOptions& options) {
    return Schedule::valid(options.weights) && Schedule::valid(options.windows);
  }

  /// `valid(options)` is the caller's duty.
  explicit Combination(const CombinationOptions& options)
      : rule_(options.rule),
        over_(options.over),
        schedule_(options.weights, options.windows) {}

  Forecast combine(const Forecasts& said, UnixNanos venue_time);

 private:
  CombinationRule rule_;
  std::array<std::uint8_t, kSignalIds> over_;
  Schedule schedule_;
};

}  // namespace pyscalp::signal
