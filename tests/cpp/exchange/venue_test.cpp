#include "exchange/venue.hpp"

#include <gtest/gtest.h>

#include "exchange/record.hpp"
#include "market_fixture.hpp"
#include "soup_client.hpp"

namespace pyscalp::exchange {
namespace {

namespace mold = wire::mold;
namespace ouch = wire::ouch;
namespace soup = wire::soup;
using namespace testing;

constexpr UnixNanos at_second(std::int64_t second) { return {second * 1'000'000'000}; }

/// A day of ABC: named and opened at second 100; an ask of 100 at 10.10 at 101, a bid
/// of 100 at 10.00 at 102; the bid is executed at 103.
ByteVector small_day() {
  itch::SystemEvent open{header(InstrumentId{}, at_second(100)), 'Q'};
  itch::TradingAction trade = trading_action(kAbc, 'T');
  trade.header.timestamp_ns = 100'000'000'000;
  const auto add = [](std::int64_t second, std::uint64_t reference, char side,
                      std::uint32_t price_e4) {
    return bytes(itch::AddOrder{header(kAbc, at_second(second)), reference, side, 100,
                                Text<8>("ABC"), price_e4});
  };
  return binary_file(
      {bytes(open), bytes(directory(kAbc, "ABC", at_second(100))), bytes(trade),
       add(101, 1, 'S', 101'000), add(102, 2, 'B', 100'000),
       bytes(itch::OrderExecuted{header(kAbc, at_second(103)), 2, 100, 9})});
}

/// What a venue sent on its feed: the messages, and how they were cut.
struct Feed {
  ByteVector messages;
  std::vector<std::uint64_t> sequences;
  std::vector<std::uint16_t> counts;

  void take(Bytes datagram) {
    mold::Packet packet;
    ASSERT_EQ(mold::Packet::decode(datagram, packet), mold::DecodeStatus::kOk);
    sequences.push_back(packet.header().sequence);
    counts.push_back(packet.header().count);
    messages.insert(messages.end(), datagram.begin() + mold::kHeaderSize,
                    datagram.end());
  }
  void take(Venue& venue) {
    venue.drain_packets([this](Bytes datagram) { take(datagram); });
  }
};

Venue make_replay(Bytes day, std::optional<UnixNanos> from = std::nullopt) {
  return Venue({"DAY", {{"SCALP1", "paper"}, {"SCALP2", "paper"}}},
               RecordedDay(day, from), Market(RecordedDay::instruments(day), kFees));
}

struct Client {
  ConnectionId id;
  Received received;

  explicit Client(Venue& venue, std::string_view username = "SCALP1")
      : id(venue.connect()) {
    send(venue, login(username, "paper"));
  }
  void send(Venue& venue, Bytes bytes) {
    venue.on_bytes(id, bytes, venue.time());
    collect(venue);
  }
  void collect(Venue& venue) {
    const Bytes pending = venue.pending(id);
    EXPECT_TRUE(received.feed(pending));
    venue.consumed(id, pending.size());
  }
};

TEST(Venue, ADayThatNobodyTouchesGoesOutAsItIs) {
  const ByteVector day = small_day();
  Venue venue = make_replay(day);
  Feed feed;
  EXPECT_EQ(venue.next_time(), at_second(100));
  EXPECT_EQ(venue.advance(at_second(1'000)), 6u);
  feed.take(venue);
  EXPECT_EQ(feed.messages, day);
  EXPECT_EQ(feed.sequences, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}))
      << "a datagram an event";
  EXPECT_EQ(venue.next_time(), std::nullopt);
  EXPECT_EQ(venue.events(), 6u);
}

TEST(Venue, AdvancesToTheMomentAndNoFurther) {
  const ByteVector day = small_day();
  Venue venue = make_replay(day);
  EXPECT_EQ(venue.advance({99'999'999'999}), 0u);
  EXPECT_EQ(venue.time(), UnixNanos{99'999'999'999});
  EXPECT_EQ(venue.advance(at_second(101)), 4u);
  EXPECT_EQ(venue.time(), at_second(101));
  EXPECT_EQ(venue.next_time(), at_second(102));
  EXPECT_EQ(venue.advance(at_second(102) + UnixNanos{5}, 1), 1u);
  EXPECT_EQ(venue.time(), at_second(102) + UnixNanos{5});
  EXPECT_EQ(venue.advance(at_second(100)), 0u) << "time does not run backward";
  EXPECT_EQ(venue.time(), at_second(102) + UnixNanos{5});
}

TEST(Venue, ALimitOfEventsStopsTheClockAtTheLastOne) {
  const ByteVector day = small_day();
  Venue venue = make_replay(day);
  EXPECT_EQ(venue.advance(at_second(1'000), 4), 4u);
  EXPECT_EQ(venue.time(), at_second(101));
  EXPECT_EQ(venue.advance(at_second(1'000), 4), 2u);
  EXPECT_EQ(venue.time(), at_second(1'000));
}

TEST(Venue, WhatWasBeforeTheStartCanBeAskedFor) {
  const ByteVector day = small_day();
  Venue venue = make_replay(day, at_second(102));
  Feed feed;
  feed.take(venue);
  EXPECT_TRUE(feed.messages.empty());
  EXPECT_EQ(venue.events(), 4u);
  mold::Packet heartbeat;
  ASSERT_EQ(mold::Packet::decode(venue.heartbeat(), heartbeat),
            mold::DecodeStatus::kOk);
  EXPECT_EQ(heartbeat.header().sequence, 5u);

  ByteVector request(mold::kHeaderSize);
  mold::encode({heartbeat.header().session, 1, 4}, request.data());
  std::array<std::byte, FeedPublisher::kMaxPacket> out;
  const std::size_t size = venue.answer(request, out.data());
  feed.take({out.data(), size});
  venue.advance(at_second(1'000));
  feed.take(venue);
  EXPECT_EQ(feed.messages, day);
  EXPECT_EQ(feed.sequences, (std::vector<std::uint64_t>{1, 5, 6}));
}

TEST(Venue, OrdersJoinTheRecordedBookAndFillThere) {
  const ByteVector day = small_day();
  Venue venue = make_replay(day);
  venue.advance(at_second(102));
  Client client(venue);
  client.send(venue, unsequenced(order(1, 'B', 30, 101'000, "ABC")));  // takes
  client.send(venue, unsequenced(order(2, 'B', 40, 100'000, "ABC")));  // joins
  EXPECT_EQ(client.received.sequenced, "SAEA");
  Feed feed;
  feed.take(venue);
  FeedBook book;
  book.read(feed.messages);
  EXPECT_EQ(book.types, "SRHAAEA");
  EXPECT_EQ(book.depth(kAbc, Side::kSell).at(0).qty, 70);
  EXPECT_EQ(book.depth(kAbc, Side::kBuy).at(0).qty, 140);
  EXPECT_EQ(client.received.executed[0].liquidity, 'R');

  venue.advance(at_second(103));  // takes the recorded 100, which are before our 40
  client.collect(venue);
  EXPECT_EQ(client.received.sequenced, "SAEA");
  venue.end(at_second(104));
  client.collect(venue);
  EXPECT_EQ(client.received.sequenced, "SAEACS");
  EXPECT_EQ(client.received.canceled[0].reason, 'E');
  EXPECT_EQ(client.received.types.back(), soup::kEndOfSession);
  EXPECT_TRUE(venue.closed(client.id));

  std::string kinds;
  venue.drain_reports([&](const Report& report) {
    EXPECT_EQ(report.account, 1u);
    kinds += event_name(report.kind)[0];
  });
  EXPECT_EQ(kinds, "aeac");
  Feed rest;
  rest.take(venue);
  FeedBook after;
  book.read(rest.messages);
  EXPECT_EQ(book.types, "SRHAAEAED");
  EXPECT_EQ(book.errors, 0);
}

TEST(Venue, EachOrderActionIsADatagram) {
  const ByteVector day = small_day();
  Venue venue = make_replay(day);
  venue.advance(at_second(102));
  Client client(venue);
  Feed before;
  before.take(venue);
  ByteVector two = unsequenced(order(1, 'B', 10, 99'000, "ABC"));
  const ByteVector second = unsequenced(order(2, 'B', 250, 101'000, "ABC"));
  two.insert(two.end(), second.begin(), second.end());
  client.send(venue, two);
  Feed feed;
  feed.take(venue);
  EXPECT_EQ(feed.sequences, (std::vector<std::uint64_t>{6, 7}));
  EXPECT_EQ(feed.counts, (std::vector<std::uint16_t>{1, 2})) << "A; then E and A";
}

TEST(Venue, DisconnectingCancelsOnTheFeedToo) {
  const ByteVector day = small_day();
  Venue venue = make_replay(day);
  venue.advance(at_second(102));
  Client client(venue);
  client.send(venue, unsequenced(order(1, 'B', 10, 99'000, "ABC")));
  venue.disconnect(client.id, venue.time());
  Feed feed;
  feed.take(venue);
  FeedBook book;
  book.read(feed.messages);
  EXPECT_EQ(book.types, "SRHAAAD");
  EXPECT_TRUE(venue.closed(client.id));
}

TEST(Venue, ASilentClientIsDroppedOnAnyClock) {
  const ByteVector day = small_day();
  Venue venue = make_replay(day);
  venue.advance(at_second(102));
  venue.on_time(seconds(5));
  Client client(venue);
  client.send(venue, unsequenced(order(1, 'B', 10, 99'000, "ABC")));
  for (int second = 6; second < 20; ++second) venue.on_time(seconds(second));
  EXPECT_FALSE(venue.closed(client.id));
  venue.on_time(seconds(20));
  EXPECT_TRUE(venue.closed(client.id));
  EXPECT_EQ(venue.market().working_orders(1), 0u);
}

// ---- The artificial market ----

struct AgentsRun {
  Feed feed;
  std::string told;
};

AgentsRun run_agents(std::uint64_t seed, bool trade, MonoNanos duration) {
  const AgentParameters parameters;
  const auto instruments = Agents::instruments(parameters);
  Venue venue({"DAY", {{"SCALP1", "paper"}}}, Agents(parameters, seed, instruments),
              Market(instruments, kFees));
  AgentsRun run;
  const UnixNanos start = *venue.next_time();
  venue.advance(start);
  Client client(venue);
  std::uint32_t ref = 0;
  for (std::int64_t t = 0; t < duration.value; t += 100'000'000) {
    venue.advance(start + UnixNanos{t});
    if (trade && t % 1'000'000'000 == 0) {
      const PriceLevel ask = venue.market().best(instruments[0].id, Side::kSell);
      if (ask.price != kNoPrice) {
        client.send(venue, unsequenced(order(++ref, 'B', 10, price_to_e4(ask.price),
                                             instruments[0].symbol)));
      }
    }
    run.feed.take(venue);
  }
  venue.end(start + UnixNanos{duration.value});
  client.collect(venue);
  run.feed.take(venue);
  run.told = client.received.sequenced;
  return run;
}

TEST(Venue, TheAgentsMarketOpensTradesAndCloses) {
  const AgentsRun run = run_agents(1, true, seconds(60));
  FeedBook book;
  book.read(run.feed.messages);
  EXPECT_EQ(book.errors, 0);
  EXPECT_EQ(book.types.substr(0, 3), "SRH");
  EXPECT_EQ(book.types.substr(book.types.size() - 2), "SS");
  EXPECT_TRUE(book.orders.empty()) << "everything is cancelled at the close";
  EXPECT_NE(run.told.find('E'), std::string::npos) << run.told;
  EXPECT_EQ(run.told.back(), 'S');
}

TEST(Venue, TheSameSeedAndOrdersGiveTheSameBytes) {
  const AgentsRun first = run_agents(1, true, seconds(20));
  const AgentsRun second = run_agents(1, true, seconds(20));
  EXPECT_EQ(first.feed.messages, second.feed.messages);
  EXPECT_EQ(first.feed.sequences, second.feed.sequences);
  EXPECT_EQ(first.told, second.told);
  EXPECT_NE(first.feed.messages, run_agents(2, true, seconds(20)).feed.messages);
}

// ---- A real day ----

TEST(Venue, ARealDayGoesOutByteForByte) {
  const ByteVector& day = amzn_day();
  if (day.empty())
    GTEST_SKIP() << "needs PYSCALP_DATA with itch/AMZN_AAPL_2012-06-21.itch50.xz";
  Venue venue = make_replay(day, UnixNanos{36'000'000'000'000});
  const std::uint64_t stored = venue.events();
  ASSERT_GT(stored, 0u);
  ByteVector received;
  std::uint64_t next = 1;
  std::array<std::byte, FeedPublisher::kMaxPacket> out;
  const auto take = [&](Bytes datagram) {
    mold::Packet packet;
    ASSERT_EQ(mold::Packet::decode(datagram, packet), mold::DecodeStatus::kOk);
    ASSERT_EQ(packet.header().sequence, next);
    next += packet.message_count();
    received.insert(received.end(), datagram.begin() + mold::kHeaderSize,
                    datagram.end());
  };
  while (next <= stored) {
    ByteVector request(mold::kHeaderSize);
    mold::encode({mold::Session("DAY"), next, 0xFFFF}, request.data());
    const std::size_t size = venue.answer(request, out.data());
    ASSERT_GT(size, mold::kHeaderSize);
    take({out.data(), size});
  }
  while (const auto time = venue.next_time()) {
    venue.advance(*time);
    venue.drain_packets(take);
  }
  EXPECT_EQ(venue.events(), 381'980u);
  EXPECT_EQ(received, day);
}

}  // namespace
}  // namespace pyscalp::exchange
