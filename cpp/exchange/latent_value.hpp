// The value that nobody sees and everybody quotes around: undirected moves, drift of
// informed bursts, and a displacement that decays. Whole numbers of 1e-9 throughout.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "exchange/agent_parameters.hpp"

namespace pyscalp::exchange {

class LatentValue {
 public:
  LatentValue(const ValueParameters& value, const PressureParameters& pressure,
              Price opening)
      : opening_(opening.value),
        anchor_(opening.value),
        step_sd_(static_cast<double>(value.volatility.value) *
                 std::sqrt(static_cast<double>(value.step.value) * 1e-9)),
        switch_chance_(static_cast<double>(value.step.value) /
                       static_cast<double>(value.activity_holds.value)),
        decay_steps_(
            std::max<std::int64_t>(1, pressure.decay.value / value.step.value)),
        activity_(value.activity) {}

  /// One step of time.
  void step(Random& random) {
    anchor_ += static_cast<std::int64_t>(random.normal() * (step_sd_ * activity()));
    if (drift_steps_ > 0) {
      const std::int64_t part = drift_ / drift_steps_;
      anchor_ += part;
      drift_ -= part;
      --drift_steps_;
    }
    displacement_ -= displacement_ / decay_steps_;
    if (random.chance(switch_chance_)) walk_activity(random);
    // Half the opening price away from it the value turns round: prices stay positive.
    anchor_ = std::clamp(anchor_, opening_ / 2, opening_ + opening_ / 2);
  }

  /// From here on the value moves by `move` over so many steps, on top of what an
  /// earlier drift still has to go.
  void drift(Price move, std::int64_t steps) {
    drift_ += move.value;
    drift_steps_ = std::max<std::int64_t>(1, steps);
  }
  /// Moves it for a while.
  void push(Price by) { displacement_ += by.value; }
  /// Moves it for good.
  void shift(Price by) { anchor_ += by.value; }

  Price now() const { return {anchor_ + displacement_}; }
  double activity() const { return activity_[level_]; }

 private:
  void walk_activity(Random& random) {
    const bool up =
        level_ == 0 || (level_ + 1 < activity_.size() && random.chance(0.5));
    level_ = up ? level_ + 1 : level_ - 1;
  }

  std::int64_t opening_;
  std::int64_t anchor_;
  std::int64_t displacement_ = 0;
  std::int64_t drift_ = 0;
  std::int64_t drift_steps_ = 0;
  double step_sd_;
  double switch_chance_;
  std::int64_t decay_steps_;
  std::array<double, 7> activity_;
  std::size_t level_ = 3;
};

}  // namespace pyscalp::exchange
