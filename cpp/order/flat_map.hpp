// Hash map of fixed capacity with 64-bit keys, open addressing, no allocation after
// construction.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pyscalp::order {

/// Keys are any struct or integer with ==; `Key{}` means an empty place and cannot be
/// stored. The table has at least twice as many places as `capacity`, so that probes
/// stay short. One thread. Lookup, insertion and removal are O(1) expected.
template <class Key, class Value, class Hash>
class FlatMap {
 public:
  explicit FlatMap(std::size_t capacity)
      : capacity_(capacity), places_(std::bit_ceil(capacity * 2 + 2)) {}

  std::size_t size() const { return size_; }
  bool full() const { return size_ == capacity_; }

  const Value* find(Key key) const {
    for (std::size_t at = home(key);; at = next(at)) {
      if (places_[at].key == key) return &places_[at].value;
      if (places_[at].key == Key{}) return nullptr;
    }
  }
  /// False: full, the key is there already, or it is the empty one.
  bool insert(Key key, Value value) {
    if (full() || key == Key{}) return false;
    std::size_t at = home(key);
    for (; !(places_[at].key == Key{}); at = next(at)) {
      if (places_[at].key == key) return false;
    }
    places_[at] = {key, value};
    ++size_;
    return true;
  }
  /// Closes the hole by moving later entries of the same run back; leaves no marks.
  bool erase(Key key) {
    if (key == Key{}) return false;
    std::size_t hole = home(key);
    for (; !(places_[hole].key == key); hole = next(hole)) {
      if (places_[hole].key == Key{}) return false;
    }
    for (std::size_t at = next(hole); !(places_[at].key == Key{}); at = next(at)) {
      const std::size_t from_home = (at - home(places_[at].key)) & mask();
      if (from_home < ((at - hole) & mask())) continue;
      places_[hole] = places_[at];
      hole = at;
    }
    places_[hole] = {};
    --size_;
    return true;
  }

 private:
  struct Place {
    Key key{};
    Value value{};
  };
  std::size_t mask() const { return places_.size() - 1; }
  std::size_t home(Key key) const { return Hash{}(key)&mask(); }
  std::size_t next(std::size_t at) const { return (at + 1) & mask(); }

  std::size_t capacity_;
  std::size_t size_ = 0;
  std::vector<Place> places_;
};

/// Spreads a 64-bit number over all its bits (the finaliser of SplitMix64).
constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

}  // namespace pyscalp::order
