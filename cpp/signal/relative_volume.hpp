// How much more is traded right now than is usual.
//
// Time is cut into parts of a tenth of a window, on multiples of their length. The
// recent volume is that of the open part and the nine before it, the usual one that of
// the `history` windows before those. Each part weighs what the day's curve says of the
// half hour that it begins in, as more is traded at the open and the close than at
// noon:
//
//   factor = (Σ recent volume / Σ recent weight) / (Σ usual volume / Σ usual weight)
//
// which with a flat curve is the volume of the window over the mean volume of those
// before it. Known once the whole history has passed since the first trade, and unless
// nothing was traded in it; 0 until then. Source of the idea, volume against that of
// the same time of other days: Kissell, The Science of Algorithmic Trading (2013),
// volume curves.
//
// Thread-safety: none. Nothing allocated. Sums are exact. A trade costs a few
// nanoseconds for each part that began since the one before, at most all that are held.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>

#include "base/types.hpp"

namespace pyscalp::signal {

class RelativeVolume {
 public:
  static constexpr int kParts = 10;        ///< of a window
  static constexpr int kMaxHistory = 200;  ///< windows
  static constexpr int kHalfHours = 48;    ///< of a day, from the feed's midnight
  static constexpr std::int64_t kEven = 1'000'000;  ///< the weight of a flat curve
  static constexpr std::int64_t kMaxWeight = 1'000 * kEven;
  /// What all windows hold together; what is traded beyond is not counted.
  static constexpr Qty kMaxVolume = Qty{1} << 56;

  /// Weights at 1e-6.
  using DayCurve = std::array<std::int64_t, kHalfHours>;
  static constexpr DayCurve flat() {
    DayCurve curve{};
    curve.fill(kEven);
    return curve;
  }

  static constexpr bool valid(MonoNanos window, int history, const DayCurve& curve) {
    return window >= milliseconds(1) && window <= seconds(3'600) && history >= 1 &&
           history <= kMaxHistory &&
           std::ranges::all_of(curve, [](std::int64_t weight) {
             return weight >= 1 && weight <= kMaxWeight;
           });
  }

  /// `valid(window, history, curve)` is the caller's duty.
  RelativeVolume(MonoNanos window, int history, const DayCurve& curve)
      : length_(window.value / kParts), held_((history + 1) * kParts), curve_(curve) {
    assert(valid(window, history, curve));
  }

  /// Counts a trade of `qty` > 0. `now` is at least 0 and must not decrease.
  void add(UnixNanos now, Qty qty) {
    const std::int64_t at = now.value / length_;
    if (seen_ == 0) {
      number_ = at - 1;
      open_next();
    } else if (at - number_ > held_) {
      clear_parts();
      number_ = at - held_;
      for (int i = 0; i < held_; ++i) open_next();
    } else {
      while (number_ < at) open_next();
    }
    const Qty counted = std::min(qty, kMaxVolume - recent_.volume - usual_.volume);
    part(number_).volume += counted;
    recent_.volume += counted;
  }

  void clear() {
    clear_parts();
    weight_until_ = 0;
  }

  /// Whether the factor is known and at least `factor`, compared as products.
  bool reaches(double factor) const { return known() && over() >= factor * under(); }
  /// As of the last trade, its own volume included; 0 while it is not known.
  double factor() const { return known() ? over() / under() : 0.0; }
  bool known() const { return seen_ == held_ && usual_.volume > 0; }
  Qty recent() const { return recent_.volume; }
  Qty usual() const { return usual_.volume; }

 private:
  struct Part {
    Qty volume = 0;
    std::int64_t weight = 0;

    Part& operator+=(const Part& other) {
      volume += other.volume;
      weight += other.weight;
      return *this;
    }
    Part& operator-=(const Part& other) {
      volume -= other.volume;
      weight -= other.weight;
      return *this;
    }
  };
  static constexpr int kHeld = 2'048;
  static_assert((kMaxHistory + 1) * kParts < kHeld);
  static constexpr std::int64_t kHalfHour = seconds(1'800).value;

  Part& part(std::int64_t number) {
    return parts_[static_cast<std::size_t>(number) % kHeld];
  }
  double over() const {
    return static_cast<double>(static_cast<Int128>(recent_.volume) * usual_.weight);
  }
  double under() const {
    return static_cast<double>(static_cast<Int128>(usual_.volume) * recent_.weight);
  }

  void open_next() {
    ++number_;
    if (seen_ == held_) usual_ -= part(number_ - held_);
    if (seen_ >= kParts) {
      const Part& passed = part(number_ - kParts);
      recent_ -= passed;
      usual_ += passed;
    }
    part(number_) = {0, weight(number_ * length_)};
    recent_ += part(number_);
    seen_ = std::min(seen_ + 1, held_);
  }
  /// Of a part that begins at `start`, which does not decrease.
  std::int64_t weight(std::int64_t start) {
    if (start >= weight_until_) {
      const std::int64_t half_hour = start / kHalfHour;
      weight_ = curve_[static_cast<std::size_t>(half_hour % kHalfHours)];
      weight_until_ = (half_hour + 1) * kHalfHour;
    }
    return weight_;
  }
  void clear_parts() {
    seen_ = 0;
    recent_ = usual_ = {};
  }

  std::int64_t length_;      ///< of a part, ns
  int held_;                 ///< parts, recent and usual
  int seen_ = 0;             ///< parts since the first trade, up to held_
  std::int64_t number_ = 0;  ///< of the open part
  std::int64_t weight_ = 0;
  std::int64_t weight_until_ = 0;
  Part recent_;
  Part usual_;
  DayCurve curve_;
  std::array<Part, kHeld> parts_{};
};

}  // namespace pyscalp::signal
