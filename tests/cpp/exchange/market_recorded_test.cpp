// Recorded messages and participants in one book, case by case.
#include <gtest/gtest.h>

#include "market_fixture.hpp"

namespace pyscalp::exchange {
namespace {

using namespace testing;

class MarketRecordedTest : public ::testing::Test {
 protected:
  MarketRecordedTest() {
    recorded(itch::SystemEvent{header(InstrumentId{}), 'O'});
    recorded(directory(kAbc, "ABC"));
    recorded(trading_action(kAbc, 'T'));
    recorded(itch::SystemEvent{header(InstrumentId{}), 'Q'});
  }
  ~MarketRecordedTest() override { EXPECT_EQ(feed.errors, 0); }

  template <class Message>
  void recorded(const Message& message) {
    given = bytes(message);
    market.apply_recorded(given);
    sync();
  }
  void add(std::uint64_t reference, char side, std::uint32_t shares, double price) {
    recorded(itch::AddOrder{header(), reference, side, shares, itch::Symbol("ABC"),
                            static_cast<std::uint32_t>(price_to_e4(dollars(price)))});
  }
  void execute(std::uint64_t reference, std::uint32_t shares) {
    recorded(itch::OrderExecuted{header(), reference, shares, 77});
  }
  void cancel(std::uint64_t reference, std::uint32_t shares) {
    recorded(itch::OrderCancel{header(), reference, shares});
  }
  void erase(std::uint64_t reference) {
    recorded(itch::OrderDelete{header(), reference});
  }
  void replace(std::uint64_t from, std::uint64_t to, std::uint32_t shares,
               double price) {
    recorded(
        itch::OrderReplace{header(), from, to, shares,
                           static_cast<std::uint32_t>(price_to_e4(dollars(price)))});
  }
  void print(std::uint32_t shares, double price) {
    recorded(itch::Trade{header(), 0, 'B', shares, itch::Symbol("ABC"),
                         static_cast<std::uint32_t>(price_to_e4(dollars(price))), 78});
  }
  void enter(const NewOrder& order) {
    market.enter(order, kNow);
    sync();
  }
  void sync() {
    feed.types.clear();
    feed.read(market.feed());
    sent = market.feed();
    reports = market.reports();
    market.clear_outputs();
    for (const Side side : {Side::kBuy, Side::kSell}) {
      EXPECT_EQ(market.depth(kAbc, side, 1'000), feed.depth(kAbc, side));
    }
  }
  /// Shares that participants traded by the last call.
  Qty traded() const {
    Qty total = 0;
    for (const Report& report : reports) {
      if (report.kind == ReportKind::kExecuted) total += report.qty;
    }
    return total;
  }
  /// True if the last recorded message went out as it was, alone.
  bool passed() const { return sent == binary_file({given}); }
  PriceLevel bid() const { return market.best(kAbc, Side::kBuy); }
  PriceLevel ask() const { return market.best(kAbc, Side::kSell); }

  Market market{{}, kFees};
  FeedBook feed;
  std::vector<std::byte> given;
  std::vector<std::byte> sent;
  std::vector<Report> reports;
};

PriceLevel level(double price, Qty qty) { return {dollars(price), qty}; }

TEST_F(MarketRecordedTest, TheDirectoryNamesInstrumentsAndTheEventsOpen) {
  EXPECT_EQ(market.find("ABC"), kAbc);
  EXPECT_TRUE(market.trading(kAbc));
  EXPECT_FALSE(market.trading(kXyz));
}

TEST_F(MarketRecordedTest, OrdersInTheBookAsRecorded) {
  add(5, 'B', 100, 10);
  EXPECT_TRUE(passed());
  add(6, 'S', 100, 10.02);
  execute(5, 30);
  EXPECT_TRUE(passed());
  EXPECT_EQ(bid(), level(10, 70));
  cancel(5, 20);
  EXPECT_TRUE(passed());
  replace(5, 7, 200, 10.01);
  EXPECT_TRUE(passed());
  EXPECT_EQ(bid(), level(10.01, 200));
  erase(7);
  EXPECT_TRUE(passed());
  execute(6, 100);
  EXPECT_TRUE(passed());
  EXPECT_EQ(ask(), PriceLevel{});
  EXPECT_EQ(market.resting_orders(), 0U);
  EXPECT_EQ(market.anomalies(), Anomalies{});
}

TEST_F(MarketRecordedTest, RecordedOrdersMayCrossEachOther) {
  add(5, 'B', 100, 10.05);
  add(6, 'S', 100, 10);
  EXPECT_TRUE(passed());
  EXPECT_EQ(bid(), level(10.05, 100));
  EXPECT_EQ(ask(), level(10, 100));
}

TEST_F(MarketRecordedTest, AParticipantFillsWhenItsTurnComesNotBefore) {
  add(5, 'B', 100, 10);
  enter(buy(1, 1, 50, 10));
  add(6, 'B', 100, 10);
  execute(5, 100);  // before us
  EXPECT_TRUE(passed());
  EXPECT_EQ(traded(), 0);
  execute(6, 30);  // behind us: we are first now
  EXPECT_EQ(traded(), 30);
  EXPECT_EQ(feed.types, "EX");  // ours, and what the recording took from 6
  EXPECT_EQ(reports[0].leaves, 20);
  EXPECT_EQ(reports[0].liquidity, Liquidity::kMaker);
  EXPECT_EQ(reports[0].counterparty, kRecordedAccount);
  EXPECT_EQ(bid(), level(10, 90));
  execute(6, 70);  // 20 for us, 50 for 6; its other 20 leave
  EXPECT_EQ(traded(), 20);
  EXPECT_EQ(feed.types, "EED");
  EXPECT_EQ(bid(), PriceLevel{});
}

TEST_F(MarketRecordedTest, ABetterPriceGoesFirst) {
  add(5, 'S', 100, 10);
  enter(sell(1, 1, 20, 9.99));
  enter(sell(1, 2, 20, 10));
  enter(sell(2, 1, 20, 9.98));
  execute(5, 100);
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[0].account, 2U);
  EXPECT_EQ(reports[0].price, dollars(9.98));
  EXPECT_EQ(reports[1].client_ref, 1U);
  EXPECT_EQ(feed.types, "EEED");
  EXPECT_EQ(ask(), level(10, 20));  // ours behind it stays
}

TEST_F(MarketRecordedTest, HiddenParticipantsWaitBehindWhatIsDisplayed) {
  add(5, 'S', 100, 10);
  enter(hidden(sell(1, 1, 20, 10)));
  execute(5, 50);
  EXPECT_TRUE(passed());
  enter(hidden(sell(1, 2, 20, 9.99)));
  execute(5, 30);
  EXPECT_EQ(traded(), 20);
  EXPECT_EQ(feed.types, "PEX");
  erase(5);
  print(15, 10);
  EXPECT_EQ(traded(), 15);
  EXPECT_EQ(feed.types, "P");
  EXPECT_FALSE(passed());  // the print is ours, under our match number
}

TEST_F(MarketRecordedTest, WhatWeTookIsGone) {
  add(5, 'S', 100, 10);
  enter(ioc(buy(1, 1, 60, 10)));
  EXPECT_EQ(traded(), 60);
  EXPECT_EQ(reports[1].counterparty, kRecordedAccount);
  EXPECT_EQ(reports[1].liquidity, Liquidity::kTaker);
  EXPECT_EQ(feed.types, "E");
  EXPECT_EQ(ask(), level(10, 40));
  cancel(5, 30);  // 70 left on the recording, 40 here
  EXPECT_EQ(feed.types, "");
  execute(5, 50);  // only 40 are there
  EXPECT_EQ(feed.types, "E");
  EXPECT_EQ(ask(), PriceLevel{});
  EXPECT_EQ(market.resting_orders(), 1U);  // 20 on the recording
  erase(5);
  EXPECT_EQ(feed.types, "");
  EXPECT_EQ(market.resting_orders(), 0U);
  EXPECT_EQ(market.anomalies(), Anomalies{});
}

TEST_F(MarketRecordedTest, AnExecutionTakesLessWhereWeTookBefore) {
  add(5, 'S', 100, 10);
  enter(ioc(buy(1, 1, 30, 10)));
  execute(5, 60);  // 40 left on the recording
  EXPECT_EQ(feed.types, "E");
  EXPECT_FALSE(feed.orders.empty());
  EXPECT_EQ(ask(), level(10, 10));
  execute(5, 40);
  EXPECT_EQ(feed.types, "E");
  EXPECT_EQ(ask(), PriceLevel{});
}

TEST_F(MarketRecordedTest, AnOrderTakenInWholeKeepsItsPlaceForThoseBehindIt) {
  add(5, 'B', 100, 10);
  enter(ioc(sell(1, 1, 100, 10)));
  EXPECT_EQ(bid(), PriceLevel{});
  enter(buy(2, 1, 50, 10));
  execute(5, 100);  // an aggressor that the recording sent to 5, before us
  EXPECT_EQ(traded(), 0);
  EXPECT_EQ(feed.types, "");
  EXPECT_EQ(bid(), level(10, 50));
}

TEST_F(MarketRecordedTest, CancelAndDeleteOfWhatWeTookInPart) {
  add(5, 'S', 100, 10);
  enter(ioc(buy(1, 1, 60, 10)));
  cancel(5, 70);  // 30 on the recording, so 10 of our 40 leave
  EXPECT_EQ(feed.types, "X");
  EXPECT_EQ(ask(), level(10, 30));
  erase(5);
  EXPECT_TRUE(passed());
  add(6, 'S', 100, 10);
  enter(ioc(buy(1, 2, 60, 10)));
  cancel(6, 100);
  EXPECT_EQ(feed.types, "D");
  EXPECT_EQ(market.resting_orders(), 0U);
}

TEST_F(MarketRecordedTest, ReplaceOfWhatWeTook) {
  add(5, 'S', 100, 10);
  enter(ioc(buy(1, 1, 60, 10)));
  replace(5, 6, 100, 10.01);
  EXPECT_EQ(feed.types, "U");
  EXPECT_EQ(ask(), level(10.01, 40));
  replace(6, 7, 120, 10.02);  // 20 more than before
  EXPECT_EQ(ask(), level(10.02, 60));
  replace(7, 8, 30, 10.03);
  EXPECT_EQ(ask(), level(10.03, 30));
  EXPECT_TRUE(passed());
  enter(ioc(buy(1, 2, 30, 10.03)));
  replace(8, 9, 30, 10.04);  // nothing of it is here
  EXPECT_EQ(feed.types, "");
  replace(9, 10, 50, 10.05);
  EXPECT_EQ(feed.types, "A");
  EXPECT_EQ(ask(), level(10.05, 20));
}

TEST_F(MarketRecordedTest, AnArrivalMeetsParticipantsFirst) {
  enter(buy(1, 1, 30, 10));
  enter(buy(2, 1, 30, 10.01));
  add(6, 'B', 500, 10.01);
  add(5, 'S', 100, 10);
  EXPECT_EQ(traded(), 60);
  EXPECT_EQ(reports[0].account, 2U);
  EXPECT_EQ(feed.types, "EEA");
  EXPECT_EQ(ask(), level(10, 40));
  enter(buy(1, 2, 40, 9.99));
  recorded(itch::AddOrderMpid{header(), 7, 'S', 40, itch::Symbol("ABC"), 99'900,
                              Text<4>("FIRM")});
  EXPECT_EQ(traded(), 40);
  EXPECT_EQ(feed.types, "E");  // nothing of it is left to show
  erase(7);
  EXPECT_EQ(feed.types, "");
}

TEST_F(MarketRecordedTest, AReplacementMeetsParticipantsFirst) {
  enter(buy(1, 1, 30, 10));
  add(5, 'S', 100, 10.02);
  replace(5, 6, 100, 10);
  EXPECT_EQ(traded(), 30);
  EXPECT_EQ(feed.types, "DEA");
  EXPECT_EQ(ask(), level(10, 70));
  execute(6, 100);
  EXPECT_EQ(feed.types, "E");
  EXPECT_EQ(market.anomalies(), Anomalies{});
}

TEST_F(MarketRecordedTest, HiddenPrintsFillParticipantsAtTheirPriceOrBetter) {
  enter(buy(1, 1, 30, 10.01));
  enter(buy(1, 2, 30, 9.99));
  print(50, 10);
  EXPECT_EQ(traded(), 30);
  EXPECT_EQ(feed.types, "EP");
  ASSERT_EQ(feed.trades.size(), 1U);
  EXPECT_EQ(feed.trades[0].shares, 20U);
  EXPECT_EQ(feed.trades[0].match, 78U);
  print(50, 10);
  EXPECT_TRUE(passed());
  print(30, 9.99);
  EXPECT_EQ(feed.types, "E");
  enter(sell(1, 3, 30, 10));
  print(10, 9.99);
  EXPECT_TRUE(passed());
  print(10, 10.5);
  EXPECT_EQ(traded(), 10);
}

TEST_F(MarketRecordedTest, AnExecutedIcebergRefillsBehindTheRecordedOrder) {
  enter(iceberg(buy(1, 1, 100, 10), 20));
  add(5, 'B', 100, 10);
  execute(5, 50);  // 20 of ours, then 5
  EXPECT_EQ(traded(), 20);
  EXPECT_EQ(feed.types, "EAEX");
  EXPECT_EQ(bid(), level(10, 70));
  execute(5, 50);
  EXPECT_TRUE(passed());
  EXPECT_EQ(traded(), 0);
}

TEST_F(MarketRecordedTest, ExecutedWithPrice) {
  add(5, 'B', 100, 10);
  recorded(itch::OrderExecutedWithPrice{header(), 5, 40, 1, 'Y', 99'900});
  EXPECT_TRUE(passed());
  EXPECT_EQ(bid(), level(10, 60));
  enter(buy(1, 1, 10, 10.01));
  recorded(itch::OrderExecutedWithPrice{header(), 5, 60, 1, 'N', 99'900});
  EXPECT_EQ(feed.types, "ECD");
  EXPECT_EQ(reports[0].price, dollars(10.01));
}

TEST_F(MarketRecordedTest, HaltsAndTheEndOfTheDay) {
  enter(buy(1, 1, 10, 10));
  recorded(trading_action(kAbc, 'H'));
  EXPECT_TRUE(passed());
  EXPECT_FALSE(market.trading(kAbc));
  add(5, 'S', 10, 10);  // nothing trades in a halt
  EXPECT_TRUE(passed());
  recorded(trading_action(kAbc, 'T'));
  recorded(itch::OperationalHalt{header(), itch::Symbol("ABC"), 'B', 'H'});
  EXPECT_TRUE(market.trading(kAbc));  // another market's
  recorded(itch::OperationalHalt{header(), itch::Symbol("ABC"), 'Q', 'H'});
  EXPECT_FALSE(market.trading(kAbc));
  recorded(itch::OperationalHalt{header(), itch::Symbol("ABC"), 'Q', 'T'});
  EXPECT_TRUE(market.trading(kAbc));
  recorded(itch::SystemEvent{header(InstrumentId{}), 'M'});
  EXPECT_EQ(feed.types, "SD");
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].reason, 'E');
  enter(buy(1, 2, 10, 10));
  EXPECT_EQ(reports[0].reject_reason, reject::kClosed);
  EXPECT_EQ(ask(),
            level(10, 10));  // recorded orders stay until the recording ends them
}

TEST_F(MarketRecordedTest, OddMessagesAreCountedAndSentOn) {
  FeedBook honest = feed;
  const auto counted = [&](std::uint64_t Anomalies::*counter, const auto& message) {
    const Anomalies before = market.anomalies();
    given = bytes(message);
    market.apply_recorded(given);
    sent = market.feed();
    market.clear_outputs();
    Anomalies expected = before;
    ++(expected.*counter);
    EXPECT_EQ(market.anomalies(), expected);
    return sent == binary_file({given});
  };
  add(5, 'B', 100, 10);
  const itch::Symbol abc("ABC");
  using A = Anomalies;
  EXPECT_TRUE(
      counted(&A::duplicate_reference, itch::AddOrder{header(), 5, 'B', 1, abc, 1}));
  EXPECT_TRUE(counted(&A::zero_shares, itch::AddOrder{header(), 6, 'B', 0, abc, 1}));
  EXPECT_TRUE(
      counted(&A::unknown_instrument, itch::AddOrder{header(kXyz), 6, 'B', 1, abc, 1}));
  EXPECT_TRUE(counted(&A::malformed, itch::AddOrder{header(), 6, 'x', 1, abc, 1}));
  EXPECT_FALSE(
      counted(&A::reserved_reference,
              itch::AddOrder{header(), Market::kFirstOwnNumber, 'B', 1, abc, 1}));
  EXPECT_TRUE(counted(&A::unknown_reference, itch::OrderExecuted{header(), 6, 1, 1}));
  EXPECT_TRUE(counted(&A::unknown_reference, itch::OrderCancel{header(), 6, 1}));
  EXPECT_TRUE(counted(&A::unknown_reference, itch::OrderDelete{header(), 6}));
  EXPECT_TRUE(counted(&A::unknown_reference, itch::OrderReplace{header(), 6, 7, 1, 1}));
  EXPECT_TRUE(
      counted(&A::unknown_instrument, itch::Trade{header(kXyz), 0, 'B', 5, abc, 1, 1}));
  EXPECT_TRUE(counted(&A::unknown_instrument, trading_action(kXyz, 'T')));
  EXPECT_TRUE(counted(&A::unknown_instrument, directory(InstrumentId{}, "ABC")));
  EXPECT_EQ(bid(), level(10, 100));
  EXPECT_TRUE(counted(&A::overfill, itch::OrderCancel{header(), 5, 101}));
  EXPECT_EQ(bid(), PriceLevel{});
  feed = honest;
  add(5, 'B', 100, 10);
  EXPECT_TRUE(counted(&A::overfill, itch::OrderExecuted{header(), 5, 0xFFFF'FFFF, 1}));
  EXPECT_EQ(market.resting_orders(), 0U);
}

TEST_F(MarketRecordedTest, NoMessageReachesAParticipantsOrderByItsReference) {
  enter(buy(1, 1, 10, 10));
  const std::uint64_t ours = reports[0].order_reference;
  execute(ours, 10);
  cancel(ours, 10);
  erase(ours);
  replace(ours, 5, 10, 10);
  EXPECT_EQ(market.anomalies().reserved_reference, 4U);
  EXPECT_EQ(feed.types, "");
  EXPECT_EQ(bid(), level(10, 10));
  add(5, 'B', 10, 9);
  replace(5, ours, 10, 9);
  EXPECT_EQ(feed.types, "D");
}

TEST_F(MarketRecordedTest, EveryCutOfEveryMessage) {
  add(5, 'B', 100, 10);
  const std::vector<std::vector<std::byte>> messages = {
      bytes(itch::SystemEvent{}),     bytes(itch::StockDirectory{}),
      bytes(itch::TradingAction{}),   bytes(itch::AddOrder{}),
      bytes(itch::AddOrderMpid{}),    bytes(itch::OrderExecuted{}),
      bytes(itch::OrderCancel{}),     bytes(itch::OrderDelete{}),
      bytes(itch::OrderReplace{}),    bytes(itch::OrderExecutedWithPrice{}),
      bytes(itch::Trade{}),           bytes(itch::CrossTrade{}),
      bytes(itch::OperationalHalt{}), bytes(itch::NetOrderImbalance{})};
  std::uint64_t cuts = 0;
  for (const auto& message : messages) {
    for (std::size_t size = 0; size < message.size(); ++size, ++cuts) {
      // A copy of just this size: reading past it is for the sanitizer to find.
      const std::vector<std::byte> cut(
          message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
      market.apply_recorded(cut);
      const bool empty = size == 0;
      EXPECT_EQ(market.feed(), empty ? std::vector<std::byte>{} : binary_file({cut}));
      market.clear_outputs();
    }
  }
  EXPECT_EQ(market.anomalies().malformed, cuts);
  EXPECT_EQ(bid(), level(10, 100));
  const std::vector<std::byte> unknown(5, static_cast<std::byte>('z'));
  market.apply_recorded(unknown);
  EXPECT_EQ(market.anomalies().unknown_type, 1U);
  EXPECT_EQ(market.feed(), binary_file({unknown}));
}

TEST(MarketRecordedCapacity, RecordedOrdersBeyondTheLimitAreNotBooked) {
  Market market(two_instruments(), kFees, {.orders = 2});
  for (std::uint64_t reference = 1; reference <= 3; ++reference) {
    market.apply_recorded(
        bytes(itch::AddOrder{header(), reference, 'B', 10, itch::Symbol("ABC"), 100}));
  }
  EXPECT_EQ(market.resting_orders(), 2U);
  EXPECT_EQ(market.anomalies().over_capacity, 1U);
  market.apply_recorded(bytes(itch::OrderReplace{header(), 1, 4, 10, 100}));
  EXPECT_EQ(market.resting_orders(), 2U);
}

}  // namespace
}  // namespace pyscalp::exchange
