// The engine and the included exchange over real sockets of the loopback.
#include "live/live_session.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>

#include "exchange/host.hpp"
#include "journal/journal_file.hpp"

namespace pyscalp::live {
namespace {

using engine::Phase;

constexpr std::uint32_t kLoopback = 0x7F000001;

exchange::HostConfig host_config(std::uint8_t group) {
  exchange::HostConfig config;
  config.agents.stocks = {exchange::StockParameters{}};
  config.speed = 50;
  config.feed_a = {0xEFFF0000u + group * 256u + 1, 0};
  config.feed_b = {0xEFFF0000u + group * 256u + 2, 0};
  config.retransmission = {kLoopback, 0};
  config.orders = {kLoopback, 0};
  config.snapshot = net::Endpoint{kLoopback, 0};
  config.logins = {{"SCALP1", "paper"}};
  config.fees.maker.per_share = {-2'000'000};
  config.fees.taker.per_share = {3'000'000};
  config.farewell = milliseconds(20);
  return config;
}

engine::EngineConfig engine_config() {
  engine::EngineConfig config;
  config.instruments = {{"AMZN", {10'000'000}}};
  config.signals.of<signal::BookImbalance>().enabled = true;
  config.signals.of<signal::BookImbalance>().options.threshold = 0.3;
  config.signals.of<signal::BookImbalance>().options.persistence = {0};
  config.scalper.order_qty = 5;
  config.scalper.target = {20'000'000};
  config.scalper.stop = {50'000'000};
  config.scalper.exit_after = milliseconds(300);
  config.scalper.hold_limit = milliseconds(900);
  config.scalper.reentry_wait = milliseconds(10);
  config.fees.maker.per_share = {-2'000'000};
  config.fees.taker.per_share = {3'000'000};
  config.username = "SCALP1";
  config.password = "paper";
  config.books = {1 << 16, 1 << 14};
  config.journal_inputs = true;
  config.measure = true;
  risk::Limits& limits = config.limits;
  limits.aum = {1'000'000'000'000'000};
  limits.drawdown_e6 = 15'000;
  limits.max_order_qty = 100;
  limits.max_order_value = {100'000'000'000'000};
  limits.price_collar_e6 = 10'000;
  limits.max_position = 100;
  limits.max_orders_working = 16;
  limits.rate_limit = 1'000;
  limits.rate_window = seconds(1);
  limits.rate_share_e6 = 900'000;
  limits.stale_after = milliseconds(300);
  limits.depth_share_e6 = 500'000;
  limits.depth_levels = 10;
  limits.depth_window = milliseconds(100);
  limits.max_losing_trades = 10'000;
  limits.max_rejects = 100;
  return config;
}

/// The exchange in a thread of its own, gone with the object.
class Exchange {
 public:
  explicit Exchange(exchange::HostConfig config)
      : host_(std::make_unique<exchange::Host>(std::move(config))),
        thread_([this] { host_->run(); }) {}
  ~Exchange() { stop(); }
  void stop() {
    host_->stop();
    if (thread_.joinable()) thread_.join();
  }
  /// Until the day of the market is over.
  void wait() { thread_.join(); }
  exchange::Host& host() { return *host_; }

 private:
  std::unique_ptr<exchange::Host> host_;
  std::thread thread_;
};

LiveConfig live_config(const exchange::Host& host) {
  LiveConfig config;
  config.engine = engine_config();
  config.feed_a = host.feed_a();
  config.feed_b = host.feed_b();
  config.retransmission = host.retransmission();
  config.snapshot = host.snapshot();
  config.orders = host.orders();
  config.interface_address = kLoopback;
  config.connect_patience = seconds(20);
  return config;
}

template <class Condition>
bool wait_for(Condition&& condition, int timeout_ms = 20'000) {
  for (int waited = 0; waited < timeout_ms; waited += 5) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

std::size_t fills_of(const LiveSession& session) {
  return session.inspect([](const auto& recorder) { return recorder.fills().size(); });
}

bool running(const LiveSession& session) {
  return session.inspect(
      [](const auto& r) { return r.snapshot().phase == Phase::kRunning; });
}

/// Every touch of the engine's books equals the exchange's own.
void expect_same_books(const engine::Engine& engine, const exchange::Market& market) {
  const InstrumentId id = engine.instrument(0);
  for (const Side side : {Side::kBuy, Side::kSell}) {
    const auto truth = market.depth(id, side, 1'000);
    std::vector<book::LevelView> seen(truth.size() + 1);
    const int count = engine.books().books().levels(id, side, seen.data(),
                                                    static_cast<int>(seen.size()));
    ASSERT_EQ(static_cast<std::size_t>(count), truth.size());
    for (std::size_t i = 0; i < truth.size(); ++i) {
      ASSERT_EQ(seen[i].price, truth[i].price);
      ASSERT_EQ(seen[i].qty, truth[i].qty);
    }
  }
}

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

}  // namespace
}  // namespace pyscalp::live
