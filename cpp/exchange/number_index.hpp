// From a number the world gives (an order reference, a client's own) to a slot of ours.
#pragma once

#include <cstdint>
#include <vector>

namespace pyscalp::exchange {

/// No slot; the end of a chain.
inline constexpr std::uint32_t kNil = 0xFFFF'FFFF;

/// Open-addressing map from 64-bit numbers to 32-bit indices, linear probing, at most
/// half full. Grows with what lives, so that a quiet market stays in the cache; erasing
/// closes the gap, so that nothing is left behind to slow later searches.
class NumberIndex {
 public:
  NumberIndex() : slots_(1U << kFirstBits), shift_(64 - kFirstBits) {}

  std::size_t size() const { return size_; }

  /// The index under `number`, or kNil.
  std::uint32_t find(std::uint64_t number) const {
    for (std::size_t at = home(number);; at = next(at)) {
      if (slots_[at].index == kNil || slots_[at].number == number)
        return slots_[at].index;
    }
  }

  /// Puts `index` (not kNil) under `number`, which must not be there.
  void insert(std::uint64_t number, std::uint32_t index) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    place(number, index);
    ++size_;
  }

  /// Removes `number`, which must be there.
  void erase(std::uint64_t number) {
    std::size_t hole = home(number);
    while (slots_[hole].number != number || slots_[hole].index == kNil) {
      hole = next(hole);
    }
    for (std::size_t at = next(hole); slots_[at].index != kNil; at = next(at)) {
      // An entry may move back to the hole unless its home lies between the two.
      const std::size_t from_home = (at - home(slots_[at].number)) & mask();
      const std::size_t from_hole = (at - hole) & mask();
      if (from_home >= from_hole) {
        slots_[hole] = slots_[at];
        hole = at;
      }
    }
    slots_[hole].index = kNil;
    --size_;
  }

 private:
  struct Slot {
    std::uint64_t number = 0;
    std::uint32_t index = kNil;
  };
  static constexpr int kFirstBits = 10;

  /// Fibonacci hashing: the top bits of a product with 2^64 / golden ratio.
  std::size_t home(std::uint64_t number) const {
    return static_cast<std::size_t>((number * 0x9E37'79B9'7F4A'7C15ULL) >> shift_);
  }
  std::size_t mask() const { return slots_.size() - 1; }
  std::size_t next(std::size_t at) const { return (at + 1) & mask(); }

  void place(std::uint64_t number, std::uint32_t index) {
    std::size_t at = home(number);
    while (slots_[at].index != kNil) at = next(at);
    slots_[at] = {number, index};
  }

  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    --shift_;
    for (const Slot& slot : old) {
      if (slot.index != kNil) place(slot.number, slot.index);
    }
  }

  std::vector<Slot> slots_;
  int shift_;
  std::size_t size_ = 0;
};

}  // namespace pyscalp::exchange
