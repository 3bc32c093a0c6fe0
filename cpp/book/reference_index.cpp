#include "book/reference_index.hpp"

#include <algorithm>

namespace pyscalp::book {
namespace {

constexpr std::size_t kFirstBuckets = 1 << 12;

/// With every order alive two thirds of the places are taken.
std::size_t buckets_for(std::uint32_t orders) {
  return std::bit_ceil(std::max<std::size_t>(orders / 8, 64));
}

}  // namespace

ReferenceIndex::ReferenceIndex(std::uint32_t orders, PageUse use)
    : buckets_(buckets_for(orders), use),
      least_(std::min(kFirstBuckets, buckets_.size())) {
  this->use(least_);
}

void ReferenceIndex::use(std::size_t buckets) {
  mask_ = buckets - 1;
  lap_shift_ = kReferencesShift + std::countr_zero(buckets);
  comfortable_ =
      buckets == buckets_.size() ? UINT32_MAX : static_cast<std::uint32_t>(buckets * 5);
}

void ReferenceIndex::grow() {
  std::memset(static_cast<void*>(buckets_.data()), 0, (mask_ + 1) * sizeof(Bucket));
  use(2 * (mask_ + 1));
}

void ReferenceIndex::prefault() {
  buckets_.prefault();
  least_ = buckets_.size();
  use(least_);
}

void ReferenceIndex::clear() {
  buckets_.clear();
  use(least_);
}

}  // namespace pyscalp::book
