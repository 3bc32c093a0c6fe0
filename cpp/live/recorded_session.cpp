#include "live/recorded_session.hpp"

#include <algorithm>

namespace pyscalp::live {

/// Looks whether the feed has begun a session. The first of which a message comes is
/// recorded; any after it ends the recording.
void RecordedSession::follow() {
  if (feed_.generation() == generation_) return;
  if (messages_ != 0) {
    changed_ = true;
    return;
  }
  generation_ = feed_.generation();
  session_ = feed_.session();
  missing_.clear();
  missing_messages_ = 0;
}

MonoNanos RecordedSession::patience() const {
  const bool repaired = options_.feed.retransmission && !server_silent_;
  return repaired ? options_.repair_patience : options_.line_patience;
}

void RecordedSession::watch(MonoNanos now) {
  if (feed_.gap_open() && feed_.expected() != gap_from_) {
    gap_from_ = feed_.expected();
    gap_since_ = now;
  }
}

MonoNanos RecordedSession::next_deadline() const {
  if (changed_ || !feed_.gap_open()) return kNever;
  const MonoNanos over = gap_since_ + patience();
  return options_.feed.retransmission ? std::min(over, feed_.next_deadline()) : over;
}

void RecordedSession::note_missing(const MissingRange& range) {
  missing_messages_ += range.count;
  if (!missing_.empty()) {
    MissingRange& last = missing_.back();
    if (last.reason == range.reason && last.first + last.count == range.first) {
      last.count += range.count;
      return;
    }
  }
  if (missing_.size() < kRangesMax) missing_.push_back(range);
}

}  // namespace pyscalp::live
