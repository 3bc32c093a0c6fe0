#include "risk/limits.hpp"

#include <cstring>
#include <functional>
#include <limits>
#include <string>

#include "fixture.hpp"

namespace pyscalp::risk {
namespace {

using Lose = std::function<void(Limits&, std::int64_t)>;
struct Field {
  const char* name;
  Lose set;
};

const Field kFields[] = {
    {"aum", [](Limits& l, std::int64_t v) { l.aum.value = v; }},
    {"drawdown", [](Limits& l, std::int64_t v) { l.drawdown_e6 = v; }},
    {"max_order_qty", [](Limits& l, std::int64_t v) { l.max_order_qty = v; }},
    {"max_order_value", [](Limits& l, std::int64_t v) { l.max_order_value.value = v; }},
    {"price_collar", [](Limits& l, std::int64_t v) { l.price_collar_e6 = v; }},
    {"max_position", [](Limits& l, std::int64_t v) { l.max_position = v; }},
    {"max_orders_working", [](Limits& l, std::int64_t v) { l.max_orders_working = v; }},
    {"rate_limit", [](Limits& l, std::int64_t v) { l.rate_limit = v; }},
    {"rate_window", [](Limits& l, std::int64_t v) { l.rate_window.value = v; }},
    {"rate_share", [](Limits& l, std::int64_t v) { l.rate_share_e6 = v; }},
    {"stale_after", [](Limits& l, std::int64_t v) { l.stale_after.value = v; }},
    {"depth_share", [](Limits& l, std::int64_t v) { l.depth_share_e6 = v; }},
    {"depth_levels", [](Limits& l, std::int64_t v) { l.depth_levels = v; }},
    {"depth_window", [](Limits& l, std::int64_t v) { l.depth_window.value = v; }},
    {"max_losing_trades", [](Limits& l, std::int64_t v) { l.max_losing_trades = v; }},
    {"max_rejects", [](Limits& l, std::int64_t v) { l.max_rejects = v; }},
    {"feedback_window", [](Limits& l, std::int64_t v) { l.feedback_window.value = v; }},
    {"duplicate_window",
     [](Limits& l, std::int64_t v) { l.duplicate_window.value = v; }},
    {"deadline_collar_factor",
     [](Limits& l, std::int64_t v) { l.deadline_collar_factor = v; }},
};

class NoLimits : public GateTest {
 protected:
  NoLimits() : GateTest(Limits{}) {}
};

TEST(LimitsTest, CompleteLimitsHaveNoFault) {
  EXPECT_FALSE(some_limits().first_fault().has_value());
}

TEST(LimitsTest, EachMissingLimitIsNamedAndStopsTheGate) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  for (const Field& field : kFields) {
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, kLeast}) {
      Limits limits = some_limits();
      field.set(limits, value);
      const auto fault = limits.first_fault();
      ASSERT_TRUE(fault.has_value()) << field.name << " = " << value;
      EXPECT_EQ(std::string(*fault).rfind(field.name, 0), 0u) << *fault;

      const KillSwitch kill;
      Gate gate(limits, kill, 1);
      gate.permit(kAmzn);
      EXPECT_EQ(gate.check(buy(1), {}, {}, {}, seconds(1)).denial,
                Denial::kLimitsMissing)
          << field.name;
      EXPECT_EQ(gate.state(), TradingState::kHalted) << field.name;
    }
  }
}

TEST(LimitsTest, LimitsThatMakeNoSenseAreRefused) {
  const std::pair<std::size_t, std::int64_t> kEdges[] = {
      {1, 1'000'000},  {4, 1'000'000},        {7, kMaxWindowCount}, {9, 1'000'000},
      {11, 1'000'000}, {14, kMaxWindowCount}, {15, kMaxWindowCount}};
  for (const auto& [field, largest] : kEdges) {
    Limits limits = some_limits();
    kFields[field].set(limits, largest);
    EXPECT_FALSE(limits.first_fault().has_value()) << kFields[field].name;
    kFields[field].set(limits, largest + 1);
    EXPECT_TRUE(limits.first_fault().has_value()) << kFields[field].name;
  }
}

TEST(LimitsTest, AShareOfTheRateBelowOneRequestIsRefused) {
  Limits limits = some_limits();
  limits.rate_limit = 10;
  limits.rate_share_e6 = 99'999;
  ASSERT_TRUE(limits.first_fault().has_value());
  EXPECT_NE(std::strstr(*limits.first_fault(), "rate_share of rate_limit"), nullptr);
  limits.rate_share_e6 = 100'000;
  EXPECT_FALSE(limits.first_fault().has_value());
}

TEST_F(NoLimits, NothingTradesAndNobodyResumesButCancelsPass) {
  EXPECT_EQ(ask(buy(1)), Denial::kLimitsMissing);
  EXPECT_EQ(gate.operator_resume("please", now), Resume::kLimitsMissing);
  gate.on_equity({-1}, now);
  expect_cancel_passes();
  EXPECT_EQ(gate.counts().denied[index(Denial::kLimitsMissing)], 1u);
  EXPECT_EQ(gate.counts().orders, 0u);
}

TEST(NamesTest, EveryValueHasANameOfItsOwn) {
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < kDenials; ++i) {
    seen.emplace_back(name(static_cast<Denial>(i)));
  }
  EXPECT_EQ(seen[index(Denial::kRateLimit)], "rate_limit");
  EXPECT_EQ(seen[index(Denial::kSelfMatch)], "self_match");
  EXPECT_EQ(seen[index(Denial::kPosition)], "position");
  EXPECT_EQ(seen[index(Denial::kGapOpen)], "gap_open");
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
  EXPECT_STREQ(name(static_cast<Denial>(kDenials)), "unknown");
  EXPECT_STREQ(name(Breaker::kDrawdown), "drawdown");
  EXPECT_STREQ(name(Breaker::kResumed), "resumed");
  EXPECT_STREQ(name(TradingState::kReducing), "REDUCING");
  EXPECT_STREQ(name(Resume::kDrawdownStands), "drawdown_stands");
}

}  // namespace
}  // namespace pyscalp::risk
