#include "exchange/order_server.hpp"

#include <algorithm>
#include <stdexcept>

namespace pyscalp::exchange {

namespace soup = wire::soup;

namespace {

constexpr MonoNanos kHeartbeatEvery = seconds(1);
constexpr MonoNanos kSilenceMax = seconds(15);
constexpr MonoNanos kLoginWithin = seconds(30);
constexpr MonoNanos kOwnStall = seconds(2);
constexpr std::size_t kCompactFrom = std::size_t{1} << 20;
constexpr char kCancelOnDisconnect = 'Z';

/// The heartbeat timeout that a 4.10 login adds: five digits of milliseconds.
MonoNanos silence_of(Bytes login) {
  if (login.size() < soup::LoginRequest::kSize + 5) return kSilenceMax;
  Text<5> text;
  Reader reader(login.data() + soup::LoginRequest::kSize);
  reader(text);
  const std::optional<std::uint64_t> asked = soup::parse_number(text);
  if (!asked || *asked == 0) return kSilenceMax;
  return std::max(milliseconds(static_cast<std::int64_t>(*asked)), kHeartbeatEvery);
}

}  // namespace

const char* close_reason_name(CloseReason reason) {
  static constexpr const char* kNames[kCloseReasons] = {
      "open",      "peer",        "logout",        "refused", "login_timeout", "silent",
      "bad_frame", "bad_message", "not_logged_in", "backlog", "session_end"};
  return kNames[static_cast<std::size_t>(reason)];
}

OrderServer::OrderServer(OrderServerConfig config, Market& market,
                         std::function<void()> acted)
    : session_(left_padded(config.session.size() <= 10 ? config.session : "")),
      market_(market),
      acted_(std::move(acted)) {
  if (config.session.empty() || config.session.size() > 10) {
    throw std::invalid_argument("session '" + config.session +
                                "' must have 1 to 10 characters");
  }
  if (config.logins.size() > kParticipantMax)
    throw std::invalid_argument("there are more than 999 logins");
  for (Login& login : config.logins) {
    const std::string_view name = trimmed(login.username);
    if (name.empty() || name.size() != login.username.size() || name.size() > 6) {
      throw std::invalid_argument("username '" + login.username +
                                  "' must have 1 to 6 characters and no outer spaces");
    }
    if (trimmed(login.password).size() != login.password.size() ||
        login.password.size() > 10) {
      throw std::invalid_argument("the password of '" + login.username +
                                  "' must have up to 10 characters and no outer "
                                  "spaces");
    }
    if (account_of(name) != 0)
      throw std::invalid_argument("username '" + login.username + "' is there twice");
    accounts_.emplace_back().login = std::move(login);
  }
}

// ---- Connections ----

ConnectionId OrderServer::connect() {
  auto connection = std::make_unique<Connection>();
  connection->id = ++last_id_;
  connection->opened = connection->heard = connection->sent = mono_;
  connection->silence_max = kSilenceMax;
  connections_.push_back(std::move(connection));
  ++statistics_.connections;
  return last_id_;
}

OrderServer::Connection* OrderServer::find(ConnectionId id) const {
  for (const auto& connection : connections_)
    if (connection->id == id) return connection.get();
  return nullptr;
}

void OrderServer::on_bytes(ConnectionId id, Bytes bytes, UnixNanos now) {
  Connection* const connection = find(id);
  if (connection == nullptr || connection->reason != CloseReason::kOpen) return;
  connection->heard = mono_;
  const bool whole = connection->reader.feed(
      bytes, [&](const soup::Frame& frame) { on_frame(*connection, frame, now); });
  if (!whole) end(*connection, CloseReason::kBadFrame, now);
}

void OrderServer::disconnect(ConnectionId id, UnixNanos now) {
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  end(*connection, CloseReason::kPeer, now);
  std::erase_if(connections_, [&](const auto& other) { return other->id == id; });
}

Bytes OrderServer::pending(ConnectionId id) const {
  const Connection* const connection = find(id);
  if (connection == nullptr) return {};
  return Bytes(connection->out).subspan(connection->consumed);
}

void OrderServer::consumed(ConnectionId id, std::size_t size) {
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  connection->consumed += size;
  std::vector<std::byte>& out = connection->out;
  if (connection->consumed < out.size() && connection->consumed < kCompactFrom) return;
  const auto rest = std::min(connection->consumed, out.size());
  out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(rest));
  connection->consumed = 0;
}

bool OrderServer::closed(ConnectionId id) const {
  const Connection* const connection = find(id);
  return connection == nullptr || connection->reason != CloseReason::kOpen;
}

AccountId OrderServer::account_of(std::string_view username) const {
  for (std::size_t i = 0; i < accounts_.size(); ++i)
    if (same_text(accounts_[i].login.username, trimmed(username)))
      return static_cast<AccountId>(i + 1);
  return 0;
}

bool OrderServer::online(AccountId id) const {
  return id > 0 && id <= accounts_.size() && accounts_[id - 1].connection != nullptr;
}

void OrderServer::end(Connection& connection, CloseReason reason, UnixNanos now) {
  if (connection.reason != CloseReason::kOpen) return;
  connection.reason = reason;
  ++statistics_.closed[static_cast<std::size_t>(reason)];
  if (connection.account == 0) return;
  account(connection.account).connection = nullptr;
  market_.cancel_all(connection.account, now, kCancelOnDisconnect);
  acted_();
}

// ---- Time ----

void OrderServer::on_time(MonoNanos mono, UnixNanos now) {
  const bool stalled = started_ && mono - mono_ > kOwnStall;
  const MonoNanos lost = stalled ? mono - mono_ : MonoNanos{};
  // Connections made before the first call count from it.
  const MonoNanos shift = started_ ? lost : mono - mono_;
  started_ = true;
  mono_ = mono;
  for (const auto& held : connections_) {
    Connection& connection = *held;
    if (connection.reason != CloseReason::kOpen) continue;
    connection.opened += shift;
    connection.heard += shift;
    if (connection.account == 0) {
      if (mono - connection.opened >= kLoginWithin)
        end(connection, CloseReason::kLoginTimeout, now);
      continue;
    }
    if (mono - connection.heard >= connection.silence_max) {
      end(connection, CloseReason::kSilent, now);
    } else if (connection.out.size() - connection.consumed > kBacklogMax) {
      end(connection, CloseReason::kBacklog, now);
    } else if (mono - connection.sent >= kHeartbeatEvery) {
      send_control(connection, soup::kServerHeartbeat);
    }
  }
}

void OrderServer::end_session(UnixNanos now) {
  if (ended_) return;
  ended_ = true;
  for (Account& owner : accounts_) {
    if (owner.offsets.empty()) continue;
    send_system_event(owner, 'E', now);
  }
  for (const auto& connection : connections_) {
    if (connection->reason != CloseReason::kOpen) continue;
    if (connection->account != 0) send_control(*connection, soup::kEndOfSession);
    end(*connection, CloseReason::kSessionEnd, now);
  }
}

// ---- SoupBinTCP ----

void OrderServer::on_frame(Connection& connection, const soup::Frame& frame,
                           UnixNanos now) {
  if (connection.reason != CloseReason::kOpen) return;
  const bool logged_in = connection.account != 0;
  switch (frame.type) {
    case soup::kDebug:
    case soup::kClientHeartbeat:
      return;
    case soup::kLogoutRequest:
      return end(connection, CloseReason::kLogout, now);
    case soup::kLoginRequest:
      if (logged_in) return end(connection, CloseReason::kBadFrame, now);
      return log_in(connection, frame.payload, now);
    case soup::kUnsequencedData:
      if (!logged_in) return end(connection, CloseReason::kNotLoggedIn, now);
      return on_message(connection, frame.payload, now);
    default:
      return end(connection, CloseReason::kBadFrame, now);
  }
}

void OrderServer::log_in(Connection& connection, Bytes payload, UnixNanos now) {
  const auto request = soup::decode<soup::LoginRequest>(payload);
  if (!request) return end(connection, CloseReason::kBadFrame, now);
  const AccountId id = account_of(request->username.trimmed());
  if (id == 0 || !same_text(account(id).login.password, request->password.trimmed())) {
    return refuse_login(connection, 'A', now);
  }
  Account& owner = account(id);
  const std::string_view session = request->session.trimmed();
  const std::optional<std::uint64_t> asked = soup::parse_number(request->sequence);
  if (ended_ || owner.connection != nullptr || !asked ||
      (!session.empty() && !same_text(session, session_.trimmed()))) {
    return refuse_login(connection, 'S', now);
  }
  if (owner.offsets.empty()) {
    send_system_event(owner, 'S', now);
  }
  const std::uint64_t count = owner.offsets.size();
  const std::uint64_t next = *asked == 0 ? count : *asked;
  if (next > count + 1) return refuse_login(connection, 'S', now);

  ++statistics_.logins;
  connection.account = id;
  connection.silence_max = silence_of(payload);
  owner.connection = &connection;
  std::array<std::byte, soup::kHeaderSize + soup::LoginAccepted::kSize> accepted;
  soup::encode(soup::LoginAccepted{session_, soup::number_text(next)}, accepted.data());
  send(connection, accepted);
  if (next <= count)
    send(connection, Bytes(owner.store).subspan(owner.offsets[next - 1]));
}

void OrderServer::refuse_login(Connection& connection, char reason, UnixNanos now) {
  std::array<std::byte, soup::kHeaderSize + soup::LoginRejected::kSize> rejected;
  soup::encode(soup::LoginRejected{reason}, rejected.data());
  send(connection, rejected);
  end(connection, CloseReason::kRefused, now);
}

void OrderServer::send(Connection& connection, Bytes bytes) {
  connection.out.insert(connection.out.end(), bytes.begin(), bytes.end());
  connection.sent = mono_;
}

void OrderServer::send_control(Connection& connection, char type) {
  std::array<std::byte, soup::kHeaderSize> frame;
  soup::encode_header(type, 0, frame.data());
  send(connection, frame);
}

void OrderServer::send_sequenced(Account& owner, Bytes message) {
  const std::size_t at = owner.store.size();
  owner.offsets.push_back(at);
  owner.store.resize(at + soup::kHeaderSize + message.size());
  soup::encode_header(soup::kSequencedData, message.size(), owner.store.data() + at);
  std::memcpy(owner.store.data() + at + soup::kHeaderSize, message.data(),
              message.size());
  if (owner.connection != nullptr)
    send(*owner.connection, Bytes(owner.store).subspan(at));
}

}  // namespace pyscalp::exchange
