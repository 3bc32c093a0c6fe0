// One function per room that adds its classes to the module, and what they share.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "base/spin_gaps.hpp"
#include "engine/engine.hpp"
#include "journal/recorder.hpp"
#include "net/socket.hpp"

namespace pyscalp::bindings {

namespace py = pybind11;

// configuration.cpp
engine::EngineConfig engine_config(const py::dict& config);
FeeSchedule fee_schedule(const py::dict& fees);
net::Endpoint endpoint(const py::dict& venue, const char* key);
/// Nothing where the key is None.
std::optional<net::Endpoint> optional_endpoint(const py::dict& venue, const char* key);
std::uint32_t interface_address(const py::dict& venue);

// records.cpp
/// Names of the NumPy fields are those of the C++ structs; every array owns its bytes.
py::array fills_array(const std::vector<order::Fill>& fills);
/// int64 of shape (fills, horizons): mids after 1, 5 and 30 s.
py::array markouts_array(const std::vector<journal::MarkoutMids>& markouts);
py::array round_trips_array(const std::vector<order::RoundTrip>& round_trips);
py::array samples_array(const std::vector<engine::Sample>& samples);
py::dict histograms_dict(const engine::Engine& engine);
/// (values in ns, counts) of the buckets that are not empty.
py::tuple histogram_tuple(const Histogram& histogram);
/// What a spinning thread lost in the time it was watched, in ns.
py::dict spin_dict(const SpinGaps& gaps, MonoNanos watched);
py::list events_list(const std::vector<journal::Event>& events, std::size_t from);
py::dict snapshot_dict(const engine::Snapshot& snapshot,
                       const std::vector<std::string>& symbols);
py::dict summary_dict(const journal::Recorder& recorder);
/// What became of a user's signal, over all instruments; None without one.
py::object user_signal_dict(const engine::Engine& engine);

void add_bench(py::module_& module);
void add_books(py::module_& module);
void add_capture(py::module_& module);
void add_crypto_exchange(py::module_& module);
void add_exchange(py::module_& module);
void add_host(py::module_& module);
void add_icebergs(py::module_& module);
void add_live(py::module_& module);
void add_record(py::module_& module);
void add_replay(py::module_& module);
void add_signal_tape(py::module_& module);
void add_signals(py::module_& module);
void add_signal_cost(py::module_& module);
void add_tables(py::module_& module);
void add_tick_to_trade(py::module_& module);
void add_websocket(py::module_& module);

}  // namespace pyscalp::bindings
