// A gate that lets everything through, a server's words, and a recorder of what the
// session hands over.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "risk/gate.hpp"
#include "session/ouch_session.hpp"

namespace pyscalp::session {

namespace ouch = wire::ouch;
namespace soup = wire::soup;

inline constexpr InstrumentId kAmzn{7};
inline constexpr Price kLimit{223'450'000'000};  // 223.45

/// Orders of any wish that the real gate passes; a wide-open market around its price.
class OpenGate {
 public:
  std::optional<risk::GatedOrder> pass(const order::Wish& wish) {
    now_ += seconds(1);
    risk::MarketState market;
    market.touch = {wish.limit - Price{100}, wish.limit + Price{100}, 1 << 30, 1 << 30};
    market.last_tick = now_;
    market.gap_open = false;
    market.book_sound = market.trading = market.in_session = true;
    gate_.permit(wish.instrument);
    gate_.on_depth(wish.instrument, now_, 1 << 30, 1 << 30);
    risk::Verdict verdict = gate_.check(wish, market, {}, {}, now_);
    EXPECT_EQ(verdict.denial, risk::Denial::kNone) << name(verdict.denial);
    return std::move(verdict.order);
  }
  risk::GatedCancel cancel(std::uint32_t user_ref) {
    return gate_.cancel(user_ref, now_);
  }

 private:
  static risk::Limits limits() {
    constexpr std::int64_t kHuge = std::int64_t{1} << 62;
    risk::Limits limits;
    limits.aum = {kHuge};
    limits.drawdown_e6 = 1'000'000;
    limits.max_order_qty = 1 << 30;
    limits.max_order_value = {kHuge};
    limits.price_collar_e6 = 1'000'000;
    limits.max_position = 1 << 30;
    limits.max_orders_working = 1 << 30;
    limits.rate_limit = 1 << 20;
    limits.rate_window = milliseconds(1);
    limits.rate_share_e6 = 1'000'000;
    limits.stale_after = seconds(1);
    limits.depth_share_e6 = 1'000'000;
    limits.depth_levels = 10;
    limits.depth_window = milliseconds(1);
    limits.max_losing_trades = 1 << 20;
    limits.max_rejects = 1 << 20;
    return limits;
  }
  MonoNanos now_{};
  risk::KillSwitch kill_;
  risk::Gate gate_{limits(), kill_, 16};
};

/// Writes down every call as a line of text.
struct Recorder {
  std::vector<std::string> lines;

  void add(std::string text, std::uint64_t number) {
    lines.push_back(std::move(text) + " " + std::to_string(number));
  }
  void on_login_accepted(bool resumed) { add("login", resumed); }
  void on_login_rejected(char reason) {
    lines.push_back(std::string("refused ") + reason);
  }
  void on_live(std::uint32_t next, bool resumed) {
    add(resumed ? "live resumed" : "live", next);
  }
  void on_session_end() { lines.push_back("end"); }
  void on_accepted(const ouch::Accepted& m) { add("accepted", m.user_ref); }
  void on_executed(const ouch::Executed& m) { add("executed", m.match); }
  void on_canceled(const ouch::Canceled& m) { add("canceled", m.quantity); }
  void on_rejected(const ouch::Rejected& m) { add("rejected", m.reason); }
  void on_aiq_canceled(const ouch::AiqCanceled& m) { add("aiq_canceled", m.decrement); }
  void on_replaced(const ouch::Replaced& m) { add("replaced", m.original_ref); }
  void on_broken_trade(const ouch::BrokenTrade& m) { add("broken", m.match); }
  void on_priority_update(const ouch::PriorityUpdate& m) {
    add("priority", m.order_reference);
  }
  void on_restated(const ouch::Restated& m) { add("restated", m.user_ref); }
  void on_system_event(const ouch::SystemEvent& m) {
    lines.push_back(std::string("system ") + m.event);
  }
  void on_lost_message(BadInput input) {
    lines.push_back("lost " + std::string(name(input)));
  }
  std::vector<std::string> take() { return std::exchange(lines, {}); }
};
using Lines = std::vector<std::string>;

inline std::vector<std::byte> frame(char type, Bytes payload = {}) {
  std::vector<std::byte> bytes(soup::kHeaderSize + payload.size());
  soup::encode_header(type, payload.size(), bytes.data());
  std::copy(payload.begin(), payload.end(), bytes.begin() + soup::kHeaderSize);
  return bytes;
}

template <class Message>
std::vector<std::byte> sequenced(const Message& message) {
  std::array<std::byte, ouch::kMaxSize> out;
  return frame(soup::kSequencedData,
               Bytes(out.data(), ouch::encode(message, out.data())));
}

inline std::vector<std::byte> login_accepted(std::string_view session,
                                             std::uint64_t sequence) {
  soup::LoginAccepted message{Text<10>(session), soup::number_text(sequence)};
  std::vector<std::byte> out(soup::kHeaderSize + soup::LoginAccepted::kSize);
  soup::encode(message, out.data());
  return out;
}

inline std::vector<std::byte> query_response(std::uint32_t next_user_ref) {
  ouch::AccountQueryResponse message;
  message.next_user_ref = next_user_ref;
  return sequenced(message);
}

inline ouch::Executed executed(std::uint64_t match) {
  ouch::Executed message;
  message.user_ref = 1;
  message.quantity = 5;
  message.price_e4 = 2'234'500;
  message.match = match;
  return message;
}

class SessionTest : public testing::Test {
 protected:
  SessionTest() { session.set_symbol(kAmzn, ouch::Symbol("AMZN")); }

  Link give(Bytes bytes) { return session.on_bytes(bytes, now, recorder); }
  /// All frames that are waiting to be sent, taken.
  std::vector<std::pair<char, std::vector<std::byte>>> sent() {
    std::vector<std::pair<char, std::vector<std::byte>>> frames;
    soup::FrameReader reader;
    reader.feed(session.outbound(), [&](const soup::Frame& f) {
      frames.emplace_back(f.type,
                          std::vector<std::byte>(f.payload.begin(), f.payload.end()));
    });
    session.consumed(session.outbound().size());
    return frames;
  }
  void connect() { session.on_connected(now); }
  void go_live(std::uint64_t sequence = 1, std::uint32_t next_user_ref = 1) {
    connect();
    give(login_accepted("DAY1", sequence));
    give(query_response(next_user_ref));
    ASSERT_TRUE(session.live());
    sent();
    recorder.take();
  }
  order::Wish wish() const {
    order::Wish wish;
    wish.instrument = kAmzn;
    wish.qty = 10;
    wish.limit = kLimit;
    return wish;
  }
  std::uint32_t send(const order::Wish& w) {
    auto gated = gate.pass(w);
    if (!gated) return 0;
    return session.send(*std::move(gated), now);
  }

  static SessionOptions options() {
    SessionOptions options;
    options.username = "SCALP1";
    options.password = "paper";
    return options;
  }

  MonoNanos now{seconds(100)};
  OuchSession session{options()};
  Recorder recorder;
  OpenGate gate;
};

}  // namespace pyscalp::session
