#include "event/iex_events.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace pyscalp::event {
namespace {

namespace iex = wire::iex;

constexpr std::int64_t kTime = 1'500'000'000'000'000'000;
const iex::Symbol kSymbol("ZIEXT");

template <class Message>
std::vector<MarketEvent> events_of(const Message& message, bool deep_plus = false,
                                   bool* bad_price = nullptr) {
  std::array<std::byte, iex::kMaxSize> bytes;
  const std::size_t size = iex::encode(message, bytes.data());
  std::vector<MarketEvent> events;
  std::string asked;
  const auto number = [&](std::string_view symbol) -> std::uint32_t {
    asked = symbol;
    return 9;
  };
  const auto give = [&](const MarketEvent& event) { events.push_back(event); };
  IexEvents visitor(7, 11, deep_plus, number, give);
  EXPECT_EQ(iex::decode(Bytes(bytes.data(), size), visitor), iex::DecodeStatus::kOk);
  if constexpr (requires { message.symbol; }) {
    EXPECT_EQ(asked, "ZIEXT");
  }
  if (bad_price != nullptr) *bad_price = visitor.bad_price();
  return events;
}

MarketEvent expected(EventKind kind, char code) {
  MarketEvent event;
  event.venue_time = kTime;
  event.receipt_time = 11;
  event.sequence = 7;
  event.instrument = 9;
  event.kind = kind;
  event.flags = kLast;
  event.code = code;
  return event;
}
std::vector<MarketEvent> only(const MarketEvent& event) { return {event}; }

TEST(IexEvents, level_is_last_only_when_its_event_is_complete) {
  MarketEvent wanted = expected(EventKind::kLevel, '8');
  wanted.side = EventSide::kBuy;
  wanted.qty = 100;
  wanted.price = 99'050'000'000;
  EXPECT_EQ(events_of(iex::PriceLevelBuy{1, kTime, kSymbol, 100, 990'500}),
            only(wanted));
  wanted.code = '5';
  wanted.side = EventSide::kSell;
  wanted.qty = 0;
  wanted.flags = 0;
  EXPECT_EQ(events_of(iex::PriceLevelSell{0, kTime, kSymbol, 0, 990'500}),
            only(wanted));
}

TEST(IexEvents, quote_is_two_touches) {
  MarketEvent bid = expected(EventKind::kTouch, 'Q');
  bid.side = EventSide::kBuy;
  bid.qty = 3;
  bid.price = 100'000;
  bid.flags = 0;
  MarketEvent ask = expected(EventKind::kTouch, 'Q');
  ask.side = EventSide::kSell;
  EXPECT_EQ(events_of(iex::QuoteUpdate{0, kTime, kSymbol, 3, 1, 0, 0}),
            (std::vector<MarketEvent>{bid, ask}));
  EXPECT_EQ(ask.price, kNoPrice.value);
}

TEST(IexEvents, orders_of_deep_plus) {
  MarketEvent wanted = expected(EventKind::kAdd, 'a');
  wanted.order = 5;
  wanted.qty = 100;
  wanted.price = 100'000;
  wanted.side = EventSide::kSell;
  EXPECT_EQ(events_of(iex::AddOrder{'5', kTime, kSymbol, 5, 100, 1}), only(wanted));
  wanted.side = EventSide::kNone;
  wanted.kind = EventKind::kModify;
  wanted.code = 'M';
  EXPECT_EQ(events_of(iex::OrderModify{0, kTime, kSymbol, 5, 100, 1}), only(wanted));
  wanted.flags = kLast | kKeepsPlace;
  EXPECT_EQ(events_of(iex::OrderModify{1, kTime, kSymbol, 5, 100, 1}), only(wanted));
  EXPECT_EQ(events_of(iex::OrderModify{0x80, kTime, kSymbol, 5, 100, 1}), only(wanted));
  wanted.flags = kLast;
  wanted.kind = EventKind::kExecute;
  wanted.code = 'L';
  wanted.other = 77;
  EXPECT_EQ(events_of(iex::OrderExecuted{0, kTime, kSymbol, 5, 100, 1, 77}),
            only(wanted));
  wanted = expected(EventKind::kDelete, 'R');
  wanted.order = 5;
  EXPECT_EQ(events_of(iex::OrderDelete{0, kTime, kSymbol, 5}), only(wanted));
  EXPECT_EQ(events_of(iex::ClearBook{0, kTime, kSymbol}),
            only(expected(EventKind::kClear, 'C')));
}

TEST(IexEvents, trades_and_breaks) {
  MarketEvent wanted = expected(EventKind::kTrade, 'T');
  wanted.other = 77;
  wanted.qty = 100;
  wanted.price = -100'000;  // prices are signed
  const iex::TradeReport trade{0, kTime, kSymbol, 100, -1, 77};
  EXPECT_EQ(events_of(trade), only(wanted));
  wanted.flags = kLast | kHidden;
  EXPECT_EQ(events_of(trade, true), only(wanted));
  wanted.flags = kLast | kCross;
  wanted.kind = EventKind::kBreak;
  wanted.code = 'B';
  EXPECT_EQ(
      events_of(iex::TradeBreak{iex::kSinglePriceCross, kTime, kSymbol, 100, -1, 77},
                true),
      only(wanted));
}

TEST(IexEvents, states) {
  MarketEvent system = expected(EventKind::kSystem, 'R');
  system.instrument = 0;
  EXPECT_EQ(events_of(iex::SystemEvent{'R', kTime}), only(system));
  iex::SecurityDirectory directory;
  directory.time_ns = kTime;
  directory.symbol = kSymbol;
  EXPECT_EQ(events_of(directory), only(expected(EventKind::kInstrument, 'D')));
  EXPECT_EQ(events_of(iex::TradingStatus{'P', kTime, kSymbol, {}}),
            only(expected(EventKind::kStatus, 'P')));
  EXPECT_EQ(events_of(iex::OperationalHalt{'O', kTime, kSymbol}),
            only(expected(EventKind::kStatus, 'h')));
  EXPECT_EQ(events_of(iex::OperationalHalt{'N', kTime, kSymbol}),
            only(expected(EventKind::kStatus, 't')));
  EXPECT_EQ(events_of(iex::RetailLiquidity{'A', kTime, kSymbol}),
            only(expected(EventKind::kOther, 'I')));
  EXPECT_EQ(events_of(iex::SecurityEvent{'O', kTime, kSymbol}),
            only(expected(EventKind::kOther, 'E')));
}

TEST(IexEvents, price_beyond_int64_gives_nothing) {
  bool bad = false;
  EXPECT_TRUE(
      events_of(iex::TradeReport{0, kTime, kSymbol, 1, INT64_MAX, 1}, false, &bad)
          .empty());
  EXPECT_TRUE(bad);
  events_of(iex::QuoteUpdate{0, kTime, kSymbol, 1, INT64_MIN, 1, 1}, false, &bad);
  EXPECT_TRUE(bad);
}

}  // namespace
}  // namespace pyscalp::event
