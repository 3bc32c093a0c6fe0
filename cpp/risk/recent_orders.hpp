// Control: the same order twice, and bursts of orders, within a short time. What a
// strategy in a loop sends.
#pragma once

#include <array>
#include <cstddef>

#include "order/wish.hpp"
#include "risk/denial.hpp"
#include "risk/elapsed.hpp"

namespace pyscalp::risk {

/// The orders of one instrument that passed the gate last. Denied wishes leave no
/// trace, so that one that is repeated passes as soon as the window is over.
class RecentOrders {
 public:
  /// More than this many within the window is a runaway, whatever they ask for.
  static constexpr std::size_t kCapacity = 32;

  /// An order at t is inside the window while now - t < window.
  Denial denial(const order::Wish& wish, MonoNanos now, MonoNanos window) const {
    const auto inside = [&](const Entry& entry) {
      return entry.qty != 0 && elapsed(entry.time, now) < window.value;
    };
    if (inside(entries_[next_])) return Denial::kRunaway;
    for (std::size_t i = 1; i <= kCapacity; ++i) {
      const Entry& entry = entries_[(next_ + kCapacity - i) % kCapacity];
      if (!inside(entry)) break;
      if (entry.side == wish.side && entry.qty == wish.qty &&
          entry.limit == wish.limit && entry.intent == wish.intent) {
        return Denial::kDuplicate;
      }
    }
    return Denial::kNone;
  }

  void remember(const order::Wish& wish, MonoNanos now) {
    entries_[next_] = {now, wish.limit, wish.qty, wish.side, wish.intent};
    next_ = (next_ + 1) % kCapacity;
  }

 private:
  struct Entry {
    MonoNanos time;
    Price limit;
    Qty qty = 0;  ///< 0: unused
    Side side = Side::kBuy;
    order::Intent intent = order::Intent::kEntry;
  };

  std::array<Entry, kCapacity> entries_;
  std::size_t next_ = 0;  ///< the oldest, to be overwritten
};

}  // namespace pyscalp::risk
