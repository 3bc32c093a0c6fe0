#include "bindings/bindings.hpp"
#include "live/recording.hpp"

namespace pyscalp::bindings {

namespace {

std::optional<net::Endpoint> endpoint_or_none(const py::dict& config, const char* key) {
  if (!config.contains(key) || config[key].is_none()) return std::nullopt;
  return endpoint(config, key);
}

live::RecordingConfig recording_config(const py::dict& config) {
  live::RecordingConfig recording;
  recording.path = py::cast<std::string>(config["path"]);
  recording.overwrite = py::cast<bool>(config["overwrite"]);
  recording.format = py::cast<std::string>(config["format"]) == "pcap"
                         ? live::RecordingFormat::kPcap
                         : live::RecordingFormat::kItch;
  recording.line_a = endpoint(config, "line_a");
  recording.line_b = endpoint_or_none(config, "line_b");
  recording.retransmission = endpoint_or_none(config, "retransmission");
  recording.interface_address = interface_address(config);
  recording.session.feed.from_start = py::cast<bool>(config["from_start"]);
  recording.session.messages_max = py::cast<std::uint64_t>(config["messages_max"]);
  return recording;
}

/// Names are up to the sender: any byte is a character of its own.
py::str latin(const std::string& text) {
  PyObject* decoded = PyUnicode_DecodeLatin1(
      text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(decoded);
}

py::dict by_line(const std::uint64_t (&counts)[feed::kLineCount]) {
  py::dict out;
  out["a"] = counts[static_cast<int>(feed::Line::kA)];
  out["b"] = counts[static_cast<int>(feed::Line::kB)];
  out["retransmission"] = counts[static_cast<int>(feed::Line::kRetransmission)];
  return out;
}

/// A live::Recording with the contract of the module: errors as OSError, dictionaries
/// out.
class Recorder {
 public:
  explicit Recorder(const py::dict& config)
      : recording_(std::make_unique<live::Recording>(recording_config(config))) {
    if (const auto error = recording_->open()) {
      PyErr_SetString(PyExc_OSError, error->c_str());
      throw py::error_already_set();
    }
  }
  ~Recorder() {
    const py::gil_scoped_release release;
    recording_.reset();
  }

  void start() { recording_->start(); }
  void request_stop() { recording_->request_stop(); }
  bool join(double timeout_s) {
    const py::gil_scoped_release release;
    return recording_->join(timeout_s);
  }

  py::dict snapshot() const {
    const live::RecordingFigures figures = recording_->figures();
    py::dict out;
    out["ended"] = recording_->ended();
    out["end"] = live::name(figures.end);
    out["session"] = latin(figures.session);
    out["messages"] = figures.messages;
    out["written"] = figures.written;
    out["packets"] = figures.packets;
    out["bytes"] = figures.bytes;
    out["first_sequence"] = figures.first_sequence;
    out["last_sequence"] = figures.last_sequence;
    out["datagrams"] = by_line(figures.datagrams);
    out["first"] = by_line(figures.first);
    out["duplicates"] = figures.duplicates;
    out["malformed"] = figures.malformed;
    out["foreign"] = figures.foreign;
    out["gaps"] = figures.gaps;
    out["requests"] = figures.requests;
    out["recovered"] = figures.recovered;
    out["missing"] = figures.missing;
    out["empty"] = figures.empty;
    out["dropped"] = figures.dropped;
    out["kernel_dropped"] = figures.kernel_dropped;
    out["gap_open"] = figures.gap_open;
    out["server_silent"] = figures.server_silent;
    out["first_time"] = figures.first_time.value;
    out["last_time"] = figures.last_time.value;
    out["socket_buffer"] = figures.socket_buffer;
    out["error"] = recording_->error();
    return out;
  }
  py::list missing() const {
    if (!recording_->ended())
      throw std::runtime_error("the recording has not ended yet");
    py::list out;
    for (const live::MissingRange& range : recording_->missing()) {
      const bool dropped = range.reason == live::MissingReason::kDropped;
      out.append(py::make_tuple(range.first, range.count,
                                dropped ? "dropped" : "never arrived"));
    }
    return out;
  }

 private:
  std::unique_ptr<live::Recording> recording_;
};

}  // namespace

void add_record(py::module_& module) {
  py::class_<Recorder>(module, "Recorder",
                       "A multicast session into a file: a C++ thread that receives, "
                       "and one that writes.")
      .def(py::init<const py::dict&>(), py::arg("config"),
           "Join the groups and create the file.\n\n"
           "`config`: path, overwrite, format (pcap or itch), line_a, line_b and "
           "retransmission (pairs of address and port; the last two may be None), "
           "interface, from_start, messages_max (0: no limit). Raises ValueError for a "
           "wrong setting and OSError, with what failed, where and what to do, for a "
           "group or file that cannot be had.")
      .def("start", &Recorder::start, py::call_guard<py::gil_scoped_release>(),
           "Start both threads; returns at once. Call it once.")
      .def("request_stop", &Recorder::request_stop,
           "End soon, once a gap that is open is closed or given up.")
      .def("join", &Recorder::join, py::arg("timeout_s"),
           "Wait up to that long; True once all is on disk.")
      .def("snapshot", &Recorder::snapshot,
           "Figures of some 50 ms ago, final once `ended`. Times in ns since 1970.")
      .def("missing", &Recorder::missing,
           "(first sequence number, count, reason) of what the recording lacks, the "
           "first 10,000 ranges. Only after the end.");
}

}  // namespace pyscalp::bindings
