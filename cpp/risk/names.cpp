#include <array>

#include "risk/denial.hpp"
#include "risk/gate.hpp"
#include "risk/trading_state.hpp"

namespace pyscalp::risk {

namespace {

constexpr std::array<const char*, kDenials> kDenialNames = {
    "none",
    "limits_missing",
    "kill_switch",
    "halted",
    "reducing_only",
    "not_permitted",
    "instrument_halted",
    "session_hours",
    "gap_open",
    "book_unusable",
    "stale_price",
    "order_quantity",
    "order_value",
    "price_collar",
    "instrument_reducing",
    "position",
    "concentration",
    "too_many_working",
    "runaway",
    "duplicate",
    "self_match",
    "rate_limit",
};
constexpr std::array<const char*, kBreakers> kBreakerNames = {
    "drawdown",        "losing_trades", "rejects",       "kill_switch", "operator_halt",
    "operator_reduce", "rate",          "concentration", "resumed",
};
constexpr std::array<const char*, 3> kStateNames = {"ACTIVE", "REDUCING", "HALTED"};
constexpr std::array<const char*, 5> kResumeNames = {
    "resumed", "no_reason", "limits_missing", "kill_switch", "drawdown_stands"};

template <std::size_t N>
const char* pick(const std::array<const char*, N>& names, std::size_t i) {
  return i < N ? names[i] : "unknown";
}

}  // namespace

const char* name(Denial denial) { return pick(kDenialNames, index(denial)); }
const char* name(Breaker breaker) {
  return pick(kBreakerNames, static_cast<std::size_t>(breaker));
}
const char* name(TradingState state) {
  return pick(kStateNames, static_cast<std::size_t>(state));
}
const char* name(Resume answer) {
  return pick(kResumeNames, static_cast<std::size_t>(answer));
}

}  // namespace pyscalp::risk
