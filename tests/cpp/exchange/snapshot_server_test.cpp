#include "exchange/snapshot_server.hpp"

#include <gtest/gtest.h>

#include <list>

#include "exchange/venue.hpp"
#include "market_fixture.hpp"
#include "soup_client.hpp"
#include "wire/glimpse.hpp"

namespace pyscalp::exchange {
namespace {

namespace mold = wire::mold;
namespace soup = wire::soup;
using namespace testing;

/// A book with queues, from ITCH messages alone.
struct QueueBook {
  struct Resting {
    std::pair<std::uint16_t, char> side;
    std::uint32_t price_e4 = 0;
    std::uint32_t shares = 0;
    friend bool operator==(const Resting&, const Resting&) = default;
  };
  using Level = std::pair<std::pair<std::uint16_t, char>, std::uint32_t>;

  void apply(Bytes message) {
    if (itch::decode(message, *this) != itch::DecodeStatus::kOk) ++errors;
  }
  void on(const itch::AddOrder& m) { add(m); }
  void on(const itch::AddOrderMpid& m) { add(m); }
  void on(const itch::OrderExecuted& m) { reduce(m.reference, m.shares); }
  void on(const itch::OrderExecutedWithPrice& m) { reduce(m.reference, m.shares); }
  void on(const itch::OrderCancel& m) { reduce(m.reference, m.cancelled); }
  void on(const itch::OrderDelete& m) {
    reduce(m.reference, orders[m.reference].shares);
  }
  void on(const itch::OrderReplace& m) {
    const Resting old = orders[m.old_reference];
    reduce(m.old_reference, old.shares);
    insert(m.new_reference, {old.side, m.price_e4, m.shares});
  }
  void on(const itch::SystemEvent& m) { system = m.event; }
  void on(const itch::StockDirectory& m) {
    symbols[m.header.locate] = std::string(m.stock.trimmed());
  }
  void on(const itch::TradingAction& m) { states[m.header.locate] = m.state; }

  friend bool operator==(const QueueBook&, const QueueBook&) = default;

  std::map<std::uint64_t, Resting> orders;
  std::map<Level, std::list<std::uint64_t>> queues;
  std::map<std::uint16_t, std::string> symbols;
  std::map<std::uint16_t, char> states;
  char system = 0;
  int errors = 0;

 private:
  void add(const auto& m) {
    insert(m.reference, {{m.header.locate, m.side}, m.price_e4, m.shares});
  }
  void insert(std::uint64_t reference, const Resting& order) {
    if (order.shares == 0 || !orders.emplace(reference, order).second) ++errors;
    queues[{order.side, order.price_e4}].push_back(reference);
  }
  void reduce(std::uint64_t reference, std::uint32_t shares) {
    Resting& order = orders[reference];
    if (shares == 0 || order.shares < shares) {
      ++errors;
      return;
    }
    order.shares -= shares;
    if (order.shares != 0) return;
    const Level level{order.side, order.price_e4};
    queues[level].remove(reference);
    if (queues[level].empty()) queues.erase(level);
    orders.erase(reference);
  }
};

/// What a client of the snapshot port has been sent.
struct SnapshotClient {
  SnapshotServer::Id id;
  std::string types;  ///< of frames
  std::vector<ByteVector> messages;
  std::optional<std::uint64_t> next;
  std::optional<soup::LoginAccepted> accepted;
  char refused = 0;
  std::unique_ptr<soup::FrameReader> reader = std::make_unique<soup::FrameReader>();

  explicit SnapshotClient(SnapshotServer& server, const ByteVector& first = {})
      : id(server.connect()) {
    if (!first.empty()) server.on_bytes(id, first, kNow);
  }
  /// Takes up to `most` bytes.
  void take(SnapshotServer& server, std::size_t most = SIZE_MAX) {
    while (most != 0) {
      const Bytes pending = server.pending(id);
      if (pending.empty()) return;
      const std::size_t size = std::min(most, pending.size());
      EXPECT_TRUE(reader->feed(pending.first(size),
                               [this](const soup::Frame& frame) { on(frame); }));
      server.consumed(id, size);
      most -= size;
    }
  }
  void on(const soup::Frame& frame) {
    types += frame.type;
    if (frame.type == soup::kLoginAccepted)
      accepted = soup::decode<soup::LoginAccepted>(frame.payload);
    if (frame.type == soup::kLoginRejected)
      refused = soup::decode<soup::LoginRejected>(frame.payload)->reason;
    if (frame.type != soup::kSequencedData) return;
    if (static_cast<char>(frame.payload[0]) != wire::glimpse::EndOfSnapshot::kType) {
      EXPECT_FALSE(next) << "a message behind the end";
      messages.emplace_back(frame.payload.begin(), frame.payload.end());
      return;
    }
    EXPECT_EQ(frame.payload.size(), wire::glimpse::EndOfSnapshot::kSize);
    wire::glimpse::EndOfSnapshot end;
    Reader fields(frame.payload.data() + 1);
    end.map(fields);
    next = soup::parse_number(end.sequence);
  }
  QueueBook book() const {
    QueueBook book;
    for (const ByteVector& message : messages) book.apply(message);
    return book;
  }
};

/// Follows a venue's feed from its first message, and from a snapshot's end.
struct Follower {
  QueueBook book;
  std::uint64_t next = 1;

  void take(Bytes datagram) {
    mold::Packet packet;
    ASSERT_EQ(mold::Packet::decode(datagram, packet), mold::DecodeStatus::kOk);
    packet.for_each([&](std::uint64_t sequence, Bytes message) {
      if (sequence != next) return;
      ++next;
      book.apply(message);
    });
  }
};

void expect_snapshots_follow(
    Venue& venue, UnixNanos step, int rounds,
    const std::function<void()>& between = [] {}) {
  Follower truth;
  std::vector<Follower> joined;
  UnixNanos now = *venue.next_time();
  for (int round = 0; round < rounds; ++round) {
    venue.advance(now);
    between();
    venue.drain_packets([&](Bytes datagram) {
      truth.take(datagram);
      for (Follower& one : joined) one.take(datagram);
    });
    SnapshotClient client(venue.snapshots(), login("scalp1", "PAPER"));
    client.take(venue.snapshots());
    ASSERT_TRUE(client.next);
    EXPECT_EQ(*client.next, venue.feed().next_sequence());
    EXPECT_EQ(client.types.substr(0, 2), "AS");
    EXPECT_EQ(client.types.back(), 'Z');
    EXPECT_TRUE(venue.snapshots().closed(client.id));
    venue.snapshots().disconnect(client.id);
    joined.push_back({client.book(), *client.next});
    for (const Follower& one : joined) {
      EXPECT_EQ(one.next, truth.next);
      ASSERT_EQ(one.book, truth.book);
    }
    now = now + step;
  }
  EXPECT_EQ(truth.book.errors, 0);
  EXPECT_GT(truth.book.orders.size(), 10u);
}

AgentParameters two_stocks() {
  AgentParameters parameters;
  StockParameters stock;
  stock.symbol = "ABC";
  parameters.stocks = {stock};
  stock.symbol = "XYZ";
  parameters.stocks.push_back(stock);
  return parameters;
}

TEST(SnapshotServer, ASnapshotIsTheStateOfOneMomentOfAnAgentsDay) {
  const AgentParameters parameters = two_stocks();
  const std::vector<Instrument> instruments = Agents::instruments(parameters);
  MarketOptions options;
  options.accounts = Agents::highest_account(instruments.size());
  Venue venue({"DAY", {{"SCALP1", "paper"}}}, Agents(parameters, 7, instruments),
              Market(instruments, kFees, options));
  expect_snapshots_follow(venue, {20'000'000'000}, 12);
}

TEST(SnapshotServer, OfARecordedDayThatParticipantsTradeIn) {
  AgentParameters parameters = two_stocks();
  const ByteVector day = simulate_day(parameters, 3, seconds(240));
  Venue venue({"DAY", {{"SCALP1", "paper"}}}, RecordedDay(day),
              Market(RecordedDay::instruments(day), kFees));
  const ConnectionId id = venue.connect();
  venue.on_bytes(id, login("SCALP1", "paper"), venue.time());
  std::uint32_t ref = 0;
  // Sweeps that leave recorded orders without shares, and orders that rest, some of
  // them hidden in part.
  expect_snapshots_follow(venue, {20'000'000'000}, 12, [&] {
    const PriceLevel ask =
        venue.market().best(venue.market().instruments()[0].id, Side::kSell);
    if (ask.price == kNoPrice) return;
    for (const std::int64_t away : {200, -300, -500}) {
      const auto price = static_cast<std::int64_t>(price_to_e4(ask.price)) + away;
      venue.on_bytes(
          id,
          unsequenced(order(++ref, 'B', 400, static_cast<std::uint64_t>(price), "ABC")),
          venue.time());
    }
    venue.consumed(id, venue.pending(id).size());
  });
  EXPECT_GT(venue.orders().statistics().orders, 20u);
}

TEST(SnapshotServer, ADayThatIsJoinedInTheMiddleHasItsMorningInTheSnapshot) {
  AgentParameters parameters = two_stocks();
  const ByteVector day = simulate_day(parameters, 3, seconds(120));
  const UnixNanos noon = *RecordedDay(day).next_time() + UnixNanos{60'000'000'000};
  Venue venue({"DAY", {{"SCALP1", "paper"}}}, RecordedDay(day, noon),
              Market(RecordedDay::instruments(day), kFees));
  SnapshotClient client(venue.snapshots(), login("SCALP1", "paper"));
  client.take(venue.snapshots());
  EXPECT_EQ(client.next, venue.feed().next_sequence());
  EXPECT_GT(client.book().orders.size(), 10u);
  EXPECT_EQ(client.book().symbols.size(), 2u);
  EXPECT_EQ(client.book().system, 'Q');
}

// ---- Logins and clients ----

class SnapshotServerTest : public ::testing::Test {
 protected:
  explicit SnapshotServerTest(SnapshotServerOptions options = {})
      : market_(two_instruments(), kFees),
        feed_("DAY"),
        server_("DAY", {{"SCALP1", "paper"}, {"SCALP2", "other"}}, market_, feed_,
                options) {
    server_.on_time(now_, kNow);
    market_.open(kNow);
    for (std::uint32_t i = 1; i <= 50; ++i) market_.enter(buy(1, i, 100, 10), kNow);
    publish();
  }
  void publish() {
    feed_.publish(market_.feed());
    server_.observe(market_.feed());
    market_.clear_outputs();
  }
  void wait(MonoNanos duration) {
    for (const MonoNanos until = now_ + duration; now_ < until;) {
      now_ += milliseconds(250);
      server_.on_time(now_, kNow);
    }
  }
  std::uint64_t ended(SnapshotEnd why) const {
    return server_.statistics().ended[static_cast<std::size_t>(why)];
  }

  Market market_;
  FeedPublisher feed_;
  SnapshotServer server_;
  MonoNanos now_ = seconds(5);
};

TEST_F(SnapshotServerTest, TellsTheDayThenTheOrdersThenWhereToGoOn) {
  SnapshotClient client(server_, login("SCALP1", "paper", "day"));
  client.take(server_);
  ASSERT_TRUE(client.accepted);
  EXPECT_EQ(client.accepted->session.trimmed(), "DAY");
  EXPECT_EQ(soup::parse_number(client.accepted->sequence), 1u);
  std::string types;
  for (const ByteVector& message : client.messages)
    types += static_cast<char>(message[0]);
  EXPECT_EQ(types, "SSSRHRH" + std::string(50, 'A'));
  EXPECT_EQ(client.next, feed_.next_sequence());
  const QueueBook book = client.book();
  EXPECT_EQ(book.queues.begin()->second.size(), 50u);
  EXPECT_TRUE(std::is_sorted(book.queues.begin()->second.begin(),
                             book.queues.begin()->second.end()));
  EXPECT_EQ(ended(SnapshotEnd::kWhole), 1u);
}

TEST_F(SnapshotServerTest, RefusesWrongLogins) {
  struct Case {
    ByteVector login;
    char reason;
  };
  for (const Case& c : std::vector<Case>{
           {login("SCALP3", "paper"), 'A'},
           {login("SCALP1", "other"), 'A'},
           {login("", ""), 'A'},
           {login("SCALP1", "paper", "OTHER"), 'S'},
           {login("SCALP1", "paper", "", "2"), 'S'},
           {login("SCALP1", "paper", "", "0"), 'S'},
           {login("SCALP1", "paper", "", "x"), 'S'},
       }) {
    SnapshotClient client(server_, c.login);
    client.take(server_);
    EXPECT_EQ(client.types, "J");
    EXPECT_EQ(client.refused, c.reason);
    EXPECT_TRUE(server_.closed(client.id));
    server_.disconnect(client.id);
  }
  EXPECT_EQ(ended(SnapshotEnd::kRefused), 7u);
  EXPECT_EQ(server_.statistics().images, 0u);
  EXPECT_EQ(server_.connections(), 0u);
}

TEST_F(SnapshotServerTest, WhatNoClientMaySendEndsThatConnectionAlone) {
  SnapshotClient good(server_, login("SCALP2", "OTHER"));
  const ByteVector whole = login("SCALP1", "paper");
  for (const ByteVector& bad :
       {ByteVector(2), frame(soup::kSequencedData), frame('?'),
        unsequenced(order(1, 'B', 1, 1)), ByteVector(whole.begin() + 1, whole.end()),
        frame(soup::kLoginRequest)}) {
    SnapshotClient client(server_, bad);
    if (!server_.closed(client.id)) continue;  // a frame that has only begun
    client.take(server_);
    EXPECT_EQ(client.types, "");
    server_.disconnect(client.id);
  }
  EXPECT_GE(ended(SnapshotEnd::kBadFrame), 5u);
  SnapshotClient twice(server_, login("SCALP1", "paper"));
  server_.on_bytes(twice.id, login("SCALP1", "paper"), kNow);
  EXPECT_TRUE(server_.closed(twice.id));
  SnapshotClient gone(server_, frame(soup::kLogoutRequest));
  EXPECT_TRUE(server_.closed(gone.id));
  good.take(server_);
  EXPECT_EQ(good.next, feed_.next_sequence());
}

TEST_F(SnapshotServerTest, ClientsOfOneMomentShareAnImageWhateverTheirPace) {
  SnapshotClient slow(server_, login("SCALP1", "paper"));
  SnapshotClient fast(server_, login("SCALP1", "paper"));
  EXPECT_EQ(server_.statistics().images, 1u);
  fast.take(server_);
  const std::uint64_t then = feed_.next_sequence();
  market_.cancel(1, 1, 0, kNow);
  publish();
  SnapshotClient later(server_, login("SCALP1", "paper"));
  EXPECT_EQ(server_.statistics().images, 2u);
  later.take(server_);
  while (!server_.pending(slow.id).empty()) slow.take(server_, 1);
  EXPECT_EQ(slow.messages, fast.messages);
  EXPECT_EQ(slow.next, then);
  EXPECT_EQ(later.next, then + 1);
  EXPECT_EQ(later.messages.size() + 1, slow.messages.size());
}

TEST_F(SnapshotServerTest, DropsWhoIsSilentOrSlowOrNeverLogsIn) {
  SnapshotClient nobody(server_);
  SnapshotClient silent(server_, login("SCALP1", "paper"));
  SnapshotClient slow(server_, login("SCALP1", "paper"));
  for (int i = 0; i < 14; ++i) {
    wait(seconds(1));
    server_.on_bytes(slow.id, frame(soup::kClientHeartbeat), kNow);
  }
  EXPECT_FALSE(server_.closed(silent.id));
  wait(seconds(1));
  EXPECT_TRUE(server_.closed(silent.id));
  EXPECT_TRUE(server_.pending(silent.id).empty() ||
              server_.pending(silent.id).size() < 100);
  EXPECT_FALSE(server_.closed(nobody.id));
  wait(seconds(15));
  EXPECT_TRUE(server_.closed(nobody.id));
  SnapshotClient other(server_, login("SCALP1", "paper"));
  for (int i = 0; i < 60; ++i) {
    EXPECT_FALSE(server_.closed(other.id));
    other.take(server_, 5);
    server_.on_bytes(other.id, frame(soup::kClientHeartbeat), kNow);
    wait(seconds(1));
  }
  EXPECT_TRUE(server_.closed(other.id));
  EXPECT_EQ(ended(SnapshotEnd::kSilent), 2u);
  EXPECT_EQ(ended(SnapshotEnd::kLoginTimeout), 1u);
  EXPECT_EQ(ended(SnapshotEnd::kTooSlow), 1u);
}

TEST_F(SnapshotServerTest, AStandstillOfItsOwnIsNotHeldAgainstClients) {
  SnapshotClient client(server_, login("SCALP1", "paper"));
  now_ += seconds(300);
  server_.on_time(now_, kNow);
  EXPECT_FALSE(server_.closed(client.id));
  client.take(server_);
  EXPECT_EQ(client.next, feed_.next_sequence());
}

class FullSnapshotServer : public SnapshotServerTest {
 protected:
  // Room for two images of 50 orders.
  FullSnapshotServer() : SnapshotServerTest({.image_bytes_max = 5'500}) {}
};

TEST_F(FullSnapshotServer, WhoFindsNoRoomWaitsWithHeartbeatsAndGetsAnImageOfThen) {
  SnapshotClient first(server_, login("SCALP1", "paper"));
  market_.cancel(1, 1, 0, kNow);
  publish();
  SnapshotClient second(server_, login("SCALP1", "paper"));
  market_.cancel(1, 2, 0, kNow);
  publish();
  SnapshotClient third(server_, login("SCALP1", "paper"));
  EXPECT_EQ(server_.statistics().images, 2u);
  wait(seconds(3));
  third.take(server_);
  EXPECT_EQ(third.types, "AHHH");
  first.take(server_);
  market_.cancel(1, 3, 0, kNow);
  publish();
  wait(seconds(1));
  third.take(server_);
  EXPECT_EQ(third.next, feed_.next_sequence());
  EXPECT_EQ(third.book().orders.size(), 47u);
}

TEST(DayState, KeepsTheLastOfEachKindForEachInstrument) {
  DayState day;
  const auto give = [&](const std::vector<ByteVector>& messages) {
    day.take(binary_file(messages));
  };
  itch::RegSho sho;
  sho.header = header(kAbc);
  itch::OperationalHalt halt;
  halt.header = header(kAbc);
  itch::OperationalHalt elsewhere = halt;
  elsewhere.market = 'B';
  itch::OperationalHalt resumed = halt;
  resumed.action = 'T';
  const auto system = [](char event) {
    return bytes(itch::SystemEvent{header(InstrumentId{}), event});
  };
  give({system('O'), bytes(directory(kXyz, "XYZ")), bytes(directory(kAbc, "ABC"))});
  give({bytes(halt), bytes(sho), bytes(trading_action(kAbc, 'H')), system('S')});
  give({bytes(elsewhere), bytes(trading_action(kAbc, 'T')), bytes(resumed)});
  give({system('Q'), system('S'), ByteVector(3, std::byte{'R'}),
        ByteVector(1, std::byte{'S'})});
  std::vector<ByteVector> told;
  day.for_each(
      [&](Bytes message) { told.emplace_back(message.begin(), message.end()); });
  EXPECT_EQ(told,
            (std::vector<ByteVector>{
                system('O'), system('Q'), system('S'), bytes(directory(kAbc, "ABC")),
                bytes(trading_action(kAbc, 'T')), bytes(sho), bytes(elsewhere),
                bytes(resumed), bytes(directory(kXyz, "XYZ"))}));
}

}  // namespace
}  // namespace pyscalp::exchange
