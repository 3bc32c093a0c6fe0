#include "binance/decimal_grid.hpp"

#include <algorithm>

namespace pyscalp::binance {

NumberStatus parse_decimal(std::string_view text, int scale, std::int64_t& value) {
  std::int64_t sum = 0;
  int decimals = -1;  // -1: before the point
  bool digits = false, large = false, fine = false;
  const auto push = [&](int digit) {
    large = large || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, digit, &sum);
  };
  for (const char c : text) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9') return NumberStatus::kNotANumber;
    digits = true;
    if (decimals >= scale) {
      fine = fine || c != '0';
      continue;
    }
    push(c - '0');
    if (decimals >= 0) ++decimals;
  }
  if (!digits) return NumberStatus::kNotANumber;
  for (int i = std::max(decimals, 0); i < scale; ++i) push(0);
  if (large) return NumberStatus::kTooLarge;
  if (fine) return NumberStatus::kOffGrid;
  value = sum;
  return NumberStatus::kOk;
}

NumberStatus DecimalGrid::read(std::string_view step, DecimalGrid& grid) {
  std::int64_t value = 0;
  const NumberStatus status = parse_decimal(step, kMaxScale, value);
  if (status != NumberStatus::kOk) return status;
  if (value == 0) return NumberStatus::kNotANumber;
  grid = DecimalGrid(value, kMaxScale);
  return NumberStatus::kOk;
}

NumberStatus DecimalGrid::parse(std::string_view text, std::int64_t& count) const {
  std::int64_t value = 0;
  const NumberStatus status = parse_decimal(text, scale_, value);
  if (status != NumberStatus::kOk) return status;
  if (value % unit_ != 0) return NumberStatus::kOffGrid;
  if (value / unit_ > kMaxCount) return NumberStatus::kTooLarge;
  count = value / unit_;
  return NumberStatus::kOk;
}

NumberStatus DecimalGrid::parse_down(std::string_view text, std::int64_t& count,
                                     bool& rounded) const {
  const NumberStatus exact = parse(text, count);
  constexpr int kFinest = 8;
  std::int64_t value = 0, step = 0;
  if (exact != NumberStatus::kOffGrid || scale_ > kFinest ||
      __builtin_mul_overflow(unit_, kPowersOfTen[kFinest - scale_], &step)) {
    return exact;
  }
  const NumberStatus status = parse_decimal(text, kFinest, value);
  if (status != NumberStatus::kOk) return status;
  if (value / step > kMaxCount) return NumberStatus::kTooLarge;
  count = std::max<std::int64_t>(value / step, 1);
  rounded = true;
  return NumberStatus::kOk;
}

DecimalText DecimalGrid::text(std::int64_t count) const {
  __extension__ using Wide = unsigned __int128;
  Wide value = static_cast<Wide>(count) * static_cast<Wide>(unit_);
  int scale = scale_;
  while (scale > 0 && value % 10 == 0) {
    value /= 10;
    --scale;
  }
  DecimalText out;
  char backwards[40];
  std::size_t size = 0;
  for (int at = 0; value != 0 || at <= scale; ++at) {
    if (at == scale && scale != 0) backwards[size++] = '.';
    backwards[size++] = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  }
  if (size > out.chars.size()) return out;
  std::reverse_copy(backwards, backwards + size, out.chars.begin());
  out.size = static_cast<std::uint8_t>(size);
  return out;
}

}  // namespace pyscalp::binance
