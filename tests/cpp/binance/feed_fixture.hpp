// A feed of spot or futures with the messages that tests tell it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "binance/market_feed.hpp"
#include "decoding.hpp"

namespace pyscalp::binance {
using Rows = std::vector<std::pair<int, int>>;  // price in whole units, lots

inline std::string rows(const Rows& levels) {
  std::string text = "[";
  for (const auto& [price, lots] : levels) {
    if (text.size() > 1) text += ',';
    text += "[\"" + std::to_string(price) + ".00000000\",\"";
    const std::string digits = std::to_string(100'000 + lots % 100'000).substr(1);
    text += std::to_string(lots / 100'000) + "." + digits + "000\"]";
  }
  return text + "]";
}

struct Heard {
  std::vector<std::string> events;
  std::map<std::pair<int, std::int64_t>, Qty> levels;  ///< as on_level told them
  std::uint64_t books = 0;

  void on_level(const book::BookChange& change) {
    const std::pair key{index(change.side), change.price.value};
    if (change.level_qty == 0) {
      levels.erase(key);
    } else {
      levels[key] = change.level_qty;
    }
  }
  void on_book(InstrumentId) { ++books; }
  void on_trade(const book::TradeView& trade) {
    events.push_back("trade " + std::to_string(trade.qty) +
                     (trade.aggressor == Side::kBuy ? " buy" : " sell"));
  }
  void on_stale(InstrumentId) { events.push_back("stale"); }
  void on_fresh(InstrumentId) { events.push_back("fresh"); }
};

class MarketFeedTest : public testing::Test {
 protected:
  void make(Market market, bool aggregate = false) {
    FeedOptions options;
    options.market = market;
    options.aggregate_trades = aggregate;
    options.decoder = {.longest = 1 << 18, .levels = 4'096};
    options.held = {.changes = 8, .levels = 64};
    feed_ = std::make_unique<MarketFeed>(spot_rules(), options);
    feed_->on_up(0, now_);
  }
  MessageStatus tell(const std::string& text, int connection = 0) {
    return feed_->on_message(connection, bytes_of(text), now_, heard_);
  }
  /// A change of depth of futures where `previous` is not 0.
  static std::string change(std::uint64_t first, std::uint64_t last, const Rows& bids,
                            const Rows& asks, std::uint64_t previous = 0) {
    return R"({"e":"depthUpdate","E":1723161255208,)" +
           std::string(previous != 0 ? R"("T":1723161255207,)" : "") +
           R"("s":"BTCUSDT","U":)" + std::to_string(first) + R"(,"u":)" +
           std::to_string(last) +
           (previous != 0 ? R"(,"pu":)" + std::to_string(previous) : "") + R"(,"b":)" +
           rows(bids) + R"(,"a":)" + rows(asks) + "}";
  }
  static std::string ticker(std::uint64_t id, int bid, int bid_lots, int ask,
                            int ask_lots) {
    const std::string b = rows({{bid, bid_lots}}), a = rows({{ask, ask_lots}});
    const auto cut = [](const std::string& row, const char* price, const char* qty) {
      const std::size_t comma = row.find(',');
      return std::string("\"") + price + "\":" + row.substr(2, comma - 2) + ",\"" +
             qty + "\":" + row.substr(comma + 1, row.size() - comma - 3);
    };
    return R"({"u":)" + std::to_string(id) + R"(,"s":"BTCUSDT",)" + cut(b, "b", "B") +
           "," + cut(a, "a", "A") + "}";
  }
  static std::string trade(std::uint64_t id, const char* kind = "trade") {
    return R"({"e":")" + std::string(kind) + R"(","E":1723161256322,"s":"BTCUSDT",)" +
           (std::string(kind) == "trade" ? R"("t":)" : R"("a":)") + std::to_string(id) +
           R"(,"p":"100.00","q":"0.00007",)" +
           (std::string(kind) == "trade" ? "" : R"("f":1,"l":2,)") +
           R"("T":1723161256321,"m":true,"M":true})";
  }
  static std::string snapshot(std::uint64_t id, const Rows& bids, const Rows& asks) {
    return R"({"lastUpdateId":)" + std::to_string(id) + R"(,"bids":)" + rows(bids) +
           R"(,"asks":)" + rows(asks) + "}";
  }
  MessageStatus answer(const std::string& text) {
    return feed_->on_snapshot(kBitcoin, bytes_of(text), now_, heard_);
  }
  bool asks_for_bitcoin() {
    InstrumentId id{};
    return feed_->take_snapshot_request(now_, id) && id == kBitcoin;
  }
  void wait(MonoNanos time) { now_ += time; }
  book::Touch touch() const { return feed_->books().touch(kBitcoin); }
  /// The touch in whole units: bid, lots, ask, lots.
  std::array<std::int64_t, 4> whole() const {
    return {touch().bid.value / 10'000, touch().bid_qty, touch().ask.value / 10'000,
            touch().ask_qty};
  }
  std::uint64_t counted(MessageStatus status) const {
    return feed_->counters().statuses[static_cast<int>(status)];
  }
  /// A fresh spot book: 100 x 5 over 99 x 3, against 102 x 4; the last id is 12.
  void make_fresh_spot() {
    make(Market::kSpot);
    ASSERT_EQ(tell(change(11, 12, {{99, 3}}, {})), MessageStatus::kBuffered);
    ASSERT_TRUE(asks_for_bitcoin());
    ASSERT_EQ(answer(snapshot(10, {{100, 5}}, {{102, 4}})), MessageStatus::kOk);
    ASSERT_FALSE(feed_->stale(kBitcoin));
    heard_ = {};
  }
  /// The same of futures: the last id is 30, and 20 came before it.
  void make_fresh_futures() {
    make(Market::kUsdm);
    ASSERT_EQ(tell(change(21, 30, {{99, 3}}, {}, 20)), MessageStatus::kBuffered);
    ASSERT_TRUE(asks_for_bitcoin());
    ASSERT_EQ(answer(snapshot(25, {{100, 5}}, {{102, 4}})), MessageStatus::kOk);
    ASSERT_FALSE(feed_->stale(kBitcoin));
    heard_ = {};
  }

  std::unique_ptr<MarketFeed> feed_;
  Heard heard_;
  MonoNanos now_ = seconds(100);
};

using Whole = std::array<std::int64_t, 4>;

}  // namespace pyscalp::binance
