// What nobody retransmits is had by a snapshot: no order until it is whole, the book is
// what the snapshot and the feed behind it say, and what was traded stays traded.
#include "engine/engine.hpp"
#include "fixture.hpp"
#include "wire/glimpse.hpp"

namespace pyscalp::engine {
namespace {

using risk::Denial;

EngineConfig recovering_config() {
  EngineConfig config = base_config();
  config.feed.snapshots = true;
  config.feed.snapshot_after_timeouts = 2;
  return config;
}

/// A rig whose snapshot server is in the hands of the test too.
struct RecoveryRig : Rig {
  explicit RecoveryRig(const EngineConfig& config = recovering_config())
      : Rig(config) {}

  /// A message is lost, and nobody answers: until a snapshot is wanted.
  void lose_for_good() {
    datagram(reduce(1, 1));
    tick();
    ask_in_vain();
  }
  void ask_in_vain() {
    std::array<std::byte, mold::kHeaderSize> request;
    for (int ms = 0; ms < 10'000 && !engine.wants_snapshot_link(now); ++ms) {
      now = now + milliseconds(1);
      while (engine.take_request(now, request)) {
      }
      if (now >= engine.next_deadline()) engine.on_time(now);
      if (ms % 50 == 0) answer(frame(soup::kServerHeartbeat));
    }
    ASSERT_TRUE(engine.wants_snapshot_link(now));
    sent();
  }
  void connect_snapshot() {
    engine.on_snapshot_connected(now);
    Lines login;
    soup::FrameReader reader;
    reader.feed(engine.snapshot_bytes(), [&](const soup::Frame& f) {
      ASSERT_EQ(f.type, soup::kLoginRequest);
      login.push_back(
          std::string(soup::decode<soup::LoginRequest>(f.payload)->sequence.trimmed()));
    });
    engine.snapshot_bytes_sent(engine.snapshot_bytes().size());
    EXPECT_EQ(login, Lines{"1"});
    Buffer accepted(soup::kHeaderSize + soup::LoginAccepted::kSize);
    soup::encode(soup::LoginAccepted{Text<10>("SNAP"), soup::number_text(1)},
                 accepted.data());
    EXPECT_TRUE(give(accepted));
  }
  bool give(const Buffer& bytes) { return engine.on_snapshot_bytes(bytes, now); }
  template <class Message>
  bool tell(const Message& message) {
    std::array<std::byte, itch::kMaxSize> bytes;
    const std::size_t size = encode(message, bytes.data());
    return give(frame(soup::kSequencedData, Bytes(bytes.data(), size)));
  }
  bool end(std::uint64_t next) {
    Buffer bytes(wire::glimpse::EndOfSnapshot::kSize);
    wire::glimpse::encode({soup::number_text(next)}, bytes.data());
    return give(frame(soup::kSequencedData, bytes));
  }
  /// The state as `open_market` leaves it, the bid's `first` share apart.
  void tell_state() {
    tell(system('Q'));
    tell(directory());
    tell(action('T'));
    tell(add(1, 'B', 299, kBid));
    tell(add(3, 'B', 300, kBid - kCent));
    tell(add(2, 'S', 300, kAsk));
    tell(add(4, 'S', 300, kAsk + kCent));
  }
  Price bid() const { return engine.books().books().touch(kAmzn).bid; }
  Qty bid_qty() const { return engine.books().books().touch(kAmzn).bid_qty; }
};

TEST(EngineRecovery, ASnapshotTakesThePlaceOfWhatIsMissing) {
  RecoveryRig rig;
  rig.start();
  rig.lose_for_good();
  const MonoNanos gave_up = rig.now;
  EXPECT_LE(gave_up - kOpen, milliseconds(200));
  rig.records();
  rig.connect_snapshot();
  rig.tick();
  EXPECT_TRUE(rig.engine.books().books().touch(kAmzn).sound()) << "nothing begun yet";
  rig.tell_state();
  EXPECT_TRUE(rig.engine.feed().resynchronising());
  EXPECT_FALSE(rig.end(rig.sequence)) << "the connection has done its work";
  EXPECT_FALSE(rig.engine.wants_snapshot_link(rig.now));
  rig.engine.on_snapshot_disconnected(rig.now);
  EXPECT_FALSE(rig.engine.feed().gap_open());
  EXPECT_EQ(rig.bid_qty(), 299);
  EXPECT_FALSE(rig.engine.books().books().flagged(kAmzn));
  EXPECT_EQ(rig.engine.books().books().order_count(), 4u);
  EXPECT_EQ(rig.engine.snapshots().counters().whole, 1u);
  // The price of a snapshot is no fresh one: the first order comes with the next tick.
  EXPECT_EQ(rig.orders_sent(), Lines{});
  rig.pass_window();
  rig.lean_up();
  EXPECT_EQ(rig.orders_sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
}

TEST(EngineRecovery, NoOrderUntilItIsWholeWhateverTheFeedSays) {
  RecoveryRig rig;
  rig.start();
  rig.lose_for_good();
  const std::uint64_t orders_before = rig.engine.gate().counts().orders;
  rig.connect_snapshot();
  rig.lean_up();
  EXPECT_EQ(rig.orders_sent(), Lines{});
  rig.tell(rig.system('Q'));
  rig.tell(rig.directory());
  rig.tell(rig.action('T'));
  rig.tell(rig.add(1, 'B', 3'000, kBid));
  rig.tell(rig.add(2, 'S', 60, kAsk));  // leans, were it whole
  for (int i = 0; i < 20; ++i) {
    rig.now = rig.now + milliseconds(20);
    rig.tick();
    rig.engine.on_time(rig.now);
    EXPECT_EQ(rig.orders_sent(), Lines{});
  }
  EXPECT_EQ(rig.engine.gate().counts().orders, orders_before);
  EXPECT_TRUE(rig.engine.snapshot(rig.now).gap_open);
  rig.end(rig.sequence);
  rig.engine.on_snapshot_disconnected(rig.now);
  rig.pass_window();
  EXPECT_EQ(rig.orders_sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
}

TEST(EngineRecovery, WhatCameMeanwhileIsAppliedFromTheSnapshotsEndOn) {
  RecoveryRig rig;
  rig.start();
  rig.lose_for_good();
  rig.connect_snapshot();
  rig.feed(rig.reduce(1, 100));  // contained in the snapshot
  const std::uint64_t next = rig.sequence;
  rig.feed(rig.reduce(1, 50));  // not contained
  rig.tell(rig.system('Q'));
  rig.tell(rig.directory());
  rig.tell(rig.action('T'));
  rig.tell(rig.add(1, 'B', 199, kBid));
  rig.tell(rig.add(2, 'S', 300, kAsk));
  rig.feed(rig.add(77, 'B', 20, kBid));
  rig.end(next);
  rig.engine.on_snapshot_disconnected(rig.now);
  EXPECT_EQ(rig.bid_qty(), 149 + 20);
  EXPECT_EQ(rig.engine.books().books().qty_ahead(77), 149);
  EXPECT_FALSE(rig.engine.books().books().flagged(kAmzn));
}

TEST(EngineRecovery, JoiningInMidDayWithoutARetransmissionServer) {
  EngineConfig config = recovering_config();
  config.feed.retransmission = false;
  RecoveryRig rig(config);
  rig.sequence = 100'000;
  rig.go_live();
  rig.tick();
  EXPECT_TRUE(rig.engine.feed().gap_open());
  EXPECT_FALSE(rig.engine.wants_snapshot_link(rig.now));
  rig.now = rig.now + milliseconds(2);
  EXPECT_TRUE(rig.engine.wants_snapshot_link(rig.now));
  rig.connect_snapshot();
  rig.tell_state();
  rig.end(rig.sequence);
  rig.engine.on_snapshot_disconnected(rig.now);
  EXPECT_EQ(rig.engine.instrument(0), kAmzn);
  rig.pass_window();
  EXPECT_EQ(rig.engine.phase(), Phase::kRunning);
  rig.lean_up();
  EXPECT_EQ(rig.orders_sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
}

TEST(EngineRecovery, OneThatIsCutLeavesNoBookAndIsTriedAgainLater) {
  RecoveryRig rig;
  rig.start();
  rig.lose_for_good();
  rig.connect_snapshot();
  rig.tell_state();
  rig.records();
  rig.engine.on_snapshot_disconnected(rig.now);
  EXPECT_EQ(rig.engine.books().books().order_count(), 0u);
  EXPECT_TRUE(rig.engine.feed().gap_open());
  EXPECT_FALSE(rig.engine.feed().resynchronising());
  std::size_t failed = 0;
  for (const Record& record : rig.records()) {
    failed += record.header.kind == RecordKind::kConnection &&
              record.header.detail ==
                  static_cast<std::uint8_t>(ConnectionEvent::kSnapshotFailed);
  }
  EXPECT_EQ(failed, 1u);
  EXPECT_FALSE(rig.engine.wants_snapshot_link(rig.now));
  rig.ask_in_vain();
  rig.connect_snapshot();
  rig.tell_state();
  rig.end(rig.sequence);
  EXPECT_EQ(rig.bid_qty(), 299);
  EXPECT_FALSE(rig.engine.feed().gap_open());
}

TEST(EngineRecovery, OneThatNobodyNeedsAnyMoreIsLeftAlone) {
  RecoveryRig rig;
  rig.start();
  const Buffer lost = rig.datagram(rig.reduce(1, 1));
  rig.tick();
  rig.ask_in_vain();
  rig.connect_snapshot();
  rig.deliver(lost, feed::Line::kB);
  EXPECT_FALSE(rig.engine.feed().gap_open());
  EXPECT_EQ(rig.bid_qty(), 299);
  EXPECT_FALSE(rig.tell(rig.system('Q')));
  rig.engine.on_snapshot_disconnected(rig.now);
  EXPECT_EQ(rig.bid_qty(), 299);
  EXPECT_EQ(rig.engine.books().books().order_count(), 4u);
  EXPECT_FALSE(rig.engine.wants_snapshot_link(rig.now + seconds(60)));
}

TEST(EngineRecovery, APositionIsKeptAndLeftOnceTheBookIsThere) {
  RecoveryRig rig;
  rig.buy();
  EXPECT_EQ(rig.orders_sent().size(), 1u);
  rig.accepted(2);
  rig.lose_for_good();
  rig.connect_snapshot();
  rig.tell_state();
  rig.canceled(2, 10);
  EXPECT_EQ(rig.orders_sent(), Lines{});
  EXPECT_EQ(rig.position(), 10);
  EXPECT_EQ(rig.engine.gate().state(), risk::TradingState::kActive);
  rig.end(rig.sequence);
  rig.engine.on_snapshot_disconnected(rig.now);
  rig.pass_window();
  ASSERT_EQ(rig.orders_sent().size(), 1u);
  EXPECT_EQ(rig.position(), 10);
}

TEST(EngineRecovery, ADeadlineExitDoesNotTakeHalfABookForTheMarket) {
  RecoveryRig rig;
  rig.buy();
  rig.sent();
  rig.accepted(2);
  rig.canceled(2, 10);
  rig.sent();
  rig.lose_for_good();
  rig.accepted(3);
  rig.connect_snapshot();
  rig.tell(rig.system('Q'));
  rig.tell(rig.directory());
  rig.tell(rig.action('T'));
  rig.tell(rig.add(3, 'B', 300, 500'000));  // the deep end of the book comes first
  rig.tell(rig.add(2, 'S', 300, 500'100));
  rig.canceled(3, 10);
  const MonoNanos deadline =
      rig.engine.ledger().position(kAmzn).opened() + base_config().scalper.deadline;
  Lines lines;
  // The snapshot server says nothing more, but it lives.
  while (rig.now < deadline) {
    rig.give(rig.frame(soup::kServerHeartbeat));
    for (std::string& line : rig.wait(milliseconds(500))) lines.push_back(line);
  }
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back(),
            "#" + lines.back().substr(1, 1) + " sell 10 AMZN at 995000 ioc");
}

TEST(EngineRecovery, ANewSessionInTheMiddleOfASnapshotVoidsIt) {
  RecoveryRig rig;
  rig.start();
  rig.lose_for_good();
  rig.connect_snapshot();
  rig.tell_state();
  rig.feed_session = "FEED2";
  rig.sequence = 1;
  const Buffer first = rig.datagram(rig.directory("AMZN", 11));
  for (int i = 0; i < 3; ++i) rig.deliver(first);
  EXPECT_EQ(rig.engine.instrument(0), InstrumentId{11});
  EXPECT_FALSE(rig.tell(rig.add(9, 'B', 100, kBid)));
  EXPECT_FALSE(rig.engine.wants_snapshot_link(rig.now));
  rig.engine.on_snapshot_disconnected(rig.now);
  EXPECT_EQ(rig.engine.books().books().order_count(), 0u);
  EXPECT_FALSE(rig.engine.feed().gap_open());
  EXPECT_EQ(rig.engine.instrument(0), InstrumentId{11});
}

TEST(EngineRecovery, GarbageFromTheSnapshotServerDoesNoHarm) {
  RecoveryRig rig;
  rig.start();
  rig.lose_for_good();
  std::uint64_t state = 9;
  const auto random = [&state] {
    return state = state * 6364136223846793005u + 1442695040888963407u, state >> 33;
  };
  for (int round = 0; round < 300; ++round) {
    rig.engine.on_snapshot_connected(rig.now);
    rig.engine.snapshot_bytes_sent(rig.engine.snapshot_bytes().size());
    if (round % 2 == 0) {
      Buffer accepted(soup::kHeaderSize + soup::LoginAccepted::kSize);
      soup::encode(soup::LoginAccepted{Text<10>("SNAP"), soup::number_text(1)},
                   accepted.data());
      rig.give(accepted);
    }
    Buffer noise(random() % 300);
    for (std::byte& byte : noise) byte = static_cast<std::byte>(random());
    if (round % 3 == 0 && noise.size() > 3) {
      soup::encode_header(soup::kSequencedData, noise.size() - 3, noise.data());
    }
    rig.give(noise);
    rig.engine.on_snapshot_disconnected(rig.now);
  }
  EXPECT_TRUE(rig.engine.feed().gap_open());
  EXPECT_EQ(rig.orders_sent(), Lines{});
  rig.ask_in_vain();
  rig.connect_snapshot();
  rig.tell_state();
  rig.end(rig.sequence);
  EXPECT_EQ(rig.bid_qty(), 299);
  EXPECT_FALSE(rig.engine.books().books().flagged(kAmzn));
}

}  // namespace
}  // namespace pyscalp::engine
