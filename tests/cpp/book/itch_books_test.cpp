#include "book/itch_books.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pyscalp::book {
namespace {

using namespace wire::itch;

struct Heard {
  std::vector<InstrumentId> changes;
  std::vector<TradeView> trades;
  std::vector<std::string> symbols;
  std::vector<OrderEvent> orders;
  void on_order(const OrderEvent& event) { orders.push_back(event); }
  void on_book(InstrumentId id) { changes.push_back(id); }
  void on_trade(const TradeView& trade) { trades.push_back(trade); }
  void on_directory(InstrumentId, std::string_view symbol) {
    symbols.emplace_back(symbol);
  }
};

class ItchBooksTest : public testing::Test {
 protected:
  template <class Message>
  void give(Message message) {
    message.header.locate = 3;
    message.header.timestamp_ns = ++clock_;
    std::array<std::byte, kMaxSize> bytes;
    const std::size_t size = encode(message, bytes.data());
    books_.apply(Bytes(bytes.data(), size), heard_);
  }
  void add(std::uint64_t reference, char side, std::uint32_t shares,
           std::uint32_t price) {
    AddOrder m;
    m.reference = reference, m.side = side, m.shares = shares, m.price_e4 = price;
    give(m);
  }

  static constexpr InstrumentId kId{3};
  ItchBooks books_{BookCapacity{1024, 256}};
  Heard heard_;
  std::uint64_t clock_ = 0;
};

TEST_F(ItchBooksTest, TellsWhatHappenedToEachOrder) {
  add(1, 'B', 100, 10'000);
  add(2, 'B', 80, 10'000);
  OrderExecuted e;
  e.reference = 1, e.shares = 30;
  give(e);
  OrderCancel x;
  x.reference = 1, x.cancelled = 20;
  give(x);
  OrderReplace u;
  u.old_reference = 1, u.new_reference = 5, u.shares = 70, u.price_e4 = 9'900;
  give(u);
  OrderDelete d;
  d.reference = 2;
  give(d);
  d.reference = 99;  // of no order: nothing happened to one
  give(d);

  using Kind = OrderEvent::Kind;
  struct Expected {
    Kind kind;
    std::uint64_t reference;
    std::uint32_t price;
    Qty qty, order_qty, level_qty;
  };
  const std::vector<Expected> expected = {
      {Kind::kAdded, 1, 10'000, 100, 100, 100},
      {Kind::kAdded, 2, 10'000, 80, 80, 180},
      {Kind::kExecuted, 1, 10'000, 30, 70, 150},
      {Kind::kReduced, 1, 10'000, 20, 50, 130},
      {Kind::kRemoved, 1, 10'000, 50, 0, 80},
      {Kind::kAdded, 5, 9'900, 70, 70, 70},
      {Kind::kRemoved, 2, 10'000, 80, 0, 0},
  };
  ASSERT_EQ(heard_.orders.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const OrderEvent& event = heard_.orders[i];
    EXPECT_EQ(event.kind, expected[i].kind) << i;
    EXPECT_EQ(event.instrument, kId) << i;
    EXPECT_EQ(event.side, Side::kBuy) << i;
    EXPECT_EQ(event.reference, expected[i].reference) << i;
    EXPECT_EQ(event.price, price_from_e4(expected[i].price)) << i;
    EXPECT_EQ(event.qty, expected[i].qty) << i;
    EXPECT_EQ(event.order_qty, expected[i].order_qty) << i;
    EXPECT_EQ(event.level_qty, expected[i].level_qty) << i;
  }
}

TEST_F(ItchBooksTest, FollowsTheLifeOfAnOrder) {
  add(1, 'B', 100, 10'000);
  add(2, 'S', 80, 10'100);
  OrderExecuted e;
  e.reference = 2, e.shares = 30;
  give(e);
  OrderCancel x;
  x.reference = 1, x.cancelled = 60;
  give(x);
  OrderReplace u;
  u.old_reference = 1, u.new_reference = 5, u.shares = 70, u.price_e4 = 10'050;
  give(u);
  const Touch touch = books_.books().touch(kId);
  EXPECT_EQ(touch, (Touch{price_from_e4(10'050), price_from_e4(10'100), 70, 50}));
  ASSERT_EQ(heard_.trades.size(), 1u);
  EXPECT_EQ(heard_.trades[0].aggressor, Side::kBuy);
  EXPECT_EQ(heard_.trades[0].qty, 30);
  EXPECT_EQ(heard_.trades[0].price, price_from_e4(10'100));
  EXPECT_FALSE(books_.books().flagged(kId));
  EXPECT_EQ(books_.venue_time().value, 5);
}

TEST_F(ItchBooksTest, ExecutionAtAnotherPriceAndTradesAgainstHiddenOrders) {
  add(1, 'B', 100, 10'000);
  OrderExecutedWithPrice c;
  c.reference = 1, c.shares = 10, c.price_e4 = 9'990, c.printable = 'N';
  give(c);
  EXPECT_TRUE(heard_.trades.empty());  // part of a bulk print that comes later
  c.printable = 'Y';
  give(c);
  ASSERT_EQ(heard_.trades.size(), 1u);
  EXPECT_EQ(heard_.trades[0].price, price_from_e4(9'990));
  Trade p;
  p.shares = 5, p.price_e4 = 10'020;
  give(p);
  ASSERT_EQ(heard_.trades.size(), 2u);
  EXPECT_TRUE(heard_.trades[1].hidden);
  EXPECT_EQ(books_.books().touch(kId).bid_qty, 80);
}

TEST_F(ItchBooksTest, ImpossibleMessagesFlagTheBookAndAreCounted) {
  OrderDelete d;
  d.reference = 99;
  give(d);
  EXPECT_TRUE(books_.books().flagged(kId));
  EXPECT_EQ(books_.counters().book[static_cast<int>(BookStatus::kUnknownOrder)], 1u);
}

TEST_F(ItchBooksTest, AMessageUnderAnotherInstrumentsNumberFlagsBoth) {
  add(1, 'B', 100, 10'000);
  OrderDelete d;
  d.reference = 1;
  d.header.locate = 4;
  std::array<std::byte, kMaxSize> bytes;
  books_.apply(Bytes(bytes.data(), encode(d, bytes.data())), heard_);
  EXPECT_TRUE(books_.books().flagged(kId));
  EXPECT_TRUE(books_.books().flagged(InstrumentId{4}));
  EXPECT_EQ(books_.counters().wrong_locate, 1u);
}

TEST_F(ItchBooksTest, CutAndUnknownMessagesAreCountedApart) {
  AddOrder m;
  m.header.locate = 3;
  std::array<std::byte, kMaxSize> bytes;
  const std::size_t size = encode(m, bytes.data());
  EXPECT_EQ(books_.apply(Bytes(bytes.data(), size - 1), heard_),
            DecodeStatus::kTruncated);
  EXPECT_EQ(books_.counters().undecodable, 1u);
  EXPECT_TRUE(books_.books().flagged(kId));
  bytes[0] = static_cast<std::byte>('~');
  EXPECT_EQ(books_.apply(Bytes(bytes.data(), size), heard_),
            DecodeStatus::kUnknownType);
  EXPECT_EQ(books_.counters().unknown_types, 1u);
  EXPECT_EQ(books_.apply({}, heard_), DecodeStatus::kEmpty);
}

TEST_F(ItchBooksTest, KnowsSymbolsAndTradingStates) {
  StockDirectory r;
  r.stock = Symbol("AMZN");
  give(r);
  TradingAction h;
  h.state = 'H';
  give(h);
  SystemEvent s;
  s.event = 'Q';
  give(s);
  EXPECT_EQ(books_.symbol(kId), "AMZN");
  EXPECT_EQ(books_.trading_state(kId), 'H');
  EXPECT_EQ(books_.system_event(), 'Q');
  EXPECT_EQ(heard_.symbols, std::vector<std::string>{"AMZN"});
  books_.clear();
  EXPECT_EQ(books_.trading_state(kId), '\0');
  EXPECT_EQ(books_.symbol(kId), "");
}

}  // namespace
}  // namespace pyscalp::book
