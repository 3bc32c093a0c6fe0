// A WebSocket that stays: one connection at a time over TCP or TLS, and the next one
// when it is lost, when it falls silent, or when its planned life is over.
//
// Meant for a thread that spins: poll() never waits, except for the resolver between
// connections where the host is a name (net/dialer.hpp). One thread. While a connection
// stands nothing is allocated by operator new.
#pragma once

#include <memory>
#include <string>

#include "net/dialer.hpp"
#include "net/websocket_client.hpp"

namespace pyscalp::net {

struct WebSocketLinkConfig {
  DialConfig dial;
  WebSocketConfig socket;
  /// A connection of this age is closed and made anew, as venues cut them at a day.
  /// 0: never. Up to a twentieth less, by chance, so that two links do not do it at
  /// once.
  MonoNanos life{};
  std::size_t read_size = 64u << 10;  ///< bytes taken from the kernel at once
};

enum class LinkState : std::uint8_t {
  kWaiting,     ///< for the next try
  kConnecting,  ///< TCP, TLS or the upgrade
  kOpen,
  kClosing,
  kStopped,  ///< close() was called and done
};
std::string_view name(LinkState state);  ///< "waiting"

struct LinkCounters {
  WebSocketCounters socket;
  std::uint64_t failures = 0;  ///< tries and connections that ended by a fault
  std::uint64_t renewals = 0;  ///< connections ended because of their age
  std::uint64_t silences = 0;  ///< dead links found
  std::uint64_t cuts = 0;      ///< TLS or TCP that ended without the closing handshake
};

class WebSocketLink {
 public:
  static constexpr int kReadsAtOnce = 16;

  /// Looks the host up and reads the authorities; connects with the first poll.
  static Opened<WebSocketLink> open(const WebSocketLinkConfig& config);

  /// Connects, sends what is waiting, and hands each message that has come to
  /// `visit(const wire::websocket::Message&)`. Returns whether bytes came; then more
  /// may be there, also in TLS where the descriptor does not show it: poll again before
  /// sleeping.
  template <class Visit>
  bool poll(MonoNanos now, Visit&& visit) {
    if (!before(now)) return false;
    bool came = false;
    for (int i = 0; i < kReadsAtOnce; ++i) {
      const Bytes bytes = receive();
      if (bytes.empty()) break;
      came = true;
      client_->on_bytes(bytes, now, visit);
      if (!client_->pending().empty()) flush();
    }
    after(now);
    return came;
  }

  /// False: not open, or no room until the kernel takes more. Sent at once as far as
  /// the kernel takes it.
  bool send(wire::websocket::Opcode opcode, Bytes payload);
  bool send_text(std::string_view text);

  /// Ends it for good, with the closing handshake; poll on until stopped().
  void close(wire::websocket::CloseCode code, std::string_view reason, MonoNanos now);
  /// Closes the connection and makes a new one, as a venue may ask for.
  void renew(MonoNanos now);

  bool is_open() const { return client_->state() == WebSocketState::kOpen; }
  bool stopped() const { return dialer_.state() == DialState::kStopped; }
  LinkState state() const;
  LinkCounters counters() const;
  /// Counts up with every connection that opened: what was asked for on an earlier one
  /// (subscriptions, a logon) has to be asked for again.
  std::uint64_t connection() const { return client_->counters().connections; }
  /// How the last connection or try ended, for a person; empty where none has.
  const std::string& failure() const { return failure_; }
  const WebSocketClient& client() const { return *client_; }
  Dialer& dialer() { return dialer_; }

 private:
  WebSocketLink(const WebSocketLinkConfig& config, Dialer dialer);
  /// Whether there is a connection to read from.
  bool before(MonoNanos now);
  Bytes receive();
  void after(MonoNanos now);
  void flush();
  void lost(MonoNanos now);

  WebSocketLinkConfig config_;
  Dialer dialer_;
  Random random_;
  std::unique_ptr<WebSocketClient> client_;
  std::vector<std::byte> read_;
  MonoNanos renew_at_ = kNever;
  bool begun_ = false;      ///< the client has begun with this connection
  bool half_shut_ = false;  ///< nothing more will be sent
  bool renewing_ = false;
  bool stopping_ = false;
  IoResult ended_{};        ///< what the last read or write that failed said
  std::uint64_t aged_ = 0;  ///< connections whose life is being watched
  std::uint64_t renewals_ = 0;
  std::uint64_t silences_ = 0;
  std::uint64_t cuts_ = 0;
  std::string failure_;
};

}  // namespace pyscalp::net
