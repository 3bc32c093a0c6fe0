// What a recorder makes of a MoldUDP64 session: its messages in sequence, and the names
// of those that could not be had.
//
// Above feed::MoldSession, which arbitrates and asks: a recorder cannot wait for ever
// for what is lost, so a gap that stays open for too long is given up and booked. One
// session is recorded; a later one ends the recording. Sans-I/O, one thread.
#pragma once

#include <vector>

#include "feed/mold_session.hpp"

namespace pyscalp::live {

enum class MissingReason : std::uint8_t {
  kNeverArrived,  ///< neither line brought them, and nobody repeated them in time
  kDropped,       ///< they arrived, and the disk did not keep up
};

/// Messages first, first + 1, ... that are not in the recording.
struct MissingRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  MissingReason reason = MissingReason::kNeverArrived;

  friend bool operator==(const MissingRange&, const MissingRange&) = default;
};

struct RecordedOptions {
  std::uint64_t messages_max = 0;  ///< end after so many; 0 is no limit
  /// How long a gap may stay as it is: where there is only the other line to fill it,
  /// or a server that does not answer, and where there is one that does.
  MonoNanos line_patience = milliseconds(500);
  MonoNanos repair_patience = seconds(3);
  /// By default nobody can be asked for what is lost, and the session begins with the
  /// first datagram.
  feed::MoldOptions feed{
      .window = 1u << 19, .from_start = false, .retransmission = false};
};

class RecordedSession {
 public:
  /// Ranges that are kept by name; the messages of further ones are counted only.
  static constexpr std::size_t kRangesMax = 10'000;

  explicit RecordedSession(const RecordedOptions& options)
      : options_(options), feed_(options.feed) {}

  /// As feed::MoldSession::on_datagram; nothing is delivered beyond messages_max, nor
  /// of a second session.
  template <class Deliver>
  void on_datagram(feed::Line line, Bytes datagram, MonoNanos now, Deliver&& deliver) {
    if (changed_) return;
    if (line == feed::Line::kRetransmission) {
      answered_at_ = now;
      server_silent_ = false;
    }
    feed_.on_datagram(line, datagram, now, filtered(deliver));
    follow();
    watch(now);
  }

  /// Gives up the gap whose time is over.
  template <class Deliver>
  void on_time(MonoNanos now, Deliver&& deliver) {
    if (changed_ || !feed_.gap_open() || now - gap_since_ < patience()) return;
    if (options_.feed.retransmission && answered_at_ < gap_since_)
      server_silent_ = true;
    give_up(now, deliver);
  }

  /// Gives up all gaps: the recording ends.
  template <class Deliver>
  void conclude(MonoNanos now, Deliver&& deliver) {
    while (!changed_ && feed_.gap_open()) give_up(now, deliver);
  }

  /// Books messages that were delivered and could not be kept.
  void note_dropped(std::uint64_t first, std::uint64_t count) {
    note_missing({first, count, MissingReason::kDropped});
  }

  bool take_request(MonoNanos now,
                    std::array<std::byte, wire::mold::kHeaderSize>& out) {
    return options_.feed.retransmission && !finished() && feed_.take_request(now, out);
  }
  /// When take_request or on_time may next have something to do.
  MonoNanos next_deadline() const;

  bool gap_open() const { return feed_.gap_open() && !changed_; }
  /// The session has ended, and all of it is here but what is booked as missing.
  bool over() const { return feed_.ended() && !changed_; }
  /// Another session has begun, without an end of this one.
  bool changed() const { return changed_; }
  bool full() const {
    return options_.messages_max != 0 && messages_ == options_.messages_max;
  }
  bool finished() const { return changed_ || full() || feed_.ended(); }

  const wire::mold::Session& session() const { return session_; }
  std::uint64_t messages() const { return messages_; }  ///< delivered
  std::uint64_t first_sequence() const { return first_sequence_; }
  std::uint64_t last_sequence() const { return last_sequence_; }
  /// Times that the stream became incomplete.
  std::uint64_t gaps() const { return feed_.counters().gaps; }
  const feed::MoldSession::Counters& counters() const { return feed_.counters(); }
  std::uint64_t missing_messages() const { return missing_messages_; }
  const std::vector<MissingRange>& missing() const { return missing_; }
  bool server_silent() const { return server_silent_; }

 private:
  template <class Deliver>
  auto filtered(Deliver& deliver) {
    return [this, &deliver](std::uint64_t sequence, Bytes message) {
      follow();
      if (changed_ || full()) return;
      if (messages_ == 0) first_sequence_ = sequence;
      ++messages_;
      last_sequence_ = sequence;
      deliver(sequence, message);
    };
  }
  template <class Deliver>
  void give_up(MonoNanos now, Deliver& deliver) {
    const std::uint64_t from = feed_.expected();
    if (!full())
      note_missing({from, feed_.gap_end() - from, MissingReason::kNeverArrived});
    feed_.give_up_gap(now, filtered(deliver));
    gap_since_ = now;
    watch(now);
  }

  void follow();
  MonoNanos patience() const;
  void watch(MonoNanos now);
  void note_missing(const MissingRange& range);

  RecordedOptions options_;
  feed::MoldSession feed_;
  wire::mold::Session session_;
  std::uint32_t generation_ = 0;  ///< of the session that is recorded
  bool changed_ = false;
  std::uint64_t messages_ = 0;
  std::uint64_t first_sequence_ = 0;
  std::uint64_t last_sequence_ = 0;

  std::uint64_t gap_from_ = 0;  ///< first message missing
  MonoNanos gap_since_{};       ///< when that became the first one
  MonoNanos answered_at_{-1};   ///< when the server was last heard
  bool server_silent_ = false;
  std::vector<MissingRange> missing_;
  std::uint64_t missing_messages_ = 0;
};

}  // namespace pyscalp::live
