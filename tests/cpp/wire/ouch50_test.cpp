// OUCH 5.0 in both directions: sizes and offsets of every type, appendages, and
// messages written by hand from the specification.
#include "wire/ouch50.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "bytes_of.hpp"

namespace pyscalp::wire::ouch {
namespace {

struct Row {
  char type;
  std::size_t size;  ///< without the appendage and its length
  bool appendage;    ///< written with its length even where it is empty
};
constexpr Row kInbound[] = {{'O', 45, true}, {'U', 38, true},  {'X', 9, false},
                            {'C', 17, true}, {'M', 10, false}, {'D', 9, true},
                            {'E', 9, true},  {'Q', 1, false}};
constexpr Row kOutbound[] = {{'S', 10, false}, {'A', 62, true},  {'U', 66, true},
                             {'C', 18, false}, {'D', 32, false}, {'E', 34, true},
                             {'B', 36, false}, {'J', 29, false}, {'Q', 13, false},
                             {'R', 14, true},  {'T', 30, false}, {'X', 25, true},
                             {'P', 13, false}, {'I', 13, false}, {'M', 18, false},
                             {'G', 17, true},  {'K', 17, true}};

struct Mirror {
  Buffer bytes;
  Options options;
  int calls = 0;
  template <class Message>
  void on(const Message& message) {
    ++calls;
    if constexpr (requires { message.options; }) options = message.options;
    bytes.resize(kMaxSize);
    bytes.resize(encode(message, bytes.data()));
  }
};

struct Offsets {
  Numbered& n;
  void on(const EnterOrder& m) {
    n.expect(m.user_ref, 1), n.expect(m.side, 5), n.expect(m.quantity, 6);
    n.expect(m.symbol, 10), n.expect(m.price_e4, 18), n.expect(m.time_in_force, 26);
    n.expect(m.display, 27), n.expect(m.capacity, 28),
        n.expect(m.intermarket_sweep, 29);
    n.expect(m.cross_type, 30), n.expect(m.client_id, 31);
  }
  void on(const ReplaceOrder& m) {
    n.expect(m.original_ref, 1), n.expect(m.user_ref, 5), n.expect(m.quantity, 9);
    n.expect(m.price_e4, 13), n.expect(m.time_in_force, 21), n.expect(m.display, 22);
    n.expect(m.intermarket_sweep, 23), n.expect(m.client_id, 24);
  }
  void on(const CancelOrder& m) { n.expect(m.user_ref, 1), n.expect(m.quantity, 5); }
  void on(const MassCancel& m) {
    n.expect(m.user_ref, 1), n.expect(m.firm, 5), n.expect(m.symbol, 9);
  }
  void on(const AccountQuery&) {}
  void on(const SystemEvent& m) { n.expect(m.timestamp_ns, 1), n.expect(m.event, 9); }
  void on(const Accepted& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9), n.expect(m.side, 13);
    n.expect(m.quantity, 14), n.expect(m.symbol, 18), n.expect(m.price_e4, 26);
    n.expect(m.time_in_force, 34), n.expect(m.display, 35);
    n.expect(m.order_reference, 36), n.expect(m.capacity, 44);
    n.expect(m.intermarket_sweep, 45), n.expect(m.cross_type, 46);
    n.expect(m.state, 47), n.expect(m.client_id, 48);
  }
  void on(const Replaced& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.original_ref, 9), n.expect(m.user_ref, 13);
    n.expect(m.side, 17), n.expect(m.quantity, 18), n.expect(m.symbol, 22);
    n.expect(m.price_e4, 30), n.expect(m.time_in_force, 38), n.expect(m.display, 39);
    n.expect(m.order_reference, 40), n.expect(m.capacity, 48);
    n.expect(m.intermarket_sweep, 49), n.expect(m.cross_type, 50);
    n.expect(m.state, 51), n.expect(m.client_id, 52);
  }
  void on(const Canceled& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9), n.expect(m.quantity, 13);
    n.expect(m.reason, 17);
  }
  void on(const AiqCanceled& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9), n.expect(m.decrement, 13);
    n.expect(m.reason, 17), n.expect(m.quantity_prevented, 18),
        n.expect(m.price_e4, 22);
    n.expect(m.liquidity, 30), n.expect(m.strategy, 31);
  }
  void on(const Executed& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9), n.expect(m.quantity, 13);
    n.expect(m.price_e4, 17), n.expect(m.liquidity, 25), n.expect(m.match, 26);
  }
  void on(const BrokenTrade& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9), n.expect(m.match, 13);
    n.expect(m.reason, 21), n.expect(m.client_id, 22);
  }
  void on(const Rejected& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9), n.expect(m.reason, 13);
    n.expect(m.client_id, 15);
  }
  void on(const AccountQueryResponse& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.next_user_ref, 9);
  }
  void on(const Restated& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9), n.expect(m.reason, 13);
  }
  void on(const PriorityUpdate& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9), n.expect(m.price_e4, 13);
    n.expect(m.display, 21), n.expect(m.order_reference, 22);
  }
  void on(const MassCancelResponse& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9), n.expect(m.firm, 13);
    n.expect(m.symbol, 17);
  }
  void on(const ModifyOrder& m) {
    n.expect(m.user_ref, 1), n.expect(m.side, 5), n.expect(m.quantity, 6);
  }
  void on(const DisableOrderEntry& m) { n.expect(m.user_ref, 1), n.expect(m.firm, 5); }
  void on(const EnableOrderEntry& m) { n.expect(m.user_ref, 1), n.expect(m.firm, 5); }
  void on(const CancelPending& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9);
  }
  void on(const CancelReject& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9);
  }
  void on(const Modified& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9), n.expect(m.side, 13);
    n.expect(m.quantity, 14);
  }
  void on(const DisableResponse& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9), n.expect(m.firm, 13);
  }
  void on(const EnableResponse& m) {
    n.expect(m.timestamp_ns, 1), n.expect(m.user_ref, 9), n.expect(m.firm, 13);
  }
};

struct Direction {
  const char* name;
  std::span<const Row> rows;
  DecodeStatus (*offsets)(Bytes, Numbered&);
  DecodeStatus (*mirror)(Bytes, Mirror&);
};
const Direction kDirections[] = {
    {"inbound", kInbound,
     [](Bytes bytes, Numbered& n) { return decode_inbound(bytes, Offsets{n}); },
     [](Bytes bytes, Mirror& m) { return decode_inbound(bytes, m); }},
    {"outbound", kOutbound,
     [](Bytes bytes, Numbered& n) { return decode_outbound(bytes, Offsets{n}); },
     [](Bytes bytes, Mirror& m) { return decode_outbound(bytes, m); }}};

TEST(Ouch50, EveryFieldStandsWhereTheTableSays) {
  for (const Direction& direction : kDirections) {
    for (const Row& row : direction.rows) {
      Numbered numbered(row.type, row.size);
      ASSERT_EQ(direction.offsets(numbered.bytes(), numbered), DecodeStatus::kOk)
          << direction.name << row.type;
      EXPECT_EQ(numbered.covered(), row.size - 1) << direction.name << row.type;
    }
  }
}

TEST(Ouch50, WhatIsDecodedIsEncodedToTheSameBytes) {
  std::mt19937_64 random(5);
  for (const Direction& direction : kDirections) {
    for (const Row& row : direction.rows) {
      for (int i = 0; i < 100; ++i) {
        Buffer bytes(row.size);
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
        bytes[0] = static_cast<std::byte>(row.type);
        if (row.appendage) {
          const Buffer options = i % 4 == 0   ? hex("0000")
                                 : i % 4 == 1 ? hex("0003 020c'P'")
                                 : i % 4 == 2 ? hex("0006 0505 00000064")
                                              : hex("0009 0505 00000064 020c'P'");
          bytes.insert(bytes.end(), options.begin(), options.end());
        }
        Mirror mirror;
        ASSERT_EQ(direction.mirror(bytes, mirror), DecodeStatus::kOk);
        ASSERT_EQ(mirror.bytes, bytes) << direction.name << row.type;
      }
    }
  }
}

TEST(Ouch50, CutAtEveryLengthNothingIsDelivered) {
  for (const Direction& direction : kDirections) {
    for (const Row& row : direction.rows) {
      Numbered numbered(row.type, row.size);
      for (std::size_t size = 1; size < row.size; ++size) {
        const Buffer cut(numbered.bytes().begin(),
                         numbered.bytes().begin() + static_cast<std::ptrdiff_t>(size));
        Mirror mirror;
        ASSERT_EQ(direction.mirror(cut, mirror), DecodeStatus::kTruncated);
        ASSERT_EQ(mirror.calls, 0);
      }
    }
    Mirror mirror;
    EXPECT_EQ(direction.mirror({}, mirror), DecodeStatus::kEmpty);
  }
}

TEST(Ouch50, EveryOtherTypeIsUnknown) {
  for (const Direction& direction : kDirections) {
    for (int type = 0; type < 256; ++type) {
      const bool known = std::any_of(
          direction.rows.begin(), direction.rows.end(),
          [&](const Row& row) { return static_cast<unsigned char>(row.type) == type; });
      if (known) continue;
      Buffer bytes(100);
      bytes[0] = static_cast<std::byte>(type);
      Mirror mirror;
      EXPECT_EQ(direction.mirror(bytes, mirror), DecodeStatus::kUnknownType) << type;
    }
  }
}

// ---- Appendages ----

/// Every type in both directions with these bytes behind it.
void with_appendage(std::string_view appendage, DecodeStatus wanted,
                    const std::function<void(const Mirror&)>& look = {}) {
  for (const Direction& direction : kDirections) {
    for (const Row& row : direction.rows) {
      Numbered numbered(row.type, row.size);
      Buffer bytes = numbered.bytes();
      const Buffer more = hex(appendage);
      bytes.insert(bytes.end(), more.begin(), more.end());
      Mirror mirror;
      EXPECT_EQ(direction.mirror(bytes, mirror), wanted)
          << direction.name << row.type << " " << appendage;
      EXPECT_EQ(mirror.calls, wanted == DecodeStatus::kOk ? 1 : 0);
      if (look && row.appendage) look(mirror);
    }
  }
}

TEST(Ouch50Appendage, KnownTagsAreRead) {
  with_appendage("0009 020c'P' 0505 000000c8", DecodeStatus::kOk, [](const Mirror& m) {
    EXPECT_TRUE(m.options.post_only);
    EXPECT_EQ(m.options.max_floor, 200u);
    EXPECT_EQ(m.options.other_tags, 0);
  });
  with_appendage("0003 020c'N'", DecodeStatus::kOk,
                 [](const Mirror& m) { EXPECT_FALSE(m.options.post_only); });
}

TEST(Ouch50Appendage, UnknownTagsAreSkippedByTheirLength) {
  // Firm, a tag of tomorrow without a value, then PostOnly.
  with_appendage("000b 0502'LIME' 01ff 020c'P'", DecodeStatus::kOk,
                 [](const Mirror& m) {
                   EXPECT_TRUE(m.options.post_only);
                   EXPECT_EQ(m.options.firm, Text<4>("LIME"));
                   EXPECT_EQ(m.options.other_tags, 1);
                 });
  // A tag that is known by number but not by length is none of ours.
  with_appendage("0004 030c'PP'", DecodeStatus::kOk, [](const Mirror& m) {
    EXPECT_FALSE(m.options.post_only);
    EXPECT_EQ(m.options.other_tags, 1);
  });
}

TEST(Ouch50Appendage, ThatDoesNotAddUpIsRefused) {
  with_appendage("00", DecodeStatus::kBadAppendage);            // half a length
  with_appendage("0001", DecodeStatus::kBadAppendage);          // nothing behind it
  with_appendage("0003 020c", DecodeStatus::kBadAppendage);     // cut
  with_appendage("0003 00 020c", DecodeStatus::kBadAppendage);  // element of length 0
  with_appendage("0003 030c'P'", DecodeStatus::kBadAppendage);  // past the appendage
  with_appendage("0004 020c'P' 05", DecodeStatus::kBadAppendage);  // half an element
}

/// Every tag of the specification, with a value of its length.
constexpr std::string_view kEveryTag =
    "0901 0102030405060708  0502'FIRM'  0503 00000064  0204'R'  0505 00000065 "
    "0206'M'  0507 ffffffff  0909 0000000000000009  020a'P'  050b fffffffe "
    "020c'P'  050d 0000000d  050e'ROUT'  050f 0000000f  0210'Y'  0211'I'  0212'S' "
    "0516 00000016  0917 0000000000000017  0318 0018  0219'N'  051a'BRKR'  021b'T' "
    "021c 1c  021d'O'  031e 001e";

TEST(Ouch50Appendage, EveryTagIsReadAndWrittenBack) {
  Buffer appendage = hex("0000" + std::string(kEveryTag));
  ASSERT_EQ(appendage.size(), kMaxAppendage);
  store_be(appendage.data(), static_cast<std::uint16_t>(appendage.size() - 2));
  for (const Direction& direction : kDirections) {
    for (const Row& row : direction.rows) {
      Buffer bytes = Numbered(row.type, row.size).bytes();
      bytes.insert(bytes.end(), appendage.begin(), appendage.end());
      Mirror mirror;
      ASSERT_EQ(direction.mirror(bytes, mirror), DecodeStatus::kOk);
      if (row.type == 'S') continue;  // it has no appendage
      ASSERT_EQ(mirror.bytes, bytes) << direction.name << row.type;
      const Options& options = mirror.options;
      EXPECT_EQ(options.other_tags, 0);
      EXPECT_EQ(options.secondary_reference, 0x0102030405060708u);
      EXPECT_EQ(options.min_quantity, 100u);
      EXPECT_EQ(options.max_floor, 101u);
      EXPECT_EQ(options.peg_offset_e4, -1);
      EXPECT_EQ(options.discretion_price_e4, 9u);
      EXPECT_EQ(options.discretion_peg_offset_e4, -2);
      EXPECT_TRUE(options.post_only);
      EXPECT_EQ(options.route, Text<4>("ROUT"));
      EXPECT_EQ(options.bbo_weight, 'S');
      EXPECT_EQ(options.group, 0x18);
      EXPECT_EQ(options.side, 'T');
      EXPECT_EQ(options.user_ref_index, 0x1C);
      EXPECT_EQ(options.aiq_group, 0x1E);
    }
  }
}

TEST(Ouch50Appendage, ThatIsLeftOutWhereItMayBeComesWithAnOption) {
  Buffer bytes(kMaxSize);
  Canceled message{1, 2, 3, 'U'};
  message.options.user_ref_index = 7;
  bytes.resize(encode(message, bytes.data()));
  EXPECT_EQ(bytes, hex("'C' 0000000000000001 00000002 00000003 'U' 0003 021c 07"));
}

TEST(Ouch50Appendage, IsHandedOverAsItStands) {
  // A tag of tomorrow and an N that Options does not tell from nothing.
  const Buffer bytes = hex("'X' 00000001 00000002 0007 03ff 0102 020c'N'");
  struct Take {
    Buffer bytes;
    void on(const CancelOrder& m, Bytes appendage) {
      bytes.resize(CancelOrder::kSize);
      EXPECT_EQ(encode_fields(m, bytes.data()), bytes.size());
      bytes.insert(bytes.end(), appendage.begin(), appendage.end());
    }
  } take;
  ASSERT_EQ(decode_inbound(bytes, take), DecodeStatus::kOk);
  EXPECT_EQ(take.bytes, bytes);
}

// ---- By hand ----

TEST(Ouch50Golden, EnterOrderAsItWasCaptured) {
  // The shape of a captured order: firm in the appendage, visible, agency.
  const Buffer bytes =
      hex("'O' 00007154 'S' 000000e1 'CVLT    ' 00000000000a64d8 '0' 'Y' 'A' 'N' 'N' "
          "'ORDER1        ' 0006 0502'LIME'");
  struct Take {
    EnterOrder order;
    void on(const EnterOrder& m) { order = m; }
  } take;
  ASSERT_EQ(decode_inbound(bytes, take), DecodeStatus::kOk);
  EXPECT_EQ(take.order.user_ref, 0x7154u);
  EXPECT_EQ(take.order.side, 'S');
  EXPECT_EQ(take.order.quantity, 225u);
  EXPECT_EQ(take.order.symbol.trimmed(), "CVLT");
  EXPECT_EQ(take.order.price_e4, 681'176u);
  EXPECT_EQ(take.order.client_id.trimmed(), "ORDER1");
  EXPECT_EQ(take.order.options.firm, Text<4>("LIME"));
  EXPECT_EQ(take.order.options.other_tags, 0);
}

TEST(Ouch50Golden, ExecutedWithAndWithoutAnAppendage) {
  const Buffer bare = hex(
      "'E' 00001f1aced9f001 00000003 00000005 00000000000f4240 'A' 000000000000002a");
  struct Take {
    Executed message;
    void on(const Executed& m) { message = m; }
  };
  for (const std::string_view more : {"", "0000", "0003 021c05"}) {
    Buffer bytes = bare;
    const Buffer appendage = hex(more);
    bytes.insert(bytes.end(), appendage.begin(), appendage.end());
    Take take;
    ASSERT_EQ(decode_outbound(bytes, take), DecodeStatus::kOk);
    EXPECT_EQ(take.message.timestamp_ns, 34'200'000'000'001u);
    EXPECT_EQ(take.message.user_ref, 3u);
    EXPECT_EQ(take.message.quantity, 5u);
    EXPECT_EQ(take.message.price_e4, 1'000'000u);
    EXPECT_EQ(take.message.liquidity, 'A');
    EXPECT_EQ(take.message.match, 42u);
  }
}

TEST(Ouch50Golden, CancelIsNineBytesAndCanceledEighteen) {
  Buffer bytes(kMaxSize);
  bytes.resize(encode(CancelOrder{0x01020304, 0}, bytes.data()));
  EXPECT_EQ(bytes, hex("'X' 01020304 00000000"));
  bytes.resize(kMaxSize);
  bytes.resize(encode(Canceled{1, 2, 3, 'U'}, bytes.data()));
  EXPECT_EQ(bytes, hex("'C' 0000000000000001 00000002 00000003 'U'"));
}

}  // namespace
}  // namespace pyscalp::wire::ouch
