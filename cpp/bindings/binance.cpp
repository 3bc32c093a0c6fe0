#include "bindings/bindings.hpp"

#if defined(PYSCALP_HAS_BINANCE)
#include "binance/market_feed.hpp"
#endif

namespace pyscalp::bindings {

#if defined(PYSCALP_HAS_BINANCE)

namespace {

using binance::MarketFeed;
using binance::MarketMessage;
using binance::MessageKind;
using binance::MessageStatus;

/// (name, tickSize, stepSize) of each symbol; numbers from 1 in their order.
std::vector<binance::SymbolRules> read_rules(
    const std::vector<std::tuple<std::string, std::string, std::string>>& symbols) {
  std::vector<binance::SymbolRules> rules;
  for (const auto& [name, tick, step] : symbols) {
    binance::SymbolRules read;
    const auto id = static_cast<std::uint16_t>(rules.size() + 1);
    const auto status = binance::SymbolRules::read(
        {.name = name, .id = InstrumentId{id}, .tick = tick, .step = step}, read);
    if (status != binance::RulesStatus::kOk)
      throw py::value_error("symbol " + name + " " + binance::explain(status));
    rules.push_back(read);
  }
  if (rules.empty() || rules.size() > binance::SymbolTable::kMaxSymbols)
    throw py::value_error("a feed follows 1 to 1024 symbols");
  return rules;
}

std::string_view json_of(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
    line.remove_suffix(1);
  const std::size_t at = line.find('{');
  return at == std::string_view::npos ? std::string_view{} : line.substr(at);
}
Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// Calls `take(json)` for each line of a capture.
template <class Take>
void each_line(std::string_view text, Take&& take) {
  while (!text.empty()) {
    const std::size_t stop = std::min(text.find('\n'), text.size());
    const std::string_view json = json_of(text.substr(0, stop));
    if (!json.empty()) take(json);
    text.remove_prefix(std::min(stop + 1, text.size()));
  }
}

/// A feed, and what it told its listener.
class CryptoFeed {
 public:
  CryptoFeed(const std::string& market,
             const std::vector<std::tuple<std::string, std::string, std::string>>& of,
             std::int64_t snapshot_interval_ns, std::int64_t snapshot_backoff_ns)
      : rules_(read_rules(of)),
        feed_(rules_, options(market, snapshot_interval_ns, snapshot_backoff_ns)),
        shadow_(feed_.symbols()) {}

  void on_up(int connection, std::int64_t now) {
    feed_.on_up(connected(connection), {now});
  }
  void on_down(int connection, std::int64_t now) {
    feed_.on_down(connected(connection), {now}, told_);
  }
  const char* on_message(int connection, std::string_view text, std::int64_t now) {
    return name(feed_.on_message(connected(connection), bytes_of(text), {now}, told_));
  }
  const char* on_snapshot(const std::string& symbol, std::string_view text,
                          std::int64_t now) {
    return name(feed_.on_snapshot(id_of(symbol), bytes_of(text), {now}, told_));
  }
  void on_snapshot_failed(const std::string& symbol, std::int64_t now) {
    feed_.on_snapshot_failed(id_of(symbol), {now});
  }
  std::optional<std::string> take_snapshot_request(std::int64_t now) {
    InstrumentId id{};
    if (!feed_.take_snapshot_request({now}, id)) return std::nullopt;
    return std::string(feed_.symbols().find(id)->rules.name());
  }
  bool stale(const std::string& symbol) const { return feed_.stale(id_of(symbol)); }
  bool reconnect_wanted(int connection) const {
    return feed_.reconnect_wanted(connected(connection));
  }
  std::optional<std::int64_t> next_deadline() const {
    const MonoNanos at = feed_.next_deadline();
    if (at == kNever) return std::nullopt;
    return at.value;
  }
  std::int64_t venue_time() const { return feed_.venue_time().value; }

  py::list levels(const std::string& symbol, const std::string& side, int count) const {
    if (side != "bid" && side != "ask") throw py::value_error("side is bid or ask");
    std::vector<book::LevelView> view(static_cast<std::size_t>(std::max(count, 0)));
    const int found = feed_.books().levels(
        id_of(symbol), side == "bid" ? Side::kBuy : Side::kSell, view.data(), count);
    py::list out;
    for (int i = 0; i < found; ++i) {
      const book::LevelView& level = view[static_cast<std::size_t>(i)];
      out.append(py::make_tuple(level.price.value, level.qty));
    }
    return out;
  }

  py::dict counters() const {
    const MarketFeed::Counters& c = feed_.counters();
    py::dict kinds, statuses, out;
    for (int i = 0; i < binance::kMessageKindCount; ++i)
      kinds[name(static_cast<MessageKind>(i))] = c.kinds[i];
    for (int i = 0; i < binance::kMessageStatusCount; ++i)
      statuses[name(static_cast<MessageStatus>(i))] = c.statuses[i];
    out["messages"] = c.messages;
    out["kinds"] = kinds;
    out["statuses"] = statuses;
    out["first"] = std::vector<std::uint64_t>(std::begin(c.first), std::end(c.first));
    out["stale"] = c.stale;
    out["fresh"] = c.fresh;
    out["snapshots_asked"] = c.snapshots_asked;
    out["snapshots_taken"] = c.snapshots_taken;
    out["snapshots_failed"] = c.snapshots_failed;
    out["restarts"] = c.restarts;
    out["trades_missing"] = c.trades_missing;
    out["trades_not_of_market"] = c.trades_not_of_market;
    out["held_given_up"] = c.held_given_up;
    out["by_shape"] = feed_.decoder_counters().by_shape;
    out["by_fields"] = feed_.decoder_counters().by_fields;
    out["rounded"] = feed_.decoder_counters().rounded;
    out["levels_told"] = told_.levels;
    out["books_told"] = told_.books;
    return out;
  }

  /// What the listener was told of states and trades, and forgets it.
  py::list take_told() {
    py::list out;
    for (const Told::Event& event : told_.events) {
      const auto symbol = feed_.symbols().find(event.id)->rules.name();
      out.append(py::make_tuple(event.what, std::string(symbol), event.price.value,
                                event.qty, event.side == Side::kBuy ? "buy" : "sell"));
    }
    told_.events.clear();
    return out;
  }

  py::dict run(std::string_view lines, int depth);
  py::dict compare_parsers(std::string_view lines, const std::string& symbol);

 private:
  struct Told {
    struct Event {
      const char* what;
      InstrumentId id;
      Price price{};
      Qty qty = 0;
      Side side = Side::kBuy;
    };
    std::vector<Event> events;
    std::uint64_t levels = 0;
    std::uint64_t books = 0;

    void on_level(const book::BookChange&) { ++levels; }
    void on_book(InstrumentId) { ++books; }
    void on_trade(const book::TradeView& trade) {
      events.push_back(
          {"trade", trade.instrument, trade.price, trade.qty, trade.aggressor});
    }
    void on_stale(InstrumentId id) { events.push_back({"stale", id}); }
    void on_fresh(InstrumentId id) { events.push_back({"fresh", id}); }
  };

  static binance::FeedOptions options(const std::string& market, std::int64_t interval,
                                      std::int64_t backoff) {
    binance::FeedOptions options;
    if (market != "spot" && market != "futures")
      throw py::value_error("market is spot or futures");
    options.market = market == "spot" ? binance::Market::kSpot : binance::Market::kUsdm;
    options.snapshot_interval = {interval};
    options.snapshot_backoff = {backoff};
    return options;
  }
  static int connected(int connection) {
    if (connection < 0 || connection >= MarketFeed::kConnections)
      throw py::value_error("a connection is 0 to 3");
    return connection;
  }
  InstrumentId id_of(const std::string& symbol) const {
    const binance::Symbol* of = feed_.symbols().find(symbol);
    if (of == nullptr) throw py::key_error(symbol + " is not followed");
    return of->rules.id();
  }

  std::vector<binance::SymbolRules> rules_;
  MarketFeed feed_;
  binance::MarketDecoder shadow_;
  Told told_;
};

py::dict CryptoFeed::run(std::string_view lines, int depth) {
  if (depth < 0 || depth > 1'000) throw py::value_error("depth is 0 to 1000 levels");
  struct Row {
    std::int64_t line, symbol, ticker_id, depth_id, fresh, bids, asks;
  };
  static_assert(sizeof(Row) == 56);
  std::vector<Row> rows;
  std::vector<std::int64_t> levels, touches;
  std::int64_t line = 0;
  {
    const py::gil_scoped_release unlocked;
    std::vector<book::LevelView> view(static_cast<std::size_t>(depth));
    const auto put = [&](InstrumentId id, Side side) {
      const int found = feed_.books().levels(id, side, view.data(), depth);
      for (int i = 0; i < depth; ++i) {
        const bool there = i < found;
        levels.push_back(there ? view[static_cast<std::size_t>(i)].price.value : 0);
        levels.push_back(there ? view[static_cast<std::size_t>(i)].qty : 0);
      }
    };
    each_line(lines, [&](std::string_view json) {
      const MonoNanos now{++line * 1'000'000};
      if (json.starts_with("{\"lastUpdateId\"")) {
        InstrumentId id{};
        if (feed_.take_snapshot_request(now, id))
          feed_.on_snapshot(id, bytes_of(json), now, told_);
        return;
      }
      feed_.on_message(0, bytes_of(json), now, told_);
      const MarketMessage& m = feed_.last_message();
      if (m.kind != MessageKind::kBookTicker || m.symbol == nullptr) return;
      const InstrumentId id = m.symbol->rules.id();
      const binance::DepthBook& book = *feed_.depth_book(id);
      rows.push_back({line, index(id), static_cast<std::int64_t>(m.last_id),
                      static_cast<std::int64_t>(book.last_id()), book.fresh(),
                      feed_.books().level_count(id, Side::kBuy),
                      feed_.books().level_count(id, Side::kSell)});
      put(id, Side::kBuy);
      put(id, Side::kSell);
      const book::Touch touch = book.depth_touch();
      for (const std::int64_t value :
           {touch.bid.value, touch.bid_qty, touch.ask.value, touch.ask_qty})
        touches.push_back(value);
    });
  }
  const auto count = static_cast<py::ssize_t>(rows.size());
  py::array_t<std::int64_t> facts({count, py::ssize_t{7}});
  py::array_t<std::int64_t> told(
      {count, py::ssize_t{2}, py::ssize_t{depth}, py::ssize_t{2}});
  py::array_t<std::int64_t> of_depth({count, py::ssize_t{4}});
  if (count != 0) {
    std::memcpy(facts.mutable_data(), rows.data(), rows.size() * sizeof(Row));
    std::memcpy(of_depth.mutable_data(), touches.data(), touches.size() * 8);
    if (depth != 0) std::memcpy(told.mutable_data(), levels.data(), levels.size() * 8);
  }
  py::dict out;
  out["rows"] = facts;
  out["levels"] = told;
  out["depth_touch"] = of_depth;
  out["lines"] = line;
  return out;
}

py::dict CryptoFeed::compare_parsers(std::string_view lines,
                                     const std::string& symbol) {
  const binance::Symbol* const of = feed_.symbols().find(id_of(symbol));
  std::uint64_t count = 0, by_shape = 0, refused = 0, different = 0;
  binance::MarketDecoder quick(feed_.symbols());
  {
    const py::gil_scoped_release unlocked;
    each_line(lines, [&](std::string_view json) {
      const binance::Symbol* const whose =
          json.starts_with("{\"lastUpdateId\"") ? of : nullptr;
      MarketMessage a, b;
      const MessageStatus first = quick.decode(bytes_of(json), a, whose);
      const MessageStatus second = shadow_.decode_by_fields(bytes_of(json), b, whose);
      ++count;
      by_shape += a.by_shape && first == MessageStatus::kOk;
      refused += first != MessageStatus::kOk;
      different += first != second || (first == MessageStatus::kOk && !same(a, b));
    });
  }
  py::dict out;
  out["lines"] = count;
  out["by_shape"] = by_shape;
  out["refused"] = refused;
  out["different"] = different;
  return out;
}

}  // namespace

void add_binance(py::module_& module) {
  module.attr("has_binance") = true;
  py::class_<CryptoFeed>(
      module, "CryptoFeed",
      "Market data of Binance: messages in, a book a symbol out. "
      "Times are ns of any clock that never steps; prices are of one "
      "lot at 1e-9, quantities are lots. One thread.")
      .def(py::init<
               const std::string&,
               const std::vector<std::tuple<std::string, std::string, std::string>>&,
               std::int64_t, std::int64_t>(),
           py::arg("market"), py::arg("symbols"),
           py::arg("snapshot_interval_ns") = 500'000'000,
           py::arg("snapshot_backoff_ns") = 1'000'000'000,
           "``market`` is spot or futures, ``symbols`` are (name, tickSize, stepSize) "
           "as exchangeInfo writes them; ValueError where one cannot be followed.")
      .def("on_up", &CryptoFeed::on_up, py::arg("connection"), py::arg("now"))
      .def("on_down", &CryptoFeed::on_down, py::arg("connection"), py::arg("now"))
      .def("on_message", &CryptoFeed::on_message, py::arg("connection"),
           py::arg("text"), py::arg("now"), "What became of the message, by name.")
      .def("on_snapshot", &CryptoFeed::on_snapshot, py::arg("symbol"), py::arg("text"),
           py::arg("now"), "What became of the answer to a request, by name.")
      .def("on_snapshot_failed", &CryptoFeed::on_snapshot_failed, py::arg("symbol"),
           py::arg("now"))
      .def("take_snapshot_request", &CryptoFeed::take_snapshot_request, py::arg("now"),
           "The symbol whose snapshot is to be asked for now; None where none is.")
      .def("stale", &CryptoFeed::stale, py::arg("symbol"))
      .def("reconnect_wanted", &CryptoFeed::reconnect_wanted, py::arg("connection"))
      .def("next_deadline", &CryptoFeed::next_deadline)
      .def("venue_time", &CryptoFeed::venue_time, "Newest T or E, ns since 1970.")
      .def("levels", &CryptoFeed::levels, py::arg("symbol"), py::arg("side"),
           py::arg("count"), "(price, quantity) of the best levels of bid or ask.")
      .def("counters", &CryptoFeed::counters)
      .def("take_told", &CryptoFeed::take_told,
           "(what, symbol, price, quantity, aggressor) of trade, stale and fresh, in "
           "order, since the last call.")
      .def(
          "run", &CryptoFeed::run, py::arg("lines"), py::arg("depth"),
          "Takes the lines of a capture; at every bookTicker a row of `rows` (line, "
          "symbol, ticker's u, depth's u, fresh, bids, asks), of `levels` (side, rank, "
          "price and quantity) and of `depth_touch`.")
      .def("compare_parsers", &CryptoFeed::compare_parsers, py::arg("lines"),
           py::arg("symbol"),
           "Reads each line by its shape and by simdjson, and counts `lines`, "
           "`by_shape`, `refused` and `different`; snapshots are of ``symbol``.");
}

#else

void add_binance(py::module_& module) { module.attr("has_binance") = false; }

#endif

}  // namespace pyscalp::bindings
