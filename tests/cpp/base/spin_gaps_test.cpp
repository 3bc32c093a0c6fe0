#include "base/spin_gaps.hpp"

#include <gtest/gtest.h>

namespace pyscalp {
namespace {

constexpr MonoNanos at(std::int64_t us) { return {1'000'000'000 + us * 1'000}; }

TEST(SpinGaps, CountsWhatIsLongerThanTheThreshold) {
  SpinGaps gaps(MonoNanos{5'000});
  gaps.start(at(0));
  gaps.idle(at(1));
  gaps.idle(at(6));   // 5 us: not longer
  gaps.idle(at(12));  // 6 us
  gaps.idle(at(13));
  gaps.idle(at(113));  // 100 us
  gaps.stop(at(200));
  EXPECT_EQ(gaps.count(), 2);
  EXPECT_EQ(gaps.worst().value, 100'000);
  EXPECT_EQ(gaps.lost().value, 106'000);
  EXPECT_EQ(gaps.watched(at(1'000)).value, 200'000);
}

TEST(SpinGaps, AGapBeforeSomethingIsFoundCountsAndTheWorkDoesNot) {
  SpinGaps gaps(MonoNanos{5'000});
  gaps.start(at(0));
  gaps.idle(at(1));
  gaps.busy(at(51));  // what was found may have come in while the core was away
  gaps.busy(at(90));  // a second packet, behind the work on the first
  gaps.idle(at(150));
  gaps.idle(at(151));
  EXPECT_EQ(gaps.count(), 1);
  EXPECT_EQ(gaps.worst().value, 50'000);
}

TEST(SpinGaps, WorkThatNoReadingPrecedesIsNoGap) {
  SpinGaps gaps(MonoNanos{5'000});
  gaps.start(at(0));
  gaps.idle(at(1));
  gaps.worked();
  gaps.idle(at(100));
  EXPECT_EQ(gaps.count(), 0);
  gaps.idle(at(110));
  EXPECT_EQ(gaps.count(), 1);
}

TEST(SpinGaps, BeforeItsStartNothingCounts) {
  SpinGaps gaps(MonoNanos{5'000});
  gaps.idle(at(0));
  gaps.idle(at(500));
  EXPECT_EQ(gaps.count(), 0);
  EXPECT_EQ(gaps.lost().value, 0);
  EXPECT_EQ(gaps.worst().value, 0);
  EXPECT_EQ(gaps.watched(at(500)).value, 0);
  gaps.start(at(600));
  EXPECT_EQ(gaps.watched(at(700)).value, 100'000);
  EXPECT_EQ(gaps.watched(at(0)).value, 0) << "a reading from before the start";
}

}  // namespace
}  // namespace pyscalp
