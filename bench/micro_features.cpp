// Figures that are read off a book, and the levels they are read from kept up to date.
#include <benchmark/benchmark.h>

#include "bench/micro_market.hpp"
#include "book/top_levels.hpp"

namespace pyscalp::bench {
namespace {

/// A busy instrument's levels, change by change, over and over.
class Lap {
 public:
  Lap() { begin(); }

  void begin() {
    for (const Side side : {Side::kBuy, Side::kSell}) {
      load(side, book_.opening[index(side)]);
    }
    refilled_ = 0;
  }
  void apply(const book::LevelChange& change) {
    benchmark::DoNotOptimize(levels_.apply(change));
    if (levels_.short_of(change.side)) load(change.side, book_.refills[refilled_++]);
  }
  /// Every lap goes the way that was recorded.
  bool as_recorded() const { return refilled_ == book_.refills.size(); }
  const book::TopLevels& levels() const { return levels_; }
  const std::vector<book::LevelChange>& changes() const { return book_.changes; }

 private:
  void load(Side side, const std::vector<book::LevelView>& found) {
    const int count = static_cast<int>(found.size());
    levels_.load(side, found.data(), count, count < levels_.stock());
  }

  const BusyBook& book_ = busy_book();
  book::TopLevels levels_{top_levels_config()};
  std::size_t refilled_ = 0;
};

/// Every change taken in, and after it `read(levels)`.
template <class Read>
void with_every_change(benchmark::State& state, Read&& read) {
  Lap lap;
  const auto count = static_cast<benchmark::IterationCount>(lap.changes().size());
  while (state.KeepRunningBatch(count)) {
    lap.begin();
    for (const book::LevelChange& change : lap.changes()) {
      lap.apply(change);
      read(lap.levels());
    }
    if (!lap.as_recorded()) state.SkipWithError("the levels are not as recorded");
  }
}

void update(benchmark::State& state) {
  with_every_change(state, [](const book::TopLevels&) {});
}
BENCHMARK(update)->Name("features/keep 5 levels");

void update_and_read(benchmark::State& state) {
  with_every_change(state, [](const book::TopLevels& levels) {
    const book::Touch touch = levels.touch();
    benchmark::DoNotOptimize(touch.imbalance());
    benchmark::DoNotOptimize(touch.microprice());
    benchmark::DoNotOptimize(levels.imbalance());
    benchmark::DoNotOptimize(levels.weighted_imbalance());
    benchmark::DoNotOptimize(levels.near_qty(Side::kBuy));
    benchmark::DoNotOptimize(levels.near_qty(Side::kSell));
  });
}
BENCHMARK(update_and_read)->Name("features/keep 5 levels, read all");

/// One figure of the touch of every event.
template <class Read>
void of_every_touch(benchmark::State& state, Read&& read) {
  const auto& events = busy_book().events;
  const auto count = static_cast<benchmark::IterationCount>(events.size());
  while (state.KeepRunningBatch(count)) {
    for (const BusyBook::Event& event : events) {
      benchmark::DoNotOptimize(read(event.touch));
    }
  }
}

void touch_imbalance(benchmark::State& state) {
  of_every_touch(state, [](const book::Touch& touch) { return touch.imbalance(); });
}
BENCHMARK(touch_imbalance)->Name("features/imbalance, touch");

void microprice(benchmark::State& state) {
  of_every_touch(state, [](const book::Touch& touch) { return touch.microprice(); });
}
BENCHMARK(microprice)->Name("features/microprice");

/// One figure of the levels as they are, read anew each time.
template <class Read>
void of_levels(benchmark::State& state, Read&& read) {
  const Lap lap;
  for (auto _ : state) {
    benchmark::ClobberMemory();
    benchmark::DoNotOptimize(read(lap.levels()));
  }
}

void level_imbalance(benchmark::State& state) {
  of_levels(state, [](const book::TopLevels& levels) { return levels.imbalance(); });
}
BENCHMARK(level_imbalance)->Name("features/imbalance, 5 levels");

void weighted_imbalance(benchmark::State& state) {
  of_levels(state,
            [](const book::TopLevels& levels) { return levels.weighted_imbalance(); });
}
BENCHMARK(weighted_imbalance)->Name("features/imbalance, weighted");

void near_depth(benchmark::State& state) {
  of_levels(state,
            [](const book::TopLevels& levels) { return levels.near_qty(Side::kBuy); });
}
BENCHMARK(near_depth)->Name("features/depth within 5 ticks");

/// As the engine asks for it: walked in the books, of one instrument after the other.
void depth(benchmark::State& state) {
  const book::OrderBooks& books = market_books();
  std::uint16_t locate = 0;
  for (auto _ : state) {
    locate = static_cast<std::uint16_t>(locate % kMarketInstruments + 1);
    benchmark::DoNotOptimize(books.depth(InstrumentId{locate}, Side::kBuy, kLevels));
  }
}
BENCHMARK(depth)->Name("features/depth of 5 levels, walked");

}  // namespace
}  // namespace pyscalp::bench
