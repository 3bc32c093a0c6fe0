// From the dictionaries that pyscalp.config makes to the structs of the rooms.
#include <algorithm>
#include <map>

#include "bindings/bindings.hpp"
#include "bindings/section.hpp"
#include "signal/rounding.hpp"

namespace pyscalp::bindings {

namespace {

signal::SignalId signal_of(const std::string& name) {
  for (std::size_t i = 1; i < signal::kSignalIds; ++i) {
    const auto id = static_cast<signal::SignalId>(i);
    if (name == signal::name(id)) return id;
  }
  throw py::value_error("configuration: " + name + " is not the name of a signal");
}

signal::Weights weights_of(const Section& section) {
  signal::Weights weights = signal::usual_weights();
  for (const auto& [name, weight] :
       section.get<std::map<std::string, double>>("weights")) {
    weights[static_cast<std::size_t>(signal_of(name))] = weight;
  }
  return weights;
}

void read_combination(const Section& section, signal::CombinationOptions& options) {
  const auto rule = section.get<std::string>("rule");
  if (rule != "strongest" && rule != "sum") {
    throw py::value_error("configuration: combination.rule is none of strongest, sum");
  }
  options.rule = rule == "sum" ? signal::CombinationRule::kSum
                               : signal::CombinationRule::kStrongest;
  options.weights = weights_of(section);
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  for (const auto& [above, below] : section.get<Pairs>("over")) {
    options.over[static_cast<std::size_t>(signal_of(above))] |=
        static_cast<std::uint8_t>(1u << static_cast<unsigned>(signal_of(below)));
  }
  for (const py::handle& item : section.get<py::list>("windows")) {
    const Section window("combination.windows", py::cast<py::dict>(item));
    options.windows.push_back({window.amount<UnixNanos>("from"),
                               window.amount<UnixNanos>("to"),
                               window.get<bool>("entries"), weights_of(window)});
  }
}

order::Style style_of(const std::string& name) {
  if (name == "choose") return order::Style::kChoose;
  if (name == "maker") return order::Style::kMaker;
  if (name == "taker") return order::Style::kTaker;
  throw py::value_error("configuration: tactics.style is none of choose, maker, taker");
}

/// The value that stands beside `name`; `key` is for whoever reads the complaint.
template <class T, std::size_t N>
T one_of(const char* key, const std::string& name,
         const std::pair<const char*, T> (&choices)[N]) {
  std::string known;
  for (const auto& [choice, value] : choices) {
    if (name == choice) return value;
    known += std::string(known.empty() ? "" : ", ") + choice;
  }
  throw py::value_error("configuration: " + std::string(key) + " is none of " + known);
}

void read_bands(const Section& from, signal::MeanReversionOptions& options) {
  using Band = bool signal::MeanReversionOptions::*;
  constexpr std::pair<const char*, Band> kBands[] = {
      {"session_vwap", &signal::MeanReversionOptions::use_vwap},
      {"rolling_vwap", &signal::MeanReversionOptions::use_rolling_vwap},
      {"bollinger", &signal::MeanReversionOptions::use_bollinger}};
  for (const auto& [name, band] : kBands) options.*band = false;
  for (const auto& name : from.get<std::vector<std::string>>("bands"))
    options.*one_of("mean_reversion.bands", name, kBands) = true;
}

void read(const Section& from, signal::MeanReversionOptions& options) {
  read_bands(from, options);
  options.vwap_window = from.amount<MonoNanos>("vwap_window");
  options.regime =
      one_of<signal::Regime>("mean_reversion.regime", from.get<std::string>("regime"),
                             {{"efficiency", signal::Regime::kEfficiency},
                              {"variance_ratio", signal::Regime::kVarianceRatio},
                              {"both", signal::Regime::kBoth}});
  options.variance_step = from.get<int>("variance_step");
  options.variance_ratio_max = from.get<double>("variance_ratio_max");
  options.k_sigma = from.get<double>("k_sigma");
  options.bars = from.get<int>("bars");
  options.bar = from.amount<MonoNanos>("bar");
  options.efficiency_max = from.get<double>("efficiency_max");
  options.min_trades = from.get<std::int64_t>("min_trades");
}

void read(const Section& from, signal::BookImbalanceOptions& options) {
  options.measure = one_of<signal::ImbalanceMeasure>(
      "book_imbalance.measure", from.get<std::string>("measure"),
      {{"touch", signal::ImbalanceMeasure::kTouch},
       {"depth", signal::ImbalanceMeasure::kDepth},
       {"weighted", signal::ImbalanceMeasure::kWeighted},
       {"order_flow", signal::ImbalanceMeasure::kOrderFlow}});
  options.window = from.amount<MonoNanos>("window");
  options.flow_scale = one_of<signal::FlowScale>(
      "book_imbalance.flow_scale", from.get<std::string>("flow_scale"),
      {{"flow", signal::FlowScale::kFlow}, {"depth", signal::FlowScale::kDepth}});
  options.threshold = from.get<double>("threshold");
  options.levels = from.get<int>("levels");
  options.persistence = from.amount<MonoNanos>("persistence");
  options.horizon_gain = from.get<double>("horizon_gain");
}

signal::RelativeVolume::DayCurve day_curve(const std::vector<double>& weights) {
  auto curve = signal::RelativeVolume::flat();
  if (weights.empty()) return curve;
  if (weights.size() != curve.size()) {
    throw py::value_error("configuration: momentum.day_curve needs 48 weights or none");
  }
  std::ranges::transform(weights, curve.begin(), [](double weight) {
    return signal::rounded(weight * signal::RelativeVolume::kEven).value;
  });
  return curve;
}

void read(const Section& from, signal::MomentumOptions& options) {
  options.bucket = from.amount<Price>("bucket");
  options.window = from.amount<MonoNanos>("window");
  options.min_trades = from.get<std::int64_t>("min_trades");
  options.value_share_e9 = from.get<std::int64_t>("value_share");
  options.width_max_e9 = from.get<std::int64_t>("width_max");
  options.consolidation = from.amount<MonoNanos>("consolidation");
  options.surge = from.get<double>("surge");
  options.surge_window = from.amount<MonoNanos>("surge_window");
  options.history = from.get<int>("history");
  options.day_curve = day_curve(from.get<std::vector<double>>("day_curve"));
  options.gain = from.get<double>("gain");
  options.hold = from.amount<MonoNanos>("hold");
  options.failure = from.amount<MonoNanos>("failure");
  options.confirm_imbalance = from.get<double>("confirm_imbalance");
}

/// A signal whose plugin pyscalp.signals has loaded; tried out here, as what it refuses
/// is better heard now than from the engine.
void read_user_signal(const Section& signals, engine::TradingConfig& config) {
  const Section section = signals.section("user");
  auto& choice = config.signals.of<signal::UserSignal>();
  choice.enabled = section.get<bool>("enabled");
  if (!choice.enabled) return;
  const auto parameters = section.get<std::vector<double>>("parameters");
  signal::UserSignalOptions& options = choice.options;
  options.plugin =
      reinterpret_cast<const pyscalp_signal*>(section.get<std::uintptr_t>("plugin"));
  options.parameter_count = parameters.size();
  std::copy_n(parameters.begin(),
              std::min(parameters.size(), options.parameters.size()),
              options.parameters.begin());
  if (const char* fault = signal::UserSignal::fault(options)) {
    throw py::value_error(std::string("signals.user cannot be run: ") + fault);
  }
  const signal::UserSignal trial(options);
  if (trial.refusal() != nullptr) {
    throw py::value_error("signals.user, " + std::string(options.plugin->name) +
                          ", will not start: " + trial.refusal());
  }
}

void read(const Section& from, signal::IcebergOptions& options) {
  options.detector.threshold = from.get<double>("threshold");
  options.detector.prior = from.get<double>("prior");
  options.detector.at_once = from.get<double>("at_once");
  options.detector.at_once_by_chance = from.get<double>("at_once_by_chance");
  options.detector.refill_within = from.amount<MonoNanos>("refill_within");
  options.detector.late_by_chance = from.get<double>("late_by_chance");
  options.detector.slice_spread = from.get<double>("slice_spread");
  options.min_reserve = from.get<double>("min_reserve");
  options.gain = from.get<double>("gain");
  options.leave_for = from.amount<MonoNanos>("leave_for");
}

template <class S>
void read_signal(const Section& signals, engine::TradingConfig& config) {
  const Section section = signals.section(signal::name(S::kId));
  auto& choice = config.signals.of<S>();
  choice.enabled = section.template get<bool>("enabled");
  read(section, choice.options);
}

void read_signals(const Section& signals, engine::TradingConfig& config) {
  read_signal<signal::MeanReversion>(signals, config);
  read_signal<signal::BookImbalance>(signals, config);
  read_signal<signal::Momentum>(signals, config);
  read_user_signal(signals, config);
  read_signal<signal::Iceberg>(signals, config);
  config.shown_levels = signals.get<int>("shown_levels");
  if (!signal::SignalSet::valid(config.signals) ||
      !signal::MarketLevels::valid(config.shown_levels)) {
    throw py::value_error("configuration: a signal's options are out of range");
  }
}

void read_tactics(const Section& tactics, engine::TradingConfig& config) {
  order::ScalperOptions& scalper = config.scalper;
  scalper.order_qty = tactics.get<Qty>("order_qty");
  scalper.edge_min = tactics.amount<Price>("edge_min");
  scalper.passive_wait = tactics.amount<MonoNanos>("passive_wait");
  scalper.reentry_wait = tactics.amount<MonoNanos>("reentry_wait");
  scalper.target = tactics.amount<Price>("target");
  scalper.stop = tactics.amount<Price>("stop");
  scalper.exit_after = tactics.amount<MonoNanos>("exit_after");
  scalper.hold_limit = tactics.amount<MonoNanos>("hold_limit");
  scalper.style = style_of(tactics.get<std::string>("style"));
  scalper.expectation.passive_exit = tactics.get<double>("passive_exit");
  scalper.expectation.adverse = tactics.get<double>("adverse");
  scalper.network = tactics.amount<Price>("network_cost");
  scalper.slippage_ticks = tactics.get<int>("slippage_ticks");
  scalper.sweep.levels = tactics.get<int>("sweep_levels");
  scalper.sweep.share_e6 = tactics.get<std::int64_t>("sweep_share_e6");
  scalper.sweep.qty_max = tactics.get<Qty>("sweep_qty");
  if (!scalper.valid()) {
    throw py::value_error(
        "configuration: tactics contradict each other: exit_after < hold_limit < 55 s, "
        "target and stop above 0");
  }
}

void read_risk(const Section& risk, risk::Limits& limits) {
  limits.aum = risk.amount<Money>("aum");
  limits.drawdown_e6 = risk.get<std::int64_t>("drawdown_e6");
  limits.max_order_qty = risk.get<Qty>("max_order_qty");
  limits.max_order_value = risk.amount<Money>("max_order_value");
  limits.price_collar_e6 = risk.get<std::int64_t>("price_collar_e6");
  limits.max_position = risk.get<Qty>("max_position");
  limits.max_orders_working = risk.get<std::int64_t>("max_orders_working");
  limits.rate_limit = risk.get<std::int64_t>("rate_limit");
  limits.rate_window = risk.amount<MonoNanos>("rate_window");
  limits.rate_share_e6 = risk.get<std::int64_t>("rate_share_e6");
  limits.stale_after = risk.amount<MonoNanos>("stale_after");
  limits.depth_share_e6 = risk.get<std::int64_t>("depth_share_e6");
  limits.depth_levels = risk.get<std::int64_t>("depth_levels");
  limits.depth_window = risk.amount<MonoNanos>("depth_window");
  limits.max_losing_trades = risk.get<std::int64_t>("max_losing_trades");
  limits.max_rejects = risk.get<std::int64_t>("max_rejects");
  limits.flatten_when_halted = risk.get<bool>("flatten_when_halted");
  if (const auto fault = limits.first_fault()) {
    throw py::value_error(std::string("configuration: ") + *fault);
  }
}

}  // namespace

net::Endpoint endpoint(const py::dict& venue, const char* key) {
  const auto pair = py::cast<py::sequence>(venue[key]);
  const auto parsed = py::len(pair) == 2
                          ? net::parse_endpoint(py::cast<std::string>(pair[0]),
                                                py::cast<std::uint16_t>(pair[1]))
                          : std::nullopt;
  if (!parsed) {
    throw py::value_error("configuration: venue." + std::string(key) +
                          " is no IPv4 address and port");
  }
  return *parsed;
}

std::optional<net::Endpoint> optional_endpoint(const py::dict& venue, const char* key) {
  if (py::object(venue[key]).is_none()) return std::nullopt;
  return endpoint(venue, key);
}

std::uint32_t interface_address(const py::dict& venue) {
  const auto parsed = net::parse_address(py::cast<std::string>(venue["interface"]));
  if (!parsed) {
    throw py::value_error("configuration: venue.interface is no IPv4 address");
  }
  return *parsed;
}

FeeSchedule fee_schedule(const py::dict& config) {
  const Section fees(config, "fees");
  return {{fees.amount<Money>("maker_per_share"),
           fees.get<std::int64_t>("maker_notional_e6")},
          {fees.amount<Money>("taker_per_share"),
           fees.get<std::int64_t>("taker_notional_e6")}};
}

void read_trading(const py::dict& dict, engine::TradingConfig& config) {
  const auto instruments = py::cast<py::list>(dict["instruments"]);
  if (instruments.empty() || instruments.size() > engine::kMaxTraded) {
    throw py::value_error("configuration: from 1 to 32 instruments can be traded");
  }
  for (const py::handle& item : instruments) {
    const auto instrument = py::cast<py::dict>(item);
    config.instruments.push_back({py::cast<std::string>(instrument["symbol"]),
                                  {py::cast<std::int64_t>(instrument["tick"])}});
  }
  read_combination(Section(dict, "combination"), config.signals.combination);
  read_signals(Section(dict, "signals"), config);
  read_tactics(Section(dict, "tactics"), config);
  read_risk(Section(dict, "risk"), config.limits);
  config.fees = fee_schedule(dict);
  const Section engine(dict, "engine");
  config.session_start = engine.amount<UnixNanos>("session_start");
  config.session_end = engine.amount<UnixNanos>("session_end");
}

engine::EngineConfig engine_config(const py::dict& dict) {
  engine::EngineConfig config;
  read_trading(dict, config);
  const Section venue(dict, "venue");
  config.username = venue.get<std::string>("username");
  config.password = venue.get<std::string>("password");
  config.session = venue.get<std::string>("session");
  config.feed.snapshot_beyond = venue.get<std::uint64_t>("snapshot_beyond");
  config.snapshot.reading = venue.get<std::string>("snapshot_names") == "last"
                                ? feed::SnapshotReading::kLast
                                : feed::SnapshotReading::kNext;
  const Section engine(dict, "engine");
  config.books.orders = engine.get<std::uint32_t>("max_orders");
  config.books.levels = std::max(config.books.orders / 4, 1024u);
  if (engine.get<std::string>("pages") == "huge") config.books.pages = PageUse::kHuge;
  return config;
}

}  // namespace pyscalp::bindings
