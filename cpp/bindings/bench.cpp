// What `pyscalp bench` is made of: made-up market days, and the work that is timed.
#include <cerrno>

#include "bench/book_run.hpp"
#include "bench/market_day_file.hpp"
#include "bindings/bindings.hpp"

namespace pyscalp::bindings {

namespace {

/// Contiguous bytes of a Python object, held until it goes out of scope.
class Held {
 public:
  explicit Held(const py::buffer& buffer) : info_(buffer.request()) {
    py::ssize_t expected = info_.itemsize;
    for (py::ssize_t i = info_.ndim; i-- > 0;) {
      if (info_.strides[static_cast<std::size_t>(i)] != expected) {
        throw py::value_error("the bytes must be contiguous");
      }
      expected *= info_.shape[static_cast<std::size_t>(i)];
    }
  }
  Bytes bytes() const {
    return {static_cast<const std::byte*>(info_.ptr),
            static_cast<std::size_t>(info_.size * info_.itemsize)};
  }

 private:
  py::buffer_info info_;
};

py::dict write_market_day(const std::string& path, std::uint64_t messages,
                          std::uint32_t instruments, std::uint64_t seed,
                          std::uint64_t live_orders, const py::object& progress) {
  const bench::MarketDaySettings settings{messages, instruments, seed, live_orders};
  const std::string problem = settings.problem();
  if (!problem.empty()) throw py::value_error(problem);
  bench::MarketDay day(settings);
  int failure = 0;
  {
    const py::gil_scoped_release release;
    failure = bench::write_day(day, path, [&](std::uint64_t written) {
      const py::gil_scoped_acquire acquire;
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (!progress.is_none()) progress(written);
      return true;
    });
  }
  if (failure != 0) {
    errno = failure;
    PyErr_SetFromErrnoWithFilename(PyExc_OSError, path.c_str());
    throw py::error_already_set();
  }
  py::dict counts;
  for (std::size_t type = 0; type < day.counts().size(); ++type) {
    if (day.counts()[type] == 0) continue;
    counts[py::str(std::string(1, static_cast<char>(type)))] = day.counts()[type];
  }
  py::dict out;
  out["messages"] = day.messages();
  out["opening_messages"] = day.opening_messages();
  out["opening_bytes"] = day.opening_bytes();
  out["live_orders"] = day.live_orders();
  out["far_adds"] = day.far_adds();
  out["counts"] = counts;
  return out;
}

template <class Work>
py::tuple read_file(const py::buffer& file, Work work) {
  const Held held(file);
  bench::Read read;
  {
    const py::gil_scoped_release release;
    read = work(held.bytes());
  }
  return py::make_tuple(read.messages, read.sum);
}

book::BookCapacity capacity_of(std::uint32_t orders, std::uint32_t levels, bool huge) {
  if (orders == 0 || levels == 0) throw py::value_error("pools need room for one");
  book::BookCapacity capacity;
  capacity.orders = orders;
  capacity.levels = levels;
  capacity.pages = huge ? PageUse::kHuge : PageUse::kSmall;
  return capacity;
}

py::dict counters_dict(const bench::BookRun& run) {
  const auto& counters = run.books().counters();
  py::dict statuses;
  for (int i = 0; i < book::kBookStatusCount; ++i) {
    statuses[book::name(static_cast<book::BookStatus>(i))] = counters.book[i];
  }
  std::uint64_t crossed = 0;
  std::uint64_t flagged = 0;
  for (int i = 0; i < 1 << 16; ++i) {
    const InstrumentId id{static_cast<std::uint16_t>(i)};
    crossed += run.books().books().touch(id).crossed() ? 1 : 0;
    flagged += run.books().books().flagged(id) ? 1 : 0;
  }
  py::dict out;
  out["messages"] = counters.messages;
  out["unknown_types"] = counters.unknown_types;
  out["undecodable"] = counters.undecodable;
  out["wrong_locate"] = counters.wrong_locate;
  out["statuses"] = statuses;
  out["live_orders"] = run.books().books().order_count();
  out["crossed_books"] = crossed;
  out["flagged_books"] = flagged;
  out["pending_bytes"] = run.pending();
  return out;
}

void append_level(const book::OrderBooks& books, InstrumentId id, Side side, int rank,
                  std::vector<std::int64_t>& out) {
  book::LevelView level;
  const bool there = books.level(id, side, rank, level);
  out.push_back(there ? static_cast<std::int64_t>(price_to_e4(level.price)) : 0);
  out.push_back(there ? level.qty : 0);
  out.push_back(there ? level.orders : 0);
}

py::array_t<std::int64_t> table(const std::vector<std::int64_t>& values,
                                std::size_t columns) {
  return py::array_t<std::int64_t>({static_cast<py::ssize_t>(values.size() / columns),
                                    static_cast<py::ssize_t>(columns)},
                                   values.data());
}

py::array_t<std::int64_t> levels_table(const bench::BookRun& run, int depth) {
  if (depth < 1 || depth > 1000) throw py::value_error("depth must be 1 to 1000");
  const book::OrderBooks& books = run.books().books();
  std::vector<std::int64_t> values;
  for (int i = 0; i < 1 << 16; ++i) {
    const InstrumentId id{static_cast<std::uint16_t>(i)};
    const book::Touch touch = books.touch(id);
    if (touch.bid == kNoPrice && touch.ask == kNoPrice) continue;
    values.push_back(i);
    for (int rank = 0; rank < depth; ++rank) {
      append_level(books, id, Side::kBuy, rank, values);
      append_level(books, id, Side::kSell, rank, values);
    }
  }
  return table(values, 1 + 6 * static_cast<std::size_t>(depth));
}

py::dict quantiles(const Histogram& times) {
  py::dict out;
  out["count"] = times.count();
  out["p50"] = times.quantile(0.50);
  out["p99"] = times.quantile(0.99);
  out["p999"] = times.quantile(0.999);
  out["max"] = times.max();
  return out;
}

py::dict operation_times(const py::buffer& file, std::uint64_t every,
                         std::uint64_t untimed, bool look_ahead, std::uint32_t orders,
                         std::uint32_t levels, bool huge_pages) {
  if (every == 0) throw py::value_error("every must be at least 1");
  const auto capacity = capacity_of(orders, levels, huge_pages);
  const Held held(file);
  const auto times = std::make_unique<bench::OperationTimes>();
  {
    const py::gil_scoped_release release;
    bench::time_operations(held.bytes(), capacity, every, untimed, look_ahead, *times);
  }
  py::dict out;
  for (int i = 0; i < bench::kOperationCount; ++i) {
    out[bench::name(static_cast<bench::Operation>(i))] = quantiles(times->times[i]);
  }
  out["clock"] = quantiles(times->clock);
  return out;
}

void add_book_run(py::module_& module) {
  py::class_<bench::BookRun>(
      module, "BookRun",
      "Order-by-order books of a stream of ITCH 5.0 BinaryFILE bytes, for "
      "benchmarks.\n\n"
      "`orders` and `levels` bound the pools; memory is taken as it is used, in pages "
      "of 2 MiB with `huge_pages`.")
      .def(py::init([](std::uint32_t orders, std::uint32_t levels, bool huge_pages) {
             return std::make_unique<bench::BookRun>(
                 capacity_of(orders, levels, huge_pages));
           }),
           py::kw_only(), py::arg("orders") = 1u << 24, py::arg("levels") = 1u << 23,
           py::arg("huge_pages") = false)
      .def(
          "feed",
          [](bench::BookRun& run, const py::buffer& piece) {
            const Held held(piece);
            const py::gil_scoped_release release;
            run.feed(held.bytes());
          },
          py::arg("piece"), "Books the next bytes of the stream, cut anywhere.")
      .def(
          "feed_touches",
          [](bench::BookRun& run, const py::buffer& piece) {
            const Held held(piece);
            std::vector<std::int64_t> values;
            {
              const py::gil_scoped_release release;
              run.feed_touches(held.bytes(), values);
            }
            return table(values, bench::BookRun::kTouchColumns);
          },
          py::arg("piece"),
          "Books the next bytes; one int64 row for each message after which a best "
          "price or its quantity is another.\n\n"
          "Columns: the message's number from 0, locate, then price (at 1e-4), "
          "quantity and orders of the bid and of the ask; 0 where there is none.")
      .def("counters", &counters_dict,
           "Messages by outcome, orders alive, and books crossed or flagged now.")
      .def("levels", &levels_table, py::arg("depth"),
           "The best `depth` levels of every instrument that has one.\n\n"
           "int64 rows: locate, then for each rank price (at 1e-4), quantity and "
           "orders of the bid, then of the ask; 0 where there is none.");
}

}  // namespace

void add_bench(py::module_& module) {
  module.def(
      "write_market_day", &write_market_day, py::arg("path"), py::arg("messages"),
      py::arg("instruments"), py::arg("seed") = 1, py::arg("live_orders") = 0,
      py::arg("progress") = py::none(),
      "Writes a made-up market day as an ITCH 5.0 BinaryFILE.\n\n"
      "`live_orders` keeps that many orders alive; 0 lets them grow over the day. "
      "`progress(messages)` is called now and then. Returns what was written; raises "
      "ValueError for a day that cannot be, OSError where the file cannot be written. "
      "Ctrl-C stops it and leaves the file unfinished.");
  module.def(
      "walk_frames",
      [](const py::buffer& file) { return read_file(file, bench::walk_frames); },
      py::arg("file"),
      "Steps through a BinaryFILE in memory; returns (messages, sum of types).");
  module.def(
      "decode_fields",
      [](const py::buffer& file) { return read_file(file, bench::decode_fields); },
      py::arg("file"),
      "Decodes every field of every message of a BinaryFILE in memory; returns "
      "(messages, sum of all fields modulo 2**64).");
  module.def("operation_times", &operation_times, py::arg("file"), py::kw_only(),
             py::arg("every"), py::arg("untimed"), py::arg("look_ahead"),
             py::arg("orders") = 1u << 24, py::arg("levels") = 1u << 23,
             py::arg("huge_pages") = false,
             "Nanoseconds of single book operations by kind, one message in `every` "
             "timed, none of the first `untimed`.\n\n"
             "Returns for each kind, and for the clock alone, count, p50, p99, p999 "
             "and max; the kinds' times have the clock's in them.");
  add_book_run(module);
}

}  // namespace pyscalp::bindings
