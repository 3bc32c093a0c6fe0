#include "feed/mold_session.hpp"

#include <algorithm>

namespace pyscalp::feed {

using wire::mold::DecodeStatus;
using wire::mold::Packet;

MoldSession::MoldSession(const MoldOptions& options)
    : options_(options), window_(std::make_unique<Held[]>(options.window)) {}

DatagramStatus MoldSession::admit(Bytes datagram, Packet& packet) {
  const DecodeStatus status = Packet::decode(datagram, packet);
  if (status != DecodeStatus::kOk || packet.header().sequence == 0) {
    ++counters_.malformed;
    ++counters_.malformed_by_status[static_cast<int>(status)];
    return DatagramStatus::kMalformed;
  }
  if (!has_session_) {
    start_session(packet.header().session);
    return DatagramStatus::kOk;
  }
  if (packet.header().session == session_) {
    foreign_in_a_row_ = 0;
    return DatagramStatus::kOk;
  }
  if (believe(packet.header().session)) return DatagramStatus::kSessionChanged;
  ++counters_.foreign;
  return DatagramStatus::kForeignSession;
}

bool MoldSession::believe(const wire::mold::Session& session) {
  foreign_in_a_row_ = session == foreign_session_ ? foreign_in_a_row_ + 1 : 1;
  foreign_session_ = session;
  if (!ended_ && foreign_in_a_row_ < kForeignToBelieve) return false;
  start_session(session);
  return true;
}

void MoldSession::start_session(const wire::mold::Session& session) {
  session_ = session;
  has_session_ = true;
  ++generation_;
  ended_ = false;
  foreign_in_a_row_ = 0;
  expected_ = 1;
  known_end_ = 1;
  held_ = 0;
  later_packets_ = 0;
  asked_from_ = 0;
  request_at_ = kNever;
  for (std::uint32_t i = 0; i < options_.window; ++i) window_[i].sequence = 0;
}

void MoldSession::hold(std::uint64_t sequence, Bytes message, Line line) {
  if (sequence - expected_ >= options_.window || message.size() > kMaxHeldMessage) {
    ++counters_.beyond_window;
    return;
  }
  Held& held = slot(sequence);
  if (held.sequence == sequence) return;
  held.sequence = sequence;
  held.size = static_cast<std::uint8_t>(message.size());
  held.line = static_cast<std::uint8_t>(line);
  std::memcpy(held.bytes.data(), message.data(), message.size());
  ++held_;
}

void MoldSession::release(std::uint64_t sequence) {
  Held& held = slot(sequence);
  if (held.sequence != sequence) return;
  held.sequence = 0;
  --held_;
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

void MoldSession::note_end(const Packet& packet, Line line, MonoNanos now) {
  const std::uint64_t end = packet.header().sequence + packet.message_count();
  if (packet.message_count() == 0) ++counters_.heartbeats;
  if (packet.is_end_of_session() && end >= known_end_) ended_ = true;
  if (gap_open()) doubt_end(end, line, now);
  const bool was_open = known_end_ > expected_ && request_at_ != kNever;
  if (end >= known_end_) end_heard_at_ = now;
  known_end_ = std::max(known_end_, end);
  if (!gap_open()) {
    known_end_ = expected_;
    request_at_ = kNever;
    asked_from_ = 0;
  } else if (!was_open) {
    ++counters_.gaps;
    timeout_ = options_.request_timeout;
    asked_from_ = 0;
    request_at_ = now + options_.request_delay;
  } else if (line == Line::kRetransmission && asked_from_ != 0 &&
             expected_ > asked_from_) {
    // The last request was answered, in part at least: ask for the rest at once.
    timeout_ = options_.request_timeout;
    asked_from_ = 0;
    request_at_ = now;
  }
}

bool MoldSession::take_request(MonoNanos now,
                               std::array<std::byte, wire::mold::kHeaderSize>& out) {
  if (!gap_open() || now < request_at_) return false;
  if (now - rate_window_start_ >= seconds(1)) {
    rate_window_start_ = now;
    rate_window_count_ = 0;
  }
  if (rate_window_count_ >= options_.requests_per_second) {
    request_at_ = rate_window_start_ + seconds(1);
    return false;
  }
  std::uint64_t end = known_end_;
  if (held_ != 0) {
    // Up to the first message that already waits in the window.
    end = expected_ + 1;
    while (end < known_end_ && slot(end).sequence != end) ++end;
  }
  const auto count = static_cast<std::uint16_t>(
      std::min<std::uint64_t>(end - expected_, wire::mold::kEndOfSession - 1));
  wire::mold::encode({session_, expected_, count}, out.data());
  ++counters_.requests;
  ++rate_window_count_;
  asked_from_ = expected_;
  request_at_ = now + timeout_;
  timeout_ = std::min(timeout_ + timeout_, options_.request_timeout_max);
  return true;
}

}  // namespace pyscalp::feed
