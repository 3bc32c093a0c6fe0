// Decimal text on a grid of steps: "61837.63000000" as a count of steps of 0.01,
// exactly.
//
// The venue writes prices and quantities as decimal strings and says of what step they
// are multiples (PRICE_FILTER.tickSize, LOT_SIZE.stepSize). A count of steps is an
// int64 and nothing passes through a double. Text that is no plain decimal number, is
// off the grid, or is larger than anything sensible has a name each.
//
// Stateless after construction; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pyscalp::binance {

enum class NumberStatus : std::uint8_t {
  kOk,
  kNotANumber,  ///< empty, a sign, an exponent, a blank, two points, anything else
  kTooLarge,    ///< more steps than the grid counts
  kOffGrid,     ///< not a multiple of the step
};

/// A short text of its own, for a number that is written into a message.
struct DecimalText {
  std::array<char, 31> chars{};
  std::uint8_t size = 0;

  constexpr std::string_view view() const { return {chars.data(), size}; }
};

/// 10^n for 0 <= n <= 18.
inline constexpr std::array<std::int64_t, 19> kPowersOfTen = [] {
  std::array<std::int64_t, 19> powers{};
  std::int64_t power = 1;
  for (std::int64_t& value : powers) {
    value = power;
    if (power < 1'000'000'000'000'000'000) power *= 10;
  }
  return powers;
}();

class DecimalGrid {
 public:
  static constexpr int kMaxScale = 12;
  /// No count is larger, whatever the grid: sums of thousands stay inside int64.
  static constexpr std::int64_t kMaxCount = std::int64_t{1} << 52;

  /// Steps of 1.
  constexpr DecimalGrid() = default;
  /// Steps of `unit` x 10^-`scale`; unit from 1, scale 0 to kMaxScale. Trailing zeros
  /// of the unit are taken off the scale: {10, 2} is {1, 1}.
  constexpr DecimalGrid(std::int64_t unit, int scale) : unit_(unit), scale_(scale) {
    while (scale_ > 0 && unit_ % 10 == 0) {
      unit_ /= 10;
      --scale_;
    }
  }
  /// The grid whose step the text tells: a positive decimal number.
  static NumberStatus read(std::string_view step, DecimalGrid& grid);

  /// Counts the steps of [digits][.digits], all of `text`. `count` is set on kOk alone.
  NumberStatus parse(std::string_view text, std::int64_t& count) const;
  /// The same, but what is finer than the step, to 1e-8, is rounded down, and to one
  /// step at least: `rounded` is then set, and is left alone otherwise.
  NumberStatus parse_down(std::string_view text, std::int64_t& count,
                          bool& rounded) const;
  /// Shortest exact decimal text of `count` steps, 0 to kMaxCount: no trailing zeros,
  /// no point behind a whole number.
  DecimalText text(std::int64_t count) const;

  constexpr std::int64_t unit() const { return unit_; }
  constexpr int scale() const { return scale_; }

 private:
  std::int64_t unit_ = 1;
  int scale_ = 0;
};

/// Reads [digits][.digits], all of `text`, in units of 10^-scale. What is finer than
/// that is kOffGrid; what is past int64 is kTooLarge. `value` is set on kOk alone.
NumberStatus parse_decimal(std::string_view text, int scale, std::int64_t& value);

}  // namespace pyscalp::binance
