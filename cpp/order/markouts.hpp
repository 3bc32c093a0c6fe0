// Where the mid goes after a fill: adverse selection, looked at 1, 5 and 30 s later.
//
// One thread, no allocation after construction, nothing that wakes anybody up: before
// an input changes the books, whoever owns them asks what has fallen due before it. So
// the mid that is given is the last one at or before the fill plus the horizon,
// whenever the next input comes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "base/types.hpp"

namespace pyscalp::order {

inline constexpr std::size_t kMarkoutHorizons = 3;
inline constexpr std::array<MonoNanos, kMarkoutHorizons> kMarkoutAfter{
    seconds(1), seconds(5), seconds(30)};

/// Leaves the engine once for each fill and horizon that it lives to see.
struct Markout {
  Price mid;           ///< kNoPrice: the book had none then
  std::uint32_t fill;  ///< Fill::number
  InstrumentId instrument;
  std::uint8_t horizon;  ///< index in kMarkoutAfter
  std::uint8_t reserved;
};
static_assert(sizeof(Markout) == 16 && std::is_trivially_copyable_v<Markout>);

class Markouts {
 public:
  /// How many fills of the last 30 s can be followed; a power of two.
  static constexpr std::uint32_t kCapacity = 1 << 12;

  Markouts() : fills_(kCapacity) {}

  /// Follows a fill; `time` never goes back. One too many is not followed, and counted.
  void on_fill(std::uint32_t number, InstrumentId instrument, MonoNanos time) {
    if (tail_ - heads_[kMarkoutHorizons - 1] == kCapacity) {
      ++not_followed_;
      return;
    }
    fills_[tail_ % kCapacity] = {time, number, instrument};
    ++tail_;
    find_next_due();
  }

  /// The earliest moment that is waited for; kNever where there is none.
  MonoNanos next_due() const { return next_due_; }

  /// Calls found(Markout) for everything due before `now`, with the mid that
  /// mid_of(instrument) gives: the books must be as the last input left them. At most
  /// kCapacity times the horizons.
  template <class MidOf, class Found>
  void settle_before(MonoNanos now, MidOf&& mid_of, Found&& found) {
    if (now <= next_due_) return;
    for (std::size_t horizon = 0; horizon < kMarkoutHorizons; ++horizon) {
      std::uint64_t& head = heads_[horizon];
      while (head != tail_ && due(horizon) < now) {
        const Followed& fill = fills_[head % kCapacity];
        found(Markout{mid_of(fill.instrument), fill.number, fill.instrument,
                      static_cast<std::uint8_t>(horizon), 0});
        ++head;
      }
    }
    find_next_due();
  }

  /// Fills for which there was no room.
  std::uint64_t not_followed() const { return not_followed_; }

 private:
  struct Followed {
    MonoNanos time;
    std::uint32_t number;
    InstrumentId instrument;
  };

  MonoNanos due(std::size_t horizon) const {
    return fills_[heads_[horizon] % kCapacity].time + kMarkoutAfter[horizon];
  }
  void find_next_due() {
    next_due_ = kNever;
    for (std::size_t horizon = 0; horizon < kMarkoutHorizons; ++horizon) {
      if (heads_[horizon] != tail_ && due(horizon) < next_due_) {
        next_due_ = due(horizon);
      }
    }
  }

  std::vector<Followed> fills_;  ///< a ring
  std::uint64_t tail_ = 0;
  /// For each horizon the fill that is looked at next; the longest is last of all.
  std::array<std::uint64_t, kMarkoutHorizons> heads_{};
  MonoNanos next_due_ = kNever;
  std::uint64_t not_followed_ = 0;
};

}  // namespace pyscalp::order
