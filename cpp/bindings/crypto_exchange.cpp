#include <array>
#include <memory>

#include "bindings/bindings.hpp"
#include "capture/binance.hpp"
#include "capture/level_day.hpp"
#include "exchange/crypto_host.hpp"
#include "exchange/crypto_signature.hpp"
#include "net/certificate.hpp"

namespace pyscalp::bindings {

namespace {

constexpr std::int64_t kQtyScale = 100'000'000;

template <class T>
T get(const py::dict& from, const char* key) {
  return py::cast<T>(from[key]);
}

exchange::CryptoSymbol symbol_of(const py::dict& from, std::uint16_t number) {
  exchange::CryptoSymbol symbol;
  symbol.id = InstrumentId{number};
  symbol.name = get<std::string>(from, "symbol");
  symbol.base = get<std::string>(from, "base");
  symbol.quote = get<std::string>(from, "quote");
  symbol.tick_e9 = get<std::int64_t>(from, "tick");
  symbol.step_e9 = get<std::int64_t>(from, "step");
  symbol.price_decimals = get<int>(from, "price_decimals");
  symbol.qty_decimals = get<int>(from, "qty_decimals");
  symbol.min_notional = {get<std::int64_t>(from, "min_notional")};
  return symbol;
}

exchange::CryptoHostConfig host_config(const py::dict& config, Bytes day) {
  exchange::CryptoHostConfig host;
  exchange::CryptoVenueConfig& venue = host.venue;
  venue.protocol = get<std::string>(config, "protocol") == "binance-spot"
                       ? exchange::CryptoProtocol::kSpot
                       : exchange::CryptoProtocol::kUsdm;
  for (const py::handle& item : get<py::list>(config, "symbols")) {
    const auto symbol = py::cast<py::dict>(item);
    venue.symbols.push_back(
        symbol_of(symbol, static_cast<std::uint16_t>(venue.symbols.size() + 1)));
    host.openings_e9.push_back(get<std::int64_t>(symbol, "opening"));
  }
  venue.balances =
      get<std::vector<std::map<std::string, std::int64_t>>>(config, "balances");
  for (const py::handle& item : get<py::list>(config, "keys")) {
    const auto key = py::cast<py::dict>(item);
    venue.keys.push_back(
        {get<exchange::AccountId>(key, "account"), get<std::string>(key, "api_key"),
         get<std::string>(key, "secret"), get<std::string>(key, "public_pem")});
  }
  venue.leverage = get<int>(config, "leverage");
  venue.limits.weight = get<int>(config, "weight_limit");
  venue.limits.orders_short = get<int>(config, "order_limit");
  venue.server.ping_every = {get<std::int64_t>(config, "ping_every")};
  venue.server.lifetime = {get<std::int64_t>(config, "lifetime")};
  exchange::CryptoFaults& faults = venue.server.faults;
  faults.depth_loss = get<double>(config, "depth_loss");
  faults.cut = get<double>(config, "cut");
  faults.unknown = get<double>(config, "unknown_answers");
  faults.answer_delay = {get<std::int64_t>(config, "answer_delay")};
  host.seed = faults.seed = get<std::uint64_t>(config, "seed");
  host.driver = get<std::string>(config, "driver") == "replay"
                    ? exchange::DriverKind::kReplay
                    : exchange::DriverKind::kAgents;
  host.day = day;
  const auto from = get<std::int64_t>(config, "from");
  if (from != 0) host.from = UnixNanos{from};
  host.speed = get<double>(config, "speed");
  const auto duration = get<std::int64_t>(config, "duration");
  if (duration != 0) host.duration = MonoNanos{duration};
  host.listen = endpoint(config, "listen");
  host.certificate = get<std::string>(config, "certificate");
  host.key = get<std::string>(config, "key");
  host.fees = fee_schedule(config);
  host.record_path = get<std::string>(config, "record");
  return host;
}

/// A CryptoHost that keeps the recorded day's bytes alive.
class CryptoServer {
 public:
  explicit CryptoServer(const py::dict& config)
      : day_(py::cast<py::bytes>(config["day"])) {
    const std::string_view view = day_;
    try {
      host_ = std::make_unique<exchange::CryptoHost>(host_config(
          config, Bytes(reinterpret_cast<const std::byte*>(view.data()), view.size())));
    } catch (const exchange::HostError& error) {
      PyErr_SetString(PyExc_OSError, error.what());
      throw py::error_already_set();
    }
  }

  py::dict endpoints() const {
    py::list listen;
    listen.append(net::address_text(host_->endpoint().address));
    listen.append(host_->endpoint().port);
    py::dict out;
    out["listen"] = listen;
    return out;
  }
  void run() { host_->run(); }
  void stop() { host_->stop(); }

  py::dict statistics() const {
    const exchange::CryptoHostStatistics s = host_->statistics();
    py::dict out;
    out["venue_time"] = s.venue_time.value;
    out["events"] = s.events;
    out["messages"] = s.server.messages;
    out["connections"] = s.server.connections;
    out["connections_refused"] = s.connections_refused;
    out["handshakes_failed"] = s.handshakes_failed;
    out["requests"] = s.server.requests;
    out["calls"] = s.server.calls;
    out["refused"] = s.server.refused;
    out["depth_dropped"] = s.server.dropped;
    out["unknown_answers"] = s.server.unknown;
    out["orders"] = s.orders;
    out["cancels"] = s.cancels;
    py::dict closed;
    for (std::size_t i = 1; i < exchange::kCryptoEnds; ++i) {
      if (s.server.ended[i] != 0) {
        closed[exchange::crypto_end_name(static_cast<exchange::CryptoEnd>(i))] =
            s.server.ended[i];
      }
    }
    out["connections_closed"] = closed;
    out["reports"] = s.reports;
    out["record_lost"] = s.record_lost;
    out["record_error"] = s.record_error;
    out["day_truncated"] = s.day_truncated;
    return out;
  }

 private:
  py::bytes day_;
  std::unique_ptr<exchange::CryptoHost> host_;
};

py::dict counters_dict(const capture::LevelDayCounters& of) {
  py::dict dict;
  dict["snapshots"] = of.snapshots;
  dict["updates"] = of.updates;
  dict["levels"] = of.levels;
  dict["early"] = of.early;
  dict["beyond"] = of.beyond;
  dict["restored"] = of.restored;
  dict["rounded"] = of.rounded;
  dict["refused"] = of.refused;
  dict["backward"] = of.backward;
  const std::pair<const char*, const capture::LevelDayCounters::Trades*> trades[] = {
      {"at_level", &of.at_level}, {"undisplayed", &of.undisplayed}};
  for (const auto& [name, counted] : trades) {
    py::dict both;
    both["count"] = counted->count;
    both["lots"] = counted->lots;
    dict[name] = both;
  }
  return dict;
}

/// Decodes a whole capture, hands its events to a LevelDay.
struct CaptureDay {
  std::vector<std::byte> bytes;
  std::vector<capture::LevelDayCounters> counters;
  std::string failure;

  CaptureDay(Bytes data, const std::vector<capture::LevelInstrument>& instruments) {
    capture::LevelDay day(instruments);
    capture::BinanceDecoder decoder(kQtyScale);
    capture::Events events;
    std::vector<std::uint32_t> locates;  // by the decoder's number
    const auto give = [&] {
      for (const auto& [number, symbol] : decoder.instruments().symbols()) {
        if (number >= locates.size()) locates.resize(number + 1);
        for (std::size_t i = 0; i < instruments.size(); ++i) {
          if (instruments[i].symbol == symbol) {
            locates[number] = static_cast<std::uint32_t>(i + 1);
          }
        }
      }
      for (event::MarketEvent& event : events) {
        const std::uint32_t number = event.instrument;
        event.instrument = number < locates.size() ? locates[number] : 0;
        day.take(event);
      }
      events.clear();
    };
    constexpr std::size_t kChunk = std::size_t{1} << 20;
    while (!data.empty()) {
      const std::size_t size = std::min(kChunk, data.size());
      decoder.feed(data.first(size), events);
      data = data.subspan(size);
      give();
    }
    decoder.finish(events);
    give();
    failure = decoder.failure();
    bytes = day.finish();
    counters = day.counters();
  }
};

py::tuple level_day(
    const py::bytes& data,
    const std::vector<std::tuple<std::string, std::int64_t, std::int64_t>>& given) {
  std::vector<capture::LevelInstrument> instruments;
  for (const auto& [symbol, tick, step] : given) {
    constexpr std::int64_t kFiner = kNanosPerUnit / kQtyScale;
    if (step % kFiner != 0) throw py::value_error(symbol + ": step is finer than 1e-8");
    instruments.push_back({symbol, tick, step / kFiner});
  }
  const std::string_view view = data;
  const Bytes bytes(reinterpret_cast<const std::byte*>(view.data()), view.size());
  const CaptureDay day = [&] {
    const py::gil_scoped_release release;
    return CaptureDay(bytes, instruments);
  }();
  if (!day.failure.empty()) throw py::value_error("it " + day.failure);
  py::dict counters;
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    counters[py::str(instruments[i].symbol)] = counters_dict(day.counters[i]);
  }
  return py::make_tuple(
      py::bytes(reinterpret_cast<const char*>(day.bytes.data()), day.bytes.size()),
      counters);
}

}  // namespace

void add_crypto_exchange(py::module_& module) {
  py::class_<CryptoServer>(
      module, "CryptoExchangeServer",
      "The included exchange as a crypto venue, on one TLS port. `run` works in the "
      "calling thread with the GIL released.")
      .def(
          py::init<const py::dict&>(), py::arg("config"),
          "Open the port. Raises ValueError for a wrong setting and OSError, with what "
          "failed, where and what to do, for a port or file that cannot be had.")
      .def("endpoints", &CryptoServer::endpoints, "listen: address and port as bound.")
      .def("run", &CryptoServer::run, py::call_guard<py::gil_scoped_release>(),
           "Serve until stop(), the duration or the end of the day.")
      .def("stop", &CryptoServer::stop, "End `run` soon; from any thread.")
      .def("statistics", &CryptoServer::statistics,
           "What was sent, asked, refused and ordered.");
  module.def(
      "level_day", &level_day, py::arg("data"), py::arg("instruments"),
      "A venue's day, ITCH 5.0 in BinaryFILE framing, out of a raw capture of "
      "Binance.\n\n"
      "`instruments` are (symbol, tick, step) at 1e-9. Returns the day, in ticks "
      "and lots, and what became of the events, by symbol.");
  module.def(
      "make_certificates",
      [](const std::string& authority, const std::string& certificate,
         const std::string& key, const std::vector<std::string>& names, int days) {
        const std::string error =
            net::make_certificates({authority, certificate, key}, names, days);
        if (error.empty()) return;
        PyErr_SetString(PyExc_OSError, error.c_str());
        throw py::error_already_set();
      },
      py::arg("authority"), py::arg("certificate"), py::arg("key"), py::arg("names"),
      py::arg("days"),
      "Write an authority and a server's certificate and key that it signed, in PEM. "
      "Raises OSError with what failed.");
  module.def(
      "make_ed25519",
      [] {
        const exchange::Ed25519Pair pair = exchange::make_ed25519();
        return py::make_tuple(pair.private_pem, pair.public_pem);
      },
      "A new Ed25519 key: private (PKCS#8) and public, in PEM.");
  module.def("random_text", &exchange::random_text, py::arg("size"),
             "So many letters and digits that nobody can guess.");
}

}  // namespace pyscalp::bindings
