// The agents who take, and those who hide.
#include "exchange/stock_agents.hpp"

namespace pyscalp::exchange {
namespace {

constexpr std::int64_t kMicro = 1'000;
constexpr std::int64_t kLook = 50'000'000;  ///< shortest time between looks at a spread

}  // namespace

void StockAgents::start_noise(const Now& now) {
  const NoiseParameters& noise = parameters_.noise;
  later(now, wait(noise.wait), Deed::kNoise);
  const bool patient = random_.chance(noise.patient_share);
  Programme programme;
  programme.role = kNoise;
  programme.side = random_.chance(0.5) ? Side::kBuy : Side::kSell;
  const double next = patient ? noise.patient_next : noise.hurried_next;
  programme.left = 1 + random_.geometric(1 - next, 200);
  programme.patient = patient;
  programme.widest = widest_spread();
  programme.hurry_at = now.time + noise.patience.value;
  programme_step(now, start_programme(programme));
}

void StockAgents::start_burst(const Now& now) {
  const BurstParameters& burst = parameters_.burst;
  later(now, wait(burst.wait), Deed::kBurst);
  if (now.time < lean_until_) return;
  const Side side = random_.chance(0.5) ? Side::kBuy : Side::kSell;
  const double mean = static_cast<double>(burst.move.value) * value_.activity();
  burst_move_ = sign(side) * static_cast<std::int64_t>(random_.uniform() * 2 * mean);
  lean_ = sign(side) * burst.lean;
  // The drift's length is drawn when it begins; the lean holds until it ends.
  lean_until_ = now.time + burst.lead.value + 4 * burst.drift.value;
  later(now, burst.lead.value, Deed::kBurstDrifts, side);
}

void StockAgents::start_drift(const Now& now, Side side) {
  const BurstParameters& burst = parameters_.burst;
  const std::int64_t length = random_.between(burst.drift.value, 4 * burst.drift.value);
  lean_until_ = now.time + length;
  Programme programme;
  programme.role = kInformed;
  programme.side = side;
  programme.left = 1 + random_.geometric(1 / burst.orders, 200);
  programme.pace = 1 + 2 * length / programme.left;
  programme.worth = value_.now().value + burst_move_;
  value_.drift({burst_move_}, length / parameters_.value.step.value);
  programme_step(now, start_programme(programme));
}

void StockAgents::start_pressure(const Now& now) {
  const PressureParameters& pressure = parameters_.pressure;
  later(now, wait(pressure.wait), Deed::kPressure);
  Programme programme;
  programme.role = kPressed;
  programme.side = random_.chance(0.5) ? Side::kBuy : Side::kSell;
  programme.left = 1 + random_.geometric(1 / pressure.orders, 200);
  programme.pace = pressure.pace.value;
  programme.widest = widest_spread();
  programme.hurry_at = now.time + parameters_.noise.patience.value;
  programme_step(now, start_programme(programme));
}

std::uint32_t StockAgents::start_programme(const Programme& programme) {
  std::size_t at = 0;
  while (at < programmes_.size() && programmes_[at].left > 0) ++at;
  if (at == programmes_.size()) programmes_.emplace_back();
  programmes_[at] = programme;
  return static_cast<std::uint32_t>(at);
}

void StockAgents::programme_step(const Now& now, std::uint32_t number) {
  Programme& programme = programmes_[number];
  if (bides(now, programme)) {
    return later(now, random_.over_octaves(kLook, 4), Deed::kProgrammeStep,
                 programme.side, {number, 0});
  }
  take(now, programme);
  if (--programme.left == 0) return;
  std::int64_t gap;
  if (programme.role == kNoise) {
    gap = programme.patient ? random_.over_octaves(500 * kMicro, 12)
                            : random_.over_octaves(125 * kMicro, 9);
  } else if (random_.chance(0.65)) {
    gap = random_.over_octaves(125 * kMicro, 9);
  } else {
    gap = random_.between(1, programme.pace);
  }
  later(now, gap, Deed::kProgrammeStep, programme.side, {number, 0});
}

void StockAgents::take(const Now& now, const Programme& programme) {
  const Side side = programme.side;
  const Side hit = opposite(side);
  const Price best = touch(now, hit);
  if (best == kNoPrice) return;
  const NoiseParameters& noise = parameters_.noise;
  if (programme.role == kInformed && sign(side) * (programme.worth - best.value) < 0) {
    return;
  }
  NewOrder order;
  order.account = kFirstAccount + number_ * kAccountsPerStock + programme.role;
  order.client_ref = ++next_client_ref_[programme.role];
  order.instrument = instrument_;
  order.side = side;
  order.qty = take_qty() * parameters_.lot;
  const std::int64_t through = random_.between(0, noise.through_ticks) * tick_;
  order.price = {std::max(tick_, best.value + sign(side) * through)};
  order.time_in_force = TimeInForce::kIoc;
  now.market.enter(order, {now.time});
  if (programme.role == kPressed) {
    value_.push({sign(side) * parameters_.pressure.push.value});
  } else if (programme.role == kNoise) {
    value_.shift({sign(side) * noise.impact.value});
  }
  answer_trade(now, hit);
}

bool StockAgents::bides(const Now& now, Programme& programme) const {
  if (programme.role == kInformed || now.time >= programme.hurry_at) return false;
  const std::int64_t spread =
      touch(now, Side::kSell).value - touch(now, Side::kBuy).value;
  if (spread > programme.widest) return true;
  programme.hurry_at = 0;  // it has begun: from here on it keeps its pace
  return false;
}

std::int64_t StockAgents::widest_spread() {
  return parameters_.noise.spread.value + spread_of(parameters_.noise.spread_more);
}

Qty StockAgents::take_qty() {
  static constexpr std::array<std::uint32_t, 6> kWeights{490, 200, 90, 150, 58, 12};
  switch (random_.discrete(kWeights)) {
    case 0:
      return 100;
    case 1:
      return random_.between(1, 30);
    case 2:
      return random_.between(31, 99);
    case 3:
      return 100 * random_.between(2, 3);
    case 4:
      return 100 * random_.between(4, 6);
    default:
      return 100 * random_.between(10, 20);
  }
}

void StockAgents::place_hidden(const Now& now) {
  const DarkParameters& dark = parameters_.dark;
  later(now, wait(dark.hidden_wait), Deed::kHidden);
  const Side side = leaning_side();
  const std::int64_t distance =
      dark.hidden_edge.value + spread_of(dark.hidden_edge_spread);
  NewOrder order;
  order.side = side;
  order.price =
      inside(now, side, on_tick(value_.now().value - sign(side) * distance, side));
  order.qty = quote_qty();
  order.hidden = true;
  const OrderName name = place(now, kHider, order);
  later(now, wait(dark.hidden_life), Deed::kLifeEnds, side, name);
}

void StockAgents::review_hidden(const Now& now) {
  for (const Side side : {Side::kBuy, Side::kSell}) {
    while (!orders_.empty(side, true)) {
      const OrderName name = orders_.best(side, true);
      if (edge(side, orders_.find(name)->price) >= 0) break;
      withdraw(now, name);
    }
  }
}

void StockAgents::place_iceberg(const Now& now) {
  const DarkParameters& dark = parameters_.dark;
  later(now, wait(dark.iceberg_wait), Deed::kIceberg);
  const Side side = leaning_side();
  const Price best = touch(now, side);
  if (best == kNoPrice || edge(side, best) < parameters_.provider.stale_edge.value) {
    return;
  }
  NewOrder order;
  order.side = side;
  // In front of the touch where there is room, so that it works at once.
  order.price = inside(now, side, {best.value + sign(side) * tick_});
  order.qty = dark.iceberg_display * random_.between(3, dark.iceberg_slices);
  order.display_qty = dark.iceberg_display;
  const OrderName name = place(now, kIceberger, order);
  later(now, wait(dark.iceberg_life), Deed::kLifeEnds, side, name);
}

}  // namespace pyscalp::exchange
