// No setting of any strategy makes the engine exceed a limit of the gate. What it did
// is read from the exchange's own record, by rules written here a second time.
#include <cmath>
#include <deque>
#include <map>
#include <set>

#include "fixture.hpp"

namespace pyscalp::replay {
namespace {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(
                     random_.below(static_cast<std::uint64_t>(high - low + 1)));
  }
  double real(double low, double high) {
    return low + (high - low) * static_cast<double>(between(0, 1'000'000)) / 1e6;
  }
  bool coin() { return between(0, 1) == 1; }

 private:
  Random random_;
};

void any_options(Draw& draw, signal::MeanReversionOptions& options) {
  options.k_sigma = draw.real(0.01, 4);
  options.bars = static_cast<int>(draw.between(2, 60));
  options.bar = milliseconds(draw.between(1, 3'000));
  options.efficiency_max = draw.real(0, 1);
  options.min_trades = draw.between(0, 50);
}

void any_options(Draw& draw, signal::BookImbalanceOptions& options) {
  options.threshold = draw.real(0.01, 1);
  options.levels = static_cast<int>(draw.between(1, 10));
  options.persistence = milliseconds(draw.between(0, 500));
  options.horizon_gain = draw.real(0.1, 1'000);
}

void any_options(Draw& draw, signal::MomentumOptions& options) {
  options.bucket = Price{draw.between(1, 10) * 10'000'000};
  options.window = seconds(draw.between(1, 60));
  options.min_trades = draw.between(1, 10);
  options.width_max_e9 = draw.between(1, 50) * 1'000'000;
  options.consolidation = seconds(draw.between(0, 5));
  options.surge = draw.real(0.1, 3);
  options.history = static_cast<int>(draw.between(1, 20));
  options.gain = draw.real(0.1, 100);
}

void any_options(Draw& draw, signal::IcebergOptions& options) {
  options.detector.threshold = draw.real(0.3, 0.99);
  options.detector.prior = draw.real(0.01, 0.5);
  options.min_reserve = draw.real(0, 200);
  options.gain = draw.real(0.1, 1'000);
}

signal::CombinationOptions any_combination(Draw& draw) {
  signal::CombinationOptions options;
  options.rule =
      draw.coin() ? signal::CombinationRule::kSum : signal::CombinationRule::kStrongest;
  for (double& weight : options.weights) weight = draw.real(0, 1'000);
  for (std::int64_t i = draw.between(0, 3); i > 0; --i) {
    const MonoNanos from = seconds(draw.between(0, 200));
    options.windows.push_back({UnixNanos{kDayOpen.value + from.value},
                               UnixNanos{kDayOpen.value + (from + seconds(30)).value},
                               draw.coin(), signal::usual_weights()});
  }
  for (auto& below : options.over) {
    below = static_cast<std::uint8_t>(draw.between(0, 255));
  }
  return options;
}

order::ScalperOptions any_tactics(Draw& draw) {
  order::ScalperOptions options;
  // Also what no gate would let pass.
  options.order_qty =
      draw.between(1, 10) == 1 ? draw.between(1, 1'000'000) : draw.between(1, 150);
  options.edge_min = Price{draw.between(-20, 2) * 10'000'000};
  options.expectation = {draw.real(0, 1), draw.real(0, 1)};
  options.network = Price{draw.between(-100, 20) * 1'000'000};
  options.sweep = {static_cast<int>(draw.between(0, 10)), draw.between(1, 1'000'000),
                   draw.coin() ? draw.between(0, 100'000) : draw.between(1, 100)};
  options.target = Price{draw.between(1, 20) * 10'000'000};
  options.stop = Price{draw.between(1, 20) * 10'000'000};
  options.slippage_ticks = static_cast<int>(draw.between(0, 1'000));
  options.slip_e6 = draw.between(1, 1'000'000);
  options.passive_wait = milliseconds(draw.between(1, 5'000));
  options.reentry_wait = milliseconds(draw.between(0, 100));
  options.retry_wait = milliseconds(draw.between(1, 100));
  options.deadline = milliseconds(draw.between(1'000, 59'500));
  options.hold_limit =
      milliseconds(draw.between(500, options.deadline.value / 1'000'000 - 100));
  options.exit_after =
      milliseconds(draw.between(1, options.hold_limit.value / 1'000'000 - 1));
  options.style = static_cast<order::Style>(draw.between(0, 2));
  return options;
}

void tighten(Draw& draw, risk::Limits& limits) {
  limits.max_order_qty = draw.between(1, 120);
  limits.max_order_value = {draw.between(500, 20'000) * 1'000'000'000};
  limits.max_position = draw.between(1, 200);
  limits.max_orders_working = draw.between(1, 4);
  limits.rate_limit = draw.between(2, 40);
  limits.rate_share_e6 = draw.between(500'000, 1'000'000);
  limits.depth_share_e6 = draw.between(20'000, 1'000'000);
  limits.max_losing_trades = draw.between(1, 30);
  limits.drawdown_e6 = draw.between(20, 1'000);
  limits.aum = {100'000'000'000'000};
}

/// Follows one account through the exchange's record.
class Monitor {
 public:
  explicit Monitor(const risk::Limits& limits) : limits_(limits) {}

  void on(const exchange::Report& report) {
    using Kind = exchange::ReportKind;
    switch (report.kind) {
      case Kind::kAccepted:
        request(report.time);
        check_order(report);
        if (!report.dead) open_[report.client_ref] = {report.side, report.qty};
        most_working = std::max(most_working, open_.size());
        break;
      case Kind::kRejected:
        request(report.time);
        break;
      case Kind::kExecuted:
        position_ += sign(report.side) * report.qty;
        largest_position = std::max(largest_position, std::abs(position_));
        take(report);
        break;
      case Kind::kCanceled:
      case Kind::kSelfMatch:
        take(report);
        break;
      default:
        break;
    }
  }

  std::size_t orders = 0;
  std::size_t most_working = 0;
  Qty largest_position = 0;

 private:
  struct Open {
    Side side;
    Qty leaves;
  };

  void take(const exchange::Report& report) {
    if (report.leaves == 0) {
      open_.erase(report.client_ref);
    } else if (const auto found = open_.find(report.client_ref); found != open_.end()) {
      found->second.leaves = report.leaves;
    }
  }
  Qty working(Side side) const {
    Qty sum = 0;
    for (const auto& [ref, order] : open_) sum += order.side == side ? order.leaves : 0;
    return sum;
  }
  void check_order(const exchange::Report& report) {
    ++orders;
    EXPECT_LE(report.qty, limits_.max_order_qty);
    const Qty end = position_ + sign(report.side) * (working(report.side) + report.qty);
    const bool reduces = position_ != 0 && sign(report.side) * position_ < 0 &&
                         report.qty + working(report.side) <= std::abs(position_);
    if (reduces) return;
    EXPECT_LE(static_cast<Int128>(report.price.value) * report.qty,
              static_cast<Int128>(limits_.max_order_value.value));
    EXPECT_LE(std::abs(end), limits_.max_position);
    EXPECT_LT(static_cast<std::int64_t>(open_.size()), limits_.max_orders_working);
  }
  /// New orders alone, within what the share leaves them; deadline exits, which may use
  /// the rest, within all that is allowed.
  void request(UnixNanos at) {
    recent_.push_back(at);
    while (recent_.front().value <= at.value - limits_.rate_window.value) {
      recent_.pop_front();
    }
    EXPECT_LE(static_cast<std::int64_t>(recent_.size()), limits_.rate_limit);
  }

  risk::Limits limits_;
  std::map<std::uint32_t, Open> open_;
  std::deque<UnixNanos> recent_;
  Qty position_ = 0;
};

TEST(LimitsProperty, NoSettingExceedsALimit) {
  std::size_t orders = 0;
  std::size_t denied = 0;
  std::size_t traded = 0;
  std::map<std::uint64_t, Day> days;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(seed);
    Draw draw(seed);
    engine::EngineConfig config = trading_config();
    const auto choose = [&](auto& choice) {
      choice.enabled = draw.between(0, 3) != 0;
      any_options(draw, choice.options);
    };
    choose(config.signals.of<signal::MeanReversion>());
    choose(config.signals.of<signal::BookImbalance>());
    choose(config.signals.of<signal::Momentum>());
    choose(config.signals.of<signal::Iceberg>());
    config.signals.combination = any_combination(draw);
    config.shown_levels = 10;
    config.scalper = any_tactics(draw);
    tighten(draw, config.limits);
    ASSERT_TRUE(signal::SignalSet::valid(config.signals));
    ASSERT_TRUE(config.scalper.valid());
    ASSERT_FALSE(config.limits.first_fault());
    ReplayOptions options;
    options.order_latency = MonoNanos{draw.between(0, 2'000'000)};
    options.to = UnixNanos{kDayOpen.value + seconds(220).value};
    Day& day = days[seed % 6];
    if (day.empty()) day = simulated(500 + seed % 6, seconds(300));

    Replay replay(config, day, options);
    while (replay.advance(10'000)) {
    }
    ASSERT_EQ(replay.error(), std::nullopt);
    Monitor monitor(config.limits);
    for (const exchange::Report& report : replay.reports()) monitor.on(report);
    EXPECT_LE(monitor.largest_position, config.limits.max_position);
    EXPECT_LE(static_cast<std::int64_t>(monitor.most_working),
              config.limits.max_orders_working + 1);
    EXPECT_LT(replay.engine().ledger().totals().longest_holding, seconds(60));
    EXPECT_EQ(replay.recorder().orders_in_gap(), 0u);
    orders += monitor.orders;
    traded += monitor.largest_position > 0;
    for (const std::uint64_t count : replay.engine().gate().counts().denied)
      denied += count;
  }
  // The settings did reach for the limits.
  EXPECT_GT(orders, 1'000u);
  EXPECT_GT(denied, 10'000u);
  EXPECT_GT(traded, 40u);
  std::printf("%zu orders, %zu wishes denied, %zu of 120 settings traded\n", orders,
              denied, traded);
}

}  // namespace
}  // namespace pyscalp::replay
