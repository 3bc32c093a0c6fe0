#include "book/reference_index.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace pyscalp::book {
namespace {

/// An index beside a map; slots are numbered as they come and remember their reference,
/// as orders do.
class Pair {
 public:
  explicit Pair(std::uint32_t orders) : index_(orders, PageUse::kSmall) {}

  ReferenceIndex::Found find(std::uint64_t reference) {
    return index_.find(reference,
                       [&](std::uint32_t slot) { return of_[slot] == reference; });
  }
  void insert(std::uint64_t reference) {
    const auto slot = static_cast<std::uint32_t>(of_.size());
    of_.push_back(reference);
    known_[reference] = slot;
    index_.insert(reference, slot);
    if (known_.size() <= index_.comfortable()) return;
    index_.grow();
    ++grown_;
    for (const auto& [known, at] : known_) index_.insert(known, at);
  }
  void erase(std::uint64_t reference) {
    const ReferenceIndex::Found found = find(reference);
    ASSERT_EQ(found.slot, known_.at(reference));
    index_.erase(reference, found);
    known_.erase(reference);
  }
  void check() {
    for (const auto& [reference, slot] : known_) {
      ASSERT_EQ(find(reference).slot, slot) << reference;
    }
  }

  ReferenceIndex index_;
  std::map<std::uint64_t, std::uint32_t> known_;
  std::vector<std::uint64_t> of_ = {0};
  int grown_ = 0;
};

TEST(ReferenceIndex, EqualsAMapWhileItGrows) {
  Pair pair(1 << 18);
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> alive;
  std::uint64_t reference = 1ull << 33;
  for (int i = 0; i < 200'000; ++i) {
    pair.insert(reference);
    alive.push_back(reference);
    reference += 1 + random() % 7;
    if (random() % 2 == 0) {
      std::swap(alive[random() % alive.size()], alive.back());
      pair.erase(alive.back());
      ASSERT_EQ(pair.find(alive.back()).slot, 0u);
      alive.pop_back();
    }
  }
  EXPECT_GE(pair.grown_, 1);
  pair.check();
  EXPECT_EQ(pair.find(reference).slot, 0u);
}

TEST(ReferenceIndex, ReferencesOfOneBucketGoOnToTheNext) {
  constexpr std::uint64_t kLap = 4ull << 12;  // the same bucket while it is small
  Pair pair(1 << 16);
  for (std::uint64_t i = 0; i < 100; ++i) pair.insert(5 + i * kLap);
  pair.insert(9);  // the next bucket, full of theirs
  pair.check();
  EXPECT_EQ(pair.find(5 + 100 * kLap).slot, 0u);
  EXPECT_EQ(pair.find(13).slot, 0u);
  // From the front, so that those further on have to be found past empty places.
  for (std::uint64_t i = 0; i < 99; ++i) {
    pair.erase(5 + i * kLap);
    pair.check();
    if (HasFatalFailure()) return;
  }
  pair.insert(5);
  pair.check();
}

TEST(ReferenceIndex, HoldsAsManyAsWereAskedForWhateverTheyAre) {
  constexpr std::uint32_t kOrders = 4'000;
  Pair pair(kOrders);
  std::mt19937_64 random(5);
  while (pair.known_.size() < kOrders) {
    const std::uint64_t reference = random() << (random() % 40);
    if (pair.known_.count(reference) == 0) pair.insert(reference);
  }
  pair.check();
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(pair.find(random() | 1).slot, 0u);
}

TEST(ReferenceIndex, WhatIsLikelyIsTheOrderWhereOneTagSpeaksForIt) {
  Pair pair(1 << 16);
  for (std::uint64_t reference = 100; reference < 164; ++reference) {
    pair.insert(reference);
  }
  for (const auto& [reference, slot] : pair.known_) {
    EXPECT_EQ(pair.index_.likely(reference), slot);
  }
  EXPECT_EQ(pair.index_.likely(99), 0u);
}

TEST(ReferenceIndex, IsEmptyAndSmallAfterClear) {
  Pair pair(1 << 18);
  for (std::uint64_t i = 1; i <= 60'000; ++i) pair.insert(i);
  EXPECT_GE(pair.grown_, 1);
  const std::uint32_t grown = pair.index_.comfortable();
  pair.index_.clear();
  EXPECT_LT(pair.index_.comfortable(), grown);
  for (std::uint64_t i = 1; i <= 60'000; ++i) ASSERT_EQ(pair.find(i).slot, 0u);
}

TEST(ReferenceIndex, NeverGrowsOncePrefaulted) {
  Pair pair(1 << 18);
  pair.index_.prefault();
  for (std::uint64_t i = 1; i <= 200'000; ++i) pair.insert(i);
  EXPECT_EQ(pair.grown_, 0);
  pair.check();
}

}  // namespace
}  // namespace pyscalp::book
