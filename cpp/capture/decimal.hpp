// Decimal text to int64 in units of 10^-scale, exactly; no double on the way.
#pragma once

#include <cstdint>
#include <string_view>

namespace pyscalp::capture {

enum class DecimalStatus : std::uint8_t {
  kOk,
  kNotANumber,
  kTooFine,   ///< a digit other than 0 below the unit
  kTooLarge,  ///< does not fit int64 in that unit
};

/// What becomes of digits below the unit: refused as kTooFine, or rounded, half away
/// from 0, as times are that were once a double.
enum class Finer : std::uint8_t { kRefused, kRounded };

/// Reads [-]digits[.digits], all of `text`. `value` is set only on kOk.
inline DecimalStatus parse_decimal(std::string_view text, int scale,
                                   std::int64_t& value, Finer finer = Finer::kRefused) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  std::uint64_t sum = 0;
  int decimals = -1;  // -1: before the point
  bool digits = false;
  bool large = false;
  bool fine = false;
  bool up = false;
  const auto push = [&](std::uint64_t digit) {
    constexpr std::uint64_t kMax = INT64_MAX;
    if (sum > kMax / 10 || (sum == kMax / 10 && digit > kMax % 10)) large = true;
    if (!large) sum = sum * 10 + digit;
  };
  for (const char c : text) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9') return DecimalStatus::kNotANumber;
    digits = true;
    if (decimals >= scale) {
      if (decimals++ == scale) up = c >= '5';
      fine |= c != '0';
      continue;
    }
    push(static_cast<std::uint64_t>(c - '0'));
    if (decimals >= 0) ++decimals;
  }
  if (!digits) return DecimalStatus::kNotANumber;
  for (int i = decimals < 0 ? 0 : decimals; i < scale; ++i) push(0);
  if (fine && finer == Finer::kRounded && up && !large) {
    large = sum == INT64_MAX;
    ++sum;
  }
  if (large) return DecimalStatus::kTooLarge;
  if (fine && finer == Finer::kRefused) return DecimalStatus::kTooFine;
  value = negative ? -static_cast<std::int64_t>(sum) : static_cast<std::int64_t>(sum);
  return DecimalStatus::kOk;
}

}  // namespace pyscalp::capture
