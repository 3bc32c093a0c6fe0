#include "net/websocket_client.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pyscalp::net {
namespace {

namespace ws = wire::websocket;

constexpr std::int64_t kMs = 1'000'000;

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// A client and, at the other end of a wire, a server made of the codecs.
class Rig {
 public:
  using Messages = std::vector<std::pair<ws::Opcode, std::string>>;

  explicit Rig(WebSocketConfig config = {}) : client(config, 1) {
    EXPECT_TRUE(client.open("venue.example", "/ws", now));
  }

  /// What the client has to say, taken off it.
  std::string said() {
    const std::string text = text_of(client.pending());
    client.sent(text.size());
    return text;
  }
  /// The client's frames since the last call, unmasked.
  Messages frames() {
    Messages found;
    const std::string text = said();
    heard.feed(bytes_of(text), [&](const ws::Message& message) {
      found.emplace_back(message.opcode, text_of(message.payload));
    });
    return found;
  }
  void say(std::string_view bytes) {
    client.on_bytes(bytes_of(bytes), now, [&](const ws::Message& message) {
      got.emplace_back(message.opcode, text_of(message.payload));
    });
  }
  void say(ws::Opcode opcode, std::string_view payload) {
    std::vector<std::byte> frame(payload.size() + ws::kHeaderMost);
    const std::size_t size = ws::encode_frame(opcode, bytes_of(payload), {}, frame);
    say({reinterpret_cast<const char*>(frame.data()), size});
  }
  std::string answer() {
    const std::string request = said();
    const std::size_t at = request.find("Sec-WebSocket-Key: ") + 19;
    std::array<std::byte, 512> out;
    return text_of(websocket::write_response(out, request.substr(at, 24)));
  }
  void connect() {
    say(answer());
    ASSERT_EQ(client.state(), WebSocketState::kOpen);
  }
  void later(std::int64_t ms) {
    now += MonoNanos{ms * kMs};
    client.close_if_broken(now);
    client.on_time(now);
  }

  MonoNanos now{1'000};
  WebSocketClient client;
  ws::MessageReader heard{ws::Role::kServer, 1 << 20};
  Messages got;
};

TEST(WebSocketClient, UpgradeAndMessagesCutAnywhere) {
  std::string frames = "\x81\x05hello\x82\x02xy";
  for (std::size_t step = 1; step < 40; ++step) {
    Rig rig;
    const std::string stream = rig.answer() + frames;
    for (std::size_t at = 0; at < stream.size(); at += step)
      rig.say(stream.substr(at, step));
    EXPECT_EQ(rig.got, (Rig::Messages{{ws::Opcode::kText, "hello"},
                                      {ws::Opcode::kBinary, "xy"}}));
    EXPECT_EQ(rig.client.counters().connections, 1u);
    EXPECT_EQ(rig.client.counters().messages, 2u);
  }
}

TEST(WebSocketClient, EveryConnectionHasAKeyOfItsOwn) {
  Rig rig;
  const std::string first = rig.said();
  ASSERT_TRUE(rig.client.open("venue.example", "/ws", rig.now));
  const std::string second = rig.said();
  EXPECT_EQ(first.size(), second.size());
  EXPECT_NE(first, second);
  // And the answer to the first is none to the second.
  std::array<std::byte, 512> out;
  rig.say(text_of(
      websocket::write_response(out, first.substr(first.find("Key: ") + 5, 24))));
  EXPECT_EQ(rig.client.end(), WebSocketEnd::kBadHandshake);
  EXPECT_NE(rig.client.end_text().find("the answer is not that to our key"),
            std::string::npos);
}

TEST(WebSocketClient, MasksDifferFromFrameToFrame) {
  Rig rig;
  rig.connect();
  ASSERT_TRUE(rig.client.send(ws::Opcode::kText, bytes_of("same")));
  const std::string first = rig.said();
  ASSERT_TRUE(rig.client.send(ws::Opcode::kText, bytes_of("same")));
  EXPECT_NE(rig.said(), first);
}

TEST(WebSocketClient, PingsAreAnsweredWithTheirPayload) {
  Rig rig;
  rig.connect();
  rig.say(ws::Opcode::kPing, "1723161243000");
  rig.say(ws::Opcode::kPing, "");
  EXPECT_EQ(rig.frames(), (Rig::Messages{{ws::Opcode::kPong, "1723161243000"},
                                         {ws::Opcode::kPong, ""}}));
  EXPECT_EQ(rig.client.counters().pings_answered, 2u);
  EXPECT_TRUE(rig.got.empty());
}

TEST(WebSocketClient, SilenceIsAskedAboutOnceAndThenTheLinkIsDead) {
  Rig rig({.ping_after = {100 * kMs}, .dead_after = {300 * kMs}});
  rig.connect();
  rig.later(99);
  EXPECT_TRUE(rig.frames().empty());
  rig.later(1);
  const Rig::Messages asked = rig.frames();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].first, ws::Opcode::kPing);
  rig.later(100);
  EXPECT_TRUE(rig.frames().empty()) << "once";
  // A pong is life, and measured.
  rig.now += MonoNanos{7 * kMs};
  rig.say(ws::Opcode::kPong, asked[0].second);
  EXPECT_EQ(rig.client.round_trip().value, 107 * kMs);
  EXPECT_EQ(rig.client.counters().pongs, 1u);
  rig.say(ws::Opcode::kPong, asked[0].second);
  rig.say(ws::Opcode::kPong, "unasked");
  EXPECT_EQ(rig.client.counters().pongs, 1u);
  rig.later(299);
  EXPECT_EQ(rig.client.state(), WebSocketState::kOpen);
  EXPECT_EQ(rig.client.counters().pings_sent, 2u);
  rig.later(1);
  EXPECT_EQ(rig.client.state(), WebSocketState::kClosed);
  EXPECT_EQ(rig.client.end(), WebSocketEnd::kSilent);
  EXPECT_NE(rig.client.end_text().find("nothing came for 300 ms"), std::string::npos);
}

TEST(WebSocketClient, NothingIsAskedWhereItIsSwitchedOff) {
  Rig rig({.ping_after = {0}, .dead_after = {0}});
  rig.connect();
  rig.later(1'000'000);
  EXPECT_TRUE(rig.frames().empty());
  EXPECT_EQ(rig.client.state(), WebSocketState::kOpen);
}

TEST(WebSocketClient, TheServersCloseIsAnsweredWithItsCode) {
  Rig rig({.close_within = {50 * kMs}});
  rig.connect();
  rig.say(
      "\x81\x01"
      "a\x88\x06\x03\xf4"
      "bye!\x81\x01"
      "b");
  EXPECT_EQ(rig.got.size(), 1u) << "nothing behind a close";
  EXPECT_EQ(rig.client.state(), WebSocketState::kClosing);
  EXPECT_EQ(rig.frames(), (Rig::Messages{{ws::Opcode::kClose, "\x03\xf4"}}));
  EXPECT_TRUE(rig.client.sent_all());
  EXPECT_FALSE(rig.client.send(ws::Opcode::kText, bytes_of("x")));
  rig.client.on_end();
  EXPECT_EQ(rig.client.end(), WebSocketEnd::kByPeer);
  EXPECT_EQ(rig.client.close_code(), 1012);
  EXPECT_EQ(rig.client.close_reason(), "bye!");
  EXPECT_EQ(rig.client.end_text(), "the server closed it with code 1012: bye!");
}

TEST(WebSocketClient, OurCloseWaitsForTheServersAnswerButNotForEver) {
  for (const bool answers : {true, false}) {
    Rig rig({.close_within = {50 * kMs}});
    rig.connect();
    rig.client.close(ws::CloseCode::kGoingAway, "done", rig.now);
    EXPECT_EQ(rig.frames(),
              (Rig::Messages{{ws::Opcode::kClose, std::string("\x03\xe9") + "done"}}));
    EXPECT_FALSE(rig.client.sent_all()) << "its answer is still to come";
    rig.say(ws::Opcode::kText, "on its way");
    EXPECT_TRUE(rig.got.empty());
    if (answers) rig.say(ws::Opcode::kClose, "\x03\xe9");
    EXPECT_EQ(rig.client.sent_all(), answers);
    rig.later(49);
    EXPECT_EQ(rig.client.state(), WebSocketState::kClosing);
    rig.later(1);
    EXPECT_EQ(rig.client.state(), WebSocketState::kClosed);
    EXPECT_EQ(rig.client.end(), WebSocketEnd::kByUs);
    EXPECT_EQ(rig.client.close_code(), answers ? 1001 : 1006);
  }
}

TEST(WebSocketClient, AFaultIsClosedByNameAfterWhatCameBeforeIt) {
  Rig rig;
  rig.connect();
  rig.say(
      std::string_view("\x81\x01"
                       "a\xc1\x01"
                       "b",
                       6));
  EXPECT_EQ(rig.got.size(), 1u);
  // What the message asks for still goes.
  EXPECT_TRUE(rig.client.send(ws::Opcode::kText, bytes_of("answer")));
  rig.later(0);
  EXPECT_EQ(rig.client.state(), WebSocketState::kClosing);
  const Rig::Messages frames = rig.frames();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].second, "answer");
  EXPECT_EQ(frames[1].second.substr(0, 2), "\x03\xea");
  rig.client.on_end();
  EXPECT_EQ(rig.client.end(), WebSocketEnd::kProtocol);
  EXPECT_EQ(rig.client.status(), ws::Status::kReservedBits);
}

TEST(WebSocketClient, AnEndRightBehindAFaultIsStillTheFault) {
  Rig rig;
  rig.connect();
  rig.say("\xc1");
  rig.client.on_end();
  EXPECT_EQ(rig.client.end(), WebSocketEnd::kProtocol);
}

TEST(WebSocketClient, AMessageAboveTheLimitIsClosedWith1009) {
  Rig rig({.message_most = 100});
  rig.connect();
  rig.say(std::string_view("\x82\x7f\0\0\0\0\x04\0\0\0", 10));
  rig.later(0);
  const Rig::Messages frames = rig.frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].second.substr(0, 2), "\x03\xf1");
}

TEST(WebSocketClient, AnswersThatAreNoUpgrade) {
  const struct {
    std::string answer;
    bool ends;
    WebSocketEnd end;
    unsigned code;
  } cases[] = {
      {"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", false,
       WebSocketEnd::kRefused, 403},
      {"HTTP/1.1 429 X\r\n\r\nslow down", true, WebSocketEnd::kRefused, 429},
      {"HTTP/1.1 502 X\r\nContent-Length: 9999999\r\n\r\n", false,
       WebSocketEnd::kRefused, 502},
      {"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n", false,
       WebSocketEnd::kBadHandshake, 101},
      {"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", false,
       WebSocketEnd::kBadHandshake, 101},
      {"SSH-2.0-x\r\n\r\n", false, WebSocketEnd::kBadHandshake, 0},
      {"", true, WebSocketEnd::kEnded, 0},
      {"HTTP/1.1 1", true, WebSocketEnd::kEnded, 0},
  };
  for (const auto& one : cases) {
    Rig rig;
    rig.said();
    if (!one.answer.empty()) rig.say(one.answer);
    if (one.ends) rig.client.on_end();
    EXPECT_EQ(rig.client.state(), WebSocketState::kClosed) << one.answer;
    EXPECT_EQ(rig.client.end(), one.end) << one.answer;
    EXPECT_EQ(rig.client.http_code(), one.code) << one.answer;
    EXPECT_FALSE(rig.client.end_text().empty());
  }
}

TEST(WebSocketClient, AnUpgradeThatIsNotAnswered) {
  Rig rig({.upgrade_within = {100 * kMs}});
  rig.later(99);
  EXPECT_EQ(rig.client.state(), WebSocketState::kUpgrading);
  EXPECT_FALSE(rig.client.send(ws::Opcode::kText, bytes_of("early")));
  rig.later(1);
  EXPECT_EQ(rig.client.end(), WebSocketEnd::kLate);
}

TEST(WebSocketClient, WhatDoesNotFitIsNotSentAndPongsStillGo) {
  Rig rig({.outbound = 1'000});
  rig.connect();
  const std::string payload(400, 'x');
  EXPECT_TRUE(rig.client.send(ws::Opcode::kText, bytes_of(payload)));
  EXPECT_TRUE(rig.client.send(ws::Opcode::kText, bytes_of(payload)));
  EXPECT_FALSE(rig.client.send(ws::Opcode::kText, bytes_of(payload)));
  rig.say(ws::Opcode::kPing, "p");
  const Rig::Messages frames = rig.frames();
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[2], (std::pair{ws::Opcode::kPong, std::string("p")}));
  // A flood that nobody takes is counted, and bounded.
  for (int i = 0; i < 10'000; ++i) rig.say(ws::Opcode::kPing, "p");
  EXPECT_GT(rig.client.counters().pongs_dropped, 0u);
  EXPECT_LE(rig.client.pending().size(), 6'000u);
}

TEST(WebSocketClient, APathThatDoesNotFitIsSaid) {
  WebSocketClient client({.outbound = 100}, 1);
  EXPECT_FALSE(client.open("venue.example", "/" + std::string(200, 'a'), MonoNanos{0}));
  EXPECT_EQ(client.state(), WebSocketState::kClosed);
}

}  // namespace
}  // namespace pyscalp::net
