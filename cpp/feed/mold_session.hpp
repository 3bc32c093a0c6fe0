// One MoldUDP64 session received over two lines: messages in sequence, each exactly
// once.
//
// Whichever line brings a message first wins; what arrives ahead of a gap waits in a
// window. What neither line brings in time is asked for at the retransmission server
// (see GapRequests for when). The session starts at sequence 1, so a client that joins
// in mid-day asks for what it missed, or takes a snapshot: where nobody retransmits, or
// too much is missing. The owner carries the snapshot out (see SnapshotSession); here
// the feed is held meanwhile, and goes on where the snapshot ends.
//
// Sans-I/O and single-threaded: datagrams and time come in, messages and requests go
// out. All memory is taken at construction.
#pragma once

#include <algorithm>
#include <memory>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "feed/gap_requests.hpp"
#include "feed/mold_options.hpp"
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
    std::uint64_t requests_repeated = 0;  ///< of these, as an answer did not come
    std::uint64_t recovered = 0;     ///< messages that only the retransmission brought
    std::uint64_t ends_doubted = 0;  ///< claimed ends that no later packet confirmed
    std::uint64_t snapshots = 0;     ///< taken whole
    std::uint64_t snapshots_failed = 0;
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
    const std::uint64_t end_before = known_end_;
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
    const bool news = expected_ != expected_before || held_ != held_before;
    if (gap_known_ || requests_.remembers()) [[unlikely]] {
      learn(packet, line, end_before, news, now);
    }
    note_end(packet, line, now);
    if (!news && packet.message_count() != 0 && admitted == DatagramStatus::kOk) {
      ++counters_.duplicates;
      return DatagramStatus::kDuplicate;
    }
    return admitted;
  }

  /// The message blocks of a datagram of this session that brings something new, before
  /// it is taken: for a look-ahead. Empty for others; whether the blocks are whole has
  /// not been asked.
  Bytes coming(Bytes datagram) const;

  /// True while a message is known to be missing: books are not to be trusted.
  bool gap_open() const { return expected_ < known_end_; }
  /// Where the gap that is open ends: at the first message that waits behind it, else
  /// one past the last that is known to exist. expected() where no gap is open.
  std::uint64_t gap_end() const;
  /// True while a snapshot is coming in, or has failed half-way: the books are void.
  bool resynchronising() const { return void_(); }
  /// True once the session is known and complete up to everything heard of.
  bool synchronised() const { return has_session_ && !gap_open(); }
  bool ended() const { return ended_ && !gap_open(); }
  std::uint64_t expected() const { return expected_; }
  const wire::mold::Session& session() const { return session_; }
  /// How many sessions have begun; a step says that everything known before is void.
  std::uint32_t generation() const { return generation_; }
  const Counters& counters() const { return counters_; }

  /// Gives up the gap that is open: what is missing before gap_end() will not be asked
  /// for again. Calls `deliver` as on_datagram for what waited behind it.
  template <class Deliver>
  void give_up_gap(MonoNanos now, Deliver&& deliver) {
    if (!gap_open() || void_()) return;
    expected_ = gap_end();
    const std::uint64_t expected_before = expected_;
    deliver_held(deliver);
    counters_.messages += expected_ - expected_before;
    requests_.reset();
    gap_known_ = false;
    settle_gap(now);
  }

  /// When `take_request` may next have something to send; kNever without a gap.
  MonoNanos next_deadline() const {
    return gap_open() && !void_() ? requests_.deadline() : kNever;
  }
  /// Writes the request that is due into `out`; false where none is.
  bool take_request(MonoNanos now, std::array<std::byte, wire::mold::kHeaderSize>& out);

  // ---- Snapshots: what is applied at once in place of what is missing ----

  /// True where a snapshot is the way to go on: a gap that nobody retransmits, that is
  /// too large to be asked for, or that the window does not span.
  bool wants_snapshot(MonoNanos now) const;
  /// A snapshot is being asked for: from here on everything is held that it may leave
  /// out. Delivery goes on.
  void expect_snapshot();
  /// Its first message is there and the books are empty: nothing is delivered until
  /// finish_snapshot or fail_snapshot. Meanwhile gap_open() is true, expected() is 0.
  void begin_snapshot();
  /// The snapshot is whole; `next` is the first message that it leaves out. Delivers as
  /// on_datagram what was held from there on. False, and nothing done: no snapshot was
  /// begun, or `next` is beyond all that the lines can have sent.
  template <class Deliver>
  bool finish_snapshot(std::uint64_t next, MonoNanos now, Deliver&& deliver) {
    if (!go_on_from(next)) return false;
    deliver_held(deliver);
    counters_.messages += expected_ - next;
    settle_gap(now);
    return true;
  }
  /// It came to nothing. Where it was begun the books are void, and the session starts
  /// over at sequence 1.
  void fail_snapshot(MonoNanos now);

 private:
  struct Held {
    std::uint64_t sequence = 0;
    std::uint8_t size = 0;
    std::uint8_t line = 0;
    std::array<std::byte, kMaxHeldMessage> bytes;
  };
  static_assert(sizeof(Held) == 64);

  DatagramStatus admit(Bytes datagram, wire::mold::Packet& packet);
  bool believe(const wire::mold::Header& header);
  void start_session(const wire::mold::Header& header);
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
  const Held& slot(std::uint64_t sequence) const {
    return window_[sequence & (options_.window - 1)];
  }
  void drop(Held& held) {
    const std::uint64_t at = held.sequence & (options_.window - 1);
    present_[at / 64] &= ~(std::uint64_t{1} << at % 64);
    held.sequence = 0;
    --held_;
  }
  /// A snapshot has been begun: what is expected is not known.
  bool void_() const { return expected_ == 0; }
  /// The first message that the window has room for.
  std::uint64_t window_begin() const { return std::max(expected_, hold_from_); }
  bool missing_much() const;
  bool may_ask() const {
    return options_.retransmission &&
           (!missing_much() || !options_.snapshots || snapshot_failures_ != 0);
  }
  SequenceRange missing(std::uint64_t from) const;
  std::uint64_t scan(std::uint64_t from, std::uint64_t end, bool present) const;
  void learn(const wire::mold::Packet& packet, Line line, std::uint64_t end_before,
             bool news, MonoNanos now);
  void settle_gap(MonoNanos now);
  bool go_on_from(std::uint64_t next);
  void keep_window(std::uint64_t begin);

  template <class Deliver>
  void deliver_held(Deliver& deliver) {
    while (held_ != 0 && !void_()) {
      Held& held = slot(expected_);
      if (held.sequence != expected_) return;
      drop(held);
      ++expected_;
      count_first(held.line);
      deliver(expected_ - 1, Bytes(held.bytes.data(), held.size));
    }
  }

  MoldOptions options_;
  std::unique_ptr<Held[]> window_;
  std::unique_ptr<std::uint64_t[]> present_;  ///< a bit for each slot that is held
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

  std::uint64_t last_end_ = 1;  ///< what the last packet of a line named as the end
  bool gap_known_ = false;      ///< gap_open() as of the last packet
  bool asking_ = true;          ///< what is missing was to be asked for, lately
  GapRequests requests_;

  bool snapshot_expected_ = false;
  std::uint64_t hold_from_ = 0;          ///< while one is expected
  std::uint32_t snapshot_failures_ = 0;  ///< since the gap opened
  Counters counters_;
};

}  // namespace pyscalp::feed
