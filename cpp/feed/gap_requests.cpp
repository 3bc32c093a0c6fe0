#include "feed/gap_requests.hpp"

namespace pyscalp::feed {

namespace {

constexpr MonoNanos kAtOnce{-kNever.value};
/// A late copy of what was asked for teaches something for so long.
constexpr MonoNanos kRemembered = seconds(1);
/// How late lines were is forgotten after one to two of these.
constexpr MonoNanos kEpoch = seconds(10);

}  // namespace

void GapRequests::reset() {
  for (Request& request : requests_) {
    if (request.state == State::kFlying) request.state = State::kFree;
  }
  flying_ = 0;
  begin_ = count_ = ripe_count_ = 0;
  ripe_end_ = 0;
  unanswered_ = 0;
  deadline_ = kNever;
}

MonoNanos GapRequests::timeout() const {
  const MonoNanos learnt =
      has_round_trip_ ? MonoNanos{round_trip_.value + 4 * round_trip_spread_.value}
                      : MonoNanos{};
  return std::clamp(learnt, options_.request_timeout,
                    std::max(options_.request_timeout, options_.request_timeout_max));
}

// ---- What is missing since when ----

void GapRequests::notice(std::uint64_t end, MonoNanos now) {
  if (count_ != 0) {
    Notice& last = notice_at(count_ - 1);
    if (end <= last.end) return;
    ripen(now);
    const bool no_room = count_ == kNotices && ripe_count_ == 0;
    const bool joins =
        count_ > ripe_count_ && now - last.since < MonoNanos{delay().value / 8};
    if (joins || no_room) {
      last.at = now;
      last.end = end;
      deadline_ = std::min(deadline_, now + delay());
      return;
    }
    if (count_ == kNotices) {
      begin_ = (begin_ + 1) % kNotices;
      --count_;
      --ripe_count_;
    }
  }
  ++count_;
  notice_at(count_ - 1) = {now, now, end};
  deadline_ = std::min(deadline_, now + delay());
}

void GapRequests::ripen(MonoNanos now) {
  const MonoNanos wait = delay();
  while (ripe_count_ < count_ && notice_at(ripe_count_).at + wait <= now) {
    ripe_end_ = notice_at(ripe_count_).end;
    ++ripe_count_;
  }
}

bool GapRequests::ripe(std::uint64_t sequence, MonoNanos now) const {
  if (sequence < ripe_end_) return true;
  const MonoNanos wait = delay();
  for (std::uint32_t i = ripe_count_; i < count_; ++i) {
    if (notice_at(i).at + wait > now) return false;
    if (sequence < notice_at(i).end) return true;
  }
  return false;
}

MonoNanos GapRequests::noticed(std::uint64_t sequence, MonoNanos now) const {
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (sequence < notice_at(i).end) return notice_at(i).since;
  }
  return now;
}

// ---- What arrives ----

void GapRequests::on_late(std::uint64_t first, bool fresh, MonoNanos now) {
  if (fresh) return learn_delay(now - noticed(first, now), now);
  for (Request& request : requests_) {
    if (request.state != State::kAnswered) continue;
    if (now - request.sent > kRemembered) {
      free(request);
    } else if (first >= request.range.first && first < request.range.end) {
      learn_delay(now - request.noticed, now);
      free(request);
    }
  }
}

void GapRequests::learn_delay(MonoNanos late, MonoNanos now) {
  if (now - epoch_ >= kEpoch) {
    late_before_ = now - epoch_ >= kEpoch + kEpoch ? MonoNanos{} : late_;
    late_ = {};
    epoch_ = now;
  }
  late_ = std::max(late_, late);
}

void GapRequests::on_answer(std::uint64_t first, std::uint64_t end, MonoNanos now) {
  unanswered_ = 0;
  deadline_ = kAtOnce;
  Request* const request = covering(first);
  // Anything else is the late answer to a request that was given up.
  if (request == nullptr || first != request->range.first) return;
  if (!request->again) learn_round_trip(now - request->sent);
  const std::uint64_t asked = request->range.end - first;
  const std::uint64_t brought = end - first;
  if (brought < asked) {
    // Less than what fitted just now: messages differ in size, and each cut answer
    // costs another request.
    answer_size_ = std::max<std::uint64_t>(brought - brought / 16, 1);
    full_answers_ = 0;
  } else if (asked == answer_size_ && ++full_answers_ >= kFullToGrow) {
    ++answer_size_;
    full_answers_ = 0;
  }
  --flying_;
  ++remembered_;
  request->state = State::kAnswered;
}

void GapRequests::learn_round_trip(MonoNanos taken) {
  backoff_ = 0;
  if (!has_round_trip_) {
    has_round_trip_ = true;
    round_trip_ = taken;
    round_trip_spread_ = {taken.value / 2};
    return;
  }
  // Source: RFC 6298, with its gains of 1/8 and 1/4.
  const std::int64_t error = taken.value - round_trip_.value;
  round_trip_spread_.value +=
      ((error < 0 ? -error : error) - round_trip_spread_.value) / 4;
  round_trip_.value += error / 8;
}

// ---- Requests ----

void GapRequests::free(Request& request) {
  if (request.state == State::kFlying) --flying_;
  if (request.state == State::kAnswered) --remembered_;
  request.state = State::kFree;
}

GapRequests::Request* GapRequests::covering(std::uint64_t sequence) {
  for (Request& request : requests_) {
    if (request.state == State::kFlying && sequence >= request.range.first &&
        sequence < request.range.end) {
      return &request;
    }
  }
  return nullptr;
}

/// Where the first range in flight at or after `from` begins.
std::uint64_t GapRequests::next_flying(std::uint64_t from) const {
  std::uint64_t next = UINT64_MAX;
  for (const Request& request : requests_) {
    if (request.state == State::kFlying && request.range.first >= from) {
      next = std::min(next, request.range.first);
    }
  }
  return next;
}

/// A place for one more; the oldest that is only remembered makes room.
GapRequests::Request& GapRequests::free_request() {
  Request* oldest = nullptr;
  for (Request& request : requests_) {
    if (request.state == State::kFree) return request;
    if (request.state == State::kAnswered &&
        (oldest == nullptr || request.sent < oldest->sent)) {
      oldest = &request;
    }
  }
  free(*oldest);
  return *oldest;
}

std::uint32_t GapRequests::room() const {
  if (unanswered_ >= kSilent) return 1;
  return std::clamp(options_.requests_in_flight, 1u, kInFlightMax);
}

void GapRequests::expire(const Request& request, MonoNanos now) {
  if (request.sent < expired_at_) return;
  expired_at_ = now;
  ++unanswered_;
  if (timeout().value << backoff_ < options_.request_timeout_max.value) ++backoff_;
}

bool GapRequests::within_rate(MonoNanos now) {
  if (now - rate_window_start_ >= seconds(1)) {
    rate_window_start_ = now;
    rate_window_count_ = 0;
  }
  if (rate_window_count_ < options_.requests_per_second) return true;
  deadline_ = rate_window_start_ + seconds(1);
  return false;
}

void GapRequests::send(Request& request, const SequenceRange& range, bool again,
                       MonoNanos now) {
  ++rate_window_count_;
  ++flying_;
  const MonoNanos wait{
      std::min(timeout().value << backoff_,
               std::max(timeout(), options_.request_timeout_max).value)};
  request = {range, now, now + wait, noticed(range.first, now), again, State::kFlying};
}

/// Nothing is due: the next moment at which something may be.
void GapRequests::sleep(std::uint64_t expected, bool may_ask) {
  deadline_ = kNever;
  if (!may_ask) {
    if (expected >= ripe_end_ && ripe_count_ < count_) {
      deadline_ = notice_at(ripe_count_).at + delay();
    }
    return;
  }
  for (const Request& request : requests_) {
    if (request.state == State::kFlying) deadline_ = std::min(deadline_, request.due);
  }
  if (flying_ < room() && ripe_count_ < count_) {
    deadline_ = std::min(deadline_, notice_at(ripe_count_).at + delay());
  }
}

}  // namespace pyscalp::feed
