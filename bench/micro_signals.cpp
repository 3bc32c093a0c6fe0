// What the signals make of a busy instrument's events, as the engine shows them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <iterator>

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

/// Of which every market is sideways, so that its bands are looked at at every event.
signal::MeanReversionOptions every_band_and_regime() {
  signal::MeanReversionOptions options;
  options.use_rolling_vwap = true;
  options.k_sigma = 0.1;
  options.regime = signal::Regime::kBoth;
  options.efficiency_max = 1.0;
  options.variance_ratio_max = 1e9;
  return options;
}

void mean_reversion(benchmark::State& state,
                    const signal::MeanReversionOptions& options) {
  signal::MeanReversion signal{options};
  every_event(state, signal);
  if (signal.closes().mean() == 0.0) state.SkipWithError("its bars are empty");
}
BENCHMARK_CAPTURE(mean_reversion, usual, signal::MeanReversionOptions{})
    ->Name("signals/mean reversion");
BENCHMARK_CAPTURE(mean_reversion, all, every_band_and_regime())
    ->Name("signals/mean reversion, every band and regime");

void book_imbalance(benchmark::State& state, signal::ImbalanceMeasure measure,
                    int levels) {
  signal::BookImbalanceOptions options;
  options.measure = measure;
  options.levels = levels;
  signal::BookImbalance signal{options};
  every_event(state, signal);
}
BENCHMARK_CAPTURE(book_imbalance, depth, signal::ImbalanceMeasure::kDepth, 5)
    ->Name("signals/book imbalance");
BENCHMARK_CAPTURE(book_imbalance, touch, signal::ImbalanceMeasure::kTouch, 1)
    ->Name("signals/book imbalance of the touch");
BENCHMARK_CAPTURE(book_imbalance, weighted, signal::ImbalanceMeasure::kWeighted, 5)
    ->Name("signals/book imbalance, weighted");
BENCHMARK_CAPTURE(book_imbalance, touch_flow, signal::ImbalanceMeasure::kOrderFlow, 1)
    ->Name("signals/order flow of the touch");
BENCHMARK_CAPTURE(book_imbalance, flow, signal::ImbalanceMeasure::kOrderFlow, 5)
    ->Name("signals/order flow");

/// A market that agrees on a range: as many buckets as it has prices, and all is
/// judged.
signal::MomentumOptions watchful() {
  signal::MomentumOptions options;
  options.bucket = Price{10'000'000};
  options.width_max_e9 = 10'000'000;
  return options;
}

void momentum(benchmark::State& state) {
  signal::Momentum signal(watchful());
  every_event(state, signal);
  if (!signal.tight()) state.SkipWithError("it has nothing to judge");
}
BENCHMARK(momentum)->Name("signals/momentum");

/// Nothing but trades, each followed by a look at the book: an iteration is both.
void momentum_trades(benchmark::State& state) {
  signal::Momentum signal(watchful());
  const BusyBook& book = busy_book();
  std::vector<BusyBook::Event> trades;
  std::ranges::copy_if(book.events, std::back_inserter(trades),
                       [](const BusyBook::Event& event) { return event.traded; });
  std::int64_t later = 0;
  const auto lap = [&] {
    for (const BusyBook::Event& event : trades) {
      signal::Trade trade = event.trade;
      trade.venue_time.value += later;
      signal.on_trade(trade);
      benchmark::DoNotOptimize(signal.on_book(event.view(later)));
    }
    later += book.lap_ns;
  };
  for (int i = 0; i < kWarmLaps; ++i) lap();
  const auto count = static_cast<benchmark::IterationCount>(trades.size());
  while (state.KeepRunningBatch(count)) lap();
  if (!signal.tight()) state.SkipWithError("it has nothing to judge");
}
BENCHMARK(momentum_trades)->Name("signals/momentum, a trade and a book");

void iceberg(benchmark::State& state) {
  signal::Iceberg signal{signal::IcebergOptions{}};
  every_event(state, signal);
}
BENCHMARK(iceberg)->Name("signals/iceberg");

void all_four(benchmark::State& state, signal::ImbalanceMeasure measure) {
  signal::SignalSet::Options options;
  options.of<signal::MeanReversion>().enabled = true;
  options.of<signal::BookImbalance>().enabled = true;
  options.of<signal::BookImbalance>().options.measure = measure;
  options.of<signal::Momentum>() = {true, watchful()};
  options.of<signal::Iceberg>().enabled = true;
  signal::SignalSet signals(options);
  every_event(state, signals);
}
BENCHMARK_CAPTURE(all_four, usual, signal::ImbalanceMeasure::kDepth)
    ->Name("signals/all four, as in the engine");
BENCHMARK_CAPTURE(all_four, flow, signal::ImbalanceMeasure::kOrderFlow)
    ->Name("signals/all four, with order flow of 5 levels");

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
