// OrderBooks against the naive book on made-up market days: after every message the
// levels it is about, their queues and both touches; at intervals, and at the end,
// everything. A million messages of the whole market by default, ten million with
// PYSCALP_LONG=1 in the environment.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "bench/market_day.hpp"
#include "book/itch_books.hpp"
#include "book/look_ahead.hpp"
#include "naive_book.hpp"

namespace pyscalp::book {
namespace {

using bench::MarketDay;
using bench::MarketDaySettings;

bool long_form() { return std::getenv("PYSCALP_LONG") != nullptr; }

/// Keeps the naive books by the same messages, remembering the levels they are about.
struct NaiveHandler {
  struct Level {
    InstrumentId instrument{};
    Side side = Side::kBuy;
    Price price;
  };

  NaiveBooks books;
  BookStatus status = BookStatus::kOk;
  bool about_book = false;
  std::vector<Level> levels;

  void begin() {
    about_book = false;
    levels.clear();
  }
  void touch(std::uint64_t reference) {
    about_book = true;
    if (const auto* where = books.find(reference)) {
      levels.push_back({where->instrument, where->side, where->price});
    }
  }
  void add(const auto& m) {
    const Side side = m.side == 'B' ? Side::kBuy : Side::kSell;
    const InstrumentId id{m.header.locate};
    about_book = true;
    levels.push_back({id, side, price_from_e4(m.price_e4)});
    status = books.add(id, m.reference, side, m.shares, price_from_e4(m.price_e4));
  }
  void on(const wire::itch::AddOrder& m) { add(m); }
  void on(const wire::itch::AddOrderMpid& m) { add(m); }
  void on(const wire::itch::OrderExecuted& m) {
    touch(m.reference);
    status = books.reduce(m.reference, m.shares);
  }
  void on(const wire::itch::OrderExecutedWithPrice& m) {
    touch(m.reference);
    status = books.reduce(m.reference, m.shares);
  }
  void on(const wire::itch::OrderCancel& m) {
    touch(m.reference);
    status = books.reduce(m.reference, m.cancelled);
  }
  void on(const wire::itch::OrderDelete& m) {
    touch(m.reference);
    status = books.remove(m.reference);
  }
  void on(const wire::itch::OrderReplace& m) {
    touch(m.old_reference);
    status = books.replace(m.old_reference, m.new_reference, m.shares,
                           price_from_e4(m.price_e4));
    touch(m.new_reference);
  }
};

/// Compares what both books hold; every function says whether it is the same.
struct Comparison {
  const OrderBooks& books;
  const NaiveBooks& naive;
  std::vector<OrderView> orders;
  std::vector<LevelView> levels;

  bool queue(InstrumentId id, Side side, Price price, const NaiveBooks::Queue& queue) {
    orders.resize(queue.size() + 1);
    const int count =
        books.queue(id, side, price, orders.data(), static_cast<int>(orders.size()));
    if (count != static_cast<int>(queue.size())) return false;
    auto order = orders.begin();
    for (const auto& resting : queue) {
      if (order->reference != resting.reference || order->qty != resting.qty ||
          order->instrument != id || order->side != side || order->price != price) {
        return false;
      }
      ++order;
    }
    return true;
  }

  bool touch(InstrumentId id) {
    const Touch touch = books.touch(id);
    for (const Side side : {Side::kBuy, Side::kSell}) {
      const auto& side_levels = naive.levels(id, side);
      Price price = kNoPrice;
      Qty qty = 0;
      if (!side_levels.empty()) {
        price = NaiveBooks::price(side, side_levels.begin()->first);
        for (const auto& resting : side_levels.begin()->second) qty += resting.qty;
      }
      if (touch.price(side) != price || touch.qty(side) != qty) return false;
    }
    return true;
  }

  /// The queue at one price, which may be gone.
  bool level(const NaiveHandler::Level& about) {
    const auto& side_levels = naive.levels(about.instrument, about.side);
    const auto found = side_levels.find(NaiveBooks::key(about.side, about.price));
    static const NaiveBooks::Queue kEmpty;
    return touch(about.instrument) &&
           queue(about.instrument, about.side, about.price,
                 found == side_levels.end() ? kEmpty : found->second);
  }

  bool side(InstrumentId id, Side side) {
    const auto& side_levels = naive.levels(id, side);
    levels.resize(side_levels.size() + 1);
    const int count =
        books.levels(id, side, levels.data(), static_cast<int>(levels.size()));
    if (count != static_cast<int>(side_levels.size())) return false;
    auto view = levels.begin();
    for (const auto& [key, queued] : side_levels) {
      Qty qty = 0;
      for (const auto& resting : queued) qty += resting.qty;
      if (view->price != NaiveBooks::price(side, key) || view->qty != qty ||
          view->orders != queued.size() || !queue(id, side, view->price, queued)) {
        return false;
      }
      ++view;
    }
    return true;
  }

  bool everything(std::uint32_t instruments) {
    if (books.order_count() != naive.order_count()) return false;
    for (std::uint32_t i = 0; i <= instruments; ++i) {
      const InstrumentId id{static_cast<std::uint16_t>(i)};
      if (!touch(id) || !side(id, Side::kBuy) || !side(id, Side::kSell)) return false;
    }
    return true;
  }
};

struct Nobody {};

BookCapacity capacity() {
  BookCapacity capacity;
  capacity.orders = 1u << 22;
  capacity.levels = 1u << 21;
  return capacity;
}

/// Spoils one message in a hundred: an unknown or a taken reference, no shares, too
/// many, no price.
class Spoiler {
 public:
  explicit Spoiler(std::uint64_t seed) : random_(seed) {}

  Bytes spoil(Bytes message) {
    const char type = static_cast<char>(message[0]);
    const bool adds = type == 'A' || type == 'F';
    const bool takes = type == 'E' || type == 'C' || type == 'X';
    if (!adds && !takes && type != 'D' && type != 'U') return message;
    std::memcpy(buffer_, message.data(), message.size());
    const std::uint64_t reference = load_be<std::uint64_t>(buffer_ + 11);
    const std::uint64_t before = last_;
    last_ = reference;
    if (!random_.chance(0.01)) return message;
    const std::uint64_t kind = random_.below(4);
    if (kind == 0) {
      store_be(buffer_ + 11, adds ? before : reference + 1'000'000'007);
    } else if (kind == 1 && type != 'D') {
      store_be(buffer_ + (type == 'U' ? 27 : adds ? 20 : 19), std::uint32_t{0});
    } else if (kind == 2 && takes) {
      store_be(buffer_ + 19, std::uint32_t{4'000'000'000});
    } else if (kind == 3 && (adds || type == 'U')) {
      store_be(buffer_ + (adds ? 32 : 31), std::uint32_t{0});
    } else if (type == 'U') {
      store_be(buffer_ + 19, before);
    }
    return Bytes(buffer_, message.size());
  }

 private:
  Random random_;
  std::uint64_t last_ = 0;
  std::byte buffer_[wire::itch::kMaxSize] = {};
};

void compare(const MarketDaySettings& settings, bool spoil) {
  ASSERT_EQ(settings.problem(), "");
  MarketDay day(settings);
  ItchBooks itch(capacity());
  Nobody nobody;
  NaiveHandler naive;
  Spoiler spoiler(settings.seed);
  Comparison comparison{itch.books(), naive.books, {}, {}};
  const std::uint64_t interval = settings.messages / 4;
  std::uint64_t mistakes = 0;
  std::uint64_t statuses[kBookStatusCount] = {};
  for (Bytes message = day.next(); !message.empty(); message = day.next()) {
    if (spoil) message = spoiler.spoil(message);
    naive.begin();
    wire::itch::decode(message, naive);
    itch.apply(message, nobody);
    if (naive.about_book) {
      const auto status = static_cast<std::size_t>(naive.status);
      ++statuses[status];
      if (status != 0) ++mistakes;
      ASSERT_EQ(itch.counters().book[status], statuses[status])
          << "message " << day.messages() << ": " << name(naive.status);
    }
    for (const auto& level : naive.levels) {
      ASSERT_TRUE(comparison.level(level)) << "message " << day.messages();
    }
    if (day.messages() % interval == 0) {
      ASSERT_TRUE(comparison.everything(settings.instruments))
          << "message " << day.messages();
    }
  }
  EXPECT_TRUE(comparison.everything(settings.instruments));
  EXPECT_EQ(mistakes != 0, spoil);
  EXPECT_EQ(itch.books().order_count() == day.live_orders(), !spoil);
}

TEST(BookEquality, WholeMarket) {
  MarketDaySettings settings;
  settings.messages = long_form() ? 10'000'000 : 1'000'000;
  settings.instruments = long_form() ? 8'906 : 2'000;
  compare(settings, false);
}

TEST(BookEquality, OneBusyInstrument) {
  MarketDaySettings settings;
  settings.messages = long_form() ? 1'000'000 : 100'000;
  settings.instruments = 1;
  settings.live_orders = 2'000;
  settings.seed = 2;
  compare(settings, false);
}

TEST(BookEquality, WithMistakes) {
  MarketDaySettings settings;
  settings.messages = long_form() ? 3'000'000 : 300'000;
  settings.instruments = 100;
  settings.seed = 3;
  compare(settings, true);
}

/// Announced messages end in the same books as others: `take` gets them block after
/// block, in pieces of `piece` bytes or a little more.
template <class Take>
void compare_announced(std::size_t piece, Take take) {
  MarketDaySettings settings;
  settings.messages = long_form() ? 10'000'000 : 400'000;
  settings.instruments = 1'000;
  settings.live_orders = 100'000;
  settings.seed = 4;
  MarketDay day(settings);
  ItchBooks itch(capacity());
  Nobody nobody;
  NaiveHandler naive;
  Comparison comparison{itch.books(), naive.books, {}, {}};
  std::vector<std::byte> blocks;
  const auto apply = [&] {
    take(itch, blocks, nobody);
    blocks.clear();
  };
  for (Bytes message = day.next(); !message.empty(); message = day.next()) {
    naive.begin();
    wire::itch::decode(message, naive);
    std::byte length[2];
    store_be(length, static_cast<std::uint16_t>(message.size()));
    blocks.insert(blocks.end(), length, length + 2);
    blocks.insert(blocks.end(), message.begin(), message.end());
    if (blocks.size() > piece) {
      apply();
      ASSERT_EQ(itch.books().order_count(), naive.books.order_count())
          << "message " << day.messages();
    }
  }
  apply();
  EXPECT_TRUE(comparison.everything(settings.instruments));
  EXPECT_EQ(itch.counters().messages, day.messages());
}

TEST(BookEquality, LookAhead) {
  compare_announced(1 << 20, [](ItchBooks& books, Bytes blocks, Nobody& nobody) {
    EXPECT_EQ(apply_all(books, blocks, nobody), blocks.size());
  });
}

TEST(BookEquality, AnnouncedPackets) {
  compare_announced(1'000, [](ItchBooks& books, Bytes packet, Nobody& nobody) {
    announce_packet(books.books(), packet);
    for (BlockCursor cursor(packet); cursor.whole(); cursor.step()) {
      books.apply(cursor.message(), nobody);
    }
  });
}

/// The comparison must be able to fail.
TEST(BookEquality, SeesADifference) {
  OrderBooks books(capacity());
  NaiveBooks naive;
  Comparison comparison{books, naive, {}, {}};
  const InstrumentId id{1};
  const Price price = price_from_e4(10'000);
  books.add(id, 1, Side::kBuy, 100, price);
  books.add(id, 2, Side::kBuy, 100, price);
  EXPECT_FALSE(comparison.everything(2));
  naive.add(id, 2, Side::kBuy, 100, price);
  naive.add(id, 1, Side::kBuy, 100, price);
  EXPECT_TRUE(comparison.touch(id));
  EXPECT_FALSE(comparison.side(id, Side::kBuy));  // the queue's order
  naive.remove(2);
  naive.add(id, 2, Side::kBuy, 100, price);
  EXPECT_TRUE(comparison.everything(2));
  naive.reduce(2, 1);
  EXPECT_FALSE(comparison.level({id, Side::kBuy, price}));
}

}  // namespace
}  // namespace pyscalp::book
