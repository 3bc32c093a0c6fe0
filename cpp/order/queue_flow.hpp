// How fast the queue at the touch moves, and what that says of a passive order's
// chance.
//
// Counted for each side over the last 32 seconds of venue time, in buckets of one:
// what was executed at the touch, in full, and what was cancelled there, by half, since
// a cancellation is as likely behind an order as before it. Sums are integers, so that
// the same events give the same answer anywhere.
//
// The chance that an order with `ahead` shares before it is filled within `wait`: with
// V, what leaves the queue in such a time at the present rate, an exponential volume of
// unknown mean, for which V is the only observation, exceeds x = ahead + qty with
// probability V / (V + x), a Lomax distribution of shape 1. Cont and de Larrard, Price
// Dynamics in a Markovian Limit Order Market (2013), derive fills from the same rates.
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
    const Qty left = event.kind == Kind::kExecuted ? event.qty : event.qty / 2;
    advance(at);
    const auto bucket = static_cast<std::size_t>(now_ % kBuckets);
    buckets_[index(event.side)][bucket] += left;
    sums_[index(event.side)] += left;
  }

  /// Share of orders of `qty`, with `ahead` shares before them on `side`, that are
  /// expected to be filled within `wait`; in [0, 1).
  double fill_chance(Side side, Qty ahead, Qty qty, MonoNanos wait, UnixNanos at) {
    if (first_ == kNone) return 0.0;
    advance(at);
    const double counted =
        static_cast<double>(std::min<std::int64_t>(now_ - first_ + 1, kBuckets)) *
        static_cast<double>(kBucket.value);
    const double leaves = static_cast<double>(sums_[index(side)]) *
                          static_cast<double>(wait.value) / counted;
    return leaves / (leaves + static_cast<double>(ahead + qty));
  }

  void clear() { *this = QueueFlow{}; }

 private:
  static constexpr std::int64_t kNone = -1;

  /// Forgets what is too old. An earlier time counts as the present one.
  void advance(UnixNanos at) {
    const std::int64_t bucket = std::max<std::int64_t>(at.value, 0) / kBucket.value;
    if (first_ == kNone) first_ = now_ = bucket;
    const std::int64_t over = std::min<std::int64_t>(bucket - now_, kBuckets);
    for (std::int64_t i = 1; i <= over; ++i) {
      const auto oldest = static_cast<std::size_t>((now_ + i) % kBuckets);
      for (const Side side : {Side::kBuy, Side::kSell}) {
        sums_[index(side)] -= buckets_[index(side)][oldest];
        buckets_[index(side)][oldest] = 0;
      }
    }
    now_ = std::max(now_, bucket);
  }

  std::int64_t first_ = kNone;  ///< bucket of the first event
  std::int64_t now_ = 0;
  std::array<Qty, 2> sums_{};
  std::array<std::array<Qty, kBuckets>, 2> buckets_{};
};

}  // namespace pyscalp::order
