// A price and the quantity behind it, read at once.
//
// The venue writes the numbers of a symbol with the same number of decimals every time,
// mostly more of them than the step has. A NumberLayout is what follows from that:
// where the point stands, seen from the quote that ends the number, which digits count,
// and which have to be 0. With it a number is two loads and a conversion of eight
// digits; no digit is looked for. What is laid out otherwise is read digit by digit,
// and is the layout from then on.
#pragma once

#include "binance/market_message.hpp"
#include "binance/symbol_table.hpp"
#include "binance/text_words.hpp"

namespace pyscalp::binance {

struct NumberLayout {
  std::uint64_t zeros = 0;      ///< bytes behind the point that must be the digit 0
  std::uint64_t kept = 0;       ///< bytes behind the point that count
  std::uint8_t tail = 0;        ///< bytes from the point to the quote; 0: no point
  char mark = '"';              ///< what stands where the whole part ends
  std::uint8_t whole_most = 0;  ///< digits in front of the point; 0: never read so
  std::uint8_t whole_shift = 0;
  std::uint8_t kept_shift = 0;

  NumberLayout() = default;
  /// With `decimals` digits behind the point, 0 to 8.
  NumberLayout(const NumberShape& shape, int decimals) {
    constexpr std::uint64_t kEightDigits = 99'999'999;
    if (shape.scale >= 8 || decimals > 8 || shape.unit != 1 ||
        shape.most < kEightDigits)
      return;
    const auto below = [](int bytes) {
      return first_bytes(~std::uint64_t{0}, static_cast<std::size_t>(bytes));
    };
    kept = below(decimals < shape.scale ? decimals : shape.scale);
    zeros = below(decimals) & ~kept;
    tail = static_cast<std::uint8_t>(decimals == 0 ? 0 : decimals + 1);
    mark = decimals == 0 ? '"' : '.';
    whole_most = static_cast<std::uint8_t>(8 - shape.scale);
    whole_shift = static_cast<std::uint8_t>(8 * shape.scale);
    kept_shift = static_cast<std::uint8_t>(shape.scale == 0 ? 0 : 64 - 8 * shape.scale);
  }

  /// The number in [begin, end), in steps, where the answer is 0; `load(at)` gives
  /// eight bytes.
  template <class Load>
  [[gnu::always_inline]] std::uint64_t read(const char* begin, const char* end,
                                            Load&& load, std::uint64_t& steps) const {
    const char* const point = end - tail;
    const auto whole = static_cast<std::uint64_t>(point - begin);
    if (*point != mark || whole - 1 >= whole_most) [[unlikely]]
      return 1;
    const std::uint64_t behind = less_zeros(load(point + 1));
    const std::uint64_t digits =
        less_zeros(load(begin)) << (64 - 8 * whole) >> whole_shift | (behind & kept)
                                                                         << kept_shift;
    steps = eight_digits(digits);
    return (behind & zeros) |
           (((digits + 0x7676767676767676) | digits) & 0x8080808080808080);
  }
};

struct PairLayout {
  NumberLayout price;
  NumberLayout qty;
};

/// A decimal up to the quote that ends it, which is taken too, in steps of the grid,
/// digit by digit; `decimals` is how many stood behind the point.
bool take_steps(TextCursor& in, const NumberShape& shape, std::uint64_t& steps,
                int& decimals);

/// The pair digit by digit, which makes its layout the one that is expected.
bool take_pair_slowly(TextCursor& in, const Symbol& symbol, PairLayout& layout,
                      std::string_view between, PriceLevel& level);

/// Takes PRICE between QTY and a quote; the cursor stands on the price's first digit.
template <std::size_t N>
[[gnu::always_inline]] inline bool take_pair(TextCursor& in, const Symbol& symbol,
                                             PairLayout& layout,
                                             const char (&between)[N],
                                             PriceLevel& level) {
  constexpr std::size_t kBetween = N - 1;
  constexpr int kBlocks = kBetween > 3 ? 3 : 2;
  constexpr std::size_t kWindow = 16 * kBlocks;
  const char* const begin = in.at();
  const std::size_t left = in.left();
  std::uint64_t mask;
  if (left >= kWindow) [[likely]] {
    mask = quotes<kBlocks>(begin);
  } else {
    // Whoever calls has come through more than a window.
    mask = quotes<kBlocks>(begin - (kWindow - left)) >> (kWindow - left);
  }
  if (mask != 0) [[likely]] {
    const char* const price_end = begin + std::countr_zero(mask);
    const char* const qty = price_end + kBetween;
    mask >>= static_cast<std::size_t>(qty - begin) & 63;
    const char* const qty_end = qty + std::countr_zero(mask);
    std::uint64_t ticks = 0, lots = 0;
    const bool read = mask != 0 && same_text<kBetween>(price_end, between) &&
                      (static_cast<std::size_t>(qty_end - begin) + 9 <= left
                           ? (layout.price.read(begin, price_end, load_word, ticks) |
                              layout.qty.read(qty, qty_end, load_word, lots)) == 0
                           : (layout.price.read(begin, price_end, in.loader(), ticks) |
                              layout.qty.read(qty, qty_end, in.loader(), lots)) == 0);
    if (read) [[likely]] {
      level.price = {static_cast<std::int64_t>(ticks) * symbol.price.value};
      level.qty = static_cast<Qty>(lots);
      in.move_to(qty_end + 1);
      return true;
    }
  }
  return take_pair_slowly(in, symbol, layout, {between, kBetween}, level);
}

}  // namespace pyscalp::binance
