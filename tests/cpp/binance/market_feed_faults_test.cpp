// What a feed makes of messages that are wrong, lost, late or old.
#include "base/random.hpp"
#include "feed_fixture.hpp"

namespace pyscalp::binance {
namespace {

using MarketFeedFaults = MarketFeedTest;

TEST_F(MarketFeedFaults, AnOldSnapshotIsRefusedAndAskedForAgain) {
  make(Market::kSpot);
  tell(change(15, 16, {}, {}));
  ASSERT_TRUE(asks_for_bitcoin());
  EXPECT_EQ(answer(snapshot(13, {{100, 5}}, {{102, 4}})), MessageStatus::kOldSnapshot);
  EXPECT_TRUE(feed_->stale(kBitcoin));
  EXPECT_FALSE(asks_for_bitcoin());
  wait(seconds(1));
  ASSERT_TRUE(asks_for_bitcoin());
  EXPECT_EQ(answer(snapshot(14, {{100, 5}}, {{102, 4}})), MessageStatus::kOk);
  EXPECT_FALSE(feed_->stale(kBitcoin));
  EXPECT_EQ(answer(snapshot(15, {{1, 1}}, {})), MessageStatus::kUnasked);
  EXPECT_EQ(whole(), (Whole{100, 5, 102, 4}));
  EXPECT_EQ(feed_->counters().snapshots_failed, 1u);
}

TEST_F(MarketFeedFaults, AWrongPreviousIdIsAGapAtOnce) {
  make_fresh_futures();
  EXPECT_EQ(tell(change(31, 40, {{101, 1}}, {}, 29)), MessageStatus::kGap);
  EXPECT_TRUE(feed_->stale(kBitcoin));
  EXPECT_EQ(heard_.events, std::vector<std::string>{"stale"});
  EXPECT_EQ(whole(), (Whole{100, 5, 102, 4}));
  // The change that did not follow is held; the next snapshot joins it.
  wait(seconds(1));
  ASSERT_TRUE(asks_for_bitcoin());
  EXPECT_EQ(answer(snapshot(35, {{100, 6}}, {{102, 4}})), MessageStatus::kOk);
  EXPECT_EQ(whole(), (Whole{101, 1, 102, 4}));
  EXPECT_EQ(heard_.events, (std::vector<std::string>{"stale", "fresh"}));
  // Futures without a previous id are not futures.
  EXPECT_EQ(tell(change(41, 42, {}, {})), MessageStatus::kMissingField);
  EXPECT_TRUE(feed_->stale(kBitcoin));
}

TEST_F(MarketFeedFaults, LostAndLateMessagesAreGapsAndHeal) {
  make_fresh_spot();
  EXPECT_EQ(tell(change(14, 15, {{101, 1}}, {})), MessageStatus::kGap);  // 13 is lost
  EXPECT_TRUE(feed_->stale(kBitcoin));
  EXPECT_EQ(tell(change(13, 13, {{101, 9}}, {})), MessageStatus::kRepeated);  // late
  EXPECT_EQ(tell(change(16, 16, {{97, 1}}, {})), MessageStatus::kBuffered);
  EXPECT_EQ(tell(change(18, 18, {{96, 1}}, {})), MessageStatus::kGap);  // 17 is lost
  EXPECT_FALSE(asks_for_bitcoin());
  wait(seconds(1));
  ASSERT_TRUE(asks_for_bitcoin());
  EXPECT_EQ(answer(snapshot(17, {{100, 2}}, {{102, 4}})), MessageStatus::kOk);
  EXPECT_EQ(whole(), (Whole{100, 2, 102, 4}));
  EXPECT_EQ(feed_->books().qty_at(kBitcoin, Side::kBuy, Price{960'000}), 1);
  EXPECT_EQ(feed_->books().qty_at(kBitcoin, Side::kBuy, Price{970'000}), 0);
}

TEST_F(MarketFeedFaults, WhatCannotBeReadMakesStaleWhatItMayBeAbout) {
  const auto after = [&](const std::string& text) {
    make_fresh_spot();
    const MessageStatus status = tell(text);
    return std::pair(status, feed_->stale(kBitcoin));
  };
  using Pair = std::pair<MessageStatus, bool>;
  EXPECT_EQ(after("nonsense"), Pair(MessageStatus::kNotJson, true));
  EXPECT_EQ(after(std::string(1 << 19, 'x')), Pair(MessageStatus::kTooLong, true));
  EXPECT_EQ(
      after(
          R"({"e":"depthUpdate","s":"BTCUSDT","U":13,"u":13,"b":[["1e2","1"]],"a":[]})"),
      Pair(MessageStatus::kAbsurdNumber, true));
  EXPECT_EQ(after(R"({"u":13,"s":"BTCUSDT","b":"1.001","B":"1","a":"2","A":"1"})"),
            Pair(MessageStatus::kOffStep, true));
  EXPECT_EQ(after(change(13, 13 + (std::uint64_t{1} << 33), {}, {})),
            Pair(MessageStatus::kAbsurdNumber, true));
  EXPECT_EQ(after(change(14, 13, {}, {})), Pair(MessageStatus::kAbsurdNumber, true));
  EXPECT_EQ(after(change(13, 13, {}, {}, 12)),
            Pair(MessageStatus::kMissingField, true));
  EXPECT_EQ(after(ticker(13, 102, 1, 101, 1)),
            Pair(MessageStatus::kAbsurdNumber, true));
  // A trade is not the book, and what is of others is theirs.
  EXPECT_EQ(after(R"({"e":"trade","s":"BTCUSDT","t":1,"p":"-1","q":"1","m":true})"),
            Pair(MessageStatus::kAbsurdNumber, false));
  EXPECT_EQ(after(R"({"e":"depthUpdate","s":"NOSUCH","U":13,"u":13,"b":[],"a":[]})"),
            Pair(MessageStatus::kUnknownSymbol, false));
  EXPECT_EQ(after(R"({"e":"kline","s":"BTCUSDT"})"),
            Pair(MessageStatus::kUnknownEvent, false));
  EXPECT_EQ(after(R"({"result":null,"id":1})"), Pair(MessageStatus::kOk, false));
  EXPECT_EQ(
      after(wrapped("btcusdt@depth5", R"({"lastUpdateId":1,"bids":[],"asks":[]})")),
      Pair(MessageStatus::kBeside, false));
  EXPECT_EQ(counted(MessageStatus::kBeside), 1u);
  EXPECT_EQ(after(R"({"e":"serverShutdown","E":1})"), Pair(MessageStatus::kOk, false));
  EXPECT_TRUE(feed_->reconnect_wanted(0));
}

TEST_F(MarketFeedFaults, IdsThatRunBackwardsAreBelievedWhenTheyGoOn) {
  make_fresh_spot();
  EXPECT_EQ(tell(change(13, 4'000'000'000, {}, {})), MessageStatus::kOk);  // absurd
  EXPECT_EQ(tell(change(14, 14, {}, {})), MessageStatus::kRepeated);
  EXPECT_EQ(tell(change(15, 15, {}, {})), MessageStatus::kRepeated);
  EXPECT_EQ(tell(change(16, 16, {{99, 7}}, {})), MessageStatus::kBackwards);
  EXPECT_TRUE(feed_->stale(kBitcoin));
  wait(seconds(1));
  ASSERT_TRUE(asks_for_bitcoin());
  EXPECT_EQ(answer(snapshot(15, {{100, 5}}, {{102, 4}})), MessageStatus::kOk);
  EXPECT_FALSE(feed_->stale(kBitcoin));
  // The same of a ticker, which lies over the depth meanwhile, and of trades.
  EXPECT_EQ(tell(ticker(9'000'000'000, 98, 1, 105, 1)), MessageStatus::kOk);
  EXPECT_EQ(tell(ticker(17, 100, 5, 102, 3)), MessageStatus::kRepeated);
  EXPECT_EQ(tell(ticker(18, 100, 5, 102, 3)), MessageStatus::kRepeated);
  EXPECT_EQ(tell(ticker(19, 100, 5, 102, 3)), MessageStatus::kOk);
  EXPECT_EQ(whole(), (Whole{100, 5, 102, 3}));
  EXPECT_EQ(feed_->books().level_count(kBitcoin, Side::kBuy), 2u);
  tell(trade(900));
  EXPECT_EQ(tell(trade(5)), MessageStatus::kRepeated);
  EXPECT_EQ(tell(trade(6)), MessageStatus::kRepeated);
  EXPECT_EQ(tell(trade(7)), MessageStatus::kOk);
  EXPECT_EQ(feed_->counters().restarts, 3u);
}

TEST_F(MarketFeedFaults, SnapshotsAreAskedForLessAndLessOften) {
  make(Market::kSpot);
  tell(change(5, 6, {}, {}));
  std::vector<std::int64_t> asked;
  for (int step = 0; step < 3'000; ++step) {
    if (asks_for_bitcoin()) {
      asked.push_back(now_.value / 100'000'000);
      feed_->on_snapshot_failed(kBitcoin, now_);
    }
    wait(milliseconds(100));
  }
  ASSERT_GE(asked.size(), 7u);
  EXPECT_LE(asked.size(), 12u);
  for (std::size_t i = 1; i < 7; ++i)
    EXPECT_EQ(asked[i] - asked[i - 1], std::min(10 << (i - 1), 600));
  EXPECT_EQ(asked[8] - asked[7], 600);
}

TEST_F(MarketFeedFaults, AnAnswerThatDoesNotComeOrIsNotFollowedIsAskedForAgain) {
  make(Market::kSpot);
  tell(change(5, 6, {}, {}));
  ASSERT_TRUE(asks_for_bitcoin());
  wait(seconds(10));
  EXPECT_FALSE(asks_for_bitcoin());  // it expires, and waits its turn
  wait(seconds(1));
  ASSERT_TRUE(asks_for_bitcoin());
  // An absurd id: everything that comes looks old.
  EXPECT_EQ(answer(snapshot(999'999'999, {{100, 5}}, {{102, 4}})), MessageStatus::kOk);
  EXPECT_EQ(tell(change(7, 8, {}, {})), MessageStatus::kRepeated);
  wait(seconds(6));
  EXPECT_FALSE(asks_for_bitcoin());
  EXPECT_EQ(tell(change(9, 9, {}, {})), MessageStatus::kBuffered);
  wait(seconds(4));
  ASSERT_TRUE(asks_for_bitcoin());
  EXPECT_EQ(answer(R"({"code":-1003,"msg":"Too many requests."})"),
            MessageStatus::kUnknownEvent);
  EXPECT_EQ(answer(snapshot(8, {}, {})), MessageStatus::kUnasked);
  wait(seconds(8));
  ASSERT_TRUE(asks_for_bitcoin());
  EXPECT_EQ(answer(snapshot(8, {{100, 5}}, {{102, 4}})), MessageStatus::kOk);
  EXPECT_FALSE(feed_->stale(kBitcoin));
}

TEST_F(MarketFeedFaults, OneFeedAsksAtMostSoOftenForAllSymbols) {
  make(Market::kSpot);
  tell(change(5, 6, {}, {}));
  std::string other = change(5, 6, {}, {});
  other.replace(other.find("BTCUSDT"), 7, "ETHUSDT");
  tell(other);
  InstrumentId id{};
  ASSERT_TRUE(feed_->take_snapshot_request(now_, id));
  EXPECT_EQ(id, kBitcoin);
  EXPECT_FALSE(feed_->take_snapshot_request(now_, id));
  EXPECT_EQ(feed_->next_deadline(), now_ + milliseconds(500));
  wait(milliseconds(500));
  ASSERT_TRUE(feed_->take_snapshot_request(now_, id));
  EXPECT_EQ(id, kEther);
}

TEST_F(MarketFeedFaults, WhatHasNoRoomToBeHeldIsGivenUp) {
  make(Market::kSpot);
  for (std::uint64_t id = 5; id < 14; ++id) tell(change(id, id, {{99, 1}}, {}));
  EXPECT_EQ(feed_->counters().held_given_up, 1u);  // room for eight
  ASSERT_TRUE(asks_for_bitcoin());
  EXPECT_EQ(answer(snapshot(10, {{100, 5}}, {{102, 4}})), MessageStatus::kOldSnapshot);
  Rows many;
  for (int i = 1; i < 80; ++i) many.emplace_back(i, 1);
  tell(change(14, 14, many, {}));  // room for 64 levels
  EXPECT_EQ(feed_->counters().held_given_up, 2u);
  EXPECT_TRUE(feed_->stale(kBitcoin));
}

TEST_F(MarketFeedFaults, VenueTimeIsTheNewestThatIsCredible) {
  make_fresh_spot();
  const UnixNanos before = feed_->venue_time();
  std::string odd = trade(5);
  odd.replace(odd.find("1723161256321"), 13, "9923161256321");
  tell(odd);
  EXPECT_EQ(feed_->venue_time(), before);
  tell(trade(6));
  EXPECT_EQ(feed_->venue_time(), UnixNanos{1'723'161'256'321'000'000});
}

// Random ends of messages, orders, copies and losses: never fresh and wrong.
TEST_F(MarketFeedFaults, FreshBooksAreRightUnderAnyLoss) {
  for (const Market market : {Market::kSpot, Market::kUsdm}) {
    make(market);
    heard_ = {};
    Random random(market == Market::kSpot ? 3 : 4);
    std::map<int, int> bids{{100, 5}}, asks{{102, 4}};
    std::uint64_t id = 1'000;
    int right = 0;
    std::vector<std::string> late;
    feed_->on_up(1, now_);
    for (int round = 0; round < 20'000; ++round) {
      Rows b, a;
      b.emplace_back(static_cast<int>(60 + random.below(41)),
                     static_cast<int>(random.below(5)));
      a.emplace_back(static_cast<int>(101 + random.below(40)),
                     static_cast<int>(random.below(5)));
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
      const std::uint64_t previous = id;
      const std::uint64_t first = id + 1;
      id += 1 + random.below(3);
      const std::string text =
          change(first, id, b, a, market == Market::kUsdm ? previous : 0);
      for (const int connection : {0, 1}) {
        if (random.below(40) == 0) continue;  // lost on this connection
        tell(text, connection);
      }
      if (random.below(100) == 0) late.push_back(text);
      if (random.below(200) == 0 && !late.empty()) {
        tell(late.back(), static_cast<int>(random.below(2)));
        late.pop_back();
      }
      wait(milliseconds(100));
      if (asks_for_bitcoin()) {
        Rows all_bids(bids.begin(), bids.end()), all_asks(asks.begin(), asks.end());
        // Sometimes of long ago by its id, sometimes nothing at all.
        const std::uint64_t at = random.below(4) == 0 ? id - 50 : id;
        if (random.below(5) == 0) {
          feed_->on_snapshot_failed(kBitcoin, now_);
        } else if (at == id) {
          answer(snapshot(at, all_bids, all_asks));
        } else {
          answer(snapshot(at, {{1, 1}}, {{999, 1}}));
        }
      }
      if (feed_->stale(kBitcoin) || feed_->depth_book(kBitcoin)->last_id() != id)
        continue;
      ++right;
      ASSERT_EQ(feed_->books().level_count(kBitcoin, Side::kBuy), bids.size()) << round;
      ASSERT_EQ(feed_->books().level_count(kBitcoin, Side::kSell), asks.size())
          << round;
      for (const auto& [price, lots] : bids)
        ASSERT_EQ(feed_->books().qty_at(kBitcoin, Side::kBuy, Price{price * 10'000}),
                  lots);
      for (const auto& [price, lots] : asks)
        ASSERT_EQ(feed_->books().qty_at(kBitcoin, Side::kSell, Price{price * 10'000}),
                  lots);
    }
    EXPECT_GT(right, 5'000);
    EXPECT_GT(feed_->counters().stale, 3u);
  }
}

}  // namespace
}  // namespace pyscalp::binance
