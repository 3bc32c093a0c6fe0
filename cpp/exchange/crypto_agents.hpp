// Artificial markets of a crypto venue: the stock that the agents were fitted to, at
// another price and in lots.
#pragma once

#include <vector>

#include "exchange/agent_parameters.hpp"
#include "exchange/crypto_symbol.hpp"

namespace pyscalp::exchange {

/// One symbol's market. Moves and distances are the same share of the price as the
/// fitted stock's, sizes have the same value. `opening_e9` is the price of one coin.
StockParameters crypto_stock(const CryptoSymbol& symbol, std::int64_t opening_e9);

/// Markets that are open around the clock: the day is 24 hours.
AgentParameters crypto_agents(const std::vector<CryptoSymbol>& symbols,
                              const std::vector<std::int64_t>& openings_e9);

}  // namespace pyscalp::exchange
