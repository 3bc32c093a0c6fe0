// An engine without sockets: a feed and a venue made by hand, and a clock that the test
// turns. What the engine sends is read back from its bytes.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "risk/kill_switch.hpp"

namespace pyscalp::engine {

namespace itch = wire::itch;
namespace mold = wire::mold;
namespace ouch = wire::ouch;
namespace soup = wire::soup;

using Buffer = std::vector<std::byte>;
using Lines = std::vector<std::string>;

inline constexpr InstrumentId kAmzn{7};
/// Of bid and ask as the tests set them up: 100.00 and 100.02, in 1e-4.
inline constexpr std::uint32_t kBid = 1'000'000;
inline constexpr std::uint32_t kAsk = 1'000'200;
inline constexpr std::uint32_t kCent = 100;
inline constexpr MonoNanos kOpen = seconds(34'200);

/// Takes one lot passively when the touch leans; limits wide enough not to interfere.
inline EngineConfig base_config() {
  EngineConfig config;
  config.instruments = {{"AMZN", {10'000'000}}};
  auto& imbalance = config.signals.of<signal::BookImbalance>();
  imbalance.enabled = true;
  imbalance.options.threshold = 0.5;
  imbalance.options.levels = 1;
  imbalance.options.persistence = {0};
  config.scalper.order_qty = 10;
  config.scalper.style = order::Style::kMaker;
  config.scalper.target = {30'000'000};
  config.scalper.stop = {50'000'000};
  config.username = "SCALP1";
  config.password = "paper";
  config.books = {1 << 12, 1 << 10};
  config.orders = {1 << 10, 1 << 8, 1 << 10};
  config.feed.window = 1 << 10;
  risk::Limits& limits = config.limits;
  limits.aum = {1'000'000'000'000'000};  // a million
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
  return config;
}

/// A record of the ring, header apart.
struct Record {
  RecordHeader header;
  Buffer body;

  template <class Body>
  Body as() const {
    Body value;
    EXPECT_EQ(body.size(), sizeof value);
    std::memcpy(&value, body.data(), sizeof value);
    return value;
  }
};

/// The engine with both of its ends in the hands of the test.
class Rig {
 public:
  explicit Rig(const EngineConfig& config = base_config())
      : ring(1 << 22), engine(config, ring, kill_switch) {}

  // ---- The feed ----

  /// The messages as one datagram with the next sequence numbers, not delivered.
  template <class... Messages>
  Buffer datagram(const Messages&... messages) {
    mold::PacketBuilder builder;
    builder.start(mold::Session(feed_session), sequence);
    (append(builder, messages), ...);
    sequence += builder.count();
    const Bytes bytes = builder.finish();
    return {bytes.begin(), bytes.end()};
  }
  void deliver(const Buffer& bytes, feed::Line line = feed::Line::kA) {
    engine.on_datagram(line, bytes, now);
  }
  /// The messages arrive on both lines, one datagram.
  template <class... Messages>
  void feed(const Messages&... messages) {
    const Buffer bytes = datagram(messages...);
    deliver(bytes, feed::Line::kA);
    deliver(bytes, feed::Line::kB);
  }
  Buffer control(std::uint64_t next, std::uint16_t count) const {
    Buffer bytes(mold::kHeaderSize);
    mold::encode({mold::Session(feed_session), next, count}, bytes.data());
    return bytes;
  }

  itch::Header header(std::uint16_t about = index(kAmzn)) const {
    return {about, 0, static_cast<std::uint64_t>(now.value)};
  }
  itch::StockDirectory directory(std::string_view symbol = "AMZN",
                                 std::uint16_t about = index(kAmzn)) const {
    itch::StockDirectory m;
    m.header = header(about);
    m.stock = itch::Symbol(symbol);
    return m;
  }
  itch::SystemEvent system(char event) const { return {header(0), event}; }
  itch::TradingAction action(char state, std::uint16_t about = index(kAmzn)) const {
    itch::TradingAction m;
    m.header = header(about);
    m.stock = itch::Symbol("AMZN");
    m.state = state;
    return m;
  }
  itch::AddOrder add(std::uint64_t reference, char side, std::uint32_t shares,
                     std::uint32_t price_e4, std::uint16_t about = index(kAmzn)) const {
    return {header(about), reference, side, shares, itch::Symbol("AMZN"), price_e4};
  }
  itch::OrderCancel reduce(std::uint64_t reference, std::uint32_t shares,
                           std::uint16_t about = index(kAmzn)) const {
    return {header(about), reference, shares};
  }
  itch::OrderDelete remove(std::uint64_t reference) const {
    return {header(), reference};
  }
  itch::OrderReplace replace(std::uint64_t from, std::uint64_t to, std::uint32_t shares,
                             std::uint32_t price_e4) const {
    return {header(), from, to, shares, price_e4};
  }

  /// Directory, market hours, trading, and a balanced book: 1 the bid, 2 the ask, 3 and
  /// 4 a cent behind them.
  void open_market() {
    feed(directory(), system('O'), system('S'));
    feed(system('Q'), action('T'));
    feed(add(1, 'B', 300, kBid), add(2, 'S', 300, kAsk));
    feed(add(3, 'B', 300, kBid - kCent), add(4, 'S', 300, kAsk + kCent));
  }
  /// The bid outweighs the ask by five to one, or the other way round.
  void lean_up() { feed(reduce(2, 240)); }
  void lean_down() { feed(reduce(1, 240)); }
  /// A tick that changes nothing at the touch: an order far away comes and goes.
  void tick() {
    const std::uint64_t reference = next_reference++;
    feed(add(reference, 'B', 100, 900'000), remove(reference));
  }

  /// Until the empty book of the start has left the window of the depth.
  void pass_window() {
    now = now + milliseconds(150);
    tick();
  }

  // ---- The venue ----

  void connect() { engine.on_connected(now); }
  bool answer(const Buffer& bytes) { return engine.on_order_bytes(bytes, now); }
  static Buffer frame(char type, Bytes payload = {}) {
    Buffer bytes(soup::kHeaderSize + payload.size());
    soup::encode_header(type, payload.size(), bytes.data());
    std::copy(payload.begin(), payload.end(), bytes.begin() + soup::kHeaderSize);
    return bytes;
  }
  template <class Message>
  Buffer sequenced(Message message) const {
    message.timestamp_ns = static_cast<std::uint64_t>(now.value);
    std::array<std::byte, ouch::kMaxSize> out;
    const std::size_t size = ouch::encode(message, out.data());
    return frame(soup::kSequencedData, Bytes(out.data(), size));
  }
  void login_accepted(std::string_view session, std::uint64_t next) {
    Buffer bytes(soup::kHeaderSize + soup::LoginAccepted::kSize);
    soup::encode(soup::LoginAccepted{Text<10>(session), soup::number_text(next)},
                 bytes.data());
    answer(bytes);
  }
  void query_response(std::uint32_t next_user_ref) {
    answer(sequenced(ouch::AccountQueryResponse{0, next_user_ref}));
  }
  Buffer accepted_bytes(std::uint32_t ref, char state = 'L') const {
    ouch::Accepted m;
    m.user_ref = ref;
    const order::Order* order = engine.orders().find(ref);
    if (order != nullptr) {
      m.side = order->wish.side == Side::kBuy ? 'B' : 'S';
      m.quantity = static_cast<std::uint32_t>(order->wish.qty);
      m.price_e4 = price_to_e4(order->wish.limit);
    }
    m.symbol = ouch::Symbol("AMZN");
    m.order_reference = 1'000'000 + ref;
    m.state = state;
    return sequenced(m);
  }
  void accepted(std::uint32_t ref, char state = 'L') {
    answer(accepted_bytes(ref, state));
  }
  Buffer executed_bytes(std::uint32_t ref, std::uint32_t qty, std::uint32_t price_e4,
                        std::uint64_t match, char liquidity = 'A') const {
    ouch::Executed m;
    m.user_ref = ref;
    m.quantity = qty;
    m.price_e4 = price_e4;
    m.match = match;
    m.liquidity = liquidity;
    return sequenced(m);
  }
  void executed(std::uint32_t ref, std::uint32_t qty, std::uint32_t price_e4,
                std::uint64_t match, char liquidity = 'A') {
    answer(executed_bytes(ref, qty, price_e4, match, liquidity));
  }
  void canceled(std::uint32_t ref, std::uint32_t qty, char reason = 'U') {
    answer(sequenced(ouch::Canceled{0, ref, qty, reason}));
  }
  void rejected(std::uint32_t ref, std::uint16_t reason) {
    answer(sequenced(ouch::Rejected{0, ref, reason, {}}));
  }
  /// Connected, logged in, in step; the login's frames are taken.
  void go_live() {
    connect();
    login_accepted("DAY1", 1);
    query_response(1);  // to the first of two queries: it could be an earlier run's
    query_response(1);
    EXPECT_TRUE(engine.session().live());
    sent();
  }
  /// Live on an open market with a balanced book.
  void start() {
    go_live();
    open_market();
    pass_window();
    EXPECT_EQ(sent(), Lines{});
  }
  /// Live, open, and 10 shares long at `kBid` by an order whose fill has just come; the
  /// book is balanced again. The next reference is 2.
  void buy() {
    start();
    lean_up();
    EXPECT_EQ(sent(), Lines{"#1 buy 10 AMZN at 1000000 post-only"});
    accepted(1);
    balance();
    executed(1, 10, kBid, 501);
    EXPECT_EQ(position(), 10);
  }
  /// `lean_up` undone with the next tick; a working entry stays.
  void balance() { feed(add(next_reference++, 'S', 240, kAsk)); }

  // ---- What came of it ----

  /// What the engine wants to send, a line a frame, taken off as a socket would.
  Lines sent() {
    Lines lines;
    soup::FrameReader reader;
    const Bytes bytes = engine.order_bytes();
    reader.feed(bytes, [&](const soup::Frame& f) { lines.push_back(text_of(f)); });
    engine.order_bytes_sent(bytes.size(), now);
    return lines;
  }
  /// Orders alone, without heartbeats.
  Lines orders_sent() {
    Lines lines = sent();
    std::erase(lines, "heartbeat");
    return lines;
  }
  /// The clock goes on by `step`, with a call of on_time whenever one is due, and the
  /// venue's heartbeats.
  Lines wait(MonoNanos duration, bool heartbeats = true) {
    const MonoNanos until = now + duration;
    Lines lines;
    while (now < until) {
      MonoNanos next = std::min(until, engine.next_deadline());
      if (heartbeats) next = std::min(next, now + milliseconds(900));
      now = std::max(next, now + MonoNanos{1});
      if (heartbeats) answer(frame(soup::kServerHeartbeat));
      link_kept = engine.on_time(now) && link_kept;
      std::array<std::byte, mold::kHeaderSize> request;
      while (engine.take_request(now, request)) {
      }
      for (std::string& line : orders_sent()) lines.push_back(std::move(line));
    }
    return lines;
  }
  Qty position() const { return engine.ledger().position(kAmzn).qty(); }
  std::uint64_t denied(risk::Denial denial) const {
    return engine.gate().counts().denied[risk::index(denial)];
  }
  std::vector<Record> records() {
    std::vector<Record> records;
    while (ring.try_pop([&](Bytes bytes) {
      Record record;
      std::memcpy(&record.header, bytes.data(), sizeof record.header);
      record.body.assign(bytes.begin() + sizeof record.header, bytes.end());
      records.push_back(std::move(record));
    })) {
    }
    return records;
  }
  /// How many of a kind have been recorded since the last call of `records`.
  std::size_t count(RecordKind kind) {
    std::size_t count = 0;
    for (const Record& record : records()) count += record.header.kind == kind;
    return count;
  }

  SpscRing ring;
  risk::KillSwitch kill_switch;
  Engine engine;
  MonoNanos now = kOpen;
  std::string feed_session = "FEED1";
  std::uint64_t sequence = 1;
  std::uint64_t next_reference = 100;
  bool link_kept = true;

 private:
  template <class Message>
  static void append(mold::PacketBuilder& builder, const Message& message) {
    std::array<std::byte, itch::kMaxSize> bytes;
    EXPECT_TRUE(builder.append(Bytes(bytes.data(), encode(message, bytes.data()))));
  }
  static std::string text_of(const soup::Frame& f) {
    struct Reading {
      std::string line;
      void on(const ouch::EnterOrder& m) {
        char text[96];
        std::snprintf(text, sizeof text, "#%u %s %u %s at %llu%s%s", m.user_ref,
                      m.side == 'B' ? "buy" : "sell", m.quantity,
                      std::string(m.symbol.trimmed()).c_str(),
                      static_cast<unsigned long long>(m.price_e4),
                      m.time_in_force == ouch::kTimeInForceIoc ? " ioc" : "",
                      m.options.post_only ? " post-only" : "");
        line = text;
      }
      void on(const ouch::CancelOrder& m) {
        line = "cancel #" + std::to_string(m.user_ref);
      }
      void on(const ouch::AccountQuery&) { line = "query"; }
    };
    if (f.type == soup::kClientHeartbeat) return "heartbeat";
    if (f.type == soup::kLogoutRequest) return "logout";
    if (f.type == soup::kLoginRequest) {
      const auto login = soup::decode<soup::LoginRequest>(f.payload);
      return "login " + std::string(login->username.trimmed()) + " session '" +
             std::string(login->session.trimmed()) + "' from " +
             std::string(login->sequence.trimmed());
    }
    Reading reading;
    EXPECT_EQ(f.type, soup::kUnsequencedData);
    EXPECT_EQ(ouch::decode_inbound(f.payload, reading), ouch::DecodeStatus::kOk);
    return reading.line;
  }
};

}  // namespace pyscalp::engine
