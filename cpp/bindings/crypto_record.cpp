#include "bindings/bindings.hpp"
#include "bindings/section.hpp"
#include "live/crypto_recording.hpp"

namespace pyscalp::bindings {

namespace {

live::CryptoRecordingConfig recording_config(const py::dict& dict) {
  const Section section("recording", dict);
  const auto text = [&](const char* key) { return section.get<std::string>(key); };
  live::CryptoRecordingConfig config;
  config.path = text("path");
  config.overwrite = section.get<bool>("overwrite");
  config.packed = section.get<bool>("packed");
  config.futures = section.get<bool>("futures");
  config.symbols = section.get<std::vector<std::string>>("symbols");
  config.streams = section.get<std::vector<std::string>>("streams");
  config.depth = section.get<bool>("depth");
  config.rest = text("rest");
  config.snapshot_target = text("snapshot_target");
  config.ca_file = text("ca_file");
  config.messages_max = section.get<std::uint64_t>("messages_max");
  return config;
}

py::str text_of(const std::string& text) {
  PyObject* decoded = PyUnicode_DecodeUTF8(
      text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(decoded);
}

py::dict link_dict(const live::RecordedLink& link) {
  py::dict out;
  out["open"] = link.open;
  out["first"] = link.first;
  out["connections"] = link.connections;
  out["failures"] = link.failures;
  out["renewals"] = link.renewals;
  out["failure"] = text_of(link.failure);
  return out;
}

py::dict figures_dict(const live::CryptoRecordingFigures& figures) {
  static constexpr const char* kKinds[] = {"depth", "bookTicker", "trade", "aggTrade",
                                           "other"};
  const capture::BinanceSession::Counters& session = figures.session;
  py::dict kinds;
  for (int i = 0; i < capture::kStreamKinds; ++i) kinds[kKinds[i]] = session.kinds[i];
  py::list links;
  for (const live::RecordedLink& link : figures.links) links.append(link_dict(link));
  py::dict out;
  out["end"] = live::name(figures.end);
  out["messages"] = figures.messages;
  out["written"] = figures.written;
  out["bytes"] = figures.bytes;
  out["dropped"] = figures.dropped;
  out["kinds"] = kinds;
  out["repeated"] = session.repeated;
  out["undecodable"] = session.undecodable;
  out["gaps"] = session.gaps;
  out["trades_missing"] = session.trades_missing;
  out["snapshots_asked"] = session.snapshots_asked;
  out["snapshots"] = session.snapshots_kept;
  out["snapshots_failed"] = session.snapshots_failed;
  out["links"] = links;
  out["unfinished"] = figures.unfinished;
  out["outages"] = figures.outages;
  out["outage_ns"] = figures.outage.value;
  out["rest_failure"] = text_of(figures.rest_failure);
  out["failure"] = text_of(figures.failure);
  out["first_time"] = figures.first_time.value;
  out["last_time"] = figures.last_time.value;
  return out;
}

/// A live::CryptoRecording with the contract of the module: errors as OSError,
/// dictionaries out.
class CryptoRecorder {
 public:
  explicit CryptoRecorder(const py::dict& config)
      : recording_(std::make_unique<live::CryptoRecording>(recording_config(config))) {
    std::optional<std::string> error;
    {
      const py::gil_scoped_release release;  // a host's name may be looked up
      error = recording_->open();
    }
    if (error) {
      PyErr_SetString(PyExc_OSError, error->c_str());
      throw py::error_already_set();
    }
  }
  ~CryptoRecorder() {
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
    py::dict out = figures_dict(recording_->figures());
    out["ended"] = recording_->ended();
    out["error"] = text_of(recording_->error());
    return out;
  }
  py::list gaps() const {
    if (!recording_->ended())
      throw std::runtime_error("the recording has not ended yet");
    py::list out;
    for (const capture::DepthGap& gap : recording_->gaps())
      out.append(py::make_tuple(gap.symbol, gap.after, gap.before));
    return out;
  }

 private:
  std::unique_ptr<live::CryptoRecording> recording_;
};

}  // namespace

void add_crypto_record(py::module_& module) {
  py::class_<CryptoRecorder>(module, "CryptoRecorder",
                             "Streams of a crypto venue into a raw capture: a C++ "
                             "thread that receives, and one that writes.")
      .def(py::init<const py::dict&>(), py::arg("config"),
           "Look the hosts up and create the file.\n\n"
           "`config`: path, overwrite, packed (gzip), futures, symbols, streams (URLs, "
           "one a WebSocket), depth (changes of depth are among them), rest, "
           "snapshot_target (path and query up to the symbol), ca_file (may be empty) "
           "and messages_max (0: no limit). Raises ValueError for a wrong setting and "
           "OSError, with what failed, where and what to do, for a host or file that "
           "cannot be had.")
      .def("start", &CryptoRecorder::start, py::call_guard<py::gil_scoped_release>(),
           "Start both threads; returns at once. Call it once.")
      .def("request_stop", &CryptoRecorder::request_stop,
           "End soon, once snapshots that are wanted are there or given up.")
      .def("join", &CryptoRecorder::join, py::arg("timeout_s"),
           "Wait up to that long; True once all is on disk.")
      .def("snapshot", &CryptoRecorder::snapshot,
           "Figures of some 50 ms ago, final once `ended`. Times in ns since 1970.")
      .def("gaps", &CryptoRecorder::gaps,
           "(symbol, update id before, update id behind) of breaks in the depth, the "
           "first 10,000. Only after the end.");
}

}  // namespace pyscalp::bindings
