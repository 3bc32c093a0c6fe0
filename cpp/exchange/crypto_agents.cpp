#include "exchange/crypto_agents.hpp"

#include <algorithm>

namespace pyscalp::exchange {
namespace {

constexpr UnixNanos kOpen{kNanosPerUnit};
constexpr UnixNanos kClose{86'399 * kNanosPerUnit};

}  // namespace

StockParameters crypto_stock(const CryptoSymbol& symbol, std::int64_t opening_e9) {
  const StockParameters fitted;
  StockParameters stock;
  stock.symbol = symbol.name;
  stock.tick = symbol.lot_tick();
  const std::int64_t ticks = std::max<std::int64_t>(opening_e9 / symbol.tick_e9, 1);
  stock.opening = {ticks * stock.tick.value};
  stock.lot = std::max<Qty>(1, fitted.opening.value / stock.opening.value);
  const auto scale = [&](Price& price) {
    const Int128 scaled =
        static_cast<Int128>(price.value) * stock.opening.value / fitted.opening.value;
    price = {std::max<std::int64_t>(static_cast<std::int64_t>(scaled), 1)};
  };
  for (Price* const price :
       {&stock.value.volatility, &stock.burst.move, &stock.pressure.push,
        &stock.noise.impact, &stock.noise.spread, &stock.noise.spread_more,
        &stock.provider.edge, &stock.provider.edge_spread, &stock.provider.error,
        &stock.provider.stale_edge, &stock.provider.deep_from,
        &stock.provider.deep_edge, &stock.provider.wave_move, &stock.provider.wide_edge,
        &stock.dark.hidden_edge, &stock.dark.hidden_edge_spread}) {
    scale(*price);
  }
  // A tick is a smaller part of the price here: so many cover the same distance.
  const std::int64_t cent =
      fitted.tick.value * stock.opening.value / fitted.opening.value / stock.tick.value;
  stock.noise.through_ticks = static_cast<int>(
      std::clamp<std::int64_t>(fitted.noise.through_ticks * cent, 1, 1'000'000));
  return stock;
}

AgentParameters crypto_agents(const std::vector<CryptoSymbol>& symbols,
                              const std::vector<std::int64_t>& openings_e9) {
  AgentParameters parameters;
  parameters.open = kOpen;
  parameters.close = kClose;
  parameters.stocks.clear();
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    parameters.stocks.push_back(crypto_stock(symbols[i], openings_e9[i]));
  }
  return parameters;
}

}  // namespace pyscalp::exchange
