#include "base/core_probe.hpp"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/cpu.hpp"

namespace pyscalp {

int watch_core(int core, MonoNanos length, SpinGaps& gaps) {
  int error = 0;
  const MonoClock clock;
  std::thread([&] {
    error = pin_to_core(core);
    if (error != 0) return;
    MonoNanos now = clock.now();
    const MonoNanos until = now + length;
    for (gaps.start(now); now < until; gaps.idle(now)) now = clock.now();
    gaps.stop(now);
  }).join();
  return error;
}

#if defined(__x86_64__)

namespace {

/// Both sides write one cache line in turns: an odd round asks, an even one answers.
struct alignas(64) Ball {
  std::atomic<std::uint64_t> round{0};
  std::atomic<std::uint64_t> ticks{0};
};

/// Answers rounds until one of `last`. A core that both sides share would spin for
/// whole time slices, so the wait gives way now and then.
void answer(Ball& ball, std::uint64_t last) {
  for (std::uint64_t round = 1; round <= last; round += 2) {
    int waited = 0;
    // Acquire and release hand the answer over with the round.
    while (ball.round.load(std::memory_order_acquire) != round) {
      if (++waited % 100'000 == 0) std::this_thread::yield();
    }
    ball.ticks.store(__rdtsc(), std::memory_order_relaxed);
    ball.round.store(round + 1, std::memory_order_release);
  }
}

void ask(Ball& ball, std::uint64_t last, double ns_per_tick, CounterOffset& out) {
  std::uint64_t fastest = UINT64_MAX;
  std::vector<std::uint64_t> rounds;
  rounds.reserve(last / 2 + 1);
  for (std::uint64_t round = 1; round <= last; round += 2) {
    int waited = 0;
    const std::uint64_t asked = __rdtsc();
    ball.round.store(round, std::memory_order_release);
    while (ball.round.load(std::memory_order_acquire) != round + 1) {
      if (++waited % 100'000 == 0) std::this_thread::yield();
    }
    const std::uint64_t heard = __rdtsc();
    rounds.push_back(heard - asked);
    if (heard - asked >= fastest) continue;
    fastest = heard - asked;
    const auto there =
        static_cast<std::int64_t>(ball.ticks.load(std::memory_order_relaxed) - asked);
    const double ahead =
        static_cast<double>(there) - static_cast<double>(fastest) / 2.0;
    out.offset_ns = static_cast<std::int64_t>(ahead * ns_per_tick);
    out.uncertainty_ns =
        static_cast<std::int64_t>(static_cast<double>(fastest) / 2.0 * ns_per_tick) + 1;
  }
  const auto middle = rounds.begin() + static_cast<std::ptrdiff_t>(rounds.size() / 2);
  std::nth_element(rounds.begin(), middle, rounds.end());
  out.round_ns = static_cast<std::int64_t>(static_cast<double>(*middle) * ns_per_tick);
}

struct Pair {
  std::uint64_t ticks;
  std::int64_t ns;
};

Pair read_raw() {
  Pair best{};
  std::uint64_t narrowest = UINT64_MAX;
  for (int i = 0; i < 32; ++i) {
    timespec now;
    const std::uint64_t before = __rdtsc();
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    const std::uint64_t width = __rdtsc() - before;
    if (width >= narrowest) continue;
    narrowest = width;
    best = {before + width / 2,
            static_cast<std::int64_t>(now.tv_sec) * kNanosPerUnit + now.tv_nsec};
  }
  return best;
}

}  // namespace

CounterOffset counter_offset(int core, int other, int rounds) {
  CounterOffset out;
  const auto last = 2 * static_cast<std::uint64_t>(std::max(rounds, 1)) - 1;
  const double ns_per_tick =
      static_cast<double>(detail::tsc_scale().ns_per_tick_q32) / 4294967296.0;
  Ball ball;
  std::atomic<int> pinned{0};
  int errors[2] = {0, 0};
  // Both wait for each other's pinning; if one fails, neither begins.
  const auto meet = [&](int place, int on) {
    errors[place] = pin_to_core(on);
    pinned.fetch_add(1, std::memory_order_acq_rel);
    while (pinned.load(std::memory_order_acquire) < 2) std::this_thread::yield();
    return errors[0] == 0 && errors[1] == 0;
  };
  std::thread second([&] {
    if (meet(1, other)) answer(ball, last);
  });
  std::thread first([&] {
    if (meet(0, core)) ask(ball, last, ns_per_tick, out);
  });
  first.join();
  second.join();
  out.error = errors[0] != 0 ? errors[0] : errors[1];
  return out;
}

Calibration calibration(int tries, MonoNanos each) {
  Calibration out;
  out.invariant = detail::tsc_scale().usable;
  if (!out.invariant) return out;
  std::vector<double> rates;
  Pair before = read_raw();
  for (int i = 0; i < std::max(tries, 1); ++i) {
    const timespec pause{each.value / kNanosPerUnit, each.value % kNanosPerUnit};
    nanosleep(&pause, nullptr);
    const Pair after = read_raw();
    rates.push_back(static_cast<double>(after.ns - before.ns) /
                    static_cast<double>(after.ticks - before.ticks));
    before = after;
  }
  std::sort(rates.begin(), rates.end());
  out.ns_per_tick = rates[rates.size() / 2];
  out.spread = (rates.back() - rates.front()) / out.ns_per_tick;
  return out;
}

#else

CounterOffset counter_offset(int, int, int) { return {ENOTSUP, 0, 0, 0}; }
Calibration calibration(int, MonoNanos) { return {}; }

#endif

}  // namespace pyscalp
