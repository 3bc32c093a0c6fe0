#include "binance/engine.hpp"

#include "base/allocations.hpp"
#include "engine_fixture.hpp"

namespace pyscalp::binance::test {
namespace {

using engine::RecordKind;

/// A rig that trades: the touch leans to the bid from here on.
void make_ready(EngineRig& rig) {
  rig.open_market();
  rig.connect();
  ASSERT_EQ(rig.engine.phase(), engine::Phase::kRunning);
}
void lean(EngineRig& rig, Qty bid = 4'000, Qty ask = 500) {
  rig.depth(EngineRig::rows({{600'000, bid}}), EngineRig::rows({{600'001, ask}}));
}

std::size_t count(const std::vector<RingRecord>& records, RecordKind kind) {
  return static_cast<std::size_t>(std::count_if(
      records.begin(), records.end(),
      [&](const RingRecord& record) { return record.header.kind == kind; }));
}

TEST(CryptoEngine, RestsAtTheTouchAsAMaker) {
  EngineRig rig;
  make_ready(rig);
  lean(rig);
  const auto open = rig.open_orders();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_TRUE(open[0]->buy);
  EXPECT_EQ(open[0]->qty, 2);
  EXPECT_EQ(open[0]->price, "60000");
  EXPECT_EQ(open[0]->tif, "GTX");
  EXPECT_EQ(rig.engine.orders().open_count(kFirst), 1u);
}

TEST(CryptoEngine, BooksWhatTheVenueSaysOfFillAndCommission) {
  EngineRig rig;
  make_ready(rig);
  lean(rig);
  auto open = rig.open_orders();
  ASSERT_EQ(open.size(), 1u);
  rig.model.trade(*open[0], 2, true);
  rig.exchange_messages();
  const order::Position& position = rig.engine.ledger().position(kFirst);
  EXPECT_EQ(position.qty(), 2);
  EXPECT_EQ(position.average_price(), Price{60'000'000'000}) << "of one lot";
  EXPECT_EQ(rig.engine.ledger().totals().fees, Money{1'000'000}) << "0.001 USDT";
  // The target rests at once, and may but reduce.
  open = rig.open_orders();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_FALSE(open[0]->buy);
  EXPECT_EQ(open[0]->price, "60003");
  EXPECT_NE(rig.sent.back().find("\"reduceOnly\":\"true\""), std::string::npos);
}

TEST(CryptoEngine, NoOrderWhileTheBookIsStaleAndAgainOnceItIsWhole) {
  EngineRig rig;
  make_ready(rig);
  rig.id += 1'000;  // changes that nobody will tell
  lean(rig);
  EXPECT_TRUE(rig.engine.feed().stale(kFirst));
  EXPECT_TRUE(rig.open_orders().empty());
  lean(rig, 5'000);
  EXPECT_TRUE(rig.open_orders().empty());
  rig.pass(seconds(1));
  rig.snapshot(EngineRig::rows({{600'000, 5'000}, {599'990, 5'000}}),
               EngineRig::rows({{600'001, 500}, {600'010, 5'000}}));
  lean(rig, 6'000);
  EXPECT_FALSE(rig.engine.feed().stale(kFirst));
  EXPECT_EQ(rig.open_orders().size(), 1u);
  const auto records = rig.records();
  EXPECT_EQ(count(records, RecordKind::kGap), 3u) << "whole, a gap, whole";
}

TEST(CryptoEngine, TradesToldBeforeThereIsABookDoNotMakePricesStale) {
  EngineRig rig;
  rig.engine.on_stream_up(0, rig.now);
  rig.trade(600'000, 5, true);
  make_ready(rig);
  lean(rig);
  EXPECT_EQ(rig.open_orders().size(), 1u);
}

TEST(CryptoEngine, NoOrderWithoutAStreamOfBooks) {
  EngineRig rig;
  make_ready(rig);
  rig.engine.on_stream_down(0, rig.now);
  rig.trade(600'001, 10, false);
  EXPECT_TRUE(rig.engine.feed().stale(kFirst));
  EXPECT_TRUE(rig.open_orders().empty());
}

TEST(CryptoEngine, APriceThatDoesNotMoveIsStaleThoughTradesWereTold) {
  EngineRig rig;
  make_ready(rig);
  rig.pass(milliseconds(400));
  // Stamped with the time of its making, 400 ms before.
  rig.model.now_ms -= 400;
  lean(rig);
  rig.model.now_ms += 400;
  EXPECT_TRUE(rig.open_orders().empty());
}

TEST(CryptoEngine, APositionNobodyToldOfHaltsBeforeTheFirstOrder) {
  EngineRig rig;
  rig.open_market();
  rig.engine.on_up(Connection::kApi, rig.now);
  rig.engine.on_up(Connection::kHttp, rig.now);
  for (int i = 0; i < 100 && !rig.engine.session().live(); ++i) {
    for (const Lane lane : {Lane::kWebSocket, Lane::kHttp}) {
      while (const auto request = rig.engine.next_request(lane, rig.now)) {
        rig.model.take(lane, request->id, request->verb, request->text, Fate::kFair);
        rig.engine.request_sent(lane, rig.now);
      }
    }
    for (VenueAnswer& answer : rig.model.answers) {
      const std::size_t empty = answer.text.find("\"result\":[]");
      if (empty != std::string::npos && answer.lane == Lane::kWebSocket) {
        answer.text.replace(empty, 11,
                            "\"result\":[{\"symbol\":\"BTCUSDT\",\"positionSide\":"
                            "\"BOTH\",\"positionAmt\":\"0.003\"}]");
      }
    }
    rig.exchange_messages();
    if (rig.engine.session().listen_key_number() != rig.key) {
      rig.key = rig.engine.session().listen_key_number();
      rig.engine.on_up(Connection::kUserStream, rig.now);
    }
    rig.engine.on_time(rig.now);
  }
  ASSERT_TRUE(rig.engine.session().live());
  EXPECT_EQ(rig.engine.gate().state(), risk::TradingState::kHalted);
  lean(rig);
  EXPECT_TRUE(rig.open_orders().empty());
}

TEST(CryptoEngine, AStopGetsFlatAndEnds) {
  EngineRig rig;
  make_ready(rig);
  lean(rig);
  auto open = rig.open_orders();
  ASSERT_EQ(open.size(), 1u);
  rig.model.trade(*open[0], 2, true);
  rig.exchange_messages();
  rig.engine.on_command(engine::Command::kStop, rig.now);
  rig.exchange_messages();
  for (int i = 0; i < 50 && !rig.engine.finished(); ++i) {
    rig.pass(milliseconds(50));
    lean(rig, 4'000 + i, 4'000);
  }
  EXPECT_EQ(rig.engine.phase(), engine::Phase::kEnded);
  EXPECT_TRUE(rig.open_orders().empty());
}

/// Gives the inputs of a journal to an engine.
void feed_journal(Engine& engine, const std::vector<RingRecord>& records) {
  for (const RingRecord& record : records) {
    const MonoNanos now = record.header.time;
    const Bytes body(record.body);
    const int link = record.header.detail;
    const bool market = link < MarketFeed::kConnections;
    const auto connection = static_cast<Connection>(link - MarketFeed::kConnections);
    switch (record.header.kind) {
      case RecordKind::kLinkUp:
        market ? engine.on_stream_up(link, now) : engine.on_up(connection, now);
        break;
      case RecordKind::kLinkDown:
        market ? engine.on_stream_down(link, now) : engine.on_down(connection, now);
        break;
      case RecordKind::kMessage:
        market ? engine.on_stream_message(link, body, now)
               : engine.on_message(connection, body, now);
        break;
      case RecordKind::kBookAnswer: {
        InstrumentId id{};
        engine.take_snapshot_request(id);
        if (record.header.detail == 0) engine.on_snapshot(id, body.subspan(2), now);
        if (record.header.detail == 1) engine.on_snapshot_failed(id, now);
        break;
      }
      case RecordKind::kHttpAnswer: {
        HttpRecord answer;
        ASSERT_TRUE(HttpRecord::read(body, answer));
        engine.on_http_answer(answer.id, answer.status,
                              {answer.headers.data(), answer.header_count}, answer.body,
                              now);
        break;
      }
      case RecordKind::kTime:
        engine.on_time(now);
        break;
      case RecordKind::kCommand:
        engine.on_command(static_cast<engine::Command>(link), now);
        break;
      default:
        continue;
    }
    for (const Lane lane : {Lane::kWebSocket, Lane::kHttp})
      while (engine.next_request(lane, now)) engine.request_sent(lane, now);
  }
}

/// A record's bytes without those that mean nothing, between a wish's fields.
std::vector<std::byte> told(const RingRecord& record) {
  // A snapshot has bytes between its fields; what it tells is in the others.
  if (record.header.kind == RecordKind::kSnapshot) return {};
  std::vector<std::byte> bytes = record.body;
  if (record.header.kind == RecordKind::kOrderSent ||
      record.header.kind == RecordKind::kDenied) {
    for (std::size_t at = 3; at < 8; ++at) bytes[at] = {};
    for (std::size_t at = offsetof(order::Wish, signal) + 1;
         at < offsetof(order::Wish, decision_mid); ++at) {
      bytes[at] = {};
    }
  }
  return bytes;
}

TEST(CryptoEngine, AJournalsInputsGiveTheSameOrders) {
  EngineRig rig;
  make_ready(rig);
  for (int i = 0; i < 200; ++i) {
    lean(rig, i % 3 == 0 ? 500 : 4'000, i % 3 == 0 ? 4'000 : 500);
    rig.trade(i % 2 == 0 ? 600'000 : 600'001, 7, i % 2 == 0);
    for (VenueOrder* order : rig.open_orders()) rig.model.trade(*order, 1, true);
    rig.exchange_messages();
    rig.pass(milliseconds(70));
  }
  const auto lived = rig.records();
  ASSERT_GT(count(lived, RecordKind::kOrderSent), 20u);
  ASSERT_GT(count(lived, RecordKind::kFill), 20u);

  EngineRig again;
  feed_journal(again.engine, lived);
  const auto repeated = again.records();
  ASSERT_EQ(repeated.size(), lived.size());
  for (std::size_t i = 0; i < lived.size(); ++i) {
    ASSERT_EQ(repeated[i].header.kind, lived[i].header.kind) << i;
    ASSERT_EQ(told(repeated[i]), told(lived[i])) << i;
  }
}

TEST(CryptoEngine, AllocatesNothingOnceItTrades) {
  EngineRig rig;
  make_ready(rig);
  std::vector<std::string> texts;
  // Made before, so that the test's own memory does not count.
  for (int i = 0; i < 50; ++i) {
    const auto rows = [](std::int64_t tenths, int lots) {
      return EngineRig::rows({{tenths, lots}});
    };
    texts.push_back(
        R"({"e":"depthUpdate","E":1723161600000,"T":1723161600000,"s":"BTCUSDT","U":)" +
        std::to_string(rig.id + 1) + R"(,"u":)" + std::to_string(rig.id + 5) +
        R"(,"pu":)" + std::to_string(rig.id) + R"(,"b":)" + rows(600'000, 4'000 + i) +
        R"(,"a":)" + rows(600'001, 500 + i) + "}");
    rig.id += 5;
  }
  const std::uint64_t before = allocations_of_this_thread();
  int requests = 0;
  for (const std::string& text : texts) {
    rig.engine.on_stream_message(0, bytes_of(text), rig.now);
    for (const Lane lane : {Lane::kWebSocket, Lane::kHttp}) {
      while (rig.engine.next_request(lane, rig.now)) {
        rig.engine.request_sent(lane, rig.now);
        ++requests;
      }
    }
    rig.now += milliseconds(1);
    rig.engine.on_time(rig.now);
  }
  EXPECT_EQ(allocations_of_this_thread(), before);
  EXPECT_GT(requests, 0);
}

TEST(HttpRecord, ReadsWhatItWrote) {
  const HttpHeader headers[] = {{"Content-Type", "application/json"},
                                {"X-MBX-USED-WEIGHT-1M", "12"},
                                {"Retry-After", "3"}};
  std::array<std::byte, HttpRecord::kMaxHead> out;
  const Bytes head = HttpRecord::write(41, 429, headers, out);
  std::vector<std::byte> bytes(head.begin(), head.end());
  for (const char c : std::string_view("{}")) bytes.push_back(std::byte(c));
  HttpRecord record;
  ASSERT_TRUE(HttpRecord::read(bytes, record));
  EXPECT_EQ(record.id, 41u);
  EXPECT_EQ(record.status, 429);
  ASSERT_EQ(record.header_count, 2u) << "those that the session looks at";
  EXPECT_EQ(record.headers[0].name, "X-MBX-USED-WEIGHT-1M");
  EXPECT_EQ(record.headers[1].value, "3");
  EXPECT_EQ(record.body.size(), 2u);
  for (std::size_t size = 0; size < head.size(); ++size)
    EXPECT_FALSE(HttpRecord::read(Bytes(bytes).first(size), record)) << size;
}

}  // namespace
}  // namespace pyscalp::binance::test
