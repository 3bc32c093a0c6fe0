// Orders and cancels as they stand on the wire, and what the venue answers.
#include "fixture.hpp"

namespace pyscalp::session {
namespace {

struct OrdersTest : SessionTest {
  struct Inbound {
    std::vector<ouch::EnterOrder> orders;
    std::vector<ouch::CancelOrder> cancels;
    void on(const ouch::EnterOrder& m) { orders.push_back(m); }
    void on(const ouch::CancelOrder& m) { cancels.push_back(m); }
  };
  Inbound decode_sent() {
    Inbound inbound;
    for (const auto& [type, payload] : sent()) {
      EXPECT_EQ(type, soup::kUnsequencedData);
      EXPECT_EQ(ouch::decode_inbound(payload, inbound), ouch::DecodeStatus::kOk);
    }
    return inbound;
  }
};

TEST_F(OrdersTest, OrderStandsOnTheWireAsWished) {
  go_live(1, 70'000);
  order::Wish w = wish();
  EXPECT_EQ(send(w), 70'000u);
  w.side = Side::kSell;
  w.qty = 1;
  w.limit = price_from_e4(1'999'999'900);
  w.time_in_force = order::TimeInForce::kIoc;
  EXPECT_EQ(send(w), 70'001u);
  w.post_only = true;
  w.qty = 999'999;
  w.limit = price_from_e4(100);
  EXPECT_EQ(send(w), 70'002u);
  const Inbound inbound = decode_sent();
  ASSERT_EQ(inbound.orders.size(), 3u);

  const ouch::EnterOrder& buy = inbound.orders[0];
  EXPECT_EQ(buy.user_ref, 70'000u);
  EXPECT_EQ(buy.side, 'B');
  EXPECT_EQ(buy.quantity, 10u);
  EXPECT_EQ(buy.symbol.trimmed(), "AMZN");
  EXPECT_EQ(buy.price_e4, 2'234'500u);
  EXPECT_EQ(buy.time_in_force, ouch::kTimeInForceDay);
  EXPECT_EQ(buy.display, ouch::kVisible);
  EXPECT_EQ(buy.capacity, 'P');
  EXPECT_EQ(buy.intermarket_sweep, 'N');
  EXPECT_EQ(buy.cross_type, 'N');
  EXPECT_FALSE(buy.options.post_only);

  const ouch::EnterOrder& sell = inbound.orders[1];
  EXPECT_EQ(sell.side, 'S');
  EXPECT_EQ(sell.quantity, 1u);
  EXPECT_EQ(sell.price_e4, 1'999'999'900u);
  EXPECT_EQ(sell.time_in_force, ouch::kTimeInForceIoc);
  EXPECT_FALSE(sell.options.post_only);

  EXPECT_TRUE(inbound.orders[2].options.post_only);
  EXPECT_EQ(inbound.orders[2].quantity, 999'999u);
  EXPECT_EQ(inbound.orders[2].price_e4, 100u);
}

TEST_F(OrdersTest, CancelTakesAllThatIsOpen) {
  go_live();
  EXPECT_TRUE(session.cancel(gate.cancel(0xdeadbeef), now));
  const Inbound inbound = decode_sent();
  ASSERT_EQ(inbound.cancels.size(), 1u);
  EXPECT_EQ(inbound.cancels[0].user_ref, 0xdeadbeefu);
  EXPECT_EQ(inbound.cancels[0].quantity, 0u);
}

TEST_F(OrdersTest, NothingIsSentUnlessLive) {
  EXPECT_EQ(send(wish()), 0u);
  connect();
  EXPECT_EQ(send(wish()), 0u);
  EXPECT_FALSE(session.cancel(gate.cancel(1), now));
  give(login_accepted("DAY1", 1));
  EXPECT_EQ(send(wish()), 0u);
  give(query_response(1));
  EXPECT_EQ(send(wish()), 1u);
  session.on_disconnected();
  EXPECT_TRUE(session.outbound().empty());  // never sent twice by a new connection
  EXPECT_EQ(send(wish()), 0u);
}

TEST_F(OrdersTest, WhatOuchCannotSayIsNotSent) {
  go_live();
  order::Wish w = wish();
  w.qty = 1'000'000;
  EXPECT_EQ(send(w), 0u);
  w = wish();
  w.limit = price_from_e4(1'999'999'901);
  EXPECT_EQ(send(w), 0u);
  w.limit = {kLimit.value + 1};
  EXPECT_EQ(send(w), 0u);
  w = wish();
  w.instrument = InstrumentId{8};  // no symbol
  EXPECT_EQ(send(w), 0u);
  EXPECT_TRUE(session.outbound().empty());
  EXPECT_EQ(session.next_user_ref(), 1u);
}

TEST_F(OrdersTest, OneApprovalIsOneOrder) {
  go_live();
  auto gated = gate.pass(wish());
  ASSERT_TRUE(gated.has_value());
  EXPECT_EQ(session.send(std::move(*gated), now), 1u);
  EXPECT_EQ(session.send(std::move(*gated), now), 0u);
  auto cancel = gate.cancel(1);
  EXPECT_TRUE(session.cancel(std::move(cancel), now));
  EXPECT_FALSE(session.cancel(std::move(cancel), now));
}

TEST_F(OrdersTest, FullBufferRefusesAndRecovers) {
  SessionOptions tight = options();
  tight.outbound_capacity = 256;
  session = OuchSession(tight);
  session.set_symbol(kAmzn, ouch::Symbol("AMZN"));
  go_live();
  std::uint32_t last = 0;
  while (const std::uint32_t ref = send(wish())) last = ref;
  EXPECT_GE(last, 3u);
  EXPECT_EQ(session.next_user_ref(), last + 1);
  EXPECT_LE(session.outbound().size(), 256u);
  // Part of it is sent, cut in the middle of an order; the next one fits again.
  std::vector<std::byte> wire(session.outbound().begin(), session.outbound().end());
  session.consumed(60);
  EXPECT_EQ(send(wish()), last + 1);
  wire.resize(60);
  wire.insert(wire.end(), session.outbound().begin(), session.outbound().end());
  Inbound inbound;
  soup::FrameReader reader;
  EXPECT_TRUE(reader.feed(wire, [&](const soup::Frame& f) {
    EXPECT_EQ(ouch::decode_inbound(f.payload, inbound), ouch::DecodeStatus::kOk);
  }));
  ASSERT_EQ(inbound.orders.size(), last + 1);
  EXPECT_EQ(inbound.orders.back().user_ref, last + 1);
}

TEST_F(OrdersTest, LastUserReferenceIsTheEnd) {
  go_live(1, 0xffffffff);
  EXPECT_EQ(send(wish()), 0xffffffffu);
  EXPECT_EQ(send(wish()), 0u);
  give(query_response(5));
  EXPECT_EQ(send(wish()), 0u);
}

std::vector<std::byte> every_answer() {
  std::vector<std::byte> bytes;
  const auto add = [&](const std::vector<std::byte>& more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  };
  ouch::SystemEvent event;
  ouch::Accepted accepted;
  accepted.user_ref = 11;
  accepted.price_e4 = OuchSession::kMaxPriceE4;
  accepted.options.post_only = true;
  ouch::Replaced replaced;
  replaced.original_ref = 12;
  ouch::Canceled canceled;
  canceled.quantity = 13;
  ouch::AiqCanceled aiq;
  aiq.decrement = 14;
  ouch::BrokenTrade broken;
  broken.match = 16;
  ouch::Rejected rejected;
  rejected.reason = 17;
  ouch::Restated restated;
  restated.user_ref = 18;
  ouch::PriorityUpdate priority;
  priority.order_reference = 19;
  add(sequenced(event)), add(sequenced(accepted)), add(sequenced(replaced));
  add(frame(soup::kDebug, std::as_bytes(std::span("hello"))));
  add(sequenced(canceled)), add(sequenced(aiq)), add(sequenced(executed(15)));
  add(frame(soup::kServerHeartbeat));
  add(sequenced(broken)), add(sequenced(rejected)), add(sequenced(restated));
  add(sequenced(priority)), add(sequenced(ouch::MassCancelResponse{}));
  return bytes;
}
const Lines kEveryLine{"system S",        "accepted 11", "replaced 12", "canceled 13",
                       "aiq_canceled 14", "executed 15", "broken 16",   "rejected 17",
                       "restated 18",     "priority 19"};

TEST_F(OrdersTest, EveryAnswerReachesTheHandler) {
  go_live();
  EXPECT_EQ(give(every_answer()), Link::kKeep);
  EXPECT_EQ(recorder.take(), kEveryLine);
  EXPECT_EQ(session.messages(), 12u);  // the account's answer and eleven more
  EXPECT_EQ(session.next_sequence(), 13u);
}

TEST_F(OrdersTest, BytesMayComeOneAtATimeOrCutAnywhere) {
  const std::vector<std::byte> bytes = every_answer();
  go_live();
  for (const std::byte& byte : bytes) give(Bytes(&byte, 1));
  EXPECT_EQ(recorder.take(), kEveryLine);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    give(Bytes(bytes).first(cut));
    give(Bytes(bytes).subspan(cut));
    ASSERT_EQ(recorder.take(), kEveryLine) << cut;
  }
}

TEST_F(OrdersTest, HandlerNeedHaveNothing) {
  go_live();
  struct Deaf {};
  EXPECT_EQ(session.on_bytes(every_answer(), now, Deaf{}), Link::kKeep);
  EXPECT_EQ(session.messages(), 12u);
}

}  // namespace
}  // namespace pyscalp::session
