// HTTP/1.1 messages, for both ends of a connection: a client reads responses, a server
// requests.
//
// Source: RFC 9112 (syntax, framing) and RFC 9110 (fields, statuses). Stricter than it
// has to be where leniency lets two readers disagree: lines end in CRLF, no folded
// lines, one length a message. Bodies come by Content-Length, in chunks, or to the end
// of the connection (responses only); no other transfer coding.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace pyscalp::wire::http {

enum class Status : std::uint8_t {
  kMore,          ///< all bytes taken, the message is not whole yet
  kMessage,       ///< one whole message is there
  kBadLineEnd,    ///< a CR without LF, or LF without CR
  kBadStartLine,  ///< no request line, or no status line
  kBadVersion,    ///< neither HTTP/1.0 nor HTTP/1.1
  kBadField,      ///< a header line without colon, or with characters it may not have
  kFoldedField,   ///< a header line that continues the one before
  kBadHost,       ///< a request of HTTP/1.1 without exactly one Host
  kBadLength,     ///< a Content-Length that is no number
  kConflictingLengths,  ///< several Content-Length that differ
  kBothLengths,         ///< Content-Length and Transfer-Encoding
  kUnknownCoding,       ///< a transfer coding other than chunked
  kBadChunk,            ///< a chunk's size that is no number, or data not as long as it
  kHeadTooLarge,        ///< more bytes before the body than the limit
  kTooManyFields,       ///< more header lines than kFieldsMost
  kBodyTooLarge,        ///< a body that the buffer cannot hold
  kTruncated,           ///< finish(): the connection ended within a message
};
std::string_view name(Status status);  ///< "a body larger than the buffer"
constexpr bool is_error(Status status) { return status > Status::kMessage; }

/// Whether both are the same but for the case of ASCII letters.
bool same_text(std::string_view a, std::string_view b);
/// A decimal number without sign or blanks; nothing for other text or above 2^64 - 1.
std::optional<std::uint64_t> parse_number(std::string_view text);

enum class Kind : std::uint8_t { kRequest, kResponse };

struct Field {
  std::string_view name;
  std::string_view value;  ///< without the blanks on either end
};
inline constexpr std::size_t kFieldsMost = 64;

/// Start line and header lines of a message; views into the reader's buffer.
class Head {
 public:
  std::string_view method;  ///< requests
  std::string_view target;  ///< requests, as sent
  unsigned code = 0;        ///< responses: 100 to 999
  std::string_view reason;  ///< responses; may be empty
  unsigned minor = 1;       ///< of HTTP/1.minor

  std::span<const Field> fields() const { return {fields_.data(), count_}; }
  /// The first field of that name, whatever its case; nothing where there is none.
  std::optional<std::string_view> field(std::string_view name) const;
  /// Whether a field of that name has `token` in its comma-separated list, whatever the
  /// case of either.
  bool has_token(std::string_view name, std::string_view token) const;
  /// Whether the connection can carry another message after this one.
  bool keeps_alive() const;

 private:
  friend class MessageReader;

  std::array<Field, kFieldsMost> fields_;
  std::size_t count_ = 0;
};

/// Cuts a stream into messages, one at a time, in a buffer that the caller owns: the
/// head from its start, the body, without chunk marks, behind it. One thread; nothing
/// is allocated. Interim responses (100 to 199 but 101) are read past.
class MessageReader {
 public:
  static constexpr std::size_t kHeadMost =
      16'384;  ///< bytes of a head, or of a trailer

  MessageReader(Kind kind, MutableBytes buffer) : kind_(kind), buffer_(buffer) {}

  struct Fed {
    Status status = Status::kMore;
    std::size_t taken = 0;  ///< bytes used; what follows belongs to the next message
  };
  /// Takes bytes up to the end of one message. After kMessage head() and body() are
  /// valid until next(); feed takes nothing before that. Errors are final.
  Fed feed(Bytes bytes);
  /// The connection has ended. kMessage: that was the body's end. kMore: it was between
  /// messages. Otherwise kTruncated.
  Status finish();
  /// Forgets the message and begins the next.
  void next();
  /// Begins a new connection.
  void reset() { next(); }
  /// The next response answers a HEAD request: it has no body, whatever it says.
  void expect_no_body() { no_body_ = true; }

  const Head& head() const { return head_; }
  Bytes body() const { return {buffer_.data() + head_size_, body_size_}; }
  /// Whether a message has begun to arrive.
  bool begun() const { return state_ != State::kHead || head_size_ != 0; }

 private:
  enum class State : std::uint8_t {
    kHead,
    kCounted,  ///< a body of `left_` more bytes
    kToEnd,    ///< a body up to the end of the connection
    kChunkSize,
    kChunkExtension,
    kChunkSizeEnd,
    kChunkData,
    kChunkEnd,
    kChunkEndLf,
    kTrailer,
    kWhole,
    kFailed,
  };

  void take_head(Bytes& bytes);
  void take_body(Bytes& bytes);
  void take_chunk_line(std::byte byte);
  void take_trailer(std::byte byte);
  /// Moves up to `most` bytes behind the body; false: no room.
  bool append(Bytes& bytes, std::uint64_t most);
  void begin_body();
  Status parse_head();
  Status parse_start_line(std::string_view line);
  Status parse_field(std::string_view line);
  Status choose_body();
  void fail(Status status) {
    state_ = State::kFailed;
    error_ = status;
  }
  void whole() { state_ = State::kWhole; }

  const Kind kind_;
  const MutableBytes buffer_;
  Head head_;
  State state_ = State::kHead;
  Status error_ = Status::kMore;
  bool no_body_ = false;
  bool digits_ = false;        ///< the chunk's size has one
  bool after_cr_ = false;      ///< in a trailer
  std::size_t head_size_ = 0;  ///< bytes of the head so far
  std::size_t body_size_ = 0;
  std::size_t line_size_ = 0;  ///< of the chunk's or trailer's line so far
  std::size_t trailer_size_ = 0;
  std::uint64_t left_ = 0;  ///< bytes of the body, or of the chunk, still to come
};

/// Writes one message into memory of the caller's. What does not fit, or would break
/// the message's lines (a CR or LF in a value), makes finish() return nothing.
class MessageWriter {
 public:
  explicit MessageWriter(MutableBytes out) : out_(out) {}

  MessageWriter& request(std::string_view method, std::string_view target);
  MessageWriter& response(unsigned code, std::string_view reason);
  MessageWriter& field(std::string_view name, std::string_view value);
  MessageWriter& field(std::string_view name, std::uint64_t value);
  /// Ends the head.
  MessageWriter& end();
  /// After end(): bytes of a body whose length the head tells.
  MessageWriter& body(std::string_view text);
  /// After end(): one chunk of a body in chunks; an empty one is its end.
  MessageWriter& chunk(std::string_view text);

  /// What has been written, or nothing.
  Bytes finish() const { return sound_ ? Bytes(out_.first(size_)) : Bytes(); }

 private:
  void put(std::string_view text);
  void put_line(std::string_view text);
  void put_number(std::uint64_t number, unsigned base);

  MutableBytes out_;
  std::size_t size_ = 0;
  bool sound_ = true;
};

/// The usual words for a status code, such as "Too Many Requests"; empty where unknown.
std::string_view reason_of(unsigned code);

}  // namespace pyscalp::wire::http
