// Seeded random numbers that are the same to the bit on every platform.
//
// The standard library's distributions differ between implementations, and so do the
// logarithms they lean on. Everything here is made of integer operations, comparisons
// and products by powers of two, so that a seed means one market everywhere.
//
// One Random belongs to one thread. Cost: a few nanoseconds for a uniform, some tens
// for an exponential or a normal. Not for cryptography.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>

namespace pyscalp {

/// SplitMix64: spreads any 64-bit seed over well-mixed words. Source: Steele, Lea and
/// Flood (2014); constants of Vigna's public-domain reference.
class SplitMix64 {
 public:
  explicit constexpr SplitMix64(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

/// xoshiro256++ 1.0, seeded by SplitMix64. Source: Blackman and Vigna (2019).
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) {
    SplitMix64 mixer(seed);
    for (std::uint64_t& word : state_) word = mixer.next();
  }

  /// 64 uniform bits.
  constexpr std::uint64_t bits() {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  constexpr double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

  /// Uniform integer in [0, bound); 0 for a bound of 0. Unbiased. Source: Lemire
  /// (2019).
  constexpr std::uint64_t below(std::uint64_t bound) {
    if (bound == 0) return 0;
    Wide product = static_cast<Wide>(bits()) * bound;
    if (static_cast<std::uint64_t>(product) < bound) {
      const std::uint64_t threshold = (0 - bound) % bound;
      while (static_cast<std::uint64_t>(product) < threshold) {
        product = static_cast<Wide>(bits()) * bound;
      }
    }
    return static_cast<std::uint64_t>(product >> 64);
  }

  /// Uniform integer in [low, high]; needs low <= high.
  constexpr std::int64_t between(std::int64_t low, std::int64_t high) {
    const auto width =
        static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
    const std::uint64_t offset = width == 0 ? bits() : below(width);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
  }

  /// True with this probability; never for 0, always for 1.
  constexpr bool chance(double probability) { return uniform() < probability; }

  /// Exponential of mean 1, by comparisons alone. Source: von Neumann (1951): runs of
  /// falling uniforms that start with x have odd length with probability e^-x.
  constexpr double exponential() {
    for (double whole = 0;; whole += 1) {
      const double first = uniform();
      double last = first;
      bool odd = true;
      for (;;) {
        const double next = uniform();
        if (next >= last) break;
        last = next;
        odd = !odd;
      }
      if (odd) return whole + first;
    }
  }

  /// Normal of mean 0 and variance 1, by rejection from the exponential. Source: Kahn
  /// (1954). No product is added to anything, so that fused multiply-add changes
  /// nothing.
  constexpr double normal() {
    for (;;) {
      const double x = exponential();
      const double off = x - 1;
      const double square = off * off;
      if (exponential() > square * 0.5) return (bits() >> 63) != 0 ? x : -x;
    }
  }

  /// Failures before the first success: 0, 1, 2, … with mean (1 - p) / p. Needs p > 0;
  /// `most` bounds the result and the time.
  constexpr std::int64_t geometric(double success, std::int64_t most = 1'000'000) {
    std::int64_t failures = 0;
    while (failures < most && !chance(success)) ++failures;
    return failures;
  }

  /// An index drawn with probability proportional to its weight; the last index where
  /// rounding leaves nothing. Weights are not negative; an empty list gives 0.
  constexpr std::size_t discrete(std::span<const std::uint32_t> weights) {
    std::uint64_t total = 0;
    for (const std::uint32_t weight : weights) total += weight;
    std::uint64_t left = below(total);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (left < weights[i]) return i;
      left -= weights[i];
    }
    return weights.empty() ? 0 : weights.size() - 1;
  }

  /// A whole number in [first, first * 2^octaves), each octave equally likely and flat
  /// within: what a log-uniform draw is for, in integers.
  constexpr std::int64_t over_octaves(std::int64_t first, int octaves) {
    const auto octave = static_cast<int>(below(static_cast<std::uint64_t>(octaves)));
    const std::int64_t low = first << octave;
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(low)));
  }

 private:
  __extension__ using Wide = unsigned __int128;

  std::array<std::uint64_t, 4> state_{};
};

}  // namespace pyscalp
