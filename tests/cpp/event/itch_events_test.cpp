#include "event/itch_events.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace pyscalp::event {
namespace {

namespace itch = wire::itch;

constexpr std::int64_t kMidnight = 1'000'000'000'000'000'000;

template <class Message>
MarketEvent event_of(const Message& message, std::string* stock = nullptr) {
  std::array<std::byte, itch::kMaxSize> bytes;
  const std::size_t size = itch::encode(message, bytes.data());
  MarketEvent event;
  ItchEvent visitor(event, 7, 11, kMidnight);
  EXPECT_EQ(itch::decode(Bytes(bytes.data(), size), visitor), itch::DecodeStatus::kOk);
  if (stock != nullptr) {
    EXPECT_TRUE(visitor.has_stock());
    *stock = visitor.stock().trimmed();
  }
  EXPECT_EQ(event.sequence, 7u);
  EXPECT_EQ(event.receipt_time, 11);
  EXPECT_TRUE((event.flags & kLast) != 0);
  return event;
}

const itch::Header kHeader{42, 3, 34'200'000'000'123};

/// What every event of a message with kHeader has.
MarketEvent expected(EventKind kind, char code) {
  MarketEvent event;
  event.venue_time = kMidnight + 34'200'000'000'123;
  event.receipt_time = 11;
  event.sequence = 7;
  event.instrument = 42;
  event.kind = kind;
  event.flags = kLast;
  event.code = code;
  return event;
}

TEST(ItchEvents, add) {
  std::string stock;
  const MarketEvent event = event_of(
      itch::AddOrder{kHeader, 5, 'S', 300, itch::Symbol("AMZN"), 2'238'100}, &stock);
  MarketEvent wanted = expected(EventKind::kAdd, 'A');
  wanted.order = 5;
  wanted.side = EventSide::kSell;
  wanted.qty = 300;
  wanted.price = 223'810'000'000;
  EXPECT_EQ(event, wanted);
  EXPECT_EQ(stock, "AMZN");

  wanted.code = 'F';
  wanted.side = EventSide::kBuy;
  EXPECT_EQ(event_of(itch::AddOrderMpid{kHeader, 5, 'B', 300, itch::Symbol("AMZN"),
                                        2'238'100, Text<4>("GSCO")}),
            wanted);
}

TEST(ItchEvents, executions) {
  MarketEvent wanted = expected(EventKind::kExecute, 'E');
  wanted.order = 5;
  wanted.other = 99;
  wanted.qty = 20;
  EXPECT_EQ(event_of(itch::OrderExecuted{kHeader, 5, 20, 99}), wanted);
  EXPECT_EQ(wanted.price, kNoPrice.value);
  EXPECT_EQ(wanted.side, EventSide::kNone);

  wanted.code = 'C';
  wanted.price = 1'000'000;
  wanted.flags = kLast | kOwnPrice;
  EXPECT_EQ(event_of(itch::OrderExecutedWithPrice{kHeader, 5, 20, 99, 'Y', 10}),
            wanted);
  wanted.flags |= kNotPrintable;
  EXPECT_EQ(event_of(itch::OrderExecutedWithPrice{kHeader, 5, 20, 99, 'N', 10}),
            wanted);
}

TEST(ItchEvents, reduce_delete_replace) {
  MarketEvent wanted = expected(EventKind::kReduce, 'X');
  wanted.order = 5;
  wanted.qty = 30;
  EXPECT_EQ(event_of(itch::OrderCancel{kHeader, 5, 30}), wanted);

  wanted = expected(EventKind::kDelete, 'D');
  wanted.order = 5;
  EXPECT_EQ(event_of(itch::OrderDelete{kHeader, 5}), wanted);

  wanted = expected(EventKind::kReplace, 'U');
  wanted.order = 5;
  wanted.other = 6;
  wanted.qty = 70;
  wanted.price = 200'000'000'000'000;  // the largest Price(4)
  EXPECT_EQ(event_of(itch::OrderReplace{kHeader, 5, 6, 70, 2'000'000'000}), wanted);
}

TEST(ItchEvents, trades) {
  MarketEvent wanted = expected(EventKind::kTrade, 'P');
  wanted.order = 0;
  wanted.other = 8;
  wanted.qty = 4;
  wanted.price = 100'000'000'000;
  wanted.flags = kLast | kHidden;
  EXPECT_EQ(event_of(itch::Trade{kHeader, 0, 'B', 4, {}, 1'000'000, 8}), wanted);

  wanted = expected(EventKind::kTrade, 'C');
  wanted.other = 8;
  wanted.qty = 5'000'000'000;  // shares of a cross have eight bytes
  wanted.price = 100'000'000'000;
  wanted.flags = kLast | kCross;
  EXPECT_EQ(event_of(itch::CrossTrade{kHeader, 5'000'000'000, {}, 1'000'000, 8, 'C'}),
            wanted);

  wanted = expected(EventKind::kBreak, 'B');
  wanted.other = 8;
  EXPECT_EQ(event_of(itch::BrokenTrade{kHeader, 8}), wanted);
}

TEST(ItchEvents, states_of_the_day_and_of_stocks) {
  EXPECT_EQ(event_of(itch::SystemEvent{kHeader, 'Q'}),
            expected(EventKind::kSystem, 'Q'));
  std::string stock;
  itch::StockDirectory directory;
  directory.header = kHeader;
  directory.stock = itch::Symbol("BRK.A");
  EXPECT_EQ(event_of(directory, &stock), expected(EventKind::kInstrument, 'R'));
  EXPECT_EQ(stock, "BRK.A");
  EXPECT_EQ(event_of(itch::TradingAction{kHeader, itch::Symbol("X"), 'P', ' ', {}}),
            expected(EventKind::kStatus, 'P'));

  MarketEvent wanted = expected(EventKind::kStatus, 'h');
  wanted.other = 'B';
  EXPECT_EQ(event_of(itch::OperationalHalt{kHeader, {}, 'B', 'H'}), wanted);
  wanted.code = 't';
  EXPECT_EQ(event_of(itch::OperationalHalt{kHeader, {}, 'B', 'T'}), wanted);
}

TEST(ItchEvents, all_else_is_other_with_its_type) {
  const auto check = [](const auto& message) {
    using Message = std::decay_t<decltype(message)>;
    EXPECT_EQ(event_of(message), expected(EventKind::kOther, Message::kType));
  };
  check(itch::RegSho{kHeader, {}, '1'});
  check(itch::MarketParticipantPosition{kHeader, {}, {}, 'Y', 'N', 'A'});
  check(itch::MwcbDeclineLevel{kHeader, 1, 2, 3});
  check(itch::MwcbStatus{kHeader, '2'});
  check(itch::IpoQuotingPeriod{kHeader, {}, 1, 'A', 2});
  check(itch::LuldAuctionCollar{kHeader, {}, 1, 2, 3, 4});
  check(itch::NetOrderImbalance{kHeader, 1, 2, 'B', {}, 3, 4, 5, 'O', ' '});
  check(itch::RetailInterest{kHeader, {}, 'B'});
  check(itch::DirectListing{kHeader, {}, 'Y', 1, 2, 3, 4, 5, 6});
}

}  // namespace
}  // namespace pyscalp::event
