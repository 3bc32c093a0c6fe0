// Records that leave the engine: one per fill, one per closed round trip. Both are
// plain bytes with fixed offsets, so that Python sees them as NumPy structured arrays.
#pragma once

#include <type_traits>

#include "base/fees.hpp"
#include "order/wish.hpp"

namespace pyscalp::order {

struct Fill {
  MonoNanos time;        ///< receipt by the engine
  UnixNanos venue_time;  ///< the exchange's stamp, ns since its midnight
  std::uint64_t match;   ///< the exchange's match number
  std::uint64_t order_reference;
  Price price;
  Price decision_mid;         ///< mid when the order was decided
  Price arrival_mid;          ///< mid that the order met at the venue
  Price arrival_half_spread;  ///< half of bid to ask then; 0 where there was no mid
  Price mid;                  ///< mid when the fill became known; kNoPrice: none
  Money fee;                  ///< positive is paid, negative a rebate
  Qty qty;
  Qty position_after;
  std::uint32_t user_ref;
  std::uint32_t round_trip;  ///< the round trip it opened, changed or closed
  std::uint32_t number;      ///< of all fills of the ledger, from 1
  InstrumentId instrument;
  Side side;
  Liquidity liquidity;
  Intent intent;
  signal::SignalId signal;
  std::uint8_t reserved[6];

  /// Half of the touch's spread at arrival: a taker crosses it, a maker is paid it. The
  /// price of its side of the touch, against the mid.
  constexpr Price half_spread() const {
    return liquidity == Liquidity::kTaker ? arrival_half_spread : -arrival_half_spread;
  }
  /// What the fill's price is worse than that touch: the levels that a taker walked
  /// through, or less; of a maker how far inside the touch its limit was.
  constexpr Price slippage() const {
    const Price worse = side == Side::kBuy ? price - arrival_mid : arrival_mid - price;
    return worse - half_spread();
  }
  /// How far the mid went against the order while it travelled.
  constexpr Price drift() const {
    return side == Side::kBuy ? arrival_mid - decision_mid : decision_mid - arrival_mid;
  }
};
static_assert(sizeof(Fill) == 120 && std::is_trivially_copyable_v<Fill>);

/// From flat to flat. Money is signed as the trader feels it:
///   net = gross - fees - half_spread - slippage - network, exactly.
struct RoundTrip {
  MonoNanos opened;      ///< first fill
  MonoNanos closed;      ///< last fill
  Money entry_notional;  ///< sum of price x qty of the fills that opened
  Money exit_notional;   ///< the same of those that closed
  Money gross;           ///< what the mids at the decisions would have earned
  Money fees;            ///< paid; rebates count negative
  Money half_spread;     ///< the touch at arrival against its mid; earned: negative
  Money slippage;        ///< fill price against that touch
  Money network;         ///< drift of the mid between decision and arrival
  Money net;
  Qty qty;        ///< opened in all
  Qty maker_qty;  ///< of the 2 x qty traded, how much as maker
  std::uint32_t id;
  InstrumentId instrument;
  Side side;                ///< of the entry
  Intent exit_intent;       ///< of the last fill
  signal::SignalId signal;  ///< that opened it
  std::uint8_t reserved[7];
};
static_assert(sizeof(RoundTrip) == 112 && std::is_trivially_copyable_v<RoundTrip>);

}  // namespace pyscalp::order
