#include "exchange/agents.hpp"

#include <stdexcept>

namespace pyscalp::exchange {
namespace {

constexpr std::size_t kStocksMax = 1000;

void demand(bool holds, const StockParameters& stock, const char* what) {
  if (!holds) throw std::invalid_argument("agents of " + stock.symbol + ": " + what);
}

bool probability(double p) { return p >= 0 && p <= 1; }

void check_providers(const StockParameters& stock) {
  const ProviderParameters& provider = stock.provider;
  demand(provider.providers >= 1 && provider.providers <= 32, stock,
         "providers must be 1 to 32");
  demand(provider.edge.value > 0 && provider.edge_spread.value >= 0 &&
             provider.deep_from.value > 0 && provider.deep_edge >= provider.deep_from,
         stock, "edges must be positive, deep_edge not below deep_from");
  demand(probability(provider.join) && probability(provider.fill_gap) &&
             probability(provider.fleeting) && probability(provider.wave_flicker) &&
             probability(provider.cut),
         stock, "shares of provider must be 0 to 1");
  demand(provider.requote >= 0 && provider.requote < 1, stock,
         "provider.requote must be at least 0 and below 1");
  demand(provider.answers >= 0 && provider.wave_orders >= 0 &&
             provider.wave_move.value > 0 && provider.wave_reach >= 1,
         stock, "provider.answers and waves of repricing must be positive");
  demand(provider.caution >= 0 && provider.caution <= 1, stock,
         "provider.caution must be 0 to 1");
  demand(provider.fleeting_first_ns > 0 && provider.fleeting_octaves >= 1 &&
             provider.fleeting_octaves <= 40,
         stock, "fleeting lives must be positive, octaves 1 to 40");
  for (const MonoNanos life : provider.life) {
    demand(life.value > 0, stock, "provider.life must be positive");
  }
}

void check(const StockParameters& stock, Qty qty_max) {
  demand(stock.opening.value > 0 && stock.tick.value > 0 && stock.lot > 0, stock,
         "opening price, tick and lot must be positive");
  demand(stock.value.step.value > 0 && stock.value.activity_holds.value > 0 &&
             stock.value.volatility.value >= 0,
         stock, "value.step and value.activity_holds must be positive");
  for (const double activity : stock.value.activity) {
    demand(activity > 0 && activity < 1000, stock, "value.activity out of range");
  }
  const MonoNanos waits[] = {
      stock.burst.wait,         stock.burst.lead,         stock.burst.drift,
      stock.pressure.wait,      stock.pressure.pace,      stock.pressure.decay,
      stock.noise.wait,         stock.noise.patience,     stock.provider.wait,
      stock.provider.deep_wait, stock.provider.deep_life, stock.dark.hidden_wait,
      stock.dark.hidden_life,   stock.dark.iceberg_wait,  stock.dark.iceberg_life,
  };
  for (const MonoNanos wait : waits) {
    demand(wait.value > 0, stock, "waits, lives and paces must be positive");
  }
  demand(stock.burst.orders >= 1 && stock.pressure.orders >= 1, stock,
         "burst.orders and pressure.orders must be at least 1");
  demand(probability(stock.burst.lean) && probability(stock.burst.fade), stock,
         "burst.lean and burst.fade must be 0 to 1");
  demand(stock.noise.hurried_next >= 0 && stock.noise.hurried_next < 1 &&
             stock.noise.patient_next >= 0 && stock.noise.patient_next < 1 &&
             probability(stock.noise.patient_share),
         stock, "noise: probabilities of one more order must be below 1");
  demand(stock.noise.spread.value > 0 && stock.noise.spread_more.value >= 0, stock,
         "noise.spread must be positive");
  demand(stock.noise.through_ticks >= 0, stock,
         "noise.through_ticks must not be negative");
  demand(
      stock.dark.iceberg_display > 0 && stock.dark.iceberg_slices >= 3 &&
          stock.dark.iceberg_display * stock.dark.iceberg_slices * stock.lot <= qty_max,
      stock,
      "icebergs must have 3 slices or more, and be no larger than an order may be");
  check_providers(stock);
}

const StockParameters& stock_of(const AgentParameters& parameters,
                                const Instrument& instrument) {
  for (const StockParameters& stock : parameters.stocks) {
    if (stock.symbol == instrument.symbol) return stock;
  }
  throw std::invalid_argument("agents: no parameters for " + instrument.symbol);
}

}  // namespace

Agents::Agents(const AgentParameters& parameters, std::uint64_t seed,
               const std::vector<Instrument>& instruments)
    : close_(parameters.close) {
  if (instruments.size() > kStocksMax) {
    throw std::invalid_argument("agents: more than 1,000 instruments");
  }
  if (parameters.close <= parameters.open) {
    throw std::invalid_argument("agents: the day must close after it opens");
  }
  SplitMix64 seeds(seed);
  for (const Instrument& instrument : instruments) {
    const StockParameters& stock = stock_of(parameters, instrument);
    check(stock, instrument.qty_max);
    stocks_.emplace_back(stock, instrument, static_cast<std::uint32_t>(stocks_.size()),
                         seeds.next());
  }
  Appointment open;
  open.time = parameters.open.value;
  open.deed = Deed::kOpen;
  agenda_.enter(open);
  Appointment close;
  close.time = parameters.close.value;
  close.deed = Deed::kClose;
  agenda_.enter(close);
}

std::optional<UnixNanos> Agents::next_time() const {
  if (agenda_.empty()) return std::nullopt;
  return UnixNanos{agenda_.next().time};
}

void Agents::step(Market& market) {
  if (agenda_.empty()) return;
  const Appointment due = agenda_.take();
  if (due.deed == Deed::kOpen) {
    market.open({due.time});
    for (StockAgents& stock : stocks_) stock.begin(market, agenda_, due.time);
  } else if (due.deed == Deed::kClose) {
    market.close({due.time});
    agenda_.clear();
  } else {
    stocks_[due.stock].keep(due, market, agenda_);
  }
}

std::vector<Instrument> Agents::instruments(const AgentParameters& parameters) {
  std::vector<Instrument> instruments;
  for (const StockParameters& stock : parameters.stocks) {
    const auto id = static_cast<InstrumentId>(instruments.size() + 1);
    instruments.push_back({id, stock.symbol, stock.tick});
  }
  return instruments;
}

AccountId Agents::highest_account(std::size_t instruments) {
  return StockAgents::kFirstAccount +
         static_cast<AccountId>(instruments) * StockAgents::kAccountsPerStock;
}

std::vector<std::byte> simulate_day(const AgentParameters& parameters,
                                    std::uint64_t seed, MonoNanos duration) {
  const std::vector<Instrument> instruments = Agents::instruments(parameters);
  // Numbers from 1, as on a recording: a replay gives its own from 2^40.
  Market market(instruments, FeeSchedule{}, {.first_number = 1});
  Agents agents(parameters, seed, instruments);
  const std::int64_t end = parameters.open.value + duration.value;
  std::vector<std::byte> file;
  while (const std::optional<UnixNanos> next = agents.next_time()) {
    if (next->value > end) break;
    agents.step(market);
    file.insert(file.end(), market.feed().begin(), market.feed().end());
    market.clear_outputs();
  }
  return file;
}

}  // namespace pyscalp::exchange
