// The client's end of one WebSocket connection: bytes and time in, bytes and messages
// out. It opens no socket and asks no clock.
//
// Source: RFC 6455. Upgrade, frames, answers to pings, own pings where nothing comes,
// the closing handshake, and a name for every way it can end. One thread; nothing is
// allocated after construction.
//
// One object serves one connection after another: open() begins each.
#pragma once

#include <string>

#include "base/outbound_buffer.hpp"
#include "base/random.hpp"
#include "base/types.hpp"
#include "net/websocket_handshake.hpp"
#include "wire/websocket.hpp"

namespace pyscalp::net {

struct WebSocketConfig {
  std::size_t message_most = 16u
                             << 20;   ///< bytes of a message; more ends the connection
  std::size_t outbound = 256u << 10;  ///< bytes that may wait for the kernel
  MonoNanos upgrade_within{10'000'000'000};
  MonoNanos ping_after{10'000'000'000};  ///< silence that is asked about; 0: never
  MonoNanos dead_after{30'000'000'000};  ///< silence that ends the connection; 0: never
  MonoNanos close_within{2'000'000'000};
};

enum class WebSocketState : std::uint8_t {
  kIdle,       ///< before the first open()
  kUpgrading,  ///< the request is out, the answer is not in
  kOpen,
  kClosing,  ///< our close frame is on its way, or out; nothing is handed over any more
  kClosed,   ///< end() says why
};

/// Why a connection is closing or closed.
enum class WebSocketEnd : std::uint8_t {
  kNone,
  kByUs,          ///< close() was called
  kByPeer,        ///< a close frame came; close_code() and close_reason() are its own
  kRefused,       ///< the upgrade was answered by something other than 101
  kBadHandshake,  ///< the answer was malformed, or not for us
  kProtocol,      ///< a frame broke the rules; status() says which
  kSilent,        ///< nothing came for dead_after, our ping included
  kLate,          ///< no answer to the upgrade within upgrade_within
  kEnded,         ///< the connection ended without a close frame
};
std::string_view name(WebSocketEnd end);  ///< "silent", "by peer"

struct WebSocketCounters {
  std::uint64_t connections = 0;  ///< upgrades that succeeded
  std::uint64_t messages = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;  ///< handed to the kernel
  std::uint64_t messages_sent = 0;
  std::uint64_t pings_answered = 0;
  std::uint64_t pongs_dropped = 0;  ///< no room for the answer
  std::uint64_t pings_sent = 0;
  std::uint64_t pongs = 0;  ///< answers to our pings
};

class WebSocketClient {
 public:
  /// `seed` is of the keys and masks; take it from the system (net/dialer.hpp). Masks
  /// protect what lies between from contents that somebody else chose (RFC 6455, 10.3);
  /// what is sent here is our own, so a fast generator of a secret seed is enough.
  WebSocketClient(const WebSocketConfig& config, std::uint64_t seed);

  /// Begins a connection over which bytes can go now. False: the request does not fit.
  bool open(std::string_view host, std::string_view target, MonoNanos now);

  /// Takes what was received and calls `visit(const wire::websocket::Message&)` for
  /// each text or binary message; its payload is valid during the call.
  template <class Visit>
  void on_bytes(Bytes bytes, MonoNanos now, Visit&& visit) {
    counters_.bytes_in += bytes.size();
    heard_at_ = now;
    pinged_ = false;
    if (state_ == WebSocketState::kUpgrading) bytes = take_answer(bytes, now);
    if (bytes.empty() ||
        !(state_ == WebSocketState::kOpen || state_ == WebSocketState::kClosing)) {
      return;
    }
    reader_.feed(bytes, [&](const wire::websocket::Message& message) {
      if (is_control(message.opcode)) [[unlikely]] {
        on_control(message, now);
      } else if (state_ == WebSocketState::kOpen) {
        ++counters_.messages;
        visit(message);
      }
    });
  }
  /// Closes the connection where the peer has broken the protocol. Apart from on_bytes,
  /// so that what the messages before the fault ask for can still be sent.
  void close_if_broken(MonoNanos now) {
    if (state_ == WebSocketState::kOpen && is_broken()) [[unlikely]]
      close_broken(now);
  }
  /// The connection has ended underneath.
  void on_end();
  /// Pings, and ends what is silent or late.
  void on_time(MonoNanos now);

  /// Puts a message into the bytes to be sent; false where there is no room, or the
  /// connection is not open.
  bool send(wire::websocket::Opcode opcode, Bytes payload);
  /// Begins the closing handshake; from kUpgrading it closes at once.
  void close(wire::websocket::CloseCode code, std::string_view reason, MonoNanos now);

  /// What is to be sent, and how much of it has been.
  Bytes pending() const { return outbound_.pending(); }
  /// Whether all has been said, so that the end of sending may be announced.
  bool sent_all() const {
    return state_ == WebSocketState::kClosing && outbound_.empty() &&
           (end_ != WebSocketEnd::kByUs || peer_closed_);
  }
  void sent(std::size_t size) {
    outbound_.consumed(size);
    counters_.bytes_out += size;
  }

  WebSocketState state() const { return state_; }
  WebSocketEnd end() const { return end_; }
  wire::websocket::Status status() const { return reader_.status(); }
  /// The peer's code; 1005 where its close frame had none, 1006 where none came.
  std::uint16_t close_code() const { return close_code_; }
  std::string_view close_reason() const { return {close_reason_.data(), reason_size_}; }
  unsigned http_code() const { return http_code_; }  ///< of the answer to the upgrade
  /// Why it ended, for a person; allocates.
  std::string end_text() const;

  const WebSocketCounters& counters() const { return counters_; }
  /// From our last answered ping to its pong; 0 before the first.
  MonoNanos round_trip() const { return round_trip_; }

 private:
  wire::websocket::MaskKey mask() {
    return static_cast<wire::websocket::MaskKey>(random_.bits() >> 32);
  }
  Bytes take_answer(Bytes bytes, MonoNanos now);
  void on_control(const wire::websocket::Message& message, MonoNanos now);
  bool is_broken() const { return reader_.status() > wire::websocket::Status::kClosed; }
  void close_broken(MonoNanos now);
  bool put(wire::websocket::Opcode opcode, Bytes payload);
  void begin_closing(WebSocketEnd end, wire::websocket::CloseCode code,
                     std::string_view reason, MonoNanos now);
  void finish(WebSocketEnd end);

  const WebSocketConfig config_;
  Random random_;
  std::vector<std::byte> head_;
  wire::http::MessageReader http_;
  wire::websocket::MessageReader reader_;
  OutboundBuffer outbound_;
  websocket::Key key_{};
  websocket::Handshake handshake_ = websocket::Handshake::kSound;
  wire::http::Status http_status_ = wire::http::Status::kMore;
  WebSocketState state_ = WebSocketState::kIdle;
  WebSocketEnd end_ = WebSocketEnd::kNone;
  bool pinged_ = false;  ///< since something was heard
  bool peer_closed_ = false;
  std::uint16_t close_code_ = 0;
  std::uint8_t reason_size_ = 0;
  std::array<char, wire::websocket::kControlMost> close_reason_{};
  unsigned http_code_ = 0;
  MonoNanos since_{};  ///< the state's beginning
  MonoNanos heard_at_{};
  MonoNanos pinged_at_{};
  MonoNanos round_trip_{};
  WebSocketCounters counters_;
};

}  // namespace pyscalp::net
