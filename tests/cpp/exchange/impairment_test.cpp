#include "exchange/impairment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace pyscalp::exchange {
namespace {

std::array<std::byte, 8> datagram(std::uint64_t number) {
  std::array<std::byte, 8> bytes;
  store_be(bytes.data(), number);
  return bytes;
}

/// Sends numbers from 0 and returns what comes out, the flush at the end included.
std::vector<std::uint64_t> run(Impairment& line, std::uint64_t count) {
  std::vector<std::uint64_t> out;
  const auto take = [&](Bytes bytes) {
    ASSERT_EQ(bytes.size(), 8u);
    out.push_back(load_be<std::uint64_t>(bytes.data()));
  };
  for (std::uint64_t n = 0; n < count; ++n) line.pass(datagram(n), take);
  line.flush(take);
  EXPECT_FALSE(line.holds());
  return out;
}

std::vector<std::uint64_t> run(const LineFaults& faults, std::uint64_t seed,
                               std::uint64_t count = 10'000) {
  Impairment line(faults, seed);
  return run(line, count);
}

TEST(Impairment, ACleanLineChangesNothing) {
  const auto out = run({}, 1, 100);
  ASSERT_EQ(out.size(), 100u);
  EXPECT_TRUE(std::is_sorted(out.begin(), out.end()));
}

TEST(Impairment, TheSeedDecides) {
  LineFaults faults;
  faults.loss = 0.1, faults.duplicate = 0.1, faults.reorder = 0.1;
  EXPECT_EQ(run(faults, 7), run(faults, 7));
  EXPECT_NE(run(faults, 7), run(faults, 8));
}

TEST(Impairment, LosesAboutAsManyAsTold) {
  LineFaults faults;
  faults.loss = 0.05;
  Impairment line(faults, 3);
  const auto out = run(line, 20'000);
  // Mean 1,000, standard deviation 31.
  EXPECT_GT(line.statistics().lost, 850u);
  EXPECT_LT(line.statistics().lost, 1'150u);
  EXPECT_EQ(out.size(), 20'000 - line.statistics().lost);
  EXPECT_TRUE(std::is_sorted(out.begin(), out.end()));
}

TEST(Impairment, AChanceOfOneLosesEverything) {
  LineFaults faults;
  faults.loss = 1, faults.duplicate = 1, faults.reorder = 1;
  EXPECT_TRUE(run(faults, 3).empty());
}

TEST(Impairment, DuplicatesComeTwice) {
  LineFaults faults;
  faults.duplicate = 1;
  Impairment line(faults, 3);
  EXPECT_EQ(run(line, 3), (std::vector<std::uint64_t>{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(line.statistics().duplicated, 3u);
  EXPECT_EQ(line.statistics().passed, 6u);
  EXPECT_EQ(line.statistics().offered, 3u);
}

TEST(Impairment, ReorderingStaysWithinTheWindowAndLosesNothing) {
  for (const std::uint32_t window : {1u, 8u, 64u}) {
    LineFaults faults;
    faults.reorder = 0.2, faults.window = window;
    Impairment line(faults, 5);
    auto out = run(line, 10'000);
    EXPECT_GT(line.statistics().reordered, 100u);
    EXPECT_FALSE(std::is_sorted(out.begin(), out.end()));
    std::uint64_t seen_max = 0;
    for (const std::uint64_t number : out) {
      seen_max = std::max(seen_max, number);
      EXPECT_LE(seen_max - number, window);
    }
    std::sort(out.begin(), out.end());
    ASSERT_EQ(out.size(), 10'000u);
    for (std::uint64_t n = 0; n < out.size(); ++n) ASSERT_EQ(out[n], n);
  }
}

TEST(Impairment, EverythingReorderedStillPassesEverything) {
  LineFaults faults;
  faults.reorder = 1, faults.window = 2;
  EXPECT_EQ(run(faults, 5, 1'000).size(), 1'000u);
}

TEST(Impairment, WhatIsHeldGoesOutOnFlush) {
  LineFaults faults;
  faults.reorder = 1, faults.duplicate = 1;
  Impairment line(faults, 5);
  int calls = 0;
  line.pass(datagram(1), [&](Bytes) { ++calls; });
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(line.holds());
  line.flush([&](Bytes) { ++calls; });
  EXPECT_EQ(calls, 2);
}

TEST(Impairment, RefusesChancesAndWindowsThatAreNone) {
  LineFaults faults;
  faults.loss = -0.01;
  EXPECT_THROW(Impairment(faults, 1), std::invalid_argument);
  faults.loss = 1.01;
  EXPECT_THROW(Impairment(faults, 1), std::invalid_argument);
  faults.loss = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(Impairment(faults, 1), std::invalid_argument);
  faults.loss = 0, faults.window = 0;
  EXPECT_THROW(Impairment(faults, 1), std::invalid_argument);
  faults.window = 65;
  EXPECT_THROW(Impairment(faults, 1), std::invalid_argument);
}

}  // namespace
}  // namespace pyscalp::exchange
