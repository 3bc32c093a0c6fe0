// When to ask a retransmission server for what: the policy, apart from the messages.
//
// A run of missing messages is asked for once it is *ripe*, that is once the lines have
// had their time to bring it. Neighbouring runs that fit one answer share a request; a
// run longer than one answer is asked for in pieces, several in flight. What a request
// asks for is asked for again only when its answer fails to come. How late lines are,
// how long answers take and how much fits into one is learnt from what arrives.
//
// Sans-I/O, one thread, fixed memory.
#pragma once

#include <algorithm>
#include <array>

#include "feed/mold_options.hpp"

namespace pyscalp::feed {

/// Messages first, ..., end - 1.
struct SequenceRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  bool empty() const { return first >= end; }
};

class GapRequests {
 public:
  static constexpr std::uint32_t kInFlightMax = 64;
  /// The most that one request can name: 0xFFFF means something else.
  static constexpr std::uint64_t kCountMax = 0xFFFE;

  struct Asked {
    SequenceRange range;
    bool again = false;  ///< the answer to an earlier request for it did not come
  };

  explicit GapRequests(const MoldOptions& options) : options_(options) {}

  /// The gap is closed, or all is new: nothing is in flight. What was learnt stays.
  void reset();
  /// Messages below `end` are known to exist, and some are missing.
  void notice(std::uint64_t end, MonoNanos now);
  /// A line brought [first, end), late: `fresh` if some of it was missing until now.
  void on_late(std::uint64_t first, bool fresh, MonoNanos now);
  /// True while a late copy of what was asked for could still teach something.
  bool remembers() const { return remembered_ != 0; }
  /// The server brought [first, end).
  void on_answer(std::uint64_t first, std::uint64_t end, MonoNanos now);

  /// The request that is due; false where none is. `missing(from)` gives the first run
  /// of missing messages at or after `from`, empty where there is none.
  template <class Missing>
  bool take(std::uint64_t expected, bool may_ask, MonoNanos now, Missing&& missing,
            Asked& out);

  /// What may be asked for has changed: look again.
  void wake() { deadline_ = MonoNanos{-kNever.value}; }
  /// When `take` may next have something to do.
  MonoNanos deadline() const { return deadline_; }
  /// True once the lines have had their time to bring message `sequence`.
  bool ripe(std::uint64_t sequence, MonoNanos now) const;
  /// Time-outs since the last answer; requests that were in flight together count once.
  std::uint32_t unanswered() const { return unanswered_; }
  /// How long lines are waited for, as learnt.
  MonoNanos delay() const {
    const MonoNanos late = std::max(late_, late_before_);
    return std::clamp(MonoNanos{late.value + late.value / 4}, options_.request_delay,
                      std::max(options_.request_delay, options_.request_delay_max));
  }
  /// How long an answer is waited for, as learnt, without the back-off.
  MonoNanos timeout() const;

 private:
  enum class State : std::uint8_t { kFree, kFlying, kAnswered };
  struct Request {
    SequenceRange range;
    MonoNanos sent;
    MonoNanos due;      ///< flying: its time-out
    MonoNanos noticed;  ///< when its first message was found to be missing
    bool again = false;
    State state = State::kFree;
  };
  /// Messages below `end` were noticed to exist, the last of them `at`.
  struct Notice {
    MonoNanos since;
    MonoNanos at;
    std::uint64_t end = 0;
  };
  static constexpr std::uint32_t kNotices = 32;
  /// What fits into an answer of whole ITCH messages before one has been seen.
  static constexpr std::uint64_t kGuessedAnswer = 24;
  static constexpr std::uint32_t kFullToGrow = 16;
  /// Time-outs in a row after which a server is asked for one thing at a time.
  static constexpr std::uint32_t kSilent = 4;

  Notice& notice_at(std::uint32_t i) { return notices_[(begin_ + i) % kNotices]; }
  const Notice& notice_at(std::uint32_t i) const {
    return notices_[(begin_ + i) % kNotices];
  }
  MonoNanos noticed(std::uint64_t sequence, MonoNanos now) const;
  void ripen(MonoNanos now);
  void learn_delay(MonoNanos late, MonoNanos now);
  void learn_round_trip(MonoNanos taken);
  void free(Request& request);
  bool within_rate(MonoNanos now);
  Request* covering(std::uint64_t sequence);
  std::uint64_t next_flying(std::uint64_t from) const;
  Request& free_request();
  void expire(const Request& request, MonoNanos now);
  std::uint32_t room() const;
  void sleep(std::uint64_t expected, bool may_ask);
  void send(Request& request, const SequenceRange& range, bool again, MonoNanos now);

  template <class Missing>
  SequenceRange joined(SequenceRange run, Missing&& missing) const;
  template <class Missing>
  bool take_overdue(std::uint64_t expected, MonoNanos now, Missing&& missing,
                    Asked& out);

  MoldOptions options_;
  std::array<Request, kInFlightMax> requests_{};
  std::uint32_t flying_ = 0;
  std::uint32_t remembered_ = 0;
  std::array<Notice, kNotices> notices_{};
  std::uint32_t begin_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t ripe_count_ = 0;  ///< notices at the front whose time is over
  std::uint64_t ripe_end_ = 0;    ///< messages below it are ripe
  MonoNanos deadline_ = kNever;

  /// The largest lateness of this epoch and of the one before.
  MonoNanos late_{};
  MonoNanos late_before_{};
  MonoNanos epoch_{};
  MonoNanos round_trip_{};
  MonoNanos round_trip_spread_{};
  bool has_round_trip_ = false;
  std::uint32_t backoff_ = 0;       ///< doublings of the time-out
  std::uint64_t answer_size_ = 0;   ///< messages that fit an answer; 0 is unknown
  std::uint32_t full_answers_ = 0;  ///< in a row that held all that was asked
  std::uint32_t unanswered_ = 0;
  MonoNanos expired_at_{-kNever.value};

  MonoNanos rate_window_start_{};
  std::uint32_t rate_window_count_ = 0;
};

/// `run`, with what is missing behind it as far as one answer reaches; or as much of it
/// as one answer holds.
template <class Missing>
SequenceRange GapRequests::joined(SequenceRange run, Missing&& missing) const {
  const std::uint64_t most = answer_size_ != 0 ? answer_size_ : kCountMax;
  if (run.end - run.first >= most) return {run.first, run.first + most};
  const std::uint64_t reach = answer_size_ != 0 ? answer_size_ : kGuessedAnswer;
  while (run.end - run.first < reach) {
    const SequenceRange next = missing(run.end);
    if (next.empty() || next.first >= ripe_end_ || next.end - run.first > reach ||
        next_flying(run.first) < next.end) {
      break;
    }
    run.end = next.end;
  }
  return run;
}

template <class Missing>
bool GapRequests::take_overdue(std::uint64_t expected, MonoNanos now, Missing&& missing,
                               Asked& out) {
  for (;;) {
    Request* oldest = nullptr;
    for (Request& request : requests_) {
      if (request.state != State::kFlying || request.due > now) continue;
      if (oldest == nullptr || request.range.first < oldest->range.first) {
        oldest = &request;
      }
    }
    if (oldest == nullptr) return false;
    const SequenceRange run = missing(std::max(expected, oldest->range.first));
    if (run.empty() || run.first >= oldest->range.end) {
      free(*oldest);
      continue;
    }
    expire(*oldest, now);
    const std::uint64_t end = oldest->range.end;
    free(*oldest);
    // A server that says nothing is asked for one thing at a time.
    if (flying_ >= room()) continue;
    SequenceRange range{run.first, std::max(end, run.first + 1)};
    range.end = std::min(range.end, run.first + kCountMax);
    send(free_request(), range, true, now);
    out = {range, true};
    return true;
  }
}

template <class Missing>
bool GapRequests::take(std::uint64_t expected, bool may_ask, MonoNanos now,
                       Missing&& missing, Asked& out) {
  if (now < deadline_) return false;
  ripen(now);
  if (may_ask && !within_rate(now)) return false;
  if (may_ask) {
    if (take_overdue(expected, now, missing, out)) return true;
    std::uint64_t from = expected;
    while (flying_ < room()) {
      SequenceRange run = missing(from);
      if (run.empty() || run.first >= ripe_end_) break;
      if (const Request* const request = covering(run.first)) {
        from = request->range.end;
        continue;
      }
      run.end = std::min(run.end, next_flying(run.first));
      run = joined(run, missing);
      send(free_request(), run, false, now);
      out = {run, false};
      return true;
    }
  }
  sleep(expected, may_ask);
  return false;
}

}  // namespace pyscalp::feed
