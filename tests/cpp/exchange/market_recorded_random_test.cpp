// Random recordings, valid ones and nonsense, with random participants among them.
#include <gtest/gtest.h>

#include "participants.hpp"

namespace pyscalp::exchange {
namespace {

using namespace testing;

/// A recording of one instrument that is valid by ITCH's rules: every order message
/// there is, on orders that live, never for more than they have.
class Recording {
 public:
  explicit Recording(std::uint64_t seed) : random_(seed) {}

  std::vector<std::byte> next() {
    const itch::Symbol abc("ABC");
    const auto price = static_cast<std::uint32_t>(100 * (1'000 + below(20)));
    const auto size = static_cast<std::uint32_t>(1 + below(300));
    const char side = price < 101'000 ? 'B' : 'S';
    const std::uint64_t what = live_.size() > 60 ? 3 + below(7) : below(10);
    if (live_.empty() || what < 3) {
      live_[++reference_] = size;
      if (below(2)) {
        return bytes(itch::AddOrder{header(), reference_, side, size, abc, price});
      }
      return bytes(itch::AddOrderMpid{header(), reference_, side, size, abc, price,
                                      Text<4>("FIRM")});
    }
    auto found = live_.begin();
    std::advance(found, static_cast<std::ptrdiff_t>(below(live_.size())));
    const std::uint64_t reference = found->first;
    const auto part = static_cast<std::uint32_t>(1 + below(found->second));
    switch (what) {
      case 3:
      case 4:
        take(found, part);
        return bytes(itch::OrderExecuted{header(), reference, part, ++match_});
      case 5:
        take(found, part);
        return bytes(itch::OrderExecutedWithPrice{header(), reference, part, ++match_,
                                                  'Y', price});
      case 6:
        take(found, part);
        return bytes(itch::OrderCancel{header(), reference, part});
      case 7:
        live_.erase(found);
        return bytes(itch::OrderDelete{header(), reference});
      case 8:
        live_.erase(found);
        live_[++reference_] = size;
        return bytes(itch::OrderReplace{header(), reference, reference_, size, price});
      default:
        return bytes(itch::Trade{header(), 0, 'B', size, abc, price, ++match_});
    }
  }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

 private:
  using Live = std::map<std::uint64_t, std::uint32_t>;
  void take(Live::iterator order, std::uint32_t shares) {
    order->second -= shares;
    if (order->second == 0) live_.erase(order);
  }

  std::mt19937_64 random_;
  Live live_;
  std::uint64_t reference_ = 0;
  std::uint64_t match_ = 0;
};

void start(Market& market) {
  market.apply_recorded(bytes(directory(kAbc, "ABC")));
  market.apply_recorded(bytes(trading_action(kAbc, 'T')));
  market.apply_recorded(bytes(itch::SystemEvent{header(InstrumentId{}), 'Q'}));
  market.clear_outputs();
}

TEST(MarketRecordedRandom, AloneEveryMessageComesOutAsItWas) {
  Market market({}, kFees);
  start(market);
  Recording recording(5);
  FeedBook feed;
  for (int i = 0; i < 100'000; ++i) {
    const auto message = recording.next();
    market.apply_recorded(message);
    ASSERT_EQ(market.feed(), binary_file({message}));
    feed.read(market.feed());
    market.clear_outputs();
    for (const Side side : {Side::kBuy, Side::kSell}) {
      ASSERT_EQ(market.depth(kAbc, side, 100), feed.depth(kAbc, side));
    }
  }
  EXPECT_EQ(feed.errors, 0);
  EXPECT_EQ(market.anomalies(), Anomalies{});
}

TEST(MarketRecordedRandom, WithParticipantsTheFeedIsTheBook) {
  Market market({}, kFees);
  Market alone({}, kFees);
  start(market);
  start(alone);
  Recording recording(6);
  Participants participants(7);
  FeedBook feed;
  Qty made = 0;
  for (int i = 0; i < 100'000; ++i) {
    const auto message = recording.next();
    market.apply_recorded(message);
    alone.apply_recorded(message);
    alone.clear_outputs();
    if (participants.below(3) == 0) participants.act(market, kNow);
    for (const Report& report : market.reports()) {
      if (report.kind != ReportKind::kExecuted) continue;
      ASSERT_GT(report.qty, 0);
      if (report.liquidity == Liquidity::kMaker) made += report.qty;
    }
    feed.read(market.feed());
    market.clear_outputs();
    ASSERT_EQ(feed.errors, 0) << "message " << i;
    for (const Side side : {Side::kBuy, Side::kSell}) {
      ASSERT_EQ(market.depth(kAbc, side, 100), feed.depth(kAbc, side)) << i;
      expect_no_more_than_recorded(market, alone, feed, kAbc, side);
    }
  }
  EXPECT_EQ(market.anomalies(), Anomalies{});
  EXPECT_GT(made, 100'000);
  for (AccountId account = 1; account <= 3; ++account) {
    market.cancel_all(account, kNow, 'S');
  }
  EXPECT_EQ(market.resting_orders(), alone.resting_orders());
}

TEST(MarketRecordedRandom, NonsenseNeitherCrashesNorBreaksTheBook) {
  Market market({}, kFees);
  start(market);
  Recording recording(8);
  Participants participants(9);
  for (int i = 0; i < 200'000; ++i) {
    auto message = recording.next();
    const std::uint64_t flips = recording.below(4);
    for (std::uint64_t flip = 0; flip < flips; ++flip) {
      message[recording.below(message.size())] =
          static_cast<std::byte>(recording.below(256));
    }
    if (recording.below(20) == 0) message.resize(recording.below(message.size()));
    market.apply_recorded(message);
    if (!market.trading(kAbc)) start(market);
    if (participants.below(3) == 0) participants.act(market, kNow);
    market.clear_outputs();
    if (i % 1'000 != 0) continue;
    for (const Side side : {Side::kBuy, Side::kSell}) {
      const auto depth = market.depth(kAbc, side, 1'000'000);
      for (std::size_t level = 0; level < depth.size(); ++level) {
        ASSERT_GT(depth[level].qty, 0);
        if (level > 0) {
          ASSERT_TRUE(better(side, depth[level - 1].price, depth[level].price));
        }
      }
    }
  }
  EXPECT_GT(market.anomalies().unknown_reference, 0U);
  EXPECT_GT(market.anomalies().malformed, 0U);
  EXPECT_GT(market.anomalies().overfill, 0U);
}

}  // namespace
}  // namespace pyscalp::exchange
