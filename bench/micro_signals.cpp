// What the signals make of a busy instrument's events, as the engine shows them.
#include <benchmark/benchmark.h>

#include "bench/micro_market.hpp"
#include "signal/signal_set.hpp"

namespace pyscalp::bench {
namespace {

/// Laps before the clock starts: every window is full, every average settled.
constexpr int kWarmLaps = 100;

/// Shows every event, with its trade first, lap after lap: time goes on, the market
/// repeats itself. An iteration is an event.
template <class Signal>
void every_event(benchmark::State& state, Signal& signal) {
  const BusyBook& book = busy_book();
  std::int64_t later = 0;
  const auto lap = [&] {
    for (const BusyBook::Event& event : book.events) {
      if constexpr (requires { signal.on_trade(event.trade); }) {
        if (event.traded) {
          signal::Trade trade = event.trade;
          trade.venue_time.value += later;
          signal.on_trade(trade);
        }
      }
      if constexpr (requires { signal.on_order(event.orders[0], UnixNanos{}); }) {
        const UnixNanos time{event.time.value + later};
        for (int i = 0; i < event.order_count; ++i)
          signal.on_order(event.orders[static_cast<std::size_t>(i)], time);
      }
      benchmark::DoNotOptimize(signal.on_book(event.view(later)));
    }
    later += book.lap_ns;
  };
  for (int i = 0; i < kWarmLaps; ++i) lap();
  const auto count = static_cast<benchmark::IterationCount>(book.events.size());
  while (state.KeepRunningBatch(count)) lap();
}

void mean_reversion(benchmark::State& state) {
  signal::MeanReversion signal{signal::MeanReversionOptions{}};
  every_event(state, signal);
  if (signal.closes().mean() == 0.0) state.SkipWithError("its bars are empty");
}
BENCHMARK(mean_reversion)->Name("signals/mean reversion");

void book_imbalance(benchmark::State& state) {
  signal::BookImbalance signal{signal::BookImbalanceOptions{}};
  every_event(state, signal);
}
BENCHMARK(book_imbalance)->Name("signals/book imbalance");

void both(benchmark::State& state) {
  signal::SignalSet::Options options;
  options.of<signal::MeanReversion>().enabled = true;
  options.of<signal::BookImbalance>().enabled = true;
  signal::SignalSet signals(options);
  every_event(state, signals);
}
BENCHMARK(both)->Name("signals/both, as in the engine");

/// What it costs to show a market to a user's function, and to take what it says.
void user_signal(benchmark::State& state) {
  pyscalp_signal plugin{};
  plugin.abi = PYSCALP_SIGNAL_ABI;
  plugin.size = sizeof(pyscalp_signal);
  plugin.name = "lean";
  plugin.levels = kLevels;
  plugin.on_book = [](void*, const double*, const pyscalp_market* market,
                      pyscalp_forecast* forecast) {
    forecast->expected_move = static_cast<double>(market->microprice - market->mid);
  };
  signal::UserSignalOptions options;
  options.plugin = &plugin;
  signal::UserSignal signal(options);
  every_event(state, signal);
  if (signal.not_finite() != 0) state.SkipWithError("it said what is no number");
}
BENCHMARK(user_signal)->Name("signals/a user's, that does next to nothing");

}  // namespace
}  // namespace pyscalp::bench
