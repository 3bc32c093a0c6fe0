#include "exchange/stock_agents.hpp"

namespace pyscalp::exchange {
namespace {

constexpr std::int64_t kMicro = 1'000;
constexpr std::int64_t kMilli = 1'000'000;
constexpr int kRepricePicks = 2;       ///< the youngest of so many is repriced
constexpr std::size_t kFadeReach = 5;  ///< one of so many of the best fades
constexpr int kFirstQuotes = 9;

Side side_of(bool buy) { return buy ? Side::kBuy : Side::kSell; }

}  // namespace

StockAgents::StockAgents(const StockParameters& parameters,
                         const Instrument& instrument, std::uint32_t number,
                         std::uint64_t seed)
    : parameters_(parameters),
      instrument_(instrument.id),
      tick_(instrument.tick.value),
      number_(number),
      random_(seed),
      value_(parameters.value, parameters.pressure, parameters.opening),
      waved_at_(parameters.opening) {}

void StockAgents::begin(Market& market, Agenda& agenda, std::int64_t time) {
  const Now now{market, agenda, time};
  const ProviderParameters& provider = parameters_.provider;
  const std::int64_t deep = provider.deep_life.value / (2 * provider.deep_wait.value);
  for (const Side side : {Side::kBuy, Side::kSell}) {
    for (std::int64_t i = 0; i < deep; ++i) quote_deep(now, side);
    for (int i = 0; i < kFirstQuotes; ++i) quote(now, side, life());
  }
  later(now, parameters_.value.step.value, Deed::kValueStep);
  later(now, wait(provider.wait), Deed::kQuote);
  later(now, wait(provider.deep_wait), Deed::kDeepQuote);
  later(now, wait(parameters_.noise.wait), Deed::kNoise);
  later(now, wait(parameters_.burst.wait), Deed::kBurst);
  later(now, wait(parameters_.pressure.wait), Deed::kPressure);
  later(now, wait(parameters_.dark.hidden_wait), Deed::kHidden);
  later(now, wait(parameters_.dark.iceberg_wait), Deed::kIceberg);
}

void StockAgents::keep(const Appointment& due, Market& market, Agenda& agenda) {
  const Now now{market, agenda, due.time};
  switch (due.deed) {
    case Deed::kValueStep:
      return value_step(now);
    case Deed::kQuote: {
      later(now, wait(parameters_.provider.wait), Deed::kQuote);
      // One draw a statement: the order of arguments is each compiler's own.
      const std::int64_t lasts = life();
      return quote(now, leaning_side(), lasts);
    }
    case Deed::kDeepQuote:
      later(now, wait(parameters_.provider.deep_wait), Deed::kDeepQuote);
      return quote_deep(now, side_of(random_.chance(0.5)));
    case Deed::kAnswer:
      return quote(now, due.side, life());
    case Deed::kLifeEnds:
      return life_ends(now, due.name);
    case Deed::kReprice:
      return reprice(now, due.side);
    case Deed::kReview:
      return review(now, due.side);
    case Deed::kNoise:
      return start_noise(now);
    case Deed::kBurst:
      return start_burst(now);
    case Deed::kBurstDrifts:
      return start_drift(now, due.side);
    case Deed::kPressure:
      return start_pressure(now);
    case Deed::kProgrammeStep:
      return programme_step(now, due.name.slot);
    case Deed::kHidden:
      return place_hidden(now);
    case Deed::kIceberg:
      return place_iceberg(now);
    case Deed::kOpen:
    case Deed::kClose:
      return;
  }
}

void StockAgents::value_step(const Now& now) {
  const ProviderParameters& provider = parameters_.provider;
  value_.step(random_);
  if (now.time >= lean_until_) lean_ = 0;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    const Price best = touch(now, side);
    orders_.drop_taken(side, best);
    bool& due = review_due_[static_cast<std::size_t>(index(side))];
    if (!due && !orders_.empty(side) &&
        edge(side, orders_.find(orders_.best(side))->price) <
            provider.stale_edge.value) {
      due = true;
      later(now, random_.over_octaves(500 * kMicro, 8), Deed::kReview, side);
    }
    if ((best == kNoPrice || edge(side, best) > provider.wide_edge.value) &&
        random_.chance(provider.fill_gap * value_.activity())) {
      later(now, random_.over_octaves(kMilli, 6), Deed::kAnswer, side);
    }
  }
  if (lean_ != 0) lean_once(now);
  const std::int64_t moved = value_.now().value - waved_at_.value;
  if (std::abs(moved) > provider.wave_move.value) start_wave(now);
  review_hidden(now);
  later(now, parameters_.value.step.value, Deed::kValueStep);
}

void StockAgents::lean_once(const Now& now) {
  const double fade = parameters_.burst.fade;
  const Side thick = side_of(lean_ > 0);
  const Side thin = opposite(thick);
  if (random_.chance(fade) && orders_.count(thin) > 1) {
    const std::size_t reach = std::min(orders_.count(thin), kFadeReach);
    const OrderName name = orders_.nth(thin, random_.below(reach));
    if (!orders_.find(name)->deep) withdraw(now, name);
  }
  if (!random_.chance(fade)) return;
  NewOrder order;
  order.side = thick;
  order.price = quote_price(now, thick);
  order.qty = quote_qty() + 100;
  const OrderName name = place(now, some_provider(), order);
  later(now, wait(parameters_.burst.drift), Deed::kLifeEnds, thick, name);
}

void StockAgents::quote(const Now& now, Side side, std::int64_t life) {
  NewOrder order;
  order.side = side;
  order.price = quote_price(now, side);
  order.qty = quote_qty();
  const OrderName name = place(now, some_provider(), order);
  later(now, life, Deed::kLifeEnds, side, name);
}

void StockAgents::quote_deep(const Now& now, Side side) {
  const ProviderParameters& provider = parameters_.provider;
  const std::int64_t distance =
      random_.between(provider.deep_from.value, provider.deep_edge.value);
  NewOrder order;
  order.side = side;
  order.price =
      inside(now, side, on_tick(value_.now().value - sign(side) * distance, side));
  order.qty = quote_qty();
  const OrderName name = place(now, some_provider(), order, true);
  later(now, wait(provider.deep_life), Deed::kLifeEnds, side, name);
}

Price StockAgents::quote_price(const Now& now, Side side) {
  const ProviderParameters& provider = parameters_.provider;
  if (random_.chance(provider.join)) {
    const Price best = touch(now, side);
    if (best != kNoPrice && edge(side, best) >= provider.stale_edge.value) return best;
  }
  const auto error = static_cast<std::int64_t>(
      random_.normal() * static_cast<double>(provider.error.value));
  const double caution = 1 + provider.caution * (value_.activity() - 1);
  const auto distance = static_cast<std::int64_t>(
      static_cast<double>(provider.edge.value + spread_of(provider.edge_spread)) *
      caution);
  const std::int64_t seen = value_.now().value + error;
  return inside(now, side, on_tick(seen - sign(side) * distance, side));
}

void StockAgents::review(const Now& now, Side side) {
  const ProviderParameters& provider = parameters_.provider;
  review_due_[static_cast<std::size_t>(index(side))] = false;
  orders_.drop_taken(side, touch(now, side));
  while (!orders_.empty(side)) {
    const OrderName name = orders_.best(side);
    if (edge(side, orders_.find(name)->price) >= provider.stale_edge.value) return;
    withdraw(now, name);
    if (random_.chance(provider.requote)) {
      later(now, random_.over_octaves(100 * kMicro, 9), Deed::kAnswer, side);
    }
  }
}

void StockAgents::life_ends(const Now& now, OrderName name) {
  const AgentOrder* order = orders_.find(name);
  if (order == nullptr) return;
  const ProviderParameters& provider = parameters_.provider;
  const Side side = order->side;
  if (order->deep || role_of(*order) >= kNoise) return withdraw(now, name);
  if (order->qty > 1 && random_.chance(provider.cut)) {
    const Qty kept = order->qty / 2;
    now.market.cancel(order->account, order->client_ref, kept, {now.time});
    orders_.set_qty(name, kept);
    return later(now, life(), Deed::kLifeEnds, side, name);
  }
  withdraw(now, name);
  if (!random_.chance(provider.requote)) return;
  const bool leans = lean_ != 0 && random_.chance(lean_ > 0 ? lean_ : -lean_);
  quote(now, leans ? side_of(lean_ > 0) : side, life());
}

void StockAgents::answer_trade(const Now& now, Side hit) {
  const std::int64_t answers =
      random_.geometric(1 / (1 + parameters_.provider.answers), 16);
  for (std::int64_t i = 0; i < answers; ++i) {
    later(now, random_.over_octaves(250 * kMicro, 11), Deed::kAnswer, hit);
  }
}

void StockAgents::start_wave(const Now& now) {
  waved_at_ = value_.now();
  const std::int64_t orders =
      random_.geometric(1 / (1 + parameters_.provider.wave_orders), 200);
  for (std::int64_t i = 0; i < orders; ++i) {
    const Side side = side_of(random_.chance(0.5));
    later(now, random_.over_octaves(kMilli, 11), Deed::kReprice, side);
  }
}

void StockAgents::reprice(const Now& now, Side side) {
  if (random_.chance(parameters_.provider.wave_flicker)) {
    return quote(now, side, fleeting_life());
  }
  const std::size_t reach = std::min(
      orders_.count(side), static_cast<std::size_t>(parameters_.provider.wave_reach));
  if (reach > 0) {
    OrderName name = orders_.nth(side, random_.below(reach));
    for (int i = 1; i < kRepricePicks; ++i) {
      const OrderName other = orders_.nth(side, random_.below(reach));
      if (orders_.find(other)->born > orders_.find(name)->born) name = other;
    }
    const AgentOrder& order = *orders_.find(name);
    if (order.deep || role_of(order) >= kNoise) return;
    withdraw(now, name);
  }
  quote(now, side, life());
}

AccountId StockAgents::role_of(const AgentOrder& order) const {
  return order.account - kFirstAccount - number_ * kAccountsPerStock;
}

AccountId StockAgents::some_provider() {
  return static_cast<AccountId>(
      random_.below(static_cast<std::uint64_t>(parameters_.provider.providers)));
}

Side StockAgents::leaning_side() { return side_of(random_.chance(0.5 + 0.5 * lean_)); }

std::int64_t StockAgents::life() {
  const ProviderParameters& provider = parameters_.provider;
  if (random_.chance(provider.fleeting)) return fleeting_life();
  return wait(provider.life[random_.discrete(provider.life_weights)]);
}

std::int64_t StockAgents::fleeting_life() {
  const ProviderParameters& provider = parameters_.provider;
  return random_.over_octaves(provider.fleeting_first_ns, provider.fleeting_octaves);
}

Qty StockAgents::quote_qty() {
  // Round lots, odd lots, and now and then a block.
  static constexpr std::array<std::uint32_t, 6> kWeights{560, 310, 60, 60, 9, 1};
  switch (random_.discrete(kWeights)) {
    case 0:
      return 100;
    case 1:
      return random_.between(1, 24);
    case 2:
      return random_.between(25, 99);
    case 3:
      return 100 * random_.between(2, 3);
    case 4:
      return 100 * random_.between(4, 9);
    default:
      return 100 * random_.between(10, 40);
  }
}

// ---- Plumbing ----

OrderName StockAgents::place(const Now& now, AccountId role, NewOrder wanted,
                             bool deep) {
  wanted.account = kFirstAccount + number_ * kAccountsPerStock + role;
  wanted.client_ref = ++next_client_ref_[role];
  wanted.instrument = instrument_;
  wanted.qty *= parameters_.lot;
  wanted.display_qty *= parameters_.lot;
  now.market.enter(wanted, {now.time});
  AgentOrder order;
  order.account = wanted.account;
  order.client_ref = wanted.client_ref;
  order.side = wanted.side;
  order.price = wanted.price;
  order.qty = wanted.qty;
  order.hidden = wanted.hidden;
  order.deep = deep;
  order.born = now.time;
  return orders_.add(order);
}

void StockAgents::withdraw(const Now& now, OrderName name) {
  const AgentOrder order = *orders_.find(name);
  // Somebody always stands behind: no side of the book is left empty by a withdrawal.
  if (!order.hidden && orders_.count(order.side) == 1) quote_deep(now, order.side);
  orders_.remove(name);
  now.market.cancel(order.account, order.client_ref, 0, {now.time});
}

void StockAgents::later(const Now& now, std::int64_t wait, Deed deed, Side side,
                        OrderName name) {
  Appointment appointment;
  appointment.time = now.time + wait;
  appointment.stock = number_;
  appointment.deed = deed;
  appointment.side = side;
  appointment.name = name;
  now.agenda.enter(appointment);
}

std::int64_t StockAgents::wait(MonoNanos mean) {
  const double busy = static_cast<double>(mean.value) / value_.activity();
  return 1 + static_cast<std::int64_t>(random_.exponential() * busy);
}

std::int64_t StockAgents::spread_of(Price mean) {
  return static_cast<std::int64_t>(random_.exponential() *
                                   static_cast<double>(mean.value));
}

Price StockAgents::on_tick(std::int64_t price, Side side) const {
  const std::int64_t down = price / tick_;
  const std::int64_t ticks = side == Side::kBuy || price % tick_ == 0 ? down : down + 1;
  return {std::max<std::int64_t>(1, ticks) * tick_};
}

Price StockAgents::touch(const Now& now, Side side) const {
  return now.market.best(instrument_, side).price;
}

Price StockAgents::inside(const Now& now, Side side, Price price) const {
  const Price other = touch(now, opposite(side));
  if (other == kNoPrice) return price;
  const std::int64_t limit = other.value - sign(side) * tick_;
  if (side == Side::kSell) return {std::max(price.value, limit)};
  return {std::max(tick_, std::min(price.value, limit))};
}

std::int64_t StockAgents::edge(Side side, Price price) const {
  return sign(side) * (value_.now().value - price.value);
}

}  // namespace pyscalp::exchange
