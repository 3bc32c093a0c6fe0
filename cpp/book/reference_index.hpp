// Which order slot an order reference names.
//
// Venues number orders upwards and most orders live for a moment, so what lives is
// dense near the newest number and sparse behind it. References are cut into pages of
// 16, which share a cache line, and pages are reached through leaves of 256: two short
// hops, no comparison, no hash. A page goes back to its pool with its last order, a
// leaf with its last page, so memory follows the orders alive and not the day's
// numbers. References past 2^34, or scattered so widely that the leaves run out, go
// into a hash table instead: slower, never wrong.
//
// Single-threaded; all memory is taken at construction.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#include "base/zeroed_array.hpp"

namespace pyscalp::book {

class ReferenceIndex {
 public:
  /// A slot of 0 means that the reference is unknown.
  using Slot = std::uint32_t;

  ReferenceIndex(std::uint32_t orders, PageUse use);

  /// Where a reference's slot stands. Good until the index next changes.
  using Entry = Slot*;

  Slot find(std::uint64_t reference) const {
    return find(reference, *entry(reference));
  }
  /// The same where the entry is at hand.
  Slot find(std::uint64_t reference, Slot entered) const {
    if (entered != 0 || scattered_count_ == 0) [[likely]]
      return entered;
    return find_scattered(reference);
  }

  /// The reference must be unknown, the slot not 0, and no more references in here than
  /// were asked for at construction.
  void insert(std::uint64_t reference, Entry at, Slot slot) {
    if (at - pages_[0].slots < 16) at = place(reference);
    *at = slot;
  }

  /// The reference must be known.
  void erase(std::uint64_t reference, Entry at) {
    if (*at == 0) [[unlikely]]
      return erase_scattered(reference);
    *at = 0;
    Page& page = pages_[static_cast<std::size_t>(at - pages_[0].slots) / 16];
    if (page.empty()) give_page(reference);
  }

  Entry entry(std::uint64_t reference) {
    return const_cast<Entry>(std::as_const(*this).entry(reference));
  }
  const Slot* entry(std::uint64_t reference) const {
    const std::uint64_t leaf_number = reference >> kLeafShift;
    const std::uint32_t leaf = leaf_of_[leaf_number < kLeaves ? leaf_number : kLeaves];
    const std::uint32_t page = leaves_[leaf].pages[(reference >> kPageShift) & 255];
    return &pages_[page].slots[reference & 15];
  }

  /// Brings what `entry` will read of that reference.
  [[gnu::always_inline]] void prefetch(std::uint64_t reference) const {
    const std::uint64_t leaf_number = reference >> kLeafShift;
    const std::uint32_t leaf = leaf_of_[leaf_number < kLeaves ? leaf_number : kLeaves];
    __builtin_prefetch(&leaves_[leaf].pages[(reference >> kPageShift) & 255]);
  }

  void clear();
  /// Start-up: takes all memory now.
  void prefault();

 private:
  static constexpr int kPageShift = 4;
  static constexpr int kLeafShift = 12;
  /// Leaves that references can name directly; one more stays empty for all the others.
  static constexpr std::uint64_t kLeaves = 1ull << 22;

  struct alignas(64) Page {
    /// slots[0] of a page in the pool names the next free one.
    Slot slots[16];

    bool empty() const {
      std::uint64_t pairs[8];
      std::memcpy(pairs, slots, sizeof pairs);
      return ((pairs[0] | pairs[1] | pairs[2] | pairs[3]) |
              (pairs[4] | pairs[5] | pairs[6] | pairs[7])) == 0;
    }
  };
  struct Leaf {
    std::uint32_t pages[256];  ///< of a leaf in the pool, pages[0] names the next one
  };
  struct Scattered {
    std::uint64_t reference;
    Slot slot;  ///< 0: the place is empty
  };

  Slot* place(std::uint64_t reference);
  void give_page(std::uint64_t reference);
  bool take_leaf(std::uint32_t& leaf);

  std::uint64_t home(std::uint64_t reference) const;
  std::uint64_t place_of(std::uint64_t reference) const;
  Slot find_scattered(std::uint64_t reference) const;
  Slot* place_scattered(std::uint64_t reference);
  void erase_scattered(std::uint64_t reference);

  // Number 0 of leaves and pages stays empty for ever: what is not there is found
  // there.
  ZeroedArray<std::uint32_t> leaf_of_;
  ZeroedArray<Leaf> leaves_;
  ZeroedArray<std::uint16_t> leaf_pages_;  ///< pages in use, by leaf
  ZeroedArray<Page> pages_;
  ZeroedArray<Scattered> scattered_;
  std::uint64_t scattered_mask_;
  std::uint32_t scattered_count_ = 0;
  std::uint32_t leaves_used_ = 0;
  std::uint32_t free_leaf_ = 0;
  std::uint32_t pages_used_ = 0;
  std::uint32_t free_page_ = 0;
};

}  // namespace pyscalp::book
