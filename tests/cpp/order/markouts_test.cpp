#include "order/markouts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace pyscalp::order {
namespace {

constexpr InstrumentId kAmzn{1};

std::vector<Markout> settle(Markouts& markouts, MonoNanos now, Price mid) {
  std::vector<Markout> found;
  markouts.settle_before(
      now, [&](InstrumentId) { return mid; },
      [&](const Markout& markout) { found.push_back(markout); });
  return found;
}

TEST(Markouts, GivesTheMidAfterOneFiveAndThirtySeconds) {
  Markouts markouts;
  EXPECT_EQ(markouts.next_due(), kNever);
  markouts.on_fill(7, kAmzn, seconds(10));
  EXPECT_EQ(markouts.next_due(), seconds(11));
  // An input at that very moment still counts, so the books before it do not.
  EXPECT_TRUE(settle(markouts, seconds(11), Price{1}).empty());
  auto found = settle(markouts, seconds(11) + MonoNanos{1}, Price{2});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].fill, 7u);
  EXPECT_EQ(found[0].instrument, kAmzn);
  EXPECT_EQ(found[0].horizon, 0);
  EXPECT_EQ(found[0].mid, Price{2});
  EXPECT_EQ(markouts.next_due(), seconds(15));
  // Nothing came for a minute: both see what the books were all the while.
  found = settle(markouts, seconds(70), kNoPrice);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].horizon, 1);
  EXPECT_EQ(found[1].horizon, 2);
  EXPECT_EQ(found[1].mid, kNoPrice);
  EXPECT_EQ(markouts.next_due(), kNever);
  EXPECT_TRUE(settle(markouts, seconds(700), Price{3}).empty());
}

TEST(Markouts, OneFillTooManyIsCountedAndTheOthersGoOn) {
  Markouts markouts;
  for (std::uint32_t i = 0; i < Markouts::kCapacity + 3; ++i) {
    markouts.on_fill(i + 1, kAmzn, MonoNanos{i});
  }
  EXPECT_EQ(markouts.not_followed(), 3u);
  EXPECT_EQ(settle(markouts, seconds(3'600), Price{5}).size(),
            Markouts::kCapacity * kMarkoutHorizons);
  markouts.on_fill(9'999, kAmzn, seconds(3'600));
  EXPECT_EQ(markouts.not_followed(), 3u);
  EXPECT_EQ(settle(markouts, seconds(3'700), Price{5}).size(), kMarkoutHorizons);
}

/// Fills and changes of two mids at random times, several at the same time; against a
/// search through the whole history of mids.
TEST(Markouts, AreTheLastMidAtOrBeforeTheHorizon) {
  struct Change {
    MonoNanos time;
    Price mid;
  };
  struct Filled {
    MonoNanos time;
    InstrumentId instrument;
  };
  std::mt19937_64 random(3);
  const auto pick = [&](std::int64_t to) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(to));
  };
  Markouts markouts;
  std::map<InstrumentId, std::vector<Change>> history;
  std::map<InstrumentId, Price> mids{{InstrumentId{1}, kNoPrice},
                                     {InstrumentId{2}, kNoPrice}};
  std::vector<Filled> fills;
  std::map<std::pair<std::uint32_t, int>, Price> found;
  MonoNanos now{};
  for (int i = 0; i < 30'000; ++i) {
    const std::int64_t roll = pick(10);
    if (roll == 0) now += milliseconds(1 + pick(3'000));
    if (roll < 6) now += MonoNanos{pick(3) * 250'000'000};
    const InstrumentId instrument{static_cast<std::uint16_t>(1 + pick(2))};
    markouts.settle_before(
        now, [&](InstrumentId id) { return mids[id]; },
        [&](const Markout& m) {
          EXPECT_TRUE(found.emplace(std::pair{m.fill, int{m.horizon}}, m.mid).second);
        });
    if (pick(3) == 0) {
      fills.push_back({now, instrument});
      markouts.on_fill(static_cast<std::uint32_t>(fills.size()), instrument, now);
    } else {
      mids[instrument] = pick(20) == 0 ? kNoPrice : Price{1 + pick(1'000'000)};
      history[instrument].push_back({now, mids[instrument]});
    }
  }
  std::size_t expected = 0;
  for (std::size_t i = 0; i < fills.size(); ++i) {
    for (std::size_t h = 0; h < kMarkoutHorizons; ++h) {
      const MonoNanos at = fills[i].time + kMarkoutAfter[h];
      const auto key =
          std::pair{static_cast<std::uint32_t>(i + 1), static_cast<int>(h)};
      if (at >= now) {  // not seen yet
        EXPECT_FALSE(found.contains(key));
        continue;
      }
      Price last = kNoPrice;
      for (const Change& change : history[fills[i].instrument]) {
        if (change.time > at) break;
        last = change.mid;
      }
      ASSERT_TRUE(found.contains(key)) << i << ' ' << h;
      ASSERT_EQ(found[key], last) << i << ' ' << h;
      ++expected;
    }
  }
  EXPECT_EQ(found.size(), expected);
  EXPECT_GT(expected, 20'000u);
  EXPECT_EQ(markouts.not_followed(), 0u);
}

}  // namespace
}  // namespace pyscalp::order
