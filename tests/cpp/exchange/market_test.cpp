#include <gtest/gtest.h>

#include <stdexcept>

#include "open_market.hpp"

namespace pyscalp::exchange {
namespace {

using namespace testing;

using MarketTest = OpenMarket;

TEST_F(MarketTest, OpenDescribesTheDay) {
  Market fresh(two_instruments(), kFees);
  EXPECT_FALSE(fresh.is_open());
  fresh.open(kNow);
  FeedBook book;
  book.read(fresh.feed());
  EXPECT_EQ(book.types, "SRRHHSS");
  EXPECT_TRUE(fresh.trading(kAbc));
  EXPECT_FALSE(fresh.trading(InstrumentId{3}));
  EXPECT_EQ(fresh.find("XYZ"), kXyz);
  EXPECT_EQ(fresh.find("NONE"), std::nullopt);
}

TEST_F(MarketTest, EmptyBookHasNoPrice) {
  EXPECT_EQ(bid(), (PriceLevel{kNoPrice, 0}));
  EXPECT_EQ(market.best(InstrumentId{99}, Side::kBuy), (PriceLevel{kNoPrice, 0}));
  EXPECT_TRUE(market.depth(InstrumentId{99}, Side::kBuy, 5).empty());
}

TEST_F(MarketTest, RestingOrderIsAcceptedAndShown) {
  enter(buy(1, 10, 300, 99.99));
  ASSERT_EQ(kinds(), "A");
  EXPECT_EQ(reports[0].qty, 300);
  EXPECT_EQ(reports[0].leaves, 300);
  EXPECT_EQ(reports[0].order_reference, Market::kFirstOwnNumber);
  EXPECT_FALSE(reports[0].dead);
  EXPECT_EQ(feed.types, "A");
  EXPECT_EQ(bid(), level(99.99, 300));
  EXPECT_EQ(market.working_orders(1), 1U);
}

TEST_F(MarketTest, PriceThenTime) {
  enter(sell(1, 1, 100, 100.02));
  enter(sell(1, 2, 100, 100.01));
  enter(sell(2, 1, 100, 100.01));
  enter(buy(3, 1, 250, 100.02));
  ASSERT_EQ(kinds(), "AEEEEEE");
  EXPECT_EQ(feed.types, "EEE");
  const std::pair<AccountId, std::uint32_t> makers[] = {{1, 2}, {2, 1}, {1, 1}};
  const Qty shares[] = {100, 100, 50};
  for (std::size_t i = 0; i < 3; ++i) {
    const Report& maker = reports[1 + 2 * i];
    const Report& taker = reports[2 + 2 * i];
    EXPECT_EQ(std::pair(maker.account, maker.client_ref), makers[i]);
    EXPECT_EQ(maker.qty, shares[i]);
    EXPECT_EQ(maker.liquidity, Liquidity::kMaker);
    EXPECT_EQ(taker.account, 3U);
    EXPECT_EQ(taker.liquidity, Liquidity::kTaker);
    EXPECT_EQ(taker.match, maker.match);
    EXPECT_EQ(taker.price, maker.price);
    EXPECT_EQ(taker.counterparty, maker.account);
  }
  EXPECT_EQ(reports[2].price, dollars(100.01));
  EXPECT_EQ(reports[6].price, dollars(100.02));
  EXPECT_EQ(reports[6].leaves, 0);
  EXPECT_TRUE(reports[6].dead);
  EXPECT_FALSE(reports[5].dead);
  EXPECT_EQ(ask(), level(100.02, 50));
}

TEST_F(MarketTest, WhatTradesInPartRests) {
  enter(sell(1, 1, 100, 100));
  enter(buy(2, 1, 150, 100));
  EXPECT_EQ(feed.types, "EA");
  EXPECT_EQ(bid(), level(100, 50));
  EXPECT_EQ(ask(), PriceLevel{});
}

TEST_F(MarketTest, IocNeverRests) {
  enter(sell(1, 1, 100, 100));
  enter(ioc(buy(2, 1, 150, 100)));
  ASSERT_EQ(kinds(), "AEEC");
  EXPECT_EQ(reports[3].qty, 50);
  EXPECT_EQ(reports[3].reason, 'I');
  EXPECT_TRUE(reports[3].dead);
  EXPECT_EQ(bid(), PriceLevel{});
  enter(ioc(buy(2, 2, 10, 100)));
  EXPECT_EQ(kinds(), "AC");
  EXPECT_TRUE(feed.types.empty());
  EXPECT_EQ(market.working_orders(2), 0U);
}

TEST_F(MarketTest, PostOnlyNeverTakes) {
  enter(sell(1, 1, 100, 100));
  enter(post_only(buy(2, 1, 50, 100)));
  ASSERT_EQ(kinds(), "AC");
  EXPECT_EQ(reports[1].reason, 'G');
  EXPECT_EQ(reports[1].qty, 50);
  enter(post_only(buy(2, 2, 50, 99.99)));
  EXPECT_EQ(kinds(), "A");
  EXPECT_EQ(bid(), level(99.99, 50));
  enter(hidden(sell(1, 2, 10, 100)));
  cancel(1, 1, 0);
  enter(post_only(buy(2, 3, 50, 100)));
  ASSERT_EQ(kinds(), "AC");
  EXPECT_EQ(reports[1].reason, 'F');
}

TEST_F(MarketTest, IcebergShowsASliceAndLosesItsPlaceWithEach) {
  enter(iceberg(sell(1, 1, 250, 100), 100));
  enter(sell(2, 1, 100, 100));
  EXPECT_EQ(ask(), level(100, 200));
  const std::uint64_t first_reference = Market::kFirstOwnNumber;

  enter(buy(3, 1, 100, 100));
  ASSERT_EQ(kinds(), "AEER");
  EXPECT_EQ(feed.types, "EA");
  EXPECT_EQ(reports[1].leaves, 150);
  EXPECT_FALSE(reports[1].dead);
  const Report& refilled = reports[3];
  EXPECT_EQ(refilled.kind, ReportKind::kRefilled);
  EXPECT_EQ(refilled.qty, 100);
  EXPECT_EQ(refilled.leaves, 150);
  EXPECT_GT(refilled.order_reference, first_reference);

  enter(buy(3, 2, 120, 100));  // account 2 is now first
  ASSERT_EQ(kinds(), "AEEEE");
  EXPECT_EQ(reports[1].account, 2U);
  EXPECT_EQ(reports[1].qty, 100);
  EXPECT_EQ(reports[3].account, 1U);
  EXPECT_EQ(reports[3].qty, 20);

  enter(buy(3, 3, 130, 100));  // through both slices that are left, 80 and 50
  EXPECT_EQ(kinds(), "AEEREE");
  EXPECT_EQ(feed.types, "EAE");
  EXPECT_EQ(ask(), PriceLevel{});
  EXPECT_EQ(market.resting_orders(), 0U);
}

TEST_F(MarketTest, OneOrderTakesEverySliceOfALonelyIceberg) {
  enter(iceberg(sell(1, 1, 350, 100), 100));
  enter(ioc(buy(2, 1, 1'000, 100)));
  EXPECT_EQ(kinds(), "AEEREEREEREEC");
  EXPECT_EQ(reports.back().qty, 650);
}

TEST_F(MarketTest, HiddenTradesAfterDisplayedAtItsPriceAndPrintsAsP) {
  enter(hidden(sell(1, 1, 100, 100)));
  EXPECT_TRUE(feed.types.empty());
  EXPECT_EQ(ask(), PriceLevel{});
  enter(sell(2, 1, 100, 100));
  enter(buy(3, 1, 150, 100));
  EXPECT_EQ(feed.types, "EP");
  EXPECT_EQ(reports[1].account, 2U);
  EXPECT_EQ(reports[3].account, 1U);
  EXPECT_TRUE(reports[3].hidden);
  ASSERT_EQ(feed.trades.size(), 1U);
  EXPECT_EQ(feed.trades[0].shares, 50U);
  EXPECT_EQ(feed.trades[0].match, reports[3].match);
  EXPECT_EQ(feed.trades[0].reference, 0U);
  EXPECT_EQ(feed.trades[0].side, 'B');
  enter(hidden(sell(1, 2, 10, 99.99)));  // a better price goes first, hidden or not
  enter(sell(2, 2, 10, 100));
  enter(buy(3, 2, 10, 100));
  EXPECT_EQ(feed.types, "P");
  cancel(1, 1, 0);
  EXPECT_EQ(kinds(), "C");
  EXPECT_TRUE(feed.types.empty());
}

TEST_F(MarketTest, SelfMatchCancelsTheRestingOrder) {
  enter(iceberg(sell(1, 1, 100, 100), 10));
  enter(sell(2, 1, 50, 100));
  enter(hidden(sell(1, 2, 20, 100)));
  enter(buy(1, 3, 80, 100));
  ASSERT_EQ(kinds(), "ADEED");
  EXPECT_EQ(reports[1].client_ref, 1U);
  EXPECT_EQ(reports[1].qty, 100);
  EXPECT_EQ(reports[1].reason, 'Q');
  EXPECT_EQ(reports[4].client_ref, 2U);
  EXPECT_EQ(feed.types, "DEA");
  EXPECT_EQ(bid(), level(100, 30));
}

TEST_F(MarketTest, FeesAndRebatesToTheLastDigit) {
  enter(sell(1, 1, 37, 123.45));
  enter(buy(2, 1, 37, 123.45));
  EXPECT_EQ(reports[1].fee, Money{-37 * 2'000'000});
  // 37 x 0.003 + 1e-4 x 37 x 123.45
  EXPECT_EQ(reports[2].fee, Money{37 * 3'000'000 + 456'765'000});
}

TEST_F(MarketTest, RejectsAtTheEdges) {
  EXPECT_EQ(rejected(buy(0, 1, 1, 1)), reject::kAccount);
  EXPECT_EQ(rejected(buy((1U << 16) + 1, 1, 1, 1)), reject::kAccount);
  EXPECT_EQ(rejected(buy(1U << 16, 1, 1, 1)), 0);
  EXPECT_EQ(rejected(buy(1, 1, 0, 1)), reject::kQuantity);
  EXPECT_EQ(rejected(buy(1, 1, -1, 1)), reject::kQuantity);
  EXPECT_EQ(rejected(buy(1, 1, 1'000'000, 1)), reject::kQuantity);
  EXPECT_EQ(rejected(buy(1, 1, 999'999, 1)), 0);
  EXPECT_EQ(rejected(buy(1, 2, 1, 0)), reject::kPrice);
  EXPECT_EQ(rejected(sell(1, 2, 1, 200'000)), reject::kPrice);
  EXPECT_EQ(rejected(sell(1, 2, 1, 199'999.99)), 0);
  EXPECT_EQ(rejected(buy(1, 3, 1, 1.001)), reject::kPrice);
  NewOrder between = buy(1, 3, 1, 1);
  between.price = {1'010'000'001};
  EXPECT_EQ(rejected(between), reject::kPrice);
  between.price = {-10'000'000};
  EXPECT_EQ(rejected(between), reject::kPrice);
  EXPECT_EQ(rejected(buy(1, 1, 1, 1)), reject::kOther);  // 1 lives
  EXPECT_EQ(rejected(iceberg(buy(1, 3, 10, 1), -1)), reject::kMaxFloor);
  NewOrder stranger = buy(1, 3, 1, 1);
  stranger.instrument = InstrumentId{3};
  EXPECT_EQ(rejected(stranger), reject::kSymbol);
  stranger.instrument = InstrumentId{0xFFFF};
  EXPECT_EQ(rejected(stranger), reject::kSymbol);
  EXPECT_EQ(reports[0].order_reference, 0U);
  EXPECT_TRUE(reports[0].dead);
}

TEST_F(MarketTest, ANumberIsFreeAgainOnceItsOrderIsGone) {
  enter(buy(1, 1, 10, 1));
  cancel(1, 1, 0);
  EXPECT_EQ(rejected(buy(1, 1, 10, 1)), 0);
  EXPECT_EQ(rejected(buy(2, 1, 10, 1)), 0);  // each account has numbers of its own
}

TEST_F(MarketTest, HaltRefusesOrdersAndLetsCancelsPass) {
  enter(buy(1, 1, 10, 1));
  for (const char state : {'H', 'P', 'Q'}) {
    market.set_trading(kAbc, state, kNow);
    sync();
    EXPECT_EQ(feed.types, "H");
    EXPECT_EQ(rejected(buy(1, 2, 10, 1)), reject::kHalted);
    replace(1, 1, 2, 5, 1);
    ASSERT_EQ(kinds(), "J");
    EXPECT_EQ(reports[0].reject_reason, reject::kHalted);
    EXPECT_EQ(reports[0].client_ref, 2U);
    EXPECT_EQ(bid(), level(1, 10));
  }
  NewOrder other = buy(1, 2, 10, 1);
  other.instrument = kXyz;
  EXPECT_EQ(rejected(other), 0);
  cancel(1, 1, 0);
  EXPECT_EQ(kinds(), "C");
  market.set_trading(kAbc, 'T', kNow);
  sync();
  EXPECT_EQ(rejected(buy(1, 1, 10, 1)), 0);
}

TEST_F(MarketTest, CloseCancelsEverythingAndRefuses) {
  enter(buy(1, 1, 10, 1));
  enter(hidden(buy(2, 1, 10, 1)));
  market.close(kNow);
  sync();
  EXPECT_EQ(feed.types, "SDSS");
  ASSERT_EQ(kinds(), "CC");
  EXPECT_EQ(reports[0].reason, 'E');
  EXPECT_EQ(rejected(buy(1, 1, 10, 1)), reject::kClosed);
  EXPECT_EQ(market.resting_orders(), 0U);
}

TEST_F(MarketTest, CancelAllTakesOneAccountsOrdersInTheirOrder) {
  for (std::uint32_t ref : {5U, 3U, 9U}) enter(buy(1, ref, 10, 1));
  NewOrder other = buy(1, 7, 10, 1);
  other.instrument = kXyz;
  enter(other);
  enter(buy(2, 1, 10, 1));
  cancel(1, 3, 0);
  market.cancel_all(1, kNow, 'S', kXyz);
  sync();
  ASSERT_EQ(kinds(), "C");
  EXPECT_EQ(reports[0].client_ref, 7U);
  market.cancel_all(1, kNow, 'S');
  sync();
  ASSERT_EQ(kinds(), "CC");
  EXPECT_EQ(reports[0].client_ref, 5U);
  EXPECT_EQ(reports[1].client_ref, 9U);
  EXPECT_EQ(reports[0].reason, 'S');
  EXPECT_EQ(bid(), level(1, 10));
  market.cancel_all(1, kNow, 'S');
  market.cancel_all(12345, kNow, 'S');
  sync();
  EXPECT_EQ(kinds(), "");
}

TEST_F(MarketTest, InstrumentsDoNotMix) {
  enter(sell(1, 1, 10, 1));
  NewOrder other = buy(2, 1, 10, 1);
  other.instrument = kXyz;
  enter(other);
  EXPECT_EQ(kinds(), "A");
  EXPECT_EQ(ask(), level(1, 10));
  EXPECT_EQ(market.best(kXyz, Side::kBuy), level(1, 10));
}

TEST(MarketCapacity, RefusesWhatItHasNoRoomFor) {
  Market market(two_instruments(), kFees, {.orders = 3, .accounts = 5});
  market.open(kNow);
  for (std::uint32_t ref = 1; ref <= 4; ++ref) {
    market.enter(buy(1, ref, 10, 1), kNow);
  }
  ASSERT_EQ(market.reports().size(), 4U);
  EXPECT_EQ(market.reports()[2].kind, ReportKind::kAccepted);
  EXPECT_EQ(market.reports()[3].kind, ReportKind::kRejected);
  EXPECT_EQ(market.reports()[3].reject_reason, reject::kOther);
  market.clear_outputs();
  market.replace(1, 1, 5, 20, dollars(1), kNow);  // takes its own place
  EXPECT_EQ(market.reports()[0].kind, ReportKind::kReplaced);
  market.cancel(1, 5, 0, kNow);
  market.enter(buy(5, 1, 10, 1), kNow);
  EXPECT_EQ(market.reports().back().kind, ReportKind::kAccepted);
  market.enter(buy(6, 1, 10, 1), kNow);
  EXPECT_EQ(market.reports().back().reject_reason, reject::kAccount);
}

TEST(MarketSetup, NamesWhatIsWrong) {
  const auto fails = [](std::vector<Instrument> instruments) {
    EXPECT_THROW(Market(std::move(instruments), kFees), std::invalid_argument);
  };
  fails({{InstrumentId{0}, "ABC"}});
  fails({{kAbc, ""}});
  fails({{kAbc, "NINECHARS"}});
  fails({{kAbc, "ABC", Price{0}}});
  fails({{kAbc, "ABC", Price{150'000}}});
  fails({{kAbc, "ABC"}, {kAbc, "XYZ"}});
  fails({{kAbc, "ABC"}, {kXyz, "ABC"}});
  EXPECT_THROW(Market({}, kFees, {.orders = 0}), std::invalid_argument);
  EXPECT_NO_THROW(Market({{kAbc, "EIGHTCHR"}}, kFees));
}

}  // namespace
}  // namespace pyscalp::exchange
