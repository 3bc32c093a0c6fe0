// One function per room that adds its classes to the module, and what they share.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <functional>
#include <memory>

#include "base/spin_gaps.hpp"
#include "engine/engine.hpp"
#include "journal/recorder.hpp"
#include "live/engine_host.hpp"
#include "net/socket.hpp"

namespace pyscalp::bindings {

namespace py = pybind11;

// configuration.cpp
/// What is the same for every venue.
void read_trading(const py::dict& config, engine::TradingConfig& out);
engine::EngineConfig engine_config(const py::dict& config);
FeeSchedule fee_schedule(const py::dict& fees);
net::Endpoint endpoint(const py::dict& venue, const char* key);
/// Nothing where the key is None.
std::optional<net::Endpoint> optional_endpoint(const py::dict& venue, const char* key);
std::uint32_t interface_address(const py::dict& venue);

// live.cpp
/// What a live session measures and keeps; ValueError for what cannot run live.
void settle_for_live(engine::TradingConfig& config);
live::EngineThreadOptions thread_options(const py::dict& config);
/// Of a run directory, which is made; empty without one.
std::string journal_path(const std::string& out_dir);

// crypto.cpp
/// Throws ValueError where the crypto venue was left out of the build.
std::unique_ptr<live::EngineHost> crypto_session(const py::dict& config,
                                                 const std::string& out_dir);

// records.cpp
/// Names of the NumPy fields are those of the C++ structs; every array owns its bytes.
py::array fills_array(const std::vector<order::Fill>& fills);
/// int64 of shape (fills, horizons): mids after 1, 5 and 30 s.
py::array markouts_array(const std::vector<journal::MarkoutMids>& markouts);
py::array round_trips_array(const std::vector<order::RoundTrip>& round_trips);
py::array samples_array(const std::vector<engine::Sample>& samples);
py::dict histograms_dict(
    const std::function<const Histogram&(engine::Stage)>& histogram_of);
/// (values in ns, counts) of the buckets that are not empty.
py::tuple histogram_tuple(const Histogram& histogram);
/// What a spinning thread lost in the time it was watched, in ns.
py::dict spin_dict(const SpinGaps& gaps, MonoNanos watched);
py::list events_list(const std::vector<journal::Event>& events, std::size_t from);
py::dict snapshot_dict(const engine::Snapshot& snapshot,
                       const std::vector<std::string>& symbols);
py::dict summary_dict(const journal::Recorder& recorder);
/// What became of a user's signal, over all instruments; None without one.
py::object user_signal_dict(const std::optional<engine::UserSignalFigures>& figures);

void add_bench(py::module_& module);
void add_binance(py::module_& module);
void add_books(py::module_& module);
void add_capture(py::module_& module);
void add_crypto_bench(py::module_& module);
void add_crypto_exchange(py::module_& module);
void add_exchange(py::module_& module);
void add_host(py::module_& module);
void add_icebergs(py::module_& module);
void add_live(py::module_& module);
void add_record(py::module_& module);
void add_crypto_record(py::module_& module);
void add_replay(py::module_& module);
void add_signal_tape(py::module_& module);
void add_signals(py::module_& module);
void add_signal_cost(py::module_& module);
void add_tables(py::module_& module);
void add_tick_to_trade(py::module_& module);
void add_websocket(py::module_& module);

}  // namespace pyscalp::bindings
