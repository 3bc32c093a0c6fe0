#include "exchange/order_server.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "soup_client.hpp"

namespace pyscalp::exchange {
namespace {

namespace ouch = wire::ouch;
namespace soup = wire::soup;
using testing::ByteVector;
using testing::frame;
using testing::login;
using testing::order;
using testing::Received;
using testing::replacement;
using testing::unsequenced;

constexpr UnixNanos kNow{34'200'000'000'123};
constexpr std::uint64_t kPriceE4 = 2'200'000;  // 220.00

/// A market of two stocks, two clients' accounts and a clock that the test moves.
class OrderServerTest : public ::testing::Test {
 protected:
  OrderServerTest() {
    market_.open(kNow);
    market_.clear_outputs();
    server_.on_time(mono_, kNow);
  }

  struct Client {
    ConnectionId id = 0;
    Received received;
  };

  Client connect() { return {server_.connect(), {}}; }
  Client log_in(std::string_view username = "SCALP1", std::string_view next = "1") {
    Client client = connect();
    send(client, login(username, "paper", "", next));
    EXPECT_EQ(client.received.types.substr(0, 1), "A");
    return client;
  }
  void send(Client& client, Bytes bytes) {
    server_.on_bytes(client.id, bytes, kNow);
    collect(client);
  }
  void collect(Client& client) {
    const Bytes bytes = server_.pending(client.id);
    EXPECT_TRUE(client.received.feed(bytes));
    server_.consumed(client.id, bytes.size());
    EXPECT_TRUE(server_.pending(client.id).empty());
  }
  void pass(MonoNanos time, MonoNanos step = milliseconds(500)) {
    for (const MonoNanos end = mono_ + time; mono_ < end;) {
      mono_ += step;
      server_.on_time(mono_, kNow);
    }
  }
  std::uint64_t closed(CloseReason reason) const {
    return server_.statistics().closed[static_cast<std::size_t>(reason)];
  }
  std::vector<Report> reports() {
    std::vector<Report> all;
    server_.drain_reports([&](const Report& report) { all.push_back(report); });
    return all;
  }

  void flush() {
    for (const Report& report : market_.reports()) server_.on_report(report);
    market_.clear_outputs();
  }

  MonoNanos mono_ = seconds(1'000);
  Market market_{{{InstrumentId{1}, "AMZN"}, {InstrumentId{2}, "AAPL"}},
                 FeeSchedule{{Money{-2'000'000}, 0}, {Money{3'000'000}, 0}}};
  OrderServer server_{
      {"S1", {{"SCALP1", "paper"}, {"SCALP2", "paper"}}}, market_, [this] { flush(); }};
};

// ---- Login ----

TEST_F(OrderServerTest, AcceptsALoginAndSaysTheSessionAndTheNextNumber) {
  Client client = log_in();
  ASSERT_EQ(client.received.logins.size(), 1u);
  EXPECT_EQ(std::string_view(client.received.logins[0].session.chars.data(), 10),
            "        S1");
  EXPECT_EQ(soup::parse_number(client.received.logins[0].sequence), 1u);
  // The first thing an account hears is the start of its day.
  EXPECT_EQ(client.received.sequenced, "S");
  EXPECT_EQ(client.received.events[0].event, 'S');
  EXPECT_EQ(client.received.events[0].timestamp_ns, 34'200'000'000'123u);
  EXPECT_TRUE(server_.online(1));
  EXPECT_FALSE(server_.online(2));
}

TEST_F(OrderServerTest, TakesEitherPaddingAndEitherCase) {
  soup::LoginRequest request{Text<6>("scalp1"), Text<10>("     PAPER"),
                             Text<10>("        s1"), Text<20>("1")};
  ByteVector bytes(soup::kHeaderSize + soup::LoginRequest::kSize);
  soup::encode(request, bytes.data());
  Client client = connect();
  send(client, bytes);
  EXPECT_EQ(client.received.logins.size(), 1u);
}

TEST_F(OrderServerTest, RefusesWrongNameOrPasswordWithA) {
  for (const auto& bytes : {login("SCALP1", "wrong"), login("NOBODY", "paper"),
                            login("", "paper"), login("SCALP1", "")}) {
    Client client = connect();
    send(client, bytes);
    ASSERT_EQ(client.received.types, "J");
    EXPECT_EQ(client.received.refusals[0].reason, 'A');
    EXPECT_TRUE(server_.closed(client.id));
  }
  EXPECT_EQ(closed(CloseReason::kRefused), 4u);
}

TEST_F(OrderServerTest, RefusesASessionThatIsNotThereWithS) {
  log_in("SCALP2");
  for (const auto& bytes :
       {login("SCALP1", "paper", "S2"), login("SCALP1", "paper", "", "x"),
        login("SCALP1", "paper", "S1", "3"), login("SCALP2", "paper")}) {
    Client client = connect();
    send(client, bytes);
    ASSERT_EQ(client.received.types, "J");
    EXPECT_EQ(client.received.refusals[0].reason, 'S');
    EXPECT_TRUE(server_.closed(client.id));
  }
  EXPECT_TRUE(server_.online(2)) << "the one that was there first stays";
}

TEST_F(OrderServerTest, NumberZeroStartsWithTheMostRecentMessage) {
  Client first = log_in();
  send(first, unsequenced(order(1, 'B', 100, kPriceE4)));
  server_.disconnect(first.id, kNow);  // S A C are kept
  Client again = log_in("SCALP1", "0");
  EXPECT_EQ(soup::parse_number(again.received.logins[0].sequence), 3u);
  EXPECT_EQ(again.received.sequenced, "C");
}

TEST_F(OrderServerTest, DropsAClientThatDoesNotLogInWithin30Seconds) {
  Client client = connect();
  pass(milliseconds(29'500));
  EXPECT_FALSE(server_.closed(client.id));
  pass(milliseconds(500));
  EXPECT_TRUE(server_.closed(client.id));
  EXPECT_EQ(closed(CloseReason::kLoginTimeout), 1u);
}

TEST_F(OrderServerTest, WrongSettingsAreRefused) {
  const auto make = [&](OrderServerConfig config) {
    OrderServer(std::move(config), market_, [] {});
  };
  EXPECT_THROW(make({"", {}}), std::invalid_argument);
  EXPECT_THROW(make({"ELEVENCHARS", {}}), std::invalid_argument);
  EXPECT_THROW(make({"S", {{"", "x"}}}), std::invalid_argument);
  EXPECT_THROW(make({"S", {{"SEVENCH", "x"}}}), std::invalid_argument);
  EXPECT_THROW(make({"S", {{" A", "x"}}}), std::invalid_argument);
  EXPECT_THROW(make({"S", {{"A", "ELEVENCHARS"}}}), std::invalid_argument);
  EXPECT_THROW(make({"S", {{"A", "x"}, {"a", "y"}}}), std::invalid_argument);
  EXPECT_THROW(make({"S", std::vector<Login>(1'000)}), std::invalid_argument);
  EXPECT_NO_THROW(make({"TENCHARSXX", {{"SIXCHS", "TENCHARSXX"}}}));
}

// ---- Heartbeats ----

TEST_F(OrderServerTest, SendsAHeartbeatEachSecondOfSilence) {
  Client client = log_in();
  client.received.types.clear();
  for (int second = 0; second < 3; ++second) {
    pass(seconds(1));
    send(client, frame(soup::kClientHeartbeat));
  }
  EXPECT_EQ(client.received.types, "HHH");
}

TEST_F(OrderServerTest, WhatIsSentPutsTheHeartbeatOff) {
  Client client = log_in();
  pass(milliseconds(500));
  send(client, unsequenced(ouch::AccountQuery{}));
  client.received.types.clear();
  pass(milliseconds(500));
  collect(client);
  EXPECT_EQ(client.received.types, "");
  pass(milliseconds(500));
  collect(client);
  EXPECT_EQ(client.received.types, "H");
}

TEST_F(OrderServerTest, DropsAClientSilentFor15SecondsAndCancelsItsOrders) {
  Client client = log_in();
  send(client, unsequenced(order(1, 'B', 100, kPriceE4)));
  EXPECT_EQ(market_.working_orders(1), 1u);
  pass(milliseconds(14'500));
  EXPECT_FALSE(server_.closed(client.id));
  pass(milliseconds(500));
  EXPECT_TRUE(server_.closed(client.id));
  EXPECT_EQ(closed(CloseReason::kSilent), 1u);
  EXPECT_EQ(market_.working_orders(1), 0u);
}

TEST_F(OrderServerTest, AnyByteKeepsAClientAlive) {
  Client client = log_in();
  for (int i = 0; i < 5; ++i) {
    pass(seconds(14));
    send(client, frame(soup::kClientHeartbeat));
  }
  EXPECT_FALSE(server_.closed(client.id));
}

TEST_F(OrderServerTest, A410LoginChoosesItsOwnTimeout) {
  ByteVector bytes = login("SCALP1", "paper");
  for (const char digit : std::string_view(" 3000"))
    bytes.push_back(static_cast<std::byte>(digit));
  store_be(bytes.data(), static_cast<std::uint16_t>(bytes.size() - 2));
  Client client = connect();
  send(client, bytes);
  EXPECT_EQ(client.received.logins.size(), 1u);
  pass(milliseconds(2'500));
  EXPECT_FALSE(server_.closed(client.id));
  pass(milliseconds(500));
  EXPECT_TRUE(server_.closed(client.id));
}

TEST_F(OrderServerTest, ItsOwnStallIsNotHeldAgainstTheClients) {
  Client client = log_in();
  Client silent = connect();
  mono_ += seconds(60);
  server_.on_time(mono_, kNow);
  EXPECT_FALSE(server_.closed(client.id));
  EXPECT_FALSE(server_.closed(silent.id));
  pass(seconds(15));
  EXPECT_TRUE(server_.closed(client.id)) << "from then on the clock runs as ever";
}

// ---- Orders ----

TEST_F(OrderServerTest, AcceptsAnOrderAndRepeatsItsFields) {
  Client client = log_in();
  ouch::EnterOrder sent = order(7, 'T', 300, kPriceE4);
  sent.capacity = 'A';
  sent.intermarket_sweep = 'Y';
  sent.options.post_only = true;
  sent.options.max_floor = 100;
  send(client, unsequenced(sent));
  ASSERT_EQ(client.received.accepted.size(), 1u);
  const ouch::Accepted& accepted = client.received.accepted[0];
  EXPECT_EQ(accepted.timestamp_ns, 34'200'000'000'123u);
  EXPECT_EQ(accepted.user_ref, 7u);
  EXPECT_EQ(accepted.side, 'T');
  EXPECT_EQ(accepted.quantity, 300u);
  EXPECT_EQ(accepted.symbol.trimmed(), "AMZN");
  EXPECT_EQ(accepted.price_e4, kPriceE4);
  EXPECT_EQ(accepted.time_in_force, '0');
  EXPECT_EQ(accepted.display, 'Y');
  EXPECT_GE(accepted.order_reference, Market::kFirstOwnNumber);
  EXPECT_EQ(accepted.capacity, 'A');
  EXPECT_EQ(accepted.intermarket_sweep, 'Y');
  EXPECT_EQ(accepted.state, 'L');
  EXPECT_EQ(accepted.client_id.trimmed(), "order7");
  EXPECT_TRUE(accepted.options.post_only);
  EXPECT_EQ(accepted.options.max_floor, 100u);
}

TEST_F(OrderServerTest, TellsBothSidesOfATrade) {
  Client maker = log_in("SCALP1");
  Client taker = log_in("SCALP2");
  send(maker, unsequenced(order(1, 'B', 100, kPriceE4)));
  ouch::EnterOrder ioc = order(1, 'S', 150, kPriceE4 - 100);
  ioc.time_in_force = ouch::kTimeInForceIoc;
  send(taker, unsequenced(ioc));
  collect(maker);
  EXPECT_EQ(maker.received.sequenced, "SAE");
  EXPECT_EQ(taker.received.sequenced, "SAEC");
  const ouch::Executed& made = maker.received.executed[0];
  const ouch::Executed& took = taker.received.executed[0];
  EXPECT_EQ(made.quantity, 100u);
  EXPECT_EQ(made.price_e4, kPriceE4);
  EXPECT_EQ(made.liquidity, 'A');
  EXPECT_EQ(took.liquidity, 'R');
  EXPECT_EQ(took.price_e4, kPriceE4) << "at the resting order's price";
  EXPECT_EQ(made.match, took.match);
  EXPECT_EQ(taker.received.accepted[0].time_in_force, '3');
  EXPECT_EQ(taker.received.canceled[0].quantity, 50u);
  EXPECT_EQ(taker.received.canceled[0].reason, 'I');
  const auto all = reports();
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(all[0].account, 1u);
  EXPECT_EQ(all[1].account, 2u);
}

TEST_F(OrderServerTest, DropsAReusedNumberInSilence) {
  Client client = log_in();
  send(client, unsequenced(order(5, 'B', 100, kPriceE4)));
  for (const std::uint32_t ref : {5u, 4u, 1u, 0u})
    send(client, unsequenced(order(ref, 'B', 100, kPriceE4)));
  EXPECT_EQ(client.received.sequenced, "SA");
  EXPECT_EQ(server_.statistics().resends, 4u);
  send(client, unsequenced(order(6, 'B', 100, kPriceE4)));
  EXPECT_EQ(client.received.sequenced, "SAA");
}

TEST_F(OrderServerTest, RejectsWhatTheMarketOrTheFormRefuse) {
  Client client = log_in();
  ouch::EnterOrder bad_side = order(4, 'X', 100, kPriceE4);
  ouch::EnterOrder bad_display = order(5, 'B', 100, kPriceE4);
  bad_display.display = 'Q';
  ouch::EnterOrder cross = order(6, 'B', 100, kPriceE4);
  cross.cross_type = 'O';
  ouch::EnterOrder after_hours = order(7, 'B', 100, kPriceE4);
  after_hours.time_in_force = 'E';
  send(client, unsequenced(order(1, 'B', 100, kPriceE4, "MSFT")));
  send(client, unsequenced(order(2, 'B', 0, kPriceE4)));
  send(client, unsequenced(order(3, 'B', 100, UINT64_MAX)));
  for (const auto& message : {bad_side, bad_display, cross, after_hours})
    send(client, unsequenced(message));
  EXPECT_EQ(client.received.sequenced, "SJJJJJJJ");
  const std::vector<std::uint16_t> expected{
      reject::kSymbol, reject::kQuantity, reject::kPrice, 0x09, 0x03, 0x14,
      reject::kOther};
  ASSERT_EQ(client.received.rejected.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(client.received.rejected[i].reason, expected[i]) << i;
    EXPECT_EQ(client.received.rejected[i].user_ref, i + 1);
    EXPECT_EQ(client.received.rejected[i].client_id.trimmed(),
              "order" + std::to_string(i + 1));
  }
  EXPECT_EQ(reports().size(), 7u) << "the record has them all";
  send(client, unsequenced(order(7, 'B', 100, kPriceE4)));
  EXPECT_EQ(server_.statistics().resends, 1u) << "a rejected number is used up";
}

TEST_F(OrderServerTest, ReplacesAndCancels) {
  Client client = log_in();
  send(client, unsequenced(order(1, 'S', 100, kPriceE4)));
  send(client, unsequenced(replacement(1, 2, 80, kPriceE4)));
  ASSERT_EQ(client.received.replaced.size(), 1u);
  EXPECT_EQ(client.received.replaced[0].original_ref, 1u);
  EXPECT_EQ(client.received.replaced[0].user_ref, 2u);
  EXPECT_EQ(client.received.replaced[0].quantity, 80u);
  EXPECT_EQ(client.received.replaced[0].side, 'S');
  EXPECT_EQ(client.received.replaced[0].client_id.trimmed(), "order2");
  EXPECT_EQ(client.received.replaced[0].order_reference,
            client.received.accepted[0].order_reference)
      << "a smaller size at the same price keeps its priority";
  send(client, unsequenced(ouch::CancelOrder{2, 30}));
  send(client, unsequenced(ouch::CancelOrder{1, 0}));  // lives no more under 1
  send(client, unsequenced(ouch::CancelOrder{2, 0}));
  send(client, unsequenced(ouch::CancelOrder{2, 0}));  // superfluous
  EXPECT_EQ(client.received.sequenced, "SAUCC");
  EXPECT_EQ(client.received.canceled[0].quantity, 50u);
  EXPECT_EQ(client.received.canceled[1].quantity, 30u);
  EXPECT_EQ(client.received.canceled[1].reason, 'U');
}

TEST_F(OrderServerTest, AnIgnoredReplaceDoesNotUseItsNumber) {
  Client client = log_in();
  send(client, unsequenced(replacement(1, 2, 80, kPriceE4)));  // there is no 1
  EXPECT_EQ(client.received.sequenced, "S");
  send(client, unsequenced(order(2, 'B', 100, kPriceE4)));
  EXPECT_EQ(client.received.sequenced, "SA");
  // Details that cannot be had cancel the original and leave the number free.
  send(client, unsequenced(replacement(2, 3, 100, kPriceE4 + 1)));
  EXPECT_EQ(client.received.sequenced, "SAC");
  EXPECT_EQ(client.received.canceled[0].user_ref, 2u);
  send(client, unsequenced(order(3, 'B', 100, kPriceE4)));
  ouch::ReplaceOrder ioc = replacement(3, 4, 100, kPriceE4);
  ioc.time_in_force = ouch::kTimeInForceIoc;
  send(client, unsequenced(ioc));
  EXPECT_EQ(client.received.sequenced, "SACAC");
  send(client, unsequenced(order(4, 'B', 100, kPriceE4)));
  EXPECT_EQ(client.received.sequenced, "SACACA");
  EXPECT_EQ(market_.working_orders(1), 1u);
}

TEST_F(OrderServerTest, ARejectedReplaceUsesItsNumberAndLeavesTheOrder) {
  Client client = log_in();
  send(client, unsequenced(order(1, 'B', 100, kPriceE4)));
  market_.set_trading(InstrumentId{1}, 'H', kNow);
  send(client, unsequenced(replacement(1, 2, 200, kPriceE4)));
  EXPECT_EQ(client.received.sequenced, "SAJ");
  EXPECT_EQ(client.received.rejected[0].user_ref, 2u);
  EXPECT_EQ(client.received.rejected[0].client_id.trimmed(), "order2");
  EXPECT_EQ(market_.working_orders(1), 1u);
  send(client, unsequenced(replacement(1, 2, 200, kPriceE4)));
  EXPECT_EQ(server_.statistics().resends, 1u);
}

TEST_F(OrderServerTest, MassCancelTakesASymbolOrAll) {
  Client client = log_in();
  send(client, unsequenced(order(1, 'B', 100, kPriceE4)));
  send(client, unsequenced(order(2, 'B', 100, kPriceE4, "AAPL")));
  send(client, unsequenced(order(3, 'B', 100, kPriceE4, "AAPL")));
  ouch::MassCancel cancel;
  cancel.user_ref = 4;
  cancel.symbol = ouch::Symbol("AAPL");
  send(client, unsequenced(cancel));
  EXPECT_EQ(client.received.sequenced, "SAAAXCC");
  EXPECT_EQ(client.received.mass_cancels[0].symbol.trimmed(), "AAPL");
  cancel.user_ref = 5;
  cancel.symbol = ouch::Symbol("");
  send(client, unsequenced(cancel));
  EXPECT_EQ(client.received.sequenced, "SAAAXCCXC");
  cancel.user_ref = 6;
  cancel.symbol = ouch::Symbol("MSFT");
  send(client, unsequenced(cancel));
  EXPECT_EQ(client.received.sequenced, "SAAAXCCXCX");
}

TEST_F(OrderServerTest, AnswersAnAccountQueryWithTheNextNumber) {
  Client client = log_in();
  send(client, unsequenced(ouch::AccountQuery{}));
  send(client, unsequenced(order(41, 'B', 100, kPriceE4)));
  send(client, unsequenced(ouch::AccountQuery{}));
  ASSERT_EQ(client.received.queries.size(), 2u);
  EXPECT_EQ(client.received.queries[0].next_user_ref, 1u);
  EXPECT_EQ(client.received.queries[1].next_user_ref, 42u);
}

TEST_F(OrderServerTest, TellsOfARefillAndItsNewReference) {
  Client maker = log_in("SCALP1");
  Client taker = log_in("SCALP2");
  ouch::EnterOrder iceberg = order(1, 'B', 300, kPriceE4);
  iceberg.options.max_floor = 100;
  send(maker, unsequenced(iceberg));
  send(taker, unsequenced(order(1, 'S', 100, kPriceE4)));
  collect(maker);
  EXPECT_EQ(maker.received.sequenced, "SAERT");
  const std::uint64_t reference = maker.received.priorities[0].order_reference;
  EXPECT_NE(reference, maker.received.accepted[0].order_reference);
  EXPECT_EQ(maker.received.restated[0].reason, 'R');
  const ByteVector& raw = maker.received.raw[3];
  ASSERT_EQ(raw.size(), ouch::Restated::kSize + 2 + 16);
  const std::byte* tags = raw.data() + ouch::Restated::kSize + 2;
  EXPECT_EQ(std::to_integer<int>(tags[1]), 1);
  EXPECT_EQ(load_be<std::uint64_t>(tags + 2), reference);
  EXPECT_EQ(std::to_integer<int>(tags[11]), 22);
  EXPECT_EQ(load_be<std::uint32_t>(tags + 12), 100u);
}

TEST_F(OrderServerTest, PreventsTradingWithOneself) {
  Client client = log_in();
  send(client, unsequenced(order(1, 'B', 100, kPriceE4)));
  send(client, unsequenced(order(2, 'S', 60, kPriceE4)));
  EXPECT_EQ(client.received.sequenced, "SAAD");
  ASSERT_EQ(client.received.self_matched.size(), 1u);
  EXPECT_EQ(client.received.self_matched[0].user_ref, 1u);
  EXPECT_EQ(client.received.self_matched[0].reason, 'Q');
  EXPECT_EQ(client.received.self_matched[0].decrement, 100u);
}

// ---- Ends and reconnects ----

TEST_F(OrderServerTest, CancelsOnDisconnectAndTellsAfterTheReconnect) {
  Client client = log_in();
  send(client, unsequenced(order(1, 'B', 100, kPriceE4)));
  send(client, unsequenced(order(2, 'B', 100, kPriceE4 - 100)));
  server_.disconnect(client.id, kNow);
  EXPECT_EQ(market_.working_orders(1), 0u);
  EXPECT_EQ(closed(CloseReason::kPeer), 1u);
  EXPECT_EQ(server_.connections(), 0u);

  Client again = log_in("SCALP1", "3");  // has heard S A
  EXPECT_EQ(soup::parse_number(again.received.logins[0].sequence), 3u);
  EXPECT_EQ(again.received.sequenced, "ACC");
  EXPECT_EQ(again.received.accepted[0].user_ref, 2u);
  EXPECT_EQ(again.received.canceled[0].user_ref, 1u);
  EXPECT_EQ(again.received.canceled[0].reason, 'Z');
  send(again, unsequenced(order(2, 'B', 100, kPriceE4)));
  EXPECT_EQ(server_.statistics().resends, 1u) << "numbers outlive the connection";
}

TEST_F(OrderServerTest, AReplayEqualsWhatWasSentTheFirstTime) {
  Client client = log_in();
  for (std::uint32_t ref = 1; ref <= 50; ++ref)
    send(client, unsequenced(order(ref, 'B', 100, kPriceE4 - 100 * ref)));
  server_.disconnect(client.id, kNow);
  Client again = log_in("SCALP1", "1");
  ASSERT_EQ(again.received.raw.size(), 101u);
  for (std::size_t i = 0; i < client.received.raw.size(); ++i)
    ASSERT_EQ(again.received.raw[i], client.received.raw[i]);
}

TEST_F(OrderServerTest, LogoutClosesAtOnceAndCancels) {
  Client client = log_in();
  send(client, unsequenced(order(1, 'B', 100, kPriceE4)));
  send(client, frame(soup::kLogoutRequest));
  EXPECT_TRUE(server_.closed(client.id));
  EXPECT_EQ(closed(CloseReason::kLogout), 1u);
  EXPECT_EQ(market_.working_orders(1), 0u);
  send(client, unsequenced(order(2, 'B', 100, kPriceE4)));
  EXPECT_EQ(market_.working_orders(1), 0u) << "nothing is taken after the end";
  server_.disconnect(client.id, kNow);
  EXPECT_EQ(closed(CloseReason::kPeer), 0u) << "counted once";
}

TEST_F(OrderServerTest, TheEndOfTheSessionIsTold) {
  Client client = log_in();
  Client stranger = connect();
  server_.end_session(kNow);
  EXPECT_TRUE(server_.closed(client.id));
  EXPECT_TRUE(server_.closed(stranger.id));
  collect(client);
  EXPECT_EQ(client.received.types, "ASSZ");
  EXPECT_EQ(client.received.events[1].event, 'E');
  Client late = connect();
  send(late, login("SCALP1", "paper"));
  ASSERT_EQ(late.received.types, "J");
  EXPECT_EQ(late.received.refusals[0].reason, 'S');
}

// ---- Garbage ----

TEST_F(OrderServerTest, GarbageClosesItsConnectionAndHarmsNobody) {
  Client other = log_in("SCALP2");
  send(other, unsequenced(order(1, 'B', 100, kPriceE4)));
  struct Case {
    ByteVector bytes;
    CloseReason reason;
  };
  const ByteVector cut(20, std::byte{'O'});
  const std::vector<Case> cases{
      {ByteVector(2), CloseReason::kBadFrame},                    // length 0
      {frame('?'), CloseReason::kBadFrame},                       // no such type
      {frame(soup::kSequencedData), CloseReason::kBadFrame},      // the server's own
      {login("SCALP1", "paper"), CloseReason::kBadFrame},         // a second login
      {frame(soup::kUnsequencedData), CloseReason::kBadMessage},  // empty
      {frame(soup::kUnsequencedData, cut), CloseReason::kBadMessage},
      {frame(soup::kUnsequencedData, ByteVector(9, std::byte{'!'})),
       CloseReason::kBadMessage},
  };
  for (const Case& bad : cases) {
    const std::uint64_t before = closed(bad.reason);
    Client client = log_in("SCALP1");
    send(client, bad.bytes);
    EXPECT_TRUE(server_.closed(client.id));
    EXPECT_EQ(closed(bad.reason), before + 1) << close_reason_name(bad.reason);
    server_.disconnect(client.id, kNow);
  }
  EXPECT_FALSE(server_.closed(other.id));
  EXPECT_EQ(market_.working_orders(2), 1u);
}

TEST_F(OrderServerTest, AnOrderBeforeTheLoginCloses) {
  Client client = connect();
  send(client, unsequenced(order(1, 'B', 100, kPriceE4)));
  EXPECT_TRUE(server_.closed(client.id));
  EXPECT_EQ(closed(CloseReason::kNotLoggedIn), 1u);
  Client cut = connect();
  send(cut, frame(soup::kLoginRequest, ByteVector(45, std::byte{' '})));
  EXPECT_TRUE(server_.closed(cut.id));
}

TEST_F(OrderServerTest, AStreamMayComeByteByByte) {
  ByteVector stream = login("SCALP1", "paper");
  for (const auto& part :
       {frame(soup::kDebug, ByteVector(30, std::byte{'x'})),
        unsequenced(order(1, 'B', 100, kPriceE4)), frame(soup::kClientHeartbeat),
        unsequenced(ouch::CancelOrder{1, 0})})
    stream.insert(stream.end(), part.begin(), part.end());
  Client client = connect();
  for (const std::byte& byte : stream) send(client, {&byte, 1});
  EXPECT_EQ(client.received.sequenced, "SAC");
  server_.disconnect(client.id, kNow);
  // And all at once: the same frames again are resends, and a replay of the first time.
  Client whole = connect();
  send(whole, stream);
  EXPECT_EQ(whole.received.raw, client.received.raw);
  EXPECT_EQ(server_.statistics().resends, 1u);
}

TEST_F(OrderServerTest, IgnoresMessagesThatItDoesNotOffer) {
  Client client = log_in();
  send(client, unsequenced(ouch::ModifyOrder{1, 'B', 50}));
  send(client, unsequenced(ouch::DisableOrderEntry{2}));
  send(client, unsequenced(ouch::EnableOrderEntry{3}));
  EXPECT_FALSE(server_.closed(client.id));
  EXPECT_EQ(server_.statistics().unsupported, 3u);
}

TEST_F(OrderServerTest, AClientThatDoesNotReadIsLetGo) {
  Client client = log_in();
  const ByteVector query = unsequenced(ouch::AccountQuery{});
  ByteVector burst;
  while (burst.size() < 60'000) burst.insert(burst.end(), query.begin(), query.end());
  // An answer is 16 bytes for a query of 4.
  std::size_t rounds = 0;
  while (!server_.closed(client.id) && rounds < 1'000) {
    server_.on_bytes(client.id, burst, kNow);
    server_.on_time(mono_, kNow);
    ++rounds;
  }
  EXPECT_TRUE(server_.closed(client.id));
  EXPECT_EQ(closed(CloseReason::kBacklog), 1u);
}

TEST_F(OrderServerTest, UnknownConnectionsAreHarmless) {
  EXPECT_TRUE(server_.closed(99));
  EXPECT_TRUE(server_.pending(99).empty());
  server_.on_bytes(99, login("SCALP1", "paper"), kNow);
  server_.consumed(99, 5);
  server_.disconnect(99, kNow);
  EXPECT_EQ(server_.statistics().logins, 0u);
}

}  // namespace
}  // namespace pyscalp::exchange
