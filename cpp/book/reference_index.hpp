// Which order slot an order reference names.
//
// A hash table of cache lines: each bucket has twelve places, each place a tag of eight
// bits of its reference and the number of its order, and the twelve tags are compared
// at once. Venues number orders upwards, so four references in a row share a bucket and
// what is new stands in lines that are next to each other and warm, while what is old
// is spread evenly. Whether an order is the one that is looked for the order itself
// says, which is read anyhow. A reference that finds its bucket full goes on to the
// next one, and each bucket counts those that went past it.
//
// It uses as much of its memory as the orders alive ask for, and is built anew when
// they have become twice as many.
//
// Single-threaded; all memory is taken at construction.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/zeroed_array.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace pyscalp::book {

class ReferenceIndex {
 public:
  /// A slot of 0 means that the reference is unknown.
  using Slot = std::uint32_t;

  ReferenceIndex(std::uint32_t orders, PageUse use);

  /// What was found, and where; good until the index next changes.
  struct Found {
    Slot slot = 0;
    std::uint8_t* tag = nullptr;
  };

  /// The order of that reference, for which alone `is(slot)` must be true.
  template <class Is>
  [[gnu::always_inline]] Found find(std::uint64_t reference, Is&& is) {
    std::uint64_t at = number(reference);
    for (std::uint64_t bound = mask_; true; --bound) {
      Bucket& bucket = buckets_[at];
      for (std::uint32_t same = bucket.with_tag(tag(reference)); same != 0;
           same &= same - 1) {
        const int place = std::countr_zero(same);
        const Slot slot = bucket.slots[place];
        if (is(slot)) [[likely]]
          return {slot, &bucket.tags[place]};
      }
      if (bucket.passed == 0 || bound == 0) [[likely]]
        return {};
      at = (at + 1) & mask_;
    }
  }

  /// The reference must be unknown, the slot not 0, and no more references in here than
  /// were asked for at construction.
  void insert(std::uint64_t reference, Slot slot) {
    std::uint64_t at = number(reference);
    std::uint32_t empty = buckets_[at].with_tag(0);
    while (empty == 0) [[unlikely]] {
        ++buckets_[at].passed;
        at = (at + 1) & mask_;
        empty = buckets_[at].with_tag(0);
      }
    Bucket& bucket = buckets_[at];
    const int place = std::countr_zero(empty);
    bucket.tags[place] = tag(reference);
    bucket.slots[place] = slot;
  }

  void erase(std::uint64_t reference, const Found& found) {
    *found.tag = 0;
    const auto offset = reinterpret_cast<const char*>(found.tag) -
                        reinterpret_cast<const char*>(buckets_.data());
    const std::uint64_t stood_at = static_cast<std::uint64_t>(offset) / sizeof(Bucket);
    for (std::uint64_t at = number(reference); at != stood_at; at = (at + 1) & mask_)
      [[unlikely]] { --buckets_[at].passed; }
  }

  /// With more references than this it wants to grow; then insert all of them anew.
  std::uint32_t comfortable() const { return comfortable_; }
  void grow();

  /// Brings what `likely` and `find` will read of that reference.
  [[gnu::always_inline]] void prefetch(std::uint64_t reference) const {
    __builtin_prefetch(&buckets_[number(reference)], 1);
  }
  /// The order that the tag speaks for; 0 where there is none. Mostly, but not always,
  /// the order of that reference.
  [[gnu::always_inline]] Slot likely(std::uint64_t reference) const {
    const Bucket& bucket = buckets_[number(reference)];
    const std::uint32_t same = bucket.with_tag(tag(reference));
    // Without a branch: whether there is one depends on the kind of message.
    const Slot slot = bucket.slots[std::countr_zero(same | 1u << (kPlaces - 1))];
    return slot & (0u - static_cast<Slot>(same != 0));
  }

  void clear();
  /// Start-up: takes all memory now, so that it never grows.
  void prefault();

 private:
  static constexpr int kPlaces = 12;
  static constexpr int kReferencesShift = 2;  ///< references in a row to a bucket

  struct alignas(64) Bucket {
    std::uint8_t tags[kPlaces];  ///< 0: the place is empty
    std::uint32_t passed;        ///< references that went on to later buckets
    Slot slots[kPlaces];

    /// A bit for each place with that tag.
    std::uint32_t with_tag(std::uint8_t wanted) const {
#if defined(__SSE2__)
      const __m128i all = _mm_load_si128(reinterpret_cast<const __m128i*>(tags));
      const __m128i same =
          _mm_cmpeq_epi8(all, _mm_set1_epi8(static_cast<char>(wanted)));
      return static_cast<std::uint32_t>(_mm_movemask_epi8(same)) &
             ((1u << kPlaces) - 1);
#else
      std::uint32_t same = 0;
      for (int i = 0; i < kPlaces; ++i) same |= std::uint32_t{tags[i] == wanted} << i;
      return same;
#endif
    }
  };
  static_assert(sizeof(Bucket) == 64);

  std::uint64_t number(std::uint64_t reference) const {
    return reference >> kReferencesShift & mask_;
  }
  /// Which of the references in a row, and how often the numbers came round; never 0.
  std::uint8_t tag(std::uint64_t reference) const {
    return static_cast<std::uint8_t>(0x80 | (reference & 3) << 5 |
                                     (reference >> lap_shift_ & 31));
  }
  void use(std::size_t buckets);

  ZeroedArray<Bucket> buckets_;
  std::uint64_t mask_ = 0;
  int lap_shift_ = 0;
  std::uint32_t comfortable_ = 0;
  std::size_t least_;  ///< buckets in use at the beginning
};

}  // namespace pyscalp::book
