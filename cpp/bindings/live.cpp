#include "bindings/bindings.hpp"
#include "live/live_session.hpp"

namespace pyscalp::bindings {

live::EngineThreadOptions thread_options(const py::dict& config) {
  const auto engine = py::cast<py::dict>(config["engine"]);
  live::EngineThreadOptions options;
  options.cpu = py::cast<int>(engine["cpu"]);
  if (py::cast<std::string>(engine["scheduler"]) == "fifo") {
    options.scheduler = live::Scheduler::kFifo;
  }
  options.lock_memory = py::cast<bool>(engine["lock_memory"]);
  return options;
}

std::string journal_path(const std::string& out_dir) {
  if (out_dir.empty()) return {};
  const py::object path =
      py::module_::import("pathlib").attr("Path")(out_dir) / py::str("journal");
  path.attr("mkdir")(py::arg("parents") = true, py::arg("exist_ok") = true);
  return py::cast<std::string>(py::str(path / py::str("engine.journal")));
}

void settle_for_live(engine::TradingConfig& config) {
  const auto& user = config.signals.of<signal::UserSignal>();
  if (user.enabled && (user.options.plugin->flags & PYSCALP_SIGNAL_PYTHON) != 0) {
    throw py::value_error(
        "signals.user calls Python, and no Python runs between packet and order");
  }
  config.measure = true;
  config.journal_inputs = true;
}

namespace {

live::LiveConfig live_config(const py::dict& config, const std::string& out_dir) {
  live::LiveConfig live;
  live.engine = engine_config(config);
  settle_for_live(live.engine);
  const auto venue = py::cast<py::dict>(config["venue"]);
  live.feed_a = endpoint(venue, "feed_a");
  live.feed_b = endpoint(venue, "feed_b");
  live.retransmission = optional_endpoint(venue, "retransmission");
  live.snapshot = optional_endpoint(venue, "snapshot");
  live.orders = endpoint(venue, "orders");
  live.interface_address = interface_address(venue);
  const auto kind = net::transport_kind(py::cast<std::string>(venue["transport"]));
  if (!kind) {
    throw py::value_error(
        "configuration: venue.transport is none of auto, xdp, packet, socket, "
        "blocking");
  }
  live.transport = *kind;
  live.thread = thread_options(config);
  live.journal_path = journal_path(out_dir);
  return live;
}

py::dict transport_dict(const live::TransportReport& report) {
  const net::ReceiverCounters& counters = report.counters;
  py::dict out;
  out["kind"] = report.kind;
  out["note"] = report.note;
  out["missing"] = report.missing;
  out["packets"] = counters.packets;
  out["kernel_dropped"] = counters.kernel_dropped;
  out["ring_dropped"] = counters.ring_dropped;
  out["truncated"] = counters.truncated;
  out["malformed"] = counters.malformed;
  out["foreign"] = counters.foreign;
  out["errors"] = counters.errors;
  out["lost"] = counters.lost();
  return out;
}

std::unique_ptr<live::EngineHost> session_of(const py::dict& config,
                                             const std::string& out_dir) {
  const auto venue = py::cast<py::dict>(config["venue"]);
  if (py::cast<std::string>(venue["protocol"]) != "itch")
    return crypto_session(config, out_dir);
  return std::make_unique<live::LiveSession>(live_config(config, out_dir));
}

/// A venue's session with the contract of the module: errors as OSError, dictionaries
/// out.
class Session {
 public:
  Session(const py::dict& config, const std::string& out_dir)
      : config_(config), session_(session_of(config, out_dir)) {
    if (const auto error = session_->open()) {
      PyErr_SetString(PyExc_OSError, error->c_str());
      throw py::error_already_set();
    }
  }

  void start() { session_->start(); }
  void request_stop() { session_->request_stop(); }
  void kill() { session_->kill(); }
  void abandon(const std::string& why) { session_->abandon(why); }
  bool join(double timeout_s) {
    const py::gil_scoped_release release;
    return session_->join(timeout_s);
  }

  py::dict snapshot() const {
    py::dict out = session_->inspect([](const journal::Recorder& recorder) {
      return snapshot_dict(recorder.snapshot(), recorder.symbols());
    });
    const std::string error = session_->error();
    out["error"] = error;
    if (!error.empty() && session_->ended()) out["phase"] = "failed";
    py::dict latency;
    for (std::size_t i = 0; i < engine::kStages; ++i) {
      const auto stage = static_cast<engine::Stage>(i);
      const Histogram& histogram = session_->histogram(stage);
      if (histogram.count() == 0) continue;
      py::dict row;
      row["count"] = histogram.count();
      row["min"] = histogram.min();
      row["p50"] = histogram.quantile(0.5);
      row["p99"] = histogram.quantile(0.99);
      row["max"] = histogram.max();
      latency[engine::name(stage)] = row;
    }
    out["latency"] = latency;
    out["allocations"] = session_->allocations();
    out["transport"] = transport_dict(session_->transport());
    out["machine"] = session_->thread_notes();
    out["spin"] = spin();
    return out;
  }

  py::list events() {
    return session_->inspect([this](const journal::Recorder& recorder) {
      const auto from = std::exchange(events_taken_, recorder.events().size());
      return events_list(recorder.events(), from);
    });
  }
  py::array fills() const {
    return session_->inspect([](const auto& r) { return fills_array(r.fills()); });
  }
  py::array markouts() const {
    return session_->inspect(
        [](const auto& r) { return markouts_array(r.markouts()); });
  }
  py::array round_trips() const {
    return session_->inspect(
        [](const auto& r) { return round_trips_array(r.round_trips()); });
  }
  py::array samples() const {
    return session_->inspect([](const auto& r) { return samples_array(r.samples()); });
  }
  py::dict histograms() const {
    require_ended();
    py::dict out = histograms_dict([this](engine::Stage stage) -> const Histogram& {
      return session_->histogram(stage);
    });
    const SpinGaps& gaps = session_->spin_gaps();
    if (gaps.count() != 0) out["spin_gap"] = histogram_tuple(gaps.histogram());
    return out;
  }
  py::dict summary() const {
    py::dict out =
        session_->inspect([](const auto& recorder) { return summary_dict(recorder); });
    out["allocations"] = session_->allocations();
    out["transport"] = transport_dict(session_->transport());
    out["machine"] = session_->thread_notes();
    out["spin"] = spin();
    out["error"] = session_->error();
    if (session_->ended())
      out["user_signal"] = user_signal_dict(session_->user_signal());
    return out;
  }

 private:
  py::dict spin() const {
    return spin_dict(session_->spin_gaps(), session_->spin_watched());
  }
  void require_ended() const {
    if (!session_->ended()) throw std::runtime_error("the session has not ended yet");
  }

  py::dict config_;  ///< keeps a user's signal alive
  std::unique_ptr<live::EngineHost> session_;
  std::size_t events_taken_ = 0;
};

}  // namespace

void add_live(py::module_& module) {
  py::class_<Session>(
      module, "LiveSession",
      "The engine on real sockets: a pinned C++ thread that trades, and "
      "one that keeps the journal.")
      .def(py::init<const py::dict&, const std::string&>(), py::arg("config"),
           py::arg("out_dir"),
           "Check the configuration and open sockets and journal.\n\n"
           "Raises ValueError for a wrong setting and OSError, with what failed, where "
           "and what to do, for a socket or file that cannot be opened.")
      .def("start", &Session::start, py::call_guard<py::gil_scoped_release>(),
           "Start both threads; returns at once.")
      .def("request_stop", &Session::request_stop,
           "No new entries; cancel, flatten, log out; then the threads end.")
      .def("kill", &Session::kill, "Kill switch: HALTED, cancel every order, end.")
      .def("abandon", &Session::abandon, py::arg("why"),
           "End at once without getting flat, for a venue that is known to be gone.")
      .def("join", &Session::join, py::arg("timeout_s"),
           "Wait up to that long; True once the threads have ended.")
      .def("snapshot", &Session::snapshot, "State, counters, instruments, latency.")
      .def("events", &Session::events, "What happened since the last call.")
      .def("fills", &Session::fills, "Fills so far, as a structured array.")
      .def(
          "markouts", &Session::markouts,
          "For each of those fills the mid 1, 5 and 30 s later, int64 at 1e-9, (fills, "
          "3); the largest int64 where that is still to come, or the book had none.")
      .def("round_trips", &Session::round_trips, "Closed round trips so far.")
      .def("samples", &Session::samples, "Touch, position and equity every 250 ms.")
      .def("histograms", &Session::histograms,
           "Stage -> (values in ns, counts), and so `spin_gap`. Only after the end.")
      .def("summary", &Session::summary, "Totals, positions, denials, digest.");
}

}  // namespace pyscalp::bindings
