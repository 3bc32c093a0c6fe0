// The ring that the engine's records leave through.
#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "base/cpu.hpp"
#include "base/spsc_ring.hpp"
#include "bench/micro_cores.hpp"

namespace pyscalp::bench {
namespace {

constexpr std::size_t kRing = 1 << 16;

/// A record in and out again by the same thread: the ring's own work, both positions in
/// this core's cache.
void push_and_pop(benchmark::State& state, std::size_t size) {
  SpscRing ring(kRing);
  benchmark::DoNotOptimize(size);  // known when compiled, it would be another program
  std::vector<std::byte> record(size);
  for (auto _ : state) {
    const bool pushed = ring.try_push(record);
    const bool popped =
        ring.try_pop([](Bytes bytes) { benchmark::DoNotOptimize(bytes.data()); });
    if (!pushed || !popped) [[unlikely]] {
      state.SkipWithError("the ring was full or empty");
      break;
    }
  }
}

/// A record to another core and back, through two rings, one on its way at a time.
void round_trip(benchmark::State& state) {
  const int other = other_core();
  if (other < 0) return state.SkipWithError("needs two cores");
  SpscRing there(kRing);
  SpscRing back(kRing);
  std::atomic<bool> done{false};
  std::atomic<int> pinned{-1};
  std::thread echo([&] {
    pinned.store(pin_to_core(other), std::memory_order_release);
    // Relaxed: it only ends the loop.
    while (!done.load(std::memory_order_relaxed)) {
      there.try_pop([&](Bytes bytes) { (void)back.try_push(bytes); });
    }
  });
  while (pinned.load(std::memory_order_acquire) < 0) cpu_relax();
  const std::array<std::byte, 64> record{};
  const auto nothing = [](Bytes bytes) { benchmark::DoNotOptimize(bytes.data()); };
  for (auto _ : state) {
    (void)there.try_push(record);
    while (!back.try_pop(nothing)) {
    }
  }
  done.store(true, std::memory_order_relaxed);
  echo.join();
  if (pinned.load(std::memory_order_relaxed) != 0) {
    state.SkipWithError("the other core could not be had");
  }
}

BENCHMARK_CAPTURE(push_and_pop, small, 64)->Name("ring/push and pop, 64 bytes");
BENCHMARK_CAPTURE(push_and_pop, large, 256)->Name("ring/push and pop, 256 bytes");
BENCHMARK(round_trip)->Name("ring/round trip between two cores");

}  // namespace
}  // namespace pyscalp::bench
