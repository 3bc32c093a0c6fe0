// A crypto venue's live session, from what pyscalp.config and the venue's rules say.
#include "bindings/bindings.hpp"
#include "bindings/section.hpp"
#ifdef PYSCALP_HAS_BINANCE
#include "live/crypto_session.hpp"
#endif

namespace pyscalp::bindings {

#ifdef PYSCALP_HAS_BINANCE

namespace {

binance::Market market_of(const std::string& protocol) {
  return protocol == "binance-spot" ? binance::Market::kSpot : binance::Market::kUsdm;
}

binance::TradedRules rules_of(const Section& symbol, std::uint16_t number) {
  const auto text = [&](const char* key) { return symbol.get<std::string>(key); };
  const std::string name = text("symbol");
  const std::string tick = text("tick");
  const std::string step = text("step");
  const std::string min_price = text("min_price");
  const std::string max_price = text("max_price");
  const std::string min_qty = text("min_qty");
  const std::string max_qty = text("max_qty");
  const std::string min_notional = text("min_notional");
  binance::TradedRules out;
  const auto status = binance::SymbolRules::read({.name = name,
                                                  .id = InstrumentId{number},
                                                  .tick = tick,
                                                  .step = step,
                                                  .min_price = min_price,
                                                  .max_price = max_price,
                                                  .min_qty = min_qty,
                                                  .max_qty = max_qty,
                                                  .min_notional = min_notional},
                                                 out.rules);
  if (status != binance::RulesStatus::kOk)
    throw py::value_error(name + " " + binance::explain(status));
  out.base = text("base");
  out.quote = text("quote");
  return out;
}

binance::RateKind rate_kind(const std::string& name) {
  if (name == "REQUEST_WEIGHT") return binance::RateKind::kWeight;
  if (name == "ORDERS") return binance::RateKind::kOrders;
  return binance::RateKind::kRaw;
}

binance::EngineConfig crypto_engine_config(const py::dict& dict) {
  binance::EngineConfig config;
  read_trading(dict, config);
  settle_for_live(config);
  const Section binance(dict, "binance");
  const Section rules(dict, "rules");
  const auto market = market_of(Section(dict, "venue").get<std::string>("protocol"));
  config.feed.market = market;
  config.feed.aggregate_trades = is_futures(market);
  config.session.market = market;
  config.session.run = binance::RunName(rules.get<std::string>("run"));
  config.session.orders_by = binance.get<std::string>("order_path") == "rest"
                                 ? binance::Lane::kHttp
                                 : binance::Lane::kWebSocket;
  std::uint16_t number = 0;
  for (const py::handle& item : rules.get<py::list>("symbols")) {
    const Section symbol("rules.symbols", py::cast<py::dict>(item));
    config.symbols.push_back(rules_of(symbol, ++number));
  }
  if (config.symbols.size() != config.instruments.size())
    throw py::value_error("configuration: the venue's rules are of other instruments");
  using Limit = std::tuple<std::string, std::int64_t, std::int64_t>;
  for (const auto& [kind, interval, limit] : rules.get<std::vector<Limit>>("limits"))
    config.rate_limits.push_back({rate_kind(kind), {interval}, limit});
  return config;
}

live::ApiKey api_key_of(const Section& key) {
  return {key.get<std::string>("kind") == "ed25519" ? binance::KeyKind::kEd25519
                                                    : binance::KeyKind::kHmac,
          key.get<std::string>("key"), key.get<std::string>("secret")};
}

}  // namespace

std::unique_ptr<live::EngineHost> crypto_session(const py::dict& dict,
                                                 const std::string& out_dir) {
  live::CryptoConfig config;
  config.engine = crypto_engine_config(dict);
  const Section binance(dict, "binance");
  config.streams = binance.get<std::string>("streams");
  config.api = binance.get<std::string>("api");
  config.rest = binance.get<std::string>("rest");
  config.ca_file = binance.get<std::string>("ca_file");
  config.connections = binance.get<int>("connections");
  config.depth_interval = binance.get<std::string>("depth");
  const auto instrument =
      py::cast<py::dict>(py::cast<py::list>(dict["instruments"])[0]);
  config.lot = std::stod(py::cast<std::string>(instrument["lot"]));
  config.thread = thread_options(dict);
  config.journal_path = journal_path(out_dir);
  return std::make_unique<live::CryptoSession>(config,
                                               api_key_of(Section(dict, "api_key")));
}

#else

std::unique_ptr<live::EngineHost> crypto_session(const py::dict&, const std::string&) {
  throw py::value_error(
      "this build is without the crypto venue, as simdjson was missing; install "
      "libsimdjson-dev (Debian's name) and pyscalp again");
}

#endif

}  // namespace pyscalp::bindings
