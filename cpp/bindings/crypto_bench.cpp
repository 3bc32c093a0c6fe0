// What the benches of the crypto venue measure with: the outsider over TLS, the echo,
// and the probe of a feed.
#include "bench/crypto_echo.hpp"
#include "bench/crypto_outsider.hpp"
#include "bindings/bench_workers.hpp"
#ifdef PYSCALP_HAS_BINANCE
#include "bench/feed_probe.hpp"
#endif

namespace pyscalp::bindings {

namespace {

std::unique_ptr<bench::CryptoOutsider> open_outsider(
    const std::string& certificate, const std::string& key, const std::string& api_key,
    const std::string& secret, std::uint64_t triggers, std::int64_t period_ns,
    std::int64_t patience_ns) {
  bench::CryptoOutsiderOptions options;
  options.listen = parsed_endpoint({"127.0.0.1", 0});
  options.certificate = certificate;
  options.key = key;
  options.api_key = api_key;
  options.secret = secret;
  options.triggers = triggers;
  options.period = {period_ns};
  options.patience = {patience_ns};
  return opened(bench::CryptoOutsider::open(options));
}

py::dict counts_of(const bench::CryptoOutsider& outsider) {
  const bench::CryptoOutsiderCounts counts = outsider.counts();
  py::dict out;
  out["unexpected"] = counts.unexpected;
  out["order_bytes"] = counts.order_bytes;
  out["feed_messages"] = counts.messages;
  out["placed"] = counts.placed;
  out["filled"] = counts.filled;
  return out;
}

std::unique_ptr<bench::CryptoEcho> open_echo(const std::string& stream,
                                             const std::string& orders,
                                             const std::string& ca_file,
                                             std::size_t order_bytes,
                                             std::uint64_t triggers) {
  if (order_bytes < 200 || order_bytes > 4'096)
    throw py::value_error("order_bytes must be 200 to 4096");
  return opened(
      bench::CryptoEcho::open({stream, orders, ca_file, order_bytes, triggers}));
}

#ifdef PYSCALP_HAS_BINANCE

std::unique_ptr<bench::FeedProbe> open_probe(
    const std::string& url, const std::string& ca_file, const std::string& symbol,
    const std::string& tick, const std::string& step, const std::string& snapshot,
    std::size_t messages, bool bare) {
  return opened(bench::FeedProbe::open(
      {url, ca_file, symbol, tick, step, snapshot, messages, bare}));
}

void add_probe(py::module_& module) {
  py::class_<bench::FeedProbe>(
      module, "FeedProbe",
      "A WebSocket over TLS and the book of one symbol of USD-M futures, stamped "
      "message by message.\n\nRaises OSError for an address or authorities that cannot "
      "be had.")
      .def(py::init(&open_probe), py::kw_only(), py::arg("url"), py::arg("ca_file"),
           py::arg("symbol"), py::arg("tick"), py::arg("step"), py::arg("snapshot"),
           py::arg("messages"), py::arg("bare") = false)
      .def("run", &run_worker<bench::FeedProbe>,
           "Spin until every message has come; RuntimeError where that could not be.")
      .def("stop", &bench::FeedProbe::stop, "End `run`; for another thread.")
      .def(
          "stamps",
          [](const bench::FeedProbe& self) {
            return py::array_t<std::int64_t>(
                static_cast<py::ssize_t>(self.stamps().size()), self.stamps().data());
          },
          "int64: when the book had each message, in ns of CLOCK_MONOTONIC; 0: it did "
          "not come.")
      .def(
          "levels",
          [](const bench::FeedProbe& self, bool bids) {
            return int64_rows(self.levels(bids ? Side::kBuy : Side::kSell));
          },
          py::arg("bids"), "int64 rows of ticks and lots, best first.")
      .def_property_readonly("fresh", &bench::FeedProbe::fresh,
                             "Whether the book is whole.")
      .def_property_readonly("trades", &bench::FeedProbe::trades, "Trades told.")
      .def_property_readonly("refused", &bench::FeedProbe::refused,
                             "Messages that were not taken.");
}

#else

void add_probe(py::module_&) {}

#endif

}  // namespace

void add_crypto_bench(py::module_& module) {
  py::class_<bench::CryptoOutsider>(
      module, "CryptoOutsider",
      "The venue's end of the tick-to-trade bench over TLS: USD-M futures' streams, "
      "REST and order API of BTCUSDT on one port of 127.0.0.1. Changes the book at "
      "intended times, and stamps the orders that come.\n\nRaises OSError for a port "
      "or "
      "certificate that cannot be had.")
      .def(py::init(&open_outsider), py::kw_only(), py::arg("certificate"),
           py::arg("key"), py::arg("api_key"), py::arg("secret"), py::arg("triggers"),
           py::arg("period_ns"), py::arg("patience_ns"))
      .def_property_readonly(
          "port",
          [](const bench::CryptoOutsider& self) { return self.endpoint().port; },
          "That it listens on.")
      .def("run", &run_worker<bench::CryptoOutsider>,
           "Wait for a client, then measure. RuntimeError where that could not be.")
      .def("stop", &bench::CryptoOutsider::stop, "End `run`; for another thread.")
      .def(
          "trips",
          [](const bench::CryptoOutsider& self) { return int64_rows(self.trips()); },
          "int64 rows, as `Outsider.trips`.")
      .def("counts", &counts_of,
           "Orders unasked for, size of an order, stream messages sent, orders placed "
           "and fills.");
  py::class_<bench::CryptoEcho>(
      module, "CryptoEcho",
      "The floor of the tick-to-trade bench over TLS: answers a trigger with an order, "
      "by no work.\n\nRaises OSError for an address or authorities that cannot be had.")
      .def(py::init(&open_echo), py::kw_only(), py::arg("stream"), py::arg("orders"),
           py::arg("ca_file"), py::arg("order_bytes"), py::arg("triggers"))
      .def("run", &run_worker<bench::CryptoEcho>,
           "Until `stop`, or until the exchange is gone.")
      .def("stop", &bench::CryptoEcho::stop, "End `run`; for another thread.")
      .def(
          "echoed",
          [](const bench::CryptoEcho& self) { return int64_rows(self.echoed()); },
          "int64 rows, as `Echo.echoed`.");
  add_probe(module);
}

}  // namespace pyscalp::bindings
