#include "exchange/snapshot_server.hpp"

#include <algorithm>

#include "wire/glimpse.hpp"

namespace pyscalp::exchange {

namespace itch = wire::itch;
namespace soup = wire::soup;

namespace {

constexpr MonoNanos kHeartbeatEvery = seconds(1);
constexpr MonoNanos kSilenceMax = seconds(15);
constexpr MonoNanos kLoginWithin = seconds(30);
constexpr MonoNanos kOwnStall = seconds(2);

/// Puts messages behind one another as sequenced data.
struct Frames {
  std::vector<std::byte>& out;

  std::byte* grow(char type, std::size_t size) {
    const std::size_t at = out.size();
    out.resize(at + soup::kHeaderSize + size);
    soup::encode_header(type, size, out.data() + at);
    return out.data() + at + soup::kHeaderSize;
  }
  void copy(Bytes message) {
    std::memcpy(grow(soup::kSequencedData, message.size()), message.data(),
                message.size());
  }
  template <class Message>
  void send(const Message& message) {
    encode(message, grow(soup::kSequencedData, Message::kSize));
  }
};

}  // namespace

SnapshotServer::SnapshotServer(std::string_view session, std::vector<Login> logins,
                               const Market& market, const FeedPublisher& feed,
                               SnapshotServerOptions options)
    : session_(left_padded(session.substr(0, 10))),
      logins_(std::move(logins)),
      market_(market),
      feed_(feed),
      options_(options) {}

// ---- Connections ----

SnapshotServer::Id SnapshotServer::connect() {
  auto connection = std::make_unique<Connection>();
  connection->id = ++last_id_;
  connection->opened = connection->heard = connection->sent = mono_;
  connections_.push_back(std::move(connection));
  ++statistics_.connections;
  return last_id_;
}

SnapshotServer::Connection* SnapshotServer::find(Id id) const {
  for (const auto& connection : connections_)
    if (connection->id == id) return connection.get();
  return nullptr;
}

void SnapshotServer::on_bytes(Id id, Bytes bytes, UnixNanos now) {
  Connection* const connection = find(id);
  if (connection == nullptr || connection->end != SnapshotEnd::kOpen) return;
  connection->heard = mono_;
  const bool whole = connection->reader.feed(
      bytes, [&](const soup::Frame& frame) { on_frame(*connection, frame, now); });
  if (!whole) finish(*connection, SnapshotEnd::kBadFrame);
}

void SnapshotServer::disconnect(Id id) {
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  finish(*connection, SnapshotEnd::kPeer);
  std::erase_if(connections_, [&](const auto& other) { return other->id == id; });
}

Bytes SnapshotServer::pending(Id id) const {
  const Connection* const connection = find(id);
  if (connection == nullptr) return {};
  if (!connection->control.empty()) return connection->control;
  if (!connection->image) return {};
  return Bytes(connection->image->frames).subspan(connection->taken);
}

void SnapshotServer::consumed(Id id, std::size_t size) {
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  std::vector<std::byte>& control = connection->control;
  if (!control.empty()) {
    const auto rest = static_cast<std::ptrdiff_t>(std::min(size, control.size()));
    control.erase(control.begin(), control.begin() + rest);
    return;
  }
  if (!connection->image) return;
  connection->taken += size;
  if (connection->taken >= connection->image->frames.size())
    finish(*connection, SnapshotEnd::kWhole);
}

bool SnapshotServer::closed(Id id) const {
  const Connection* const connection = find(id);
  return connection == nullptr || connection->end != SnapshotEnd::kOpen;
}

void SnapshotServer::finish(Connection& connection, SnapshotEnd end) {
  if (connection.end != SnapshotEnd::kOpen) return;
  connection.end = end;
  connection.image.reset();
  ++statistics_.ended[static_cast<std::size_t>(end)];
}

// ---- Time ----

void SnapshotServer::on_time(MonoNanos mono, UnixNanos now) {
  // Time in which the exchange itself stood still is not held against the clients.
  const bool shift = !started_ || mono - mono_ > kOwnStall;
  const MonoNanos lost = shift ? mono - mono_ : MonoNanos{};
  started_ = true;
  mono_ = mono;
  for (const auto& held : connections_) {
    Connection& connection = *held;
    if (connection.end != SnapshotEnd::kOpen) continue;
    connection.opened += lost;
    connection.login += lost;
    connection.heard += lost;
    if (!connection.logged_in) {
      if (mono - connection.opened >= kLoginWithin)
        finish(connection, SnapshotEnd::kLoginTimeout);
    } else if (mono - connection.login >= options_.whole_within) {
      finish(connection, SnapshotEnd::kTooSlow);
    } else if (mono - connection.heard >= kSilenceMax) {
      finish(connection, SnapshotEnd::kSilent);
    } else if (!connection.image && !give_image(connection, now) &&
               mono - connection.sent >= kHeartbeatEvery) {
      std::array<std::byte, soup::kHeaderSize> frame;
      soup::encode_header(soup::kServerHeartbeat, 0, frame.data());
      send(connection, frame);
    }
  }
}

// ---- SoupBinTCP ----

void SnapshotServer::on_frame(Connection& connection, const soup::Frame& frame,
                              UnixNanos now) {
  if (connection.end != SnapshotEnd::kOpen) return;
  switch (frame.type) {
    case soup::kDebug:
    case soup::kClientHeartbeat:
      return;
    case soup::kLogoutRequest:
      return finish(connection, SnapshotEnd::kPeer);
    case soup::kLoginRequest:
      if (connection.logged_in) return finish(connection, SnapshotEnd::kBadFrame);
      return log_in(connection, frame.payload, now);
    default:
      return finish(connection, SnapshotEnd::kBadFrame);
  }
}

void SnapshotServer::log_in(Connection& connection, Bytes payload, UnixNanos now) {
  const auto request = soup::decode<soup::LoginRequest>(payload);
  if (!request) return finish(connection, SnapshotEnd::kBadFrame);
  const bool known = std::any_of(logins_.begin(), logins_.end(), [&](const Login& one) {
    return same_text(one.username, request->username.trimmed()) &&
           same_text(one.password, request->password.trimmed());
  });
  if (!known) return refuse(connection, 'A');
  const std::string_view session = request->session.trimmed();
  const auto asked = soup::parse_number(request->sequence);
  if (!asked || *asked != 1 ||
      (!session.empty() && !same_text(session, session_.trimmed()))) {
    return refuse(connection, 'S');
  }
  ++statistics_.logins;
  connection.logged_in = true;
  connection.login = mono_;
  std::array<std::byte, soup::kHeaderSize + soup::LoginAccepted::kSize> accepted;
  soup::encode(soup::LoginAccepted{session_, soup::number_text(1)}, accepted.data());
  send(connection, accepted);
  give_image(connection, now);
}

void SnapshotServer::refuse(Connection& connection, char reason) {
  std::array<std::byte, soup::kHeaderSize + soup::LoginRejected::kSize> rejected;
  soup::encode(soup::LoginRejected{reason}, rejected.data());
  send(connection, rejected);
  finish(connection, SnapshotEnd::kRefused);
}

void SnapshotServer::send(Connection& connection, Bytes bytes) {
  connection.control.insert(connection.control.end(), bytes.begin(), bytes.end());
  connection.sent = mono_;
}

// ---- Images ----

bool SnapshotServer::give_image(Connection& connection, UnixNanos now) {
  std::erase_if(images_, [](const auto& image) { return image.expired(); });
  std::size_t bytes = 0;
  for (const auto& held : images_) {
    const std::shared_ptr<const Image> image = held.lock();
    if (image->next_sequence == feed_.next_sequence()) {
      connection.image = image;
      return true;
    }
    bytes = std::max(bytes, image->frames.size());
  }
  // The next one will be about as large as the largest of now.
  if (bytes * (images_.size() + 1) > options_.image_bytes_max) return false;
  connection.image = make_image(now);
  images_.push_back(connection.image);
  ++statistics_.images;
  return true;
}

std::shared_ptr<const SnapshotServer::Image> SnapshotServer::make_image(
    UnixNanos now) const {
  auto image = std::make_shared<Image>();
  image->next_sequence = feed_.next_sequence();
  image->frames.reserve((market_.resting_orders() + 64) *
                        (soup::kHeaderSize + itch::AddOrder::kSize));
  Frames frames{image->frames};
  day_.for_each([&](Bytes message) { frames.copy(message); });
  for (const Instrument& instrument : market_.instruments()) {
    for (const Side side : {Side::kBuy, Side::kSell}) {
      market_.for_each_displayed(instrument.id, side, [&](const Order& order) {
        itch::AddOrder add;
        add.header = {index(order.instrument), 0,
                      static_cast<std::uint64_t>(now.value)};
        add.reference = order.reference;
        add.side = side == Side::kBuy ? 'B' : 'S';
        add.shares = static_cast<std::uint32_t>(order.qty);
        add.stock = itch::Symbol(instrument.symbol);
        add.price_e4 = static_cast<std::uint32_t>(price_to_e4(order.price));
        frames.send(add);
      });
    }
  }
  frames.send(wire::glimpse::EndOfSnapshot{soup::number_text(image->next_sequence)});
  frames.grow(soup::kEndOfSession, 0);
  return image;
}

}  // namespace pyscalp::exchange
