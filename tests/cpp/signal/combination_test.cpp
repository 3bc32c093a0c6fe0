#include "signal/combination.hpp"

#include <gtest/gtest.h>

namespace pyscalp::signal {
namespace {

constexpr auto kMean = static_cast<std::size_t>(SignalId::kMeanReversion);
constexpr auto kBook = static_cast<std::size_t>(SignalId::kBookImbalance);
constexpr auto kBreak = static_cast<std::size_t>(SignalId::kMomentum);

class CombinationTest : public testing::Test {
 protected:
  void say(std::size_t signal, std::int64_t move) {
    said_[signal] = {Price{move}, static_cast<SignalId>(signal)};
  }
  Forecast combine(std::int64_t at = 0) {
    return Combination(options_).combine(said_, UnixNanos{at});
  }
  void expect(std::int64_t move, SignalId signal, std::int64_t at = 0) {
    const Forecast forecast = combine(at);
    EXPECT_EQ(forecast.expected_move, Price{move});
    EXPECT_EQ(forecast.signal, signal);
  }

  CombinationOptions options_;
  Forecasts said_{};
};

TEST_F(CombinationTest, TheStrongestWeighedMoveStandsAlone) {
  say(kMean, -100);
  say(kBook, 60);
  expect(-100, SignalId::kMeanReversion);
  options_.weights[kBook] = 2.0;
  expect(120, SignalId::kBookImbalance);
}

TEST_F(CombinationTest, TheSumLetsOppositesCancelOut) {
  options_.rule = CombinationRule::kSum;
  say(kMean, -100);
  expect(-100, SignalId::kMeanReversion);
  say(kBook, 60);
  expect(-40, SignalId::kCombined);
  options_.weights[kMean] = 0.5;
  expect(10, SignalId::kCombined);
  options_.weights[kMean] = 0.6;
  expect(0, SignalId::kNone);
}

TEST_F(CombinationTest, AVetoStopsWhoeverGoesThatWay) {
  say(kMean, -100);
  said_[kBreak].veto = Sides::kShort;
  expect(0, SignalId::kNone);
  EXPECT_EQ(combine().veto, Sides::kShort);
  say(kMean, 100);
  expect(100, SignalId::kMeanReversion);
  said_[kBreak].veto = Sides::kBoth;
  expect(0, SignalId::kNone);
}

TEST_F(CombinationTest, ASilencedSignalHasNeitherOpinionNorVetoButStillLeaves) {
  options_.weights[kBreak] = 0.0;
  say(kBreak, 500);
  said_[kBreak].veto = Sides::kShort;
  said_[kBreak].leave = Sides::kLong;
  say(kMean, -100);
  expect(-100, SignalId::kMeanReversion);
  EXPECT_EQ(combine().veto, Sides::kNone);
  EXPECT_EQ(combine().leave, Sides::kLong);
}

TEST_F(CombinationTest, WhoStandsAboveDropsWhatContradictsIt) {
  options_.over[kBreak] = 1 << kMean;
  say(kMean, -100);
  say(kBreak, 10);
  expect(10, SignalId::kMomentum);
  say(kBook, -50);  // not below the break
  expect(-50, SignalId::kBookImbalance);
  said_[kBook] = {};
  say(kMean, 100);  // of one mind with it
  expect(100, SignalId::kMeanReversion);
}

TEST_F(CombinationTest, TheScheduleWeighsAndForbids) {
  TimeWindow opening{UnixNanos{100}, UnixNanos{200}, true, usual_weights()};
  opening.weights[kMean] = 0.0;
  opening.weights[kBreak] = 3.0;
  TimeWindow release{UnixNanos{150}, UnixNanos{160}, false, usual_weights()};
  options_.windows = {opening, release};
  say(kMean, -100);
  say(kBreak, 40);
  expect(-100, SignalId::kMeanReversion, 99);
  expect(120, SignalId::kMomentum, 100);
  expect(0, SignalId::kNone, 150);
  EXPECT_EQ(combine(150).veto, Sides::kBoth);
  said_[kMean].leave = Sides::kShort;
  EXPECT_EQ(combine(150).leave, Sides::kShort);
  expect(120, SignalId::kMomentum, 160);
}

TEST_F(CombinationTest, HugeMovesDoNotOverflow) {
  options_.rule = CombinationRule::kSum;
  options_.weights[kMean] = Schedule::kMaxWeight;
  say(kMean, std::int64_t{1} << 62);
  say(kBook, std::int64_t{1} << 62);
  EXPECT_GT(combine().expected_move, Price{});
  say(kBook, -(std::int64_t{1} << 62));
  expect(0, SignalId::kNone);
}

}  // namespace
}  // namespace pyscalp::signal
