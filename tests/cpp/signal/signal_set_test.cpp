#include "signal/signal_set.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace pyscalp::signal {
namespace {

/// Says what its options say; the tag makes types of it.
template <int Tag, SignalId Id>
struct Says {
  struct Options {
    std::int64_t move = 0;
  };
  static constexpr SignalId kId = Id;
  static bool valid(const Options& options) { return options.move < 1000; }
  explicit Says(const Options& options) : move(options.move) {}
  Forecast on_book(const MarketView&) {
    ++books;
    return {Price{move}, kId};
  }
  void reset() { books = 0; }

  std::int64_t move;
  int books = 0;
};
using First = Says<1, SignalId::kMeanReversion>;
using Second = Says<2, SignalId::kBookImbalance>;

struct CountsTrades : Says<3, SignalId::kNone> {
  using Says::Says;
  void on_trade(const Trade& trade) { volume += trade.qty; }
  Qty volume = 0;
};

using Set = SignalSetOf<First, Second, CountsTrades>;
static_assert(!std::is_polymorphic_v<SignalSet>);
static_assert(std::is_nothrow_move_constructible_v<SignalSet>, "held by value");

Set set_of(std::int64_t first, std::int64_t second) {
  Set::Options options;
  options.of<First>() = {true, First::Options{first}};
  options.of<Second>() = {true, Second::Options{second}};
  return Set(options);
}

TEST(SignalSet, TheLargestMoveWins) {
  EXPECT_EQ(set_of(5, 7).on_book({}).expected_move, Price{7});
  EXPECT_EQ(set_of(5, -7).on_book({}).expected_move, Price{-7});
  EXPECT_EQ(set_of(-8, 7).on_book({}).expected_move, Price{-8});
  EXPECT_EQ(set_of(-8, 7).on_book({}).signal, SignalId::kMeanReversion);
}

TEST(SignalSet, OfEqualMovesThatOfTheLowestNumberWins) {
  EXPECT_EQ(set_of(5, -5).on_book({}).signal, SignalId::kMeanReversion);
  EXPECT_EQ(set_of(-5, 5).on_book({}).expected_move, Price{-5});
}

TEST(SignalSet, NoOpinionIsNone) {
  const Forecast none = set_of(0, 0).on_book({});
  EXPECT_EQ(none.expected_move, Price{});
  EXPECT_EQ(none.signal, SignalId::kNone);
  EXPECT_EQ(Set(Set::Options{}).on_book({}).signal, SignalId::kNone);
}

TEST(SignalSet, OnlyEnabledSignalsAreAtWork) {
  Set::Options options;
  options.of<Second>() = {true, Second::Options{3}};
  Set set(options);
  EXPECT_EQ(set.get<First>(), nullptr);
  ASSERT_NE(set.get<Second>(), nullptr);
  EXPECT_EQ(set.on_book({}).signal, SignalId::kBookImbalance);
  set.on_trade({});
}

TEST(SignalSet, EverySignalSeesEveryEvent) {
  Set::Options options;
  options.of<First>() = {true, First::Options{100}};
  options.of<Second>() = {true, {}};
  options.of<CountsTrades>() = {true, {}};
  Set set(options);
  set.on_trade({Price{1}, 40});
  set.on_trade({Price{1}, 2});
  set.on_book({});
  set.on_book({});
  EXPECT_EQ(set.get<CountsTrades>()->volume, 42);
  EXPECT_EQ(set.get<Second>()->books, 2);
  set.reset();
  EXPECT_EQ(set.get<Second>()->books, 0);
}

TEST(SignalSet, IsValidIfEachSignalAtWorkIs) {
  Set::Options options;
  EXPECT_TRUE(Set::valid(options));
  options.of<Second>() = {true, Second::Options{1000}};
  EXPECT_FALSE(Set::valid(options));
  options.of<Second>().enabled = false;
  EXPECT_TRUE(Set::valid(options));

  SignalSet::Options real;
  real.of<MeanReversion>().enabled = true;
  real.of<BookImbalance>().enabled = true;
  EXPECT_TRUE(SignalSet::valid(real));
  real.of<MeanReversion>().options.bars = kMaxBars + 1;
  EXPECT_FALSE(SignalSet::valid(real));
}

TEST(SignalSet, TheRealSetReachesBothSignals) {
  SignalSet::Options options;
  options.of<MeanReversion>() = {true, {}};
  options.of<BookImbalance>() = {true, {}};
  options.of<BookImbalance>().options.levels = 1;
  options.of<BookImbalance>().options.persistence = MonoNanos{0};
  SignalSet set(options);
  MarketView view;
  view.venue_time = UnixNanos{1};
  view.touch = {Price{1000}, Price{1100}, 90, 10};
  set.on_trade({Price{1100}, 5});
  EXPECT_EQ(set.on_book(view).expected_move, Price{40});
  EXPECT_EQ(set.get<MeanReversion>()->session().trades(), 1);
  EXPECT_EQ(set.get<BookImbalance>()->side(), 1);
}

}  // namespace
}  // namespace pyscalp::signal
