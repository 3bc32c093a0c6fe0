// The client's side of a snapshot: the day's state as ITCH messages over SoupBinTCP,
// ending with the sequence number at which the live feed goes on.
//
// Source: Nasdaq GLIMPSE 5.0, SoupBinTCP 3.00. One connection is one snapshot: log in
// asking for message 1, take what comes until the end-of-snapshot message. Whatever
// goes wrong (no connection, refusal, silence, a cut, nonsense) ends the attempt; the
// next one waits longer, up to a cap.
//
// Sans-I/O and single-threaded, all memory taken at construction. The owner of the
// socket connects while wants_link() says so, calls on_connected, on_bytes, on_time and
// on_disconnected, and sends outbound().
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "wire/glimpse.hpp"
#include "wire/soupbintcp.hpp"

namespace pyscalp::feed {

/// What the number at the end of a snapshot means: the specification's text allows both
/// readings.
enum class SnapshotReading : std::uint8_t {
  kNext,  ///< the first message that the snapshot leaves out; the included exchange's
  kLast,  ///< the last message that the snapshot holds
};

struct SnapshotOptions {
  SnapshotReading reading = SnapshotReading::kNext;
  MonoNanos retry_wait = milliseconds(100);  ///< after a failure; doubles each time
  MonoNanos retry_wait_max = seconds(5);
  MonoNanos heartbeat_after = seconds(1);  ///< of silence of ours
  MonoNanos dead_after = seconds(3);       ///< of silence of the server
  MonoNanos whole_within = seconds(120);   ///< from login to end
};

enum class SnapshotState : std::uint8_t {
  kIdle,       ///< no connection
  kLoggingIn,  ///< connected, login sent
  kReceiving,  ///< logged in
  kOver,       ///< whole, or failed: the connection is to be closed
};

/// Why an attempt ended without a snapshot.
enum class SnapshotFailure : std::uint8_t {
  kNoConnection,  ///< refused, or nobody there
  kLoginRefused,
  kBadLogin,   ///< an answer that is none, or messages not from 1 on
  kBadFrame,   ///< what SoupBinTCP does not have, or no server may send
  kBadEnd,     ///< an end-of-snapshot message without a sound number
  kCut,        ///< the connection or the session ended in the middle
  kSilent,     ///< nothing heard for dead_after
  kTooSlow,    ///< not whole after whole_within
  kOutOfStep,  ///< it ends where the feed cannot go on
  kNotNeeded,  ///< the gap was closed otherwise
};
inline constexpr std::size_t kSnapshotFailures = 10;
std::string_view name(SnapshotFailure failure);

class SnapshotSession {
 public:
  struct Counters {
    std::uint64_t attempts = 0;  ///< connections
    std::uint64_t messages = 0;
    std::uint64_t whole = 0;
    std::uint64_t failed[kSnapshotFailures] = {};
  };

  /// Username up to 6 characters, password up to 10.
  SnapshotSession(std::string_view username, std::string_view password,
                  const SnapshotOptions& options)
      : options_(options), username_(username), password_(password) {}

  /// Whether there is to be a connection, given that a snapshot is `wanted`.
  bool wants_link(bool wanted, MonoNanos now) const {
    if (state_ == SnapshotState::kIdle) return wanted && now >= retry_at_;
    return state_ != SnapshotState::kOver;
  }

  /// The connection stands: queues the login.
  void on_connected(MonoNanos now);
  /// Takes the bytes of one read, cut anywhere. Calls `on_begin()` before the first
  /// message, `on_message(Bytes)` for each ITCH message, and `on_end(next)` once the
  /// snapshot is whole, where the feed goes on with message `next`; its answer false
  /// means that it cannot. False: close the connection, then call on_disconnected.
  template <class Listener>
  bool on_bytes(Bytes bytes, MonoNanos now, Listener&& listener);
  /// Heartbeats of ours, silence of the server. Call at next_deadline(). False as
  /// above.
  bool on_time(MonoNanos now);
  MonoNanos next_deadline() const;
  /// Closed by either side, or never opened. True where the snapshot was whole.
  bool on_disconnected(MonoNanos now);
  /// The snapshot is not needed any more.
  void abandon() {
    if (connected()) fail(SnapshotFailure::kNotNeeded);
  }

  Bytes outbound() const { return {out_.data() + sent_, filled_ - sent_}; }
  void consumed(std::size_t size);

  SnapshotState state() const { return state_; }
  bool connected() const {
    return state_ == SnapshotState::kLoggingIn || state_ == SnapshotState::kReceiving;
  }
  /// Failures since the last whole snapshot.
  std::uint32_t failures() const { return failures_; }
  const Counters& counters() const { return counters_; }

 private:
  void fail(SnapshotFailure failure);
  void queue(Bytes bytes, MonoNanos now);
  bool accept_login(Bytes payload);
  /// The sequence number of an end-of-snapshot message after the configured reading; 0
  /// is none.
  std::uint64_t next_after(Bytes message) const;
  template <class Listener>
  void on_frame(const wire::soup::Frame& frame, Listener& listener);
  template <class Listener>
  void on_message(Bytes message, Listener& listener);

  SnapshotOptions options_;
  Text<6> username_;
  Text<10> password_;
  SnapshotState state_ = SnapshotState::kIdle;
  bool whole_ = false;          ///< this connection's snapshot
  bool reported_ = false;       ///< this connection's failure
  std::uint64_t messages_ = 0;  ///< of this connection
  std::uint32_t failures_ = 0;
  MonoNanos started_{};
  MonoNanos heard_{};
  MonoNanos spoke_{};
  MonoNanos retry_at_{-kNever.value};
  MonoNanos retry_wait_{};
  /// A login and some heartbeats; what finds no room is a heartbeat too many.
  std::array<std::byte, 128> out_{};
  std::size_t filled_ = 0;
  std::size_t sent_ = 0;
  Counters counters_;
  wire::soup::FrameReader frames_;
};

template <class Listener>
bool SnapshotSession::on_bytes(Bytes bytes, MonoNanos now, Listener&& listener) {
  if (!connected()) return false;
  if (!bytes.empty()) heard_ = now;
  const bool sound = frames_.feed(
      bytes, [&](const wire::soup::Frame& frame) { on_frame(frame, listener); });
  if (!sound && connected()) fail(SnapshotFailure::kBadFrame);
  return connected();
}

template <class Listener>
void SnapshotSession::on_frame(const wire::soup::Frame& frame, Listener& listener) {
  if (!connected()) return;
  const bool logged_in = state_ == SnapshotState::kReceiving;
  switch (frame.type) {
    case wire::soup::kServerHeartbeat:
    case wire::soup::kDebug:
      return;
    case wire::soup::kLoginAccepted:
      if (logged_in || !accept_login(frame.payload)) fail(SnapshotFailure::kBadLogin);
      return;
    case wire::soup::kLoginRejected:
      return fail(logged_in ? SnapshotFailure::kBadFrame
                            : SnapshotFailure::kLoginRefused);
    case wire::soup::kSequencedData:
      if (!logged_in) return fail(SnapshotFailure::kBadLogin);
      return on_message(frame.payload, listener);
    case wire::soup::kEndOfSession:
      return fail(SnapshotFailure::kCut);
    default:
      return fail(SnapshotFailure::kBadFrame);
  }
}

template <class Listener>
void SnapshotSession::on_message(Bytes message, Listener& listener) {
  if (messages_++ == 0) listener.on_begin();
  ++counters_.messages;
  const bool last = !message.empty() && static_cast<char>(message[0]) ==
                                            wire::glimpse::EndOfSnapshot::kType;
  if (!last) return listener.on_message(message);
  const std::uint64_t next = next_after(message);
  if (next == 0) return fail(SnapshotFailure::kBadEnd);
  if (!listener.on_end(next)) return fail(SnapshotFailure::kOutOfStep);
  whole_ = true;
  state_ = SnapshotState::kOver;
  failures_ = 0;
  retry_wait_ = {};
  ++counters_.whole;
}

}  // namespace pyscalp::feed
