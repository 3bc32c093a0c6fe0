#include "bench/micro_market.hpp"

#include <memory>

#include "bench/market_day.hpp"
#include "book/top_levels.hpp"

namespace pyscalp::bench {

namespace {

MarketDay day_of(std::uint32_t instruments, std::uint64_t live) {
  MarketDaySettings settings;
  settings.instruments = instruments;
  settings.live_orders = live;
  settings.messages = live + 4 * std::uint64_t{instruments} + 4 * kPiece;
  return MarketDay(settings);
}

/// Applies everything up to the opening.
void open(MarketDay& day, book::ItchBooks& books) {
  struct Nobody {
  } nobody;
  do {
    books.apply(day.next(), nobody);
  } while (day.messages() == day.opening_messages());
}

struct BusyDay {
  BusyDay() {
    MarketDay day = day_of(1, 20'000);
    open(day, books_);
    keep_opening(Side::kBuy);
    keep_opening(Side::kSell);
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < kPiece; ++i) {
      const Bytes message = day.next();
      sizes.push_back(message.size());
      messages.bytes.insert(messages.bytes.end(), message.begin(), message.end());
      changed_ = false;
      event_.traded = false;
      event_.order_count = 0;
      books_.apply(message, *this);
      if (changed_) keep_event();
    }
    const std::byte* at = messages.bytes.data();
    for (const std::size_t size : sizes) {
      messages.each.emplace_back(at, size);
      at += size;
    }
    const auto& events = book.events;
    const std::int64_t between = events.back().time.value - events[0].time.value;
    book.lap_ns = between + between / static_cast<std::int64_t>(events.size());
  }

  // What the books tell.
  void on_book(InstrumentId) { changed_ = true; }
  void on_level(const book::BookChange& change) {
    book.changes.push_back({kBusy, change.side, change.price, change.level_qty});
    levels_.apply(book.changes.back());
    if (levels_.short_of(change.side)) {
      book.refills.push_back(levels(change.side));
      load(change.side, book.refills.back());
    }
  }
  void on_trade(const book::TradeView& trade) {
    event_.traded = true;
    event_.trade = {trade.price, trade.qty, trade.aggressor, trade.hidden,
                    books_.venue_time()};
    changed_ = true;
  }
  void on_order(const book::OrderEvent& order) {
    event_.orders[static_cast<std::size_t>(event_.order_count++)] = order;
  }

  Messages messages;
  BusyBook book;

 private:
  std::vector<book::LevelView> levels(Side side) const {
    std::vector<book::LevelView> found(static_cast<std::size_t>(levels_.stock()));
    found.resize(static_cast<std::size_t>(
        books_.books().levels(kBusy, side, found.data(), levels_.stock())));
    return found;
  }
  void load(Side side, const std::vector<book::LevelView>& found) {
    const int count = static_cast<int>(found.size());
    levels_.load(side, found.data(), count, count < levels_.stock());
  }
  void keep_opening(Side side) {
    book.opening[index(side)] = levels(side);
    load(side, book.opening[index(side)]);
  }
  void keep_event() {
    const book::OrderBooks& books = books_.books();
    event_.time = books_.venue_time();
    event_.touch = books.touch(kBusy);
    for (const Side side : {Side::kBuy, Side::kSell}) {
      event_.level_count[index(side)] =
          books.levels(kBusy, side, event_.levels[index(side)].data(), kLevels);
    }
    book.events.push_back(event_);
  }

  book::ItchBooks books_;
  book::TopLevels levels_{top_levels_config()};
  BusyBook::Event event_;
  bool changed_ = false;
};

/// Adds the orders of one side to other books, in the order of their queues.
void copy_side(const book::OrderBooks& from, InstrumentId id, Side side,
               std::vector<book::OrderView>& queue, book::OrderBooks& to) {
  book::LevelView level;
  for (int rank = 0; from.level(id, side, rank, level); ++rank) {
    const int count =
        from.queue(id, side, level.price, queue.data(), static_cast<int>(queue.size()));
    for (int i = 0; i < count; ++i) {
      const book::OrderView& order = queue[static_cast<std::size_t>(i)];
      to.add(id, order.reference, side, order.qty, order.price);
    }
  }
}

const BusyDay& busy_day() {
  static const BusyDay day;
  return day;
}

}  // namespace

const Messages& busy_messages() { return busy_day().messages; }
const BusyBook& busy_book() { return busy_day().book; }

book::OrderBooks& market_books() {
  static const std::unique_ptr<book::OrderBooks> copy = [] {
    const auto opened = std::make_unique<book::ItchBooks>();
    MarketDay day = day_of(kMarketInstruments, 100'000);
    open(day, *opened);
    auto books = std::make_unique<book::OrderBooks>();
    std::vector<book::OrderView> queue(1 << 16);
    for (std::uint16_t locate = 1; locate <= kMarketInstruments; ++locate) {
      for (const Side side : {Side::kBuy, Side::kSell}) {
        copy_side(opened->books(), InstrumentId{locate}, side, queue, *books);
      }
    }
    return books;
  }();
  return *copy;
}

}  // namespace pyscalp::bench
