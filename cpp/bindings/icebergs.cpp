// The iceberg detector over a recording, and the day on which it is judged.
#include "bench/iceberg_day.hpp"
#include "bindings/bindings.hpp"
#include "book/itch_books.hpp"
#include "signal/iceberg.hpp"
#include "wire/binary_file.hpp"

namespace pyscalp::bindings {

namespace {

using Column = std::vector<std::int64_t>;

constexpr const char* kKinds[] = {"refilled", "uncovered", "exhausted", "withdrawn"};

/// What the detector said, one entry a sighting.
struct Log {
  Column event, time, kind, side, price, reference, refills, slice, open, executed;
  Column hidden, last, first, believed, believed_before;
  std::vector<double> log_odds, reserve;

  void add(std::int64_t number, UnixNanos now, const signal::Sighting& sighting,
           bool is_believed) {
    const signal::HiddenOrder& order = sighting.order;
    event.push_back(number);
    time.push_back(now.value);
    kind.push_back(static_cast<std::int64_t>(sighting.kind));
    side.push_back(sign(order.side));
    price.push_back(order.price.value);
    reference.push_back(static_cast<std::int64_t>(order.reference));
    refills.push_back(order.refills);
    slice.push_back(order.slice);
    open.push_back(order.open);
    executed.push_back(order.executed);
    hidden.push_back(order.hidden);
    last.push_back(order.last ? 1 : 0);
    first.push_back(order.first.value);
    believed.push_back(is_believed ? 1 : 0);
    believed_before.push_back(sighting.believed_before ? 1 : 0);
    log_odds.push_back(order.log_odds);
    reserve.push_back(order.reserve);
  }
};

/// Feeds the detector of one instrument.
class Watch {
 public:
  Watch(const signal::IcebergDetectorOptions& options, InstrumentId id, Log& log)
      : id_(id), detector_(options), log_(log) {}

  void apply(Bytes message) { books_.apply(message, *this); }
  std::uint64_t forgotten() const { return detector_.forgotten(); }
  void next_day() {
    books_.clear();
    detector_.reset();
    log_ = {};
    events_ = 0;
  }

  void on_order(const book::OrderEvent& event) {
    if (event.instrument != id_) return;
    const UnixNanos now = books_.venue_time();
    for (const signal::Sighting& sighting : detector_.on_order(event, now)) {
      log_.add(events_, now, sighting, detector_.believed(sighting.order));
    }
    ++events_;
  }
  void on_trade(const book::TradeView& trade) {
    if (trade.instrument != id_) return;
    detector_.on_trade(
        {trade.price, trade.qty, trade.aggressor, trade.hidden, books_.venue_time()});
  }

 private:
  InstrumentId id_;
  std::int64_t events_ = 0;
  book::ItchBooks books_;
  signal::IcebergDetector detector_;
  Log& log_;
};

template <class T>
py::array_t<T> array(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::dict iceberg_sightings(const py::dict& config, const py::bytes& day,
                           std::uint16_t locate, const py::bytes& day_before) {
  const engine::EngineConfig engine = engine_config(config);
  Log log;
  std::uint64_t forgotten = 0;
  {
    const std::string_view days[] = {day_before, day};
    const py::gil_scoped_release release;
    const auto& options = engine.signals.of<signal::Iceberg>().options;
    Watch watch(options.detector, InstrumentId{locate}, log);
    for (const std::string_view view : days) {
      watch.next_day();
      wire::BinaryFileReader reader(
          Bytes(reinterpret_cast<const std::byte*>(view.data()), view.size()));
      while (const auto message = reader.next()) watch.apply(*message);
    }
    forgotten = watch.forgotten();
  }
  py::dict out;
  out["event"] = array(log.event);
  out["time"] = array(log.time);
  py::list kinds;
  for (const std::int64_t kind : log.kind) kinds.append(kKinds[kind]);
  out["kind"] = kinds;
  out["side"] = array(log.side);
  out["price"] = array(log.price);
  out["reference"] = array(log.reference);
  out["refills"] = array(log.refills);
  out["slice"] = array(log.slice);
  out["open"] = array(log.open);
  out["executed"] = array(log.executed);
  out["hidden"] = array(log.hidden);
  out["last"] = array(log.last);
  out["first"] = array(log.first);
  out["believed"] = array(log.believed);
  out["believed_before"] = array(log.believed_before);
  out["log_odds"] = array(log.log_odds);
  out["reserve"] = array(log.reserve);
  out["forgotten"] = forgotten;
  return out;
}

py::tuple iceberg_day(std::uint64_t seed, std::uint32_t stocks,
                      std::int64_t duration_ns, std::int64_t iceberg_wait_ns,
                      std::int64_t decoy_wait_ns, double same_stamp, bool heavy_tail,
                      const std::string& record) {
  if (stocks < 1 || stocks > 64 || duration_ns < 1 || iceberg_wait_ns < 1 ||
      decoy_wait_ns < 1 || !(same_stamp >= 0.0 && same_stamp <= 1.0)) {
    throw py::value_error(
        "iceberg_day: from 1 to 64 stocks, times above 0, a share from 0 to 1");
  }
  const bench::IcebergDaySettings settings{seed,
                                           stocks,
                                           MonoNanos{duration_ns},
                                           MonoNanos{iceberg_wait_ns},
                                           MonoNanos{decoy_wait_ns},
                                           same_stamp,
                                           heavy_tail};
  bench::IcebergDay made;
  exchange::RecordStatus status;
  {
    const py::gil_scoped_release release;
    exchange::RecordFile file(record, bench::iceberg_day_instruments(settings));
    made = bench::iceberg_day(settings, file);
    status = file.close();
  }
  if (status != exchange::RecordStatus::kOk) {
    PyErr_SetString(PyExc_OSError, (record + ": the record cannot be written").c_str());
    throw py::error_already_set();
  }
  py::dict counts;
  counts["icebergs"] = made.icebergs;
  counts["decoys"] = made.decoys;
  counts["answers"] = made.answers;
  counts["answers_same_stamp"] = made.answers_same_stamp;
  return py::make_tuple(
      py::bytes(reinterpret_cast<const char*>(made.file.data()), made.file.size()),
      counts);
}

}  // namespace

void add_icebergs(py::module_& module) {
  module.def(
      "iceberg_sightings", &iceberg_sightings, py::arg("config"), py::arg("day"),
      py::arg("locate"), py::arg("day_before") = py::bytes(),
      "What the iceberg detector says of one instrument in a recording.\n\n"
      "`config` is the engine's, of which signals.iceberg is used, `day` an ITCH 5.0 "
      "BinaryFILE, `day_before` another one to learn from first. One entry a sighting: "
      "event (number of the order event), time (ns), "
      "kind (refilled, uncovered, exhausted, withdrawn), side (1 buyer, -1 seller), "
      "price (1e-9), reference, refills, slice, open, executed, hidden (shares), last, "
      "first (ns), believed, believed_before, log_odds, reserve (shares); and "
      "forgotten, the number of orders there was no room for.");
  module.def(
      "iceberg_day", &iceberg_day, py::arg("seed"), py::arg("stocks"),
      py::arg("duration_ns"), py::arg("iceberg_wait_ns"), py::arg("decoy_wait_ns"),
      py::arg("same_stamp"), py::arg("heavy_tail"), py::arg("record"),
      "A day of the included exchange with many icebergs and decoys: its ITCH 5.0 "
      "BinaryFILE and counts of what was put in. Writes the exchange's record of all "
      "orders with a display size to the file `record`. See bench/iceberg_day.hpp. "
      "Raises ValueError for settings out of range, OSError where it cannot write.");
}

}  // namespace pyscalp::bindings
