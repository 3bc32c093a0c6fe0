// What the feed may do to the engine: gaps, halts, odd books, a new session, garbage,
// and time that jumps.
#include <random>

#include "engine/engine.hpp"
#include "fixture.hpp"

namespace pyscalp::engine {
namespace {

using risk::Denial;

/// The request that is due, if any.
std::optional<mold::Header> request(Rig& rig) {
  std::array<std::byte, mold::kHeaderSize> bytes;
  if (!rig.engine.take_request(rig.now, bytes)) return std::nullopt;
  mold::Header header;
  Reader reader(bytes.data());
  header.map(reader);
  return header;
}

TEST(EngineGap, NoOrderLeavesWhileAMessageIsMissing) {
  Rig rig;
  rig.start();
  rig.records();
  const std::uint64_t missing = rig.sequence;
  const Buffer lost = rig.datagram(rig.reduce(2, 240));  // leans up
  rig.tick();
  EXPECT_TRUE(rig.engine.feed().gap_open());
  for (int i = 0; i < 50; ++i) {
    rig.now = rig.now + milliseconds(1);
    rig.tick();
  }
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_EQ(rig.engine.gate().counts().orders, 0u);
  EXPECT_EQ(rig.count(RecordKind::kGap), 1u);
  const auto asked = request(rig);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->sequence, missing);
  EXPECT_EQ(asked->count, 1u);
  // The answer completes the book, and the lean in it is traded on at once.
  rig.deliver(lost, feed::Line::kRetransmission);
  EXPECT_FALSE(rig.engine.feed().gap_open());
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
  std::vector<Record> records = rig.records();
  std::erase_if(records,
                [](const Record& r) { return r.header.kind != RecordKind::kGap; });
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].header.detail, 0);
}

TEST(EngineGap, AForecastFromBeforeTheGapIsDenied) {
  EngineConfig config = base_config();
  config.scalper.reentry_wait = {0};
  Rig rig(config);
  rig.start();
  rig.lean_up();
  EXPECT_EQ(rig.sent().size(), 1u);
  rig.accepted(1);
  rig.datagram(rig.reduce(1, 1));
  rig.tick();  // the gap is known
  rig.canceled(1, 10);
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_EQ(rig.denied(Denial::kGapOpen), 1u);
  EXPECT_EQ(rig.engine.gate().counts().orders, 1u);
}

TEST(EngineGap, ThroughAGapADeadlineExitGoesAndIsMarked) {
  Rig rig;
  rig.buy();
  rig.sent();
  rig.accepted(2);
  rig.datagram(rig.reduce(1, 1));
  rig.tick();
  rig.wait(base_config().scalper.exit_after);
  rig.canceled(2, 10);
  EXPECT_EQ(rig.orders_sent(), Lines{});
  rig.records();
  const MonoNanos deadline =
      rig.engine.ledger().position(kAmzn).opened() + base_config().scalper.deadline;
  EXPECT_EQ(rig.wait(deadline - rig.now), Lines{"#3 sell 10 AMZN at 995000 ioc"});
  std::size_t marked = 0;
  for (const Record& record : rig.records()) {
    if (record.header.kind != RecordKind::kOrderSent) continue;
    const auto sent = record.as<SentOrder>();
    marked += sent.gap_open == 1 && sent.deadline_exit == 1;
  }
  EXPECT_EQ(marked, 1u);
}

TEST(EngineFeed, ALeanOnTheSecondLineAloneIsEnough) {
  Rig rig;
  rig.start();
  const Buffer bytes = rig.datagram(rig.reduce(2, 240));
  rig.deliver(bytes, feed::Line::kB);
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
  rig.deliver(bytes, feed::Line::kA);
  EXPECT_EQ(rig.sent(), Lines{});
}

TEST(EngineFeed, AHaltStopsEntries) {
  Rig rig;
  rig.start();
  std::uint64_t lean = 500;
  for (const char state : {'H', 'P', 'Q'}) {
    rig.feed(rig.action(state));
    rig.feed(rig.add(++lean, 'B', 2'000, kBid));
    EXPECT_EQ(rig.sent(), Lines{}) << state;
    rig.feed(rig.remove(lean));
  }
  EXPECT_EQ(rig.denied(Denial::kInstrumentHalted), 3u);
  rig.feed(rig.action('T'));
  rig.feed(rig.add(++lean, 'B', 2'000, kBid));
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
}

TEST(EngineFeed, AfterTheMarketNoEntry) {
  Rig rig;
  rig.start();
  rig.feed(rig.system('M'));
  rig.lean_up();
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_EQ(rig.denied(Denial::kInstrumentHalted), 1u);
}

TEST(EngineFeed, ACrossedLockedOrOneSidedBookIsNotTradedOn) {
  Rig rig;
  rig.start();
  rig.feed(rig.add(50, 'B', 3'000, kAsk));  // locked
  rig.tick();
  rig.feed(rig.replace(50, 51, 3'000, kAsk + kCent));  // crossed
  rig.tick();
  rig.feed(rig.remove(51), rig.remove(1), rig.remove(3));  // no bid
  rig.tick();
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_EQ(rig.engine.gate().counts().orders, 0u);
}

TEST(EngineFeed, AFlaggedBookIsNotTradedOn) {
  Rig rig;
  rig.start();
  rig.feed(rig.remove(999));  // of no order
  rig.lean_up();
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_EQ(rig.denied(Denial::kBookUnusable), 1u);
}

TEST(EngineFeed, ANewSessionEmptiesTheBooks) {
  Rig rig;
  rig.start();
  ASSERT_TRUE(rig.engine.books().books().touch(kAmzn).sound());
  rig.feed_session = "FEED2";
  rig.sequence = 1;
  // Two foreign packets are not believed, the third is.
  const Buffer first = rig.datagram(rig.directory("AMZN", 11));
  rig.deliver(first);
  rig.deliver(first);
  EXPECT_TRUE(rig.engine.books().books().touch(kAmzn).sound());
  rig.deliver(first);
  EXPECT_FALSE(rig.engine.books().books().touch(kAmzn).two_sided());
  EXPECT_EQ(rig.engine.books().symbol(kAmzn), "");
  EXPECT_EQ(rig.engine.instrument(0), InstrumentId{11});
  // The old number is nobody's now; the new one trades once the market is open again.
  rig.feed(rig.add(1, 'B', 300, kBid), rig.add(2, 'S', 60, kAsk));
  EXPECT_EQ(rig.sent(), Lines{});
  rig.feed(rig.add(5, 'B', 300, kBid, 11), rig.add(6, 'S', 60, kAsk, 11));
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_GT(rig.denied(Denial::kInstrumentHalted), 0u);
  rig.now = rig.now + milliseconds(150);
  rig.feed(rig.system('Q'), rig.action('T', 11));
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
}

TEST(EngineFeed, ANewSessionAnnouncedByAHeartbeatEmptiesTheBooksToo) {
  Rig rig;
  rig.start();
  rig.feed_session = "FEED2";
  for (int i = 0; i < 3; ++i) rig.deliver(rig.control(1, mold::kHeartbeat));
  EXPECT_FALSE(rig.engine.books().books().touch(kAmzn).two_sided());
}

TEST(EngineFeed, APositionHeldAcrossANewSessionHalts) {
  // The instrument may have another number now, or none: what is held cannot be left by
  // the engine's own means.
  Rig rig;
  rig.buy();
  rig.sent();
  rig.accepted(2);
  rig.feed_session = "FEED2";
  rig.sequence = 1;
  const Buffer first = rig.datagram(rig.directory("AMZN", 11));
  for (int i = 0; i < 3; ++i) rig.deliver(first);
  EXPECT_EQ(rig.engine.gate().state(), risk::TradingState::kHalted);
  EXPECT_EQ(rig.sent(), Lines{"cancel #2"});
}

TEST(EngineFeed, GarbageDatagramsDoNoHarm) {
  Rig rig;
  rig.start();
  std::mt19937_64 random(3);
  const Buffer good = rig.datagram(rig.reduce(2, 240));
  for (int i = 0; i < 20'000; ++i) {
    Buffer bytes = good;
    switch (random() % 4) {
      case 0:  // cut
        bytes.resize(random() % bytes.size());
        break;
      case 1:  // longer than it says
        bytes.resize(bytes.size() + 1 + random() % 40);
        break;
      case 2:  // a length or count that is not true; the session and number stand
        bytes[18 + random() % 4] ^= static_cast<std::byte>(1 + random() % 255);
        break;
      default:  // noise from the first byte on
        bytes.resize(random() % 200);
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    }
    rig.deliver(bytes, static_cast<feed::Line>(random() % 3));
  }
  EXPECT_EQ(rig.sent(), Lines{});
  EXPECT_GT(rig.engine.feed().counters().malformed, 0u);
  EXPECT_EQ(rig.engine.feed().generation(), 1u);
  EXPECT_FALSE(rig.engine.books().books().flagged(kAmzn));
  rig.deliver(good);
  EXPECT_EQ(rig.sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
}

TEST(EngineFeed, MessagesOfNoKnownKindAreSkippedAndCutOnesFlagTheBook) {
  Rig rig;
  rig.start();
  const auto give = [&](Bytes message) {
    mold::PacketBuilder builder;
    builder.start(mold::Session(rig.feed_session), rig.sequence++);
    builder.append(message);
    const Bytes bytes = builder.finish();
    rig.deliver(Buffer(bytes.begin(), bytes.end()));
  };
  std::array<std::byte, itch::kMaxSize> bytes;
  const std::size_t size = encode(rig.add(90, 'B', 100, kBid), bytes.data());
  bytes[0] = static_cast<std::byte>('~');
  give(Bytes(bytes.data(), size));
  give({});
  EXPECT_FALSE(rig.engine.books().books().flagged(kAmzn));
  bytes[0] = static_cast<std::byte>('A');
  give(Bytes(bytes.data(), size - 1));
  EXPECT_TRUE(rig.engine.books().books().flagged(kAmzn));
  rig.lean_up();
  EXPECT_EQ(rig.sent(), Lines{});
}

TEST(EngineTime, NoOrderOnAPriceThatATimeJumpMadeStale) {
  EngineConfig config = base_config();
  Rig rig(config);
  rig.start();
  rig.lean_up();
  EXPECT_EQ(rig.sent().size(), 1u);
  rig.accepted(1);
  rig.now = rig.now + seconds(5);  // the process stood still
  rig.canceled(1, 10);             // the old forecast still says buy
  EXPECT_EQ(rig.orders_sent(), Lines{});
  EXPECT_EQ(rig.denied(Denial::kStalePrice), 1u);
  rig.engine.on_time(rig.now);
  EXPECT_EQ(rig.orders_sent(), Lines{});
  rig.tick();
  EXPECT_EQ(rig.orders_sent(), Lines{"#2 buy 10 AMZN at 1000000 post-only"});
}

TEST(EngineTime, StaleIsStrictlyMoreThanTheLimit) {
  for (const std::int64_t extra : {-1, 0, 1}) {
    Rig rig;
    rig.start();
    rig.lean_up();
    rig.sent();
    rig.accepted(1);
    rig.now = rig.now + milliseconds(300) + MonoNanos{extra};
    rig.canceled(1, 10);
    EXPECT_EQ(rig.orders_sent().size(), extra > 0 ? 0u : 1u) << extra;
  }
}

TEST(EngineTime, NoOrderOnDatagramsThatWaitedWhileTheProcessStoodStill) {
  // What piled up in the socket is read in one go, seconds after it was sent: its own
  // stamps say so, the time of reading does not.
  Rig rig;
  rig.start();
  for (int i = 0; i < 20; ++i) {
    rig.now = rig.now + milliseconds(50);
    rig.tick();
  }
  const Buffer waited = rig.datagram(rig.reduce(2, 240));
  rig.now = rig.now + seconds(5);
  rig.deliver(waited);
  EXPECT_EQ(rig.orders_sent(), Lines{});
}

}  // namespace
}  // namespace pyscalp::engine
