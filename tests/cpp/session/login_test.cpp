// Logins, resuming, heartbeats and dead links, on a clock of the test's own.
#include "fixture.hpp"

namespace pyscalp::session {
namespace {

struct LoginTest : SessionTest {
  soup::LoginRequest login_request() {
    const auto frames = sent();
    EXPECT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames.at(0).first, soup::kLoginRequest);
    const auto request = soup::decode<soup::LoginRequest>(frames.at(0).second);
    EXPECT_TRUE(request.has_value());
    return request.value_or(soup::LoginRequest{});
  }
  void reconnect() {
    session.on_disconnected();
    connect();
  }
};

TEST_F(LoginTest, LogsInThenAsksForTheAccountThenIsLive) {
  EXPECT_EQ(session.state(), SessionState::kDisconnected);
  connect();
  EXPECT_EQ(session.state(), SessionState::kLoggingIn);
  const soup::LoginRequest request = login_request();
  EXPECT_EQ(request.username.trimmed(), "SCALP1");
  EXPECT_EQ(request.password.trimmed(), "paper");
  EXPECT_EQ(request.session.trimmed(), "");
  EXPECT_EQ(soup::parse_number(request.sequence), 1u);

  EXPECT_EQ(give(login_accepted("DAY1", 1)), Link::kKeep);
  EXPECT_EQ(session.state(), SessionState::kSynchronising);
  EXPECT_EQ(session.session_name().trimmed(), "DAY1");
  const auto frames = sent();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].first, soup::kUnsequencedData);
  ASSERT_EQ(frames[0].second.size(), 1u);
  EXPECT_EQ(static_cast<char>(frames[0].second[0]), ouch::AccountQuery::kType);

  give(query_response(41));
  EXPECT_TRUE(session.live());
  EXPECT_EQ(session.next_user_ref(), 41u);
  EXPECT_EQ(session.next_sequence(), 2u);
  EXPECT_EQ(recorder.take(), (Lines{"login 0", "live 41"}));
}

TEST_F(LoginTest, ConfiguredSessionAndSequenceAreAskedForFirst) {
  SessionOptions more = options();
  more.session = "DAY1";
  more.first_sequence = 0;
  session = OuchSession(more);
  connect();
  const soup::LoginRequest request = login_request();
  EXPECT_EQ(request.session.trimmed(), "DAY1");
  EXPECT_EQ(soup::parse_number(request.sequence), 0u);
  give(login_accepted("DAY1", 17));
  EXPECT_EQ(session.next_sequence(), 17u);
}

TEST_F(LoginTest, LowerUserReferenceOfTheVenueIsNotUsedAgain) {
  go_live();
  EXPECT_EQ(send(wish()), 1u);
  EXPECT_EQ(send(wish()), 2u);
  reconnect();
  give(login_accepted("DAY1", 2));
  give(query_response(2));  // the venue never saw order 2
  EXPECT_EQ(session.next_user_ref(), 3u);
}

TEST_F(LoginTest, RefusedLoginClosesWithItsReason) {
  connect();
  const char reason = 'A';
  EXPECT_EQ(give(frame(soup::kLoginRejected, std::as_bytes(std::span(&reason, 1)))),
            Link::kClose);
  EXPECT_EQ(session.state(), SessionState::kRefused);
  EXPECT_EQ(recorder.take(), (Lines{"refused A"}));
  EXPECT_EQ(session.next_deadline(), kNever);
  EXPECT_EQ(session.on_time(now), Link::kClose);
  EXPECT_EQ(give(login_accepted("DAY1", 1)), Link::kClose);  // too late
  EXPECT_EQ(session.state(), SessionState::kRefused);
}

TEST_F(LoginTest, ResumesAtTheNextMessageOfTheSameSession) {
  go_live();
  give(sequenced(executed(5)));
  reconnect();
  const soup::LoginRequest request = login_request();
  EXPECT_EQ(request.session.trimmed(), "DAY1");
  EXPECT_EQ(soup::parse_number(request.sequence), 3u);
  recorder.take();
  give(login_accepted("      DAY1", 3));
  EXPECT_FALSE(session.live());
  give(sequenced(executed(6)));
  give(query_response(1));
  EXPECT_EQ(recorder.take(), (Lines{"login 1", "executed 6", "live resumed 1"}));
}

TEST_F(LoginTest, OtherSessionIsNotResumed) {
  go_live();
  reconnect();
  give(login_accepted("DAY2", 1));
  give(query_response(1));
  EXPECT_EQ(recorder.take(), (Lines{"login 0", "live 1"}));
  // From here on it is the session of before.
  reconnect();
  give(login_accepted("DAY2", 2));
  give(query_response(1));
  EXPECT_EQ(recorder.take(), (Lines{"login 1", "live resumed 1"}));
}

TEST_F(LoginTest, LossStaysKnownUntilLive) {
  go_live();
  reconnect();
  give(login_accepted("DAY2", 1));
  reconnect();  // cut again before it was in step
  give(login_accepted("DAY2", 1));
  give(query_response(1));
  EXPECT_EQ(recorder.take(), (Lines{"login 0", "login 0", "live 1"}));
}

TEST_F(LoginTest, HigherSequenceThanAskedForIsALoss) {
  go_live();
  reconnect();
  give(login_accepted("DAY1", 9));
  give(query_response(1));
  EXPECT_EQ(recorder.take(), (Lines{"login 0", "live 1"}));
  EXPECT_EQ(session.count(BadInput::kSequenceJump), 1u);
  EXPECT_EQ(session.next_sequence(), 10u);
}

TEST_F(LoginTest, LowerSequenceThanAskedForIsNotSeenTwice) {
  go_live();                     // message 1
  give(sequenced(executed(5)));  // 2
  reconnect();
  give(login_accepted("DAY1", 1));
  recorder.take();
  give(query_response(1));
  give(sequenced(executed(5)));
  EXPECT_EQ(recorder.take(), (Lines{}));
  give(sequenced(executed(6)));  // 3
  give(query_response(1));
  EXPECT_EQ(recorder.take(), (Lines{"executed 6", "live resumed 1"}));
  EXPECT_EQ(session.count(BadInput::kSequenceJump), 1u);
}

TEST_F(LoginTest, UnavailableSessionIsForgotten) {
  go_live();
  reconnect();
  sent();
  const char reason = 'S';
  soup::LoginRequest request;
  // The venue may still hold the old connection, so it is asked ten times.
  for (int refusal = 1; refusal <= 10; ++refusal) {
    give(frame(soup::kLoginRejected, std::as_bytes(std::span(&reason, 1))));
    reconnect();
    request = login_request();
    EXPECT_EQ(request.session.trimmed(), refusal < 10 ? "DAY1" : "") << refusal;
  }
  EXPECT_EQ(request.session.trimmed(), "");
  EXPECT_EQ(soup::parse_number(request.sequence), 1u);
  recorder.take();
  give(login_accepted("DAY1", 1));
  EXPECT_EQ(recorder.take(), (Lines{"login 0"}));
}

TEST_F(LoginTest, EndOfSessionClosesAndIsNotResumed) {
  go_live();
  EXPECT_EQ(give(frame(soup::kEndOfSession)), Link::kClose);
  EXPECT_EQ(session.state(), SessionState::kEnded);
  EXPECT_EQ(recorder.take(), (Lines{"end"}));
  EXPECT_EQ(send(wish()), 0u);
  reconnect();
  EXPECT_EQ(login_request().session.trimmed(), "");
}

TEST_F(LoginTest, HeartbeatAfterASecondOfSilenceOfOurs) {
  go_live();
  const MonoNanos start = now;
  EXPECT_EQ(session.next_deadline(), start + seconds(1));
  EXPECT_EQ(session.on_time(start + seconds(1) - MonoNanos{1}), Link::kKeep);
  EXPECT_TRUE(session.outbound().empty());
  EXPECT_EQ(session.on_time(start + seconds(1)), Link::kKeep);
  const auto frames = sent();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].first, soup::kClientHeartbeat);
  EXPECT_TRUE(frames[0].second.empty());
  EXPECT_EQ(session.next_deadline(), start + seconds(2));
  session.on_time(start + seconds(1) + MonoNanos{1});
  EXPECT_TRUE(session.outbound().empty());
}

TEST_F(LoginTest, OrdersCountAsSignsOfLife) {
  go_live();
  const MonoNanos start = now;
  now = start + milliseconds(900);
  ASSERT_NE(send(wish()), 0u);
  sent();
  session.on_time(start + seconds(1));
  EXPECT_TRUE(session.outbound().empty());
  EXPECT_EQ(session.next_deadline(), now + seconds(1));
}

TEST_F(LoginTest, NoHeartbeatBeforeTheLoginIsAnswered) {
  connect();
  sent();
  session.on_time(now + seconds(2));
  EXPECT_TRUE(session.outbound().empty());
  EXPECT_EQ(session.next_deadline(), now + seconds(3));
  EXPECT_EQ(session.on_time(now + seconds(3)), Link::kClose);
  EXPECT_EQ(session.state(), SessionState::kFailed);
}

TEST_F(LoginTest, ThreeSilentSecondsAreADeadLink) {
  go_live();
  const MonoNanos start = now;
  EXPECT_EQ(session.on_time(start + seconds(3) - MonoNanos{1}), Link::kKeep);
  now = start + seconds(2);
  give(frame(soup::kServerHeartbeat));
  EXPECT_EQ(session.on_time(start + seconds(3)), Link::kKeep);
  EXPECT_EQ(session.on_time(start + seconds(5)), Link::kClose);
  EXPECT_EQ(session.state(), SessionState::kFailed);
  EXPECT_EQ(session.next_deadline(), kNever);
  EXPECT_EQ(send(wish()), 0u);
  reconnect();
  EXPECT_EQ(session.state(), SessionState::kLoggingIn);
}

TEST_F(LoginTest, LogoutStopsSending) {
  go_live();
  session.logout(now);
  session.logout(now);
  const auto frames = sent();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].first, soup::kLogoutRequest);
  EXPECT_EQ(session.state(), SessionState::kLoggedOut);
  EXPECT_EQ(send(wish()), 0u);
  EXPECT_FALSE(session.cancel(gate.cancel(1), now));
  give(sequenced(executed(5)));  // what was on its way still counts
  EXPECT_EQ(recorder.take(), (Lines{"executed 5"}));
  EXPECT_EQ(session.on_time(now + seconds(3)), Link::kClose);
}

TEST_F(LoginTest, BytesWithoutAConnectionAreIgnored) {
  EXPECT_EQ(give(login_accepted("DAY1", 1)), Link::kKeep);
  EXPECT_EQ(session.state(), SessionState::kDisconnected);
  EXPECT_EQ(session.on_time(now + seconds(9)), Link::kKeep);
  EXPECT_EQ(session.next_deadline(), kNever);
}

}  // namespace
}  // namespace pyscalp::session
