// Order entry: the server's side of SoupBinTCP with OUCH 5.0 inside.
//
// Sans-I/O, one thread: bytes of connections in, bytes for connections out, orders to
// the Market. A connection that breaks the protocol is closed with a counted reason and
// touches no other. Sequenced messages are kept for the day, so that a client which
// logs in again with its next number misses nothing.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "exchange/login.hpp"
#include "exchange/market.hpp"
#include "exchange/order_report.hpp"
#include "wire/soupbintcp.hpp"

namespace pyscalp::exchange {

using ConnectionId = std::uint32_t;

/// Logins above this number cannot be: account ids from 1000 up belong to others.
inline constexpr AccountId kParticipantMax = 999;

struct OrderServerConfig {
  std::string session;        ///< 1 to 10 characters
  std::vector<Login> logins;  ///< the first is account 1, the next account 2, ...
};

/// Why a connection ended.
enum class CloseReason : std::uint8_t {
  kOpen,          ///< it has not
  kPeer,          ///< the client went away
  kLogout,        ///< the client asked
  kRefused,       ///< wrong name or password (J A), or session (J S)
  kLoginTimeout,  ///< no login within 30 s
  kSilent,        ///< nothing heard for 15 s, or for as long as the login said
  kBadFrame,      ///< a frame that SoupBinTCP does not have
  kBadMessage,    ///< a message that OUCH 5.0 does not have, or cut short
  kNotLoggedIn,   ///< an order before the login
  kBacklog,       ///< more than kBacklogMax bytes wait for a client that does not read
  kSessionEnd,    ///< the day is over
};
inline constexpr std::size_t kCloseReasons = 11;
const char* close_reason_name(CloseReason reason);

struct OrderServerStatistics {
  std::uint64_t connections = 0;
  std::uint64_t logins = 0;
  std::uint64_t orders = 0;
  std::uint64_t replaces = 0;
  std::uint64_t cancels = 0;
  std::uint64_t mass_cancels = 0;
  std::uint64_t queries = 0;
  std::uint64_t resends = 0;      ///< numbers already used: dropped, as OUCH says
  std::uint64_t unsupported = 0;  ///< OUCH M, D, E: ignored
  std::array<std::uint64_t, kCloseReasons> closed{};
};

class OrderServer {
 public:
  static constexpr std::size_t kBacklogMax = std::size_t{64} << 20;

  /// `acted` is called after each call on the market; it must hand every report of the
  /// market to on_report. Throws std::invalid_argument for a session or login that the
  /// protocol has no room for, two logins of one name, or more than 999 of them.
  OrderServer(OrderServerConfig config, Market& market, std::function<void()> acted);

  // ---- Connections ----
  ConnectionId connect();
  void on_bytes(ConnectionId id, Bytes bytes, UnixNanos now);
  /// The connection is gone. Its account's orders are cancelled (reason Z).
  void disconnect(ConnectionId id, UnixNanos now);
  /// What the client is to be sent, and how much of it has been.
  Bytes pending(ConnectionId id) const;
  void consumed(ConnectionId id, std::size_t size);
  /// True once the server has ended the connection: send what is pending, close the
  /// socket and call disconnect. An id that is not there counts as closed.
  bool closed(ConnectionId id) const;

  // ---- Time ----
  /// Sends heartbeats and ends connections that are silent or do not read; call it
  /// several times a second. Time between two calls beyond 2 s is not held against the
  /// clients: the server itself was stopped.
  void on_time(MonoNanos mono, UnixNanos now);
  /// Tells everybody that the day is over and ends all connections.
  void end_session(UnixNanos now);

  // ---- Reports ----
  /// Tells the account's owner; reports of other accounts are ignored.
  void on_report(const Report& report);
  /// Calls `visit(const Report&)` for each report of a participant since the last call,
  /// refusals that never reached the market included. They are kept until asked for.
  template <class Visit>
  void drain_reports(Visit&& visit) {
    for (const Report& report : reports_) visit(report);
    reports_.clear();
  }

  /// Account of a username, 0 if there is none.
  AccountId account_of(std::string_view username) const;
  bool online(AccountId account) const;
  std::size_t connections() const { return connections_.size(); }
  const OrderServerStatistics& statistics() const { return statistics_; }

 private:
  struct Connection {
    ConnectionId id = 0;
    AccountId account = 0;  ///< 0 until logged in
    CloseReason reason = CloseReason::kOpen;
    MonoNanos opened{};
    MonoNanos heard{};
    MonoNanos sent{};
    MonoNanos silence_max{};
    std::size_t consumed = 0;
    std::vector<std::byte> out;
    wire::soup::FrameReader reader;
  };
  struct Account {
    Login login;
    Connection* connection = nullptr;
    std::uint32_t last_ref = 0;
    std::vector<std::byte> store;      ///< sequenced messages in their frames
    std::vector<std::size_t> offsets;  ///< where in `store` each one starts
    std::unordered_map<std::uint32_t, OrderForm> forms;  ///< of live orders
  };
  struct OrderHandler;

  Connection* find(ConnectionId id) const;
  Account& account(AccountId id) { return accounts_[id - 1]; }
  void on_frame(Connection& connection, const wire::soup::Frame& frame, UnixNanos now);
  void on_message(Connection& connection, Bytes message, UnixNanos now);
  void log_in(Connection& connection, Bytes payload, UnixNanos now);
  void refuse_login(Connection& connection, char reason, UnixNanos now);
  void end(Connection& connection, CloseReason reason, UnixNanos now);

  void enter(Account& account, AccountId id, const wire::ouch::EnterOrder& message,
             UnixNanos now);
  void replace(Account& account, AccountId id, const wire::ouch::ReplaceOrder& message,
               UnixNanos now);
  void mass_cancel(Account& account, AccountId id,
                   const wire::ouch::MassCancel& message, UnixNanos now);
  /// False, and counted, where the number was used before.
  bool is_new(const Account& account, std::uint32_t user_ref);

  void send(Connection& connection, Bytes bytes);
  void send_control(Connection& connection, char type);
  void send_sequenced(Account& account, Bytes message);
  void send_system_event(Account& account, char event, UnixNanos now);
  template <class Message>
  void send_ouch(Account& account, const Message& message);

  Text<10> session_;
  Market& market_;
  std::function<void()> acted_;
  std::vector<Account> accounts_;
  std::vector<std::unique_ptr<Connection>> connections_;
  ConnectionId last_id_ = 0;
  MonoNanos mono_{};
  bool started_ = false;
  bool ended_ = false;
  std::vector<Report> reports_;
  OrderServerStatistics statistics_;
};

}  // namespace pyscalp::exchange
