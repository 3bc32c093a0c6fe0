#include "capture/dbn.hpp"

#include <gtest/gtest.h>

#include "decoding.hpp"

namespace pyscalp::capture {
namespace {

using event::EventKind;
using event::EventSide;
using event::MarketEvent;

/// Little-endian bytes, appended.
class File {
 public:
  template <class T>
  File& put(T value) {
    const auto bits = static_cast<std::make_unsigned_t<T>>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes_.push_back(static_cast<std::byte>(bits >> (8 * i)));
    }
    return *this;
  }
  File& text(std::string_view text, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      bytes_.push_back(static_cast<std::byte>(i < text.size() ? text[i] : '\0'));
    }
    return *this;
  }
  File& add(const File& other) {
    bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end());
    return *this;
  }
  Bytes bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::vector<std::byte> bytes_;
};

File metadata(int version, std::uint16_t schema = 0) {
  File body;
  body.text("XNAS.ITCH", 16).put(schema);
  for (int i = 0; i < 3; ++i) body.put(std::uint64_t{0});
  if (version == 1) body.put(UINT64_MAX);
  body.text("", 3);
  const std::size_t symbol = version == 1 ? 22 : 71;
  if (version > 1) body.put(static_cast<std::uint16_t>(symbol));
  body.text("", 100 - body.size());
  body.put(std::uint32_t{0});
  body.put(std::uint32_t{1}).text("AAPL", symbol);
  body.put(std::uint32_t{0}).put(std::uint32_t{0});
  body.put(std::uint32_t{1}).text("AAPL", symbol).put(std::uint32_t{1});
  body.put(20240101u).put(20240102u).text("32", symbol);
  File file;
  file.text("DBN", 3).put(static_cast<std::uint8_t>(version));
  file.put(static_cast<std::uint32_t>(body.size())).add(body);
  return file;
}

File header(std::uint8_t type, std::size_t size) {
  File file;
  file.put(static_cast<std::uint8_t>(size / 4)).put(type).put(std::uint16_t{1});
  file.put(std::uint32_t{32}).put(std::int64_t{1000});
  return file;
}

File mbo(char action, char side, std::uint8_t flags, std::int64_t price = 5,
         std::size_t size = 56) {
  File file = header(0xA0, size);
  file.put(std::uint64_t{77}).put(price).put(std::uint32_t{10}).put(flags);
  file.put(std::uint8_t{0}).put(action).put(side).put(std::int64_t{2000});
  file.put(std::int32_t{0}).put(std::uint32_t{9});
  return file.text("", size - 56);
}

Events events_of(const File& records, int version = 3, std::uint16_t schema = 0) {
  File file = metadata(version, schema);
  file.add(records);
  const auto make = [] { return DbnDecoder(); };
  return decode_all(make, file.bytes(), 60);
}

TEST(Dbn, order_by_order) {
  File records;
  records.add(mbo('A', 'B', 128)).add(mbo('C', 'A', 0)).add(mbo('M', 'A', 128));
  records.add(mbo('T', 'B', 0)).add(mbo('F', 'A', 0)).add(mbo('N', 'N', 128));
  records.add(mbo('R', 'N', 32 + 8, INT64_MAX)).add(mbo('A', 'N', 0));
  for (const int version : {1, 2, 3}) {
    const Events events = events_of(records, version);
    ASSERT_EQ(events.size(), 8u);
    MarketEvent add;
    add.venue_time = 1000;
    add.receipt_time = 2000;
    add.sequence = 9;
    add.order = 77;
    add.price = 5;
    add.qty = 10;
    add.instrument = 32;
    add.kind = EventKind::kAdd;
    add.side = EventSide::kBuy;
    add.flags = event::kLast;
    add.code = 'A';
    EXPECT_EQ(events[0], add);
    EXPECT_EQ(events[1].kind, EventKind::kReduce);
    EXPECT_EQ(events[1].side, EventSide::kSell);
    EXPECT_EQ(events[1].flags, 0);
    EXPECT_EQ(events[2].kind, EventKind::kModify);
    EXPECT_EQ(events[2].flags, event::kLast | event::kPlaceByRule);
    EXPECT_EQ(events[3].kind, EventKind::kTrade);
    EXPECT_EQ(events[4].kind, EventKind::kOther);
    EXPECT_EQ(events[4].code, 'F');
    EXPECT_EQ(events[5].kind, EventKind::kOther);
    EXPECT_EQ(events[6].kind, EventKind::kClear);
    EXPECT_EQ(events[6].flags, event::kSnapshot);
    EXPECT_EQ(events[6].price, kNoPrice.value);
    EXPECT_EQ(events[7].kind, EventKind::kOther) << "an order of no side rests nowhere";
  }
}

TEST(Dbn, aggregated_and_longer_records) {
  File records;
  records.add(mbo('A', 'B', 64)).add(mbo('A', 'A', 64, INT64_MAX));
  records.add(mbo('A', 'B', 16)).add(mbo('C', 'B', 16)).add(mbo('A', 'B', 0, 5, 64));
  const Events events = events_of(records);
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].kind, EventKind::kTouch);
  EXPECT_EQ(events[1].price, kNoPrice.value);
  EXPECT_EQ(events[1].qty, 0);
  EXPECT_EQ(events[2].kind, EventKind::kLevel);
  EXPECT_EQ(events[3].qty, 0);
  EXPECT_EQ(events[4].kind, EventKind::kAdd);
}

File market(std::uint8_t type, char action, const std::vector<std::int64_t>& prices,
            const std::vector<std::uint32_t>& sizes) {
  File file = header(type, 48 + 16 * prices.size());
  file.put(std::int64_t{5}).put(std::uint32_t{10}).put(action).put('A');
  file.put(std::uint8_t{128}).put(std::uint8_t{0}).put(std::int64_t{2000});
  file.put(std::int32_t{0}).put(std::uint32_t{9});
  for (std::size_t i = 0; i < prices.size(); i += 2) {
    file.put(prices[i]).put(prices[i + 1]).put(sizes[i]).put(sizes[i + 1]);
    file.text("", 8);
  }
  return file;
}

std::string kinds(const Events& events) {
  std::string text;
  for (const MarketEvent& event : events) {
    text += event.kind == EventKind::kTrade ? 'T'
            : event.kind == EventKind::kTouch
                ? (event.side == EventSide::kBuy ? 'b' : 'a')
                : '?';
    if ((event.flags & event::kLast) != 0) text += '.';
  }
  return text;
}

TEST(Dbn, trades_and_tops) {
  File trade = header(0x00, 48);
  trade.put(std::int64_t{5}).put(std::uint32_t{10}).put('T').put('A');
  trade.put(std::uint8_t{128}).put(std::uint8_t{0}).put(std::int64_t{2000});
  trade.put(std::int32_t{0}).put(std::uint32_t{9});
  const Events trades = events_of(trade);
  EXPECT_EQ(kinds(trades), "T.");
  EXPECT_EQ(trades[0].side, EventSide::kSell);
  EXPECT_EQ(trades[0].qty, 10);

  const File add = market(0x01, 'A', {4, 6}, {1, 2});
  const Events top = events_of(add);
  EXPECT_EQ(kinds(top), "ba.");
  EXPECT_EQ(top[0].price, 4);
  EXPECT_EQ(top[0].qty, 1);
  EXPECT_EQ(top[1].price, 6);
  EXPECT_EQ(top[1].qty, 2);
  EXPECT_EQ(kinds(events_of(market(0x01, 'T', {4, 6}, {1, 2}))), "Tba.");
  EXPECT_EQ(kinds(events_of(market(0x01, 'T', {4, 6}, {1, 2}), 3, 3)), "baT.");
  EXPECT_EQ(kinds(events_of(market(0xC2, 'T', {4, 6}, {1, 2}))), "baT.");
  EXPECT_EQ(kinds(events_of(market(0xB1, 'T', {4, 6}, {1, 2}))), "Tba.");
  for (const char type : {'\xC0', '\xC1', '\xC3', '\xC4'}) {
    EXPECT_EQ(kinds(events_of(market(static_cast<std::uint8_t>(type), 'T',
                                     {4, INT64_MAX}, {1, 2}))),
              "ba.");
  }
}

TEST(Dbn, ten_levels_tell_what_changed) {
  std::vector<std::int64_t> prices(20, INT64_MAX);
  std::vector<std::uint32_t> sizes(20, 0);
  prices[0] = 100, prices[1] = 102, prices[2] = 99;
  sizes[0] = 5, sizes[1] = 6, sizes[2] = 7;
  File records = market(0x0A, 'A', prices, sizes);
  sizes[0] = 4, prices[2] = 98;
  records.add(market(0x0A, 'M', prices, sizes)).add(market(0x0A, 'M', prices, sizes));
  records.add(market(0x0A, 'R', std::vector<std::int64_t>(20, INT64_MAX), sizes));
  const Events events = events_of(records);
  struct Wanted {
    EventKind kind;
    std::int64_t price, qty;
    bool last;
  };
  const Wanted wanted[] = {
      {EventKind::kLevel, 100, 5, false},     {EventKind::kLevel, 99, 7, false},
      {EventKind::kLevel, 102, 6, true},      {EventKind::kLevel, 99, 0, false},
      {EventKind::kLevel, 100, 4, false},     {EventKind::kLevel, 98, 7, true},
      {EventKind::kClear, INT64_MAX, 0, true}};
  ASSERT_EQ(events.size(), std::size(wanted));
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].kind, wanted[i].kind) << i;
    EXPECT_EQ(events[i].price, wanted[i].price) << i;
    EXPECT_EQ(events[i].qty, wanted[i].qty) << i;
    EXPECT_EQ((events[i].flags & event::kLast) != 0, wanted[i].last) << i;
  }
}

TEST(Dbn, mappings_status_and_unknown_types) {
  File wide = header(0x16, 176);
  wide.put(std::uint8_t{0}).text("ES.FUT", 71).put(std::uint8_t{0}).text("ESH4", 71);
  wide.text("", 16);
  File narrow = header(0x16, 80);
  narrow.text("NQ.c.0", 22).text("7", 22).text("", 20);
  File status = header(0x12, 40);
  status.put(std::int64_t{2000}).put(std::uint16_t{8}).text("", 4).text("N", 10);
  File records;
  records.add(wide).add(status).add(header(0x13, 16));
  File file = metadata(3);
  file.add(records);
  DbnDecoder decoder;
  const Events events = decode_in(decoder, file.bytes(), 40);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, EventKind::kInstrument);
  EXPECT_EQ(events[1].kind, EventKind::kStatus);
  EXPECT_EQ(events[1].code, 'N');
  EXPECT_EQ(events[1].other, 8u);
  EXPECT_EQ(decoder.instruments().symbols().at(32), "ESH4");
  EXPECT_EQ(decoder.counters().unknown_types[0x13], 1u);

  DbnDecoder first;
  File old = metadata(1);
  decode_in(first, old.bytes(), 1000);
  EXPECT_EQ(first.instruments().symbols().at(32), "AAPL");
  old.add(narrow);
  DbnDecoder second;
  decode_in(second, old.bytes(), 1000);
  EXPECT_EQ(second.instruments().symbols().at(32), "NQ.c.0");
}

TEST(Dbn, damage) {
  const auto failure = [](const File& file) {
    DbnDecoder decoder;
    decode_in(decoder, file.bytes(), 33);
    return decoder.failure();
  };
  File future;
  future.text("DBN", 3).put(std::uint8_t{4}).put(std::uint32_t{0});
  EXPECT_EQ(failure(future), "is DBN of version 4; 1 to 3 are known");
  File huge;
  huge.text("DBN", 3).put(std::uint8_t{3}).put(UINT32_MAX);
  EXPECT_NE(failure(huge), "");
  File lists;
  lists.text("DBN", 3).put(std::uint8_t{3}).put(std::uint32_t{108}).text("", 100);
  lists.put(std::uint32_t{0}).put(UINT32_MAX);
  EXPECT_EQ(failure(lists), "has damaged metadata");
  File zero = metadata(3);
  zero.text("", 16);
  EXPECT_EQ(failure(zero), "has a record of 0 bytes");
  File small = metadata(3);
  small.add(header(0xA0, 16));
  DbnDecoder decoder;
  decode_in(decoder, small.bytes(), 1000);
  EXPECT_EQ(decoder.counters().undecodable, 1u);
  File cut = metadata(3);
  cut.add(mbo('A', 'B', 0));
  for (std::size_t left : {1, 20, 55}) {
    DbnDecoder of_cut;
    EXPECT_TRUE(decode_in(of_cut, cut.bytes().first(cut.size() - left), 50).empty());
    EXPECT_TRUE(of_cut.cut());
    EXPECT_EQ(of_cut.failed_at(), cut.size() - 56);
  }
}

}  // namespace
}  // namespace pyscalp::capture
