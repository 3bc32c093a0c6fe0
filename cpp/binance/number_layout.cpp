#include "binance/number_layout.hpp"

namespace pyscalp::binance {

namespace {

/// The whole number in front of a point where it has eight digits or more.
[[gnu::noinline]] bool take_long_whole(TextCursor& in, std::uint64_t& whole) {
  whole = eight_digits(less_zeros(in.word()));
  in.skip(8);
  const std::uint64_t rest = less_zeros(in.word());
  const int digits = digit_count(rest);
  if (digits == 8) return false;
  if (digits != 0) {
    whole = whole * static_cast<std::uint64_t>(kPowersOfTen[digits]) +
            first_digits(rest, digits);
  }
  in.skip(digits);
  return true;
}

}  // namespace

bool take_steps(TextCursor& in, const NumberShape& shape, std::uint64_t& steps,
                int& decimals) {
  const std::uint64_t digits = less_zeros(in.word());
  const int count = digit_count(digits);
  if (count == 0 || shape.scale > 8) return false;
  std::uint64_t value = 0;
  if (count < 8) {
    value = first_digits(digits, count);
    in.skip(count);
  } else if (!take_long_whole(in, value)) {
    return false;
  }
  std::uint64_t fraction = 0;
  decimals = 0;
  if (in.take('.')) {
    fraction = less_zeros(in.word());
    decimals = digit_count(fraction);
    fraction = first_bytes(fraction, static_cast<std::size_t>(decimals));
    in.skip(decimals);
    // Digits below the step's.
    if (shape.scale < 8 && fraction >> 8 * shape.scale != 0) return false;
  }
  if (!in.take('"') || __builtin_mul_overflow(value, shape.power, &value)) return false;
  if (shape.scale != 0) value += first_digits(fraction, shape.scale);
  if (value % shape.unit != 0) return false;
  steps = value / shape.unit;
  return steps <= shape.most;
}

bool take_pair_slowly(TextCursor& in, const Symbol& symbol, PairLayout& layout,
                      std::string_view between, PriceLevel& level) {
  std::uint64_t ticks = 0, lots = 0;
  int price_decimals = 0, qty_decimals = 0;
  if (!take_steps(in, symbol.price, ticks, price_decimals)) return false;
  // The quote is taken already.
  for (std::size_t at = 1; at < between.size(); ++at) {
    if (!in.take(between[at])) return false;
  }
  if (!take_steps(in, symbol.qty, lots, qty_decimals)) return false;
  layout.price = NumberLayout(symbol.price, price_decimals);
  layout.qty = NumberLayout(symbol.qty, qty_decimals);
  level.price = {static_cast<std::int64_t>(ticks) * symbol.price.value};
  level.qty = static_cast<Qty>(lots);
  return true;
}

}  // namespace pyscalp::binance
