#include "feed/mold_session.hpp"

#include <algorithm>
#include <bit>

namespace pyscalp::feed {

using wire::mold::DecodeStatus;
using wire::mold::Packet;

MoldSession::MoldSession(const MoldOptions& options)
    : options_(options),
      window_(std::make_unique<Held[]>(options.window)),
      present_(std::make_unique<std::uint64_t[]>((options.window + 63) / 64)),
      requests_(options) {}

Bytes MoldSession::coming(Bytes datagram) const {
  if (datagram.size() <= wire::mold::kHeaderSize) return {};
  wire::mold::Header header;
  Reader reader(datagram.data());
  header.map(reader);
  const bool news = header.count != wire::mold::kEndOfSession &&
                    header.sequence + header.count > expected_;
  if (!news || !has_session_ || header.session != session_) return {};
  return datagram.subspan(wire::mold::kHeaderSize);
}

DatagramStatus MoldSession::admit(Bytes datagram, Packet& packet) {
  const DecodeStatus status = Packet::decode(datagram, packet);
  if (status != DecodeStatus::kOk || packet.header().sequence == 0) {
    ++counters_.malformed;
    ++counters_.malformed_by_status[static_cast<int>(status)];
    return DatagramStatus::kMalformed;
  }
  if (!has_session_) {
    start_session(packet.header());
    return DatagramStatus::kOk;
  }
  if (packet.header().session == session_) {
    foreign_in_a_row_ = 0;
    return DatagramStatus::kOk;
  }
  if (believe(packet.header())) return DatagramStatus::kSessionChanged;
  ++counters_.foreign;
  return DatagramStatus::kForeignSession;
}

bool MoldSession::believe(const wire::mold::Header& header) {
  foreign_in_a_row_ = header.session == foreign_session_ ? foreign_in_a_row_ + 1 : 1;
  foreign_session_ = header.session;
  if (!ended_ && foreign_in_a_row_ < kForeignToBelieve) return false;
  start_session(header);
  return true;
}

void MoldSession::start_session(const wire::mold::Header& header) {
  session_ = header.session;
  has_session_ = true;
  ++generation_;
  ended_ = false;
  foreign_in_a_row_ = 0;
  expected_ = options_.from_start ? 1 : header.sequence;
  known_end_ = expected_;
  last_end_ = expected_;
  later_packets_ = 0;
  gap_known_ = false;
  requests_.reset();
  snapshot_expected_ = false;
  hold_from_ = 0;
  snapshot_failures_ = 0;
  keep_window(UINT64_MAX);
}

/// Drops what is held below `begin`, or too far above it.
void MoldSession::keep_window(std::uint64_t begin) {
  for (std::uint32_t i = 0; i < options_.window && held_ != 0; ++i) {
    Held& held = window_[i];
    if (held.sequence == 0) continue;
    if (held.sequence < begin || held.sequence - begin >= options_.window) drop(held);
  }
}

void MoldSession::hold(std::uint64_t sequence, Bytes message, Line line) {
  const std::uint64_t begin = window_begin();
  if (sequence < begin) return;
  if (sequence - begin >= options_.window || message.size() > kMaxHeldMessage) {
    ++counters_.beyond_window;
    return;
  }
  Held& held = slot(sequence);
  if (held.sequence == sequence) return;
  held.sequence = sequence;
  held.size = static_cast<std::uint8_t>(message.size());
  held.line = static_cast<std::uint8_t>(line);
  std::memcpy(held.bytes.data(), message.data(), message.size());
  const std::uint64_t at = sequence & (options_.window - 1);
  present_[at / 64] |= std::uint64_t{1} << at % 64;
  ++held_;
}

void MoldSession::release(std::uint64_t sequence) {
  Held& held = slot(sequence);
  if (held.sequence == sequence) drop(held);
}

void MoldSession::doubt_end(std::uint64_t end, Line line, MonoNanos now) {
  if (line == Line::kRetransmission) return;
  if (end >= known_end_) {
    end_heard_at_ = now;
    later_end_ = end;
    later_packets_ = 0;
    return;
  }
  later_end_ = later_packets_ == 0 ? end : std::max(later_end_, end);
  ++later_packets_;
  if (later_packets_ >= kEndDoubtedBy && now - end_heard_at_ >= kEndDoubtedAfter) {
    known_end_ = std::max(expected_, later_end_);
    end_heard_at_ = now;
    later_packets_ = 0;
    ++counters_.ends_doubted;
  }
}

/// A line that brings what was found to be missing, or what had to be asked for, tells
/// how long lines are to be waited for.
void MoldSession::learn(const Packet& packet, Line line, std::uint64_t end_before,
                        bool news, MonoNanos now) {
  const std::uint64_t first = packet.header().sequence;
  if (line == Line::kRetransmission || packet.message_count() == 0) return;
  if (first < end_before) requests_.on_late(first, news && gap_known_, now);
}

void MoldSession::note_end(const Packet& packet, Line line, MonoNanos now) {
  const std::uint64_t first = packet.header().sequence;
  const std::uint64_t end = first + packet.message_count();
  if (packet.message_count() == 0) ++counters_.heartbeats;
  if (packet.is_end_of_session() && end >= known_end_) ended_ = true;
  if (line != Line::kRetransmission) last_end_ = end;
  if (gap_open()) doubt_end(end, line, now);
  if (end >= known_end_) end_heard_at_ = now;
  known_end_ = std::max(known_end_, end);
  if (line == Line::kRetransmission && end > first && gap_known_) {
    requests_.on_answer(first, end, now);
  }
  settle_gap(now);
}

/// After any change of what is expected or known to exist.
void MoldSession::settle_gap(MonoNanos now) {
  if (!gap_open()) {
    known_end_ = expected_;
    if (!gap_known_) return;
    gap_known_ = false;
    requests_.reset();
    return;
  }
  if (!gap_known_) {
    ++counters_.gaps;
    snapshot_failures_ = 0;
  }
  gap_known_ = true;
  requests_.notice(known_end_, now);
}

// ---- What is missing ----

std::uint64_t MoldSession::gap_end() const {
  return gap_open() ? missing(expected_).end : expected_;
}

/// The first message in [from, end) that is held, or that is not; `end` if there is
/// none. The range lies within the window.
std::uint64_t MoldSession::scan(std::uint64_t from, std::uint64_t end,
                                bool present) const {
  while (from < end) {
    const std::uint64_t at = from & (options_.window - 1);
    std::uint64_t word = present_[at / 64];
    if (!present) word = ~word;
    word >>= at % 64;
    const std::uint64_t ahead = std::min<std::uint64_t>(
        64 - at % 64, options_.window - at);  // within this word of the window
    const auto found = static_cast<std::uint64_t>(std::countr_zero(word));
    if (found < ahead) return std::min(end, from + found);
    from += ahead;
  }
  return end;
}

/// The first run of missing messages at or after `from`. What lies beyond the window
/// belongs to the last run.
SequenceRange MoldSession::missing(std::uint64_t from) const {
  const std::uint64_t end = known_end_;
  const std::uint64_t window_end = std::min(
      end,
      expected_ + std::min<std::uint64_t>(options_.window, UINT64_MAX - expected_));
  if (from >= window_end) return {from, std::max(from, end)};
  SequenceRange run;
  run.first = scan(from, window_end, false);
  run.end = scan(run.first, window_end, true);
  if (run.end == window_end) run.end = end;
  return run;
}

bool MoldSession::take_request(MonoNanos now,
                               std::array<std::byte, wire::mold::kHeaderSize>& out) {
  if (!gap_open() || void_()) return false;
  GapRequests::Asked asked;
  const auto missing_within = [this](std::uint64_t from) {
    SequenceRange run = missing(from);
    // An answer that the window has no room for would be thrown away.
    if (run.end - expected_ > options_.window) run.end = expected_ + options_.window;
    return run;
  };
  const bool may = may_ask();
  if (may && !asking_) requests_.wake();
  asking_ = may;
  if (!requests_.take(expected_, may, now, missing_within, asked)) return false;
  const auto count = static_cast<std::uint16_t>(asked.range.end - asked.range.first);
  wire::mold::encode({session_, asked.range.first, count}, out.data());
  ++counters_.requests;
  if (asked.again) ++counters_.requests_repeated;
  return true;
}

// ---- Snapshots ----

/// Too much is missing to be asked for. What a single packet claims does not count: the
/// last one must agree.
bool MoldSession::missing_much() const {
  const std::uint64_t end = std::min(known_end_, last_end_);
  if (end <= expected_) return false;
  const std::uint64_t ahead = end - expected_;
  return ahead > options_.window ||
         ahead - std::min(ahead, held_) > options_.snapshot_beyond;
}

bool MoldSession::wants_snapshot(MonoNanos now) const {
  if (!options_.snapshots || !gap_open()) return false;
  if (void_()) return true;
  if (!requests_.ripe(expected_, now)) return false;
  return !options_.retransmission || missing_much() ||
         requests_.unanswered() >= options_.snapshot_after_timeouts;
}

void MoldSession::expect_snapshot() {
  if (snapshot_expected_ || void_()) return;
  snapshot_expected_ = true;
  // The server takes it later than now, so it holds whatever has been published so far.
  // While the window reaches far enough it stays where it is: the snapshot may fail.
  if (last_end_ > expected_ && last_end_ - expected_ > options_.window / 2) {
    hold_from_ = last_end_;
    keep_window(hold_from_);
  }
}

void MoldSession::begin_snapshot() {
  if (void_()) return;
  expect_snapshot();
  hold_from_ = window_begin();
  expected_ = 0;
  gap_known_ = true;
  requests_.reset();
}

bool MoldSession::go_on_from(std::uint64_t next) {
  const std::uint64_t heard = std::max(known_end_, last_end_);
  if (!void_() || next == 0 || (next > heard && next - heard > options_.window)) {
    return false;
  }
  expected_ = next;
  known_end_ = std::max(known_end_, next);
  snapshot_expected_ = false;
  hold_from_ = 0;
  snapshot_failures_ = 0;
  keep_window(next);
  requests_.reset();
  ++counters_.snapshots;
  return true;
}

void MoldSession::fail_snapshot(MonoNanos now) {
  ++snapshot_failures_;
  ++counters_.snapshots_failed;
  snapshot_expected_ = false;
  hold_from_ = 0;
  if (void_()) expected_ = 1;
  keep_window(expected_);
  settle_gap(now);
}

}  // namespace pyscalp::feed
