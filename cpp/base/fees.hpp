// What a fill costs or earns: fees and rebates of one venue.
#pragma once

#include "base/types.hpp"

namespace pyscalp {

enum class Liquidity : std::uint8_t { kMaker = 0, kTaker = 1 };

/// Fee of one side of the book: so much a share and so many hundredths of a basis point
/// of the notional. Positive is a cost, negative a rebate.
struct FeeRate {
  Money per_share{};
  std::int64_t notional_e6 = 0;  ///< 1e-6 of the notional: 100 is one basis point
};

struct FeeSchedule {
  FeeRate maker;
  FeeRate taker;

  /// The fee of one fill, rounded half away from zero to 1e-9 of the currency.
  constexpr Money fee(Liquidity liquidity, Price price, Qty qty) const {
    const FeeRate& rate = liquidity == Liquidity::kMaker ? maker : taker;
    const Int128 scaled = static_cast<Int128>(price.value) * qty * rate.notional_e6;
    const Int128 half = scaled < 0 ? -500'000 : 500'000;
    return {rate.per_share.value * qty +
            static_cast<std::int64_t>((scaled + half) / 1'000'000)};
  }
};

}  // namespace pyscalp
