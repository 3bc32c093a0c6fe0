#include "risk/concentration.hpp"

#include <limits>
#include <random>
#include <utility>

#include "fixture.hpp"

namespace pyscalp::risk {
namespace {

constexpr auto kMost = std::numeric_limits<std::int64_t>::max();

class ConcentrationTest : public GateTest {
 protected:
  // 10 % of 500 bids is 50 long, of 700 asks 70 short.
  ConcentrationTest() { gate.on_depth(kAmzn, now, 500, 700); }
};

TEST_F(ConcentrationTest, LongAgainstTheBids) {
  exposure = {20, 10, 0};
  EXPECT_EQ(ask(buy(19)), Denial::kNone);
  EXPECT_EQ(ask(buy(20)), Denial::kNone);
  EXPECT_EQ(ask(buy(21)), Denial::kConcentration);
  expect_cancel_passes();
}

TEST_F(ConcentrationTest, ShortAgainstTheAsks) {
  exposure = {-20, 0, 10};
  EXPECT_EQ(ask(sell(39)), Denial::kNone);
  EXPECT_EQ(ask(sell(40)), Denial::kNone);
  EXPECT_EQ(ask(sell(41)), Denial::kConcentration);
}

TEST_F(ConcentrationTest, AShareIsNotRoundedUp) {
  gate.on_depth(kAmzn, now, 509, 700);
  gate.on_depth(kAmzn, now, 499, 700);
  EXPECT_EQ(ask(buy(49)), Denial::kNone);
  EXPECT_EQ(ask(buy(50)), Denial::kConcentration);
}

TEST_F(ConcentrationTest, ASpikeDoesNotLiftTheDepth) {
  gate.on_depth(kAmzn, now, 5'000, 5'000);
  EXPECT_EQ(ask(buy(50)), Denial::kNone);
  EXPECT_EQ(ask(buy(51)), Denial::kConcentration);
  pass(seconds(1) - milliseconds(3));  // the window's last moment
  EXPECT_EQ(ask_now(buy(51)), Denial::kConcentration);
  pass(milliseconds(1));
  EXPECT_EQ(ask_now(buy(51)), Denial::kNone);
}

TEST_F(ConcentrationTest, ShrinkingDepthReducesTheInstrumentAndLetsItClose) {
  exposure.position = 50;
  EXPECT_EQ(ask(sell(10)), Denial::kNone);
  EXPECT_EQ(gate.state(kAmzn), TradingState::kActive);
  gate.on_depth(kAmzn, now, 499, 700);
  EXPECT_EQ(ask(buy(1)), Denial::kInstrumentReducing);
  EXPECT_EQ(ask(sell(51)), Denial::kInstrumentReducing) << "through zero";
  EXPECT_EQ(ask(sell(50)), Denial::kNone);
  EXPECT_EQ(gate.state(kAmzn), TradingState::kReducing);
  EXPECT_EQ(gate.state(), TradingState::kActive) << "one instrument, not the account";
  expect_cancel_passes();

  exposure.position = 49;
  EXPECT_EQ(ask(sell(50)), Denial::kNone) << "the cause is gone";
  EXPECT_EQ(gate.state(kAmzn), TradingState::kActive);

  const std::vector<Trip> all = trips();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].breaker, Breaker::kConcentration);
  EXPECT_EQ(all[0].instrument, kAmzn);
  EXPECT_EQ(all[0].value, 50);
  EXPECT_EQ(all[0].limit, 49);
}

TEST_F(ConcentrationTest, AShortShrinksTheSame) {
  exposure.position = -70;
  EXPECT_EQ(ask(buy(1)), Denial::kNone);
  gate.on_depth(kAmzn, now, 500, 699);
  EXPECT_EQ(ask(sell(1)), Denial::kInstrumentReducing);
  EXPECT_EQ(ask(buy(70)), Denial::kNone);
}

TEST_F(ConcentrationTest, WithoutDepthNothingOpensAndAllCloses) {
  const InstrumentId fresh{9};
  ASSERT_TRUE(gate.permit(fresh));
  order::Wish wish = buy(1);
  wish.instrument = fresh;
  EXPECT_EQ(ask(wish), Denial::kConcentration);
  exposure.position = -1;
  EXPECT_EQ(ask(wish), Denial::kNone);
  gate.on_depth(kAmzn, now, 0, 0);
  exposure.position = 0;
  EXPECT_EQ(ask(buy(1)), Denial::kConcentration);
  gate.on_depth(InstrumentId{10}, now, 1, 1);  // not permitted: no slot, no harm
}

TEST(ShareFits, NothingWraps) {
  EXPECT_TRUE(share_fits(kMost, kMost, 1'000'000));
  EXPECT_FALSE(share_fits(static_cast<Int128>(kMost) + 1, kMost, 1'000'000));
  EXPECT_FALSE(share_fits(1, 0, 1'000'000));
  EXPECT_TRUE(share_fits(0, 0, 1));
  EXPECT_TRUE(share_fits(-static_cast<Int128>(kMost) * 2, 0, 1));
}

/// Least value in effect in (now - window, now], from all samples ever.
Qty naive_minimum(const std::vector<std::pair<std::int64_t, Qty>>& samples,
                  std::int64_t now, std::int64_t window) {
  if (samples.empty()) return 0;
  Qty least = samples.back().second;
  for (std::size_t i = 0; i + 1 < samples.size(); ++i) {
    if (now - samples[i + 1].first < window) least = std::min(least, samples[i].second);
  }
  return least;
}

TEST(SlidingMinimum, EqualsTheNaiveOneWhileItHasRoom) {
  std::mt19937_64 random(1);
  for (int run = 0; run < 200; ++run) {
    SlidingMinimum minimum({100});
    std::vector<std::pair<std::int64_t, Qty>> samples;
    std::int64_t now = 0;
    EXPECT_EQ(minimum.minimum({now}), 0);
    for (int i = 0; i < 300; ++i) {
      now += 2 + static_cast<std::int64_t>(random() % 40);
      if (random() % 4 != 0) {
        const auto value = static_cast<Qty>(random() % 50);
        samples.emplace_back(now, value);
        minimum.add(value, {now});
      }
      ASSERT_EQ(minimum.minimum({now}), naive_minimum(samples, now, 100));
    }
  }
}

TEST(SlidingMinimum, CrowdedItIsNeverTooHighAndLateByOneGrainAtMost) {
  constexpr std::int64_t kWindow = 1'000;
  constexpr std::int64_t kGrain = kWindow / 63 + 1;
  std::mt19937_64 random(2);
  SlidingMinimum minimum({kWindow});
  std::vector<std::pair<std::int64_t, Qty>> samples;
  for (std::int64_t now = 0; now < 10'000; ++now) {  // rises: every sample stays
    const Qty value = now * 10 + static_cast<Qty>(random() % 20);
    samples.emplace_back(now, value);
    minimum.add(value, {now});
    const Qty got = minimum.minimum({now});
    ASSERT_LE(got, naive_minimum(samples, now, kWindow));
    ASSERT_GE(got, naive_minimum(samples, now, kWindow + kGrain));
  }
  EXPECT_EQ(minimum.minimum({12'000}), samples.back().second);
}

TEST(SlidingMinimum, TimeThatGoesBackDoesNoHarm) {
  SlidingMinimum minimum({1'000'000});
  for (std::int64_t i = 0; i < 1'000; ++i) minimum.add(i, {(1'000 - i) * 1'000'000});
  EXPECT_LE(minimum.minimum({0}), 999);
}

}  // namespace
}  // namespace pyscalp::risk
