// WebSocket frames and messages, for both ends of a connection.
//
// Source: RFC 6455, sections 5 to 7 and 11. No extension is negotiated, so reserved
// bits must be clear. The opening handshake is HTTP: wire/http.hpp and
// net/websocket_handshake.hpp.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "wire/utf8.hpp"

namespace pyscalp::wire::websocket {

enum class Opcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};
constexpr bool is_control(Opcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= 8;
}

/// Why a connection ends; section 7.4.1 and IANA's registry.
enum class CloseCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupported = 1003,
  kNone = 1005,      ///< a close frame without a code; never on the wire
  kAbnormal = 1006,  ///< no close frame at all; never on the wire
  kNotUtf8 = 1007,
  kPolicy = 1008,
  kTooLarge = 1009,
  kMissingExtension = 1010,
  kInternalError = 1011,
  kServiceRestart = 1012,
  kTryAgainLater = 1013,
  kBadGateway = 1014,
};
/// Whether a peer may send this code in a close frame.
constexpr bool may_be_sent(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

enum class Status : std::uint8_t {
  kOk,                   ///< all bytes taken
  kMore,                 ///< decode_header only: the header's end is not there yet
  kClosed,               ///< a close frame was handed over; what follows it is not read
  kReservedBits,         ///< a reserved bit is set, and no extension was negotiated
  kReservedOpcode,       ///< opcode 3 to 7 or 11 to 15
  kMasked,               ///< masked by a server
  kUnmasked,             ///< not masked by a client
  kLongControl,          ///< a control frame of more than 125 bytes
  kFragmentedControl,    ///< a control frame without FIN
  kLengthNotShortest,    ///< a length in more bytes than it needs
  kLengthTopBit,         ///< a 64-bit length with its top bit set
  kLoneContinuation,     ///< a continuation without a message to continue
  kMissingContinuation,  ///< a new message amid the fragments of another
  kTooLarge,             ///< more than the limit of a message
  kNotUtf8,              ///< text, or the reason of a close, that is no UTF-8
  kBadClose,             ///< a close payload of one byte, or a code that none may send
};
std::string_view name(Status status);  ///< "a masked frame from a server"
/// The code that a connection is closed with for it.
CloseCode close_code(Status status);

inline constexpr std::size_t kHeaderMost = 14;
inline constexpr std::size_t kControlMost = 125;

/// Four bytes in the order they stand on the wire, read as a little-endian number.
using MaskKey = std::uint32_t;

struct FrameHeader {
  bool fin = true;
  Opcode opcode = Opcode::kText;
  std::optional<MaskKey> mask;
  std::uint64_t length = 0;
};

/// Reads the header at the start of `bytes`; `size` becomes its size. Rules that every
/// frame obeys for itself are checked, whichever end sent it.
Status decode_header(Bytes bytes, FrameHeader& header, std::size_t& size);

/// Writes a header of at most kHeaderMost bytes; returns its size.
std::size_t encode_header(const FrameHeader& header, std::byte* out);

/// Masks or unmasks `size` bytes, the first of which is byte `offset` of its frame's
/// payload. `out` may be `in`. Eight bytes at a time.
void apply_mask(MaskKey key, std::uint64_t offset, const std::byte* in,
                std::size_t size, std::byte* out);

/// Writes a whole frame, masked where a key is given; returns its size, or 0 where it
/// does not fit.
std::size_t encode_frame(Opcode opcode, Bytes payload, std::optional<MaskKey> mask,
                         MutableBytes out);

/// A close frame; the reason is cut to what a control frame holds, at a character's
/// start. kNone writes an empty payload.
std::size_t encode_close(CloseCode code, std::string_view reason,
                         std::optional<MaskKey> mask, MutableBytes out);

struct Close {
  std::uint16_t code;  ///< 1005 where the peer gave none
  std::string_view reason;
};
/// The payload of a close message that a MessageReader has handed over.
Close decode_close(Bytes payload);

enum class Role : std::uint8_t { kClient, kServer };

struct Message {
  Opcode opcode;  ///< never kContinuation
  Bytes payload;
};

/// Cuts a stream into whole messages. Control frames come as messages of their own, in
/// the order of the stream, also amid the fragments of another.
///
/// As client, a message of one frame that lies wholly in the pushed bytes is handed
/// over as it lies there; everything else is gathered in a buffer of the limit's size,
/// taken at construction. One thread; nothing is allocated later.
class MessageReader {
 public:
  /// `role` is ours. `message_most` bytes a message, or a frame, are the limit.
  MessageReader(Role role, std::size_t message_most)
      : masked_(role == Role::kServer), gathered_(message_most) {}

  /// Takes the bytes of one read and calls `visit(Message)` for each whole message; a
  /// payload is valid during that call. All but kOk is final: the connection ends, and
  /// every later call gives the same.
  template <class Visit>
  Status feed(Bytes bytes, Visit&& visit) {
    while (status_ == Status::kOk) {
      if (!in_payload_) {
        if (!take_header(bytes)) return status_;
        if (!frame_.mask && bytes.size() >= frame_.length && frame_.fin &&
            (!in_message_ || is_control(frame_.opcode))) {
          const auto size = static_cast<std::size_t>(frame_.length);
          const Bytes payload = bytes.first(size);
          bytes = bytes.subspan(size);
          if (whole_is_valid(payload)) visit(Message{frame_.opcode, payload});
          if (frame_.opcode == Opcode::kClose) end();
          continue;
        }
        begin_payload();
      }
      if (!take_payload(bytes)) return status_;
      in_payload_ = false;
      if (is_control(frame_.opcode)) {
        const Bytes payload(control_.data(), control_size_);
        if (whole_is_valid(payload)) visit(Message{frame_.opcode, payload});
        if (frame_.opcode == Opcode::kClose) end();
      } else if (frame_.fin) {
        in_message_ = false;
        if (text_ && !utf8_.complete()) status_ = Status::kNotUtf8;
        if (status_ == Status::kOk)
          visit(Message{text_ ? Opcode::kText : Opcode::kBinary,
                        Bytes(gathered_.data(), gathered_size_)});
      }
    }
    return status_;
  }

  Status status() const { return status_; }
  /// Begins a new connection.
  void reset();

 private:
  /// False: no whole header is there, or it is refused.
  bool take_header(Bytes& bytes);
  Status check() const;
  void begin_payload();
  /// False: the frame's end is not there yet, or the bytes are refused.
  bool take_payload(Bytes& bytes);
  bool whole_is_valid(Bytes payload);
  void end() {
    if (status_ == Status::kOk) status_ = Status::kClosed;
  }

  const bool masked_;
  Status status_ = Status::kOk;
  bool in_payload_ = false;
  bool in_message_ = false;  ///< a data message has begun and not ended
  bool text_ = false;        ///< that message is text
  std::uint8_t header_size_ = 0;
  std::uint8_t control_size_ = 0;
  Utf8Validator utf8_;
  FrameHeader frame_;
  std::uint64_t taken_ = 0;  ///< bytes of the frame's payload
  std::size_t gathered_size_ = 0;
  std::array<std::byte, kHeaderMost> header_;
  std::array<std::byte, kControlMost> control_;
  std::vector<std::byte> gathered_;
};

}  // namespace pyscalp::wire::websocket
