// The risk gate: a wish that passes the whole list, and wishes that it stops.
#include <benchmark/benchmark.h>

#include "bench/micro_trading.hpp"

namespace pyscalp::bench {
namespace {

/// A wish every 20 ms of the gate's time, each with the same answer.
void answer(benchmark::State& state, TradingDesk& desk, risk::Denial wanted) {
  for (auto _ : state) {
    desk.pass();
    const risk::Verdict verdict = desk.ask();
    if (verdict.denial != wanted) [[unlikely]] {
      state.SkipWithError(risk::name(verdict.denial));
      break;
    }
  }
}

void accepted(benchmark::State& state) {
  TradingDesk desk;
  answer(state, desk, risk::Denial::kNone);
}
BENCHMARK(accepted)->Name("gate/accepted");

void denied_by_the_first(benchmark::State& state) {
  TradingDesk desk;
  desk.kill.engage();
  answer(state, desk, risk::Denial::kKillSwitch);
}
BENCHMARK(denied_by_the_first)->Name("gate/denied, kill switch");

void denied_by_the_collar(benchmark::State& state) {
  TradingDesk desk;
  desk.wish.limit = {90 * kNanosPerUnit};
  answer(state, desk, risk::Denial::kPriceCollar);
}
BENCHMARK(denied_by_the_collar)->Name("gate/denied, price collar");

/// The last of the list: all others are looked at before.
void denied_by_the_last(benchmark::State& state) {
  TradingDesk desk;
  for (int i = 0; i < 90; ++i) {
    desk.pass(milliseconds(2));
    if (!desk.ask()) return state.SkipWithError("the rate was used up too early");
  }
  desk.pass(milliseconds(2));
  for (auto _ : state) {
    // Time stands still, or the window would empty.
    const risk::Verdict verdict = desk.ask();
    if (verdict.denial != risk::Denial::kRateLimit) [[unlikely]] {
      state.SkipWithError(risk::name(verdict.denial));
      break;
    }
  }
}
BENCHMARK(denied_by_the_last)->Name("gate/denied, request rate");

void cancel(benchmark::State& state) {
  TradingDesk desk;
  for (auto _ : state) {
    desk.pass();
    benchmark::DoNotOptimize(desk.gate.cancel(42, desk.now));
  }
}
BENCHMARK(cancel)->Name("gate/cancel");

/// What every change of the book tells the gate, 10,000 times a second.
void depth(benchmark::State& state) {
  TradingDesk desk;
  Qty depth = 100'000;
  for (auto _ : state) {
    desk.pass(MonoNanos{100'000});
    depth = 50'000 + (depth * 7'919 + 13) % 50'000;
    desk.gate.on_depth(kTraded, desk.now, depth, 100'000 - depth / 2);
  }
}
BENCHMARK(depth)->Name("gate/take in the depth");

}  // namespace
}  // namespace pyscalp::bench
