// Any bytes as a program of ITCH messages: after every message the books are those of
// maps and lists, and the listener was told of what changed. The first byte chooses
// pools that are soon used up, and whether coming messages are announced.
#include "book/look_ahead.hpp"
#include "check.hpp"
#include "naive_itch_books.hpp"

namespace {

using namespace pyscalp;
namespace itch = wire::itch;
using fuzz::NaiveItchBooks;

constexpr std::uint16_t kLocates[] = {1, 2, 0, 65'535};

/// Dense and sparse, within one page of the index, and past what it numbers.
std::uint64_t reference(std::uint8_t byte) {
  const std::uint64_t low = byte & 15;
  switch (byte >> 4 & 7) {
    case 0:
    case 1:
      return low;
    case 2:
      return 16 + low;
    case 3:
      return low << 12;
    case 4:
      return low << 31;
    case 5:
      return (std::uint64_t{1} << 34) - 8 + low;
    case 6:
      return low << 60;
    default:
      return UINT64_MAX - low;
  }
}

/// Small numbers, and both ends of what 32 bits hold.
std::uint32_t amount(std::uint8_t byte) {
  if (byte >= 0xF0) return UINT32_MAX - (byte & 3);
  if (byte >= 0xE0) return 0x7FFF'FFFEu + (byte & 3);
  return byte % 24;
}

/// Takes the input apart; zeros follow its end.
struct Program {
  Bytes rest;
  std::uint8_t byte() {
    if (rest.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(rest[0]);
    rest = rest.subspan(1);
    return value;
  }
};

struct Blocks {
  std::vector<std::byte> bytes;
  std::array<std::byte, itch::kMaxSize> out;

  void put(Bytes message) {
    std::array<std::byte, 2> length;
    store_be(length.data(), static_cast<std::uint16_t>(message.size()));
    bytes.insert(bytes.end(), length.begin(), length.end());
    bytes.insert(bytes.end(), message.begin(), message.end());
  }
  template <class Message>
  void put_message(const Message& message, std::size_t cut = 0) {
    put(Bytes(out).first(itch::encode(message, out.data()) - cut));
  }
};

/// One message of the program, behind its length.
void put_next(Program& program, Blocks& blocks) {
  const std::uint8_t op = program.byte();
  const itch::Header header{kLocates[op >> 6 & 3], 0, 0};
  const std::uint64_t first = reference(program.byte());
  const char side = (op & 32) != 0 ? 'S' : 'B';
  switch (op & 15) {
    case 0:
    case 1:
    case 2: {
      const std::uint32_t qty = amount(program.byte());
      return blocks.put_message(
          itch::AddOrder{header, first, side, qty, {}, amount(program.byte())});
    }
    case 3: {
      const std::uint32_t qty = amount(program.byte());
      return blocks.put_message(
          itch::AddOrderMpid{header, first, side, qty, {}, amount(program.byte()), {}});
    }
    case 4:
      return blocks.put_message(
          itch::OrderExecuted{header, first, amount(program.byte()), 1});
    case 5:
      return blocks.put_message(itch::OrderExecutedWithPrice{
          header, first, amount(program.byte()), 1, (op & 16) != 0 ? 'Y' : 'N', 5});
    case 6:
    case 7:
      return blocks.put_message(
          itch::OrderCancel{header, first, amount(program.byte())});
    case 8:
    case 9:
      return blocks.put_message(itch::OrderDelete{header, first});
    case 10:
    case 11: {
      const std::uint64_t second = reference(program.byte());
      const std::uint32_t qty = amount(program.byte());
      return blocks.put_message(
          itch::OrderReplace{header, first, second, qty, amount(program.byte())});
    }
    case 12:
      return blocks.put_message(itch::Trade{header, 0, 'B', 1, {}, 5, 1});
    case 13:
      return blocks.put_message(itch::TradingAction{header, {}, side, ' ', {}});
    case 14:
      return blocks.put_message(itch::AddOrder{header, first, side, 1, {}, 5},
                                program.byte() % 35);
    default: {
      const std::size_t size =
          std::min<std::size_t>(program.byte() % 64, program.rest.size());
      if (size != 0) blocks.put(program.rest.first(size));
      program.rest = program.rest.subspan(size);
    }
  }
}

struct Told {
  const NaiveItchBooks& naive;
  std::set<std::uint16_t> touched{};
  std::uint64_t trades = 0;
  bool replaces = false;

  void on_touch(InstrumentId id) { touched.insert(index(id)); }
  void on_trade(const book::TradeView&) { ++trades; }
  void on_level(const book::BookChange& change) {
    if (replaces) return;  // the first of its two is overtaken already
    Qty qty = 0;
    if (const auto* levels = naive.levels(index(change.instrument), change.side)) {
      const auto level =
          levels->find(static_cast<std::uint32_t>(price_to_e4(change.price)));
      if (level != levels->end()) qty = naive.qty(level->second);
    }
    FUZZ_CHECK(change.level_qty == qty);
  }
};

void check_side(const book::OrderBooks& books, const NaiveItchBooks& naive,
                std::uint16_t locate, Side side) {
  const InstrumentId id{locate};
  book::LevelView view;
  int rank = 0;
  Qty depth = 0;
  if (const auto* levels = naive.levels(locate, side)) {
    for (const auto& [price_e4, queue] : *levels) {
      FUZZ_CHECK(books.level(id, side, rank++, view));
      FUZZ_CHECK(view.price == price_from_e4(price_e4));
      FUZZ_CHECK(view.qty == naive.qty(queue));
      FUZZ_CHECK(view.orders == queue.size());
      depth += view.qty;
      FUZZ_CHECK(books.depth(id, side, rank) == depth);

      static std::array<book::OrderView, 128> orders;
      const int count = books.queue(id, side, view.price, orders.data(), 128);
      FUZZ_CHECK(count == static_cast<int>(queue.size()));
      Qty ahead = 0;
      int place = 0;
      for (const std::uint64_t reference : queue) {
        const book::OrderView& order = orders[static_cast<std::size_t>(place)];
        FUZZ_CHECK(order.reference == reference);
        FUZZ_CHECK(order.qty == naive.orders().at(reference).qty);
        FUZZ_CHECK(books.qty_ahead(reference) == ahead);
        FUZZ_CHECK(books.orders_ahead(reference) == place++);
        ahead += order.qty;
        book::OrderView found;
        FUZZ_CHECK(books.find(reference, found));
        FUZZ_CHECK(found.instrument == id && found.side == side);
        FUZZ_CHECK(found.price == view.price && found.qty == order.qty);
      }
    }
  }
  FUZZ_CHECK(!books.level(id, side, rank, view));
}

void check(const book::ItchBooks& real, const NaiveItchBooks& naive) {
  const book::OrderBooks& books = real.books();
  FUZZ_CHECK(books.order_count() == naive.orders().size());
  for (const std::uint16_t locate : kLocates) {
    FUZZ_CHECK(books.flagged(InstrumentId{locate}) == naive.flagged(locate));
    FUZZ_CHECK(books.touch(InstrumentId{locate}) == naive.touch(locate));
    check_side(books, naive, locate, Side::kBuy);
    check_side(books, naive, locate, Side::kSell);
  }
}

/// One pair of books, empty again before each input.
struct Pair {
  explicit Pair(std::uint32_t orders, std::uint32_t levels)
      : real({.orders = orders, .levels = levels}), naive(orders, levels) {}

  void apply(Bytes message) {
    std::array<book::Touch, std::size(kLocates)> before;
    for (std::size_t i = 0; i < before.size(); ++i)
      before[i] = naive.touch(kLocates[i]);
    const std::uint64_t trades = naive.trades;
    naive.apply(message);
    Told told{naive};
    const char type = static_cast<char>(message[0]);
    told.replaces = type == itch::OrderReplace::kType;
    real.apply(message, told);
    FUZZ_CHECK(told.trades == naive.trades - trades);
    for (std::size_t i = 0; i < before.size(); ++i) {
      const bool changed = !(before[i] == naive.touch(kLocates[i]));
      const bool said = told.touched.contains(kLocates[i]);
      FUZZ_CHECK(said || !changed);
      FUZZ_CHECK(changed || !said || told.replaces);
    }
    for (int i = 0; i < book::kBookStatusCount; ++i) {
      FUZZ_CHECK(real.counters().book[i] == naive.counted[i]);
    }
    FUZZ_CHECK(real.counters().wrong_locate == naive.wrong_locate);
    check(real, naive);
  }
  /// Names and trading states, which are large and not looked at here, are forgotten
  /// only where `whole`.
  void clear(bool whole) {
    if (whole) {
      real.clear();
    } else {
      const_cast<book::OrderBooks&>(real.books()).clear();
    }
    naive.clear();
  }

  book::ItchBooks real;
  NaiveItchBooks naive;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Pair roomy(128, 128);
  static Pair narrow(8, 4);
  const auto input = fuzz::exact_copy(data, size);
  Program program{input};
  const std::uint8_t mode = program.byte();
  Pair& pair = (mode & 1) != 0 ? narrow : roomy;
  pair.clear(mode >= 0xF8);
  Blocks blocks;
  for (int i = 0; i < 128 && !program.rest.empty(); ++i) put_next(program, blocks);
  if ((mode & 2) != 0) {
    book::LookAhead ahead(pair.real.books(), blocks.bytes);
    for (Bytes message = ahead.next(); !message.empty(); message = ahead.next()) {
      pair.apply(message);
    }
  } else {
    if ((mode & 4) != 0) book::announce_packet(pair.real.books(), blocks.bytes);
    for (book::BlockCursor cursor(blocks.bytes); cursor.whole(); cursor.step()) {
      pair.apply(cursor.message());
    }
  }
  return 0;
}
