// One instrument's position and the round trip that is open in it.
#pragma once

#include <limits>

#include "base/types.hpp"
#include "order/fill.hpp"

namespace pyscalp::order {

/// Adds legs up exactly: every sum is an integer at 1e-9, the longer ones in 128 bits.
/// The cost of what is held leaves pro rata when the position shrinks, with the
/// rounding kept in what is left, so that realised + unrealised is the cash flow plus
/// the position at its mark, always.
class Position {
 public:
  Qty qty() const { return qty_; }
  bool flat() const { return qty_ == 0; }
  /// First fill of the open round trip; kNever when flat.
  MonoNanos opened() const { return flat() ? kNever : trip_.opened; }
  /// The open round trip's number; the last one's when flat; 0 before the first.
  std::uint32_t round_trip() const { return trip_.id; }
  Side side() const { return qty_ < 0 ? Side::kSell : Side::kBuy; }
  Price mark() const { return mark_; }
  /// Average cost of one share of what is held; kNoPrice when flat.
  Price average_price() const {
    return flat() ? kNoPrice : Price{static_cast<std::int64_t>(cost_ / qty_)};
  }
  /// The position at its mark less its cost. Zero when flat.
  Money unrealised() const;

  /// Price at which the position is valued; kNoPrice keeps the last one.
  void set_mark(Price mark) {
    if (mark != kNoPrice) mark_ = mark;
  }
  /// How much of a fill on `side` for `qty` closes what is held; the rest opens.
  Qty closes(Side side, Qty qty) const;
  /// Starts a round trip; the position must be flat.
  void open(std::uint32_t round_trip, const Fill& first);
  /// Books a leg of the open round trip that does not go through zero. Returns what it
  /// realised, fees apart.
  Money book(const Fill& leg);
  /// The round trip that the last booked leg closed; the position must be flat.
  RoundTrip closed() const;

 private:
  Qty qty_ = 0;
  Price mark_ = kNoPrice;
  Int128 cost_ = 0;
  Int128 entry_ = 0;
  Int128 exit_ = 0;
  Int128 gross_ = 0;
  Int128 half_spread_ = 0;
  Int128 slippage_ = 0;
  Int128 network_ = 0;
  RoundTrip trip_{};
};

/// The nearest value an int64 can hold.
constexpr std::int64_t saturate(Int128 value) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  if (value > kMax) return kMax;
  if (value < -kMax) return -kMax;
  return static_cast<std::int64_t>(value);
}

}  // namespace pyscalp::order
