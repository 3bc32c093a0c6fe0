// How fast the queue at the touch moves, and what that says of a passive order's
// chance.
//
// Counted for each side over the last 32 seconds of venue time, in buckets of one: what
// was executed at the touch, and half of what was cancelled there. Sums are integers,
// so that the same events give the same answer anywhere.
//
// The chance that an order with `ahead` shares before it is filled within `wait` is
//
//   E / (E + C + ahead + qty)
//
// of the executions E and the halved cancellations C of so long a time at the present
// rates. Executions have to come as far as the order, and to do so before cancellations
// have dissolved the level and the price has gone without it. That a volume with mean
// E, exponential and its mean known from one observation alone, exceeds y has
// probability E / (E + y) (a Lomax distribution of shape 1); C is what it has to outrun
// besides. bench/fill_chance.py holds it against what became of orders on a recorded
// day. Cont and de Larrard, Price Dynamics in a Markovian Limit Order Market (2013),
// derive fills from the same rates.
//
// Thread-safety: none. Nothing allocated; a bounded cost.
#pragma once

#include <algorithm>
#include <array>

#include "base/types.hpp"
#include "book/order_event.hpp"

namespace pyscalp::order {

class QueueFlow {
 public:
  static constexpr int kBuckets = 32;
  static constexpr MonoNanos kBucket = seconds(1);

  /// What happened to an order of the instrument, not to one of our own; `best` is the
  /// best price of the order's side before.
  void on_order(const book::OrderEvent& event, Price best, UnixNanos at) {
    using Kind = book::OrderEvent::Kind;
    if (event.kind == Kind::kAdded || event.price != best) return;
    advance(at);
    Half& half = halves_[index(event.side)];
    const auto bucket = static_cast<std::size_t>(now_ % kBuckets);
    const bool executed = event.kind == Kind::kExecuted;
    const Flow flow{executed ? event.qty : 0, executed ? 0 : event.qty / 2};
    half.buckets[bucket] += flow;
    half.sum += flow;
  }

  /// Share of orders of `qty`, with `ahead` shares before them on `side`, that are
  /// expected to be filled within `wait`; in [0, 1).
  double fill_chance(Side side, Qty ahead, Qty qty, MonoNanos wait, UnixNanos at) {
    if (first_ == kNone) return 0.0;
    advance(at);
    const double counted =
        static_cast<double>(std::min<std::int64_t>(now_ - first_ + 1, kBuckets)) *
        static_cast<double>(kBucket.value);
    const double share = static_cast<double>(wait.value) / counted;
    const Flow& sum = halves_[index(side)].sum;
    const double executed = static_cast<double>(sum.executed) * share;
    const double cancelled = static_cast<double>(sum.cancelled) * share;
    return executed / (executed + cancelled + static_cast<double>(ahead + qty));
  }

  void clear() { *this = QueueFlow{}; }

 private:
  static constexpr std::int64_t kNone = -1;

  struct Flow {
    Qty executed = 0;
    Qty cancelled = 0;  ///< by half

    Flow& operator+=(const Flow& other) {
      executed += other.executed;
      cancelled += other.cancelled;
      return *this;
    }
    Flow& operator-=(const Flow& other) {
      executed -= other.executed;
      cancelled -= other.cancelled;
      return *this;
    }
  };
  struct Half {
    Flow sum;
    std::array<Flow, kBuckets> buckets{};
  };

  /// Forgets what is too old. An earlier time counts as the present one.
  void advance(UnixNanos at) {
    const std::int64_t bucket = std::max<std::int64_t>(at.value, 0) / kBucket.value;
    if (first_ == kNone) first_ = now_ = bucket;
    const std::int64_t over = std::min<std::int64_t>(bucket - now_, kBuckets);
    for (std::int64_t i = 1; i <= over; ++i) {
      const auto oldest = static_cast<std::size_t>((now_ + i) % kBuckets);
      for (Half& half : halves_) {
        half.sum -= half.buckets[oldest];
        half.buckets[oldest] = {};
      }
    }
    now_ = std::max(now_, bucket);
  }

  std::int64_t first_ = kNone;  ///< bucket of the first event
  std::int64_t now_ = 0;
  std::array<Half, 2> halves_{};
};

}  // namespace pyscalp::order
