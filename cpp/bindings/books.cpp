#include "bindings/bindings.hpp"
#include "wire/binary_file.hpp"

namespace pyscalp::bindings {

namespace {

struct NoListener {
  void on_book(InstrumentId) {}
  void on_trade(const book::TradeView&) {}
  void on_directory(InstrumentId, std::string_view) {}
};

constexpr std::int64_t kRowColumns = 4;  // ask price, ask size, bid price, bid size

/// One row a message of the instrument: LOBSTER's columns, best level first.
void append_row(const book::OrderBooks& books, InstrumentId id, int levels,
                std::vector<std::int64_t>& rows) {
  std::array<std::vector<book::LevelView>, 2> sides;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    auto& views = sides[index(side)];
    views.resize(static_cast<std::size_t>(levels));
    views.resize(
        static_cast<std::size_t>(books.levels(id, side, views.data(), levels)));
  }
  for (std::size_t level = 0; level < static_cast<std::size_t>(levels); ++level) {
    for (const Side side : {Side::kSell, Side::kBuy}) {
      const auto& views = sides[index(side)];
      const bool there = level < views.size();
      rows.push_back(there ? views[level].price.value : kNoPrice.value);
      rows.push_back(there ? views[level].qty : 0);
    }
  }
}

py::tuple book_rows(const py::bytes& day, std::uint16_t locate, int levels) {
  if (levels < 1 || levels > 1000) throw py::value_error("levels must be 1 to 1000");
  const std::string_view view = day;
  std::vector<std::int64_t> rows;
  std::vector<std::int64_t> messages;
  {
    const py::gil_scoped_release release;
    book::ItchBooks books;
    NoListener listener;
    wire::BinaryFileReader reader(
        Bytes(reinterpret_cast<const std::byte*>(view.data()), view.size()));
    std::int64_t number = 0;
    while (const auto message = reader.next()) {
      books.apply(*message, listener);
      if (message->size() >= 3 &&
          load_be<std::uint16_t>(message->data() + 1) == locate) {
        messages.push_back(number);
        append_row(books.books(), InstrumentId{locate}, levels, rows);
      }
      ++number;
    }
  }
  const auto count = static_cast<py::ssize_t>(messages.size());
  py::array_t<std::int64_t> numbers(count, messages.data());
  py::array_t<std::int64_t> table(
      {count, static_cast<py::ssize_t>(kRowColumns * levels)}, rows.data());
  return py::make_tuple(numbers, table);
}

}  // namespace

void add_books(py::module_& module) {
  module.def(
      "book_rows", &book_rows, py::arg("day"), py::arg("locate"), py::arg("levels"),
      "The book of one instrument after each of its messages.\n\n"
      "Returns (messages, rows): the position in the file of each message, shape "
      "(n,), and int64 rows of shape (n, 4 * levels) in LOBSTER's order: ask "
      "price, ask size, bid price, bid size, best level first. Prices at 1e-9; a "
      "level that is not there has price 2**63 - 1 and size 0.");
}

}  // namespace pyscalp::bindings
