// The compiled signals over a recording, event by event, for comparison with others.
#include "bindings/bindings.hpp"
#include "signal/signal_set.hpp"
#include "wire/binary_file.hpp"

namespace pyscalp::bindings {

namespace {

/// What the signals were shown and what they said, one entry a packet or trade.
struct Tape {
  std::vector<std::int64_t> time, bid, ask, bid_qty, ask_qty, bid_depth, ask_depth;
  std::vector<std::int64_t> trades_seen, mean_reversion, book_imbalance;
  std::vector<std::int64_t> trade_time, trade_price, trade_qty;
};

/// Drives both signals of one instrument as the engine does.
class Rehearsal {
 public:
  Rehearsal(const engine::EngineConfig& config, InstrumentId id, Tape& tape)
      : id_(id),
        levels_(config.depth_levels),
        mean_reversion_(config.signals.of<signal::MeanReversion>().options),
        book_imbalance_(config.signals.of<signal::BookImbalance>().options),
        tape_(tape) {}

  void apply(Bytes message) {
    touched_ = false;
    books_.apply(message, *this);
    if (!touched_) return;
    const signal::MarketView view = market_view();
    tape_.time.push_back(view.venue_time.value);
    tape_.bid.push_back(view.touch.bid.value);
    tape_.ask.push_back(view.touch.ask.value);
    tape_.bid_qty.push_back(view.touch.bid_qty);
    tape_.ask_qty.push_back(view.touch.ask_qty);
    tape_.bid_depth.push_back(view.bid_depth);
    tape_.ask_depth.push_back(view.ask_depth);
    tape_.trades_seen.push_back(static_cast<std::int64_t>(tape_.trade_time.size()));
    tape_.mean_reversion.push_back(mean_reversion_.on_book(view).expected_move.value);
    tape_.book_imbalance.push_back(book_imbalance_.on_book(view).expected_move.value);
  }

  void on_book(InstrumentId id) { touched_ = touched_ || id == id_; }
  void on_trade(const book::TradeView& trade) {
    if (trade.instrument != id_) return;
    touched_ = true;
    const signal::MarketView view = market_view();
    mean_reversion_.on_trade(view,
                             {trade.price, trade.qty, trade.aggressor, trade.hidden});
    tape_.trade_time.push_back(view.venue_time.value);
    tape_.trade_price.push_back(trade.price.value);
    tape_.trade_qty.push_back(trade.qty);
  }
  void on_directory(InstrumentId, std::string_view) {}

 private:
  signal::MarketView market_view() const {
    const book::OrderBooks& books = books_.books();
    const UnixNanos time = books_.venue_time();
    return {id_,
            MonoNanos{time.value},
            time,
            books.touch(id_),
            books.depth(id_, Side::kBuy, levels_),
            books.depth(id_, Side::kSell, levels_)};
  }

  InstrumentId id_;
  int levels_;
  signal::MeanReversion mean_reversion_;
  signal::BookImbalance book_imbalance_;
  book::ItchBooks books_;
  bool touched_ = false;
  Tape& tape_;
};

py::array_t<std::int64_t> column(const std::vector<std::int64_t>& values) {
  return py::array_t<std::int64_t>(static_cast<py::ssize_t>(values.size()),
                                   values.data());
}

py::dict signal_rows(const py::dict& config, const py::bytes& day,
                     std::uint16_t locate) {
  const engine::EngineConfig engine = engine_config(config);
  const std::string_view view = day;
  Tape tape;
  {
    const py::gil_scoped_release release;
    Rehearsal rehearsal(engine, InstrumentId{locate}, tape);
    wire::BinaryFileReader reader(
        Bytes(reinterpret_cast<const std::byte*>(view.data()), view.size()));
    while (const auto message = reader.next()) rehearsal.apply(*message);
  }
  py::dict out;
  out["time"] = column(tape.time);
  out["bid"] = column(tape.bid);
  out["ask"] = column(tape.ask);
  out["bid_qty"] = column(tape.bid_qty);
  out["ask_qty"] = column(tape.ask_qty);
  out["bid_depth"] = column(tape.bid_depth);
  out["ask_depth"] = column(tape.ask_depth);
  out["trades_seen"] = column(tape.trades_seen);
  out["mean_reversion"] = column(tape.mean_reversion);
  out["book_imbalance"] = column(tape.book_imbalance);
  out["trade_time"] = column(tape.trade_time);
  out["trade_price"] = column(tape.trade_price);
  out["trade_qty"] = column(tape.trade_qty);
  return out;
}

}  // namespace

void add_signals(py::module_& module) {
  module.def(
      "signal_rows", &signal_rows, py::arg("config"), py::arg("day"), py::arg("locate"),
      "What each signal says at every event of one instrument in a recording.\n\n"
      "`config` is the engine's, `day` an ITCH 5.0 BinaryFILE. Returns int64 "
      "arrays: of one length time (ns since midnight), bid, ask (1e-9; 2**63 - 1 "
      "where a side is empty), bid_qty, ask_qty, bid_depth, ask_depth, "
      "trades_seen, and the expected moves mean_reversion and book_imbalance "
      "(1e-9, 0 is no opinion); and of another trade_time, trade_price, "
      "trade_qty.");
}

}  // namespace pyscalp::bindings
