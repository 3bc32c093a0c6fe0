// How long to wait before the next try: doubling, with jitter, up to a limit.
#pragma once

#include <algorithm>

#include "base/random.hpp"
#include "base/types.hpp"

namespace pyscalp::net {

struct BackoffConfig {
  MonoNanos first{100'000'000};
  MonoNanos most{30'000'000'000};
};

class Backoff {
 public:
  Backoff(const BackoffConfig& config, std::uint64_t seed)
      : config_(config), random_(seed) {}

  /// The next wait: between half of and all of first x 2^tries, at most `most`. So many
  /// clients that were cut at once do not come back at once.
  MonoNanos next() {
    std::int64_t whole = config_.first.value;
    for (unsigned i = 0; i < tries_ && whole < config_.most.value; ++i) whole *= 2;
    whole = std::min(whole, config_.most.value);
    if (tries_ < 62) ++tries_;
    const std::int64_t half = whole / 2;
    const auto spread = static_cast<std::uint64_t>(whole - half) + 1;
    return {half + static_cast<std::int64_t>(random_.below(spread))};
  }
  /// The connection has proved itself.
  void reset() { tries_ = 0; }
  unsigned tries() const { return tries_; }

 private:
  BackoffConfig config_;
  Random random_;
  unsigned tries_ = 0;
};

}  // namespace pyscalp::net
