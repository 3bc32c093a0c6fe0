#include "capture/touch_day.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <stdexcept>

#include "wire/binary_file.hpp"

namespace pyscalp::capture {
namespace {

namespace itch = wire::itch;
using event::EventKind;
using event::EventSide;
using event::MarketEvent;

constexpr std::int64_t kOpen = 34'200'000'000'000;

MarketEvent touch(EventSide side, std::int64_t price_e4, Qty qty, std::int64_t ms = 0) {
  MarketEvent event;
  event.kind = EventKind::kTouch;
  event.venue_time = kOpen + ms * 1'000'000;
  event.instrument = 1;
  event.side = side;
  event.price = qty == 0 ? kNoPrice.value : price_e4 * 100'000;
  event.qty = qty;
  return event;
}
MarketEvent bid(std::int64_t price_e4, Qty qty, std::int64_t ms = 0) {
  return touch(EventSide::kBuy, price_e4, qty, ms);
}
MarketEvent ask(std::int64_t price_e4, Qty qty, std::int64_t ms = 0) {
  return touch(EventSide::kSell, price_e4, qty, ms);
}
MarketEvent trade(std::int64_t price_e4, Qty qty, std::uint64_t conditions = 1,
                  char exchange = 'P') {
  MarketEvent event;
  event.kind = EventKind::kTrade;
  event.venue_time = kOpen;
  event.instrument = 1;
  event.price = price_e4 * 100'000;
  event.qty = qty;
  event.other = conditions;
  event.code = exchange;
  return event;
}

/// Follows a day's messages: what is displayed, in its queue, and what was traded.
struct Follower {
  struct Order {
    char side;
    std::uint32_t price;
    std::uint32_t shares;
  };
  std::map<std::uint64_t, Order> orders;  ///< by reference: also in order of arrival
  std::string text;                       ///< of the messages, without their headers
  std::string systems;
  std::uint64_t last_time = 0;
  std::map<char, std::uint64_t> traded;  ///< shares by type of message
  int errors = 0;

  void say(const std::string& what) { text += (text.empty() ? "" : " ") + what; }
  void time(const itch::Header& header) {
    if (header.timestamp_ns < last_time) ++errors;
    last_time = header.timestamp_ns;
  }
  void take(std::uint64_t reference, std::uint32_t shares) {
    const auto found = orders.find(reference);
    if (found == orders.end() || found->second.shares < shares || shares == 0) {
      ++errors;
      return;
    }
    found->second.shares -= shares;
    if (found->second.shares == 0) orders.erase(found);
  }
  void on(const itch::SystemEvent& m) { time(m.header), systems += m.event; }
  void on(const itch::StockDirectory& m) { time(m.header); }
  void on(const itch::TradingAction& m) { time(m.header); }
  void on(const itch::AddOrder& m) {
    time(m.header);
    if (!orders.emplace(m.reference, Order{m.side, m.price_e4, m.shares}).second) {
      ++errors;
    }
    say(std::string("A") + m.side + std::to_string(m.shares) + "@" +
        std::to_string(m.price_e4));
  }
  void on(const itch::OrderExecuted& m) {
    time(m.header), take(m.reference, m.shares);
    traded['E'] += m.shares;
    say("E" + std::to_string(m.reference) + ":" + std::to_string(m.shares));
  }
  void on(const itch::OrderExecutedWithPrice& m) {
    time(m.header), take(m.reference, m.shares);
    traded['C'] += m.shares;
    say("C" + std::to_string(m.reference) + ":" + std::to_string(m.shares) + "@" +
        std::to_string(m.price_e4));
  }
  void on(const itch::OrderCancel& m) {
    time(m.header), take(m.reference, m.cancelled);
    say("X" + std::to_string(m.reference) + ":" + std::to_string(m.cancelled));
  }
  void on(const itch::OrderDelete& m) {
    time(m.header);
    if (orders.erase(m.reference) == 0) ++errors;
    say("D" + std::to_string(m.reference));
  }
  void on(const itch::Trade& m) {
    time(m.header);
    traded['P'] += m.shares;
    say("P" + std::to_string(m.shares) + "@" + std::to_string(m.price_e4));
  }
  void on(const itch::CrossTrade& m) {
    time(m.header);
    traded['Q'] += m.shares;
    say(std::string("Q") + m.cross + std::to_string(m.shares));
  }
};

Follower follow(const std::vector<std::byte>& file) {
  Follower follower;
  wire::BinaryFileReader reader(file);
  while (const auto message = reader.next()) {
    if (itch::decode(*message, follower) != itch::DecodeStatus::kOk) ++follower.errors;
  }
  EXPECT_FALSE(reader.truncated());
  EXPECT_EQ(follower.errors, 0);
  return follower;
}

struct Played {
  std::string text;
  TouchDayCounters counters;
};

Played play(const std::vector<MarketEvent>& events) {
  TouchDay day({"ABC"});
  for (const MarketEvent& event : events) day.take(event);
  const auto file = day.finish();
  return {follow(file).text, day.counters()[0]};
}

TEST(TouchDay, a_growing_touch_queues_at_the_end_and_a_shrinking_one_leaves_there) {
  EXPECT_EQ(play({bid(1000, 500), bid(1000, 800), bid(1000, 800), bid(1000, 700),
                  bid(1000, 400)})
                .text,
            "AB500@1000 AB300@1000 X2:100 D2 X1:100");
}

TEST(TouchDay, a_new_price_comes_before_the_old_one_goes) {
  EXPECT_EQ(play({ask(1001, 500), ask(1001, 600), ask(1002, 50), ask(1000, 70)}).text,
            "AS500@1001 AS100@1001 AS50@1002 D2 D1 AS70@1000 D3");
  EXPECT_EQ(play({ask(1001, 500), ask(1001, 0), ask(1001, 0), ask(1001, 5)}).text,
            "AS500@1001 D1 AS5@1001");
}

TEST(TouchDay, a_trade_at_the_touch_takes_from_the_front) {
  const Played played = play({bid(1000, 500), ask(1002, 100), bid(1000, 700),
                              trade(1000, 600), bid(1000, 700)});
  EXPECT_EQ(played.text, "AB500@1000 AS100@1002 AB200@1000 E1:500 E3:100 AB600@1000");
  EXPECT_EQ(played.counters.at_touch.count, 1u);
  EXPECT_EQ(played.counters.at_touch.shares, 600u);
}

TEST(TouchDay, a_quote_stands_again_when_neither_trade_nor_quote_has_come) {
  const auto at = [](MarketEvent event, std::int64_t ms) {
    event.venue_time = kOpen + ms * 1'000'000;
    return event;
  };
  // The trade of 20 puts it off to 70; the ask's quotes say nothing of the bid.
  const Played played =
      play({bid(1000, 500), ask(1002, 100), trade(1000, 500), at(trade(1000, 1), 10),
            at(ask(1002, 110), 20), at(ask(1002, 100), 50), at(ask(1002, 90), 51),
            at(trade(1000, 30), 60), at(ask(1002, 80), 109), at(ask(1002, 70), 110)});
  EXPECT_EQ(played.text,
            "AB500@1000 AS100@1002 E1:500 P1@1000 AS10@1002 AB500@1000 D3 X2:10 "
            "E4:30 X2:10 AB30@1000 X2:10");
  EXPECT_EQ(played.counters.restored.count, 2u);
  EXPECT_EQ(played.counters.restored.shares, 530u);
  // A quote that comes before is the last word.
  EXPECT_EQ(play({bid(1000, 500), trade(1000, 500), at(bid(1000, 0), 10)}).text,
            "AB500@1000 E1:500");
  EXPECT_EQ(play({bid(1000, 500), trade(1000, 100), at(bid(999, 50), 10)}).text,
            "AB500@1000 E1:100 AB50@999 D1");
}

TEST(TouchDay, what_was_not_displayed_prints) {
  const Played played = play({bid(1000, 500), ask(1002, 100), trade(1002, 130),
                              trade(1001, 40), trade(1003, 5)});
  EXPECT_EQ(played.text,
            "AB500@1000 AS100@1002 E2:100 P30@1002 P40@1001 P5@1003 AS100@1002");
  EXPECT_EQ(played.counters.undisplayed.shares, 75u);
  EXPECT_EQ(played.counters.undisplayed.count, 3u);
}

TEST(TouchDay, a_trade_beyond_the_touch_takes_it_at_its_own_price) {
  const Played played = play({bid(1000, 500), ask(1002, 100), trade(998, 200)});
  EXPECT_EQ(played.text, "AB500@1000 AS100@1002 C1:200@998 AB200@1000");
  EXPECT_EQ(played.counters.beyond.shares, 200u);
}

TEST(TouchDay, in_a_locked_market_the_price_before_tells_the_side) {
  const Played played =
      play({bid(1000, 500), ask(1001, 500), trade(1001, 1), bid(1001, 300),
            trade(1001, 2), trade(1000, 3), ask(1000, 400), trade(1000, 4)});
  // The ask was hit last and the price is the same; then it was below both touches.
  EXPECT_EQ(played.text,
            "AB500@1000 AS500@1001 E2:1 AB300@1001 D1 E2:2 C3:3@1000 AS400@1000 D2 "
            "C3:4@1000 AB7@1001");
  EXPECT_EQ(played.counters.locked, 1u);
  EXPECT_EQ(played.counters.crossed, 1u);
}

TEST(TouchDay, trades_that_are_not_of_the_moment_fill_nobody) {
  const Played played = play({bid(1000, 500), ask(1002, 100), trade(1000, 10, 1, 'D'),
                              trade(1000, 20, 0x800), trade(1000, 30, 0x20100000),
                              trade(1000, 40, 0x4000000), trade(1000, 50, 0x40),
                              trade(1000, 60, 0x80), trade(1000, 70, 0x20200080)});
  EXPECT_EQ(played.text, "AB500@1000 AS100@1002 QO50 QC60 QC70");
  EXPECT_EQ(played.counters.off_exchange.shares, 10u);
  EXPECT_EQ(played.counters.untimely.shares, 50u);
  EXPECT_EQ(played.counters.official.shares, 40u);
  EXPECT_EQ(played.counters.auction.shares, 180u);
}

TEST(TouchDay, what_itch_cannot_say_is_refused_and_what_is_finer_is_rounded) {
  MarketEvent fine_bid = bid(1000, 5);
  fine_bid.price += 99'999;
  MarketEvent fine_ask = ask(1001, 5);
  fine_ask.price += 1;
  MarketEvent fine_trade = trade(1001, 7);
  fine_trade.price += 50'000;
  MarketEvent suspicious;
  suspicious.instrument = 1;
  suspicious.venue_time = kOpen;
  const Played played = play({bid(0, 5), trade(0, 5), bid(2'000'000'000, 5),
                              trade(1000, 0), trade(1000, std::int64_t{1} << 32),
                              fine_bid, fine_ask, fine_trade, suspicious});
  EXPECT_EQ(played.text, "AB5@1000 AS5@1002 E2:5 P2@1002 AS5@1002");
  EXPECT_EQ(played.counters.refused, 5u);
  EXPECT_EQ(played.counters.quotes_rounded, 2u);
  EXPECT_EQ(played.counters.trades_rounded, 1u);
  EXPECT_EQ(played.counters.suspicious, 1u);
}

TEST(TouchDay, the_day_opens_and_closes_at_its_hours_and_time_never_goes_back) {
  TouchDay day({"ABC", "XYZ"});
  day.take(bid(1000, 5, -3'600'000));
  day.take(bid(1000, 6, -3'600'001));
  day.take(bid(1000, 7, 0));
  day.take(bid(1000, 8, 8 * 3'600'000));
  const Follower follower = follow(day.finish());
  EXPECT_EQ(follower.systems, "OSQMEC");
  EXPECT_EQ(day.counters()[0].backward, 1u);
  EXPECT_EQ(day.counters()[0].quotes, 4u);
  EXPECT_EQ(day.counters()[1].quotes, 0u);
  TouchDay empty({"ABC"});
  EXPECT_EQ(follow(empty.finish()).systems, "OSQMEC");
}

TEST(TouchDay, symbols_that_are_none) {
  EXPECT_THROW(TouchDay({}), std::invalid_argument);
  EXPECT_THROW(TouchDay({""}), std::invalid_argument);
  EXPECT_THROW(TouchDay({"NINELONGS"}), std::invalid_argument);
}

/// After each quote its side displays what it says, and no share is lost.
TEST(TouchDay, any_stream_of_quotes_and_trades_adds_up) {
  std::mt19937 random(7);
  const auto below = [&](unsigned n) {
    return static_cast<std::int64_t>(random() % n);
  };
  for (int round = 0; round < 200; ++round) {
    TouchDay day({"ABC"});
    std::vector<std::pair<std::int64_t, MarketEvent>> quotes;  // time, quote
    std::uint64_t shares = 0;
    for (std::int64_t ms = 0; ms < 300; ++ms) {
      MarketEvent event;
      if (below(3) == 0) {
        event = trade(1000 + below(6), 1 + below(400));
        shares += static_cast<std::uint64_t>(event.qty);
      } else {
        event = below(2) == 0 ? bid(1000 + below(4), below(5) * 100)
                              : ask(1002 + below(4), below(5) * 100);
      }
      event.venue_time = kOpen + ms * 1'000'000;
      day.take(event);
      quotes.emplace_back(event.venue_time, event);
    }
    const auto file = day.finish();
    Follower follower;
    wire::BinaryFileReader reader(file);
    std::size_t next = 0;
    const auto check = [&](std::uint64_t until) {
      for (; next < quotes.size() &&
             static_cast<std::uint64_t>(quotes[next].first) < until;
           ++next) {
        const MarketEvent& event = quotes[next].second;
        if (event.kind != EventKind::kTouch) continue;
        const char side = event.side == EventSide::kBuy ? 'B' : 'S';
        Qty shown = 0;
        for (const auto& [reference, order] : follower.orders) {
          if (order.side != side) continue;
          shown += order.shares;
          EXPECT_EQ(order.price * std::int64_t{100'000}, event.price);
        }
        EXPECT_EQ(shown, event.qty);
      }
    };
    while (const auto message = reader.next()) {
      check(itch::timestamp_ns(*message));
      ASSERT_EQ(itch::decode(*message, follower), itch::DecodeStatus::kOk);
    }
    EXPECT_EQ(next, quotes.size());
    EXPECT_EQ(follower.errors, 0);
    std::uint64_t traded = 0;
    for (const auto& [type, of] : follower.traded) traded += of;
    EXPECT_EQ(traded, shares);
  }
}

}  // namespace
}  // namespace pyscalp::capture
