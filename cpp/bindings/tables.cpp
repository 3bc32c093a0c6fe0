// Tables of books for Python: columns that own their memory, and books to ask.
#include <optional>

#include "bindings/bindings.hpp"
#include "table/event_tables.hpp"
#include "table/itch_tables.hpp"

namespace pyscalp::bindings {

namespace {

using table::BookRows;
using table::ColumnKind;
using table::EventTables;
using table::ItchTables;
using table::Table;

/// How many orders and levels of a whole market may rest at once.
constexpr std::uint32_t kMarketOrders = 1u << 23;
constexpr std::uint32_t kMarketLevels = 1u << 22;

table::BookRowsConfig rows_config(const std::vector<std::string>& tables, int levels,
                                  int ticks, std::int64_t tick, bool receipt) {
  table::BookRowsConfig config;
  config.top = config.trades = false;
  for (const std::string& name : tables) {
    bool* const wanted = name == "top"        ? &config.top
                         : name == "depth"    ? &config.depth
                         : name == "trades"   ? &config.trades
                         : name == "features" ? &config.features
                                              : nullptr;
    if (wanted == nullptr) throw py::value_error("no table is called " + name);
    *wanted = true;
  }
  if (levels < 1 || levels > book::TopLevels::kMaxLevels) {
    throw py::value_error("levels must be 1 to 64");
  }
  if (ticks < 0 || ticks > book::TopLevels::kMaxTicks) {
    throw py::value_error("ticks must be 0 to 4096");
  }
  if (tick < 1) throw py::value_error("the tick must be positive");
  config.levels = {levels, ticks, Price{tick}};
  config.receipt = receipt;
  return config;
}

book::EventCapacity event_capacity(std::int64_t step) {
  if (step < 1) throw py::value_error("the price step must be positive");
  book::EventCapacity capacity;
  capacity.orders.orders = kMarketOrders;
  capacity.orders.levels = kMarketLevels;
  capacity.orders.step = Price{step};
  capacity.levels.levels = 1u << 20;
  return capacity;
}

Table& table_of(BookRows& rows, const std::string& name) {
  if (name == "top") return rows.top;
  if (name == "depth") return rows.depth;
  if (name == "trades") return rows.trades;
  if (name == "features") return rows.features;
  throw py::value_error("no table is called " + name);
}

py::dtype dtype_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kSequence:
    case ColumnKind::kMatch:
      return py::dtype::of<std::uint64_t>();
    case ColumnKind::kOrders:
      return py::dtype::of<std::uint32_t>();
    case ColumnKind::kInstrument:
      return py::dtype::of<std::uint16_t>();
    case ColumnKind::kSide:
    case ColumnKind::kFlag:
      return py::dtype::of<std::uint8_t>();
    case ColumnKind::kRatio:
      return py::dtype::of<double>();
    case ColumnKind::kTime:
    case ColumnKind::kReceipt:
    case ColumnKind::kPrice:
    case ColumnKind::kQty:
    case ColumnKind::kSum:
      break;
  }
  return py::dtype::of<std::int64_t>();
}

py::list columns(BookRows& rows, const std::string& name) {
  py::list described;
  for (const table::ColumnSpec& column : table_of(rows, name).columns()) {
    described.append(py::make_tuple(column.name, table::name(column.kind)));
  }
  return described;
}

/// An array that owns the bytes.
py::array owned(std::unique_ptr<std::byte[]> bytes, const py::dtype& dtype,
                std::size_t rows) {
  std::byte* const at = bytes.release();
  const py::capsule owner(at, [](void* p) { delete[] static_cast<std::byte*>(p); });
  return py::array(dtype, {static_cast<py::ssize_t>(rows)}, {}, at, owner);
}

py::list take(BookRows& rows, const std::string& name) {
  Table& table = table_of(rows, name);
  std::vector<table::Block> blocks = table.take();
  const auto& specs = table.columns();
  py::list taken;
  for (table::Block& block : blocks) {
    std::vector<table::Validity> absent(specs.size());
    {
      const py::gil_scoped_release release;
      for (std::size_t i = 0; i < specs.size(); ++i) {
        absent[i] = table::validity(specs[i].kind, block.columns[i].get(), block.rows);
      }
    }
    py::list arrays;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const auto from = static_cast<std::size_t>(
          specs[i].absent_with < 0 ? static_cast<int>(i) : specs[i].absent_with);
      const table::Validity& found = absent[from];
      py::object bits = py::none();
      if (found.absent != 0) {
        bits = py::bytes(reinterpret_cast<const char*>(found.bits.data()),
                         found.bits.size());
      }
      arrays.append(py::make_tuple(
          owned(std::move(block.columns[i]), dtype_of(specs[i].kind), block.rows), bits,
          found.absent));
    }
    taken.append(py::make_tuple(block.rows, arrays));
  }
  return taken;
}

py::dict status_counts(const std::uint64_t* by_status) {
  py::dict counts;
  for (int i = 1; i < book::kBookStatusCount; ++i) {
    counts[book::name(static_cast<book::BookStatus>(i))] = by_status[i];
  }
  return counts;
}

py::dict itch_counters(const ItchTables& tables) {
  const ItchTables::Counters& ours = tables.counters();
  const book::ItchBooks::Counters& theirs = tables.books().counters();
  py::dict counts = status_counts(theirs.book);
  counts["messages"] = ours.messages;
  counts["passed_over"] = ours.passed_over;
  counts["trades"] = ours.trades;
  counts["broken_trades"] = ours.breaks;
  counts["crossed"] = ours.crossed;
  counts["unknown_types"] = theirs.unknown_types;
  counts["undecodable"] = theirs.undecodable;
  counts["wrong_locate"] = theirs.wrong_locate;
  return counts;
}

py::dict event_counters(const book::EventBooks& books) {
  const book::EventBooks::Counters& ours = books.counters();
  py::dict counts = status_counts(ours.book);
  counts["messages"] = ours.events;
  counts["trades"] = ours.trades;
  counts["broken_trades"] = ours.breaks;
  counts["crossed"] = ours.crossed;
  counts["beside_the_book"] = ours.beside;
  counts["no_side"] = ours.no_side;
  counts["no_instrument"] = ours.no_instrument;
  counts["unknown_kinds"] = ours.unknown_kinds;
  counts["lost_places"] = ours.lost_places;
  return counts;
}

/// None for a price that is not there.
py::object price_or_none(Price price) {
  return price == kNoPrice ? py::object(py::none()) : py::int_(price.value);
}

template <class Books>
py::tuple touch_of(const Books& books, std::uint16_t number) {
  const book::Touch touch = books.touch(InstrumentId{number});
  return py::make_tuple(price_or_none(touch.bid), touch.bid_qty,
                        price_or_none(touch.ask), touch.ask_qty);
}

/// Arrays price, qty and orders of the best levels; copies.
template <class Books>
py::tuple levels_of(const Books& books, std::uint16_t number, Side side, int count) {
  if (count < 0) throw py::value_error("the number of levels cannot be negative");
  const auto limit = static_cast<std::size_t>(std::min(count, 1 << 20));
  std::vector<book::LevelView> views(limit);
  const int found =
      books.levels(InstrumentId{number}, side, views.data(), static_cast<int>(limit));
  py::array_t<std::int64_t> prices(found);
  py::array_t<std::int64_t> quantities(found);
  py::array_t<std::uint32_t> orders(found);
  for (int i = 0; i < found; ++i) {
    const book::LevelView& view = views[static_cast<std::size_t>(i)];
    prices.mutable_at(i) = view.price.value;
    quantities.mutable_at(i) = view.qty;
    orders.mutable_at(i) = view.orders;
  }
  return py::make_tuple(prices, quantities, orders);
}

Side side_of(int side) {
  if (side != 0 && side != 1) throw py::value_error("a side is 0 (buy) or 1 (sell)");
  return static_cast<Side>(side);
}

Bytes event_bytes(const py::array& events) {
  if (events.itemsize() != sizeof(event::MarketEvent) || events.ndim() != 1 ||
      !events.dtype().has_fields()) {
    throw py::type_error("events must be an array of pyscalp.EVENT_DTYPE, shape (n,)");
  }
  if ((events.flags() & py::array::c_style) == 0) {
    throw py::type_error(
        "events must lie behind each other; use numpy.ascontiguousarray");
  }
  return {static_cast<const std::byte*>(events.data()),
          static_cast<std::size_t>(events.nbytes())};
}

bool feed_itch(ItchTables& tables, const py::buffer& chunk) {
  const py::buffer_info info = chunk.request();
  const Bytes bytes(static_cast<const std::byte*>(info.ptr),
                    static_cast<std::size_t>(info.size * info.itemsize));
  const py::gil_scoped_release release;
  return tables.feed(bytes);
}

void feed_events(EventTables& tables, const py::array& events) {
  const Bytes bytes = event_bytes(events);
  const py::gil_scoped_release release;
  tables.feed(bytes, bytes.size() / sizeof(event::MarketEvent));
}

/// Books without tables, to be asked between arrays of events.
class EventBook {
 public:
  explicit EventBook(std::int64_t step) : books_(event_capacity(step)) {}

  void apply(const py::array& events) {
    const Bytes bytes = event_bytes(events);
    const py::gil_scoped_release release;
    struct {
    } listener;
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(event::MarketEvent)) {
      event::MarketEvent event;
      std::memcpy(&event, bytes.data() + at, sizeof event);
      numbers_.renumber(
          event, [&](const event::MarketEvent& one) { books_.apply(one, listener); });
    }
  }
  const book::EventBooks& books() const { return books_; }
  /// The books' number of a venue's; unlike `apply`, this gives none a place.
  std::uint16_t place_of(std::uint32_t number) const {
    return static_cast<std::uint16_t>(numbers_.find(number));
  }

  py::tuple queue(std::uint32_t number, int side, std::int64_t price) const {
    const book::OrderBooks& orders = books_.orders();
    std::vector<book::OrderView> views(64);
    int found = 0;
    for (;;) {
      found = orders.queue(InstrumentId{place_of(number)}, side_of(side), Price{price},
                           views.data(), static_cast<int>(views.size()));
      if (static_cast<std::size_t>(found) < views.size()) break;
      views.resize(views.size() * 4);
    }
    py::array_t<std::uint64_t> references(found);
    py::array_t<std::int64_t> quantities(found);
    for (int i = 0; i < found; ++i) {
      references.mutable_at(i) = views[static_cast<std::size_t>(i)].reference;
      quantities.mutable_at(i) = views[static_cast<std::size_t>(i)].qty;
    }
    return py::make_tuple(references, quantities);
  }
  py::object place(std::uint64_t reference) const {
    const book::OrderBooks& orders = books_.orders();
    book::OrderView order;
    if (!orders.find(reference, order)) return py::none();
    return py::make_tuple(numbers_.number(index(order.instrument)), index(order.side),
                          order.price.value, order.qty, orders.orders_ahead(reference),
                          orders.qty_ahead(reference));
  }

 private:
  book::EventBooks books_;
  table::InstrumentNumbers numbers_;
};

/// Of every instrument that was met: number here, number at the venue, symbol (empty
/// where the books do not know it), messages, whether it is flagged.
template <class Tables>
py::tuple instruments_of(const Tables& tables) {
  const std::vector<std::uint16_t> seen = tables.seen();
  const auto count = static_cast<py::ssize_t>(seen.size());
  py::array_t<std::uint16_t> numbers(count, seen.data());
  py::array_t<std::uint32_t> venue_numbers(count);
  py::array_t<std::uint64_t> messages(count);
  py::array_t<bool> flagged(count);
  py::list symbols;
  for (py::ssize_t i = 0; i < count; ++i) {
    const InstrumentId id{seen[static_cast<std::size_t>(i)]};
    if constexpr (std::is_same_v<Tables, ItchTables>) {
      venue_numbers.mutable_at(i) = index(id);
      messages.mutable_at(i) = tables.messages(id);
      flagged.mutable_at(i) = tables.flagged(id);
      symbols.append(std::string(tables.symbol(id)));
    } else {
      venue_numbers.mutable_at(i) = tables.number(index(id));
      messages.mutable_at(i) = tables.events(id);
      flagged.mutable_at(i) = tables.books().flagged(id);
      symbols.append("");
    }
  }
  return py::make_tuple(numbers, venue_numbers, symbols, messages, flagged);
}

/// What both builders of tables offer.
template <class Tables>
void add_common(py::class_<Tables>& type) {
  type.def(
          "columns",
          [](Tables& tables, const std::string& name) {
            return columns(tables.rows(), name);
          },
          py::arg("table"), "(name, kind) of each column; empty if not asked for.")
      .def(
          "take",
          [](Tables& tables, const std::string& name) {
            return take(tables.rows(), name);
          },
          py::arg("table"),
          "Rows since the last call: a list of (rows, columns), each column (values, "
          "validity bits or None, nulls). The arrays own their memory.")
      .def_property_readonly(
          "rows_waiting", [](Tables& tables) { return tables.rows().rows_waiting(); })
      .def(
          "instruments", &instruments_of<Tables>,
          "Arrays (number, number at the venue, symbol, messages, flagged) of all that "
          "were met; symbols, a list, are empty where the file is not ITCH.")
      .def(
          "number",
          [](const Tables& tables, std::uint16_t number) -> std::uint32_t {
            if constexpr (std::is_same_v<Tables, ItchTables>) {
              return number;
            } else {
              return tables.number(number);
            }
          },
          py::arg("instrument"), "The venue's own number of an instrument.")
      .def(
          "levels",
          [](const Tables& tables, std::uint16_t number, int side, int count) {
            if constexpr (std::is_same_v<Tables, ItchTables>) {
              return levels_of(tables.books().books(), number, side_of(side), count);
            } else {
              return levels_of(tables.books(), number, side_of(side), count);
            }
          },
          py::arg("instrument"), py::arg("side"), py::arg("count"),
          "Arrays (price, qty, orders) of the best levels now, best first.");
}

}  // namespace

void add_tables(py::module_& module) {
  py::class_<ItchTables> itch(module, "ItchTables",
                              "Tables of an ITCH 5.0 BinaryFILE, pushed in chunks.");
  itch.def(
          py::init([](const std::vector<std::string>& tables,
                      const std::vector<std::string>& symbols, std::int64_t midnight_ns,
                      int levels, int ticks, std::int64_t tick) {
            book::BookCapacity capacity{kMarketOrders, kMarketLevels};
            if (symbols.empty()) capacity.pages = PageUse::kHuge;
            return std::make_unique<ItchTables>(
                rows_config(tables, levels, ticks, tick, false), symbols, midnight_ns,
                capacity);
          }),
          py::arg("tables"), py::arg("symbols"), py::arg("midnight_ns"),
          py::arg("levels"), py::arg("ticks"), py::arg("tick"))
      .def("feed", &feed_itch, py::arg("chunk"),
           "Take the next bytes; False once the file is over or damaged.")
      .def_property_readonly("offset", &ItchTables::offset)
      .def_property_readonly("cut", &ItchTables::cut)
      .def_property_readonly("damaged", &ItchTables::damaged)
      .def_property_readonly("listed", &ItchTables::listed)
      .def_property_readonly("chosen", &ItchTables::chosen)
      .def_property_readonly("counters", &itch_counters)
      .def(
          "symbol",
          [](const ItchTables& tables, std::uint16_t number) {
            return std::string(tables.symbol(InstrumentId{number}));
          },
          py::arg("instrument"));
  add_common(itch);

  py::class_<EventTables> events(module, "EventTables",
                                 "Tables of a stream of market events.");
  events
      .def(py::init([](const std::vector<std::string>& tables, int levels, int ticks,
                       std::int64_t tick, std::int64_t step) {
             return std::make_unique<EventTables>(
                 rows_config(tables, levels, ticks, tick, true), event_capacity(step));
           }),
           py::arg("tables"), py::arg("levels"), py::arg("ticks"), py::arg("tick"),
           py::arg("step"))
      .def("feed", &feed_events, py::arg("events"), "Take the next events.")
      .def_property_readonly("counters", [](const EventTables& tables) {
        return event_counters(tables.books());
      });
  add_common(events);

  py::class_<EventBook>(module, "EventBook", "Books driven by market events.")
      .def(py::init<std::int64_t>(), py::arg("step"))
      .def("apply", &EventBook::apply, py::arg("events"),
           "Apply events in their order.")
      .def(
          "touch",
          [](const EventBook& book, std::uint32_t number) {
            return touch_of(book.books(), book.place_of(number));
          },
          py::arg("instrument"), "(bid, bid_qty, ask, ask_qty); None: no such side.")
      .def(
          "levels",
          [](const EventBook& book, std::uint32_t number, int side, int count) {
            return levels_of(book.books(), book.place_of(number), side_of(side), count);
          },
          py::arg("instrument"), py::arg("side"), py::arg("count"))
      .def("queue", &EventBook::queue, py::arg("instrument"), py::arg("side"),
           py::arg("price"), "Arrays (order, qty) at a price, first to trade first.")
      .def("place", &EventBook::place, py::arg("order"),
           "(instrument, side, price, qty, orders ahead, qty ahead), or None.")
      .def(
          "flagged",
          [](const EventBook& book, std::uint32_t number) {
            return book.books().flagged(InstrumentId{book.place_of(number)});
          },
          py::arg("instrument"))
      .def_property_readonly("counters", [](const EventBook& book) {
        return event_counters(book.books());
      });
}

}  // namespace pyscalp::bindings
