// TotalView-ITCH 5.0: sizes and offsets of every type, and messages written by hand
// from the specification.
#include "wire/itch50.hpp"

#include <gtest/gtest.h>

#include <random>

#include "bytes_of.hpp"

namespace pyscalp::wire::itch {
namespace {

struct Row {
  char type;
  std::size_t size;
};
constexpr Row kTable[] = {{'S', 12}, {'R', 39}, {'H', 25}, {'Y', 20}, {'L', 26},
                          {'V', 35}, {'W', 12}, {'K', 28}, {'J', 35}, {'h', 21},
                          {'A', 36}, {'F', 40}, {'E', 31}, {'C', 36}, {'X', 23},
                          {'D', 19}, {'U', 35}, {'P', 44}, {'Q', 40}, {'B', 19},
                          {'I', 50}, {'N', 20}, {'O', 48}};

constexpr bool sided(char type) { return type == 'A' || type == 'F' || type == 'P'; }
constexpr std::size_t kSideAt = 19;

/// Writes any message back.
struct Mirror {
  Buffer bytes;
  int calls = 0;
  template <class Message>
  void on(const Message& message) {
    ++calls;
    bytes.resize(kMaxSize);
    bytes.resize(encode(message, bytes.data()));
  }
};

/// Looks up every field at the offset of the specification's table.
struct Offsets {
  Numbered& n;
  void header(const Header& h) {
    n.expect(h.locate, 1);
    n.expect(h.tracking, 3);
    n.expect(h.timestamp_ns, 5, 6);
  }
  void on(const SystemEvent& m) { header(m.header), n.expect(m.event, 11); }
  void on(const StockDirectory& m) {
    header(m.header);
    n.expect(m.stock, 11), n.expect(m.market_category, 19);
    n.expect(m.financial_status, 20), n.expect(m.round_lot, 21);
    n.expect(m.round_lots_only, 25), n.expect(m.issue_class, 26);
    n.expect(m.issue_subtype, 27), n.expect(m.authenticity, 29);
    n.expect(m.short_sale_threshold, 30), n.expect(m.ipo_flag, 31);
    n.expect(m.luld_tier, 32), n.expect(m.etp_flag, 33);
    n.expect(m.etp_leverage, 34), n.expect(m.inverse, 38);
  }
  void on(const TradingAction& m) {
    header(m.header);
    n.expect(m.stock, 11), n.expect(m.state, 19), n.expect(m.reserved, 20);
    n.expect(m.reason, 21);
  }
  void on(const RegSho& m) {
    header(m.header), n.expect(m.stock, 11), n.expect(m.action, 19);
  }
  void on(const MarketParticipantPosition& m) {
    header(m.header);
    n.expect(m.mpid, 11), n.expect(m.stock, 15), n.expect(m.primary_market_maker, 23);
    n.expect(m.market_maker_mode, 24), n.expect(m.state, 25);
  }
  void on(const MwcbDeclineLevel& m) {
    header(m.header);
    n.expect(m.level1_e8, 11), n.expect(m.level2_e8, 19), n.expect(m.level3_e8, 27);
  }
  void on(const MwcbStatus& m) { header(m.header), n.expect(m.level, 11); }
  void on(const IpoQuotingPeriod& m) {
    header(m.header);
    n.expect(m.stock, 11), n.expect(m.release_time_s, 19), n.expect(m.qualifier, 23);
    n.expect(m.price_e4, 24);
  }
  void on(const LuldAuctionCollar& m) {
    header(m.header);
    n.expect(m.stock, 11), n.expect(m.reference_e4, 19), n.expect(m.upper_e4, 23);
    n.expect(m.lower_e4, 27), n.expect(m.extension, 31);
  }
  void on(const OperationalHalt& m) {
    header(m.header);
    n.expect(m.stock, 11), n.expect(m.market, 19), n.expect(m.action, 20);
  }
  void add(const auto& m) {
    header(m.header);
    n.expect(m.reference, 11), n.expect(m.side, 19), n.expect(m.shares, 20);
    n.expect(m.stock, 24), n.expect(m.price_e4, 32);
  }
  void on(const AddOrder& m) { add(m); }
  void on(const AddOrderMpid& m) { add(m), n.expect(m.mpid, 36); }
  void on(const OrderExecuted& m) {
    header(m.header);
    n.expect(m.reference, 11), n.expect(m.shares, 19), n.expect(m.match, 23);
  }
  void on(const OrderExecutedWithPrice& m) {
    header(m.header);
    n.expect(m.reference, 11), n.expect(m.shares, 19), n.expect(m.match, 23);
    n.expect(m.printable, 31), n.expect(m.price_e4, 32);
  }
  void on(const OrderCancel& m) {
    header(m.header), n.expect(m.reference, 11), n.expect(m.cancelled, 19);
  }
  void on(const OrderDelete& m) { header(m.header), n.expect(m.reference, 11); }
  void on(const OrderReplace& m) {
    header(m.header);
    n.expect(m.old_reference, 11), n.expect(m.new_reference, 19);
    n.expect(m.shares, 27), n.expect(m.price_e4, 31);
  }
  void on(const Trade& m) { add(m), n.expect(m.match, 36); }
  void on(const CrossTrade& m) {
    header(m.header);
    n.expect(m.shares, 11), n.expect(m.stock, 19), n.expect(m.price_e4, 27);
    n.expect(m.match, 31), n.expect(m.cross, 39);
  }
  void on(const BrokenTrade& m) { header(m.header), n.expect(m.match, 11); }
  void on(const NetOrderImbalance& m) {
    header(m.header);
    n.expect(m.paired, 11), n.expect(m.imbalance, 19), n.expect(m.direction, 27);
    n.expect(m.stock, 28), n.expect(m.far_e4, 36), n.expect(m.near_e4, 40);
    n.expect(m.reference_e4, 44), n.expect(m.cross, 48), n.expect(m.variation, 49);
  }
  void on(const RetailInterest& m) {
    header(m.header), n.expect(m.stock, 11), n.expect(m.flag, 19);
  }
  void on(const DirectListing& m) {
    header(m.header);
    n.expect(m.stock, 11), n.expect(m.eligible, 19), n.expect(m.min_e4, 20);
    n.expect(m.max_e4, 24), n.expect(m.near_e4, 28), n.expect(m.near_time_ns, 32);
    n.expect(m.lower_e4, 40), n.expect(m.upper_e4, 44);
  }
};

TEST(Itch50, EveryFieldStandsWhereTheTableSays) {
  for (const Row& row : kTable) {
    Numbered numbered(row.type, row.size);
    if (sided(row.type)) numbered.set(kSideAt, 'S');
    ASSERT_EQ(decode(numbered.bytes(), Offsets{numbered}), DecodeStatus::kOk)
        << row.type;
    EXPECT_EQ(numbered.covered(), row.size - 1)
        << row.type;  // and nothing is left over
  }
}

TEST(Itch50, WhatIsDecodedIsEncodedToTheSameBytes) {
  std::mt19937_64 random(5);
  for (const Row& row : kTable) {
    for (int i = 0; i < 100; ++i) {
      Buffer bytes(row.size);
      for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
      bytes[0] = static_cast<std::byte>(row.type);
      if (sided(row.type)) bytes[kSideAt] = std::byte{'B'};
      Mirror mirror;
      ASSERT_EQ(decode(bytes, mirror), DecodeStatus::kOk) << row.type;
      ASSERT_EQ(mirror.calls, 1);
      ASSERT_EQ(mirror.bytes, bytes) << row.type;
    }
  }
}

TEST(Itch50, CutAtEveryLengthNothingIsDelivered) {
  for (const Row& row : kTable) {
    Numbered numbered(row.type, row.size);
    for (std::size_t size = 1; size < row.size; ++size) {
      // On the heap and no larger, so that a sanitizer sees a read past the end.
      const Buffer cut(numbered.bytes().begin(),
                       numbered.bytes().begin() + static_cast<std::ptrdiff_t>(size));
      Mirror mirror;
      ASSERT_EQ(decode(cut, mirror), DecodeStatus::kTruncated) << row.type << size;
      ASSERT_EQ(mirror.calls, 0);
      ASSERT_EQ(decode(cut, 0), DecodeStatus::kTruncated);  // wanted by nobody
    }
  }
  EXPECT_EQ(decode({}, Mirror{}), DecodeStatus::kEmpty);
}

TEST(Itch50, LongerThanItsTypeIsReadAsItsType) {
  for (const Row& row : kTable) {
    Numbered numbered(row.type, row.size + 3);
    if (sided(row.type)) numbered.set(kSideAt, 'B');
    Mirror mirror;
    ASSERT_EQ(decode(numbered.bytes(), mirror), DecodeStatus::kOk);
    EXPECT_EQ(mirror.bytes.size(), row.size);
  }
}

TEST(Itch50, EveryOtherTypeIsUnknown) {
  for (int type = 0; type < 256; ++type) {
    const bool known = std::any_of(
        std::begin(kTable), std::end(kTable),
        [&](const Row& row) { return static_cast<unsigned char>(row.type) == type; });
    if (known) continue;
    Buffer bytes(64);
    bytes[0] = static_cast<std::byte>(type);
    EXPECT_EQ(decode(bytes, Mirror{}), DecodeStatus::kUnknownType) << type;
  }
}

TEST(Itch50, ASideIsBuyOrSell) {
  for (const char type : {'A', 'F', 'P'}) {
    for (int side = 0; side < 256; ++side) {
      Numbered numbered(type, 50);
      numbered.set(kSideAt, static_cast<char>(side));
      Mirror mirror;
      const bool fits = side == 'B' || side == 'S';
      EXPECT_EQ(decode(numbered.bytes(), mirror),
                fits ? DecodeStatus::kOk : DecodeStatus::kBadField);
      EXPECT_EQ(mirror.calls, fits ? 1 : 0);
    }
  }
}

// ---- By hand: locate 0x0102, tracking 0x0304, 09:30:00.000000001 = 0x1f1aced9f001
// ----

constexpr std::string_view kHeader = "0102 0304 1f1aced9f001";

template <class Message>
Message decoded(char type, std::string_view rest) {
  struct Take {
    Message message;
    int calls = 0;
    void on(const Message& m) { message = m, ++calls; }
  };
  Buffer bytes = {static_cast<std::byte>(type)};
  for (const std::string_view part : {kHeader, rest}) {
    const Buffer more = hex(part);
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  EXPECT_EQ(bytes.size(), Message::kSize) << type;
  Take take;
  EXPECT_EQ(decode(bytes, take), DecodeStatus::kOk);
  EXPECT_EQ(take.calls, 1);
  EXPECT_EQ(take.message.header.locate, 0x0102);
  EXPECT_EQ(take.message.header.tracking, 0x0304);
  EXPECT_EQ(take.message.header.timestamp_ns, 34'200'000'000'001u);
  EXPECT_EQ(timestamp_ns(bytes), 34'200'000'000'001u);
  Buffer back(kMaxSize);
  back.resize(encode(take.message, back.data()));
  EXPECT_EQ(back, bytes) << type;
  return take.message;
}

TEST(Itch50Golden, AddOrder) {
  const auto m =
      decoded<AddOrder>('A', "00000000075bcd15 'B' 00000064 'AMZN    ' 002219c0");
  EXPECT_EQ(m.reference, 123'456'789u);
  EXPECT_EQ(m.side, 'B');
  EXPECT_EQ(m.shares, 100u);
  EXPECT_EQ(m.stock.trimmed(), "AMZN");
  EXPECT_EQ(m.price_e4, 2'234'816u);
}

TEST(Itch50Golden, AddOrderWithMpid) {
  const auto m = decoded<AddOrderMpid>(
      'F', "ffffffffffffffff 'S' ffffffff 'BRK.A   ' 77359400 'GSCO'");
  EXPECT_EQ(m.reference, UINT64_MAX);
  EXPECT_EQ(m.shares, UINT32_MAX);
  EXPECT_EQ(m.price_e4, 2'000'000'000u);  // the largest there is
  EXPECT_EQ(m.mpid.trimmed(), "GSCO");
}

TEST(Itch50Golden, Executions) {
  const auto e =
      decoded<OrderExecuted>('E', "00000000075bcd15 0000001e 0000000000000007");
  EXPECT_EQ(e.reference, 123'456'789u);
  EXPECT_EQ(e.shares, 30u);
  EXPECT_EQ(e.match, 7u);
  const auto c = decoded<OrderExecutedWithPrice>(
      'C', "00000000075bcd15 0000001e 0000000000000008 'N' 000f4240");
  EXPECT_EQ(c.match, 8u);
  EXPECT_EQ(c.printable, 'N');
  EXPECT_EQ(c.price_e4, 1'000'000u);
}

TEST(Itch50Golden, CancelDeleteReplace) {
  const auto x = decoded<OrderCancel>('X', "00000000075bcd15 00000002");
  EXPECT_EQ(x.cancelled, 2u);
  const auto d = decoded<OrderDelete>('D', "00000000075bcd15");
  EXPECT_EQ(d.reference, 123'456'789u);
  const auto u =
      decoded<OrderReplace>('U', "00000000075bcd15 00000000075bcd16 00000032 000f42a4");
  EXPECT_EQ(u.old_reference, 123'456'789u);
  EXPECT_EQ(u.new_reference, 123'456'790u);
  EXPECT_EQ(u.shares, 50u);
  EXPECT_EQ(u.price_e4, 1'000'100u);
}

TEST(Itch50Golden, Trade) {
  const auto p = decoded<Trade>(
      'P', "0000000000000000 'B' 00000005 'AMZN    ' 000f4240 0000000000000009");
  EXPECT_EQ(p.reference, 0u);
  EXPECT_EQ(p.shares, 5u);
  EXPECT_EQ(p.match, 9u);
}

TEST(Itch50Golden, DirectorySystemEventAndTradingAction) {
  const auto r = decoded<StockDirectory>(
      'R', "'AMZN    ' 'Q' 'N' 00000064 'N' 'C' 'Z ' 'P' 'N' 'N' '1' 'N' 00000000 'N'");
  EXPECT_EQ(r.stock.trimmed(), "AMZN");
  EXPECT_EQ(r.round_lot, 100u);
  EXPECT_EQ(r.issue_subtype.trimmed(), "Z");
  EXPECT_EQ(r.authenticity, 'P');
  const auto s = decoded<SystemEvent>('S', "'Q'");
  EXPECT_EQ(s.event, 'Q');
  const auto h = decoded<TradingAction>('H', "'AMZN    ' 'H' ' ' 'T1  '");
  EXPECT_EQ(h.state, 'H');
  EXPECT_EQ(h.reason.trimmed(), "T1");
}

}  // namespace
}  // namespace pyscalp::wire::itch
