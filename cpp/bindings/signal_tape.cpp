// The compiled signals over arrays of events, of whatever origin.
#include "bindings/bindings.hpp"
#include "bindings/signal_columns.hpp"
#include "signal/signal_set.hpp"

namespace pyscalp::bindings {

namespace {

using Ints = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>;

enum EventKind : std::int64_t { kBook = 0, kTrade = 1, kOrder = 2 };

/// The columns by name; of one that is left out every entry is the same.
class EventColumns {
 public:
  explicit EventColumns(const py::dict& columns) {
    if (!columns.contains("kind") || !columns.contains("time")) {
      throw py::value_error("columns: kind and time are needed");
    }
    for (const auto& [key, value] : columns) {
      held_.emplace_back(py::cast<std::string>(key), py::cast<Ints>(value));
    }
    rows_ = find("kind")->shape(0);
    for (const auto& [name, array] : held_) {
      const bool levels = name.find("_level_") != std::string::npos;
      if (array.ndim() != (levels ? 2 : 1) || array.shape(0) != rows_) {
        throw py::value_error("columns: " + name +
                              " is not of the shape that kind asks for");
      }
    }
  }

  py::ssize_t rows() const { return rows_; }
  /// Null where it was left out.
  const Ints* find(const std::string& name) const {
    for (const auto& [held, array] : held_)
      if (held == name) return &array;
    return nullptr;
  }
  /// The entries of a column of one dimension.
  class Column {
   public:
    Column(const EventColumns& columns, const char* name, std::int64_t otherwise)
        : otherwise_(otherwise) {
      if (const Ints* found = columns.find(name)) data_ = found->data();
    }
    std::int64_t operator[](py::ssize_t row) const {
      return data_ == nullptr ? otherwise_ : data_[row];
    }

   private:
    const std::int64_t* data_ = nullptr;
    std::int64_t otherwise_;
  };

 private:
  std::vector<std::pair<std::string, Ints>> held_;
  py::ssize_t rows_ = 0;
};

/// The levels of one side; without columns of their own, the touch alone.
class SideLevels {
 public:
  SideLevels(const EventColumns& columns, const std::string& side)
      : price_(columns.find(side + "_level_price")),
        qty_(columns.find(side + "_level_qty")) {
    if ((price_ == nullptr) != (qty_ == nullptr)) {
      throw py::value_error("columns: " + side + "_level_price goes with its _qty");
    }
    if (price_ == nullptr) return;
    width_ = price_->shape(1);
    if (qty_->shape(1) != width_ || width_ > signal::kMaxShownLevels) {
      throw py::value_error("columns: levels of " + side +
                            " are of two widths, or more than 32");
    }
  }

  std::span<const book::LevelView> at(py::ssize_t row, Price price, Qty qty) {
    std::size_t count = 0;
    if (price_ == nullptr) {
      if (price != kNoPrice) levels_[count++] = {price, qty, 1};
    } else {
      for (py::ssize_t i = 0; i < width_; ++i) {
        const Price level{price_->data()[row * width_ + i]};
        if (level == kNoPrice) break;
        levels_[count++] = {level, qty_->data()[row * width_ + i], 1};
      }
    }
    return {levels_.data(), count};
  }

 private:
  const Ints* price_;
  const Ints* qty_;
  py::ssize_t width_ = 0;
  std::array<book::LevelView, signal::kMaxShownLevels> levels_{};
};

struct Heard {
  std::vector<std::int64_t> time, trades_seen;
  SignalColumns said;
};

/// Shows every event to the signals, in order.
void show(const EventColumns& columns, Price tick, signal::SignalSet& signals,
          Heard& heard) {
  using Column = EventColumns::Column;
  const Column kind(columns, "kind", 0), time(columns, "time", 0);
  const Column price(columns, "price", kNoPrice.value), qty(columns, "qty", 0);
  const Column side(columns, "side", 0);
  const Column bid(columns, "bid", kNoPrice.value), bid_qty(columns, "bid_qty", 0);
  const Column ask(columns, "ask", kNoPrice.value), ask_qty(columns, "ask_qty", 0);
  const Column order_kind(columns, "order_kind", 0), reference(columns, "reference", 0);
  const Column order_qty(columns, "order_qty", 0), level_qty(columns, "level_qty", 0);
  SideLevels bids(columns, "bid"), asks(columns, "ask");
  constexpr InstrumentId kInstrument{1};

  std::int64_t trades = 0;
  for (py::ssize_t row = 0; row < columns.rows(); ++row) {
    const UnixNanos now{time[row]};
    const Side from = side[row] < 0 ? Side::kSell : Side::kBuy;
    if (kind[row] == kTrade) {
      signals.on_trade({Price{price[row]}, qty[row], from, side[row] == 0, now});
      ++trades;
    } else if (kind[row] == kOrder) {
      signals.on_order({static_cast<book::OrderEvent::Kind>(order_kind[row]), from,
                        kInstrument, static_cast<std::uint64_t>(reference[row]),
                        Price{price[row]}, qty[row], order_qty[row], level_qty[row]},
                       now);
    } else {
      const book::Touch touch{Price{bid[row]}, Price{ask[row]}, bid_qty[row],
                              ask_qty[row]};
      signals.on_book({kInstrument, MonoNanos{now.value}, now, touch,
                       bids.at(row, touch.bid, touch.bid_qty),
                       asks.at(row, touch.ask, touch.ask_qty), tick});
      heard.time.push_back(now.value);
      heard.trades_seen.push_back(trades);
      heard.said.note(signals);
    }
  }
}

void check_kinds(const EventColumns& columns) {
  const EventColumns::Column kind(columns, "kind", 0), order(columns, "order_kind", 0);
  for (py::ssize_t row = 0; row < columns.rows(); ++row) {
    if (kind[row] < kBook || kind[row] > kOrder || order[row] < 0 || order[row] > 3) {
      throw py::value_error("columns: row " + std::to_string(row) +
                            " is of no kind that there is");
    }
  }
}

py::dict signal_tape(const py::dict& config, const py::dict& arrays) {
  const engine::EngineConfig engine = engine_config(config);
  const EventColumns columns(arrays);
  check_kinds(columns);
  Heard heard;
  {
    signal::SignalSet signals(engine.signals);
    const py::gil_scoped_release release;
    show(columns, engine.instruments.front().tick, signals, heard);
  }
  py::dict out;
  out["time"] = column(heard.time);
  out["trades_seen"] = column(heard.trades_seen);
  heard.said.put_into(out);
  return out;
}

}  // namespace

void add_signal_tape(py::module_& module) {
  module.def(
      "signal_tape", &signal_tape, py::arg("config"), py::arg("columns"),
      "What each signal says at every book event among those given, in order.\n\n"
      "`config` is the engine's, the tick that of its first instrument. `columns` are "
      "int64 arrays of one length. Needed: "
      "kind "
      "(0 the book after a change, 1 a trade, 2 what happened to one order), time (ns "
      "since the venue's midnight). Of books: bid, bid_qty, ask, ask_qty (1e-9; "
      "2**63 - 1, also where left out, is an empty side), and of shape (events, up to "
      "32), best first, bid_level_price, bid_level_qty and the same of ask (left out: "
      "the touch alone). Of trades and orders: price, qty, side (1 buy, -1 sell; of "
      "trades the side that came to the market, 0 a hidden order). Of orders: "
      "order_kind (0 added, 1 executed, 2 reduced, 3 removed), reference, order_qty, "
      "level_qty. Whoever has trades but no quotes puts a touch of one tick on either "
      "side around each.\n\n"
      "Returns arrays of one length, an entry a book event: time, trades_seen, and "
      "what "
      "signals say and measure as `signal_rows` has them.\n\n"
      "Raises ValueError where a column has another shape, or a kind is none.");
}

}  // namespace pyscalp::bindings
