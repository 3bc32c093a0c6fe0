// Whole sessions over each transport: the exchange in one network, the engine in
// another, and a firewall that loses packets in between.
#include <gtest/gtest.h>

#include "../net/network.hpp"
#include "fixture.hpp"
#include "live/engine_loop.hpp"
#include "pretend_card.hpp"

namespace pyscalp::live {
namespace {

using namespace testing;
using net::TransportKind;
using net::testing::Inside;
using net::testing::VethPair;

/// Nothing stands for the transport that is not part of the tree.
using Transport = std::optional<TransportKind>;

class TransportSession : public ::testing::TestWithParam<Transport> {
 protected:
  void SetUp() override {
    networks_ = VethPair::make();
    if (!networks_) GTEST_SKIP() << net::testing::kNoNetworks;
  }

  /// One multicast packet in 15 is lost on its way out of the exchange's network.
  bool lose_packets() const {
    return networks_->run_left(
        "nft 'table netdev lossy { chain out { type filter hook egress device v0 "
        "priority 0; ip daddr 239.0.0.0/8 numgen random mod 15 == 0 drop; }; }' "
        "2>/dev/null");
  }

  std::unique_ptr<Exchange> exchange(exchange::HostConfig config) const {
    const Inside inside(networks_->left);
    config.interface_address = VethPair::kLeft;
    config.feed_a.port = config.feed_b.port = 26'400;
    config.retransmission = config.orders = {VethPair::kLeft, 0};
    config.snapshot = net::Endpoint{VethPair::kLeft, 0};
    return std::make_unique<Exchange>(std::move(config));
  }

  LiveConfig config_for(const exchange::Host& host) const {
    LiveConfig config = live_config(host);
    config.interface_address = VethPair::kRight;
    if (GetParam()) config.transport = *GetParam();
    return config;
  }

  /// Opens and starts in the engine's network.
  void start(LiveSession& session, const LiveConfig& config) {
    const Inside inside(networks_->right);
    if (GetParam()) {
      ASSERT_EQ(session.open(), std::nullopt);
    } else {
      card_.emplace(net::ReceiverOptions{{config.feed_a, config.feed_b},
                                         config.interface_address});
      ASSERT_TRUE(*card_);
      ASSERT_EQ(session.open_over(*card_, "a pretended card"), std::nullopt);
    }
    session.start();
  }

  std::unique_ptr<VethPair> networks_;
  std::optional<PretendCard> card_;
};

TEST_P(TransportSession, TradesAndStopsFlat) {
  exchange::HostConfig host = host_config(51);
  host.speed = 150;
  host.faults_a = {0.02, 0.02, 0.02, 8};
  host.faults_b = {0.02, 0.02, 0.02, 8};
  const auto exchange = this->exchange(std::move(host));
  const LiveConfig config = config_for(exchange->host());
  LiveSession session(config);
  start(session, config);
  EXPECT_TRUE(wait_for([&] { return fills_of(session) >= 2; }));
  session.request_stop();
  ASSERT_TRUE(session.join(20));
  EXPECT_EQ(session.error(), "");
  EXPECT_TRUE(session.engine().ledger().open_positions().empty());
  EXPECT_EQ(session.allocations(), 0u);
  EXPECT_EQ(session.inspect([](const auto& r) { return r.orders_in_gap(); }), 0u);
  const TransportReport report = session.transport();
  EXPECT_EQ(report.kind, GetParam() ? net::name(*GetParam()) : "other");
  EXPECT_GT(report.counters.packets, 100u);
  EXPECT_EQ(report.counters.lost(), 0u);
  const Histogram& arrival = session.histogram(engine::Stage::kArrival);
  if (GetParam() == TransportKind::kPacket) {
    EXPECT_GT(arrival.count(), 100);
    EXPECT_GE(arrival.min(), 0);
  } else {
    EXPECT_EQ(arrival.count(), 0) << "of packets that nobody stamped";
  }
}

TEST_P(TransportSession, WhatAFirewallLosesIsRecovered) {
  if (!lose_packets())
    GTEST_SKIP() << "needs nft, and a kernel with egress chains and numgen";
  exchange::HostConfig host = host_config(52);
  host.faults_a = {0, 0.05, 0.05, 8};
  host.faults_b = {0, 0.05, 0.05, 8};
  const auto day = exchange::simulate_day(host.agents, 5, MonoNanos{60'000'000'000});
  host.driver = exchange::DriverKind::kReplay;
  host.day = Bytes(day).first(day.size() / 2);
  host.farewell = seconds(1);
  const auto exchange = this->exchange(std::move(host));
  const LiveConfig config = config_for(exchange->host());
  LiveSession session(config);
  start(session, config);
  exchange->wait();
  session.abandon("the test has what it wants");
  ASSERT_TRUE(session.join(20));
  EXPECT_GT(session.engine().feed().counters().gaps, 0u);
  EXPECT_GT(session.engine().feed().counters().recovered, 0u);
  EXPECT_TRUE(session.engine().feed().ended());
  EXPECT_FALSE(session.engine().feed().gap_open());
  EXPECT_GT(session.engine().books().books().order_count(), 20u);
  expect_same_books(session.engine(), exchange->host().venue().market());
}

INSTANTIATE_TEST_SUITE_P(
    Over, TransportSession,
    ::testing::Values(Transport{TransportKind::kXdp}, Transport{TransportKind::kPacket},
                      Transport{TransportKind::kSocket},
                      Transport{TransportKind::kBlocking}, Transport{}),
    [](const auto& tested) {
      return std::string(tested.param ? net::name(*tested.param) : "a_pretended_card");
    });

}  // namespace
}  // namespace pyscalp::live
