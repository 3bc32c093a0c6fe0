// my_signal: follow the flow of trades where the book leans the same way.
#include <pyscalp_signal.h>

#include <cmath>
#include <cstdint>

namespace {

struct State {
  double flow;      // shares bought less shares sold, halved every half_life
  std::int64_t at;  // the venue's time it is of
};

enum { kHalfLife, kLeanGain, kFlowGain, kLeaveAt, kParameters };
constexpr pyscalp_parameter kTable[kParameters] = {
    {"half_life", 1.0, 0.001, 3600.0},  // seconds
    {"lean_gain", 1.0, 0.0, 100.0},     // of microprice - mid
    {"flow_gain", 1.0, 0.0, 100.0},     // of the spread
    {"leave_at", 0.5, 0.0, 1000.0},     // flow against a position that ends it
};

constexpr double kLn2 = 0.6931471805599453;

void on_book(void* memory, const double* parameters, const pyscalp_market* market,
             pyscalp_forecast* forecast) {
  State& state = *static_cast<State*>(memory);
  if (market->venue_time > state.at) {
    const double passed = static_cast<double>(market->venue_time - state.at);
    state.flow *= std::exp(-kLn2 * passed / (parameters[kHalfLife] * 1e9));
    state.at = market->venue_time;
  }
  state.flow += static_cast<double>(market->buy_qty - market->sell_qty);
  if (!market->sound) return;

  std::int64_t depth = 0;
  for (std::uint32_t i = 0; i < market->bid_count; ++i) depth += market->bids[i].qty;
  for (std::uint32_t i = 0; i < market->ask_count; ++i) depth += market->asks[i].qty;
  const double pressure = state.flow / static_cast<double>(depth);
  if (pressure <= -parameters[kLeaveAt]) forecast->leave = PYSCALP_LONG;
  if (pressure >= parameters[kLeaveAt]) forecast->leave = PYSCALP_SHORT;

  const double lean = static_cast<double>(market->microprice - market->mid);
  const double spread = static_cast<double>(market->ask - market->bid);
  if (lean * pressure <= 0.0) return;
  forecast->expected_move =
      parameters[kLeanGain] * lean + parameters[kFlowGain] * pressure * spread;
}

constexpr pyscalp_signal make_signal() {
  pyscalp_signal signal{};
  signal.abi = PYSCALP_SIGNAL_ABI;
  signal.size = sizeof(pyscalp_signal);
  signal.name = "my_signal";
  signal.levels = 5;
  signal.state_size = sizeof(State);
  signal.parameters = kTable;
  signal.parameter_count = kParameters;
  signal.on_book = on_book;
  return signal;
}
constexpr pyscalp_signal kSignal = make_signal();

}  // namespace

extern "C" __attribute__((visibility("default"))) const pyscalp_signal*
pyscalp_signal_v1() {
  return &kSignal;
}
