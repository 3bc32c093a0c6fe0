#include "capture/hftbacktest.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "decoding.hpp"

namespace pyscalp::capture {
namespace {

using event::EventKind;
using event::EventSide;

constexpr std::uint64_t kExchange = 1ull << 31;
constexpr std::uint64_t kLocal = 1ull << 30;
constexpr std::uint64_t kBuy = 1ull << 29;
constexpr std::uint64_t kSell = 1ull << 28;
constexpr std::uint64_t kBoth = kExchange | kLocal;

struct Rows {
  std::vector<std::byte> bytes;
  void add(std::uint64_t ev, double px, double qty, std::int64_t exchange = 5,
           std::int64_t local = 6, std::uint64_t order = 0) {
    std::byte row[64] = {};
    store_le(row, ev);
    store_le(row + 8, static_cast<std::uint64_t>(exchange));
    store_le(row + 16, static_cast<std::uint64_t>(local));
    store_le(row + 24, std::bit_cast<std::uint64_t>(px));
    store_le(row + 32, std::bit_cast<std::uint64_t>(qty));
    store_le(row + 40, order);
    bytes.insert(bytes.end(), row, row + 64);
  }
};

const auto kCoins = [] { return HftbacktestDecoder(100'000'000, ""); };

TEST(Hftbacktest, every_type) {
  Rows rows;
  rows.add(kBoth | kBuy | 1, 61'837.63, 0.02);
  rows.add(kBoth | kSell | 2, 61'837.7, 3.5, 7, 8);
  rows.add(kBoth | kBuy | 3, 61'000.0, 0.0, 9, 10);
  rows.add(kBoth | 3, 0.0, 0.0, 9, 10);
  rows.add(kBoth | kSell | 4, 61'838.0, 1.0, 9, 10);
  rows.add(kBoth | kSell | 5, 61'838.0, 1.0, 9, 11);
  rows.add(kBoth | kBuy | 10, 1.25, 2.0, 12, 13, 77);
  rows.add(kBoth | kBuy | 11, 1.25, 2.0, 12, 13, 77);
  rows.add(kBoth | kBuy | 12, 1.25, 2.0, 12, 13, 77);
  rows.add(kBoth | kBuy | 13, 1.25, 2.0, 12, 13, 77);
  const Events events = decode_all(kCoins, rows.bytes);
  ASSERT_EQ(events.size(), 10u);
  event::MarketEvent level;
  level.venue_time = 5;
  level.receipt_time = 6;
  level.sequence = 1;
  level.price = 61'837'630'000'000;
  level.qty = 2'000'000;
  level.instrument = 1;
  level.kind = EventKind::kLevel;
  level.side = EventSide::kBuy;
  level.flags = event::kLast;
  EXPECT_EQ(events[0], level);
  EXPECT_EQ(events[1].kind, EventKind::kTrade);
  EXPECT_EQ(events[1].side, EventSide::kSell);
  EXPECT_EQ(events[2].kind, EventKind::kClear);
  EXPECT_EQ(events[2].price, 61'000'000'000'000);
  EXPECT_EQ(events[2].side, EventSide::kBuy);
  EXPECT_EQ(events[3].kind, EventKind::kClear);
  EXPECT_EQ(events[3].price, kNoPrice.value);
  EXPECT_EQ(events[3].side, EventSide::kNone);
  EXPECT_EQ(events[4].flags, event::kLast | event::kSnapshot);
  EXPECT_EQ(events[5].kind, EventKind::kTouch);
  EXPECT_EQ(events[6].kind, EventKind::kAdd);
  EXPECT_EQ(events[6].order, 77u);
  EXPECT_EQ(events[7].kind, EventKind::kDelete);
  EXPECT_EQ(events[8].kind, EventKind::kModify);
  EXPECT_EQ(events[8].flags, event::kLast | event::kPlaceByRule);
  EXPECT_EQ(events[9].kind, EventKind::kExecute);
}

TEST(Hftbacktest, levels_of_one_time_are_one_change) {
  Rows rows;
  rows.add(kBoth | kBuy | 1, 1.0, 1.0, 5, 6);
  rows.add(kBoth | kSell | 1, 2.0, 1.0, 5, 6);
  rows.add(kBoth | kSell | 1, 3.0, 1.0, 5, 7);
  const Events events = decode_all(kCoins, rows.bytes);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].flags, 0);
  EXPECT_EQ(events[1].flags, event::kLast);
  EXPECT_EQ(events[2].flags, event::kLast);
}

TEST(Hftbacktest, what_the_receiver_saw_counts_once) {
  Rows rows;
  rows.add(kExchange | kBuy | 1, 1.0, 1.0);
  rows.add(kLocal | kBuy | 1, 1.0, 1.0);
  rows.add(kBuy | 1, 1.0, 1.0);
  rows.add(kBoth | kBuy | 101, 1.0, 1.0);
  auto decoder = kCoins();
  const Events events = decode_in(decoder, rows.bytes, 64);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].sequence, 2u);
  EXPECT_EQ(decoder.counters().more.at("exchange_only"), 1u);
  EXPECT_EQ(decoder.counters().more.at("unmarked"), 1u);
  EXPECT_EQ(decoder.counters().unknown_types[101], 1u);
}

TEST(Hftbacktest, doubles_are_exact_or_refused) {
  for (const double px : {1e-9, 0.1, 0.00001234, 61'837.63, 1.1, 9'000'000.000001}) {
    Rows rows;
    rows.add(kBoth | kBuy | 1, px, 0.1);
    const Events events = decode_all(kCoins, rows.bytes, 3);
    ASSERT_EQ(events.size(), 1u) << px;
    EXPECT_EQ(static_cast<double>(events[0].price) / 1e9, px);
    EXPECT_EQ(events[0].qty, 10'000'000);
  }
  const double bad[][2] = {{0.1 + 0.2, 1.0}, {1.0, 0.1 + 0.2}, {1e10, 1.0},
                           {1.0, 1e11},      {NAN, 1.0},       {1.0, INFINITY},
                           {1e-10, 1.0},     {1.0, 1e-9}};
  for (const auto& [px, qty] : bad) {
    Rows rows;
    rows.add(kBoth | kBuy | 1, 1.0, 1.0);
    rows.add(kBoth | kBuy | 1, px, qty);
    auto decoder = kCoins();
    EXPECT_EQ(decode_in(decoder, rows.bytes, 50).size(), 1u);
    EXPECT_NE(decoder.failure().find("row 2 has a"), std::string::npos);
    EXPECT_EQ(decoder.failed_at(), 64u);
  }
}

TEST(Hftbacktest, a_cut_row) {
  Rows rows;
  rows.add(kBoth | kBuy | 1, 1.0, 1.0);
  rows.add(kBoth | kBuy | 1, 1.0, 1.0);
  auto decoder = kCoins();
  EXPECT_EQ(decode_in(decoder, Bytes(rows.bytes).first(127), 10).size(), 1u);
  EXPECT_TRUE(decoder.cut());
  EXPECT_EQ(decoder.failed_at(), 64u);
}

}  // namespace
}  // namespace pyscalp::capture
