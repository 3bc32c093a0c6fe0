// What `pyscalp bench tick-to-trade` measures with: the outsider, and the bare echo.
#include "bench/day_pace.hpp"
#include "bench/echo.hpp"
#include "bench/outsider.hpp"
#include "bindings/bench_workers.hpp"

namespace pyscalp::bindings {

namespace {

std::uint32_t parsed(const std::string& address) {
  const auto number = net::parse_address(address);
  if (!number) throw py::value_error(address + " is no IPv4 address");
  return *number;
}

Bytes bytes_of(const py::buffer_info& day) {
  if (day.ndim != 1 || day.strides[0] != day.itemsize)
    throw py::value_error("the bytes of the day must be contiguous");
  return {static_cast<const std::byte*>(day.ptr),
          static_cast<std::size_t>(day.size * day.itemsize)};
}

py::tuple pace_of(const py::buffer& day) {
  const py::buffer_info held = day.request();
  const bench::DayPace pace = bench::day_pace(bytes_of(held));
  return py::make_tuple(pace.messages, pace.nanos, pace.peak);
}

/// The outsider and the day that it sends, held while it lives.
class Outside {
 public:
  Outside(const Address& feed, const std::string& interface, const Address& orders,
          std::uint16_t locate, std::uint64_t triggers, std::int64_t period_ns,
          std::int64_t patience_ns, const std::optional<py::buffer>& day,
          std::size_t opening_bytes, double pace) {
    bench::OutsiderOptions options;
    options.feed = parsed_endpoint(feed);
    options.interface_address = parsed(interface);
    options.orders = parsed_endpoint(orders);
    options.locate = locate;
    options.triggers = triggers;
    options.period = {period_ns};
    options.patience = {patience_ns};
    options.opening_bytes = opening_bytes;
    options.pace = pace;
    if (day) {
      day_ = day->request();
      options.day = bytes_of(day_);
    }
    outsider_ = opened(bench::Outsider::open(options));
  }

  bench::Outsider& operator*() const { return *outsider_; }

  py::dict counts() const {
    const bench::OutsiderCounts& counts = outsider_->counts();
    py::dict out;
    out["raw"] = outsider_->raw();
    out["unexpected"] = counts.unexpected;
    out["order_bytes"] = counts.order_bytes;
    out["feed_packets"] = counts.feed_packets;
    out["feed_messages"] = counts.feed_messages;
    out["not_sent"] = counts.not_sent;
    out["behind_max_ns"] = counts.behind_max;
    out["day_ended"] = counts.day_ended;
    return out;
  }

 private:
  py::buffer_info day_;
  std::unique_ptr<bench::Outsider> outsider_;
};

std::unique_ptr<bench::Echo> open_echo(const std::string& transport,
                                       const Address& feed_a, const Address& feed_b,
                                       const std::string& interface,
                                       const Address& orders, std::uint16_t locate,
                                       std::uint64_t triggers) {
  const auto kind = net::transport_kind(transport);
  if (!kind) throw py::value_error("no such transport: " + transport);
  return opened(bench::Echo::open({*kind, parsed_endpoint(feed_a),
                                   parsed_endpoint(feed_b), parsed(interface),
                                   parsed_endpoint(orders), locate, triggers}));
}

}  // namespace

void add_tick_to_trade(py::module_& module) {
  module.def(
      "day_pace", &pace_of, py::arg("file"),
      "Messages of a BinaryFILE in memory without system events, nanoseconds from "
      "the first to the last, and messages of its busiest second.");
  py::class_<Outside>(module, "Outsider",
                      "The exchange's end of the tick-to-trade bench: sends triggers "
                      "at intended times, "
                      "and a day between them, and stamps the orders that come.\n\n"
                      "Raises OSError for a socket that cannot be opened.")
      .def(py::init<const Address&, const std::string&, const Address&, std::uint16_t,
                    std::uint64_t, std::int64_t, std::int64_t,
                    const std::optional<py::buffer>&, std::size_t, double>(),
           py::kw_only(), py::arg("feed"), py::arg("interface"), py::arg("orders"),
           py::arg("locate"), py::arg("triggers"), py::arg("period_ns"),
           py::arg("patience_ns"), py::arg("day") = py::none(),
           py::arg("opening_bytes") = 0, py::arg("pace") = 0.0)
      .def_property_readonly(
          "orders", [](const Outside& self) { return (*self).orders().port; },
          "Port that it listens on.")
      .def(
          "run", [](const Outside& self) { run_worker(*self); },
          "Wait for a client, then measure. RuntimeError where that could not be.")
      .def(
          "stop", [](const Outside& self) { (*self).stop(); },
          "End `run`; for another thread.")
      .def(
          "trips", [](const Outside& self) { return int64_rows((*self).trips()); },
          "int64 rows: when a trigger was to go, when it went (0: it did not, as "
          "nobody "
          "had answered for long), when its order came (0: none did), in ns of "
          "CLOCK_MONOTONIC.")
      .def("counts", &Outside::counts,
           "Orders unasked for, size of an order, packets and messages sent, and how "
           "late the day was at worst.");
  py::class_<bench::Echo>(
      module, "Echo",
      "The floor of the tick-to-trade bench: answers a trigger with an order, by no "
      "work.\n\nRaises OSError for a transport that cannot be had.")
      .def(py::init(&open_echo), py::kw_only(), py::arg("transport"), py::arg("feed_a"),
           py::arg("feed_b"), py::arg("interface"), py::arg("orders"),
           py::arg("locate"), py::arg("triggers"))
      .def_property_readonly("note", &bench::Echo::note, "The transport, in words.")
      .def("run", &run_worker<bench::Echo>,
           "Until `stop`, or until the exchange is gone.")
      .def("stop", &bench::Echo::stop, "End `run`; for another thread.")
      .def(
          "echoed", [](const bench::Echo& self) { return int64_rows(self.echoed()); },
          "int64 rows: when a trigger was seen, when its answer was sent; 0: never.")
      .def(
          "lost", [](bench::Echo& self) { return self.counters().lost(); },
          "Packets that reached this machine and not the echo.");
}

}  // namespace pyscalp::bindings
