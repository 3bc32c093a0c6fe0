// Records of the engine as NumPy arrays and dictionaries.
#include <cstddef>

#include "bindings/bindings.hpp"

namespace pyscalp::bindings {

namespace {

/// Describes a struct to NumPy, field by field over the same bytes.
class Layout {
 public:
  explicit Layout(std::size_t size) : size_(size) {}

  Layout& field(const char* name, const char* format, std::size_t offset) {
    names_.append(name);
    formats_.append(format);
    offsets_.append(offset);
    return *this;
  }
  py::dtype dtype() const {
    return py::dtype(names_, formats_, offsets_, static_cast<py::ssize_t>(size_));
  }

 private:
  std::size_t size_;
  py::list names_;
  py::list formats_;
  py::list offsets_;
};

#define PYSCALP_FIELD(type, name, format) field(#name, format, offsetof(type, name))

template <class Record>
py::array owned_array(const py::dtype& dtype, const std::vector<Record>& records) {
  py::array array(dtype, records.size());
  if (!records.empty()) {
    std::memcpy(array.mutable_data(), records.data(), records.size() * sizeof(Record));
  }
  return array;
}

py::list breaker_names(std::uint32_t latched) {
  py::list names;
  for (std::size_t i = 0; i < risk::kBreakers; ++i) {
    const auto breaker = static_cast<risk::Breaker>(i);
    if ((latched & risk::bit(breaker)) != 0) names.append(risk::name(breaker));
  }
  return names;
}

py::dict denied_dict(const engine::Snapshot& snapshot) {
  py::dict denied;
  for (std::size_t i = 1; i < risk::kDenials; ++i) {
    if (snapshot.denied[i] != 0) {
      denied[risk::name(static_cast<risk::Denial>(i))] = snapshot.denied[i];
    }
  }
  return denied;
}

const char* phase_name(engine::Phase phase) {
  switch (phase) {
    case engine::Phase::kConnecting:
      return "connecting";
    case engine::Phase::kRunning:
      return "running";
    case engine::Phase::kStopping:
      return "stopping";
    case engine::Phase::kEnded:
      return "ended";
    case engine::Phase::kFailed:
      return "failed";
  }
  return "?";
}

}  // namespace

py::array fills_array(const std::vector<order::Fill>& fills) {
  using order::Fill;
  Layout layout(sizeof(Fill));
  layout.PYSCALP_FIELD(Fill, time, "<i8")
      .PYSCALP_FIELD(Fill, venue_time, "<i8")
      .PYSCALP_FIELD(Fill, match, "<u8")
      .PYSCALP_FIELD(Fill, order_reference, "<u8")
      .PYSCALP_FIELD(Fill, price, "<i8")
      .PYSCALP_FIELD(Fill, decision_mid, "<i8")
      .PYSCALP_FIELD(Fill, arrival_mid, "<i8")
      .PYSCALP_FIELD(Fill, arrival_half_spread, "<i8")
      .PYSCALP_FIELD(Fill, mid, "<i8")
      .PYSCALP_FIELD(Fill, fee, "<i8")
      .PYSCALP_FIELD(Fill, qty, "<i8")
      .PYSCALP_FIELD(Fill, position_after, "<i8")
      .PYSCALP_FIELD(Fill, user_ref, "<u4")
      .PYSCALP_FIELD(Fill, round_trip, "<u4")
      .PYSCALP_FIELD(Fill, number, "<u4")
      .PYSCALP_FIELD(Fill, instrument, "<u2")
      .PYSCALP_FIELD(Fill, side, "u1")
      .PYSCALP_FIELD(Fill, liquidity, "u1")
      .PYSCALP_FIELD(Fill, intent, "u1")
      .PYSCALP_FIELD(Fill, signal, "u1");
  return owned_array(layout.dtype(), fills);
}

py::array markouts_array(const std::vector<journal::MarkoutMids>& markouts) {
  static_assert(sizeof(journal::MarkoutMids) ==
                order::kMarkoutHorizons * sizeof(std::int64_t));
  py::array_t<std::int64_t> array({markouts.size(), order::kMarkoutHorizons});
  if (!markouts.empty()) {
    std::memcpy(array.mutable_data(), markouts.data(),
                markouts.size() * sizeof(journal::MarkoutMids));
  }
  return array;
}

py::array round_trips_array(const std::vector<order::RoundTrip>& round_trips) {
  using order::RoundTrip;
  Layout layout(sizeof(RoundTrip));
  layout.PYSCALP_FIELD(RoundTrip, opened, "<i8")
      .PYSCALP_FIELD(RoundTrip, closed, "<i8")
      .PYSCALP_FIELD(RoundTrip, entry_notional, "<i8")
      .PYSCALP_FIELD(RoundTrip, exit_notional, "<i8")
      .PYSCALP_FIELD(RoundTrip, gross, "<i8")
      .PYSCALP_FIELD(RoundTrip, fees, "<i8")
      .PYSCALP_FIELD(RoundTrip, half_spread, "<i8")
      .PYSCALP_FIELD(RoundTrip, slippage, "<i8")
      .PYSCALP_FIELD(RoundTrip, network, "<i8")
      .PYSCALP_FIELD(RoundTrip, net, "<i8")
      .PYSCALP_FIELD(RoundTrip, qty, "<i8")
      .PYSCALP_FIELD(RoundTrip, maker_qty, "<i8")
      .PYSCALP_FIELD(RoundTrip, id, "<u4")
      .PYSCALP_FIELD(RoundTrip, instrument, "<u2")
      .PYSCALP_FIELD(RoundTrip, side, "u1")
      .PYSCALP_FIELD(RoundTrip, exit_intent, "u1")
      .PYSCALP_FIELD(RoundTrip, signal, "u1");
  return owned_array(layout.dtype(), round_trips);
}

py::array samples_array(const std::vector<engine::Sample>& samples) {
  using engine::Sample;
  Layout layout(sizeof(Sample));
  layout.PYSCALP_FIELD(Sample, time, "<i8")
      .PYSCALP_FIELD(Sample, bid, "<i8")
      .PYSCALP_FIELD(Sample, ask, "<i8")
      .PYSCALP_FIELD(Sample, position, "<i8")
      .PYSCALP_FIELD(Sample, equity, "<i8")
      .PYSCALP_FIELD(Sample, instrument, "<u2");
  return owned_array(layout.dtype(), samples);
}

#undef PYSCALP_FIELD

py::tuple histogram_tuple(const Histogram& histogram) {
  std::vector<std::int64_t> values;
  std::vector<std::int64_t> counts;
  histogram.for_each([&](std::int64_t value, std::int64_t count) {
    values.push_back(value);
    counts.push_back(count);
  });
  const auto n = static_cast<py::ssize_t>(values.size());
  return py::make_tuple(py::array_t<std::int64_t>(n, values.data()),
                        py::array_t<std::int64_t>(n, counts.data()));
}

py::dict spin_dict(const SpinGaps& gaps, MonoNanos watched) {
  const std::int64_t lost = gaps.lost().value;
  py::dict out;
  out["threshold_ns"] = gaps.threshold().value;
  out["watched_ns"] = watched.value;
  out["gaps"] = gaps.count();
  out["worst_ns"] = gaps.worst().value;
  out["p50_ns"] = gaps.histogram().quantile(0.5);
  out["p99_ns"] = gaps.histogram().quantile(0.99);
  out["lost_ns"] = lost;
  out["lost_share"] = watched.value == 0 ? 0.0
                                         : static_cast<double>(lost) /
                                               static_cast<double>(watched.value);
  return out;
}

py::dict histograms_dict(
    const std::function<const Histogram&(engine::Stage)>& histogram_of) {
  py::dict out;
  for (std::size_t i = 0; i < engine::kStages; ++i) {
    const auto stage = static_cast<engine::Stage>(i);
    const Histogram& histogram = histogram_of(stage);
    if (histogram.count() != 0) out[engine::name(stage)] = histogram_tuple(histogram);
  }
  return out;
}

py::list events_list(const std::vector<journal::Event>& events, std::size_t from) {
  py::list out;
  for (std::size_t i = from; i < events.size(); ++i) {
    py::dict event;
    event["time"] = events[i].time.value;
    event["kind"] = events[i].kind;
    event["text"] = events[i].text;
    out.append(event);
  }
  return out;
}

py::dict snapshot_dict(const engine::Snapshot& s,
                       const std::vector<std::string>& symbols) {
  py::dict out;
  out["now"] = s.now.value;
  out["venue_time"] = s.venue_time.value;
  out["phase"] = phase_name(s.phase);
  out["state"] = risk::name(s.state);
  out["packets"] = s.packets;
  out["messages"] = s.messages;
  out["orders_sent"] = s.orders;
  out["cancels_sent"] = s.cancels;
  out["open_orders"] = s.open_orders;
  out["fills"] = s.executions;
  out["round_trips"] = s.round_trips;
  out["rejects"] = s.rejects;
  out["orders_not_sent"] = s.orders_not_sent;
  out["denied"] = denied_dict(s);
  out["breakers"] = breaker_names(s.breakers);
  out["deadline_exits"] = s.deadline_exits;
  out["gaps_open"] = s.gap_open != 0;
  out["gaps"] = s.gaps;
  out["gap_requests"] = s.gap_requests;
  out["events_lost"] = s.events_lost;
  out["realised"] = s.realised.value;
  out["unrealised"] = s.unrealised.value;
  out["fees"] = s.fees.value;
  out["equity"] = s.equity.value;
  out["maker_share"] = s.traded_qty == 0
                           ? py::object(py::none())
                           : py::object(py::float_(static_cast<double>(s.maker_qty) /
                                                   static_cast<double>(s.traded_qty)));
  out["holding_ns_max"] = s.longest_holding.value;
  py::list instruments;
  for (std::size_t i = 0; i < s.instrument_count; ++i) {
    const engine::InstrumentSnapshot& instrument = s.instruments[i];
    py::dict row;
    row["symbol"] = symbols[i];
    row["instrument"] = index(instrument.instrument);
    row["bid"] = instrument.bid.value;
    row["ask"] = instrument.ask.value;
    row["bid_qty"] = instrument.bid_qty;
    row["ask_qty"] = instrument.ask_qty;
    row["position"] = instrument.position;
    row["net"] = instrument.net.value;
    instruments.append(row);
  }
  out["instruments"] = instruments;
  return out;
}

py::dict summary_dict(const journal::Recorder& recorder) {
  const engine::Snapshot& s = recorder.snapshot();
  py::dict out = snapshot_dict(s, recorder.symbols());
  py::dict symbols;
  py::dict positions;
  for (std::size_t i = 0; i < s.instrument_count; ++i) {
    const std::string& symbol = recorder.symbols()[i];
    symbols[py::int_(index(s.instruments[i].instrument))] = symbol;
    positions[py::str(symbol)] = s.instruments[i].position;
  }
  out["symbols"] = symbols;
  out["positions"] = positions;
  char digest[17];
  std::snprintf(digest, sizeof digest, "%016lx",
                static_cast<unsigned long>(recorder.digest()));
  out["hash"] = digest;
  out["orders_in_gap"] = recorder.orders_in_gap();
  out["message_lost"] = recorder.message_lost();
  py::list trips;
  for (const journal::Event& event : recorder.events()) {
    if (event.kind != "breaker") continue;
    py::dict trip;
    trip["time"] = event.time.value;
    trip["text"] = event.text;
    trips.append(trip);
  }
  out["trips"] = trips;
  return out;
}

py::object user_signal_dict(const std::optional<engine::UserSignalFigures>& figures) {
  if (!figures) return py::none();
  py::dict out;
  out["calls"] = figures->calls;
  out["not_finite"] = figures->not_finite;
  return out;
}

}  // namespace pyscalp::bindings
