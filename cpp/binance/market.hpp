// The venue's markets, whose rules and messages differ.
#pragma once

#include <cstdint>

namespace pyscalp::binance {

enum class Market : std::uint8_t {
  kSpot = 0,
  kUsdm = 1,   ///< USD-M perpetual futures
  kCoinm = 2,  ///< COIN-M futures: market data alone
};
constexpr bool is_futures(Market market) { return market != Market::kSpot; }

}  // namespace pyscalp::binance
