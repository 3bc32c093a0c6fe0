// The engine of the crypto venue with both of its ends in the hands of the test: market
// data made by hand, orders at the model of the venue, and a clock that the test turns.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "binance/engine.hpp"
#include "binance/http_record.hpp"
#include "fixture.hpp"
#include "risk/kill_switch.hpp"
#include "venue_model.hpp"

namespace pyscalp::binance::test {

inline constexpr InstrumentId kFirst{1};

inline SymbolRules first_rules() {
  SymbolRules rules;
  EXPECT_EQ(SymbolRules::read({.name = "BTCUSDT",
                               .id = kFirst,
                               .tick = "0.10",
                               .step = "0.001",
                               .min_notional = "5"},
                              rules),
            RulesStatus::kOk);
  return rules;
}

/// Takes two lots passively when the touch leans; limits wide enough not to interfere.
inline EngineConfig engine_config() {
  EngineConfig config;
  config.instruments = {{"BTCUSDT", {100'000}}};
  auto& imbalance = config.signals.of<signal::BookImbalance>();
  imbalance.enabled = true;
  imbalance.options.threshold = 0.5;
  imbalance.options.levels = 1;
  imbalance.options.persistence = {0};
  config.scalper.order_qty = 2;
  config.scalper.style = order::Style::kMaker;
  config.scalper.target = {3'000'000};
  config.scalper.stop = {50'000'000};
  config.orders = {1 << 10, 1 << 8, 1 << 10};
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
  limits.max_losing_trades = 1'000;
  limits.max_rejects = 100;
  config.journal_inputs = true;
  config.symbols = {{first_rules(), "BTC", "USDT"}};
  config.feed.market = Market::kUsdm;
  config.feed.aggregate_trades = true;
  config.feed.levels.levels = 1 << 12;
  config.session.market = Market::kUsdm;
  config.session.run = RunName("run1");
  return config;
}

struct RingRecord {
  engine::RecordHeader header;
  std::vector<std::byte> body;
};

class EngineRig {
 public:
  explicit EngineRig(const EngineConfig& config = engine_config())
      : signer(KeyKind::kHmac, kSampleApiKey, kSampleSecret),
        ring(1 << 22),
        engine(config, ring, kill_switch, signer),
        model(Market::kUsdm, "BTCUSDT", 1) {
    set_now(kStart);
  }

  // ---- Time ----

  void pass(MonoNanos time) {
    const MonoNanos until = now + time;
    while (now < until) {
      const MonoNanos next = std::max(engine.next_deadline(), now + milliseconds(1));
      set_now(std::min(next, until));
      engine.on_time(now);
      exchange_messages();
    }
  }
  void set_now(MonoNanos at) {
    now = at;
    model.now_ms = kMidnightMs + (now - kStart).value / 1'000'000;
  }

  // ---- Market data ----

  using Rows = std::string;
  /// `[["60000.0","1.5"],…]` of prices in tenths and lots.
  static Rows rows(std::vector<std::pair<std::int64_t, Qty>> levels) {
    Rows text = "[";
    for (const auto& [tenths, lots] : levels) {
      if (text.size() > 1) text += ",";
      text += "[\"";
      text += std::to_string(tenths / 10);
      text += ".";
      text += std::to_string(tenths % 10);
      text += "\",\"";
      text += VenueModel::qty_text(lots).substr(0, qty_size(lots));
      text += "\"]";
    }
    text += "]";
    return text;
  }
  void depth(const Rows& bids, const Rows& asks) {
    const std::string text = R"({"e":"depthUpdate","E":)" + time() + R"(,"T":)" +
                             time() + R"(,"s":"BTCUSDT","U":)" +
                             std::to_string(id + 1) + R"(,"u":)" +
                             std::to_string(id + 5) + R"(,"pu":)" + std::to_string(id) +
                             R"(,"b":)" + bids + R"(,"a":)" + asks + "}";
    id += 5;
    stream(text);
  }
  void trade(std::int64_t tenths, Qty lots, bool buyer_is_maker) {
    stream(R"({"e":"aggTrade","E":)" + time() + R"(,"a":)" + std::to_string(++trades) +
           R"(,"s":"BTCUSDT","p":")" + std::to_string(tenths / 10) + "." +
           std::to_string(tenths % 10) + R"(","q":")" +
           VenueModel::qty_text(lots).substr(0, qty_size(lots)) +
           R"(","f":1,"l":1,"T":)" + time() + R"(,"m":)" +
           (buyer_is_maker ? "true" : "false") + "}");
  }
  void stream(const std::string& text) {
    engine.on_stream_message(0, bytes_of(text), now);
    exchange_messages();
  }
  /// Snapshots are asked for and given until the book is whole.
  void snapshot(const Rows& bids, const Rows& asks) {
    InstrumentId of{};
    engine.on_time(now);
    ASSERT_TRUE(engine.take_snapshot_request(of));
    const std::string text = R"({"lastUpdateId":)" + std::to_string(id) + R"(,"E":)" +
                             time() + R"(,"T":)" + time() + R"(,"bids":)" + bids +
                             R"(,"asks":)" + asks + "}";
    engine.on_snapshot(of, bytes_of(text), now);
    exchange_messages();
  }
  /// 60,000.0 with `bid_lots` against 60,000.1 with `ask_lots`, and depth behind.
  void open_market(Qty bid_lots = 1'000, Qty ask_lots = 1'000) {
    engine.on_stream_up(0, now);
    depth(rows({{600'000, bid_lots}}), rows({{600'001, ask_lots}}));
    snapshot(rows({{600'000, bid_lots}, {599'990, 5'000}}),
             rows({{600'001, ask_lots}, {600'010, 5'000}}));
    depth("[]", "[]");
  }

  // ---- Orders ----

  void connect() {
    engine.on_up(Connection::kApi, now);
    engine.on_up(Connection::kHttp, now);
    for (int i = 0; i < 100 && !engine.session().live(); ++i) {
      exchange_messages();
      if (engine.session().listen_key_number() != key) {
        key = engine.session().listen_key_number();
        engine.on_up(Connection::kUserStream, now);
        model.subscribed = true;
      }
      engine.on_time(now);
    }

    ASSERT_TRUE(engine.session().live());
  }
  /// Until neither side has anything to say.
  void exchange_messages() {
    for (bool more = true; more;) {
      more = false;
      for (const Lane lane : {Lane::kWebSocket, Lane::kHttp}) {
        while (const auto request = engine.next_request(lane, now)) {
          sent.emplace_back(request->text);
          model.take(lane, request->id, request->verb, request->text, Fate::kFair);
          engine.request_sent(lane, now);
          more = true;
        }
      }
      while (!model.answers.empty()) {
        const VenueAnswer answer = model.answers.front();
        model.answers.pop_front();
        if (answer.lane == Lane::kHttp) {
          const HttpHeader used{"X-MBX-USED-WEIGHT-1M", "7"};
          engine.on_http_answer(answer.id, answer.status, {&used, 1},
                                bytes_of(answer.text), now);
        } else {
          engine.on_message(Connection::kApi, bytes_of(answer.text), now);
        }
        more = true;
      }
      while (!model.stream.empty()) {
        const std::string event = model.stream.front();
        model.stream.pop_front();
        engine.on_message(Connection::kUserStream, bytes_of(event), now);
        more = true;
      }
    }
  }
  std::vector<VenueOrder*> open_orders() {
    std::vector<VenueOrder*> open;
    for (auto& [client_id, order] : model.orders)
      if (order.open()) open.push_back(&order);
    return open;
  }

  // ---- What left through the ring ----

  std::vector<RingRecord> records() {
    std::vector<RingRecord> out;
    while (ring.try_pop([&](Bytes bytes) {
      RingRecord record;
      std::memcpy(&record.header, bytes.data(), sizeof record.header);
      const Bytes body = bytes.subspan(sizeof record.header);
      record.body.assign(body.begin(), body.end());
      out.push_back(std::move(record));
    })) {
    }
    return out;
  }

  std::string time() const { return std::to_string(model.now_ms); }

  Signer signer;
  SpscRing ring;
  risk::KillSwitch kill_switch;
  Engine engine;
  VenueModel model;
  static constexpr MonoNanos kStart = seconds(1'000);
  static constexpr std::int64_t kMidnightMs = 1'723'161'600'000;  // of UTC
  MonoNanos now = kStart;
  std::uint64_t id = 1'000;
  std::uint64_t trades = 0;
  std::uint32_t key = 0;
  std::vector<std::string> sent;  ///< requests, as on the wire

 private:
  /// Three decimals, as USD-M writes them.
  static std::size_t qty_size(Qty lots) {
    return std::to_string(lots / 1'000).size() + 4;
  }
};

}  // namespace pyscalp::binance::test
