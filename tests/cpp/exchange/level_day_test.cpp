// Days made of levels and trades, as the Market plays them: its levels against a book
// that knows only the capture.
#include "capture/level_day.hpp"

#include <gtest/gtest.h>

#include "../capture/capture_files.hpp"
#include "capture/binance.hpp"
#include "exchange/market.hpp"
#include "exchange/recorded_day.hpp"

namespace pyscalp::exchange {
namespace {

using capture::LevelDay;
using capture::LevelInstrument;
using event::EventKind;
using event::EventSide;
using event::MarketEvent;

constexpr InstrumentId kCoin{1};
constexpr std::int64_t kQtyScale = 100'000'000;
/// 2024-08-08 00:00:00 UTC.
constexpr std::int64_t kDate = 1'723'075'200'000'000'000;

/// Of each side, what rests at each price in ticks.
struct ReferenceBook {
  std::map<std::int64_t, std::int64_t> sides[2];

  void take(const MarketEvent& event, std::int64_t tick, std::int64_t step) {
    if (event.kind == EventKind::kClear) sides[0].clear(), sides[1].clear();
    if (event.kind != EventKind::kLevel) return;
    auto& side = sides[static_cast<int>(event.side)];
    if (event.qty < step) {  // whole lots are what the day can tell
      side.erase(event.price / tick);
    } else {
      side[event.price / tick] = event.qty / step;
    }
  }
};

/// A Market that plays a LevelDay as it grows.
struct PlayedDay {
  explicit PlayedDay(LevelInstrument instrument, Price lot_tick)
      : listed(instrument),
        tick(lot_tick),
        day({instrument}),
        market({{kCoin, instrument.symbol, lot_tick, lot_tick, 4'000'000'000}},
               FeeSchedule{}, {.level_outputs = true}) {}

  void take(const MarketEvent& event) {
    day.take(event);
    reference.take(event, listed.tick, listed.step);
    play();
  }

  void play() {
    wire::BinaryFileReader reader(day.so_far().subspan(played));
    while (const auto message = reader.next()) market.apply_recorded(*message);
    played += reader.offset();
  }

  /// The first difference between the Market and the reference, or nothing.
  std::string difference() const {
    for (const Side side : {Side::kBuy, Side::kSell}) {
      const auto depth = market.depth(kCoin, side, 1'000'000);
      const auto& levels = reference.sides[index(side)];
      if (depth.size() != levels.size()) {
        return std::to_string(depth.size()) + " levels, not " +
               std::to_string(levels.size());
      }
      for (const PriceLevel& level : depth) {
        const auto found = levels.find(level.price.value / tick.value);
        if (found == levels.end() || found->second != level.qty) {
          return "level " + std::to_string(level.price.value / tick.value) + " has " +
                 std::to_string(level.qty);
        }
      }
    }
    return "";
  }

  LevelInstrument listed;
  Price tick;
  LevelDay day;
  Market market;
  ReferenceBook reference;
  std::size_t played = 0;
};

MarketEvent clear(std::int64_t at) {
  MarketEvent event;
  event.instrument = 1;
  event.kind = EventKind::kClear;
  event.venue_time = kDate + at;
  event.flags = event::kSnapshot;
  return event;
}

MarketEvent level(EventSide side, std::int64_t price, std::int64_t qty,
                  bool last = false) {
  MarketEvent event;
  event.instrument = 1;
  event.kind = EventKind::kLevel;
  event.side = side;
  event.price = price;
  event.qty = qty;
  event.venue_time = kDate + 1'000;
  event.flags = last ? event::kLast : 0;
  return event;
}

MarketEvent trade(EventSide aggressor, std::int64_t price, std::int64_t qty) {
  MarketEvent event = level(aggressor, price, qty, true);
  event.kind = EventKind::kTrade;
  return event;
}

constexpr auto kBid = EventSide::kBuy;
constexpr auto kAsk = EventSide::kSell;
const LevelInstrument kPlain{"COIN", 10, 5};

PlayedDay opened() {
  PlayedDay played(kPlain, Price{50});
  played.take(clear(1'000));
  played.take(level(kBid, 990, 100));
  played.take(level(kAsk, 1'010, 50, true));
  return played;
}

TEST(LevelDay, TradeTakesWhatIsDisplayedAndTheNextUpdatePutsItRight) {
  PlayedDay played = opened();
  EXPECT_EQ(played.difference(), "");
  played.take(trade(kAsk, 990, 30));
  EXPECT_EQ(played.market.displayed(kCoin, Side::kBuy, Price{99 * 50}), 14);
  ASSERT_EQ(played.market.trades().size(), 1U);
  EXPECT_EQ(played.market.trades()[0].qty, 6);
  EXPECT_EQ(played.market.trades()[0].aggressor, Side::kSell);
  // The update does not speak of the level: it is as it was.
  played.take(level(kAsk, 1'020, 5, true));
  EXPECT_EQ(played.difference(), "");
  EXPECT_EQ(played.market.displayed(kCoin, Side::kBuy, Price{99 * 50}), 20);
  EXPECT_EQ(played.day.counters()[0].restored, 1U);
}

TEST(LevelDay, ATradeBeyondTheLevelIsOneThatNoOrderTellsOf) {
  PlayedDay played = opened();
  played.take(trade(kBid, 1'010, 60));
  ASSERT_EQ(played.market.trades().size(), 2U);
  EXPECT_EQ(played.market.trades()[0].qty, 10);
  EXPECT_EQ(played.market.trades()[1].qty, 2);
  EXPECT_EQ(played.market.trades()[1].aggressor, Side::kBuy);
  EXPECT_EQ(played.day.counters()[0].at_level.lots, 10U);
  EXPECT_EQ(played.day.counters()[0].undisplayed.lots, 2U);
}

TEST(LevelDay, ParticipantsKeepTheirPlaceInTheQueue) {
  PlayedDay played = opened();
  NewOrder order;
  order.account = 1;
  order.client_ref = 1;
  order.instrument = kCoin;
  order.qty = 4;
  order.price = Price{99 * 50};
  played.market.enter(order, UnixNanos{2'000});
  played.market.clear_outputs();
  // 20 lots are before it; a cancellation of 10 comes off the end of those.
  played.take(level(kBid, 990, 50, true));
  played.take(trade(kAsk, 990, 50));
  EXPECT_EQ(played.market.working_orders(1), 1U);
  played.take(level(kBid, 990, 50, true));
  played.take(trade(kAsk, 990, 20));
  EXPECT_EQ(played.market.working_orders(1), 0U);
}

TEST(LevelDay, ASnapshotReplacesTheBook) {
  PlayedDay played = opened();
  played.take(clear(2'000));
  played.take(level(kBid, 980, 10));
  played.take(level(kAsk, 1'010, 25, true));
  EXPECT_EQ(played.difference(), "");
}

TEST(LevelDay, WhatDoesNotFitIsRefusedAndCounted) {
  PlayedDay played = opened();
  played.take(level(kBid, 991, 10));
  played.take(level(kBid, 980, 11, true));
  played.take(trade(kAsk, 992, 1));
  EXPECT_EQ(played.day.counters()[0].refused, 2U);
  EXPECT_EQ(played.day.counters()[0].rounded, 1U);
  EXPECT_EQ(played.market.displayed(kCoin, Side::kBuy, Price{98 * 50}), 2);
  EXPECT_THROW(LevelDay({}), std::invalid_argument);
  EXPECT_THROW(LevelDay({{"TOOLONGNAME", 1, 1}}), std::invalid_argument);
  EXPECT_THROW(LevelDay({{"COIN", 0, 1}}), std::invalid_argument);
}

TEST(LevelDay, BestLevelsOfASnapshotAreTaken) {
  LevelDay day({kPlain}, 1);
  day.take(clear(1'000));
  day.take(level(kBid, 980, 10));
  day.take(level(kBid, 990, 10));
  day.take(level(kAsk, 1'010, 10, true));
  EXPECT_EQ(day.counters()[0].beyond, 1U);
  const std::vector<std::byte> bytes = day.finish();
  ASSERT_EQ(RecordedDay::instruments(bytes).size(), 1U);
  Market market({{kCoin, "COIN", Price{50}, Price{50}}}, FeeSchedule{});
  RecordedDay driver{Bytes(bytes)};
  while (driver.next_time() && driver.messages() < 8) driver.step(market);
  EXPECT_EQ(market.depth(kCoin, Side::kBuy, 9).size(), 1U);
  EXPECT_EQ(market.best(kCoin, Side::kBuy).price, Price{99 * 50});
}

TEST(LevelDay, EachEventIsOneMomentOfItsOwn) {
  LevelDay day({kPlain});
  day.take(clear(1'000));
  day.take(level(kBid, 990, 100));
  day.take(level(kAsk, 1'010, 50, true));
  day.take(level(kBid, 990, 10));  // as late as the one before
  day.take(level(kBid, 980, 10, true));
  day.take(trade(kAsk, 990, 5));
  const std::vector<std::byte> bytes = day.finish();
  Market market({{kCoin, "COIN", Price{50}, Price{50}}}, FeeSchedule{});
  RecordedDay driver(bytes, std::nullopt, RecordedDay::Pace::kMoment);
  std::vector<Qty> bids;
  while (driver.next_time()) {
    driver.step(market);
    Qty sum = 0;
    for (const PriceLevel& one : market.depth(kCoin, Side::kBuy, 9)) sum += one.qty;
    if (bids.empty() || bids.back() != sum) bids.push_back(sum);
  }
  EXPECT_EQ(bids, (std::vector<Qty>{0, 20, 4, 3}));
}

struct Real {
  const char* file;
  LevelInstrument instrument;
  Price lot_tick;
};

class LevelDayOfCapture : public ::testing::TestWithParam<Real> {};

TEST_P(LevelDayOfCapture, EqualsTheCapturesBookAfterEachUpdate) {
  const Real real = GetParam();
  const auto path = capture::data(real.file);
  if (path.empty()) GTEST_SKIP() << "PYSCALP_DATA has no " << real.file;
  PlayedDay played(real.instrument, real.lot_tick);
  capture::BinanceDecoder decoder(kQtyScale);
  capture::Events events;
  std::uint64_t compared = 0;
  std::uint64_t different = 0;
  std::string first;
  bool started = false;
  const auto take = [&] {
    for (const MarketEvent& event : events) {
      if (event.kind == EventKind::kClear) started = true;
      if (!started) continue;
      played.take(event);
      const bool depth = event.kind == EventKind::kLevel;
      if (!depth || (event.flags & event::kLast) == 0) continue;
      ++compared;
      const std::string difference = played.difference();
      if (difference.empty()) continue;
      if (different++ == 0) first = std::to_string(event.sequence) + ": " + difference;
    }
    events.clear();
    played.market.clear_outputs();
  };
  capture::read_chunks(path, [&](Bytes chunk) {
    decoder.feed(chunk, events);
    take();
  });
  decoder.finish(events);
  take();
  EXPECT_EQ(decoder.failure(), "");
  EXPECT_GT(compared, 3'000U);
  EXPECT_EQ(different, 0U) << first;
  const capture::LevelDayCounters& counters = played.day.counters()[0];
  EXPECT_EQ(counters.refused, 0U);
  EXPECT_GT(counters.at_level.count, 4'000U);
  EXPECT_EQ(played.market.anomalies(), Anomalies{});
}

INSTANTIATE_TEST_SUITE_P(Captures, LevelDayOfCapture,
                         ::testing::Values(Real{"binance/spot_btcusdt_20240808.gz",
                                                {"BTCUSDT", 10'000'000, 1'000},
                                                Price{100}},
                                           Real{"binance/usdm_btcusdt_20240808.gz",
                                                {"BTCUSDT", 100'000'000, 100'000},
                                                Price{100'000}}));

}  // namespace
}  // namespace pyscalp::exchange
