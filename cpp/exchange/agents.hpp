// The driver `agents`: a seeded artificial market.
//
// Liquidity providers quote around a value that nobody sees; noise traders, bursts of
// informed flow, mean-reverting pressure, hidden orders and icebergs do the rest. Every
// order goes through the Market like anybody's, from accounts of 1000 and up.
//
// Deterministic: parameters, seed and instruments give the same orders, as long as the
// others in the market do the same too; on every platform, where the compiler does not
// fuse multiply and add (-ffp-contract=off, or a target without it). Single-threaded.
// Cost: O(log n) an event in the agents' pending events, some hundred nanoseconds.
#pragma once

#include <optional>
#include <vector>

#include "exchange/agent_parameters.hpp"
#include "exchange/stock_agents.hpp"

namespace pyscalp::exchange {

class Agents {
 public:
  /// Throws std::invalid_argument where an instrument has no stock of its symbol in the
  /// parameters, there are more instruments than accounts for them, or a parameter is
  /// out of its range. `market` of step() must list these instruments and allow for
  /// accounts up to highest_account().
  Agents(const AgentParameters& parameters, std::uint64_t seed,
         const std::vector<Instrument>& instruments);

  /// Venue time of the next event; nothing once the day is closed.
  std::optional<UnixNanos> next_time() const;
  /// Does the next event: the first opens the market, the last closes it. Nothing once
  /// the day is closed.
  void step(Market& market);

  /// Where liquidity providers see the value of the n-th instrument, for tests.
  Price value(std::size_t n) const { return stocks_[n].value(); }

  static std::vector<Instrument> instruments(const AgentParameters& parameters);
  static AccountId highest_account(std::size_t instruments);

 private:
  UnixNanos close_;
  std::vector<StockAgents> stocks_;
  Agenda agenda_;
};

/// The first `duration` of an artificial day from its opening, as a BinaryFILE of ITCH
/// 5.0. A duration past the end of the day gives the whole day.
std::vector<std::byte> simulate_day(const AgentParameters& parameters,
                                    std::uint64_t seed, MonoNanos duration);

}  // namespace pyscalp::exchange
