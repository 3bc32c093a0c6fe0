#include <deque>

#include "base/clock.hpp"
#include "bindings/bindings.hpp"
#include "net/https_link.hpp"
#include "net/websocket_link.hpp"

namespace pyscalp::bindings {

namespace {

namespace ws = wire::websocket;

constexpr double kNanosPerSecond = 1e9;
/// So long the interpreter's signals wait, at most.
constexpr std::int64_t kSlice = 50'000'000;
/// So long a link that has nothing to read sleeps between polls, at most: its times.
constexpr std::int64_t kNap = 1'000'000;

MonoNanos nanos(double seconds, const char* what) {
  if (!(seconds >= 0 && seconds <= 1e9))
    throw py::value_error(std::string(what) + " must be from 0 to 1e9 seconds");
  return {static_cast<std::int64_t>(seconds * kNanosPerSecond)};
}

[[noreturn]] void raise_os_error(const std::string& text) {
  PyErr_SetString(PyExc_OSError, text.c_str());
  throw py::error_already_set();
}

enum class Step : std::uint8_t { kNothing, kSomething, kDone };

/// Calls `step(now)` until it is done or the time is over, sleeping on `fd()` where a
/// step brought nothing; without the interpreter's lock, but seeing its signals.
template <class Next, class Fd>
bool run_for(double timeout_s, Next&& next, Fd&& fd) {
  const MonoClock clock;
  const MonoNanos until = clock.now() + nanos(timeout_s, "timeout_s");
  for (;;) {
    {
      const py::gil_scoped_release release;
      const MonoNanos slice = clock.now() + MonoNanos{kSlice};
      do {
        const Step step = next(clock.now());
        if (step == Step::kDone) return true;
        if (step == Step::kSomething) continue;
        const int watched = fd();
        net::wait_readable(&watched, watched < 0 ? 0 : 1, kNap);
      } while (clock.now() < slice && clock.now() < until);
    }
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (clock.now() >= until) return false;
  }
}

net::DialConfig dial_config(const std::string& url, const std::string& ca_file,
                            const std::string& verify_host, const py::object& address,
                            double connect_within_s, double backoff_first_s,
                            double backoff_most_s, std::uint64_t seed) {
  net::DialConfig dial;
  dial.url = url;
  dial.ca_file = ca_file;
  dial.verify_host = verify_host;
  if (!address.is_none()) {
    const auto [host, port] = py::cast<std::pair<std::string, std::uint16_t>>(address);
    dial.address = net::parse_endpoint(host, port);
    if (!dial.address) throw py::value_error("no IPv4 address in dotted text: " + host);
  }
  dial.connect_within = nanos(connect_within_s, "connect_within_s");
  dial.backoff.first = nanos(backoff_first_s, "backoff_first_s");
  dial.backoff.most = nanos(backoff_most_s, "backoff_most_s");
  dial.seed = seed;
  return dial;
}

class WebSocketClient {
 public:
  explicit WebSocketClient(const net::WebSocketLinkConfig& config) {
    auto opened = [&] {
      const py::gil_scoped_release release;
      return net::WebSocketLink::open(config);
    }();
    if (!opened) raise_os_error(opened.error);
    link_ = std::make_unique<net::WebSocketLink>(std::move(*opened));
  }

  bool wait_open(double timeout_s) {
    run(timeout_s, [&] { return link_->is_open() || link_->stopped(); });
    return link_->is_open();
  }
  py::object receive(double timeout_s) {
    if (waiting_.empty())
      run(timeout_s, [&] { return !waiting_.empty() || link_->stopped(); });
    if (waiting_.empty()) return py::none();
    const Received first = std::move(waiting_.front());
    waiting_.pop_front();
    received_ns_ = first.at.value;
    return py::make_tuple(static_cast<int>(first.opcode), py::bytes(first.payload));
  }
  bool send(ws::Opcode opcode, const std::string& payload) {
    return link_->send(opcode, std::as_bytes(std::span(payload)));
  }
  bool close(std::uint16_t code, const std::string& reason, double timeout_s) {
    if (!ws::may_be_sent(code))
      throw py::value_error(std::to_string(code) + " is no code that may be sent");
    link_->close(static_cast<ws::CloseCode>(code), reason, MonoClock().now());
    return run(timeout_s, [&] { return link_->stopped(); });
  }
  void renew() { link_->renew(MonoClock().now()); }

  const net::WebSocketLink& link() const { return *link_; }
  std::string tls_version() {
    net::Dialer& dialer = link_->dialer();
    return dialer.state() == net::DialState::kOpen ? dialer.stream().tls_version() : "";
  }
  std::int64_t received_ns() const { return received_ns_; }
  std::size_t waiting() const { return waiting_.size(); }

  py::dict counters() const {
    const net::LinkCounters counted = link_->counters();
    py::dict out;
    out["connections"] = counted.socket.connections;
    out["failures"] = counted.failures;
    out["renewals"] = counted.renewals;
    out["silences"] = counted.silences;
    out["cuts"] = counted.cuts;
    out["messages"] = counted.socket.messages;
    out["messages_sent"] = counted.socket.messages_sent;
    out["bytes_in"] = counted.socket.bytes_in;
    out["bytes_out"] = counted.socket.bytes_out;
    out["pings_answered"] = counted.socket.pings_answered;
    out["pongs_dropped"] = counted.socket.pongs_dropped;
    out["pings_sent"] = counted.socket.pings_sent;
    out["pongs"] = counted.socket.pongs;
    return out;
  }

 private:
  struct Received {
    ws::Opcode opcode;
    UnixNanos at;
    std::string payload;
  };

  template <class Done>
  bool run(double timeout_s, Done&& done) {
    const auto step = [&](MonoNanos now) {
      const bool came = link_->poll(now, [&](const ws::Message& message) {
        waiting_.push_back({message.opcode,
                            wall_now(),
                            {reinterpret_cast<const char*>(message.payload.data()),
                             message.payload.size()}});
      });
      if (done()) return Step::kDone;
      return came ? Step::kSomething : Step::kNothing;
    };
    return run_for(timeout_s, step, [&] { return link_->dialer().fd(); });
  }

  std::unique_ptr<net::WebSocketLink> link_;
  std::deque<Received> waiting_;
  std::int64_t received_ns_ = 0;
};

std::unique_ptr<WebSocketClient> make_websocket_client(
    const std::string& url, const std::string& ca_file, const std::string& verify_host,
    const py::object& address, std::size_t message_most, double connect_within_s,
    double ping_after_s, double dead_after_s, double close_within_s, double life_s,
    double backoff_first_s, double backoff_most_s, std::uint64_t seed) {
  net::WebSocketLinkConfig config;
  config.dial = dial_config(url, ca_file, verify_host, address, connect_within_s,
                            backoff_first_s, backoff_most_s, seed);
  config.socket.message_most = message_most;
  config.socket.outbound = message_most + 4'096;
  config.socket.upgrade_within = config.dial.connect_within;
  config.socket.ping_after = nanos(ping_after_s, "ping_after_s");
  config.socket.dead_after = nanos(dead_after_s, "dead_after_s");
  config.socket.close_within = nanos(close_within_s, "close_within_s");
  config.life = nanos(life_s, "life_s");
  return std::make_unique<WebSocketClient>(config);
}

using Fields = std::vector<std::pair<std::string, std::string>>;

class HttpsClient {
 public:
  explicit HttpsClient(const net::HttpsLinkConfig& config) {
    auto opened = [&] {
      const py::gil_scoped_release release;
      return net::HttpsLink::open(config);
    }();
    if (!opened) raise_os_error(opened.error);
    link_ = std::make_unique<net::HttpsLink>(std::move(*opened));
    within_s_ = static_cast<double>(config.answer_within.value) / kNanosPerSecond;
  }

  bool wait_open(double timeout_s) {
    return run_for(
        timeout_s,
        [&](MonoNanos now) {
          link_->poll(now);
          return link_->is_open() ? Step::kDone : Step::kNothing;
        },
        [&] { return link_->dialer().fd(); });
  }

  py::dict request(const std::string& method, const std::string& target,
                   const Fields& fields, const std::string& body) {
    std::vector<wire::http::Field> views;
    for (const auto& [field, value] : fields) views.push_back({field, value});
    if (!link_->request(method, target, views, body, MonoClock().now()))
      throw py::value_error(
          "the request does not fit, or its target or headers have "
          "characters that they may not have");
    const net::HttpsAnswer* answer = nullptr;
    const auto step = [&](MonoNanos now) {
      const std::uint64_t before = link_->counters().bytes_in;
      answer = link_->poll(now);
      if (answer != nullptr) return Step::kDone;
      return link_->counters().bytes_in != before ? Step::kSomething : Step::kNothing;
    };
    // The link's own time ends it.
    run_for(within_s_ + 5, step, [&] { return link_->dialer().fd(); });
    if (answer == nullptr) throw std::runtime_error("no answer and no end");
    return dict_of(*answer);
  }
  void close() { link_->close(); }

  const net::HttpsLink& link() const { return *link_; }
  py::dict counters() const {
    const net::HttpsCounters counted = link_->counters();
    py::dict out;
    out["requests"] = counted.requests;
    out["answered"] = counted.answered;
    out["not_sent"] = counted.not_sent;
    out["unknown"] = counted.unknown;
    out["late"] = counted.late;
    out["connections"] = counted.connections;
    out["failures"] = counted.failures;
    out["bytes_in"] = counted.bytes_in;
    out["bytes_out"] = counted.bytes_out;
    return out;
  }

 private:
  static py::dict dict_of(const net::HttpsAnswer& answer) {
    py::list headers;
    if (answer.head != nullptr)
      for (const wire::http::Field& field : answer.head->fields())
        headers.append(py::make_tuple(std::string(field.name), py::bytes(field.value)));
    py::dict out;
    out["fate"] = net::name(answer.fate);
    out["status"] = answer.head == nullptr ? 0 : answer.head->code;
    out["headers"] = headers;
    out["body"] = py::bytes(reinterpret_cast<const char*>(answer.body.data()),
                            answer.body.size());
    out["reason"] = std::string(answer.reason);
    out["took_ns"] = answer.took.value;
    return out;
  }

  std::unique_ptr<net::HttpsLink> link_;
  double within_s_ = 0;
};

std::unique_ptr<HttpsClient> make_https_client(
    const std::string& url, const std::string& ca_file, const std::string& verify_host,
    const py::object& address, std::size_t answer_most, double connect_within_s,
    double answer_within_s, double backoff_first_s, double backoff_most_s,
    std::uint64_t seed) {
  net::HttpsLinkConfig config;
  config.dial = dial_config(url, ca_file, verify_host, address, connect_within_s,
                            backoff_first_s, backoff_most_s, seed);
  config.answer_most = answer_most;
  config.answer_within = nanos(answer_within_s, "answer_within_s");
  return std::make_unique<HttpsClient>(config);
}

}  // namespace

void add_websocket(py::module_& module) {
  using Client = WebSocketClient;
  py::class_<Client>(
      module, "WebSocketClient",
      "A WebSocket over TLS or plain TCP that connects again when it is lost.\n\n"
      "Nothing happens but within a call: `receive` and `wait_open` connect, answer "
      "pings and find dead links. Not for several threads at once.")
      .def(py::init(&make_websocket_client), py::arg("url"), py::kw_only(),
           py::arg("ca_file") = "", py::arg("verify_host") = "",
           py::arg("address") = py::none(), py::arg("message_most") = 16u << 20,
           py::arg("connect_within_s") = 10.0, py::arg("ping_after_s") = 10.0,
           py::arg("dead_after_s") = 30.0, py::arg("close_within_s") = 2.0,
           py::arg("life_s") = 0.0, py::arg("backoff_first_s") = 0.1,
           py::arg("backoff_most_s") = 30.0, py::arg("seed") = 0,
           "`ca_file`: trusted authorities in PEM, empty for the system's. "
           "`verify_host`: whom the certificate must be for, empty for the URL's host. "
           "`address`: (dotted text, port) to connect to instead of looking the host "
           "up. `message_most`: bytes of a message. `ping_after_s`, `dead_after_s`: "
           "silence that is asked about, and that ends a connection; 0 is never. "
           "`life_s`: age at which a connection is made anew; 0 is never. `seed`: of "
           "the waits between tries; 0 is the system's choice. Raises OSError, with "
           "what to do, for a URL, a host or a CA file that cannot be used, and "
           "ValueError for a setting out of range.")
      .def("wait_open", &Client::wait_open, py::arg("timeout_s"),
           "Connect; True once messages can go, False when the time is over.")
      .def("receive", &Client::receive, py::arg("timeout_s"),
           "The next message as (opcode, bytes), opcode 1 for text and 2 for binary; "
           "None when the time is over or the client is closed.")
      .def(
          "send_text",
          [](Client& self, const std::string& text) {
            return self.send(ws::Opcode::kText, text);
          },
          py::arg("text"),
          "False where the connection is not open, or has no room for it now.")
      .def(
          "send_binary",
          [](Client& self, const py::bytes& payload) {
            return self.send(ws::Opcode::kBinary, payload);
          },
          py::arg("payload"), "As send_text.")
      .def("close", &Client::close, py::arg("code") = 1000, py::arg("reason") = "",
           py::arg("timeout_s") = 5.0,
           "End it with the closing handshake; True once it is done.")
      .def("renew", &Client::renew, "Close this connection and make a new one.")
      .def("counters", &Client::counters,
           "Counts since the client was made, over all connections.")
      .def_property_readonly(
          "state", [](const Client& self) { return net::name(self.link().state()); },
          "waiting, connecting, open, closing or stopped.")
      .def_property_readonly("is_open",
                             [](const Client& self) { return self.link().is_open(); })
      .def_property_readonly(
          "connection", [](const Client& self) { return self.link().connection(); },
          "How many connections have opened.")
      .def_property_readonly(
          "failure", [](const Client& self) { return self.link().failure(); },
          "How the last connection or try ended; empty where none has.")
      .def_property_readonly(
          "end",
          [](const Client& self) { return net::name(self.link().client().end()); },
          "How the WebSocket of the last connection ended: none, by us, by peer, "
          "refused, bad handshake, protocol, silent, late or ended.")
      .def_property_readonly(
          "close_code",
          [](const Client& self) { return self.link().client().close_code(); },
          "The peer's; 1005 where its close frame had none, 1006 where none came.")
      .def_property_readonly("close_reason",
                             [](const Client& self) {
                               return std::string(self.link().client().close_reason());
                             })
      .def_property_readonly(
          "http_code",
          [](const Client& self) { return self.link().client().http_code(); },
          "Status of the answer to the upgrade; 0 where none came.")
      .def_property_readonly(
          "round_trip_ns",
          [](const Client& self) { return self.link().client().round_trip().value; },
          "From our last answered ping to its pong; 0 before the first.")
      .def_property_readonly("received_ns", &Client::received_ns,
                             "When the message last returned came; ns since 1970.")
      .def_property_readonly("waiting", &Client::waiting,
                             "Messages that have come and were not returned yet.")
      .def_property_readonly("tls_version", &Client::tls_version,
                             "TLSv1.2 or TLSv1.3; empty without TLS.");

  py::class_<HttpsClient>(
      module, "HttpsClient",
      "HTTP/1.1 over one connection that stays, with TLS or without.")
      .def(py::init(&make_https_client), py::arg("url"), py::kw_only(),
           py::arg("ca_file") = "", py::arg("verify_host") = "",
           py::arg("address") = py::none(), py::arg("answer_most") = 32u << 20,
           py::arg("connect_within_s") = 10.0, py::arg("answer_within_s") = 10.0,
           py::arg("backoff_first_s") = 0.1, py::arg("backoff_most_s") = 30.0,
           py::arg("seed") = 0,
           "`url`: scheme, host and port; as WebSocketClient otherwise. `answer_most`: "
           "bytes of an answer.")
      .def("wait_open", &HttpsClient::wait_open, py::arg("timeout_s"),
           "Connect; True once a request would leave at once.")
      .def("request", &HttpsClient::request, py::arg("method"), py::arg("target"),
           py::arg("headers") = Fields(), py::arg("body") = "",
           "Send it and wait for the answer, for answer_within_s at most. Returns "
           "fate (answered, not sent or unknown: it may have been done), status, "
           "headers as pairs of str and bytes, body, reason (why there is no answer) "
           "and took_ns.")
      .def("close", &HttpsClient::close, "End the connection for good.")
      .def("counters", &HttpsClient::counters, "Counts since the client was made.")
      .def_property_readonly(
          "is_open", [](const HttpsClient& self) { return self.link().is_open(); })
      .def_property_readonly(
          "failure", [](const HttpsClient& self) { return self.link().failure(); },
          "How the last connection or try ended; empty where none has.");
}

}  // namespace pyscalp::bindings
