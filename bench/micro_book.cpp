// Changes of books that are warm: 500 instruments, 100,000 orders alive.
#include <benchmark/benchmark.h>

#include "base/random.hpp"
#include "bench/micro_market.hpp"

namespace pyscalp::bench {
namespace {

/// A price that has a level, where an order may be put without crossing anything.
struct Place {
  InstrumentId instrument{};
  Side side = Side::kBuy;
  Price price;
};

constexpr std::size_t kPlaces = 4'096;

/// Places at one of the best `ranks` levels of any instrument, equally likely.
std::vector<Place> places(int ranks) {
  const book::OrderBooks& books = market_books();
  Random random(1);
  std::vector<Place> found;
  while (found.size() < kPlaces) {
    Place place;
    place.instrument =
        InstrumentId{static_cast<std::uint16_t>(1 + random.below(kMarketInstruments))};
    place.side = random.chance(0.5) ? Side::kBuy : Side::kSell;
    const auto rank = static_cast<int>(random.below(static_cast<std::uint64_t>(ranks)));
    book::LevelView level;
    if (!books.level(place.instrument, place.side, rank, level)) continue;
    place.price = level.price;
    found.push_back(place);
  }
  return found;
}

/// References ascend as on a feed, and no benchmark uses one twice.
std::uint64_t next_reference() {
  static std::uint64_t reference = kFirstFreeReference;
  return ++reference;
}

constexpr std::size_t kAlive = 1'024;

/// Adds an order, and deletes the one that was added 1,024 orders before.
void add_and_delete(benchmark::State& state, int ranks) {
  book::OrderBooks& books = market_books();
  const std::vector<Place> where = places(ranks);
  std::vector<std::uint64_t> alive(kAlive);
  std::size_t number = 0;
  const auto add = [&] {
    const Place& place = where[number % kPlaces];
    const std::uint64_t reference = next_reference();
    alive[number++ % kAlive] = reference;
    return books.add(place.instrument, reference, place.side, 100, place.price);
  };
  while (number < kAlive) add();
  for (auto _ : state) {
    const std::uint64_t oldest = alive[number % kAlive];
    if (!add().applied() || !books.remove(oldest).applied()) {
      state.SkipWithError("a change was refused");
      break;
    }
  }
  for (const std::uint64_t reference : alive) books.remove(reference);
}
BENCHMARK_CAPTURE(add_and_delete, touch, 1)->Name("book/add and delete, at the touch");
BENCHMARK_CAPTURE(add_and_delete, levels, 10)->Name("book/add and delete, 10 levels");

/// Gives an order a new reference and the last place at the price it has.
void replace(benchmark::State& state) {
  book::OrderBooks& books = market_books();
  const std::vector<Place> where = places(10);
  std::vector<std::uint64_t> alive;
  for (std::size_t i = 0; i < kAlive; ++i) {
    alive.push_back(next_reference());
    books.add(where[i].instrument, alive[i], where[i].side, 100, where[i].price);
  }
  std::size_t number = 0;
  for (auto _ : state) {
    const std::size_t i = number++ % kAlive;
    const std::uint64_t reference = next_reference();
    if (books.replace(alive[i], reference, 100, where[i].price).status() !=
        book::BookStatus::kOk) {
      state.SkipWithError("a replacement was refused");
      break;
    }
    alive[i] = reference;
  }
  for (const std::uint64_t reference : alive) books.remove(reference);
}
BENCHMARK(replace)->Name("book/replace");

/// Executes one share of a large order.
void execute(benchmark::State& state) {
  book::OrderBooks& books = market_books();
  const std::vector<Place> where = places(1);
  std::vector<std::uint64_t> alive;
  for (std::size_t i = 0; i < kAlive; ++i) {
    alive.push_back(next_reference());
    books.add(where[i].instrument, alive[i], where[i].side, 2'000'000'000,
              where[i].price);
  }
  std::size_t number = 0;
  for (auto _ : state) {
    if (!books.reduce(alive[number++ % kAlive], 1).applied()) {
      state.SkipWithError("an execution was refused");
      break;
    }
  }
  for (const std::uint64_t reference : alive) books.remove(reference);
}
BENCHMARK(execute)->Name("book/execute");

/// Reads the best prices of one instrument after the other.
void touch(benchmark::State& state) {
  const book::OrderBooks& books = market_books();
  std::uint16_t locate = 0;
  for (auto _ : state) {
    locate = static_cast<std::uint16_t>(locate % kMarketInstruments + 1);
    const book::Touch touch = books.touch(InstrumentId{locate});
    benchmark::DoNotOptimize(&touch);
  }
}
BENCHMARK(touch)->Name("book/read the touch");

}  // namespace
}  // namespace pyscalp::bench
