// What `pyscalp host check` measures; everything else it reads.
#include <cerrno>

#include "base/core_probe.hpp"
#include "bindings/bindings.hpp"

namespace pyscalp::bindings {

namespace {

[[noreturn]] void raise_os_error(int error, const std::string& what) {
  errno = error;
  PyErr_SetFromErrnoWithFilename(PyExc_OSError, what.c_str());
  throw py::error_already_set();
}

std::string core_name(int core) { return "core " + std::to_string(core); }

py::dict watch(int core, std::int64_t length_ns, std::int64_t threshold_ns) {
  if (length_ns <= 0 || threshold_ns <= 0) {
    throw py::value_error("length_ns and threshold_ns must be above 0");
  }
  const auto gaps = std::make_unique<SpinGaps>(MonoNanos{threshold_ns});
  int error = 0;
  {
    const py::gil_scoped_release release;
    error = watch_core(core, MonoNanos{length_ns}, *gaps);
  }
  if (error != 0) raise_os_error(error, core_name(core));
  py::dict out = spin_dict(*gaps, gaps->watched(kNever));
  out["histogram"] = histogram_tuple(gaps->histogram());
  return out;
}

CounterOffset between(int core, int other) {
  CounterOffset found;
  {
    const py::gil_scoped_release release;
    found = counter_offset(core, other);
  }
  if (found.error != 0) {
    raise_os_error(found.error, core_name(core) + " and " + core_name(other));
  }
  return found;
}

py::tuple offset(int core, int other) {
  const CounterOffset found = between(core, other);
  return py::make_tuple(found.offset_ns, found.uncertainty_ns);
}

std::int64_t line_round(int core, int other) { return between(core, other).round_ns; }

py::dict calibrate(int tries, std::int64_t each_ns) {
  Calibration found;
  {
    const py::gil_scoped_release release;
    found = calibration(tries, MonoNanos{each_ns});
  }
  py::dict out;
  out["invariant"] = found.invariant;
  out["ns_per_tick"] = found.ns_per_tick;
  out["spread"] = found.spread;
  return out;
}

}  // namespace

void add_host(py::module_& module) {
  module.def("watch_core", &watch, py::arg("core"), py::arg("length_ns"), py::kw_only(),
             py::arg("threshold_ns") = 1'000,
             "Spin on a core and record when it did not run.\n\n"
             "A gap is the time between two readings of the clock that is longer than "
             "the threshold. Returns gaps, worst_ns, lost_ns, lost_share, watched_ns "
             "and `histogram`, (lengths in ns, counts). Raises OSError for a core that "
             "this process may not use.");
  module.def("counter_offset", &offset, py::arg("core"), py::arg("other"),
             "How far the second core's time stamp counter is ahead of the first's.\n\n"
             "Returns (nanoseconds, uncertainty either way). Raises OSError for a core "
             "that this process may not use, and without such a counter.");
  module.def("line_round", &line_round, py::arg("core"), py::arg("other"),
             "Nanoseconds that a cache line takes from one core to the other and back, "
             "the median of many rounds.\n\n"
             "Raises OSError as counter_offset does.");
  module.def(
      "calibration", &calibrate, py::arg("tries"), py::arg("each_ns"),
      "Compare the time stamp counter with CLOCK_MONOTONIC_RAW, several times.\n\n"
      "Returns invariant, ns_per_tick, and spread: the largest rate found less "
      "the smallest, over the middle one.");
}

}  // namespace pyscalp::bindings
