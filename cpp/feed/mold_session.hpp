// One MoldUDP64 session received over two lines: messages in sequence, each exactly
// once.
//
// Whichever line brings a message first wins; what arrives ahead of a gap waits in a
// window; a gap that neither line fills within `request_delay` is asked for at the
// retransmission server, with back-off and a cap on the rate. The session starts at
// sequence 1, so a client that joins in mid-day asks for what it missed.
//
// Sans-I/O and single-threaded: datagrams and time come in, messages and requests go
// out. All memory is taken at construction.
#pragma once

#include <memory>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "wire/moldudp64.hpp"

namespace pyscalp::feed {

enum class Line : std::uint8_t { kA = 0, kB = 1, kRetransmission = 2 };
inline constexpr int kLineCount = 3;

enum class DatagramStatus : std::uint8_t {
  kOk,              ///< carried at least one message not seen before, or a heartbeat
  kDuplicate,       ///< everything in it had arrived before
  kMalformed,       ///< refused whole; see `malformed` for which rule it broke
  kForeignSession,  ///< of another session; refused until that session is believed
  kSessionChanged,  ///< a new session was believed: everything known is void
};

struct MoldOptions {
  std::uint32_t window = 1u << 15;  ///< messages held ahead of a gap; a power of two
  MonoNanos request_delay = milliseconds(2);  ///< how long the other line may take
  MonoNanos request_timeout = milliseconds(10);
  MonoNanos request_timeout_max = milliseconds(320);
  std::uint32_t requests_per_second = 5'000;
};

class MoldSession {
 public:
  /// The longest message that can wait in the window. ITCH needs 50; a longer one that
  /// arrives ahead of a gap is asked for again once the gap is closed.
  static constexpr std::size_t kMaxHeldMessage = 54;
  /// Packets of one unknown session, in a row, after which it is believed.
  static constexpr int kForeignToBelieve = 3;
  /// A claim that messages up to some number exist is dropped when, for so long, so
  /// many packets of the lines have named a lower end: it was forged or damaged, and
  /// must not keep the gap open for ever.
  static constexpr MonoNanos kEndDoubtedAfter = seconds(3);
  static constexpr std::uint32_t kEndDoubtedBy = 3;

  struct Counters {
    std::uint64_t datagrams[kLineCount] = {};
    std::uint64_t first[kLineCount] =
        {};                        ///< messages this line was the first to bring
    std::uint64_t messages = 0;    ///< delivered in sequence
    std::uint64_t duplicates = 0;  ///< datagrams with nothing new
    std::uint64_t heartbeats = 0;
    std::uint64_t malformed = 0;
    std::uint64_t malformed_by_status[5] = {};  ///< by wire::mold::DecodeStatus
    std::uint64_t foreign = 0;
    std::uint64_t beyond_window = 0;  ///< messages too far ahead to be held
    std::uint64_t gaps = 0;           ///< times the stream became incomplete
    std::uint64_t requests = 0;
    std::uint64_t recovered = 0;     ///< messages that only the retransmission brought
    std::uint64_t ends_doubted = 0;  ///< claimed ends that no later packet confirmed
  };

  explicit MoldSession(const MoldOptions& options = {});

  /// Takes one datagram and calls `deliver(sequence, message)` for every message that
  /// is now in sequence. A message's bytes are valid during that call only.
  template <class Deliver>
  DatagramStatus on_datagram(Line line, Bytes datagram, MonoNanos now,
                             Deliver&& deliver) {
    ++counters_.datagrams[static_cast<int>(line)];
    wire::mold::Packet packet;
    const DatagramStatus admitted = admit(datagram, packet);
    if (admitted != DatagramStatus::kOk &&
        admitted != DatagramStatus::kSessionChanged) {
      return admitted;
    }
    const std::uint64_t expected_before = expected_;
    const std::uint64_t held_before = held_;
    packet.for_each([&](std::uint64_t sequence, Bytes message) {
      if (sequence == expected_) {
        release(sequence);
        ++expected_;
        count_first(static_cast<std::uint8_t>(line));
        deliver(sequence, message);
      } else if (sequence > expected_) {
        hold(sequence, message, line);
      }
    });
    deliver_held(deliver);
    counters_.messages += expected_ - expected_before;
    note_end(packet, line, now);
    const bool fresh = expected_ != expected_before || held_ != held_before ||
                       packet.message_count() == 0;
    if (!fresh && admitted == DatagramStatus::kOk) {
      ++counters_.duplicates;
      return DatagramStatus::kDuplicate;
    }
    return admitted;
  }

  /// True while a message is known to be missing: books are not to be trusted.
  bool gap_open() const { return expected_ < known_end_; }
  /// True once the session is known and complete up to everything heard of.
  bool synchronised() const { return has_session_ && !gap_open(); }
  bool ended() const { return ended_ && !gap_open(); }
  std::uint64_t expected() const { return expected_; }
  const wire::mold::Session& session() const { return session_; }
  /// How many sessions have begun; a step says that everything known before is void.
  std::uint32_t generation() const { return generation_; }
  const Counters& counters() const { return counters_; }

  /// When `take_request` may next have something to send; kNever without a gap.
  MonoNanos next_deadline() const { return gap_open() ? request_at_ : kNever; }
  /// Writes the request that is due into `out`; false where none is.
  bool take_request(MonoNanos now, std::array<std::byte, wire::mold::kHeaderSize>& out);

 private:
  struct Held {
    std::uint64_t sequence = 0;
    std::uint8_t size = 0;
    std::uint8_t line = 0;
    std::array<std::byte, kMaxHeldMessage> bytes;
  };
  static_assert(sizeof(Held) == 64);

  DatagramStatus admit(Bytes datagram, wire::mold::Packet& packet);
  bool believe(const wire::mold::Session& session);
  void start_session(const wire::mold::Session& session);
  void hold(std::uint64_t sequence, Bytes message, Line line);
  void release(std::uint64_t sequence);
  void note_end(const wire::mold::Packet& packet, Line line, MonoNanos now);
  void doubt_end(std::uint64_t end, Line line, MonoNanos now);
  void count_first(std::uint8_t line) {
    ++counters_.first[line];
    if (line == static_cast<std::uint8_t>(Line::kRetransmission)) ++counters_.recovered;
  }
  Held& slot(std::uint64_t sequence) {
    return window_[sequence & (options_.window - 1)];
  }

  template <class Deliver>
  void deliver_held(Deliver& deliver) {
    while (held_ != 0) {
      Held& held = slot(expected_);
      if (held.sequence != expected_) return;
      held.sequence = 0;
      --held_;
      ++expected_;
      count_first(held.line);
      deliver(expected_ - 1, Bytes(held.bytes.data(), held.size));
    }
  }

  MoldOptions options_;
  std::unique_ptr<Held[]> window_;
  wire::mold::Session session_;
  wire::mold::Session foreign_session_;
  int foreign_in_a_row_ = 0;
  bool has_session_ = false;
  bool ended_ = false;
  std::uint32_t generation_ = 0;
  std::uint64_t expected_ = 1;   ///< sequence number to deliver next
  std::uint64_t known_end_ = 1;  ///< one past the highest number heard of
  std::uint64_t held_ = 0;       ///< messages waiting in the window

  MonoNanos end_heard_at_{};         ///< when a line last named known_end_ or beyond
  std::uint64_t later_end_ = 1;      ///< the highest end named by the lines since then
  std::uint32_t later_packets_ = 0;  ///< and by how many packets

  std::uint64_t asked_from_ = 0;  ///< what the last request began with
  MonoNanos request_at_ = kNever;
  MonoNanos timeout_{};
  MonoNanos rate_window_start_{};
  std::uint32_t rate_window_count_ = 0;
  Counters counters_;
};

}  // namespace pyscalp::feed
