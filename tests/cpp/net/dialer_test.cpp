#include "net/dialer.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "net/resolve.hpp"

namespace pyscalp::net {
namespace {

constexpr std::uint32_t kLoopback = 0x7F000001;
constexpr std::int64_t kMs = 1'000'000;

TEST(Url, WhatItIsMadeOf) {
  const Url url = *parse_url("WSS://Stream.Venue.example:9443/ws/btcusdt@trade?a=b");
  EXPECT_TRUE(url.secure && url.websocket);
  EXPECT_EQ(url.host, "stream.venue.example");
  EXPECT_EQ(url.port, 9443);
  EXPECT_EQ(url.target, "/ws/btcusdt@trade?a=b");
  EXPECT_EQ(url.authority(), "stream.venue.example:9443");
  EXPECT_EQ(parse_url("https://a")->authority(), "a");
  EXPECT_EQ(parse_url("https://a:443")->authority(), "a");
  EXPECT_EQ(parse_url("http://a")->port, 80);
  EXPECT_EQ(parse_url("ws://a?b=c")->target, "/?b=c");
  EXPECT_FALSE(parse_url("http://a")->websocket);
}

TEST(Url, WhatIsRefused) {
  for (const char* text :
       {"", "wss:/a", "a/b", "ftp://a", "wss://", "wss://:1", "wss://a:", "wss://a:x",
        "wss://a:65536", "wss://a:0", "wss://a/#b", "wss://a/b c", "wss://u@a",
        "wss://[::1]", "wss://a\r\nb/"}) {
    EXPECT_FALSE(parse_url(text)) << text;
    EXPECT_NE(parse_url(text).error.find("no URL that can be used"), std::string::npos);
  }
}

TEST(Resolve, AnAddressAsksNobodyAndANameHasOne) {
  EXPECT_EQ(*resolve("10.1.2.3", 7), (std::vector<Endpoint>{{0x0A010203, 7}}));
  const auto local = resolve("localhost", 8);
  ASSERT_TRUE(local) << local.error;
  EXPECT_EQ(local.value->front(), (Endpoint{kLoopback, 8}));
  EXPECT_NE(resolve("no-such-host.invalid", 1)
                .error.find("no address of no-such-host.invalid"),
            std::string::npos);
}

TEST(Backoff, DoublesUpToTheLimitAndSpreads) {
  bool differs = false;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Backoff one({{100}, {3'000}}, seed), other({{100}, {3'000}}, seed + 1'000);
    for (const std::int64_t whole : {100, 200, 400, 800, 1'600, 3'000, 3'000, 3'000}) {
      const std::int64_t wait = one.next().value;
      EXPECT_GE(wait, whole / 2);
      EXPECT_LE(wait, whole);
      differs = differs || wait != other.next().value;
    }
    one.reset();
    EXPECT_LE(one.next().value, 100);
  }
  EXPECT_TRUE(differs);
  // The same seed is the same waits.
  Backoff a({{100}, {3'000}}, 7), b({{100}, {3'000}}, 7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next(), b.next());
  Backoff none({{0}, {0}}, 1);
  EXPECT_EQ(none.next().value, 0);
}

/// Polls in real time, with a clock of the test's, until `done`.
template <class Done>
bool soon(Done&& done) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done())
    if (std::chrono::steady_clock::now() > until) return false;
  return true;
}

struct Rig {
  explicit Rig(DialConfig config) : dialer(std::move(*Dialer::open(config))) {}
  DialState poll(std::int64_t later_ms = 0) {
    now += MonoNanos{later_ms * kMs};
    return dialer.poll(now);
  }
  MonoNanos now{1'000'000};
  Dialer dialer;
};

DialConfig to(const Endpoint& endpoint) {
  DialConfig config;
  config.url = "ws://" + endpoint_text(endpoint) + "/";
  config.backoff = {{100 * kMs}, {1'000 * kMs}};
  config.seed = 1;
  return config;
}

TEST(Dialer, ConnectsAndComesBackAfterAWait) {
  auto listener = TcpListener::open({kLoopback, 0});
  Rig rig(to(listener->endpoint()));
  EXPECT_EQ(rig.dialer.state(), DialState::kWaiting);
  ASSERT_TRUE(soon([&] { return rig.poll() == DialState::kOpen; }));
  rig.dialer.fail(rig.now, "because");
  EXPECT_EQ(rig.dialer.failure(), "because");
  EXPECT_EQ(rig.poll(49), DialState::kWaiting);
  ASSERT_TRUE(soon([&] { return rig.poll(1) == DialState::kOpen; }));
  EXPECT_EQ(rig.dialer.connects(), 2u);
  EXPECT_EQ(rig.dialer.failures(), 1u);
  // On purpose there is no wait.
  rig.dialer.renew();
  ASSERT_TRUE(soon([&] { return rig.poll() == DialState::kOpen; }));
  rig.dialer.stop();
  EXPECT_EQ(rig.poll(100'000), DialState::kStopped);
  rig.dialer.fail(rig.now, "late");
  EXPECT_EQ(rig.dialer.state(), DialState::kStopped);
}

TEST(Dialer, WaitsGrowUntilAConnectionHasStood) {
  auto listener = TcpListener::open({kLoopback, 0});
  Rig rig(to(listener->endpoint()));
  const auto open_and_fail = [&](std::int64_t stood_ms) {
    EXPECT_TRUE(soon([&] { return rig.poll(1) == DialState::kOpen; }));
    rig.now += MonoNanos{stood_ms * kMs};
    rig.dialer.fail(rig.now, "x");
    return (rig.dialer.due() - rig.now).value / kMs;
  };
  for (const std::int64_t whole : {100, 200, 400, 800, 1'000, 1'000}) {
    const std::int64_t wait = open_and_fail(9'000);
    EXPECT_GE(wait, whole / 2 - 1);
    EXPECT_LE(wait, whole);
  }
  EXPECT_LE(open_and_fail(11'000), 100);
}

TEST(Dialer, ARefusedPortFailsAndIsTriedAgain) {
  const Endpoint nobody = TcpListener::open({kLoopback, 0})->endpoint();
  Rig rig(to(nobody));
  ASSERT_TRUE(soon([&] {
    return rig.poll(1) == DialState::kWaiting && rig.dialer.failures() == 3;
  }));
  EXPECT_NE(rig.dialer.failure().find("connection refused"), std::string::npos);
  auto listener = TcpListener::open(nobody);
  ASSERT_TRUE(listener) << listener.error;
  ASSERT_TRUE(soon([&] { return rig.poll(1) == DialState::kOpen; }));
}

TEST(Dialer, AServerThatDoesNotShakeHandsIsGivenUp) {
  auto listener = TcpListener::open({kLoopback, 0});
  DialConfig config = to(listener->endpoint());
  config.url.replace(0, 2, "wss");
  config.connect_within = {500 * kMs};
  Rig rig(config);
  rig.poll();
  for (int i = 0; i < 10; ++i) rig.poll(49);
  EXPECT_EQ(rig.dialer.state(), DialState::kConnecting);
  rig.poll(10);
  EXPECT_EQ(rig.dialer.state(), DialState::kWaiting);
  EXPECT_NE(rig.dialer.failure().find("within 500 ms"), std::string::npos);
}

TEST(Dialer, IsHeldBackAsLongAsAVenueAsks) {
  auto listener = TcpListener::open({kLoopback, 0});
  Rig rig(to(listener->endpoint()));
  ASSERT_TRUE(soon([&] { return rig.poll() == DialState::kOpen; }));
  rig.dialer.hold_back(rig.now + MonoNanos{7'000 * kMs});
  rig.dialer.renew();
  EXPECT_EQ(rig.poll(6'999), DialState::kWaiting);
  EXPECT_NE(rig.poll(1), DialState::kWaiting);
}

}  // namespace
}  // namespace pyscalp::net
