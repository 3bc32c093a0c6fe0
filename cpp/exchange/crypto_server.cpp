#include "exchange/crypto_server.hpp"

#include <algorithm>

#include "exchange/json_text.hpp"

namespace pyscalp::exchange {

namespace ws = wire::websocket;

namespace {

CryptoServerConfig completed(CryptoServerConfig config, CryptoProtocol protocol) {
  const bool spot = protocol == CryptoProtocol::kSpot;
  if (config.ping_every.value <= 0) config.ping_every = seconds(spot ? 20 : 180);
  if (config.pong_within.value <= 0) config.pong_within = seconds(spot ? 60 : 600);
  return config;
}

bool is_diff(std::string_view stream) {
  const std::size_t at = stream.find("@depth");
  if (at == std::string_view::npos) return false;
  const std::string_view rest = stream.substr(at + 6);
  return rest.empty() || rest.front() == '@';
}

std::string wrap(std::string_view stream, std::string_view data) {
  JsonText json;
  json.open('{').field("stream", stream).raw_field("data", data);
  return std::move(json.close('}')).str();
}

}  // namespace

CryptoServer::CryptoServer(const CryptoServerConfig& config, CryptoPublisher& publisher,
                           CryptoDesk& desk, CryptoApi& api,
                           StreamSubscriptions& subscriptions)
    : config_(completed(config, publisher.protocol())),
      publisher_(publisher),
      desk_(desk),
      api_(api),
      subscriptions_(subscriptions),
      random_(config.faults.seed) {}

bool CryptoServer::chance(double share) {
  return share > 0 && random_.uniform() < share;
}

// ---- Connections ----

std::uint32_t CryptoServer::connect(std::string address, MonoNanos now) {
  ++statistics_.connections;
  connections_.push_back(
      std::make_unique<CryptoConnection>(++last_id_, std::move(address), now));
  return last_id_;
}

CryptoConnection* CryptoServer::find(std::uint32_t id) const {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [id](const auto& one) { return one->id == id; });
  return found == connections_.end() ? nullptr : found->get();
}

void CryptoServer::disconnect(std::uint32_t id) {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [id](const auto& one) { return one->id == id; });
  if (found == connections_.end()) return;
  if ((*found)->ended == CryptoEnd::kOpen) (*found)->ended = CryptoEnd::kPeer;
  ++statistics_.ended[static_cast<std::size_t>((*found)->ended)];
  subscriptions_.remove_all(id);
  connections_.erase(found);
}

Bytes CryptoServer::pending(std::uint32_t id) const {
  const CryptoConnection* const at = find(id);
  return at == nullptr ? Bytes() : at->pending();
}

void CryptoServer::consumed(std::uint32_t id, std::size_t size) {
  if (CryptoConnection* const at = find(id)) at->consumed(size);
}

bool CryptoServer::closed(std::uint32_t id) const {
  const CryptoConnection* const at = find(id);
  return at == nullptr || at->ended != CryptoEnd::kOpen;
}

bool CryptoServer::cut(std::uint32_t id) const {
  const CryptoConnection* const at = find(id);
  return at == nullptr || at->ended == CryptoEnd::kFault ||
         at->ended == CryptoEnd::kBacklog;
}

void CryptoServer::on_bytes(std::uint32_t id, Bytes bytes, const Now& now) {
  CryptoConnection* const at = find(id);
  while (at != nullptr && at->ended == CryptoEnd::kOpen && !bytes.empty() &&
         at->frames == nullptr) {
    const wire::http::MessageReader::Fed fed = at->http.feed(bytes);
    bytes = bytes.subspan(fed.taken);
    if (wire::http::is_error(fed.status)) {
      respond(*at,
              {400,
               error_text({-1000, "This is no request of HTTP/1.1: " +
                                      std::string(wire::http::name(fed.status))}),
               0, 0, 0},
              now, false);
      at->end(CryptoEnd::kBadBytes, ws::CloseCode::kNone, "");
      return;
    }
    if (fed.status == wire::http::Status::kMore) return;
    on_request(*at, now);
    at->http.next();
  }
  if (at == nullptr || at->frames == nullptr || at->ended != CryptoEnd::kOpen) return;
  const ws::Status status = at->frames->feed(bytes, [&](const ws::Message& message) {
    if (at->ended == CryptoEnd::kOpen) on_message(*at, message, now);
  });
  if (status != ws::Status::kOk && status != ws::Status::kClosed) {
    at->end(CryptoEnd::kBadBytes, ws::close_code(status), ws::name(status));
  }
}

// ---- What is told ----

void CryptoServer::deliver(const Now& now) {
  publisher_.drain([&](const CryptoPublisher::Message& message) {
    const bool diff = is_diff(message.stream);
    std::string wrapped;
    subscriptions_.for_each(message.stream, [&](std::uint32_t id) {
      CryptoConnection* const at = find(id);
      if (at == nullptr || at->ended != CryptoEnd::kOpen) return;
      if (diff && chance(config_.faults.depth_loss)) {
        ++statistics_.dropped;
        return;
      }
      if (at->wrapped && wrapped.empty()) wrapped = wrap(message.stream, message.text);
      at->send_text(at->wrapped ? wrapped : message.text);
      ++statistics_.messages;
      if (chance(config_.faults.cut)) {
        at->end(CryptoEnd::kFault, ws::CloseCode::kAbnormal, "");
      }
    });
  });
  desk_.drain_events([&](const CryptoDesk::UserEvent& event) {
    for (const auto& one : connections_) {
      if (one->ended != CryptoEnd::kOpen) continue;
      for (const auto& [key, account] : one->listening) {
        if (account != event.account) continue;
        one->send_text(one->wrapped ? wrap(key, event.text) : event.text);
        ++statistics_.messages;
      }
      for (const auto& [number, account] : one->subscribed) {
        if (account != event.account) continue;
        JsonText json;
        json.open('{').field("subscriptionId", number);
        json.raw_field("event", event.text).close('}');
        one->send_text(json.str());
        ++statistics_.messages;
      }
    }
  });
  for (const auto& one : connections_) one->release(now.mono);
}

void CryptoServer::on_time(const Now& now) {
  const std::int64_t wall_ms = now.moment.wall.value / 1'000'000;
  for (const auto& one : connections_) {
    CryptoConnection& at = *one;
    at.release(now.mono);
    if (at.frames == nullptr || at.ended != CryptoEnd::kOpen) continue;
    if (now.mono - at.last_ping >= config_.ping_every) {
      at.last_ping = now.mono;
      if (at.unanswered_since == kNever) at.unanswered_since = now.mono;
      at.send_frame(ws::Opcode::kPing, std::to_string(wall_ms));
    }
    if (at.unanswered_since != kNever &&
        now.mono - at.unanswered_since >= config_.pong_within) {
      at.end(CryptoEnd::kNoPong, ws::CloseCode::kPolicy, "Pong timeout");
      continue;
    }
    const MonoNanos age = now.mono - at.opened;
    if (spot() && !at.told_shutdown && age >= config_.lifetime - config_.notice) {
      at.told_shutdown = true;
      JsonText json;
      json.open('{').field("e", "serverShutdown").field("E", wall_ms).close('}');
      if (at.carries == CryptoCarries::kCalls) {
        JsonText event;
        event.open('{').raw_field("event", json.str()).close('}');
        at.send_text(event.str());
      } else {
        at.send_text(json.str());
      }
    }
    if (age >= config_.lifetime) {
      at.end(CryptoEnd::kLifetime, ws::CloseCode::kGoingAway, "");
    }
  }
}

void CryptoServer::end_session() {
  for (const auto& one : connections_) {
    one->end(CryptoEnd::kSessionEnd, ws::CloseCode::kGoingAway, "the day is over");
  }
}

}  // namespace pyscalp::exchange
