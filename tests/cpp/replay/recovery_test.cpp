// Joining the included exchange in mid-day with nobody to retransmit: the engine's
// books equal the exchange's own to the last place in every queue, once it is quiet.
#include <gtest/gtest.h>

#include <random>

#include "fixture.hpp"

namespace pyscalp::replay {
namespace {

constexpr MonoNanos kLatency{80'000};
constexpr std::size_t kRing = 8u << 20;

/// A venue in its day, and an engine that hears of it from some moment on, over lines
/// that both lose packets.
class Joined {
 public:
  Joined(exchange::Venue& venue, const engine::EngineConfig& config, std::uint64_t seed,
         std::uint32_t lose_one_in)
      : venue_(venue),
        random_(seed),
        lose_one_in_(lose_one_in),
        ring_(kRing),
        engine_(config, ring_, kill_switch_),
        now_{venue.time().value} {}

  /// The venue goes on for so long.
  void run(MonoNanos duration) {
    const MonoNanos until = now_ + duration;
    while (now_ < until) {
      const auto driver = venue_.next_time();
      const MonoNanos driver_at = driver ? MonoNanos{driver->value} : kNever;
      const MonoNanos next =
          std::min({driver_at, wire_.next(), snapshot_.next(), engine_.next_deadline(),
                    now_ + milliseconds(50)});
      now_ = std::max(now_, next);
      if (now_ == driver_at) venue_.advance(UnixNanos{now_.value}, 1);
      step();
    }
  }
  /// The venue says nothing but heartbeats, until the engine has all of it.
  bool settle() {
    for (int i = 0; i < 2'000 && (i < 20 || engine_.feed().gap_open()); ++i) {
      now_ += milliseconds(5);
      const Bytes heartbeat = venue_.heartbeat();
      wire_.send(heartbeat, now_, kLatency);
      step();
    }
    return !engine_.feed().gap_open();
  }
  const engine::Engine& engine() const { return engine_; }

 private:
  void step() {
    venue_.on_time(now_);
    venue_.drain_packets([&](Bytes datagram) {
      for (const std::uint8_t line : {std::uint8_t{0}, std::uint8_t{1}}) {
        if (lose_one_in_ != 0 && random_() % lose_one_in_ == 0) continue;
        wire_.send(datagram, now_, kLatency, line);
      }
    });
    while (wire_.next() <= now_) {
      wire_.deliver([&](Bytes bytes, std::uint8_t line) {
        engine_.on_datagram(static_cast<feed::Line>(line), bytes, now_);
      });
    }
    std::array<std::byte, wire::mold::kHeaderSize> request;
    EXPECT_FALSE(engine_.take_request(now_, request)) << "nobody is there to ask";
    if (now_ >= engine_.next_deadline()) engine_.on_time(now_);
    follow_snapshot();
    while (ring_.try_pop([](Bytes) {})) {
    }
  }
  void follow_snapshot() {
    exchange::SnapshotServer& server = venue_.snapshots();
    const bool wanted = engine_.wants_snapshot_link(now_);
    if (wanted && id_ == 0) {
      id_ = server.connect();
      engine_.on_snapshot_connected(now_);
    }
    if (id_ == 0) return;
    if (wanted) {
      server.on_bytes(id_, engine_.snapshot_bytes(), UnixNanos{now_.value});
      engine_.snapshot_bytes_sent(engine_.snapshot_bytes().size());
    }
    for (Bytes bytes; !(bytes = server.pending(id_)).empty();) {
      const Bytes part = bytes.first(std::min<std::size_t>(bytes.size(), 1'000));
      // Slower than the feed: what comes meanwhile has to be held.
      stream_at_ = std::max(stream_at_, now_) + milliseconds(1);
      snapshot_.send(part, now_, stream_at_ - now_);
      server.consumed(id_, part.size());
    }
    bool keep = wanted;
    while (keep && snapshot_.next() <= now_) {
      snapshot_.deliver([&](Bytes bytes, std::uint8_t) {
        keep = engine_.on_snapshot_bytes(bytes, now_);
      });
    }
    if (keep) return;
    server.disconnect(id_);
    id_ = 0;
    snapshot_ = {};
    engine_.on_snapshot_disconnected(now_);
  }

  exchange::Venue& venue_;
  std::mt19937_64 random_;
  std::uint32_t lose_one_in_;
  SpscRing ring_;
  risk::KillSwitch kill_switch_;
  engine::Engine engine_;
  DelayedWire wire_;
  DelayedWire snapshot_;
  exchange::SnapshotServer::Id id_ = 0;
  MonoNanos stream_at_{};
  MonoNanos now_;
};

void expect_same_queues(const engine::Engine& engine, const exchange::Market& market) {
  const book::OrderBooks& books = engine.books().books();
  std::size_t orders = 0;
  for (const exchange::Instrument& instrument : market.instruments()) {
    EXPECT_EQ(engine.books().symbol(instrument.id), instrument.symbol);
    EXPECT_FALSE(books.flagged(instrument.id));
    for (const Side side : {Side::kBuy, Side::kSell}) {
      Price price = kNoPrice;
      Qty ahead = 0;
      market.for_each_displayed(instrument.id, side, [&](const exchange::Order& order) {
        if (order.price != price) ahead = 0;
        price = order.price;
        book::OrderView seen;
        ASSERT_TRUE(books.find(order.reference, seen));
        ASSERT_EQ(seen.instrument, instrument.id);
        ASSERT_EQ(seen.side, side);
        ASSERT_EQ(seen.price, order.price);
        ASSERT_EQ(seen.qty, order.qty);
        ASSERT_EQ(books.qty_ahead(order.reference), ahead);
        ahead += order.qty;
        ++orders;
      });
    }
  }
  EXPECT_EQ(books.order_count(), orders);
  EXPECT_GT(orders, 20u);
}

engine::EngineConfig alone_config() {
  engine::EngineConfig config = trading_config();
  config.feed.retransmission = false;
  config.feed.snapshots = true;
  return config;
}

void expect_recovery(exchange::Venue& venue) {
  const UnixNanos start = *venue.next_time();
  venue.advance(start + UnixNanos{60'000'000'000});
  venue.drain_packets([](Bytes) {});  // nobody listens yet
  ASSERT_GT(venue.feed().next_sequence(), 100u);
  Joined quiet(venue, alone_config(), 1, 0);
  quiet.run(seconds(30));
  ASSERT_TRUE(quiet.settle());
  expect_same_queues(quiet.engine(), venue.market());
  EXPECT_EQ(quiet.engine().feed().counters().snapshots, 1u) << "one to join, no more";
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Joined lossy(venue, alone_config(), seed, 4);
    lossy.run(seconds(20));
    ASSERT_TRUE(lossy.settle());
    expect_same_queues(lossy.engine(), venue.market());
    EXPECT_GT(lossy.engine().feed().counters().snapshots, 1u);
    EXPECT_EQ(lossy.engine().feed().counters().requests, 0u);
  }
}

TEST(Recovery, IntoTheAgentsMarket) {
  const exchange::AgentParameters parameters;
  const auto instruments = exchange::Agents::instruments(parameters);
  exchange::Venue venue({"AGENTS", {{"SCALP1", "paper"}}},
                        exchange::Agents(parameters, 5, instruments),
                        exchange::Market(instruments, {}));
  expect_recovery(venue);
}

TEST(Recovery, IntoARecordedDay) {
  const Day day = simulated(6, seconds(240));
  exchange::Venue venue({"REPLAY", {{"SCALP1", "paper"}}}, exchange::RecordedDay(day),
                        exchange::Market(exchange::RecordedDay::instruments(day), {}));
  expect_recovery(venue);
}

}  // namespace
}  // namespace pyscalp::replay
