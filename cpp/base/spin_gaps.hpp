// How long a spinning thread did not run: the gaps between two of its looks at the
// clock that no work of its own explains.
//
// A spinning loop reads the clock in every turn. From one reading to the next lie some
// polls, a microsecond at most, unless something took the core away: an interrupt,
// another task, the hypervisor, a page fault. So a gap is the time between two
// successive readings, without work between them, that is longer than the threshold;
// the polls in it are counted with it. What strikes during work is not seen here but in
// the latency of the stages.
//
// Thread-safety: one thread spins; any thread may ask at the same time. 34 KiB, nothing
// allocated. It costs the spinning thread one comparison and one store a turn.
#pragma once

#include <atomic>

#include "base/histogram.hpp"
#include "base/types.hpp"

namespace pyscalp {

class SpinGaps {
 public:
  /// Above what polling a few sockets takes, below what a timer interrupt takes on most
  /// machines.
  static constexpr MonoNanos kThreshold{5'000};

  explicit SpinGaps(MonoNanos threshold = kThreshold) : threshold_(threshold) {}

  MonoNanos threshold() const { return threshold_; }

  /// From now on it counts.
  void start(MonoNanos now) {
    last_ = now;
    since_.store(now.value, kRelaxed);
  }
  /// Nothing was found: the next reading is compared with this one.
  void idle(MonoNanos now) {
    if (now - last_ > threshold_) [[unlikely]]
      record(now - last_);
    last_ = now;
  }
  /// Something was found: the time until `idle` is called again is work.
  void busy(MonoNanos now) {
    if (now - last_ > threshold_) [[unlikely]]
      record(now - last_);
    last_ = kNever;
  }
  /// Work was done that no reading preceded.
  void worked() { last_ = kNever; }
  /// The time watched ends here.
  void stop(MonoNanos now) { until_.store(now.value, kRelaxed); }

  /// Length of each gap, in nanoseconds.
  const Histogram& histogram() const { return histogram_; }
  std::int64_t count() const { return histogram_.count(); }
  MonoNanos worst() const { return {histogram_.max()}; }
  MonoNanos lost() const { return {lost_.load(kRelaxed)}; }
  /// Time since `start`, up to `now` or to `stop`; 0 before it.
  MonoNanos watched(MonoNanos now) const {
    const std::int64_t since = since_.load(kRelaxed);
    if (since == kNever.value) return {0};
    return {
        std::max<std::int64_t>(0, std::min(now.value, until_.load(kRelaxed)) - since)};
  }

 private:
  // Relaxed: each is a statistic of its own that guards no other data.
  static constexpr std::memory_order kRelaxed = std::memory_order_relaxed;

  void record(MonoNanos gap) {
    if (since_.load(kRelaxed) == kNever.value) return;
    histogram_.record(gap.value);
    // Load and store, no read-modify-write: one thread alone writes.
    lost_.store(lost_.load(kRelaxed) + gap.value, kRelaxed);
  }

  const MonoNanos threshold_;
  MonoNanos last_ = kNever;  ///< kNever: work since, so that no reading can follow it
  Histogram histogram_;
  std::atomic<std::int64_t> lost_{0};
  std::atomic<std::int64_t> since_{kNever.value};
  std::atomic<std::int64_t> until_{kNever.value};
};

}  // namespace pyscalp
