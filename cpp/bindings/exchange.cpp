#include <memory>

#include "bindings/bindings.hpp"
#include "exchange/host.hpp"

namespace pyscalp::bindings {

namespace {

py::list endpoint_list(const net::Endpoint& endpoint) {
  py::list pair;
  pair.append(net::address_text(endpoint.address));
  pair.append(endpoint.port);
  return pair;
}

/// Stocks of an artificial market: the fitted one under each configured symbol.
exchange::AgentParameters agent_parameters(const py::dict& config) {
  exchange::AgentParameters parameters;
  parameters.stocks.clear();
  for (const py::handle& item : py::cast<py::list>(config["instruments"])) {
    const auto instrument = py::cast<py::dict>(item);
    exchange::StockParameters stock;
    stock.symbol = py::cast<std::string>(instrument["symbol"]);
    stock.tick = {py::cast<std::int64_t>(instrument["tick"])};
    parameters.stocks.push_back(stock);
  }
  return parameters;
}

exchange::LineFaults faults(const py::dict& section, const std::string& line) {
  exchange::LineFaults faults;
  faults.loss = py::cast<double>(section[("loss_" + line).c_str()]);
  faults.duplicate = py::cast<double>(section[("duplicate_" + line).c_str()]);
  faults.reorder = py::cast<double>(section[("reorder_" + line).c_str()]);
  return faults;
}

exchange::HostConfig host_config(const py::dict& config, Bytes day) {
  const auto venue = py::cast<py::dict>(config["venue"]);
  const auto section = py::cast<py::dict>(config["exchange"]);
  exchange::HostConfig host;
  const auto driver = py::cast<std::string>(section["driver"]);
  host.driver = driver == "replay" ? exchange::DriverKind::kReplay
                                   : exchange::DriverKind::kAgents;
  host.day = day;
  const auto from = py::cast<std::int64_t>(section["from"]);
  if (from != 0) host.from = UnixNanos{from};
  host.agents = agent_parameters(config);
  host.seed = py::cast<std::uint64_t>(section["seed"]);
  host.speed = py::cast<double>(section["speed"]);
  const auto duration = py::cast<std::int64_t>(section["duration"]);
  if (duration != 0) host.duration = MonoNanos{duration};
  host.feed_a = endpoint(venue, "feed_a");
  host.feed_b = endpoint(venue, "feed_b");
  host.retransmission = endpoint(venue, "retransmission");
  host.snapshot = optional_endpoint(venue, "snapshot");
  host.orders = endpoint(venue, "orders");
  host.interface_address = interface_address(venue);
  host.faults_a = faults(section, "a");
  host.faults_b = faults(section, "b");
  host.session = py::cast<std::string>(venue["session"]);
  host.logins = {{py::cast<std::string>(venue["username"]),
                  py::cast<std::string>(venue["password"])}};
  host.fees = fee_schedule(config);
  host.record_path = py::cast<std::string>(section["record"]);
  return host;
}

py::dict line_dict(const exchange::LineStatistics& line) {
  py::dict out;
  out["offered"] = line.offered;
  out["passed"] = line.passed;
  out["lost"] = line.lost;
  out["duplicated"] = line.duplicated;
  out["reordered"] = line.reordered;
  return out;
}

/// A Host that keeps the recorded day's bytes alive.
class Server {
 public:
  explicit Server(const py::dict& config)
      : day_(py::cast<py::bytes>(config["exchange"]["day"])) {
    const std::string_view view = day_;
    try {
      host_ = std::make_unique<exchange::Host>(host_config(
          config, Bytes(reinterpret_cast<const std::byte*>(view.data()), view.size())));
    } catch (const exchange::HostError& error) {
      PyErr_SetString(PyExc_OSError, error.what());
      throw py::error_already_set();
    }
  }

  py::dict endpoints() const {
    py::dict out;
    out["feed_a"] = endpoint_list(host_->feed_a());
    out["feed_b"] = endpoint_list(host_->feed_b());
    out["retransmission"] = endpoint_list(host_->retransmission());
    out["orders"] = endpoint_list(host_->orders());
    if (const auto snapshot = host_->snapshot()) {
      out["snapshot"] = endpoint_list(*snapshot);
    }
    return out;
  }
  void run() { host_->run(); }
  void stop() { host_->stop(); }

  py::dict statistics() const {
    const exchange::HostStatistics s = host_->statistics();
    py::dict out;
    out["session"] = host_->session();
    out["venue_time"] = s.venue_time.value;
    out["events"] = s.events;
    out["messages"] = s.next_sequence - 1;
    out["packets"] = s.feed.packets;
    out["heartbeats"] = s.heartbeats;
    out["requests_answered"] = s.feed.requests_answered;
    out["requests_refused"] = s.feed.requests_malformed +
                              s.feed.requests_wrong_session +
                              s.feed.requests_out_of_range;
    out["snapshots"] =
        s.snapshots.ended[static_cast<std::size_t>(exchange::SnapshotEnd::kWhole)];
    out["line_a"] = line_dict(s.line_a);
    out["line_b"] = line_dict(s.line_b);
    out["send_errors"] = s.send_errors;
    out["logins"] = s.orders.logins;
    out["orders"] = s.orders.orders;
    out["cancels"] = s.orders.cancels;
    py::dict closed;
    for (std::size_t i = 1; i < exchange::kCloseReasons; ++i) {
      if (s.orders.closed[i] != 0) {
        closed[exchange::close_reason_name(static_cast<exchange::CloseReason>(i))] =
            s.orders.closed[i];
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
  std::unique_ptr<exchange::Host> host_;
};

}  // namespace

void add_exchange(py::module_& module) {
  py::class_<Server>(
      module, "ExchangeServer",
      "The included exchange on real sockets. `run` works in the calling "
      "thread with the GIL released.")
      .def(py::init<const py::dict&>(), py::arg("config"),
           "Open every socket. Raises ValueError for a wrong setting and OSError, with "
           "what failed, where and what to do, for a port that cannot be had.")
      .def("endpoints", &Server::endpoints,
           "Addresses and ports as bound: feed_a, feed_b, retransmission, orders, and "
           "snapshot where snapshots are given.")
      .def("run", &Server::run, py::call_guard<py::gil_scoped_release>(),
           "Serve until stop(), the duration or the end of the day.")
      .def("stop", &Server::stop, "End `run` soon; from any thread.")
      .def("statistics", &Server::statistics,
           "What was sent, lost, asked and ordered.");

  module.def(
      "simulate_day",
      [](std::uint64_t seed, std::int64_t duration_ns,
         const std::vector<std::string>& symbols) {
        exchange::AgentParameters parameters;
        const exchange::StockParameters fitted = parameters.stocks.front();
        parameters.stocks.clear();
        for (const std::string& symbol : symbols) {
          parameters.stocks.push_back(fitted);
          parameters.stocks.back().symbol = symbol;
        }
        std::vector<std::byte> day;
        {
          const py::gil_scoped_release release;
          day = exchange::simulate_day(parameters, seed, MonoNanos{duration_ns});
        }
        return py::bytes(reinterpret_cast<const char*>(day.data()), day.size());
      },
      py::arg("seed"), py::arg("duration_ns"), py::arg("symbols"),
      "The first `duration_ns` of an artificial day, as a BinaryFILE of ITCH 5.0.");
}

}  // namespace pyscalp::bindings
