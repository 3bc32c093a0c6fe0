// What a call of a user's signal costs, on the events of a recording.
#include <algorithm>

#include "base/clock.hpp"
#include "bindings/bindings.hpp"
#include "signal/market_levels.hpp"
#include "wire/binary_file.hpp"

namespace pyscalp::bindings {

namespace {

/// An event as the engine would show it, with the trades that came before.
struct Shown {
  UnixNanos time{};
  book::Touch touch;
  std::array<std::array<book::LevelView, 8>, 2> levels{};
  std::array<std::size_t, 2> count{};
  std::size_t trades_end = 0;
};

/// Collects the events of one instrument.
class Events {
 public:
  Events(InstrumentId id, std::size_t most) : id_(id), most_(most) {}

  bool apply(Bytes message) {
    touched_ = false;
    books_.apply(message, *this);
    if (!touched_ || !books_.books().touch(id_).sound()) return true;
    levels_.read(books_.books(), id_);
    Shown& shown = shown_.emplace_back();
    shown.time = books_.venue_time();
    shown.touch = books_.books().touch(id_);
    for (const Side side : {Side::kBuy, Side::kSell}) {
      const auto levels = levels_.side(side);
      std::copy(levels.begin(), levels.end(), shown.levels[index(side)].begin());
      shown.count[index(side)] = levels.size();
    }
    shown.trades_end = trades_.size();
    return shown_.size() < most_;
  }
  void on_book(InstrumentId id) { touched_ = touched_ || id == id_; }
  void on_level(const book::BookChange& change) {
    if (change.instrument == id_) levels_.on_level(change);
  }
  void on_order(const book::OrderEvent&) {}
  void on_trade(const book::TradeView& trade) {
    if (trade.instrument != id_) return;
    touched_ = true;
    trades_.push_back(
        {trade.price, trade.qty, trade.aggressor, trade.hidden, books_.venue_time()});
  }

  std::size_t size() const { return shown_.size(); }

  /// Shows all of them once, `later` ns after their time; what was said, summed up.
  std::int64_t show(signal::UserSignal& signal, std::int64_t later) const {
    std::int64_t sum = 0;
    std::size_t traded = 0;
    for (const Shown& shown : shown_) {
      for (; traded < shown.trades_end; ++traded) {
        signal::Trade trade = trades_[traded];
        trade.venue_time.value += later;
        signal.on_trade(trade);
      }
      const UnixNanos at{shown.time.value + later};
      const auto side = [&](Side which) {
        return std::span<const book::LevelView>(shown.levels[index(which)].data(),
                                                shown.count[index(which)]);
      };
      sum += signal
                 .on_book({id_, MonoNanos{at.value}, at, shown.touch, side(Side::kBuy),
                           side(Side::kSell)})
                 .expected_move.value;
    }
    return sum;
  }
  std::int64_t length() const {
    return shown_.empty() ? 0
                          : shown_.back().time.value - shown_.front().time.value + 1;
  }

 private:
  InstrumentId id_;
  std::size_t most_;
  book::ItchBooks books_;
  signal::MarketLevels levels_{8};
  std::vector<Shown> shown_;
  std::vector<signal::Trade> trades_;
  bool touched_ = false;
};

/// Several signals on the same events, lap by lap in turns.
class SignalCost {
 public:
  SignalCost(const py::bytes& day, std::uint16_t locate, std::size_t most)
      : events_(InstrumentId{locate}, most) {
    const std::string_view view = day;
    wire::BinaryFileReader reader(
        Bytes(reinterpret_cast<const std::byte*>(view.data()), view.size()));
    while (const auto message = reader.next()) {
      if (!events_.apply(*message)) break;
    }
    if (events_.size() == 0) throw py::value_error("the instrument has no events");
  }

  void add(const py::dict& config) {
    const engine::EngineConfig engine = engine_config(config);
    const auto& choice = engine.signals.of<signal::UserSignal>();
    if (!choice.enabled) throw py::value_error("signals.user is not at work");
    keeps_.append(config);
    signals_.emplace_back(choice.options);
  }

  /// Nanoseconds an event, of one lap of each signal, and the sum of what it said.
  std::vector<std::pair<double, std::int64_t>> lap() {
    std::vector<std::pair<double, std::int64_t>> out;
    const py::gil_scoped_release release;
    const std::int64_t later = laps_++ * events_.length();
    for (signal::UserSignal& signal : signals_) {
      const MonoNanos began = clock_.now();
      const std::int64_t sum = events_.show(signal, later);
      const MonoNanos took = clock_.now() - began;
      out.emplace_back(
          static_cast<double>(took.value) / static_cast<double>(events_.size()), sum);
    }
    return out;
  }
  std::size_t events() const { return events_.size(); }

 private:
  Events events_;
  py::list keeps_;  ///< what the signals are made of
  std::vector<signal::UserSignal> signals_;
  MonoClock clock_;
  std::int64_t laps_ = 0;
};

}  // namespace

void add_signal_cost(py::module_& module) {
  py::class_<SignalCost>(
      module, "SignalCost",
      "What a call of users' signals costs, for bench/own_signal.py.")
      .def(py::init<const py::bytes&, std::uint16_t, std::size_t>(), py::arg("day"),
           py::arg("locate"), py::arg("most"),
           "Of the first `most` events of an instrument at which its book is sound.")
      .def("add", &SignalCost::add, py::arg("config"),
           "Time signals.user of this configuration, too.")
      .def("lap", &SignalCost::lap,
           "Show every event to one signal after the other: (ns an event, sum of the "
           "expected moves) of each.")
      .def_property_readonly("events", &SignalCost::events);
}

}  // namespace pyscalp::bindings
