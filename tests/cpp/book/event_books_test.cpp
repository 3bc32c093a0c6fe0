#include "book/event_books.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/random.hpp"

namespace pyscalp::book {
namespace {

using event::EventKind;
using event::EventSide;
using event::MarketEvent;

constexpr InstrumentId kId{4};
constexpr std::int64_t kDollar = 1'000'000'000;

struct Heard {
  std::vector<LevelChange> levels;
  std::vector<EventTrade> trades;
  std::vector<InstrumentId> books;
  std::vector<InstrumentId> touches;
  std::vector<InstrumentId> reloads;
  void on_level(const LevelChange& change) { levels.push_back(change); }
  void on_trade(const EventTrade& trade) { trades.push_back(trade); }
  void on_book(InstrumentId id) { books.push_back(id); }
  void on_touch(InstrumentId id) { touches.push_back(id); }
  void on_reload(InstrumentId id) { reloads.push_back(id); }
};

class EventBooksTest : public testing::Test {
 protected:
  static EventCapacity capacity() {
    EventCapacity small;
    small.orders.orders = 1024;
    small.orders.levels = 512;
    small.levels.levels = 1024;
    return small;
  }
  void give(MarketEvent event) {
    if (event.instrument == 0 && event.kind != EventKind::kClear) event.instrument = 4;
    event.sequence = ++sequence_;
    books_.apply(event, heard_);
  }
  MarketEvent of(EventKind kind, std::uint64_t order = 0) {
    MarketEvent event;
    event.kind = kind;
    event.order = order;
    event.flags = event::kLast;
    return event;
  }
  void add(std::uint64_t order, EventSide side, std::int64_t dollars,
           std::int64_t qty) {
    MarketEvent event = of(EventKind::kAdd, order);
    event.side = side, event.price = dollars * kDollar, event.qty = qty;
    give(event);
  }
  void level(EventSide side, std::int64_t dollars, std::int64_t qty,
             std::uint8_t flags = event::kLast) {
    MarketEvent event = of(EventKind::kLevel);
    event.side = side, event.price = dollars * kDollar, event.qty = qty;
    event.flags = flags;
    give(event);
  }
  std::uint64_t count(BookStatus status) {
    return books_.counters().book[static_cast<int>(status)];
  }
  Touch touch() { return books_.touch(kId); }

  EventBooks books_{capacity()};
  Heard heard_;
  std::uint64_t sequence_ = 0;
};

constexpr auto kBuy = EventSide::kBuy;
constexpr auto kSell = EventSide::kSell;

TEST_F(EventBooksTest, TellsATouchOnlyWhenItHasChanged) {
  add(1, kBuy, 10, 5);
  add(2, kBuy, 9, 5);  // behind the touch
  add(3, kSell, 11, 5);
  EXPECT_EQ(heard_.books.size(), 3u);
  EXPECT_EQ(heard_.touches.size(), 2u);
  MarketEvent same = of(EventKind::kReplace, 1);  // out and in again: nothing changed
  same.other = 7, same.price = 10 * kDollar, same.qty = 5;
  give(same);
  EXPECT_EQ(heard_.touches.size(), 2u);
  EXPECT_EQ(heard_.books.size(), 4u);
  give(of(EventKind::kDelete, 7));
  EXPECT_EQ(heard_.touches.size(), 3u);
  EXPECT_EQ(touch(), (Touch{{9 * kDollar}, {11 * kDollar}, 5, 5}));
}

TEST_F(EventBooksTest, AChangeOfSeveralEventsIsToldWhenItIsWhole) {
  level(kBuy, 10, 5, 0);
  level(kSell, 11, 5, 0);
  EXPECT_TRUE(heard_.touches.empty());
  EXPECT_EQ(heard_.levels.size(), 2u);        // for who follows levels, at once
  MarketEvent trade = of(EventKind::kTrade);  // in between, and whole in itself
  trade.price = 10 * kDollar, trade.qty = 1;
  give(trade);
  EXPECT_EQ(heard_.trades.size(), 1u);
  EXPECT_TRUE(heard_.touches.empty());
  level(kBuy, 9, 1);
  EXPECT_EQ(heard_.touches.size(), 1u);
  EXPECT_EQ(heard_.books.size(), 1u);
  // A crossing that is over before the change is: nobody is told.
  level(kBuy, 12, 1, 0);
  level(kBuy, 12, 0);
  EXPECT_EQ(heard_.touches.size(), 1u);
  EXPECT_EQ(books_.counters().crossed, 0u);
}

TEST_F(EventBooksTest, FollowsOrdersThroughEveryKind) {
  add(1, kBuy, 10, 100);
  add(2, kBuy, 10, 50);
  MarketEvent executed = of(EventKind::kExecute, 1);
  executed.qty = 30, executed.other = 77;
  give(executed);
  ASSERT_EQ(heard_.trades.size(), 1u);
  EXPECT_EQ(heard_.trades[0].price, Price{10 * kDollar});
  EXPECT_EQ(heard_.trades[0].aggressor, EventSide::kSell);
  EXPECT_EQ(heard_.trades[0].match, 77u);
  EXPECT_EQ(touch().bid_qty, 120);
  MarketEvent reduced = of(EventKind::kReduce, 2);
  reduced.qty = 20;
  give(reduced);
  EXPECT_EQ(touch().bid_qty, 100);
  EXPECT_EQ(books_.orders().qty_ahead(2), 70);
  give(of(EventKind::kDelete, 1));
  EXPECT_EQ(touch().bid_qty, 30);
  EXPECT_EQ(books_.orders().qty_ahead(2), 0);
  EXPECT_EQ(books_.model(kId), EventBooks::Model::kOrders);
  EXPECT_FALSE(books_.flagged(kId));
}

TEST_F(EventBooksTest, AModifiedOrderKeepsItsPlaceWhereItMay) {
  const auto modify = [&](std::uint64_t order, std::int64_t qty, std::int64_t dollars,
                          std::uint8_t flags) {
    MarketEvent event = of(EventKind::kModify, order);
    event.side = kBuy, event.qty = qty, event.price = dollars * kDollar;
    event.flags = static_cast<std::uint8_t>(flags | event::kLast);
    give(event);
  };
  add(1, kBuy, 10, 100);
  add(2, kBuy, 10, 50);
  modify(1, 60, 10, event::kKeepsPlace);
  EXPECT_EQ(books_.orders().qty_ahead(2), 60);
  modify(1, 50, 10, event::kPlaceByRule);
  EXPECT_EQ(books_.orders().qty_ahead(2), 50);
  modify(1, 50, 10, event::kPlaceByRule);  // nothing new
  EXPECT_EQ(books_.orders().qty_ahead(2), 50);
  modify(1, 40, 10, 0);  // to the end of its queue
  EXPECT_EQ(books_.orders().qty_ahead(2), 0);
  EXPECT_EQ(books_.orders().qty_ahead(1), 50);
  modify(2, 60, 10, event::kPlaceByRule);  // grew
  EXPECT_EQ(books_.orders().qty_ahead(2), 40);
  EXPECT_EQ(books_.counters().lost_places, 0u);
  modify(1, 70, 10, event::kKeepsPlace);  // grew where it stands, they say
  EXPECT_EQ(books_.counters().lost_places, 1u);
  modify(2, 60, 9, event::kPlaceByRule);
  EXPECT_EQ(touch().bid_qty, 70);
  modify(1, 0, 10, 0);
  EXPECT_EQ(touch(), (Touch{{9 * kDollar}, kNoPrice, 60, 0}));
  EXPECT_FALSE(books_.flagged(kId));
  modify(99, 5, 10, 0);
  EXPECT_EQ(count(BookStatus::kUnknownOrder), 1u);
  EXPECT_TRUE(books_.flagged(kId));
}

TEST_F(EventBooksTest, WhatCannotBeIsCountedByNameAndFlagsTheBook) {
  const auto odd = [&](const MarketEvent& event, BookStatus status) {
    const std::uint64_t before = count(status);
    MarketEvent clear = of(EventKind::kClear);
    clear.instrument = 4;
    give(clear);
    add(1, kBuy, 10, 100);
    ASSERT_FALSE(books_.flagged(kId));
    give(event);
    EXPECT_EQ(count(status), before + 1) << name(status);
    EXPECT_TRUE(books_.flagged(kId)) << name(status);
  };
  MarketEvent event = of(EventKind::kExecute, 1);
  event.qty = 101;
  odd(event, BookStatus::kOverfill);
  EXPECT_EQ(touch(), Touch{});  // it took what there was
  odd(of(EventKind::kDelete, 99), BookStatus::kUnknownOrder);
  event = of(EventKind::kReduce, 1);
  odd(event, BookStatus::kZeroQuantity);
  event = of(EventKind::kAdd, 1);
  event.side = kBuy, event.price = kDollar, event.qty = 1;
  odd(event, BookStatus::kDuplicateOrder);
  event.order = 2, event.price = 0;
  odd(event, BookStatus::kNoPrice);
  event.price = kNoPrice.value;
  odd(event, BookStatus::kNoPrice);
  event.price = kDollar, event.qty = 0;
  odd(event, BookStatus::kZeroQuantity);
  event = of(EventKind::kModify, 1);
  event.qty = -3, event.price = kDollar;
  odd(event, BookStatus::kZeroQuantity);
}

TEST_F(EventBooksTest, ACrossedBookIsFlaggedOnceAndNotRepaired) {
  add(1, kBuy, 10, 1);
  add(2, kSell, 10, 1);  // locked
  EXPECT_EQ(books_.counters().crossed, 1u);
  EXPECT_TRUE(books_.flagged(kId));
  add(3, kSell, 9, 1);
  EXPECT_EQ(books_.counters().crossed, 1u);  // still the same crossing
  EXPECT_EQ(touch(), (Touch{{10 * kDollar}, {9 * kDollar}, 1, 1}));
}

TEST_F(EventBooksTest, ATradeOfAnUnknownOrderIsATradeAllTheSame) {
  MarketEvent event = of(EventKind::kExecute, 5);
  event.side = kSell, event.price = 3 * kDollar, event.qty = 2;
  give(event);
  ASSERT_EQ(heard_.trades.size(), 1u);
  EXPECT_EQ(heard_.trades[0].price, Price{3 * kDollar});
  EXPECT_EQ(heard_.trades[0].aggressor, EventSide::kBuy);
  EXPECT_EQ(count(BookStatus::kUnknownOrder), 1u);
}

TEST_F(EventBooksTest, WhatTellsMostKeepsTheBook) {
  MarketEvent quote = of(EventKind::kTouch);
  quote.side = kBuy, quote.price = 10 * kDollar, quote.qty = 3;
  give(quote);
  quote.price = 9 * kDollar;
  give(quote);
  EXPECT_EQ(touch().bid, Price{9 * kDollar});
  EXPECT_EQ(books_.model(kId), EventBooks::Model::kTouches);
  level(kBuy, 8, 4);  // takes the book over
  EXPECT_EQ(touch(), (Touch{{8 * kDollar}, kNoPrice, 4, 0}));
  EXPECT_EQ(heard_.reloads.size(), 1u);
  give(quote);  // beside the levels
  EXPECT_EQ(touch().bid, Price{8 * kDollar});
  EXPECT_EQ(books_.counters().beside, 1u);
  EXPECT_FALSE(books_.flagged(kId));
}

TEST_F(EventBooksTest, ClearsAllOneASideAndDownToAPrice) {
  add(1, kBuy, 10, 1), add(2, kBuy, 9, 1), add(3, kBuy, 8, 1), add(4, kSell, 12, 1);
  MarketEvent clear = of(EventKind::kClear);
  clear.instrument = 4, clear.side = kBuy, clear.price = 9 * kDollar;
  give(clear);
  EXPECT_EQ(touch(), (Touch{{8 * kDollar}, {12 * kDollar}, 1, 1}));
  clear.price = kNoPrice.value;
  give(clear);
  EXPECT_EQ(touch(), (Touch{kNoPrice, {12 * kDollar}, 0, 1}));
  give(of(EventKind::kDelete, 99));
  EXPECT_TRUE(books_.flagged(kId));
  heard_.touches.clear();
  give(of(EventKind::kClear));  // of instrument 0: all
  EXPECT_EQ(touch(), Touch{});
  EXPECT_FALSE(books_.flagged(kId));
  EXPECT_EQ(heard_.touches, std::vector<InstrumentId>{kId});
  EXPECT_EQ(books_.orders().order_count(), 0u);
}

TEST_F(EventBooksTest, LeavesAsideWhatIsNoBooks) {
  MarketEvent event = of(EventKind::kStatus);
  event.code = 'H';
  give(event);
  EXPECT_EQ(books_.trading_state(kId), 'H');
  give(of(EventKind::kOther));
  give(of(EventKind::kSystem));
  give(of(EventKind::kInstrument));
  give(of(EventKind::kBreak));
  event.kind = static_cast<EventKind>(200);
  give(event);
  event = of(EventKind::kLevel);
  event.price = kDollar, event.qty = 1;  // of no side
  give(event);
  event.instrument = 70'000;
  give(event);
  const EventBooks::Counters& counters = books_.counters();
  EXPECT_EQ(counters.breaks, 1u);
  EXPECT_EQ(counters.unknown_kinds, 1u);
  EXPECT_EQ(counters.no_side, 1u);
  EXPECT_EQ(counters.no_instrument, 1u);
  EXPECT_EQ(counters.events, 8u);
  EXPECT_TRUE(heard_.books.empty());
}

TEST_F(EventBooksTest, ChangesOfLevelsAddUpToTheBook) {
  // Whoever follows on_level alone has the same levels, quantities and orders.
  struct Seen {
    Qty qty = 0;
    std::int64_t orders = 0;
  };
  std::map<std::int64_t, Seen> mirror[2];
  Random random(3);
  std::vector<std::uint64_t> alive;
  for (std::uint64_t reference = 1; reference < 4000; ++reference) {
    heard_.levels.clear();
    if (alive.size() < 20 || (alive.size() < 400 && random.below(2) == 0)) {
      const auto side = random.below(2) == 0 ? kBuy : kSell;
      const auto away = static_cast<std::int64_t>(random.below(10));
      const auto qty = static_cast<std::int64_t>(random.below(9)) + 1;
      add(reference, side, side == kBuy ? 50 - away : 51 + away, qty);
      alive.push_back(reference);
    } else {
      const auto at = static_cast<std::size_t>(random.below(alive.size()));
      MarketEvent event = of(EventKind::kReduce, alive[at]);
      event.qty = static_cast<std::int64_t>(random.below(9)) + 1;  // often too much
      const auto kind = random.below(3);
      if (kind == 0) event.kind = EventKind::kDelete;
      if (kind == 1) {
        OrderView now;
        ASSERT_TRUE(books_.orders().find(alive[at], now));
        event.kind = EventKind::kReplace;
        event.other = reference, event.price = now.price.value;
      }
      give(event);
      OrderView order;
      if (kind == 1) {
        alive[at] = reference;
      } else if (!books_.orders().find(alive[at], order)) {
        alive[at] = alive.back();
        alive.pop_back();
      }
    }
    for (const LevelChange& change : heard_.levels) {
      Seen& seen = mirror[index(change.side)][change.price.value];
      seen.qty = change.qty;
      seen.orders += change.orders;
      ASSERT_EQ(seen.qty == 0, seen.orders == 0);
      if (seen.qty == 0) mirror[index(change.side)].erase(change.price.value);
    }
    for (const Side side : {Side::kBuy, Side::kSell}) {
      LevelView views[64];
      const int count = books_.levels(kId, side, views, 64);
      ASSERT_EQ(static_cast<std::size_t>(count), mirror[index(side)].size());
      for (int i = 0; i < count; ++i) {
        const auto& seen = mirror[index(side)][views[i].price.value];
        ASSERT_EQ(seen.qty, views[i].qty);
        ASSERT_EQ(seen.orders, views[i].orders);
      }
    }
  }
}

}  // namespace
}  // namespace pyscalp::book
