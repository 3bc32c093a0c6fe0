// Volume by price over a rolling window of time: where the market has agreed lately.
//
// Prices fall into buckets of one height, [k·bucket, (k+1)·bucket), known by their k.
// The profile holds the trades of the last `window`, (now - window, now]; it is empty
// at the start. All sums are integers and exact, so that trades may enter and leave for
// ever. What does not fit is dropped in a stated way and counted:
//   - of more than kMaxTrades trades the oldest leave early (`crowded_out`);
//   - a trade that would stretch the range over more than kMaxBuckets buckets empties
//   the
//     profile and starts it anew (`restarts`): a market that ran so far has not agreed.
//
// Point of control: the bucket of the most volume; of several, the one nearest to the
// middle of the range; of two equally near, the lower.
// Value area: from the point of control, the two buckets next above are compared with
// the two next below, within the range, and the pair of more volume joins, the upper
// one of equals, until the area holds the share of all volume that is asked for. Once
// one end of the range is reached only the other side is left. Sources: Steidlmayer,
// CBOT Market Profile (1985); Dalton, Jones and Dalton, Mind Over Markets (1993),
// appendix on the value area; both ties as in mypivots.com, "Calculating Market Profile
// Value Area".
//
// Thread-safety: none. Nothing allocated. Adding and dropping a trade cost a few
// nanoseconds each, the value area one look at every bucket of the range.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>

#include "base/types.hpp"

namespace pyscalp::signal {

class VolumeProfile {
 public:
  static constexpr int kMaxTrades = 8'192;
  static constexpr int kMaxBuckets = 1'024;
  /// A trade of more than this counts as this much, so that no sum overflows.
  static constexpr Qty kMaxQty = Qty{1} << 48;
  /// Prices beyond +-2.3 billion are none.
  static constexpr std::int64_t kMaxPrice = std::int64_t{1} << 61;
  static constexpr std::int64_t kWhole = 1'000'000'000;  ///< of a share

  /// Inclusive, as buckets.
  struct ValueArea {
    std::int64_t poc = 0;
    std::int64_t low = 0;
    std::int64_t high = 0;

    std::int64_t buckets() const { return high - low + 1; }
  };

  static constexpr bool valid(Price bucket, MonoNanos window) {
    return bucket > Price{} && bucket.value <= kMaxPrice && window > MonoNanos{} &&
           window <= seconds(86'400);
  }
  static constexpr bool counts(Price price, Qty qty) {
    return qty > 0 && price.value >= -kMaxPrice && price.value <= kMaxPrice;
  }

  /// `valid(bucket, window)` is the caller's duty.
  VolumeProfile(Price bucket, MonoNanos window) : bucket_(bucket), window_(window) {
    assert(valid(bucket, window));
  }

  /// The bucket of a price.
  std::int64_t bucket(Price price) const {
    const std::int64_t quotient = price.value / bucket_.value;
    return price.value % bucket_.value < 0 ? quotient - 1 : quotient;
  }
  Price lower_edge(std::int64_t bucket) const { return {bucket * bucket_.value}; }

  /// Drops the trades that have left the window; true if there were any. `now` must not
  /// decrease from call to call.
  bool advance(UnixNanos now) {
    if (count_ == 0 || oldest().time.value > now.value - window_.value) return false;
    if (newest().time.value <= now.value - window_.value) {
      empty();
      return true;
    }
    while (oldest().time.value <= now.value - window_.value) drop_oldest();
    shrink_range();
    return true;
  }

  /// Adds a trade that `counts`, after `advance(now)`.
  void add(UnixNanos now, std::int64_t bucket, Qty qty) {
    if (count_ == kMaxTrades) {
      drop_oldest();
      shrink_range();
      ++crowded_out_;
    }
    if (count_ > 0 && std::max(high_, bucket) - std::min(low_, bucket) >= kMaxBuckets) {
      empty();
      ++restarts_;
    }
    low_ = count_ == 0 ? bucket : std::min(low_, bucket);
    high_ = count_ == 0 ? bucket : std::max(high_, bucket);
    const Qty counted = std::min(qty, kMaxQty);
    at(bucket) += counted;
    volume_ += counted;
    trades_[index(first_ + count_)] = {
        now, counted << kSlotBits | static_cast<std::int64_t>(slot(bucket))};
    ++count_;
  }

  void clear() {
    empty();
    crowded_out_ = restarts_ = 0;
  }

  int trades() const { return count_; }
  Qty volume() const { return volume_; }
  /// Lowest and highest bucket traded; `trades() > 0`.
  std::int64_t low() const { return low_; }
  std::int64_t high() const { return high_; }
  Qty volume(std::int64_t bucket) const {
    return bucket < low_ || bucket > high_ ? 0 : volumes_[slot(bucket)];
  }
  std::int64_t crowded_out() const { return crowded_out_; }
  std::int64_t restarts() const { return restarts_; }

  /// Of `share_e9` of the volume, from 1 to kWhole; `trades() > 0`.
  ValueArea value_area(std::int64_t share_e9) const {
    assert(count_ > 0);
    const std::int64_t poc = point_of_control();
    const Int128 wanted = static_cast<Int128>(volume_) * share_e9;
    ValueArea area{poc, poc, poc};
    Qty inside = volume(poc);
    while (static_cast<Int128>(inside) * kWhole < wanted) {
      const Qty above = volume(area.high + 1) + volume(area.high + 2);
      const Qty below = volume(area.low - 1) + volume(area.low - 2);
      const bool up = area.low == low_ || (area.high != high_ && above >= below);
      inside += up ? above : below;
      if (up)
        area.high = std::min(area.high + 2, high_);
      else
        area.low = std::max(area.low - 2, low_);
    }
    return area;
  }

 private:
  static constexpr int kSlotBits = 10;
  static_assert(kMaxBuckets == 1 << kSlotBits);

  /// A trade is held until it leaves: when it came, how much it was and where.
  struct Held {
    UnixNanos time{};
    std::int64_t qty_and_slot = 0;
  };

  /// Buckets of a range within kMaxBuckets never share a slot.
  static std::size_t slot(std::int64_t bucket) {
    return static_cast<std::size_t>(bucket) % kMaxBuckets;
  }
  static std::size_t index(int i) { return static_cast<std::size_t>(i) % kMaxTrades; }
  Qty& at(std::int64_t bucket) { return volumes_[slot(bucket)]; }
  const Held& oldest() const { return trades_[index(first_)]; }
  const Held& newest() const { return trades_[index(first_ + count_ - 1)]; }

  void drop_oldest() {
    const std::int64_t held = oldest().qty_and_slot;
    const Qty qty = held >> kSlotBits;
    volumes_[static_cast<std::size_t>(held % kMaxBuckets)] -= qty;
    volume_ -= qty;
    first_ = (first_ + 1) % kMaxTrades;
    --count_;
  }
  void shrink_range() {
    if (count_ == 0) return;
    while (volumes_[slot(low_)] == 0) ++low_;
    while (volumes_[slot(high_)] == 0) --high_;
  }
  void empty() {
    if (count_ > 0)
      for (std::int64_t k = low_; k <= high_; ++k) at(k) = 0;
    first_ = count_ = 0;
    volume_ = 0;
  }

  std::int64_t point_of_control() const {
    std::int64_t poc = low_;
    Qty most = 0;
    for (std::int64_t k = low_; k <= high_; ++k) {
      const Qty qty = volumes_[slot(k)];
      if (qty < most || (qty == most && off_middle(k) >= off_middle(poc))) continue;
      most = qty;
      poc = k;
    }
    return poc;
  }
  std::int64_t off_middle(std::int64_t bucket) const {
    return std::abs((bucket - low_) - (high_ - bucket));
  }

  Price bucket_;
  MonoNanos window_;
  int first_ = 0;
  int count_ = 0;
  std::int64_t low_ = 0;
  std::int64_t high_ = 0;
  Qty volume_ = 0;
  std::int64_t crowded_out_ = 0;
  std::int64_t restarts_ = 0;
  std::array<Qty, kMaxBuckets> volumes_{};
  std::array<Held, kMaxTrades> trades_{};
};

}  // namespace pyscalp::signal
