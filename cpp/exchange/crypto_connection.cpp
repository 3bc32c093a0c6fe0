#include "exchange/crypto_connection.hpp"

#include <array>

namespace pyscalp::exchange {

namespace ws = wire::websocket;

namespace {

constexpr std::size_t kCompactFrom = std::size_t{1} << 18;

}  // namespace

const char* crypto_end_name(CryptoEnd end) {
  static constexpr const char* kNames[kCryptoEnds] = {
      "open",    "peer",    "bad_bytes", "refused", "too_fast",
      "no_pong", "backlog", "lifetime",  "fault",   "session_end"};
  return kNames[static_cast<std::size_t>(end)];
}

CryptoConnection::CryptoConnection(std::uint32_t number, std::string from,
                                   MonoNanos now)
    : id(number),
      address(std::move(from)),
      opened(now),
      last_ping(now),
      buffer(kRequestMost + wire::http::MessageReader::kHeadMost),
      http(wire::http::Kind::kRequest, buffer) {}

void CryptoConnection::consumed(std::size_t size) {
  sent_ += size;
  if (sent_ == out_.size()) {
    out_.clear();
    sent_ = 0;
  } else if (sent_ >= kCompactFrom) {
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(sent_));
    sent_ = 0;
  }
}

void CryptoConnection::send_bytes(std::string_view bytes) {
  if (ended != CryptoEnd::kOpen) return;
  const auto* const begin = reinterpret_cast<const std::byte*>(bytes.data());
  out_.insert(out_.end(), begin, begin + bytes.size());
  if (out_.size() - sent_ > kBacklogMax) ended = CryptoEnd::kBacklog;
}

void CryptoConnection::send_frame(ws::Opcode opcode, std::string_view payload) {
  std::array<std::byte, ws::kHeaderMost> header{};
  ws::FrameHeader frame;
  frame.opcode = opcode;
  frame.length = payload.size();
  const std::size_t size = ws::encode_header(frame, header.data());
  send_bytes({reinterpret_cast<const char*>(header.data()), size});
  send_bytes(payload);
}

void CryptoConnection::answer(std::string_view bytes, MonoNanos due, MonoNanos now) {
  if (due <= now && held_.empty()) {
    frames == nullptr ? send_bytes(bytes) : send_text(bytes);
    return;
  }
  held_.push_back({due, std::string(bytes)});
}

void CryptoConnection::release(MonoNanos now) {
  while (!held_.empty() && held_.front().due <= now) {
    const std::string bytes = std::move(held_.front().bytes);
    held_.pop_front();
    frames == nullptr ? send_bytes(bytes) : send_text(bytes);
  }
}

void CryptoConnection::end(CryptoEnd why, ws::CloseCode code, std::string_view reason) {
  if (ended != CryptoEnd::kOpen) return;
  if (frames != nullptr && why != CryptoEnd::kFault && why != CryptoEnd::kPeer) {
    std::array<std::byte, ws::kControlMost + ws::kHeaderMost> out{};
    const std::size_t size = ws::encode_close(code, reason, std::nullopt, out);
    send_bytes({reinterpret_cast<const char*>(out.data()), size});
  }
  ended = why;
}

}  // namespace pyscalp::exchange
