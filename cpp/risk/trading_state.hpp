// How freely the account may trade, and what takes that freedom away.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/types.hpp"

namespace pyscalp::risk {

/// Moves to the right only, except by operator_resume. Cancels pass in every state.
enum class TradingState : std::uint8_t {
  kActive = 0,    ///< every order that passes the checks
  kReducing = 1,  ///< only orders that bring a position toward zero, not through it
  kHalted = 2,    ///< cancels; see Limits::flatten_when_halted for the one exception
};

/// What happened to the trading state. The first six latch until the operator resumes;
/// kRate and kConcentration last as long as their cause; kResumed is the operator's.
enum class Breaker : std::uint8_t {
  kDrawdown = 0,        ///< halts: the day's loss reached its share of AUM
  kLosingTrades = 1,    ///< reduces: too many losing round trips in the window
  kRejects = 2,         ///< halts: too many rejects in the window
  kKillSwitch = 3,      ///< halts
  kOperatorHalt = 4,    ///< halts
  kOperatorReduce = 5,  ///< reduces
  kRate = 6,            ///< new orders used up their share of the allowed requests
  kConcentration = 7,   ///< depth shrank under a held position: that one reduces
  kResumed = 8,         ///< the operator cleared every latch
};
inline constexpr std::size_t kBreakers = 9;

constexpr std::uint32_t bit(Breaker breaker) {
  return std::uint32_t{1} << static_cast<unsigned>(breaker);
}
inline constexpr std::uint32_t kHaltingBreakers =
    bit(Breaker::kDrawdown) | bit(Breaker::kRejects) | bit(Breaker::kKillSwitch) |
    bit(Breaker::kOperatorHalt);
inline constexpr std::uint32_t kReducingBreakers =
    bit(Breaker::kLosingTrades) | bit(Breaker::kOperatorReduce);
inline constexpr std::uint32_t kLatchingBreakers = kHaltingBreakers | kReducingBreakers;

/// The state that a set of latched breakers amounts to: the worst of them.
constexpr TradingState state_of(std::uint32_t latched) {
  if ((latched & kHaltingBreakers) != 0) return TradingState::kHalted;
  if ((latched & kReducingBreakers) != 0) return TradingState::kReducing;
  return TradingState::kActive;
}

/// One breaker going off, for events and journal. `value` reached `limit`, in the
/// breaker's own unit: money of 1e-9 lost (kDrawdown), shares (kConcentration), counts
/// (the rest); 0 and 0 where nothing was measured.
struct Trip {
  MonoNanos time;
  std::int64_t value = 0;
  std::int64_t limit = 0;
  Breaker breaker = Breaker::kDrawdown;
  TradingState state = TradingState::kActive;  ///< after it
  InstrumentId instrument{};                   ///< kConcentration only
  Text<48> reason;                             ///< the operator's, cut to fit
};

/// Stable names, as they stand in summaries and journals. Any thread.
const char* name(TradingState state);  ///< "ACTIVE", "REDUCING", "HALTED"
const char* name(Breaker breaker);     ///< lower case, "losing_trades"

}  // namespace pyscalp::risk
