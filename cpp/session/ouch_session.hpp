// The client's order session: OUCH 5.0 in SoupBinTCP, bytes and time in, bytes out.
//
// Source: Nasdaq SoupBinTCP 3.00 and 4.10, OUCH 5.0 revision 1.04.
//
// One thread; reads no clock, makes no system call, allocates only when constructed.
// The owner of the socket calls on_connected, on_bytes, on_time and on_disconnected,
// and sends `outbound()`. Only what has passed the risk gate can be sent: `send` and
// `cancel` take nothing else.
//
// After a reconnect the session asks for the message after the last one it has
// counted, so nothing the venue said is lost or seen twice. After each login it asks
// for the account's next user reference; the answer is sequenced behind everything that
// was missed, so once it is there (kLive) the fate of every order is known.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/outbound_buffer.hpp"
#include "base/types.hpp"
#include "risk/gated.hpp"
#include "session/session_state.hpp"
#include "wire/ouch50.hpp"
#include "wire/soupbintcp.hpp"

namespace pyscalp::session {

struct SessionOptions {
  std::string_view username;  ///< up to 6 characters
  std::string_view password;  ///< up to 10
  std::string_view session;   ///< up to 10; blank is the active one
  /// First message to ask for at the first login; 1 is all of the session, 0 the most
  /// recent one.
  std::uint64_t first_sequence = 1;
  MonoNanos heartbeat_after = seconds(1);  ///< of silence of ours
  MonoNanos dead_after = seconds(3);       ///< of silence of the venue
  std::size_t outbound_capacity = 1 << 16;
};

/// The handler of on_bytes has any of these; what it lacks is skipped:
///
///   on_accepted(const wire::ouch::Accepted&)     on_executed(const ...::Executed&)
///   on_canceled(const ...::Canceled&)            on_rejected(const ...::Rejected&)
///   on_aiq_canceled(const ...::AiqCanceled&)     on_replaced(const ...::Replaced&)
///   on_priority_update(const ...::PriorityUpdate&)
///   on_broken_trade(const ...::BrokenTrade&)     on_restated(const ...::Restated&)
///   on_system_event(const ...::SystemEvent&)
///   on_login_accepted(bool resumed)   resumed: goes on with the session of before, and
///                                     no message since we were last live is lost
///   on_live(std::uint32_t next_user_ref, bool resumed)   in step with the venue;
///                                     `next_user_ref` as the venue named it
///   on_login_rejected(char reason)    A not authorised, S session not available
///   on_session_end()
///   on_lost_message(BadInput)         a message of the venue could not be read: what
///                                     we believe of our orders may be wrong
///
/// Messages that come before on_live of a login that was not resumed are the history of
/// the session, an earlier run's included. Prices handed over are at most kMaxPriceE4.
class OuchSession {
 public:
  static constexpr std::uint64_t kMaxPriceE4 = 0x7fff'ffff;
  static constexpr Qty kMaxQty = 999'999;

  explicit OuchSession(const SessionOptions& options);

  /// How an instrument is called in orders. Without it nothing is sent for it.
  void set_symbol(InstrumentId instrument, wire::ouch::Symbol symbol) {
    symbols_[index(instrument)] = symbol;
  }

  // ---- The connection ----

  /// Starts over on a new connection: queues the login.
  void on_connected(MonoNanos now);
  /// Takes the bytes of one read, cut anywhere.
  template <class Handler>
  Link on_bytes(Bytes bytes, MonoNanos now, Handler&& handler);
  /// Heartbeats of ours, silence of the venue. Call at next_deadline(), or in each poll
  /// after the socket has been read.
  Link on_time(MonoNanos now);
  /// When on_time has something to do; kNever when not connected.
  MonoNanos next_deadline() const;
  void on_disconnected();
  /// Asks the server to close. Nothing can be sent after it.
  void logout(MonoNanos now);

  Bytes outbound() const { return outbound_.pending(); }
  void consumed(std::size_t size) { outbound_.consumed(size); }

  // ---- Orders ----

  /// Queues the order and returns its user reference. 0: not live, no room, no symbol,
  /// spent, or not to be expressed in OUCH. Check WorkingOrders::has_room with
  /// next_user_ref() first, and tell it of the reference at once.
  std::uint32_t send(risk::GatedOrder order, MonoNanos now);
  /// Queues a cancel of all that is open. False: not live, no room, or spent. Canceling
  /// what is gone already is harmless.
  bool cancel(risk::GatedCancel cancel, MonoNanos now);
  /// The reference that the next order gets.
  std::uint32_t next_user_ref() const { return next_user_ref_; }

  SessionState state() const { return state_; }
  bool live() const { return state_ == SessionState::kLive; }
  /// Session name as the venue gave it; blank before the first login and after its end.
  Text<10> session_name() const { return session_; }
  /// The next sequenced message's number, as we count.
  std::uint64_t next_sequence() const { return next_sequence_; }
  std::uint64_t count(BadInput input) const {
    return bad_[static_cast<std::size_t>(input)];
  }
  /// Sequenced messages received over all connections.
  std::uint64_t messages() const { return messages_; }

 private:
  /// An order with no option or with post-only: fields, length, {length, tag, value}.
  static constexpr std::size_t kMaxOrder = wire::ouch::EnterOrder::kSize + 2 + 3;
  /// An order's frame with all fields in place that never change.
  struct OrderFrame {
    std::array<std::byte, wire::soup::kHeaderSize + kMaxOrder> bytes{};
    std::size_t size = 0;
  };
  template <class Handler>
  struct Dispatch;

  bool connected() const {
    return state_ == SessionState::kLoggingIn ||
           state_ == SessionState::kSynchronising || state_ == SessionState::kLive ||
           state_ == SessionState::kLoggedOut;
  }
  Link link() const;
  void note(BadInput input) { ++bad_[static_cast<std::size_t>(input)]; }
  void fail(BadInput input);
  bool queue(Bytes bytes, MonoNanos now);
  void queue_login(MonoNanos now);
  void queue_account_query();
  bool accept_login(Bytes payload);
  void forget_session();
  static constexpr int kRefusalsToForget = 10;
  bool next_is_new();
  void lose(BadInput input);

  template <class Handler>
  void on_frame(const wire::soup::Frame& frame, Handler& handler);
  template <class Handler>
  void on_login_rejected(Bytes payload, Handler& handler);
  template <class Handler>
  void on_message(Bytes message, Handler& handler);

  SessionState state_ = SessionState::kDisconnected;
  /// True while something the venue said since we were last live may be missing.
  bool lost_ = true;
  std::uint32_t next_user_ref_ = 1;
  MonoNanos now_{};  ///< of the call under way
  MonoNanos last_sent_{};
  MonoNanos last_received_{};
  std::uint64_t next_sequence_;      ///< next one not seen yet
  int refusals_ = 0;                 ///< of this session, in a row
  int answers_due_ = 1;              ///< account query responses until live
  std::uint64_t incoming_sequence_;  ///< number of the next frame
  std::uint64_t messages_ = 0;
  Text<10> session_;    ///< of the last login
  Text<10> requested_;  ///< what the next login asks for
  OutboundBuffer outbound_;
  std::array<OrderFrame, 2> order_frames_;  ///< by post_only
  std::array<std::byte, wire::soup::kHeaderSize + wire::ouch::CancelOrder::kSize>
      cancel_frame_{};
  std::vector<wire::ouch::Symbol> symbols_;
  std::array<std::uint64_t, kBadInputs> bad_{};
  Text<6> username_;
  Text<10> password_;
  MonoNanos heartbeat_after_;
  MonoNanos dead_after_;
  wire::soup::FrameReader frames_;
};

/// Hands decoded messages to the handler's named functions.
template <class Handler>
struct OuchSession::Dispatch {
  OuchSession& session;
  Handler& handler;

  bool sound_price(std::uint64_t price_e4) {
    if (price_e4 <= kMaxPriceE4) return true;
    session.lose(BadInput::kBadPrice);
    if constexpr (requires { handler.on_lost_message(BadInput::kBadPrice); }) {
      handler.on_lost_message(BadInput::kBadPrice);
    }
    return false;
  }
  void on(const wire::ouch::Accepted& m) {
    if (!sound_price(m.price_e4)) return;
    if constexpr (requires { handler.on_accepted(m); }) handler.on_accepted(m);
  }
  void on(const wire::ouch::Replaced& m) {
    if (!sound_price(m.price_e4)) return;
    if constexpr (requires { handler.on_replaced(m); }) handler.on_replaced(m);
  }
  void on(const wire::ouch::Executed& m) {
    if (!sound_price(m.price_e4)) return;
    if constexpr (requires { handler.on_executed(m); }) handler.on_executed(m);
  }
  void on(const wire::ouch::PriorityUpdate& m) {
    if (!sound_price(m.price_e4)) return;
    if constexpr (requires { handler.on_priority_update(m); })
      handler.on_priority_update(m);
  }
  void on(const wire::ouch::AiqCanceled& m) {
    if constexpr (requires { handler.on_aiq_canceled(m); }) handler.on_aiq_canceled(m);
  }
  void on(const wire::ouch::Canceled& m) {
    if constexpr (requires { handler.on_canceled(m); }) handler.on_canceled(m);
  }
  void on(const wire::ouch::Rejected& m) {
    if constexpr (requires { handler.on_rejected(m); }) handler.on_rejected(m);
  }
  void on(const wire::ouch::BrokenTrade& m) {
    if constexpr (requires { handler.on_broken_trade(m); }) handler.on_broken_trade(m);
  }
  void on(const wire::ouch::Restated& m) {
    if constexpr (requires { handler.on_restated(m); }) handler.on_restated(m);
  }
  void on(const wire::ouch::SystemEvent& m) {
    if constexpr (requires { handler.on_system_event(m); }) handler.on_system_event(m);
  }
  /// Answers to requests that this session does not make.
  template <class Message>
  void on(const Message&) {
    session.note(BadInput::kUnknownMessage);
  }
  void on(const wire::ouch::AccountQueryResponse& m) {
    if (session.next_user_ref_ != 0 && m.next_user_ref > session.next_user_ref_) {
      session.next_user_ref_ = m.next_user_ref;
    }
    if (session.state_ != SessionState::kSynchronising) return;
    if (--session.answers_due_ > 0) return;
    session.state_ = SessionState::kLive;
    session.refusals_ = 0;
    const bool resumed = !session.lost_;
    session.lost_ = false;
    if constexpr (requires { handler.on_live(m.next_user_ref, resumed); }) {
      handler.on_live(m.next_user_ref, resumed);
    }
  }
};

template <class Handler>
Link OuchSession::on_bytes(Bytes bytes, MonoNanos now, Handler&& handler) {
  if (!connected()) return link();
  now_ = now;
  if (!bytes.empty()) last_received_ = now;
  const bool sound = frames_.feed(
      bytes, [&](const wire::soup::Frame& frame) { on_frame(frame, handler); });
  if (!sound) fail(BadInput::kZeroLength);
  return link();
}

template <class Handler>
void OuchSession::on_frame(const wire::soup::Frame& frame, Handler& handler) {
  if (!connected()) return;
  const bool waiting = state_ == SessionState::kLoggingIn;
  switch (frame.type) {
    case wire::soup::kSequencedData:
      if (waiting) return fail(BadInput::kNoLoginYet);
      return on_message(frame.payload, handler);
    case wire::soup::kServerHeartbeat:
    case wire::soup::kDebug:
      return;
    case wire::soup::kLoginAccepted: {
      if (!waiting) return note(BadInput::kRepeatedLogin);
      if (!accept_login(frame.payload)) return fail(BadInput::kBadLogin);
      const bool resumed = !lost_;
      if constexpr (requires { handler.on_login_accepted(resumed); }) {
        handler.on_login_accepted(resumed);
      }
      for (int i = 0; i < answers_due_; ++i) queue_account_query();
      return;
    }
    case wire::soup::kLoginRejected:
      if (!waiting) return note(BadInput::kRepeatedLogin);
      return on_login_rejected(frame.payload, handler);
    case wire::soup::kEndOfSession:
      if (waiting) return fail(BadInput::kNoLoginYet);
      forget_session();
      state_ = SessionState::kEnded;
      if constexpr (requires { handler.on_session_end(); }) handler.on_session_end();
      return;
    case wire::soup::kUnsequencedData:
      return note(BadInput::kUnsequenced);
    default:
      return note(BadInput::kUnknownFrame);
  }
}

template <class Handler>
void OuchSession::on_login_rejected(Bytes payload, Handler& handler) {
  const auto message = wire::soup::decode<wire::soup::LoginRejected>(payload);
  if (!message) return fail(BadInput::kBadLogin);
  // The session of before is gone: ask for the active one next time.
  // The venue may still hold our old connection: the session is given up only when it
  // says so again and again.
  if (message->reason == 'S' && !session_.trimmed().empty() &&
      ++refusals_ >= kRefusalsToForget) {
    forget_session();
  }
  state_ = SessionState::kRefused;
  if constexpr (requires { handler.on_login_rejected(message->reason); }) {
    handler.on_login_rejected(message->reason);
  }
}

template <class Handler>
void OuchSession::on_message(Bytes message, Handler& handler) {
  if (!next_is_new()) return;
  const auto status =
      wire::ouch::decode_outbound(message, Dispatch<Handler>{*this, handler});
  BadInput input;
  switch (status) {
    case wire::ouch::DecodeStatus::kOk:
      return;
    case wire::ouch::DecodeStatus::kUnknownType:
      return note(BadInput::kUnknownMessage);
    case wire::ouch::DecodeStatus::kEmpty:
      return note(BadInput::kEmptyMessage);
    case wire::ouch::DecodeStatus::kTruncated:
      input = BadInput::kTruncatedMessage;
      break;
    default:
      input = BadInput::kBadAppendage;
      break;
  }
  lose(input);
  if constexpr (requires { handler.on_lost_message(input); }) {
    handler.on_lost_message(input);
  }
}

}  // namespace pyscalp::session
