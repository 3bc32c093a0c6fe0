// What the engine tells of a fill's surroundings: the touch at arrival, the mid then
// and the mids that followed.
#include "fixture.hpp"

namespace pyscalp::engine {
namespace {

constexpr Price kMid = price_from_e4((kBid + kAsk) / 2);

std::vector<order::Markout> markouts(Rig& rig) {
  std::vector<order::Markout> found;
  for (const Record& record : rig.records()) {
    if (record.header.kind == RecordKind::kMarkout) {
      found.push_back(record.as<order::Markout>());
    }
  }
  return found;
}

order::Fill first_fill(Rig& rig) {
  for (const Record& record : rig.records()) {
    if (record.header.kind == RecordKind::kFill) return record.as<order::Fill>();
  }
  ADD_FAILURE() << "no fill";
  return {};
}

TEST(EngineMarkouts, AFillKnowsTheTouchAtArrivalAndTheMidAtItsOwnTime) {
  Rig rig;
  rig.start();
  rig.lean_up();
  rig.accepted(1);
  rig.feed(rig.remove(2), rig.add(20, 'S', 240, kAsk + 2 * kCent));  // ask a cent up
  rig.executed(1, 10, kBid, 501);
  const order::Fill fill = first_fill(rig);
  EXPECT_EQ(fill.number, 1u);
  EXPECT_EQ(fill.arrival_mid, kMid);
  EXPECT_EQ(fill.arrival_half_spread, price_from_e4(kCent));
  EXPECT_EQ(fill.half_spread(), -price_from_e4(kCent));
  EXPECT_EQ(fill.slippage(), Price{});
  EXPECT_EQ(fill.mid, price_from_e4(kBid + 3 * kCent / 2));
}

/// The feed has been as fast as the order session, or faster: what the order itself did
/// to the book is not what it met there.
TEST(EngineMarkouts, TheTouchAtArrivalIsTheOneBeforeTheOrdersOwnTrades) {
  EngineConfig config = base_config();
  config.scalper.style = order::Style::kTaker;
  config.signals.of<signal::BookImbalance>().options.horizon_gain = 10;
  Rig rig(config);
  rig.start();
  rig.lean_up();
  rig.now = rig.now + milliseconds(1);
  const Buffer ack = rig.accepted_bytes(1);
  const Buffer fill_bytes = rig.executed_bytes(1, 10, kAsk, 501, 'R');
  rig.feed(rig.remove(2), rig.reduce(4, 10));  // the ask is gone: a cent up
  rig.feed(rig.reduce(4, 10));                 // of the same stamp
  rig.answer(ack);
  rig.answer(fill_bytes);
  const order::Fill fill = first_fill(rig);
  EXPECT_EQ(fill.arrival_mid, kMid);
  EXPECT_EQ(fill.half_spread(), price_from_e4(kCent));
  EXPECT_EQ(fill.slippage(), Price{});
  EXPECT_EQ(fill.mid, kMid + price_from_e4(kCent / 2));
}

TEST(EngineMarkouts, WithoutABookBeforeItTheTouchAtArrivalIsUnknown) {
  TouchBefore touches;
  const book::Touch now{price_from_e4(kBid), price_from_e4(kAsk), 1, 1};
  EXPECT_EQ(touches.before({5}, now), now);  // nothing has changed since the start
  touches.on_change({7}, now);
  EXPECT_FALSE(touches.before({7}, now).sound());
  EXPECT_FALSE(touches.before({6}, now).sound());
  EXPECT_EQ(touches.before({8}, now), now);
  const book::Touch later{now.bid, now.ask + price_from_e4(kCent), 1, 1};
  touches.on_change({9}, later);
  EXPECT_EQ(touches.before({9}, later), now);
  touches.on_sent({20}, later);
  touches.on_change({21}, now);
  touches.on_change({21}, now);
  EXPECT_EQ(touches.before({21}, now), later);
  touches.reset();
  EXPECT_EQ(touches.before({9}, later), later);
}

TEST(EngineMarkouts, FollowTheMidOverOneFiveAndThirtySeconds) {
  Rig rig;
  rig.buy();
  const order::Fill fill = first_fill(rig);
  const MonoNanos filled = rig.now;
  EXPECT_EQ(fill.mid, kMid);
  // The mid falls half a cent at the very nanosecond of the first horizon.
  rig.now = filled + seconds(1);
  rig.feed(rig.remove(1));
  EXPECT_TRUE(markouts(rig).empty());
  // It falls further just after it, which is too late.
  rig.now = filled + seconds(1) + MonoNanos{1};
  rig.feed(rig.remove(2), rig.add(20, 'S', 300, kAsk - kCent));
  const auto after_one = markouts(rig);
  ASSERT_EQ(after_one.size(), 1u);
  EXPECT_EQ(after_one[0].fill, fill.number);
  EXPECT_EQ(after_one[0].horizon, 0);
  EXPECT_EQ(after_one[0].mid, kMid - price_from_e4(kCent / 2));
  // Nothing comes for long: the first input after that settles the rest.
  const book::Touch last = rig.engine.books().books().touch(kAmzn);
  rig.now = filled + seconds(40);
  rig.feed(rig.add(30, 'B', 300, kBid));
  const auto rest = markouts(rig);
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[0].horizon, 1);
  EXPECT_EQ(rest[1].horizon, 2);
  EXPECT_EQ(rest[0].mid, last.mid());
  EXPECT_EQ(rest[1].mid, last.mid());
}

TEST(EngineMarkouts, AGapOrHalfABookIsNoMid) {
  Rig rig;
  rig.buy();
  rig.records();
  const MonoNanos filled = rig.now;
  const Buffer lost = rig.datagram(rig.remove(3));
  rig.now = filled + milliseconds(500);
  rig.tick();  // shows that one is missing
  EXPECT_TRUE(rig.engine.feed().gap_open());
  rig.now = filled + seconds(2);
  rig.deliver(lost, feed::Line::kRetransmission);
  EXPECT_FALSE(rig.engine.feed().gap_open());
  auto found = markouts(rig);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].mid, kNoPrice);
  rig.feed(rig.remove(1));  // no bid is left
  rig.now = filled + seconds(6);
  rig.tick();
  found = markouts(rig);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].horizon, 1);
  EXPECT_EQ(found[0].mid, kNoPrice);
}

}  // namespace
}  // namespace pyscalp::engine
