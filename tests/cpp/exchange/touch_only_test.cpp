// Who is filled, and when, on a day of which only quotes and trades were recorded: a
// few hand-made rows, played as a replay plays them, and one resting order.
#include <gtest/gtest.h>

#include "capture/touch_day.hpp"
#include "exchange/recorded_day.hpp"
#include "market_fixture.hpp"

namespace pyscalp::exchange {
namespace {

using namespace testing;
using event::EventKind;
using event::EventSide;
using event::MarketEvent;

constexpr std::int64_t kOpen = 34'200'000'000'000;
constexpr std::int64_t kMs = 1'000'000;

/// A day whose rows come one a call, each in a millisecond of its own.
class TouchOnlyTest : public ::testing::Test {
 protected:
  void row(EventKind kind, EventSide side, double price, Qty qty,
           std::uint64_t conditions = 1, char exchange = 'P') {
    MarketEvent event;
    event.kind = kind;
    event.side = side;
    event.venue_time = kOpen + ++ms_ * kMs;
    event.price = qty == 0 ? kNoPrice.value : dollars(price).value;
    event.qty = qty;
    event.instrument = 1;
    event.other = conditions;
    event.code = exchange;
    rows_.push_back(event);
  }
  void bid(double price, Qty qty) {
    row(EventKind::kTouch, EventSide::kBuy, price, qty);
  }
  void ask(double price, Qty qty) {
    row(EventKind::kTouch, EventSide::kSell, price, qty);
  }
  void trade(double price, Qty qty, std::uint64_t conditions = 1, char exchange = 'P') {
    row(EventKind::kTrade, EventSide::kNone, price, qty, conditions, exchange);
  }
  void wait(std::int64_t ms) { ms_ += ms; }
  /// An order of ours comes in after the rows so far.
  void enter(const NewOrder& order) { orders_.emplace_back(ms_, order); }

  /// Plays it all; what our orders traded, as "time in ms: shares @ price".
  std::string played(bool touch_only = true) {
    capture::TouchDay builder({"ABC"});
    for (const MarketEvent& event : rows_) builder.take(event);
    const std::vector<std::byte> file = builder.finish();
    MarketOptions options;
    options.touch_only = touch_only;
    Market market(RecordedDay::instruments(file), kFees, options);
    RecordedDay day(file, std::nullopt, RecordedDay::Pace::kMoment);
    std::string text;
    FeedBook feed;
    std::size_t next = 0;
    const auto settle = [&](std::int64_t ms) {
      for (const Report& report : market.reports()) {
        EXPECT_NE(report.kind, ReportKind::kRejected);
        if (report.kind != ReportKind::kExecuted) continue;
        if (!text.empty()) text += ", ";
        text += std::to_string(ms) + ": " + std::to_string(report.qty) + " @ " +
                std::to_string(price_to_e4(report.price));
        maker_ &= report.liquidity == Liquidity::kMaker;
      }
      feed.read(market.feed());
      market.clear_outputs();
      for (const Side side : {Side::kBuy, Side::kSell}) {
        EXPECT_EQ(market.depth(kAbc, side, 100), feed.depth(kAbc, side));
      }
    };
    while (const auto time = day.next_time()) {
      const std::int64_t ms = (time->value - kOpen) / kMs;
      for (; next < orders_.size() && orders_[next].first < ms; ++next) {
        const auto& [after, order] = orders_[next];
        market.enter(order, {kOpen + after * kMs + kMs / 2});
        settle(after);
      }
      day.step(market);
      settle(ms);
    }
    EXPECT_EQ(feed.errors, 0);
    EXPECT_EQ(market.anomalies(), Anomalies{});
    return text;
  }

  bool maker_ = true;  ///< every fill so far

 private:
  std::vector<MarketEvent> rows_;
  std::vector<std::pair<std::int64_t, NewOrder>> orders_;
  std::int64_t ms_ = 0;
};

TEST_F(TouchOnlyTest, WhatWasDisplayedBeforeUsTradesFirst) {
  bid(10, 500);
  ask(10.02, 500);
  enter(buy(1, 1, 100, 10));
  trade(10, 200);  // 300 before us
  bid(10, 300);
  trade(10, 350);  // 50 for us
  bid(10, 400);    // all of them behind us
  trade(10, 20);
  EXPECT_EQ(played(), "5: 50 @ 100000, 7: 20 @ 100000");
  EXPECT_TRUE(maker_);
}

TEST_F(TouchOnlyTest, WhoCancelsWasBehindUs) {
  bid(10, 500);
  ask(10.02, 500);
  enter(buy(1, 1, 100, 10));
  bid(10, 900);  // 400 behind us
  bid(10, 500);  // and gone again: 500 before us still
  trade(10, 499);
  bid(10, 500);  // 1 before us, 499 behind
  trade(10, 2);
  EXPECT_EQ(played(), "7: 1 @ 100000");
}

TEST_F(TouchOnlyTest, CancellationsBeforeUsAreThoseThatLeaveLessThanThatBeforeUs) {
  bid(10, 500);
  ask(10.02, 500);
  enter(buy(1, 1, 100, 10));
  bid(10, 200);
  bid(10, 600);
  trade(10, 250);
  EXPECT_EQ(played(), "5: 50 @ 100000");
}

TEST_F(TouchOnlyTest, AStatedSizeAfterATradeQueuesBehindUs) {
  bid(10, 500);
  ask(10.02, 500);
  enter(buy(1, 1, 100, 10));
  trade(10, 500);
  bid(10, 500);  // the quote says the same as before
  trade(10, 60);
  trade(10, 60);
  EXPECT_EQ(played(), "5: 60 @ 100000, 6: 40 @ 100000");
}

TEST_F(TouchOnlyTest, ASizeThatStandsAgainQueuesBehindUsToo) {
  bid(10, 500);
  ask(10.02, 500);
  enter(buy(1, 1, 100, 10));
  enter(sell(1, 2, 5, 10.02));
  trade(10, 500);
  wait(60);
  trade(10, 60);
  EXPECT_EQ(played(), "64: 60 @ 100000");
}

TEST_F(TouchOnlyTest, NobodyTakesWhatATradeTookUntilTheQuoteStandsAgain) {
  bid(10, 500);
  ask(10.02, 300);
  trade(10.02, 300);
  enter(ioc(buy(1, 1, 10, 10.02)));
  wait(48);
  enter(ioc(buy(1, 2, 10, 10.02)));
  wait(10);
  enter(ioc(buy(1, 3, 10, 10.02)));
  bid(10, 400);
  EXPECT_EQ(played(), "61: 10 @ 100200");
}

TEST_F(TouchOnlyTest, ALevelThatComesIntoSightStandsBeforeUs) {
  bid(10, 500);
  ask(10.02, 500);
  enter(sell(1, 1, 100, 10.04));  // nobody knows who waits there
  ask(10.04, 300);
  trade(10.04, 200);
  ask(10.04, 900);
  trade(10.04, 150);  // 100 before us, then 50
  EXPECT_EQ(played(), "6: 50 @ 100400");
}

TEST_F(TouchOnlyTest, OnAnOrdinaryDayWeWouldHaveBeenFirst) {
  bid(10, 500);
  ask(10.02, 500);
  enter(sell(1, 1, 100, 10.04));
  ask(10.04, 300);
  trade(10.04, 60);
  EXPECT_EQ(played(false), "4: 60 @ 100400");
}

TEST_F(TouchOnlyTest, ATouchThatLeavesUsBehindAndComesBackFindsUsFirst) {
  bid(10, 500);
  ask(10.02, 500);
  enter(buy(1, 1, 100, 10));
  bid(9.99, 800);  // all before us are gone: we are the best bid
  bid(10, 400);
  trade(10, 30);
  EXPECT_EQ(played(), "5: 30 @ 100000");
}

TEST_F(TouchOnlyTest, ATradeBeyondTheTouchTakesWhatIsBeforeUs) {
  bid(10, 500);
  ask(10.02, 500);
  enter(buy(1, 1, 100, 10));
  trade(9.98, 300);
  trade(9.98, 300);  // 200 before us, 100 for us at our price
  EXPECT_EQ(played(), "4: 100 @ 100000");
}

TEST_F(TouchOnlyTest, AQuoteThroughOurPriceFillsUs) {
  bid(10, 500);
  ask(10.02, 500);
  enter(buy(1, 1, 100, 10));
  bid(9.98, 100);
  ask(9.99, 40);
  EXPECT_EQ(played(), "4: 40 @ 100000");
}

TEST_F(TouchOnlyTest, ATradeBelowTheBestBidThatWeAreFillsUs) {
  bid(10, 500);
  ask(10.02, 500);
  enter(buy(1, 1, 100, 10));
  bid(9.99, 800);
  trade(9.99, 60);  // at the recorded touch: whoever sold there would have sold to us
  EXPECT_EQ(played(), "4: 60 @ 100000");
}

TEST_F(TouchOnlyTest, APrintAtAPriceWhoseQueueWasNotSeenFillsOnlyWhoIsBetter) {
  bid(10, 500);
  ask(10.02, 100);
  enter(sell(1, 1, 100, 10.04));
  enter(sell(1, 2, 30, 10.03));
  trade(10.02, 100);  // nothing is displayed any more
  trade(10.04, 500);  // a sweep: past 10.03, but who knows who was first at 10.04
  EXPECT_EQ(played(), "4: 30 @ 100300");
}

TEST_F(TouchOnlyTest, ABetterOrderThanTheTouchIsMetByATradeAtItsPrice) {
  bid(10, 500);
  ask(10.04, 500);
  enter(sell(1, 1, 100, 10.02));
  trade(10.03, 10);  // the buyer would have paid less
  trade(10.02, 20);
  trade(10.01, 40);
  EXPECT_EQ(played(), "3: 10 @ 100200, 4: 20 @ 100200");
}

TEST_F(TouchOnlyTest, TradesElsewhereOrOfAnotherTimeFillNobody) {
  bid(10, 500);
  ask(10.02, 500);
  enter(buy(1, 1, 100, 10));
  trade(10, 9'000, 1, 'D');
  trade(9.9, 9'000, 1, 'D');
  trade(9.9, 9'000, 0x800);
  trade(9.9, 9'000, 0x4000);
  trade(9.9, 9'000, 0x40);
  EXPECT_EQ(played(), "");
}

TEST_F(TouchOnlyTest, WhatWeTakeIsGoneUntilTheTouchGrows) {
  bid(10, 500);
  ask(10.02, 300);
  enter(ioc(buy(1, 1, 200, 10.02)));
  ask(10.02, 300);
  enter(ioc(buy(1, 2, 200, 10.02)));  // 100 are left
  ask(10.02, 350);
  enter(ioc(buy(1, 3, 200, 10.02)));
  EXPECT_EQ(played(), "2: 200 @ 100200, 3: 100 @ 100200, 4: 50 @ 100200");
}

}  // namespace
}  // namespace pyscalp::exchange
