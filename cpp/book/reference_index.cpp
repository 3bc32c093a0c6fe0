#include "book/reference_index.hpp"

#include <bit>

namespace pyscalp::book {
namespace {

/// Leaves enough for a dense feed with a tail of long-lived orders; what is scattered
/// more widely than this is hashed.
std::size_t leaves_for(std::uint32_t orders) { return orders / 64 + 4096; }

}  // namespace

ReferenceIndex::ReferenceIndex(std::uint32_t orders, PageUse use)
    : leaf_of_(kLeaves + 1),
      leaves_(leaves_for(orders) + 1, use),
      leaf_pages_(leaves_for(orders) + 1),
      pages_(std::size_t{orders} + 1, use),  // each page in use holds an order
      scattered_(std::bit_ceil(std::size_t{orders} * 2 + 1)),
      scattered_mask_(scattered_.size() - 1) {}

void ReferenceIndex::prefault() {
  leaf_of_.prefault();
  leaves_.prefault();
  leaf_pages_.prefault();
  pages_.prefault();
  scattered_.prefault();
}

void ReferenceIndex::clear() {
  leaf_of_.clear();
  leaves_.clear();
  leaf_pages_.clear();
  pages_.clear();
  scattered_.clear();
  scattered_count_ = 0;
  leaves_used_ = free_leaf_ = pages_used_ = free_page_ = 0;
}

ReferenceIndex::Slot* ReferenceIndex::place(std::uint64_t reference) {
  if (reference >> kLeafShift >= kLeaves) return place_scattered(reference);
  std::uint32_t& leaf = leaf_of_[reference >> kLeafShift];
  if (leaf == 0 && !take_leaf(leaf)) return place_scattered(reference);
  std::uint32_t& page = leaves_[leaf].pages[(reference >> kPageShift) & 255];
  if (free_page_ != 0) {
    page = free_page_;
    free_page_ = pages_[page].slots[0];
    pages_[page].slots[0] = 0;
  } else {
    page = ++pages_used_;
  }
  ++leaf_pages_[leaf];
  return &pages_[page].slots[reference & 15];
}

void ReferenceIndex::give_page(std::uint64_t reference) {
  std::uint32_t& leaf = leaf_of_[reference >> kLeafShift];
  std::uint32_t& page = leaves_[leaf].pages[(reference >> kPageShift) & 255];
  pages_[page].slots[0] = free_page_;
  free_page_ = page;
  page = 0;
  if (--leaf_pages_[leaf] != 0) return;
  leaves_[leaf].pages[0] = free_leaf_;
  free_leaf_ = leaf;
  leaf = 0;
}

bool ReferenceIndex::take_leaf(std::uint32_t& leaf) {
  if (free_leaf_ != 0) {
    leaf = free_leaf_;
    free_leaf_ = leaves_[leaf].pages[0];
    leaves_[leaf].pages[0] = 0;
    return true;
  }
  if (leaves_used_ + 1 >= leaves_.size()) return false;
  leaf = ++leaves_used_;
  return true;
}

std::uint64_t ReferenceIndex::home(std::uint64_t reference) const {
  return ((reference * 0x9E3779B97F4A7C15u) >> 20) & scattered_mask_;
}

std::uint64_t ReferenceIndex::place_of(std::uint64_t reference) const {
  std::uint64_t place = home(reference);
  while (scattered_[place].slot != 0 && scattered_[place].reference != reference) {
    place = (place + 1) & scattered_mask_;
  }
  return place;
}

ReferenceIndex::Slot ReferenceIndex::find_scattered(std::uint64_t reference) const {
  return scattered_[place_of(reference)].slot;
}

ReferenceIndex::Slot* ReferenceIndex::place_scattered(std::uint64_t reference) {
  Scattered& place = scattered_[place_of(reference)];
  place.reference = reference;
  ++scattered_count_;
  return &place.slot;
}

void ReferenceIndex::erase_scattered(std::uint64_t reference) {
  std::uint64_t hole = place_of(reference);
  if (scattered_[hole].slot == 0) return;
  // Close the hole by moving back what would no longer be found past it.
  for (std::uint64_t next = (hole + 1) & scattered_mask_; scattered_[next].slot != 0;
       next = (next + 1) & scattered_mask_) {
    const std::uint64_t from_home =
        (next - home(scattered_[next].reference)) & scattered_mask_;
    if (from_home >= ((next - hole) & scattered_mask_)) {
      scattered_[hole] = scattered_[next];
      hole = next;
    }
  }
  scattered_[hole].slot = 0;
  --scattered_count_;
}

}  // namespace pyscalp::book
