// Numbers of the trade: prices, quantities, money and the two kinds of time.
//
// Prices and money are int64 at 1e-9 of the currency unit and never pass through a
// double on the way between packet and order. Times of the wall (UnixNanos) and of the
// monotonic clock (MonoNanos) are different types, so that they cannot be mixed.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace pyscalp {

/// For products of prices and quantities; __int128 is not ISO C++, hence the keyword.
__extension__ using Int128 = __int128;

inline constexpr std::int64_t kNanosPerUnit = 1'000'000'000;

/// An int64 that carries its meaning in its type. Sums and differences stay inside the
/// type; everything else asks for `.value`.
template <class Tag>
struct Amount {
  std::int64_t value = 0;

  friend constexpr auto operator<=>(Amount, Amount) = default;
  friend constexpr Amount operator+(Amount a, Amount b) { return {a.value + b.value}; }
  friend constexpr Amount operator-(Amount a, Amount b) { return {a.value - b.value}; }
  constexpr Amount operator-() const { return {-value}; }
  constexpr Amount& operator+=(Amount other) {
    value += other.value;
    return *this;
  }
  constexpr Amount& operator-=(Amount other) {
    value -= other.value;
    return *this;
  }
};

/// Nanoseconds since 1970-01-01 UTC, or since a venue's midnight where its feed says
/// so.
using UnixNanos = Amount<struct UnixNanosTag>;
/// Nanoseconds of a clock that never steps; only differences mean anything.
using MonoNanos = Amount<struct MonoNanosTag>;
/// Money at 1e-9 of the quote currency; positive is received, negative is paid.
using Money = Amount<struct MoneyTag>;
/// Price of one unit at 1e-9 of the quote currency.
using Price = Amount<struct PriceTag>;

/// The price of a side that is not there. Never 0, which is a price.
inline constexpr Price kNoPrice{std::numeric_limits<std::int64_t>::max()};
/// A moment that never comes.
inline constexpr MonoNanos kNever{std::numeric_limits<std::int64_t>::max()};

/// Shares, contracts or lots, in the instrument's own step.
using Qty = std::int64_t;

/// ITCH and OUCH prices have four decimals.
constexpr Price price_from_e4(std::uint64_t e4) {
  return {static_cast<std::int64_t>(e4) * 100'000};
}
constexpr std::uint64_t price_to_e4(Price price) {
  return static_cast<std::uint64_t>(price.value / 100'000);
}

enum class Side : std::uint8_t { kBuy = 0, kSell = 1 };

constexpr Side opposite(Side side) {
  return side == Side::kBuy ? Side::kSell : Side::kBuy;
}
/// +1 to buy, -1 to sell.
constexpr int sign(Side side) { return side == Side::kBuy ? 1 : -1; }
/// The index of a side in a two-element array.
constexpr int index(Side side) { return static_cast<int>(side); }

/// True if `a` is a better price than `b` for an order that rests on `side`.
constexpr bool better(Side side, Price a, Price b) {
  return side == Side::kBuy ? a > b : a < b;
}
/// True if a taker on `side` with limit `limit` trades against a resting `resting`.
constexpr bool crosses(Side side, Price limit, Price resting) {
  return side == Side::kBuy ? limit >= resting : limit <= resting;
}

/// An instrument's number within one venue and day (ITCH: stock locate). 0 is none.
enum class InstrumentId : std::uint16_t {};
constexpr std::uint16_t index(InstrumentId id) {
  return static_cast<std::uint16_t>(id);
}

/// Price times quantity, exact; saturates at the ends of int64 rather than wrap.
constexpr Money notional(Price price, Qty qty) {
  const Int128 product = static_cast<Int128>(price.value) * qty;
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  if (product > kMax) return {kMax};
  if (product < -kMax) return {-kMax};
  return {static_cast<std::int64_t>(product)};
}

constexpr MonoNanos milliseconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr MonoNanos seconds(std::int64_t n) { return {n * 1'000'000'000}; }

}  // namespace pyscalp
