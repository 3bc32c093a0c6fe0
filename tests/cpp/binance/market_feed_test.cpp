// What a feed makes of messages that come as they should.
#include "base/allocations.hpp"
#include "base/random.hpp"
#include "feed_fixture.hpp"

namespace pyscalp::binance {
namespace {

TEST_F(MarketFeedTest, AsksForASnapshotOnceAChangeIsHeld) {
  make(Market::kSpot);
  EXPECT_TRUE(feed_->stale(kBitcoin));
  EXPECT_TRUE(feed_->books().flagged(kBitcoin));
  EXPECT_FALSE(asks_for_bitcoin());
  EXPECT_EQ(tell(change(11, 12, {{99, 3}}, {})), MessageStatus::kBuffered);
  EXPECT_LE(feed_->next_deadline(), now_);
  EXPECT_TRUE(asks_for_bitcoin());
  EXPECT_FALSE(asks_for_bitcoin());
  EXPECT_EQ(answer(snapshot(10, {{100, 5}}, {{102, 4}})), MessageStatus::kOk);
  EXPECT_EQ(heard_.events, std::vector<std::string>{"fresh"});
  EXPECT_FALSE(feed_->books().flagged(kBitcoin));
  EXPECT_EQ(whole(), (Whole{100, 5, 102, 4}));
  EXPECT_EQ(feed_->books().level_count(kBitcoin, Side::kBuy), 2u);
  EXPECT_EQ(feed_->venue_time(), UnixNanos{1'723'161'255'208'000'000});
  EXPECT_TRUE(feed_->stale(kEther));
  EXPECT_TRUE(feed_->stale(InstrumentId{77}));
}

TEST_F(MarketFeedTest, SpotDropsWhatTheSnapshotHasAndJoinsTheRest) {
  make(Market::kSpot);
  tell(change(5, 9, {{98, 9}}, {}));
  tell(change(10, 14, {{100, 7}, {98, 1}}, {}));
  tell(change(15, 15, {}, {{102, 0}, {103, 2}}));
  ASSERT_TRUE(asks_for_bitcoin());
  // Ends in the middle of the second change, which is applied whole.
  EXPECT_EQ(answer(snapshot(12, {{100, 5}}, {{102, 4}})), MessageStatus::kOk);
  EXPECT_EQ(whole(), (Whole{100, 7, 103, 2}));
  EXPECT_EQ(feed_->books().level_count(kBitcoin, Side::kBuy), 2u);
  EXPECT_EQ(tell(change(16, 18, {{101, 1}}, {})), MessageStatus::kOk);
  EXPECT_EQ(tell(change(15, 18, {{101, 5}}, {})), MessageStatus::kRepeated);
  EXPECT_EQ(whole(), (Whole{101, 1, 103, 2}));
}

TEST_F(MarketFeedTest, IsNotFreshBeforeAChangeHasJoined) {
  make(Market::kSpot);
  tell(change(5, 9, {}, {}));
  ASSERT_TRUE(asks_for_bitcoin());
  EXPECT_EQ(answer(snapshot(12, {{100, 5}}, {{102, 4}})), MessageStatus::kOk);
  EXPECT_TRUE(feed_->stale(kBitcoin));
  EXPECT_EQ(tell(change(10, 11, {{100, 1}}, {})), MessageStatus::kRepeated);
  EXPECT_TRUE(feed_->stale(kBitcoin));
  EXPECT_EQ(tell(change(12, 13, {{99, 2}}, {})), MessageStatus::kOk);
  EXPECT_FALSE(feed_->stale(kBitcoin));
  EXPECT_EQ(heard_.events, std::vector<std::string>{"fresh"});
  EXPECT_TRUE(heard_.levels.empty());
}

TEST_F(MarketFeedTest, AChangeThatEndsWithTheSnapshotJoinsItToo) {
  make(Market::kSpot);
  tell(change(5, 12, {}, {}));
  ASSERT_TRUE(asks_for_bitcoin());
  EXPECT_EQ(answer(snapshot(12, {{100, 5}}, {{102, 4}})), MessageStatus::kOk);
  EXPECT_FALSE(feed_->stale(kBitcoin));
}

TEST_F(MarketFeedTest, FuturesFollowByThePreviousId) {
  make(Market::kUsdm);
  tell(change(5, 9, {{98, 9}}, {}, 3));
  tell(change(13, 20, {{100, 7}}, {}, 9));
  ASSERT_TRUE(asks_for_bitcoin());
  EXPECT_EQ(answer(snapshot(2, {}, {})), MessageStatus::kOldSnapshot);
  wait(seconds(1));
  ASSERT_TRUE(asks_for_bitcoin());
  EXPECT_EQ(answer(snapshot(15, {{100, 5}}, {{102, 4}})), MessageStatus::kOk);
  EXPECT_EQ(whole(), (Whole{100, 7, 102, 4}));
  // U is far from the previous u: ids are shared by all symbols.
  EXPECT_EQ(tell(change(25, 31, {{101, 1}}, {}, 20)), MessageStatus::kOk);
  EXPECT_EQ(whole(), (Whole{101, 1, 102, 4}));
  EXPECT_EQ(tell(change(25, 31, {{101, 9}}, {}, 20)), MessageStatus::kRepeated);
  EXPECT_EQ(whole(), (Whole{101, 1, 102, 4}));
}

TEST_F(MarketFeedTest, TheFirstCopyOfSeveralConnectionsWins) {
  make_fresh_spot();
  feed_->on_up(1, now_);
  EXPECT_EQ(tell(change(13, 13, {{101, 1}}, {}), 1), MessageStatus::kOk);
  EXPECT_EQ(tell(change(13, 13, {{101, 1}}, {}), 0), MessageStatus::kRepeated);
  EXPECT_EQ(tell(change(14, 14, {{101, 0}}, {}), 0), MessageStatus::kOk);
  EXPECT_EQ(tell(change(14, 14, {{101, 0}}, {}), 1), MessageStatus::kRepeated);
  EXPECT_EQ(tell(trade(5), 0), MessageStatus::kOk);
  EXPECT_EQ(tell(trade(5), 1), MessageStatus::kRepeated);
  EXPECT_EQ(tell(trade(7), 1), MessageStatus::kOk);
  EXPECT_EQ(tell(trade(6), 0), MessageStatus::kRepeated);
  EXPECT_EQ(heard_.events, (std::vector<std::string>{"trade 7 sell", "trade 7 sell"}));
  EXPECT_EQ(feed_->counters().trades_missing, 1u);
  EXPECT_EQ(feed_->counters().first[1], 2u);
  // One of two may go; without any every book is stale.
  feed_->on_down(0, now_, heard_);
  EXPECT_FALSE(feed_->stale(kBitcoin));
  feed_->on_down(1, now_, heard_);
  EXPECT_TRUE(feed_->stale(kBitcoin));
  EXPECT_EQ(heard_.events.back(), "stale");
}

TEST_F(MarketFeedTest, ALaterTickerLiesOverTheDepth) {
  make_fresh_spot();
  EXPECT_EQ(tell(ticker(13, 99, 8, 101, 2)), MessageStatus::kOk);
  EXPECT_EQ(whole(), (Whole{99, 8, 101, 2}));
  EXPECT_EQ(feed_->books().level_count(kBitcoin, Side::kBuy), 1u);
  EXPECT_EQ(feed_->books().level_count(kBitcoin, Side::kSell), 2u);
  EXPECT_EQ(feed_->depth_book(kBitcoin)->depth_touch(),
            (book::Touch{Price{1'000'000}, Price{1'020'000}, 5, 4}));
  EXPECT_EQ(tell(ticker(12, 50, 1, 200, 1)), MessageStatus::kRepeated);
  // An older change of depth leaves the ticker on top.
  EXPECT_EQ(tell(change(13, 13, {{98, 1}}, {{101, 2}})), MessageStatus::kMismatch);
}

TEST_F(MarketFeedTest, DepthComesBackFromUnderTheTicker) {
  make_fresh_spot();
  EXPECT_EQ(tell(ticker(15, 99, 8, 103, 2)), MessageStatus::kOk);
  EXPECT_EQ(whole(), (Whole{99, 8, 103, 2}));
  // 100 was taken out and came back within this change, which leaves it out.
  EXPECT_EQ(tell(change(13, 16, {{99, 3}, {98, 1}}, {})), MessageStatus::kOk);
  EXPECT_EQ(whole(), (Whole{100, 5, 102, 4}));
  EXPECT_EQ(feed_->books().level_count(kBitcoin, Side::kBuy), 3u);
  EXPECT_EQ(feed_->books().level_count(kBitcoin, Side::kSell), 1u);
  // Changes that end before the ticker leave it on top.
  EXPECT_EQ(tell(ticker(20, 101, 1, 102, 9)), MessageStatus::kOk);
  EXPECT_EQ(tell(change(17, 18, {{100, 6}}, {})), MessageStatus::kOk);
  EXPECT_EQ(whole(), (Whole{101, 1, 102, 9}));
  // At the ticker's own id they agree.
  EXPECT_EQ(tell(change(19, 20, {{101, 1}}, {{102, 9}})), MessageStatus::kOk);
  EXPECT_EQ(whole(), (Whole{101, 1, 102, 9}));
  EXPECT_EQ(tell(ticker(20, 101, 2, 102, 9)), MessageStatus::kRepeated);
  EXPECT_EQ(tell(change(21, 21, {}, {})), MessageStatus::kOk);
}

TEST_F(MarketFeedTest, TickerAndDepthOfOneIdMustAgree) {
  make_fresh_spot();
  EXPECT_EQ(tell(ticker(12, 100, 5, 102, 4)), MessageStatus::kRepeated);
  EXPECT_FALSE(feed_->stale(kBitcoin));
  EXPECT_EQ(tell(change(13, 14, {{101, 1}}, {})), MessageStatus::kOk);
  EXPECT_EQ(tell(ticker(14, 101, 2, 102, 4)), MessageStatus::kMismatch);
  EXPECT_TRUE(feed_->stale(kBitcoin));
  EXPECT_EQ(heard_.events, std::vector<std::string>{"stale"});
}

TEST_F(MarketFeedTest, ACrossedDepthIsNoBook) {
  make_fresh_spot();
  EXPECT_EQ(tell(change(13, 14, {{102, 1}}, {})), MessageStatus::kMismatch);
  EXPECT_TRUE(feed_->stale(kBitcoin));
}

// Whatever is on top, the levels told and the book are the same, and are what the depth
// and the ticker come to when put together anew.
TEST_F(MarketFeedTest, TheBookIsDepthWithTheLaterTickerOnTop) {
  make_fresh_spot();
  std::map<int, int> bids{{100, 5}, {99, 3}}, asks{{102, 4}};
  for (const auto& [price, lots] : bids) heard_.levels[{0, price * 10'000}] = lots;
  for (const auto& [price, lots] : asks) heard_.levels[{1, price * 10'000}] = lots;
  Random random(9);
  std::uint64_t id = 12, ticker_id = 0;
  int tick[4] = {};
  int covered = 0;
  for (int round = 0; round < 20'000; ++round) {
    if (random.below(3) != 0) {
      const auto bid = static_cast<int>(60 + random.below(40));
      const auto ask = static_cast<int>(101 + random.below(40));
      const std::uint64_t next = std::max(id, ticker_id) + 1 + random.below(3);
      const int lots[2] = {static_cast<int>(1 + random.below(9)),
                           static_cast<int>(1 + random.below(9))};
      ASSERT_EQ(tell(ticker(next, bid, lots[0], ask, lots[1])), MessageStatus::kOk);
      ticker_id = next;
      tick[0] = bid, tick[1] = lots[0], tick[2] = ask, tick[3] = lots[1];
    } else {
      Rows b, a;
      for (std::uint64_t n = random.below(4); n-- > 0;)
        b.emplace_back(static_cast<int>(60 + random.below(41)),
                       static_cast<int>(random.below(3) * random.below(9)));
      for (std::uint64_t n = random.below(4); n-- > 0;)
        a.emplace_back(static_cast<int>(101 + random.below(40)),
                       static_cast<int>(random.below(3) * random.below(9)));
      // Never at the ticker's own id, which is another test's.
      std::uint64_t next = id + 1 + random.below(4);
      if (next == ticker_id) ++next;
      ASSERT_EQ(tell(change(id + 1, next, b, a)), MessageStatus::kOk);
      id = next;
      for (const auto& [price, lots] : b) {
        if (lots == 0)
          bids.erase(price);
        else
          bids[price] = lots;
      }
      for (const auto& [price, lots] : a) {
        if (lots == 0)
          asks.erase(price);
        else
          asks[price] = lots;
      }
    }
    std::map<std::pair<int, std::int64_t>, Qty> wanted;
    const bool on_top = ticker_id > id;
    covered += on_top;
    ASSERT_EQ(feed_->depth_book(kBitcoin)->covered(), on_top);
    for (const auto& [price, lots] : bids) {
      if (!on_top || price < tick[0]) wanted[{0, price * 10'000}] = lots;
    }
    for (const auto& [price, lots] : asks) {
      if (!on_top || price > tick[2]) wanted[{1, price * 10'000}] = lots;
    }
    if (on_top) {
      wanted[{0, tick[0] * 10'000}] = tick[1];
      wanted[{1, tick[2] * 10'000}] = tick[3];
    }
    ASSERT_EQ(heard_.levels, wanted) << round;
    for (const Side side : {Side::kBuy, Side::kSell}) {
      book::LevelView view[100];
      const int count = feed_->books().levels(kBitcoin, side, view, 100);
      for (int i = 0; i < count; ++i) {
        const std::pair key{index(side), view[i].price.value};
        ASSERT_EQ(wanted[key], view[i].qty);
      }
      ASSERT_EQ(count,
                std::count_if(wanted.begin(), wanted.end(), [&](const auto& level) {
                  return level.first.first == index(side);
                }));
    }
    const book::Touch depth = feed_->depth_book(kBitcoin)->depth_touch();
    ASSERT_EQ(depth.bid,
              bids.empty() ? kNoPrice : Price{bids.rbegin()->first * 10'000});
    ASSERT_EQ(depth.ask_qty, asks.empty() ? 0 : asks.begin()->second);
  }
  EXPECT_GT(covered, 5'000);
}

TEST_F(MarketFeedTest, AggregateTradesAreToldInsteadWhereAskedFor) {
  make(Market::kSpot, true);
  EXPECT_EQ(tell(trade(5)), MessageStatus::kBeside);
  EXPECT_EQ(tell(trade(9, "aggTrade")), MessageStatus::kOk);
  EXPECT_EQ(tell(trade(9, "aggTrade")), MessageStatus::kRepeated);
  EXPECT_EQ(heard_.events, std::vector<std::string>{"trade 7 sell"});
}

TEST_F(MarketFeedTest, TakesNoMemoryAfterConstruction) {
  make_fresh_spot();
  struct {
    void on_level(const book::BookChange&) { ++count; }
    int count = 0;
  } quiet;
  std::vector<std::string> texts;
  for (std::uint64_t id = 13; id < 500; ++id) {
    texts.push_back(change(id, id, {{static_cast<int>(id % 90 + 1), 1}}, {}));
    if (id % 3 == 0) texts.push_back(ticker(id + 1, 95, 1, 103, 2));
    if (id % 7 == 0) texts.push_back("nonsense");
  }
  const std::string picture = snapshot(500, {{100, 5}}, {{102, 4}});
  const std::uint64_t before = allocations_of_this_thread();
  for (const std::string& text : texts) {
    feed_->on_message(0, bytes_of(text), now_, quiet);
    InstrumentId id{};
    now_ += seconds(1);
    if (feed_->take_snapshot_request(now_, id))
      feed_->on_snapshot(id, bytes_of(picture), now_, quiet);
  }
  EXPECT_EQ(allocations_of_this_thread(), before);
}

}  // namespace
}  // namespace pyscalp::binance
