#include "net/websocket_client.hpp"

#include <algorithm>

namespace pyscalp::net {

namespace ws = wire::websocket;

namespace {

constexpr std::size_t kHeadRoom = wire::http::MessageReader::kHeadMost + 4'096;
/// Kept free for answers to pings and for the close frame, so that messages of the
/// caller's cannot crowd them out.
constexpr std::size_t kControlRoom = 4'096;

Bytes bytes_of(const std::uint64_t& number) {
  return std::as_bytes(std::span(&number, 1));
}

}  // namespace

std::string_view name(WebSocketEnd end) {
  switch (end) {
    case WebSocketEnd::kNone:
      return "none";
    case WebSocketEnd::kByUs:
      return "by us";
    case WebSocketEnd::kByPeer:
      return "by peer";
    case WebSocketEnd::kRefused:
      return "refused";
    case WebSocketEnd::kBadHandshake:
      return "bad handshake";
    case WebSocketEnd::kProtocol:
      return "protocol";
    case WebSocketEnd::kSilent:
      return "silent";
    case WebSocketEnd::kLate:
      return "late";
    case WebSocketEnd::kEnded:
      return "ended";
  }
  return "?";
}

WebSocketClient::WebSocketClient(const WebSocketConfig& config, std::uint64_t seed)
    : config_(config),
      random_(seed),
      head_(kHeadRoom),
      http_(wire::http::Kind::kResponse, head_),
      reader_(ws::Role::kClient, config.message_most),
      outbound_(config.outbound + kControlRoom) {}

bool WebSocketClient::open(std::string_view host, std::string_view target,
                           MonoNanos now) {
  std::array<std::byte, 16> nonce;
  for (std::size_t i = 0; i < nonce.size(); i += 8)
    store_le(nonce.data() + i, random_.bits());
  key_ = websocket::make_key(nonce);
  http_.reset();
  reader_.reset();
  outbound_.clear();
  end_ = WebSocketEnd::kNone;
  pinged_ = peer_closed_ = false;
  close_code_ = static_cast<std::uint16_t>(ws::CloseCode::kAbnormal);
  reason_size_ = 0;
  http_code_ = 0;
  handshake_ = websocket::Handshake::kSound;
  http_status_ = wire::http::Status::kMore;
  since_ = heard_at_ = now;
  std::byte* const out = outbound_.reserve(config_.outbound);
  const Bytes request =
      websocket::write_request({out, config_.outbound}, host, target, key_.text());
  outbound_.commit(request.size());
  state_ = request.empty() ? WebSocketState::kClosed : WebSocketState::kUpgrading;
  return !request.empty();
}

Bytes WebSocketClient::take_answer(Bytes bytes, MonoNanos now) {
  const auto fed = http_.feed(bytes);
  http_status_ = fed.status;
  if (wire::http::is_error(fed.status)) {
    // A refusal whose body is too large to keep is still a refusal.
    http_code_ = http_.head().code;
    const bool refused = http_code_ != 0 && http_code_ != 101;
    finish(refused ? WebSocketEnd::kRefused : WebSocketEnd::kBadHandshake);
    return {};
  }
  if (fed.status == wire::http::Status::kMore) return {};
  http_code_ = http_.head().code;
  handshake_ = websocket::check_response(http_.head(), key_.text());
  if (handshake_ == websocket::Handshake::kSound) {
    state_ = WebSocketState::kOpen;
    ++counters_.connections;
    since_ = now;
    return bytes.subspan(fed.taken);
  }
  finish(handshake_ == websocket::Handshake::kRefused ? WebSocketEnd::kRefused
                                                      : WebSocketEnd::kBadHandshake);
  return {};
}

void WebSocketClient::on_control(const ws::Message& message, MonoNanos now) {
  if (message.opcode == ws::Opcode::kPing) {
    if (state_ != WebSocketState::kOpen) return;
    ++(put(ws::Opcode::kPong, message.payload) ? counters_.pings_answered
                                               : counters_.pongs_dropped);
  } else if (message.opcode == ws::Opcode::kPong) {
    // Ours carry their number; a pong that nobody asked for is allowed and means
    // nothing.
    if (!std::ranges::equal(message.payload, bytes_of(counters_.pings_sent))) return;
    if (counters_.pings_sent == 0 || pinged_at_ == kNever) return;
    ++counters_.pongs;
    round_trip_ = now - pinged_at_;
    pinged_at_ = kNever;
  } else {
    const ws::Close close = ws::decode_close(message.payload);
    peer_closed_ = true;
    close_code_ = close.code;
    reason_size_ = static_cast<std::uint8_t>(close.reason.size());
    std::ranges::copy(close.reason, close_reason_.begin());
    // RFC 6455, 5.5.1: the answer says the same code.
    if (state_ == WebSocketState::kOpen)
      begin_closing(WebSocketEnd::kByPeer, static_cast<ws::CloseCode>(close.code), {},
                    now);
  }
}

void WebSocketClient::close_broken(MonoNanos now) {
  const ws::Status status = reader_.status();
  begin_closing(WebSocketEnd::kProtocol, ws::close_code(status), ws::name(status), now);
}

void WebSocketClient::on_end() {
  if (state_ == WebSocketState::kClosed || state_ == WebSocketState::kIdle) return;
  if (state_ == WebSocketState::kUpgrading && http_.begun()) {
    // A refusal may have its body up to the end of the connection.
    http_status_ = http_.finish();
    http_code_ = http_.head().code;
    if (http_status_ == wire::http::Status::kMessage)
      return finish(WebSocketEnd::kRefused);
  }
  if (end_ != WebSocketEnd::kNone) return finish(end_);
  finish(is_broken() ? WebSocketEnd::kProtocol : WebSocketEnd::kEnded);
}

void WebSocketClient::on_time(MonoNanos now) {
  switch (state_) {
    case WebSocketState::kUpgrading:
      if (now - since_ >= config_.upgrade_within) finish(WebSocketEnd::kLate);
      return;
    case WebSocketState::kOpen: {
      const MonoNanos silent = now - heard_at_;
      if (config_.dead_after.value > 0 && silent >= config_.dead_after)
        return finish(WebSocketEnd::kSilent);
      if (config_.ping_after.value > 0 && silent >= config_.ping_after && !pinged_) {
        const std::uint64_t number = counters_.pings_sent + 1;
        if (!put(ws::Opcode::kPing, bytes_of(number))) return;
        counters_.pings_sent = number;
        pinged_ = true;
        pinged_at_ = now;
      }
      return;
    }
    case WebSocketState::kClosing:
      if (now - since_ >= config_.close_within) finish(end_);
      return;
    default:
      return;
  }
}

bool WebSocketClient::put(ws::Opcode opcode, Bytes payload) {
  const std::size_t room = ws::kHeaderMost + payload.size();
  std::byte* const out = outbound_.reserve(room);
  if (out == nullptr) return false;
  outbound_.commit(ws::encode_frame(opcode, payload, mask(), {out, room}));
  return true;
}

bool WebSocketClient::send(ws::Opcode opcode, Bytes payload) {
  if (state_ != WebSocketState::kOpen) return false;
  const std::size_t size = ws::kHeaderMost + payload.size();
  if (outbound_.pending().size() + size > config_.outbound) return false;
  if (!put(opcode, payload)) return false;
  ++counters_.messages_sent;
  return true;
}

void WebSocketClient::close(ws::CloseCode code, std::string_view reason,
                            MonoNanos now) {
  if (state_ == WebSocketState::kOpen) {
    begin_closing(WebSocketEnd::kByUs, code, reason, now);
  } else if (state_ == WebSocketState::kUpgrading) {
    finish(WebSocketEnd::kByUs);
  }
}

void WebSocketClient::begin_closing(WebSocketEnd end, ws::CloseCode code,
                                    std::string_view reason, MonoNanos now) {
  end_ = end;
  state_ = WebSocketState::kClosing;
  since_ = now;
  constexpr std::size_t kRoom = ws::kHeaderMost + ws::kControlMost;
  // Without room the other end sees a connection that ends, which says it as well.
  if (std::byte* const out = outbound_.reserve(kRoom))
    outbound_.commit(ws::encode_close(code, reason, mask(), {out, kRoom}));
}

void WebSocketClient::finish(WebSocketEnd end) {
  end_ = end;
  state_ = WebSocketState::kClosed;
  outbound_.clear();
}

std::string WebSocketClient::end_text() const {
  switch (end_) {
    case WebSocketEnd::kNone:
      return {};
    case WebSocketEnd::kByUs:
      return "closed by us";
    case WebSocketEnd::kByPeer: {
      std::string text =
          "the server closed it with code " + std::to_string(close_code_);
      if (reason_size_ != 0) text += ": " + std::string(close_reason());
      return text;
    }
    case WebSocketEnd::kRefused:
      return "the server answered the upgrade with status " +
             std::to_string(http_code_) + "; check the path in the URL";
    case WebSocketEnd::kBadHandshake:
      return "the answer to the upgrade is not that of a WebSocket server: " +
             std::string(wire::http::is_error(http_status_) ? name(http_status_)
                                                            : name(handshake_));
    case WebSocketEnd::kProtocol:
      return "the server broke the protocol: " +
             std::string(ws::name(reader_.status()));
    case WebSocketEnd::kSilent:
      return "nothing came for " +
             std::to_string(config_.dead_after.value / 1'000'000) +
             " ms, no answer to a ping either: the connection is dead";
    case WebSocketEnd::kLate:
      return "no answer to the upgrade within " +
             std::to_string(config_.upgrade_within.value / 1'000'000) + " ms";
    case WebSocketEnd::kEnded:
      return "the connection ended without a close frame";
  }
  return {};
}

}  // namespace pyscalp::net
