// The engine and the included exchange over real sockets of the loopback.
#include "live/live_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fixture.hpp"
#include "journal/journal_file.hpp"

namespace pyscalp::live {
namespace {

using namespace testing;
using engine::Phase;

TEST(LiveSession, TradesStopsFlatAndKeepsAJournalThatReadsBack) {
  Exchange exchange(host_config(31));
  LiveConfig config = live_config(exchange.host());
  const auto path = std::filesystem::temp_directory_path() /
                    ("live_" + std::to_string(::getpid()) + ".journal");
  std::filesystem::remove(path);
  config.journal_path = path;
  LiveSession session(config);
  ASSERT_EQ(session.open(), std::nullopt);
  session.start();
  ASSERT_TRUE(wait_for([&] { return fills_of(session) >= 6; }));
  session.request_stop();
  ASSERT_TRUE(session.join(20));
  EXPECT_EQ(session.error(), "");
  EXPECT_EQ(session.engine().phase(), Phase::kEnded);
  EXPECT_TRUE(session.engine().ledger().open_positions().empty());
  EXPECT_EQ(session.allocations(), 0u);
  EXPECT_FALSE(session.thread_notes().empty());
  const SpinGaps& gaps = session.spin_gaps();
  EXPECT_GT(session.spin_watched().value, 0);
  EXPECT_LE(gaps.lost(), session.spin_watched());
  EXPECT_GE(gaps.lost(), gaps.worst());
  EXPECT_LT(session.engine().ledger().totals().longest_holding, seconds(60));

  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  journal::JournalReader reader(
      Bytes(reinterpret_cast<const std::byte*>(text.data()), text.size()));
  journal::Recorder again({"AMZN"});
  while (const auto record = reader.next()) again.take(*record);
  EXPECT_FALSE(reader.damaged());
  session.inspect([&](const auto& recorder) {
    EXPECT_EQ(again.digest(), recorder.digest());
    EXPECT_EQ(again.fills().size(), recorder.fills().size());
  });
  std::filesystem::remove(path);
}

TEST(LiveSession, TheBookEqualsTheExchangesInSpiteOfLossAndNoOrderLeavesInAGap) {
  exchange::HostConfig host = host_config(32);
  host.faults_a = {0.05, 0.05, 0.05, 8};
  host.faults_b = {0.05, 0.05, 0.05, 8};
  Exchange exchange(std::move(host));
  LiveSession session(live_config(exchange.host()));
  ASSERT_EQ(session.open(), std::nullopt);
  session.start();
  ASSERT_TRUE(wait_for([&] { return running(session) && fills_of(session) >= 4; }));
  ASSERT_TRUE(wait_for([&] {
    return session.inspect([](const auto& r) { return r.snapshot().gaps > 3; });
  }));
  session.request_stop();
  ASSERT_TRUE(session.join(20));
  EXPECT_GT(session.engine().feed().counters().gaps, 3u);
  EXPECT_EQ(session.inspect([](const auto& r) { return r.orders_in_gap(); }), 0u);
}

TEST(LiveSession, OnceQuietTheBooksAreEqual) {
  exchange::HostConfig host = host_config(33);
  host.faults_a = {0.05, 0.05, 0.05, 8};
  host.faults_b = {0.05, 0.05, 0.05, 8};
  // A recording that is cut just stops, with its orders in the book; then a farewell
  // long enough to recover in.
  const auto day = exchange::simulate_day(host.agents, 5, MonoNanos{120'000'000'000});
  host.driver = exchange::DriverKind::kReplay;
  host.day = Bytes(day).first(day.size() / 2);
  host.farewell = seconds(2);
  Exchange exchange(std::move(host));
  LiveSession session(live_config(exchange.host()));
  ASSERT_EQ(session.open(), std::nullopt);
  session.start();
  exchange.wait();
  session.abandon("the test has what it wants");
  ASSERT_TRUE(session.join(20));
  EXPECT_GT(session.engine().feed().counters().recovered, 0u);
  EXPECT_TRUE(session.engine().feed().ended());
  EXPECT_FALSE(session.engine().feed().gap_open());
  EXPECT_GT(session.engine().books().books().order_count(), 20u);
  expect_same_books(session.engine(), exchange.host().venue().market());
}

TEST(LiveSession, JoinsInMidDayWithoutRetransmissionAndTrades) {
  Exchange exchange(host_config(39));
  ASSERT_TRUE(
      wait_for([&] { return exchange.host().statistics().next_sequence > 1'000; }));
  LiveConfig config = live_config(exchange.host());
  config.retransmission.reset();
  LiveSession session(config);
  ASSERT_EQ(session.open(), std::nullopt);
  session.start();
  ASSERT_TRUE(wait_for([&] { return fills_of(session) >= 2; }));
  session.request_stop();
  ASSERT_TRUE(session.join(20));
  EXPECT_EQ(session.error(), "");
  EXPECT_EQ(session.engine().feed().counters().requests, 0u);
  EXPECT_GE(session.engine().feed().counters().snapshots, 1u);
  EXPECT_GT(session.engine().snapshots().counters().messages, 20u);
  EXPECT_EQ(session.inspect([](const auto& r) { return r.orders_in_gap(); }), 0u);
}

TEST(LiveSession, WithSnapshotsAloneTheBooksAreEqualOnceQuiet) {
  exchange::HostConfig host = host_config(40);
  host.faults_a = {0.05, 0.05, 0.05, 8};
  host.faults_b = {0.05, 0.05, 0.05, 8};
  const auto day = exchange::simulate_day(host.agents, 5, MonoNanos{120'000'000'000});
  host.driver = exchange::DriverKind::kReplay;
  host.day = Bytes(day).first(day.size() / 2);
  host.from = UnixNanos{exchange::RecordedDay(day).next_time()->value + 20'000'000'000};
  host.farewell = seconds(2);
  Exchange exchange(std::move(host));
  LiveConfig config = live_config(exchange.host());
  config.retransmission.reset();
  LiveSession session(config);
  ASSERT_EQ(session.open(), std::nullopt);
  session.start();
  exchange.wait();
  session.abandon("the test has what it wants");
  ASSERT_TRUE(session.join(20));
  EXPECT_GE(session.engine().feed().counters().snapshots, 1u);
  EXPECT_TRUE(session.engine().feed().ended());
  EXPECT_GT(session.engine().books().books().order_count(), 20u);
  expect_same_books(session.engine(), exchange.host().venue().market());
}

TEST(LiveSession, ADeadRetransmissionServerIsMadeUpForBySnapshots) {
  exchange::HostConfig host = host_config(41);
  host.faults_a = {0.05, 0, 0, 8};
  host.faults_b = {0.05, 0, 0, 8};
  Exchange exchange(std::move(host));
  auto silent = net::UdpSocket::bind({kLoopback, 0});
  ASSERT_TRUE(silent);
  LiveConfig config = live_config(exchange.host());
  config.retransmission = silent->endpoint();
  LiveSession session(config);
  ASSERT_EQ(session.open(), std::nullopt);
  session.start();
  ASSERT_TRUE(wait_for([&] { return fills_of(session) >= 1; }));
  session.request_stop();
  ASSERT_TRUE(session.join(20));
  EXPECT_GT(session.engine().feed().counters().requests, 0u);
  EXPECT_GE(session.engine().feed().counters().snapshots, 1u);
  EXPECT_EQ(session.inspect([](const auto& r) { return r.orders_in_gap(); }), 0u);
}

TEST(LiveSession, WhereNobodyHelpsItSaysWhoWasAsked) {
  exchange::HostConfig host = host_config(42);
  host.snapshot.reset();
  Exchange exchange(std::move(host));
  ASSERT_TRUE(
      wait_for([&] { return exchange.host().statistics().next_sequence > 500; }));
  LiveConfig config = live_config(exchange.host());
  EXPECT_FALSE(config.snapshot);
  config.retransmission.reset();
  config.snapshot = net::Endpoint{kLoopback, 1};
  config.connect_patience = milliseconds(500);
  LiveSession session(config);
  ASSERT_EQ(session.open(), std::nullopt);
  session.start();
  ASSERT_TRUE(session.join(10));
  EXPECT_NE(session.error().find("127.0.0.1:1 gives no snapshot; check venue.snapshot"),
            std::string::npos)
      << session.error();
}

TEST(LiveSession, KillSwitchCancelsEverythingAndEnds) {
  Exchange exchange(host_config(34));
  LiveSession session(live_config(exchange.host()));
  ASSERT_EQ(session.open(), std::nullopt);
  session.start();
  ASSERT_TRUE(wait_for([&] { return fills_of(session) >= 1; }));
  session.kill();
  ASSERT_TRUE(session.join(20));
  EXPECT_EQ(session.engine().gate().state(), risk::TradingState::kHalted);
  EXPECT_EQ(session.engine().orders().open_count(), 0u);
}

TEST(LiveSession, WithoutAnExchangeItSaysWhereItLooked) {
  LiveConfig config;
  config.engine = engine_config();
  config.feed_a = {0xEFFF2301, 34'567};
  config.feed_b = {0xEFFF2302, 34'567};
  config.retransmission = net::Endpoint{kLoopback, 34'568};
  config.orders = {kLoopback, 1};
  config.interface_address = kLoopback;
  config.connect_patience = milliseconds(300);
  LiveSession session(config);
  ASSERT_EQ(session.open(), std::nullopt);
  session.start();
  ASSERT_TRUE(session.join(10));
  EXPECT_NE(session.error().find("127.0.0.1:1"), std::string::npos) << session.error();
}

TEST(LiveSession, ARefusedLoginIsSaid) {
  Exchange exchange(host_config(36));
  LiveConfig config = live_config(exchange.host());
  config.engine.password = "wrong";
  LiveSession session(config);
  ASSERT_EQ(session.open(), std::nullopt);
  session.start();
  ASSERT_TRUE(session.join(10));
  EXPECT_NE(session.error().find("refused the login"), std::string::npos)
      << session.error();
}

TEST(LiveSession, AVenueThatGoesAwayIsReportedAndNotWaitedForForever) {
  auto exchange = std::make_unique<Exchange>(host_config(37));
  LiveConfig config = live_config(exchange->host());
  config.engine.stop_patience_offline = milliseconds(300);
  LiveSession session(config);
  ASSERT_EQ(session.open(), std::nullopt);
  session.start();
  ASSERT_TRUE(wait_for([&] { return running(session); }));
  exchange.reset();
  session.request_stop();
  ASSERT_TRUE(session.join(20));
  EXPECT_TRUE(session.ended());
}

TEST(LiveSession, AJournalThatCannotBeWrittenIsSaidBeforeTheStart) {
  Exchange exchange(host_config(38));
  LiveConfig config = live_config(exchange.host());
  config.journal_path = "/nonexistent/folder/engine.journal";
  LiveSession session(config);
  const auto error = session.open();
  ASSERT_TRUE(error.has_value());
  EXPECT_NE(error->find("/nonexistent/folder"), std::string::npos);
}

TEST(LiveSession, TheEnginesThreadHasSettledBeforeThereIsAnythingToReceive) {
  Exchange exchange(host_config(39));
  LiveConfig config = live_config(exchange.host());
  config.thread.lock_memory = true;
  LiveSession session(config);
  ASSERT_TRUE(session.thread_notes().empty());
  ASSERT_EQ(session.open(), std::nullopt);
  const auto notes = session.thread_notes();
  const auto brought_in = [](const std::string& note) {
    return note.find("all brought in") != std::string::npos;
  };
  EXPECT_TRUE(std::any_of(notes.begin(), notes.end(), brought_in));
  EXPECT_FALSE(session.ended());
  // Never started: destroying it ends the thread that waits.
}

}  // namespace
}  // namespace pyscalp::live
