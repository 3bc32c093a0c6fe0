#include "replay/replay.hpp"

#include <memory>

#include "bindings/bindings.hpp"
#include "exchange/record.hpp"

namespace pyscalp::bindings {

namespace {

/// A Replay that keeps the day's bytes alive for as long as it needs them.
class ReplayRun {
 public:
  ReplayRun(const py::dict& config, py::bytes day, const py::dict& options)
      : config_(config), day_(std::move(day)) {
    const std::string_view view = day_;
    engine::EngineConfig engine = engine_config(config);
    engine.sample_every = seconds(1);
    replay::ReplayOptions replay;
    replay.from = optional_time(options, "from_ns");
    replay.to = optional_time(options, "to_ns");
    replay.feed_latency = {py::cast<std::int64_t>(options["feed_latency_ns"])};
    replay.order_latency = {py::cast<std::int64_t>(options["order_latency_ns"])};
    replay.jitter = {py::cast<std::int64_t>(options["jitter_ns"])};
    replay.seed = py::cast<std::uint64_t>(options["seed"]);
    replay.touch_only =
        options.contains("touch_only") && py::cast<bool>(options["touch_only"]);
    if (replay.feed_latency.value < 0 || replay.order_latency.value < 0 ||
        replay.jitter.value < 0) {
      throw py::value_error("latencies and jitter must not be negative");
    }
    if (replay.order_latency + replay.jitter > seconds(1)) {
      throw py::value_error(
          "the order latency, jitter included, must be at most 1 s: with more, engine "
          "and "
          "exchange would take each other for dead");
    }
    const Bytes bytes(reinterpret_cast<const std::byte*>(view.data()), view.size());
    const py::gil_scoped_release release;
    replay_ = std::make_unique<replay::Replay>(engine, bytes, replay);
  }

  bool advance(std::uint64_t messages) {
    bool more;
    {
      const py::gil_scoped_release release;
      more = replay_->advance(messages);
    }
    if (replay_->error()) throw py::value_error(*replay_->error());
    return more;
  }
  py::tuple progress() const {
    const auto [done, total] = replay_->progress();
    return py::make_tuple(done, total);
  }
  std::uint64_t messages() const { return replay_->messages(); }
  bool truncated() const { return replay_->truncated(); }
  py::array fills() const { return fills_array(replay_->recorder().fills()); }
  py::array markouts() const { return markouts_array(replay_->recorder().markouts()); }
  py::array round_trips() const {
    return round_trips_array(replay_->recorder().round_trips());
  }
  py::array samples() const { return samples_array(replay_->recorder().samples()); }
  py::dict histograms() const {
    return histograms_dict([this](engine::Stage stage) -> const Histogram& {
      return replay_->engine().histogram(stage);
    });
  }
  py::list events() const { return events_list(replay_->recorder().events(), 0); }
  py::dict summary() const {
    py::dict out = summary_dict(replay_->recorder());
    out["user_signal"] = user_signal_dict(replay_->engine().user_signal());
    return out;
  }
  /// Writes the exchange's own record of our orders.
  void write_record(const std::string& path) const {
    const std::string_view view = day_;
    exchange::RecordFile file(
        path, exchange::RecordedDay::instruments(
                  Bytes(reinterpret_cast<const std::byte*>(view.data()), view.size())));
    file.append(replay_->reports());
    if (file.close() != exchange::RecordStatus::kOk) {
      errno = file.error_number();
      PyErr_SetFromErrnoWithFilename(PyExc_OSError, path.c_str());
      throw py::error_already_set();
    }
  }

 private:
  static std::optional<UnixNanos> optional_time(const py::dict& options,
                                                const char* key) {
    if (!options.contains(key) || options[key].is_none()) return std::nullopt;
    return UnixNanos{py::cast<std::int64_t>(options[key])};
  }
  py::dict config_;  ///< keeps a user's signal alive
  py::bytes day_;
  std::unique_ptr<replay::Replay> replay_;
};

}  // namespace

void add_replay(py::module_& module) {
  py::class_<ReplayRun>(
      module, "Replay",
      "A recorded day in process: the live engine against the included "
      "exchange, as fast as it goes. Deterministic.")
      .def(py::init<const py::dict&, py::bytes, const py::dict&>(), py::arg("config"),
           py::arg("day"), py::arg("options"),
           "`day` is an ITCH 5.0 BinaryFILE; `options` has from_ns, to_ns (None: the "
           "whole day), feed_latency_ns, order_latency_ns, jitter_ns, seed, and "
           "touch_only "
           "for a day that `touch_day` made.")
      .def("advance", &ReplayRun::advance, py::arg("messages"),
           "Work through up to that many messages, GIL released; False when done.\n\n"
           "Raises ValueError if the recording cannot be replayed.")
      .def("progress", &ReplayRun::progress, "(bytes done, bytes in all).")
      .def_property_readonly("messages", &ReplayRun::messages,
                             "Recorded messages so far.")
      .def_property_readonly("truncated", &ReplayRun::truncated,
                             "True if the recording ends inside a message.")
      .def("fills", &ReplayRun::fills)
      .def("markouts", &ReplayRun::markouts,
           "For each fill the mid 1, 5 and 30 s later, int64 at 1e-9, (fills, 3); the "
           "largest int64 where the run ended before, or the book had none.")
      .def("round_trips", &ReplayRun::round_trips)
      .def("samples", &ReplayRun::samples)
      .def("histograms", &ReplayRun::histograms)
      .def("events", &ReplayRun::events)
      .def("summary", &ReplayRun::summary)
      .def("write_record", &ReplayRun::write_record, py::arg("path"),
           "Write the exchange's own record of our orders as CSV. Raises OSError.");
}

}  // namespace pyscalp::bindings
