// Design principle 2: the engine's decisions are a function of its configuration and
// its inputs. What it journalled of a day is given to a fresh engine, which must send
// the same orders and cancels and book the same fills.
#include <gtest/gtest.h>

#include <random>

#include "fixture.hpp"
#include "journal/journal_file.hpp"

namespace pyscalp::replay {
namespace {

using engine::Command;
using engine::RecordKind;

constexpr std::size_t kRing = 8u << 20;

/// What goes wrong on the way, each 0 for never.
struct Weather {
  std::uint64_t seed = 1;
  std::uint32_t lose_one_in = 0;  ///< datagrams
  MonoNanos disconnect_every{};   ///< the order connection
  bool snapshots = false;         ///< nobody retransmits: snapshots, some of them cut
  MonoNanos stop_after{};
  Command stop_with = Command::kStop;
};

struct Journalled {
  std::vector<Day> records;  ///< of the ring, whole
  std::uint64_t digest = 0;
  std::size_t fills = 0;
  std::vector<journal::MarkoutMids> markouts;
  std::size_t round_trips = 0;
  std::uint64_t gaps = 0;
  std::uint64_t disconnects = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t snapshots_failed = 0;
};

/// A day in process like Replay's, with a ring in the hands of the test.
class JournalledDay {
 public:
  JournalledDay(const engine::EngineConfig& config, const Day& day, Weather weather)
      : weather_(weather),
        random_(weather.seed),
        venue_({"REPLAY", {{"SCALP1", "paper"}}}, exchange::RecordedDay(day),
               exchange::Market(exchange::RecordedDay::instruments(day), config.fees)),
        ring_(kRing),
        engine_(config, ring_, kill_switch_),
        now_{venue_.next_time()->value},
        clock_at_(now_),
        disconnect_at_(weather.disconnect_every.value == 0
                           ? kNever
                           : now_ + weather.disconnect_every),
        stop_at_(weather.stop_after.value == 0 ? kNever : now_ + weather.stop_after),
        recorder_({"AMZN"}) {}

  Journalled run() {
    connect();
    while (!engine_.finished() && (venue_.next_time() || now_ < last_ + seconds(70))) {
      step();
    }
    result_.digest = recorder_.digest();
    result_.fills = recorder_.fills().size();
    result_.markouts = recorder_.markouts();
    result_.round_trips = recorder_.round_trips().size();
    result_.gaps = engine_.feed().counters().gaps;
    result_.snapshots = engine_.feed().counters().snapshots;
    result_.snapshots_failed = engine_.feed().counters().snapshots_failed;
    EXPECT_EQ(ring_.refused(), 0u);
    return std::move(result_);
  }

 private:
  static constexpr MonoNanos kLatency{70'000};

  void connect() {
    connection_ = venue_.connect();
    engine_.on_connected(now_);
    drain();
  }
  void step() {
    const auto driver = venue_.next_time();
    const MonoNanos driver_at = driver ? MonoNanos{driver->value} : kNever;
    MonoNanos at =
        std::min({driver_at, orders_.next(), feed_.next(), answers_.next(),
                  snapshot_.next(), snapshot_out_.next(), engine_.next_deadline(),
                  clock_at_, disconnect_at_, stop_at_});
    now_ = std::max(now_, at);
    if (at == stop_at_) {
      stop_at_ = kNever;
      engine_.on_command(weather_.stop_with, now_);
    } else if (at == disconnect_at_) {
      disconnect_at_ = now_ + weather_.disconnect_every;
      ++result_.disconnects;
      venue_.disconnect(connection_, UnixNanos{now_.value});
      orders_ = {};
      answers_ = {};
      engine_.on_disconnected(now_);
      connect();
    } else if (at == orders_.next()) {
      orders_.deliver(
          [&](Bytes bytes, std::uint8_t request) { at_venue(bytes, request); });
    } else if (at == driver_at) {
      last_ = now_;
      venue_.advance(UnixNanos{now_.value}, 1);
    } else if (at == clock_at_) {
      clock_at_ = now_ + milliseconds(500);
      venue_.on_time(now_);
    } else if (at == feed_.next()) {
      feed_.deliver([&](Bytes bytes, std::uint8_t line) {
        engine_.on_datagram(static_cast<feed::Line>(line), bytes, now_);
      });
    } else if (at == snapshot_out_.next()) {
      snapshot_out_.deliver([&](Bytes bytes, std::uint8_t) {
        venue_.snapshots().on_bytes(snapshot_id_, bytes, UnixNanos{now_.value});
      });
    } else if (at == snapshot_.next()) {
      snapshot_.deliver([&](Bytes bytes, std::uint8_t) {
        const bool cut = random_() % 12 == 0;
        if (!engine_.on_snapshot_bytes(bytes, now_) || cut) close_snapshot();
      });
    } else if (at == answers_.next()) {
      answers_.deliver(
          [&](Bytes bytes, std::uint8_t) { engine_.on_order_bytes(bytes, now_); });
    } else {
      engine_.on_time(now_);
    }
    drain();
  }
  void at_venue(Bytes bytes, std::uint8_t request) {
    if (request == 0) return venue_.on_bytes(connection_, bytes, UnixNanos{now_.value});
    std::array<std::byte, exchange::FeedPublisher::kMaxPacket> answer;
    const std::size_t size = venue_.answer(bytes, answer.data());
    if (size == 0) return;
    feed_.send(Bytes(answer.data(), size), now_, kLatency,
               static_cast<std::uint8_t>(feed::Line::kRetransmission));
  }
  void close_snapshot() {
    venue_.snapshots().disconnect(snapshot_id_);
    snapshot_id_ = 0;
    snapshot_ = {};
    snapshot_out_ = {};
    engine_.on_snapshot_disconnected(now_);
  }
  void follow_snapshot() {
    const bool wanted = engine_.wants_snapshot_link(now_);
    if (wanted && snapshot_id_ == 0) {
      snapshot_id_ = venue_.snapshots().connect();
      engine_.on_snapshot_connected(now_);
    } else if (!wanted && snapshot_id_ != 0) {
      close_snapshot();
    }
    if (snapshot_id_ == 0) return;
    const Bytes out = engine_.snapshot_bytes();
    if (!out.empty()) {
      snapshot_out_.send(out, now_, kLatency);
      engine_.snapshot_bytes_sent(out.size());
    }
    for (;;) {
      const Bytes pending = venue_.snapshots().pending(snapshot_id_);
      if (pending.empty()) break;
      const Bytes part = pending.first(std::min<std::size_t>(pending.size(), 700));
      snapshot_.send(part, now_, kLatency);
      venue_.snapshots().consumed(snapshot_id_, part.size());
    }
  }
  void drain() {
    if (weather_.snapshots) follow_snapshot();
    venue_.drain_packets([&](Bytes datagram) {
      if (weather_.lose_one_in != 0 && random_() % weather_.lose_one_in == 0) return;
      feed_.send(datagram, now_, kLatency);
    });
    const Bytes answers = venue_.pending(connection_);
    if (!answers.empty()) {
      answers_.send(answers, now_, kLatency);
      venue_.consumed(connection_, answers.size());
    }
    venue_.drain_reports([](const exchange::Report&) {});
    const Bytes orders = engine_.order_bytes();
    if (!orders.empty()) {
      orders_.send(orders, now_, kLatency);
      engine_.order_bytes_sent(orders.size(), now_);
    }
    std::array<std::byte, wire::mold::kHeaderSize> request;
    while (engine_.take_request(now_, request))
      orders_.send(request, now_, kLatency, 1);
    while (ring_.try_pop([&](Bytes record) {
      recorder_.take(record);
      result_.records.emplace_back(record.begin(), record.end());
    })) {
    }
  }

  Weather weather_;
  std::mt19937_64 random_;
  exchange::Venue venue_;
  SpscRing ring_;
  risk::KillSwitch kill_switch_;
  engine::Engine engine_;
  DelayedWire feed_;
  DelayedWire orders_;
  DelayedWire answers_;
  DelayedWire snapshot_;
  DelayedWire snapshot_out_;
  exchange::SnapshotServer::Id snapshot_id_ = 0;
  MonoNanos now_;
  MonoNanos last_{};
  MonoNanos clock_at_;
  MonoNanos disconnect_at_;
  MonoNanos stop_at_;
  exchange::ConnectionId connection_ = 0;
  journal::Recorder recorder_;
  Journalled result_;
};

/// A fresh engine that is given a journal's inputs and nothing else.
class Rerun {
 public:
  explicit Rerun(const engine::EngineConfig& config)
      : ring_(kRing), engine_(config, ring_, kill_switch_), recorder_({"AMZN"}) {}

  void take(Bytes record) {
    engine::RecordHeader header;
    std::memcpy(&header, record.data(), sizeof header);
    const Bytes body = record.subspan(sizeof header);
    switch (header.kind) {
      case RecordKind::kDatagram:
        engine_.on_datagram(static_cast<feed::Line>(header.detail), body, header.time);
        break;
      case RecordKind::kOrderBytes:
        engine_.on_order_bytes(body, header.time);
        break;
      case RecordKind::kConnected:
        engine_.on_connected(header.time);
        break;
      case RecordKind::kDisconnected:
        engine_.on_disconnected(header.time);
        break;
      case RecordKind::kTime:
        engine_.on_time(header.time);
        break;
      case RecordKind::kSnapshotConnected:
        engine_.on_snapshot_connected(header.time);
        break;
      case RecordKind::kSnapshotDisconnected:
        engine_.on_snapshot_disconnected(header.time);
        break;
      case RecordKind::kSnapshotBytes:
        engine_.on_snapshot_bytes(body, header.time);
        break;
      case RecordKind::kCommand:
        engine_.on_command(static_cast<Command>(header.detail), header.time);
        break;
      default:
        return;  // not an input
    }
    engine_.order_bytes_sent(engine_.order_bytes().size(), header.time);
    while (ring_.try_pop([&](Bytes own) { recorder_.take(own); })) {
    }
    const book::Touch touch = engine_.books().books().touch(engine_.instrument(0));
    const bool known = !engine_.feed().gap_open() && touch.sound();
    mids_.push_back({header.time, known ? touch.mid() : kNoPrice});
  }
  /// Every markout is what a search through all mids of the day finds.
  void check_markouts() const {
    std::size_t known = 0;
    for (std::size_t i = 0; i < recorder_.fills().size(); ++i) {
      for (std::size_t h = 0; h < order::kMarkoutHorizons; ++h) {
        const MonoNanos at = recorder_.fills()[i].time + order::kMarkoutAfter[h];
        Price expected = kNoPrice;
        for (const auto& [time, mid] : mids_) {
          if (time > at) break;
          expected = mid;
        }
        if (at >= mids_.back().first) expected = kNoPrice;
        ASSERT_EQ(recorder_.markouts()[i][h], expected) << i << ' ' << h;
        known += expected != kNoPrice;
      }
    }
    EXPECT_GT(known, recorder_.fills().size());
  }
  const journal::Recorder& recorder() const { return recorder_; }
  const engine::Engine& engine() const { return engine_; }

 private:
  SpscRing ring_;
  risk::KillSwitch kill_switch_;
  engine::Engine engine_;
  journal::Recorder recorder_;
  std::vector<std::pair<MonoNanos, Price>> mids_;  ///< after every input
};

/// Every other day is a taker's, which trades more.
engine::EngineConfig config_of(std::uint64_t day_seed, bool journal_inputs) {
  engine::EngineConfig config = trading_config();
  config.journal_inputs = journal_inputs;
  if (day_seed % 2 == 0) {
    config.scalper.style = order::Style::kTaker;
    config.scalper.exit_after = seconds(3);
    config.scalper.hold_limit = seconds(5);
  }
  return config;
}

void expect_the_same(const Weather& weather, std::uint64_t day_seed) {
  SCOPED_TRACE(day_seed);
  engine::EngineConfig config = config_of(day_seed, true);
  config.feed.retransmission = !weather.snapshots;
  config.feed.snapshots = weather.snapshots;
  const Journalled original =
      JournalledDay(config, simulated(day_seed, seconds(300)), weather).run();
  ASSERT_GT(original.records.size(), 1'000u);
  if (day_seed % 2 == 0) {
    ASSERT_GT(original.fills, 20u);
  }
  if (weather.lose_one_in != 0 && !weather.snapshots) {
    ASSERT_GT(original.gaps, 10u);
  }
  if (weather.disconnect_every.value != 0) {
    ASSERT_GT(original.disconnects, 3u);
  }
  if (weather.snapshots) {
    ASSERT_GT(original.snapshots, 5u);
    ASSERT_GT(original.snapshots_failed, 2u);
  }
  // Without a journal of its own: what is not an input is not needed.
  config.journal_inputs = false;
  Rerun rerun(config);
  for (const Day& record : original.records) rerun.take(record);
  EXPECT_EQ(rerun.recorder().digest(), original.digest);
  EXPECT_EQ(rerun.recorder().fills().size(), original.fills);
  EXPECT_EQ(rerun.recorder().round_trips().size(), original.round_trips);
  EXPECT_EQ(rerun.recorder().markouts(), original.markouts);
  if (original.fills > 20) rerun.check_markouts();
}

TEST(JournalEquivalence, OfAnOrdinaryDay) {
  Weather weather;
  weather.stop_after = seconds(280);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) expect_the_same(weather, seed);
}

TEST(JournalEquivalence, OfADayOfLossAndReconnects) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Weather weather;
    weather.seed = seed;
    weather.lose_one_in = 50;
    weather.disconnect_every = seconds(17);
    weather.stop_after = seconds(280);
    expect_the_same(weather, seed);
  }
}

TEST(JournalEquivalence, OfADayOfLossAndSnapshots) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Weather weather;
    weather.seed = seed;
    weather.lose_one_in = 60;
    weather.snapshots = true;
    weather.stop_after = seconds(280);
    expect_the_same(weather, seed);
  }
}

TEST(JournalEquivalence, OfADayThatAKillEnded) {
  Weather weather;
  weather.stop_after = seconds(200);
  weather.stop_with = Command::kKill;
  expect_the_same(weather, 2);
}

TEST(JournalEquivalence, OfADayThatJustBreaksOff) { expect_the_same({}, 4); }

TEST(JournalEquivalence, ThroughTheFile) {
  Weather weather;
  weather.stop_after = seconds(100);
  const Journalled original =
      JournalledDay(config_of(4, true), simulated(4, seconds(120)), weather).run();
  const std::string path = testing::TempDir() + "/equivalence.journal";
  std::remove(path.c_str());
  {
    journal::JournalWriter writer(path);
    for (const Day& record : original.records) ASSERT_TRUE(writer.append(record));
    ASSERT_TRUE(writer.flush());
  }
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  ASSERT_NE(file, nullptr);
  std::fseek(file, 0, SEEK_END);
  Day bytes(static_cast<std::size_t>(std::ftell(file)));
  std::rewind(file);
  ASSERT_EQ(std::fread(bytes.data(), 1, bytes.size(), file), bytes.size());
  std::fclose(file);
  std::remove(path.c_str());
  journal::JournalReader reader(bytes);
  Rerun rerun(config_of(4, false));
  std::size_t records = 0;
  while (const auto record = reader.next()) {
    rerun.take(*record);
    ++records;
  }
  EXPECT_FALSE(reader.damaged());
  EXPECT_EQ(records, original.records.size());
  EXPECT_EQ(rerun.recorder().digest(), original.digest);
}

/// The switch is shared memory that the gate looks at by itself: what it saw, and when,
/// has to be in the journal too.
TEST(JournalEquivalence, WhereTheKillSwitchWasSeenBeforeItsCommand) {
  const Day day = simulated(2, seconds(120));
  SpscRing ring(kRing);
  risk::KillSwitch kill_switch;
  engine::Engine engine(config_of(1, true), ring, kill_switch);
  journal::Recorder recorder({"AMZN"});
  Rerun rerun(config_of(1, false));
  const auto drain = [&](MonoNanos now) {
    engine.order_bytes_sent(engine.order_bytes().size(), now);
    std::vector<Day> inputs;
    while (ring.try_pop([&](Bytes record) {
      recorder.take(record);
      inputs.emplace_back(record.begin(), record.end());
    })) {
    }
    for (const Day& input : inputs) rerun.take(input);
  };
  exchange::Venue venue({"REPLAY", {{"SCALP1", "paper"}}}, exchange::RecordedDay(day),
                        exchange::Market(exchange::RecordedDay::instruments(day), {}));
  MonoNanos now{venue.next_time()->value};
  const exchange::ConnectionId connection = venue.connect();
  engine.on_connected(now);
  std::size_t messages_after_kill = 0;
  while (venue.next_time()) {
    venue.on_bytes(connection, engine.order_bytes(), UnixNanos{now.value});
    drain(now);
    const Bytes answers = venue.pending(connection);
    if (!answers.empty()) {
      const Day copy(answers.begin(), answers.end());
      venue.consumed(connection, copy.size());
      engine.on_order_bytes(copy, now);
      continue;
    }
    // An order is out: someone else throws the switch, and it is a datagram that comes
    // next, not a look at the switch.
    if (engine.orders().open_count() != 0 &&
        now > MonoNanos{kDayOpen.value} + seconds(60)) {
      kill_switch.engage();
    }
    if (kill_switch.engaged() && ++messages_after_kill == 3) break;
    now = MonoNanos{venue.next_time()->value};
    venue.advance(UnixNanos{now.value}, 1);
    venue.drain_packets(
        [&](Bytes datagram) { engine.on_datagram(feed::Line::kA, datagram, now); });
  }
  ASSERT_EQ(messages_after_kill, 3u);
  engine.on_command(Command::kKill, now);
  drain(now);
  EXPECT_EQ(rerun.engine().gate().counts().cancels, engine.gate().counts().cancels);
  EXPECT_EQ(rerun.recorder().digest(), recorder.digest());
}

}  // namespace
}  // namespace pyscalp::replay
