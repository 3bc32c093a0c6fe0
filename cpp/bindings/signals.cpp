// The compiled signals over a recording, event by event, for comparison with others.
#include "bindings/bindings.hpp"
#include "bindings/signal_columns.hpp"
#include "signal/market_levels.hpp"
#include "signal/signal_set.hpp"
#include "wire/binary_file.hpp"

namespace pyscalp::bindings {

namespace {

using Column = std::vector<std::int64_t>;

/// What the signals were shown and what they said, one entry a message about the
/// instrument or a trade.
struct Tape {
  Column time, bid, ask, bid_qty, ask_qty, trades_seen;
  /// By Side; as many entries an event as levels are shown.
  std::array<Column, 2> level_price, level_qty;
  SignalColumns said;
  Column trade_time, trade_price, trade_qty, trade_side;
};

/// Drives the signals of one instrument as the engine does, each by itself.
class Rehearsal {
 public:
  Rehearsal(const engine::EngineConfig& config, InstrumentId id, Tape& tape)
      : id_(id),
        shown_(static_cast<std::size_t>(config.shown_levels)),
        levels_(config.shown_levels),
        tick_(config.instruments.front().tick),
        signals_(config.signals),
        tape_(tape) {}

  void apply(Bytes message) {
    touched_ = false;
    books_.apply(message, *this);
    if (!touched_) return;
    const signal::MarketView view = market_view();
    signals_.on_book(view);
    tape_.time.push_back(view.venue_time.value);
    tape_.bid.push_back(view.touch.bid.value);
    tape_.ask.push_back(view.touch.ask.value);
    tape_.bid_qty.push_back(view.touch.bid_qty);
    tape_.ask_qty.push_back(view.touch.ask_qty);
    tape_.trades_seen.push_back(static_cast<std::int64_t>(tape_.trade_time.size()));
    for (const Side side : {Side::kBuy, Side::kSell})
      put_levels(side, view.levels(side));
    tape_.said.note(signals_);
  }

  void on_book(InstrumentId id) { touched_ = touched_ || id == id_; }
  void on_level(const book::BookChange& change) {
    if (change.instrument == id_) levels_.on_level(change);
  }
  void on_order(const book::OrderEvent& event) {
    if (event.instrument == id_) signals_.on_order(event, books_.venue_time());
  }
  void on_trade(const book::TradeView& trade) {
    if (trade.instrument != id_) return;
    touched_ = true;
    signals_.on_trade(
        {trade.price, trade.qty, trade.aggressor, trade.hidden, books_.venue_time()});
    tape_.trade_time.push_back(books_.venue_time().value);
    tape_.trade_price.push_back(trade.price.value);
    tape_.trade_qty.push_back(trade.qty);
    tape_.trade_side.push_back(trade.hidden ? 0 : sign(trade.aggressor));
  }

 private:
  signal::MarketView market_view() {
    levels_.read(books_.books(), id_);
    const UnixNanos time = books_.venue_time();
    return {id_,
            MonoNanos{time.value},
            time,
            books_.books().touch(id_),
            levels_.side(Side::kBuy),
            levels_.side(Side::kSell),
            tick_};
  }
  void put_levels(Side side, std::span<const book::LevelView> levels) {
    Column& prices = tape_.level_price[index(side)];
    Column& quantities = tape_.level_qty[index(side)];
    for (std::size_t i = 0; i < shown_; ++i) {
      prices.push_back(i < levels.size() ? levels[i].price.value : kNoPrice.value);
      quantities.push_back(i < levels.size() ? levels[i].qty : 0);
    }
  }

  InstrumentId id_;
  std::size_t shown_;
  signal::MarketLevels levels_;
  Price tick_;
  signal::SignalSet signals_;
  book::ItchBooks books_;
  bool touched_ = false;
  Tape& tape_;
};

py::array_t<std::int64_t> matrix(const Column& values, int width) {
  const auto rows = static_cast<py::ssize_t>(values.size()) / width;
  return py::array_t<std::int64_t>(
      std::vector<py::ssize_t>{rows, static_cast<py::ssize_t>(width)}, values.data());
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
  out["trades_seen"] = column(tape.trades_seen);
  for (const Side side : {Side::kBuy, Side::kSell}) {
    const std::string prefix = side == Side::kBuy ? "bid" : "ask";
    out[py::str(prefix + "_level_price")] =
        matrix(tape.level_price[index(side)], engine.shown_levels);
    out[py::str(prefix + "_level_qty")] =
        matrix(tape.level_qty[index(side)], engine.shown_levels);
  }
  tape.said.put_into(out);
  out["trade_time"] = column(tape.trade_time);
  out["trade_price"] = column(tape.trade_price);
  out["trade_qty"] = column(tape.trade_qty);
  out["trade_side"] = column(tape.trade_side);
  return out;
}

}  // namespace

void add_signals(py::module_& module) {
  module.def(
      "signal_rows", &signal_rows, py::arg("config"), py::arg("day"), py::arg("locate"),
      "What each signal says at every event of one instrument in a recording.\n\n"
      "`config` is the engine's, `day` an ITCH 5.0 BinaryFILE. Returns int64 "
      "arrays. Of one length: time (ns since midnight), bid, ask (1e-9; 2**63 - 1 "
      "where a side is empty), bid_qty, ask_qty, trades_seen; for each signal its "
      "expected move under its name (1e-9, 0 is no opinion), and under its name with "
      "_leave and _veto a bit for longs (1) and shorts (2). What enabled signals have "
      "worked out, float64: mean_reversion_vwap, _vwap_sigma, _rolling_vwap, "
      "_rolling_sigma, _bollinger_mean, _bollinger_sigma, _efficiency_ratio, "
      "_variance_ratio, book_imbalance_measured and momentum_relative_volume (0 where "
      "not known or not used); int64: momentum_tight (0 or 1), momentum_poc, "
      "_value_low, _value_high, _low, _high (lower edges of buckets, 1e-9; 2**63 - 1 "
      "where there is no trade). The tick is that of the first instrument configured. "
      "Of shape (events, "
      "signals.shown_levels): bid_level_price, bid_level_qty and the same of ask, best "
      "first. Of another length: trade_time, trade_price, trade_qty, trade_side (1 the "
      "buyer came to the market, -1 the seller, 0 not told: a hidden order).");
}

}  // namespace pyscalp::bindings
