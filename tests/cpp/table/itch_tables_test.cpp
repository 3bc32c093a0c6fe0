#include "table/itch_tables.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <map>

#include "base/random.hpp"
#include "event/itch_events.hpp"
#include "table/event_tables.hpp"

namespace pyscalp::table {
namespace {

using namespace wire::itch;

constexpr book::BookCapacity kSmall{4096, 2048};

/// A BinaryFILE in the making.
class Day {
 public:
  template <class Message>
  void put(Message message, std::uint16_t locate) {
    message.header.locate = locate;
    message.header.timestamp_ns = ++clock_;
    std::array<std::byte, 2 + kMaxSize> block;
    const std::size_t size = encode(message, block.data() + 2);
    store_be(block.data(), static_cast<std::uint16_t>(size));
    bytes.insert(bytes.end(), block.begin(),
                 block.begin() + static_cast<std::ptrdiff_t>(2 + size));
  }
  void directory(std::uint16_t locate, std::string_view symbol) {
    StockDirectory m;
    m.stock = Symbol(symbol);
    put(m, locate);
  }
  void add(std::uint16_t locate, std::uint64_t reference, char side,
           std::uint32_t shares, std::uint32_t price, std::string_view symbol = "") {
    AddOrder m;
    m.reference = reference, m.side = side, m.shares = shares, m.price_e4 = price;
    m.stock = Symbol(symbol);
    put(m, locate);
  }
  std::vector<std::byte> bytes;

 private:
  std::uint64_t clock_ = 0;
};

/// All a table says, as numbers: by column, then by row.
std::vector<std::vector<std::uint64_t>> contents(Table& table) {
  std::vector<std::vector<std::uint64_t>> columns(table.columns().size());
  for (const Block& block : table.take()) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::size_t size = width(table.columns()[c].kind);
      for (std::size_t row = 0; row < block.rows; ++row) {
        std::uint64_t value = 0;
        std::memcpy(&value, block.columns[c].get() + row * size, size);
        columns[c].push_back(value);
      }
    }
  }
  return columns;
}

BookRowsConfig all_tables(bool receipt) {
  BookRowsConfig config;
  config.depth = config.features = true;
  config.receipt = receipt;
  config.block_rows = 64;
  return config;
}

/// Orders of a few instruments: every kind of message, some odd.
Day random_day(std::uint64_t seed, int messages) {
  Day day;
  for (std::uint16_t locate = 1; locate <= 3; ++locate) {
    day.directory(locate, std::array{"", "AAA", "BBB", "CCC"}[locate]);
  }
  Random random(seed);
  struct Resting {
    std::uint64_t reference;
    std::uint16_t locate;
    std::uint32_t shares;
  };
  std::vector<Resting> alive;
  for (std::uint64_t reference = 1; reference <= static_cast<std::uint64_t>(messages);
       ++reference) {
    const auto locate = static_cast<std::uint16_t>(random.between(1, 3));
    const auto away = static_cast<std::uint32_t>(random.below(12));
    const auto shares = static_cast<std::uint32_t>(random.between(1, 400));
    if (alive.size() < 30 || (alive.size() < 300 && random.below(2) == 0)) {
      const bool buys = random.below(2) == 0;
      day.add(locate, reference, buys ? 'B' : 'S', shares,
              100 * (buys ? 5000 - away : 5001 + away));
      alive.push_back({reference, locate, shares});
      continue;
    }
    const auto at = static_cast<std::size_t>(random.below(alive.size()));
    Resting& order = alive[at];
    const auto kind = random.below(8);
    if (kind == 0) {
      Trade m;
      m.shares = shares, m.price_e4 = 500'000, m.match = reference;
      day.put(m, locate);
    } else if (kind == 1) {
      CrossTrade m;
      m.shares = shares % 5, m.price_e4 = 500'000, m.match = reference;
      day.put(m, locate);
    } else if (kind == 2) {
      OrderReplace m;
      m.old_reference = order.reference, m.new_reference = reference;
      m.shares = shares, m.price_e4 = 100 * (5000 + 500 * (reference % 2 == 0));
      day.put(m, order.locate);
      order.reference = reference, order.shares = shares;
    } else if (kind == 3 && order.shares > 1) {
      OrderCancel m;
      m.reference = order.reference, m.cancelled = 1;
      day.put(m, order.locate);
      --order.shares;
    } else if (kind == 4) {
      OrderExecutedWithPrice m;
      m.reference = order.reference, m.shares = order.shares, m.match = reference;
      m.price_e4 = 499'900, m.printable = random.below(2) == 0 ? 'Y' : 'N';
      day.put(m, order.locate);
      order = alive.back(), alive.pop_back();
    } else if (kind == 5) {
      OrderExecuted m;
      m.reference = order.reference, m.shares = order.shares, m.match = reference;
      day.put(m, order.locate);
      order = alive.back(), alive.pop_back();
    } else if (kind == 6) {
      BrokenTrade m;
      m.match = reference;
      day.put(m, locate);
    } else {
      OrderDelete m;
      m.reference = order.reference;
      day.put(m, order.locate);
      order = alive.back(), alive.pop_back();
    }
  }
  return day;
}

TEST(ItchTables, EqualsTheTablesOfTheSameDayAsEvents) {
  const Day day = random_day(1, 6000);
  ItchTables native(all_tables(true), {}, 1000, kSmall);
  EXPECT_TRUE(native.feed(day.bytes));
  book::EventCapacity capacity;
  capacity.orders = kSmall;
  EventTables events(all_tables(true), capacity);
  std::uint64_t sequence = 0;
  book::BlockCursor cursor(day.bytes);
  for (; cursor.whole(); cursor.step()) {
    event::MarketEvent event;
    event::ItchEvent made(event, ++sequence, 0, 1000);
    decode(cursor.message(), made);
    events.feed(Bytes(reinterpret_cast<const std::byte*>(&event), sizeof event), 1);
  }
  EXPECT_GT(native.rows().top.rows(), 500u);
  for (Table BookRows::*table :
       {&BookRows::top, &BookRows::depth, &BookRows::trades, &BookRows::features}) {
    EXPECT_EQ(contents(native.rows().*table), contents(events.rows().*table));
  }
  EXPECT_EQ(native.counters().crossed, events.books().counters().crossed);
  EXPECT_EQ(native.counters().breaks, events.books().counters().breaks);
}

TEST(ItchTables, DoesNotMindHowTheFileIsCut) {
  const Day day = random_day(2, 3000);
  ItchTables whole(all_tables(false), {}, 0, kSmall);
  whole.feed(day.bytes);
  const auto wanted = contents(whole.rows().depth);
  for (const std::size_t piece : {1u, 7u, 20u, 1000u}) {
    ItchTables cut(all_tables(false), {}, 0, kSmall);
    for (std::size_t at = 0; at < day.bytes.size(); at += piece) {
      const std::size_t size = std::min(piece, day.bytes.size() - at);
      ASSERT_TRUE(cut.feed(Bytes(day.bytes).subspan(at, size)));
      ASSERT_LE(cut.offset(), at + size);
    }
    EXPECT_EQ(contents(cut.rows().depth), wanted) << piece;
    EXPECT_FALSE(cut.cut());
    EXPECT_EQ(cut.offset(), day.bytes.size());
  }
}

TEST(ItchTables, TheTouchesAloneAreThoseBesideOtherTables) {
  const Day day = random_day(3, 6000);
  ItchTables all(all_tables(false), {}, 5, kSmall);
  all.feed(day.bytes);
  BookRowsConfig config;
  config.trades = config.receipt = false;
  ItchTables lean(config, {}, 5, kSmall);
  // The directory in a piece of its own, for it is what makes the rest lean.
  lean.feed(Bytes(day.bytes).first(3 * 41));
  lean.feed(Bytes(day.bytes).subspan(3 * 41));
  EXPECT_EQ(contents(lean.rows().top), contents(all.rows().top));
  EXPECT_EQ(lean.counters().messages, all.counters().messages);
  EXPECT_EQ(lean.counters().trades, all.counters().trades);
  EXPECT_EQ(lean.counters().crossed, all.counters().crossed);
  EXPECT_EQ(lean.counters().breaks, all.counters().breaks);
  for (std::uint16_t i = 1; i <= 3; ++i) {
    EXPECT_GE(all.messages(InstrumentId{i}), lean.messages(InstrumentId{i}));
    EXPECT_EQ(lean.flagged(InstrumentId{i}), all.flagged(InstrumentId{i}));
  }
}

TEST(ItchTables, AChoiceGivesTheRowsOfTheChosenAndNoOthers) {
  const Day day = random_day(4, 4000);
  ItchTables all(all_tables(false), {}, 0, kSmall);
  all.feed(day.bytes);
  const auto everything = contents(all.rows().top);
  ItchTables one(all_tables(false), {"BBB"}, 0, kSmall);
  one.feed(day.bytes);
  EXPECT_TRUE(one.chosen());
  const auto chosen = contents(one.rows().top);
  std::vector<std::vector<std::uint64_t>> wanted(everything.size());
  for (std::size_t row = 0; row < everything[2].size(); ++row) {
    if (everything[2][row] != 2) continue;
    for (std::size_t c = 0; c < wanted.size(); ++c) {
      wanted[c].push_back(everything[c][row]);
    }
  }
  EXPECT_EQ(chosen, wanted);
  EXPECT_GT(one.counters().passed_over, 1000u);
  EXPECT_EQ(one.counters().messages, all.counters().messages);
  ItchTables none(all_tables(false), {"ZZZ"}, 0, kSmall);
  none.feed(day.bytes);
  EXPECT_FALSE(none.chosen());
}

TEST(ItchTables, WithoutADirectoryOrdersTellTheirSymbol) {
  Day day;
  day.add(5, 1, 'B', 10, 10'000, "MID");
  day.add(6, 2, 'B', 10, 10'000, "OFF");
  ItchTables tables(all_tables(false), {}, 0, kSmall);
  tables.feed(day.bytes);
  EXPECT_EQ(tables.symbol(InstrumentId{5}), "MID");
  EXPECT_EQ(tables.seen(), (std::vector<std::uint16_t>{5, 6}));
  EXPECT_FALSE(tables.listed());
  ItchTables chosen(all_tables(false), {"OFF"}, 0, kSmall);
  chosen.feed(day.bytes);
  EXPECT_EQ(chosen.rows().top.rows(), 1u);
}

TEST(ItchTables, EndsAtTheEndMarkAndNoticesACutAndDamage) {
  Day day;
  day.directory(1, "AAA");
  day.add(1, 1, 'B', 10, 10'000);
  const std::size_t whole = day.bytes.size();
  for (std::size_t size = 0; size < whole; ++size) {
    ItchTables tables(all_tables(false), {}, 0, kSmall);
    EXPECT_TRUE(tables.feed(Bytes(day.bytes).first(size)));
    EXPECT_EQ(tables.cut(), size != 0 && size != 41);
    EXPECT_EQ(tables.offset(), size < 41 ? 0u : 41u);
  }
  day.bytes.resize(whole + 2);  // a length of 0
  day.bytes.resize(whole + 50, std::byte{0x55});
  ItchTables ended(all_tables(false), {}, 0, kSmall);
  EXPECT_FALSE(ended.feed(day.bytes));
  EXPECT_FALSE(ended.feed(day.bytes));
  EXPECT_EQ(ended.offset(), whole);
  EXPECT_EQ(ended.counters().messages, 2u);
  EXPECT_FALSE(ended.cut());
  EXPECT_FALSE(ended.damaged());

  for (const std::size_t length : {1u, 10u, 20u}) {  // too short for what it is
    Day damaged;
    damaged.directory(1, "AAA");
    damaged.add(1, 1, 'B', 10, 10'000);
    store_be(damaged.bytes.data() + 41, static_cast<std::uint16_t>(length));
    ItchTables tables(all_tables(false), {}, 0, kSmall);
    EXPECT_FALSE(tables.feed(damaged.bytes));
    EXPECT_TRUE(tables.damaged());
    EXPECT_EQ(tables.offset(), 41u);
  }
}

TEST(ItchTables, SkipsATypeItDoesNotKnow) {
  Day day;
  day.directory(1, "AAA");
  day.add(1, 1, 'B', 10, 10'000);
  day.bytes[41 + 2] = static_cast<std::byte>('z');
  day.add(1, 2, 'B', 10, 10'000);
  ItchTables tables(all_tables(false), {}, 0, kSmall);
  EXPECT_TRUE(tables.feed(day.bytes));
  EXPECT_EQ(tables.books().counters().unknown_types, 1u);
  EXPECT_EQ(tables.rows().top.rows(), 1u);
}

}  // namespace
}  // namespace pyscalp::table
