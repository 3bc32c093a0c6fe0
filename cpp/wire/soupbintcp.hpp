// SoupBinTCP 3.00 / 4.x: framing, logins and heartbeats of a sequenced TCP session.
//
// Source: Nasdaq SoupBinTCP 3.00 (2017-02-22) and 4.10. A frame is {u16 length, type,
// payload}; the length counts type and payload. TCP may cut frames anywhere.
#pragma once

#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace pyscalp::wire::soup {

inline constexpr char kLoginRequest = 'L';
inline constexpr char kLoginAccepted = 'A';
inline constexpr char kLoginRejected = 'J';
inline constexpr char kSequencedData = 'S';
inline constexpr char kUnsequencedData = 'U';  ///< from 4.00 on the server's too
inline constexpr char kServerHeartbeat = 'H';
inline constexpr char kClientHeartbeat = 'R';
inline constexpr char kEndOfSession = 'Z';
inline constexpr char kLogoutRequest = 'O';
inline constexpr char kDebug = '+';

inline constexpr std::size_t kHeaderSize = 3;

/// ASCII digits with leading spaces; `number` must have at most N of them.
template <std::size_t N = 20>
Text<N> number_text(std::uint64_t number) {
  Text<N> text;
  std::size_t at = N;
  do {
    text.chars[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0 && at > 0);
  return text;
}

/// The number in an ASCII field padded on either side; nothing where it is no number.
template <std::size_t N>
std::optional<std::uint64_t> parse_number(const Text<N>& text) {
  const std::string_view digits = text.trimmed();
  if (digits.empty()) return 0;
  std::uint64_t number = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    const auto value = static_cast<std::uint64_t>(digit - '0');
    if (number > (UINT64_MAX - value) / 10) return std::nullopt;
    number = number * 10 + value;
  }
  return number;
}

struct LoginRequest {
  static constexpr char kType = kLoginRequest;
  static constexpr std::size_t kSize = 46;  ///< payload, without the frame's type
  Text<6> username;
  Text<10> password;
  Text<10> session;
  Text<20> sequence;
  void map(auto& io) { io(username), io(password), io(session), io(sequence); }
};

/// The login of 4.10. A server tells it from the older one by the payload's size, and
/// drops a client that was silent for as long as it asks for here.
struct TimedLoginRequest {
  static constexpr char kType = kLoginRequest;
  static constexpr std::size_t kSize = 51;
  LoginRequest login;
  Text<5> heartbeat_ms;  ///< heartbeat timeout, ASCII; blank is the server's choice
  void map(auto& io) { login.map(io), io(heartbeat_ms); }
};

struct LoginAccepted {
  static constexpr char kType = kLoginAccepted;
  static constexpr std::size_t kSize = 30;
  Text<10> session;
  Text<20> sequence;
  void map(auto& io) { io(session), io(sequence); }
};

struct LoginRejected {
  static constexpr char kType = kLoginRejected;
  static constexpr std::size_t kSize = 1;
  char reason = 'A';
  void map(auto& io) { io(reason); }
};

/// Decodes a login message's payload; nothing where it is too short.
template <class Message>
std::optional<Message> decode(Bytes payload) {
  if (payload.size() < Message::kSize) return std::nullopt;
  Message message;
  Reader reader(payload.data());
  message.map(reader);
  return message;
}

/// Writes a frame's header; the payload of `payload_size` bytes follows it.
inline void encode_header(char type, std::size_t payload_size, std::byte* out) {
  store_be(out, static_cast<std::uint16_t>(payload_size + 1));
  out[2] = static_cast<std::byte>(type);
}

/// Writes a whole frame around a login message; returns its size.
template <class Message>
std::size_t encode(const Message& message, std::byte* out) {
  encode_header(Message::kType, Message::kSize, out);
  Writer writer(out + kHeaderSize);
  const_cast<Message&>(message).map(writer);
  return kHeaderSize + Message::kSize;
}

struct Frame {
  char type;
  Bytes payload;
};

/// Cuts a TCP stream into frames. Holds at most one partial frame; owns its bytes.
class FrameReader {
 public:
  /// Takes the bytes of one read and calls `visit(Frame)` for every whole frame. A
  /// frame's payload is valid during that call only. False: a frame of length 0, which
  /// no peer may send; the connection cannot be trusted any more.
  template <class Visit>
  bool feed(Bytes bytes, Visit&& visit) {
    while (!bytes.empty()) {
      const std::size_t wanted = size_ < 2 ? 2 - size_ : frame_size() - size_;
      const std::size_t taken = wanted < bytes.size() ? wanted : bytes.size();
      std::memcpy(buffer_.data() + size_, bytes.data(), taken);
      size_ += taken;
      bytes = bytes.subspan(taken);
      if (size_ < 2) continue;
      if (frame_size() == 2) return false;
      if (size_ == frame_size()) {
        const std::size_t size = size_;
        size_ = 0;
        visit(Frame{static_cast<char>(buffer_[2]),
                    Bytes(buffer_.data() + kHeaderSize, size - kHeaderSize)});
      }
    }
    return true;
  }
  void reset() { size_ = 0; }

 private:
  std::size_t frame_size() const { return 2u + load_be<std::uint16_t>(buffer_.data()); }

  std::size_t size_ = 0;
  std::array<std::byte, 2 + 65'535> buffer_;
};

}  // namespace pyscalp::wire::soup
