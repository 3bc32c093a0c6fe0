#include "feed/snapshot_session.hpp"

#include <algorithm>

namespace pyscalp::feed {

namespace {

namespace soup = wire::soup;
namespace glimpse = wire::glimpse;

}  // namespace

std::string_view name(SnapshotFailure failure) {
  switch (failure) {
    case SnapshotFailure::kNoConnection:
      return "no_connection";
    case SnapshotFailure::kLoginRefused:
      return "login_refused";
    case SnapshotFailure::kBadLogin:
      return "bad_login";
    case SnapshotFailure::kBadFrame:
      return "bad_frame";
    case SnapshotFailure::kBadEnd:
      return "bad_end";
    case SnapshotFailure::kCut:
      return "cut";
    case SnapshotFailure::kSilent:
      return "silent";
    case SnapshotFailure::kTooSlow:
      return "too_slow";
    case SnapshotFailure::kOutOfStep:
      return "out_of_step";
    case SnapshotFailure::kNotNeeded:
      return "not_needed";
  }
  return "?";
}

void SnapshotSession::on_connected(MonoNanos now) {
  frames_.reset();
  filled_ = sent_ = 0;
  messages_ = 0;
  whole_ = reported_ = false;
  started_ = heard_ = now;
  state_ = SnapshotState::kLoggingIn;
  ++counters_.attempts;
  soup::LoginRequest request;
  request.username = username_;
  request.password = password_;
  request.sequence = soup::number_text(1);
  std::array<std::byte, soup::kHeaderSize + soup::LoginRequest::kSize> frame;
  soup::encode(request, frame.data());
  queue(frame, now);
}

bool SnapshotSession::on_disconnected(MonoNanos now) {
  const bool was_open = state_ != SnapshotState::kIdle;
  if (!was_open) {
    ++counters_.failed[static_cast<std::size_t>(SnapshotFailure::kNoConnection)];
    ++failures_;
  } else if (connected()) {
    fail(SnapshotFailure::kCut);
  }
  const bool whole = was_open && whole_;
  state_ = SnapshotState::kIdle;
  frames_.reset();
  filled_ = sent_ = 0;
  // A server whose snapshots do not help is not asked again at once either.
  retry_wait_ = std::clamp(MonoNanos{2 * retry_wait_.value}, options_.retry_wait,
                           options_.retry_wait_max);
  retry_at_ = now + retry_wait_;
  return whole;
}

bool SnapshotSession::on_time(MonoNanos now) {
  if (!connected()) return state_ != SnapshotState::kOver;
  if (now - heard_ >= options_.dead_after) {
    fail(SnapshotFailure::kSilent);
  } else if (now - started_ >= options_.whole_within) {
    fail(SnapshotFailure::kTooSlow);
  } else if (now - spoke_ >= options_.heartbeat_after) {
    std::array<std::byte, soup::kHeaderSize> heartbeat;
    soup::encode_header(soup::kClientHeartbeat, 0, heartbeat.data());
    queue(heartbeat, now);
  }
  return connected();
}

MonoNanos SnapshotSession::next_deadline() const {
  if (!connected()) return kNever;
  return std::min({heard_ + options_.dead_after, started_ + options_.whole_within,
                   spoke_ + options_.heartbeat_after});
}

void SnapshotSession::consumed(std::size_t size) {
  sent_ += std::min(size, filled_ - sent_);
  if (sent_ == filled_) filled_ = sent_ = 0;
}

void SnapshotSession::fail(SnapshotFailure failure) {
  state_ = SnapshotState::kOver;
  if (reported_) return;
  reported_ = true;
  ++counters_.failed[static_cast<std::size_t>(failure)];
  if (failure != SnapshotFailure::kNotNeeded) ++failures_;
}

void SnapshotSession::queue(Bytes bytes, MonoNanos now) {
  spoke_ = now;
  if (bytes.size() > out_.size() - filled_) return;
  std::memcpy(out_.data() + filled_, bytes.data(), bytes.size());
  filled_ += bytes.size();
}

bool SnapshotSession::accept_login(Bytes payload) {
  const auto accepted = soup::decode<soup::LoginAccepted>(payload);
  if (!accepted) return false;
  const auto first = soup::parse_number(accepted->sequence);
  if (!first || *first != 1) return false;
  state_ = SnapshotState::kReceiving;
  return true;
}

std::uint64_t SnapshotSession::next_after(Bytes message) const {
  if (message.size() != glimpse::EndOfSnapshot::kSize) return 0;
  glimpse::EndOfSnapshot end;
  Reader reader(message.data() + 1);
  end.map(reader);
  if (end.sequence.trimmed().empty()) return 0;
  const auto number = soup::parse_number(end.sequence);
  if (!number) return 0;
  if (options_.reading == SnapshotReading::kNext) return *number;
  return *number == UINT64_MAX ? 0 : *number + 1;
}

}  // namespace pyscalp::feed
