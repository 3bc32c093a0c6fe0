// The engine and the included exchange, at the two ends of real sockets.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "exchange/host.hpp"
#include "live/live_session.hpp"

namespace pyscalp::live::testing {

inline constexpr std::uint32_t kLoopback = 0x7F000001;

inline exchange::HostConfig host_config(std::uint8_t group) {
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

inline engine::EngineConfig engine_config() {
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

inline LiveConfig live_config(const exchange::Host& host) {
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

inline std::size_t fills_of(const LiveSession& session) {
  return session.inspect([](const auto& recorder) { return recorder.fills().size(); });
}

inline bool running(const LiveSession& session) {
  return session.inspect(
      [](const auto& r) { return r.snapshot().phase == engine::Phase::kRunning; });
}

/// Every touch of the engine's books equals the exchange's own.
inline void expect_same_books(const engine::Engine& engine,
                              const exchange::Market& market) {
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

}  // namespace pyscalp::live::testing
