// IEX messages: sizes and offsets of every type against the tables of DEEP, TOPS and
// DEEP+, messages written by hand, and what a decoder must bear.
#include "wire/iex.hpp"

#include <gtest/gtest.h>

#include <random>

#include "bytes_of.hpp"

namespace pyscalp::wire::iex {
namespace {

struct Row {
  char type;
  std::size_t size;
};
constexpr Row kRows[] = {{'S', 10}, {'D', 31}, {'H', 22}, {'I', 18}, {'O', 18},
                         {'P', 19}, {'E', 18}, {'8', 30}, {'5', 30}, {'Q', 42},
                         {'T', 38}, {'B', 38}, {'X', 26}, {'A', 80}, {'a', 38},
                         {'M', 38}, {'R', 26}, {'L', 46}, {'C', 18}};

/// A message whose byte at offset i is 0x10 + i, but for its type and, in an added
/// order, the side.
Buffer numbered(const Row& row) {
  Buffer bytes(row.size);
  for (std::size_t i = 0; i < row.size; ++i) {
    bytes[i] = static_cast<std::byte>(0x10 + i);
  }
  bytes[0] = static_cast<std::byte>(row.type);
  if (row.type == 'a') bytes[1] = std::byte{'5'};
  return bytes;
}

/// Holds each field against the bytes at the offset that the table names.
struct Offsets {
  Bytes bytes;
  std::size_t covered = 0;

  template <class T>
  void at(std::size_t offset, const T& field) {
    T wanted;
    std::memcpy(&wanted, bytes.data() + offset, sizeof wanted);
    EXPECT_EQ(field, wanted) << offset << " of " << static_cast<char>(bytes[0]);
    covered += sizeof field;
  }
  void head(const auto& first, std::int64_t time) { at(1, first), at(2, time); }
  void head(const auto& first, std::int64_t time, const Symbol& symbol) {
    head(first, time), at(10, symbol);
  }

  void on(const SystemEvent& m) { head(m.event, m.time_ns); }
  void on(const SecurityDirectory& m) {
    head(m.flags, m.time_ns, m.symbol), at(18, m.round_lot);
    at(22, m.adjusted_close_e4), at(30, m.luld_tier);
  }
  void on(const TradingStatus& m) {
    head(m.status, m.time_ns, m.symbol), at(18, m.reason);
  }
  void on(const RetailLiquidity& m) { head(m.indicator, m.time_ns, m.symbol); }
  void on(const OperationalHalt& m) { head(m.status, m.time_ns, m.symbol); }
  void on(const ShortSaleTest& m) {
    head(m.in_effect, m.time_ns, m.symbol), at(18, m.detail);
  }
  void on(const SecurityEvent& m) { head(m.event, m.time_ns, m.symbol); }
  template <char kCode>
  void on(const PriceLevelUpdate<kCode>& m) {
    head(m.event_flags, m.time_ns, m.symbol), at(18, m.size), at(22, m.price_e4);
  }
  void on(const QuoteUpdate& m) {
    head(m.flags, m.time_ns, m.symbol), at(18, m.bid_size), at(22, m.bid_e4);
    at(30, m.ask_e4), at(38, m.ask_size);
  }
  template <char kCode>
  void on(const TradeMessage<kCode>& m) {
    head(m.sale_flags, m.time_ns, m.symbol), at(18, m.size), at(22, m.price_e4);
    at(30, m.trade_id);
  }
  void on(const OfficialPrice& m) {
    head(m.kind, m.time_ns, m.symbol), at(18, m.price_e4);
  }
  void on(const AuctionInformation& m) {
    head(m.auction, m.time_ns, m.symbol), at(18, m.paired), at(22, m.reference_e4);
    at(30, m.indicative_e4), at(38, m.imbalance), at(42, m.imbalance_side);
    at(43, m.extensions), at(44, m.scheduled_s), at(48, m.book_clearing_e4);
    at(56, m.collar_reference_e4), at(64, m.lower_collar_e4);
    at(72, m.upper_collar_e4);
  }
  void on(const AddOrder& m) {
    head(m.side, m.time_ns, m.symbol), at(18, m.order), at(26, m.size);
    at(30, m.price_e4);
  }
  void on(const OrderModify& m) {
    head(m.flags, m.time_ns, m.symbol), at(18, m.order), at(26, m.size);
    at(30, m.price_e4);
  }
  void on(const OrderDelete& m) {
    head(m.reserved, m.time_ns, m.symbol), at(18, m.order);
  }
  void on(const OrderExecuted& m) {
    head(m.sale_flags, m.time_ns, m.symbol), at(18, m.order), at(26, m.size);
    at(30, m.price_e4), at(38, m.trade_id);
  }
  void on(const ClearBook& m) { head(m.reserved, m.time_ns, m.symbol); }
};

/// Encodes what it is given, with and without the bytes past the type's size.
struct Mirror {
  Buffer bytes;
  Buffer rest;
  int calls = 0;
  template <class Message>
  void on(const Message& message, Bytes past) {
    ++calls;
    static_assert(Message::kSize <= kMaxSize);
    rest.assign(past.begin(), past.end());
    bytes.resize(Message::kSize + past.size());
    EXPECT_EQ(encode(message, bytes.data(), past), bytes.size());
  }
};

TEST(Iex, EveryFieldStandsWhereTheTableSays) {
  for (const Row& row : kRows) {
    const Buffer bytes = numbered(row);
    Offsets offsets{bytes};
    ASSERT_EQ(decode(bytes, offsets), DecodeStatus::kOk) << row.type;
    EXPECT_EQ(offsets.covered, row.size - 1) << row.type;
    EXPECT_EQ(time_ns(bytes), 0x1918171615141312) << row.type;
  }
}

TEST(Iex, WhatIsDecodedIsEncodedToTheSameBytes) {
  std::mt19937_64 random(16);
  for (const Row& row : kRows) {
    for (int i = 0; i < 100; ++i) {
      Buffer bytes = numbered(row);
      for (std::size_t at = 2; at < row.size; ++at) {
        bytes[at] = static_cast<std::byte>(random());
      }
      Mirror mirror;
      ASSERT_EQ(decode(bytes, mirror), DecodeStatus::kOk);
      ASSERT_EQ(mirror.bytes, bytes) << row.type;
    }
  }
}

TEST(Iex, LongerMessagesAreReadAndTheirRestKept) {
  for (const Row& row : kRows) {
    Buffer bytes = numbered(row);
    const Buffer more = hex("c0ffee");
    bytes.insert(bytes.end(), more.begin(), more.end());
    Mirror mirror;
    ASSERT_EQ(decode(bytes, mirror), DecodeStatus::kOk) << row.type;
    EXPECT_EQ(mirror.rest, more);
    EXPECT_EQ(mirror.bytes, bytes);
    Offsets offsets{bytes};  // a handler that does not ask for the rest
    ASSERT_EQ(decode(bytes, offsets), DecodeStatus::kOk) << row.type;
    EXPECT_EQ(offsets.covered, row.size - 1);
  }
}

TEST(Iex, CutAtEveryLengthNothingIsDelivered) {
  for (const Row& row : kRows) {
    const Buffer bytes = numbered(row);
    for (std::size_t size = 0; size < row.size; ++size) {
      const Buffer cut(bytes.begin(),
                       bytes.begin() + static_cast<std::ptrdiff_t>(size));
      Mirror mirror;
      EXPECT_EQ(decode(cut, mirror),
                size == 0 ? DecodeStatus::kEmpty : DecodeStatus::kTruncated);
      EXPECT_EQ(mirror.calls, 0);
      struct Deaf {};
      EXPECT_EQ(decode(cut, Deaf{}),
                size == 0 ? DecodeStatus::kEmpty : DecodeStatus::kTruncated);
    }
  }
}

TEST(Iex, EveryOtherTypeIsUnknown) {
  for (int type = 0; type < 256; ++type) {
    const bool known = std::any_of(
        std::begin(kRows), std::end(kRows),
        [&](const Row& row) { return static_cast<unsigned char>(row.type) == type; });
    if (known) continue;
    Buffer bytes(100);
    bytes[0] = static_cast<std::byte>(type);
    Mirror mirror;
    EXPECT_EQ(decode(bytes, mirror), DecodeStatus::kUnknownType) << type;
    EXPECT_EQ(mirror.calls, 0);
  }
}

TEST(Iex, AnAddedOrderIsBoughtOrSold) {
  for (int side = 0; side < 256; ++side) {
    Buffer bytes = numbered({'a', 38});
    bytes[1] = static_cast<std::byte>(side);
    Mirror mirror;
    const bool sound = side == '8' || side == '5';
    EXPECT_EQ(decode(bytes, mirror),
              sound ? DecodeStatus::kOk : DecodeStatus::kBadField);
    EXPECT_EQ(mirror.calls, sound ? 1 : 0);
  }
}

TEST(Iex, APriceLevelByHand) {
  const Buffer bytes =
      hex("'8' 01 ac63c020968b9c15 'ZIEXT   ' e4250000 241d0f0000000000");
  struct Take {
    PriceLevelBuy level;
    void on(const PriceLevelBuy& m) { level = m; }
    void on(const PriceLevelSell&) { FAIL(); }
  } take;
  ASSERT_EQ(decode(bytes, take), DecodeStatus::kOk);
  static_assert(PriceLevelBuy::kSide == Side::kBuy);
  static_assert(PriceLevelSell::kSide == Side::kSell);
  EXPECT_TRUE(take.level.event_complete());
  EXPECT_EQ(take.level.time_ns, 0x159c8b9620c063ac);
  EXPECT_EQ(take.level.symbol.trimmed(), "ZIEXT");
  EXPECT_EQ(take.level.size, 9'700u);
  EXPECT_EQ(exact_price(take.level.price_e4), Price{99'050'000'000});
}

TEST(Iex, PricesThatTheTypeCannotHoldAreNone) {
  EXPECT_EQ(exact_price(0), Price{0});
  EXPECT_EQ(exact_price(-5), Price{-500'000});
  EXPECT_EQ(exact_price(92'233'720'368'547), Price{9'223'372'036'854'700'000});
  EXPECT_FALSE(exact_price(92'233'720'368'548));
  EXPECT_FALSE(exact_price(-92'233'720'368'548));
  EXPECT_FALSE(exact_price(INT64_MIN));
}

}  // namespace
}  // namespace pyscalp::wire::iex
