#include "net/websocket_link.hpp"

namespace pyscalp::net {

std::string_view name(LinkState state) {
  switch (state) {
    case LinkState::kWaiting:
      return "waiting";
    case LinkState::kConnecting:
      return "connecting";
    case LinkState::kOpen:
      return "open";
    case LinkState::kClosing:
      return "closing";
    case LinkState::kStopped:
      return "stopped";
  }
  return "?";
}

Opened<WebSocketLink> WebSocketLink::open(const WebSocketLinkConfig& config) {
  auto dialer = Dialer::open(config.dial);
  if (!dialer) return {std::nullopt, dialer.error};
  if (!dialer->url().websocket)
    return {std::nullopt, "no URL of a WebSocket: " + config.dial.url +
                              "; its scheme must be wss or ws"};
  return {WebSocketLink(config, std::move(*dialer)), {}};
}

WebSocketLink::WebSocketLink(const WebSocketLinkConfig& config, Dialer dialer)
    : config_(config),
      dialer_(std::move(dialer)),
      random_(config.dial.seed != 0 ? config.dial.seed : system_seed()),
      // Keys and masks are the system's choice whatever the seed of the jitter.
      client_(std::make_unique<WebSocketClient>(config.socket, system_seed())),
      read_(config.read_size) {}

bool WebSocketLink::before(MonoNanos now) {
  if (dialer_.state() != DialState::kOpen) {
    const std::uint64_t failures = dialer_.failures();
    const DialState state = dialer_.poll(now);
    if (dialer_.failures() != failures) failure_ = dialer_.failure();
    if (state != DialState::kOpen) return false;
  }
  if (!begun_) {
    begun_ = true;
    half_shut_ = renewing_ = false;
    ended_ = {};
    if (!client_->open(dialer_.url().authority(), dialer_.url().target, now)) {
      failure_ = "the URL's path is too long: " + dialer_.url().target;
      dialer_.stop();
      return false;
    }
  }
  client_->close_if_broken(now);
  if (!client_->pending().empty()) flush();
  return true;
}

Bytes WebSocketLink::receive() {
  if (client_->state() == WebSocketState::kClosed) return {};
  const IoResult got = dialer_.stream().receive(read_);
  if (got.status == IoStatus::kOk) return {read_.data(), got.size};
  if (got.status == IoStatus::kAgain) return {};
  ended_ = got;
  client_->on_end();
  return {};
}

void WebSocketLink::flush() {
  while (!client_->pending().empty()) {
    const IoResult sent = dialer_.stream().send(client_->pending());
    // A peer that is gone shows in what is received, with its reason.
    if (sent.status != IoStatus::kOk) return;
    client_->sent(sent.size);
  }
}

void WebSocketLink::after(MonoNanos now) {
  client_->on_time(now);
  switch (client_->state()) {
    case WebSocketState::kOpen:
      if (aged_ != connection()) [[unlikely]] {
        aged_ = connection();
        const auto spread = static_cast<std::uint64_t>(config_.life.value / 20) + 1;
        renew_at_ =
            config_.life.value == 0
                ? kNever
                : now + config_.life -
                      MonoNanos{static_cast<std::int64_t>(random_.below(spread))};
      }
      if (now >= renew_at_) [[unlikely]]
        renew(now);
      if (!client_->pending().empty()) flush();
      return;
    case WebSocketState::kClosing:
      if (!client_->pending().empty()) flush();
      // The server ends the connection first; where it does not, close_within passes.
      if (client_->sent_all() && !half_shut_)
        half_shut_ = dialer_.stream().shut_down_sending();
      return;
    case WebSocketState::kClosed:
      return lost(now);
    default:
      return;
  }
}

void WebSocketLink::lost(MonoNanos now) {
  const WebSocketEnd end = client_->end();
  begun_ = false;
  renew_at_ = kNever;
  failure_ = client_->end_text();
  if (end == WebSocketEnd::kEnded) {
    ++cuts_;
    failure_ = dialer_.stream().failure_text(ended_);
  }
  if (end == WebSocketEnd::kSilent) ++silences_;
  if (stopping_) return dialer_.stop();
  if (renewing_) {
    ++renewals_;
    return dialer_.renew();
  }
  dialer_.fail(now, failure_);
}

bool WebSocketLink::send(wire::websocket::Opcode opcode, Bytes payload) {
  if (!client_->send(opcode, payload)) return false;
  flush();
  return true;
}

bool WebSocketLink::send_text(std::string_view text) {
  return send(wire::websocket::Opcode::kText,
              {reinterpret_cast<const std::byte*>(text.data()), text.size()});
}

void WebSocketLink::close(wire::websocket::CloseCode code, std::string_view reason,
                          MonoNanos now) {
  stopping_ = true;
  if (begun_) client_->close(code, reason, now);
  if (!begun_ || client_->state() == WebSocketState::kClosed) dialer_.stop();
}

void WebSocketLink::renew(MonoNanos now) {
  if (client_->state() != WebSocketState::kOpen) return;
  renewing_ = true;
  client_->close(wire::websocket::CloseCode::kNormal, {}, now);
}

LinkState WebSocketLink::state() const {
  if (dialer_.state() == DialState::kStopped) return LinkState::kStopped;
  if (dialer_.state() == DialState::kWaiting) return LinkState::kWaiting;
  if (!begun_ || client_->state() == WebSocketState::kUpgrading)
    return LinkState::kConnecting;
  return client_->state() == WebSocketState::kOpen ? LinkState::kOpen
                                                   : LinkState::kClosing;
}

LinkCounters WebSocketLink::counters() const {
  LinkCounters out;
  out.socket = client_->counters();
  // The dialer counts what it was told of, and the tries that failed on their own.
  out.failures = dialer_.failures();
  out.renewals = renewals_;
  out.silences = silences_;
  out.cuts = cuts_;
  return out;
}

}  // namespace pyscalp::net
