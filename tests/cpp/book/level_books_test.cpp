#include "book/level_books.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/allocations.hpp"
#include "base/random.hpp"

namespace pyscalp::book {
namespace {

constexpr InstrumentId kId{7};

Price px(std::int64_t cents) { return {cents * 10'000'000}; }

TEST(LevelBooks, TellsTheTouchOfWhatItIsTold) {
  LevelBooks books({64});
  EXPECT_EQ(books.touch(kId), Touch{});
  EXPECT_EQ(books.set(kId, Side::kBuy, px(100), 5), BookStatus::kOk);
  EXPECT_EQ(books.set(kId, Side::kBuy, px(101), 7), BookStatus::kOk);
  EXPECT_EQ(books.set(kId, Side::kSell, px(103), 9), BookStatus::kOk);
  EXPECT_EQ(books.touch(kId), (Touch{px(101), px(103), 7, 9}));
  Qty before = -1;
  EXPECT_EQ(books.set(kId, Side::kBuy, px(101), 2, &before), BookStatus::kOk);
  EXPECT_EQ(before, 7);
  EXPECT_EQ(books.touch(kId).bid_qty, 2);
  EXPECT_EQ(books.set(kId, Side::kBuy, px(101), 0), BookStatus::kOk);
  EXPECT_EQ(books.touch(kId).bid, px(100));
  EXPECT_EQ(books.qty_at(kId, Side::kBuy, px(100)), 5);
  EXPECT_EQ(books.qty_at(kId, Side::kBuy, px(101)), 0);
  EXPECT_EQ(books.touch(InstrumentId{8}), Touch{});
}

TEST(LevelBooks, TakingOutWhatIsNotThereIsNoFault) {
  LevelBooks books({64});
  Qty before = -1;
  EXPECT_EQ(books.set(kId, Side::kSell, px(100), 0, &before), BookStatus::kOk);
  EXPECT_EQ(before, 0);
  EXPECT_EQ(books.level_count(kId, Side::kSell), 0u);
}

TEST(LevelBooks, RefusesWhatCannotBeByName) {
  LevelBooks books({64});
  EXPECT_EQ(books.set(kId, Side::kBuy, Price{0}, 1), BookStatus::kNoPrice);
  EXPECT_EQ(books.set(kId, Side::kBuy, Price{-5}, 1), BookStatus::kNoPrice);
  EXPECT_EQ(books.set(kId, Side::kBuy, kNoPrice, 1), BookStatus::kNoPrice);
  EXPECT_EQ(books.set(kId, Side::kBuy, px(1), -1), BookStatus::kZeroQuantity);
  EXPECT_EQ(books.set_touch(kId, Side::kBuy, Price{0}, 1), BookStatus::kNoPrice);
  EXPECT_EQ(books.set_touch(kId, Side::kBuy, px(1), -1), BookStatus::kZeroQuantity);
  EXPECT_EQ(books.touch(kId), Touch{});
}

TEST(LevelBooks, HoldsWhatItsCapacityPromisesAndThenSaysSo) {
  LevelBooks books({1000});
  std::int64_t held = 0;
  while (books.set(kId, Side::kSell, px(held + 1), held + 1) == BookStatus::kOk) {
    ASSERT_LT(++held, 100'000);
  }
  EXPECT_GE(held, 1000);
  EXPECT_EQ(books.set(kId, Side::kSell, px(held + 1), 1), BookStatus::kLevelsFull);
  EXPECT_EQ(books.level_count(kId, Side::kSell), held);
  EXPECT_EQ(books.touch(kId).ask_qty, 1);
  // A level that is there can still be changed, and room made.
  EXPECT_EQ(books.set(kId, Side::kSell, px(1), 0), BookStatus::kOk);
  EXPECT_EQ(books.set(kId, Side::kSell, px(held + 1), 1), BookStatus::kOk);
}

TEST(LevelBooks, EveryInstrumentMayHaveAFewLevels) {
  LevelBooks books({4096});
  for (int i = 1; i <= 2048; ++i) {
    const InstrumentId id{static_cast<std::uint16_t>(i)};
    ASSERT_EQ(books.set(id, Side::kBuy, px(i), i), BookStatus::kOk);
    ASSERT_EQ(books.set(id, Side::kSell, px(i + 1), i), BookStatus::kOk);
  }
  EXPECT_EQ(books.touch(InstrumentId{2048}), (Touch{px(2048), px(2049), 2048, 2048}));
}

TEST(LevelBooks, ATouchIsTheWholeSide) {
  LevelBooks books({64});
  books.set_touch(kId, Side::kBuy, px(100), 5);
  books.set_touch(kId, Side::kBuy, px(99), 6);
  books.set_touch(kId, Side::kSell, px(101), 7);
  EXPECT_EQ(books.touch(kId), (Touch{px(99), px(101), 6, 7}));
  EXPECT_EQ(books.level_count(kId, Side::kBuy), 1u);
  books.set_touch(kId, Side::kBuy, kNoPrice, 0);
  EXPECT_EQ(books.touch(kId), (Touch{kNoPrice, px(101), 0, 7}));
}

TEST(LevelBooks, ClearsASideDownToAPrice) {
  LevelBooks books({64});
  for (int cents = 90; cents <= 100; ++cents) books.set(kId, Side::kBuy, px(cents), 1);
  for (int cents = 101; cents <= 110; ++cents)
    books.set(kId, Side::kSell, px(cents), 1);
  books.clear(kId, Side::kBuy, px(95));
  EXPECT_EQ(books.touch(kId).bid, px(94));
  books.clear(kId, Side::kSell, px(104));
  EXPECT_EQ(books.touch(kId).ask, px(105));
  books.clear(kId, Side::kBuy, px(95));
  EXPECT_EQ(books.touch(kId).bid, px(94));
  books.flag(kId);
  books.clear(kId);
  EXPECT_EQ(books.touch(kId), Touch{});
  EXPECT_FALSE(books.flagged(kId));
}

TEST(LevelBooks, EqualsAMapAfterEveryRandomChangeAndAllocatesNothing) {
  LevelBooks books({1 << 14});
  Random random(11);
  std::map<std::int64_t, Qty> naive[3][2];
  std::vector<LevelView> views(4096);
  std::uint64_t allocated = 0;
  for (int step = 0; step < 60'000; ++step) {
    const auto which = static_cast<std::uint16_t>(random.below(3));
    const InstrumentId id{which};
    const auto side = static_cast<Side>(random.below(2));
    // Mostly near the touch, sometimes anywhere.
    const auto reach = random.below(4) == 0 ? 700u : 12u;
    const auto away = static_cast<std::int64_t>(random.below(reach));
    const Price price = px(side == Side::kBuy ? 1000 - away : 1001 + away);
    const Qty qty = random.below(3) == 0 ? 0 : static_cast<Qty>(random.below(50)) + 1;
    auto& levels = naive[which][index(side)];
    const auto before = allocations_of_this_thread();
    ASSERT_EQ(books.set(id, side, price, qty), BookStatus::kOk);
    allocated += allocations_of_this_thread() - before;
    const std::int64_t key = side == Side::kBuy ? -price.value : price.value;
    if (qty == 0) {
      levels.erase(key);
    } else {
      levels[key] = qty;
    }
    ASSERT_EQ(books.level_count(id, side), levels.size());
    if (step % 97 != 0 && !levels.empty()) {
      ASSERT_EQ(books.touch(id).qty(side), levels.begin()->second);
      continue;
    }
    const int count = books.levels(id, side, views.data(), 4096);
    ASSERT_EQ(static_cast<std::size_t>(count), levels.size());
    Qty sum = 0;
    int at = 0;
    for (const auto& [wanted, rests] : levels) {
      const auto& view = views[static_cast<std::size_t>(at++)];
      ASSERT_EQ(view.price.value, wanted < 0 ? -wanted : wanted);
      ASSERT_EQ(view.qty, rests);
      if (at <= 5) sum += rests;
    }
    ASSERT_EQ(books.depth(id, side, 5), sum);
  }
  EXPECT_EQ(allocated, 0u);
}

// By index near the best and in a ladder below: the same book as a map's, while the
// market wanders through many windows, and falls and leaps by more than one of them.
TEST(LevelBooks, KeptByStepIsTheSameBook) {
  constexpr std::uint32_t kWidth = 4 * TickBand::kGrain;
  constexpr std::int64_t kStep = 300;
  LevelBooks books({200'000});
  books.keep_by_step(kId, Price{kStep}, kWidth);
  std::map<std::int64_t, Qty> naive[2];  // best last: keys as in the book
  Random random(77);
  std::int64_t mid = 1'000'000;
  const auto compare = [&](Side side) {
    const auto& levels = naive[index(side)];
    ASSERT_EQ(books.level_count(kId, side), levels.size());
    LevelView view[40];
    const int count = books.levels(kId, side, view, 40);
    ASSERT_EQ(count, std::min<int>(40, static_cast<int>(levels.size())));
    auto at = levels.rbegin();
    Qty sum = 0;
    for (int i = 0; i < count; ++i, ++at) {
      ASSERT_EQ(view[i].price.value, at->first * sign(side));
      ASSERT_EQ(view[i].qty, at->second);
      sum += at->second;
    }
    ASSERT_EQ(books.depth(kId, side, 40), sum);
    const Price best = levels.empty() ? kNoPrice : view[0].price;
    ASSERT_EQ(books.touch(kId).price(side), best);
    ASSERT_EQ(books.touch(kId).qty(side), levels.empty() ? 0 : view[0].qty);
  };
  for (int round = 0; round < 200'000; ++round) {
    if (round % 20'000 == 0)
      mid = 200'000 + static_cast<std::int64_t>(random.below(2'000'000));
    mid += static_cast<std::int64_t>(random.below(41)) - 20;
    const Side side = random.below(2) == 0 ? Side::kBuy : Side::kSell;
    auto& levels = naive[index(side)];
    const std::uint64_t reach = random.below(8) == 0 ? 100'000 : 1'000;
    const std::int64_t away = static_cast<std::int64_t>(random.below(reach));
    std::int64_t steps = mid - sign(side) * away;
    if (random.below(3) == 0 && !levels.empty()) {
      // The best, or one that is there, so that levels go too.
      auto at = random.below(2) == 0 ? std::prev(levels.end())
                                     : levels.lower_bound(steps * kStep * sign(side));
      if (at == levels.end()) --at;
      steps = at->first * sign(side) / kStep;
    }
    const Price price{steps * kStep};
    const std::int64_t key = price.value * sign(side);
    const Qty qty = random.below(2) == 0 ? 0 : 1 + static_cast<Qty>(random.below(99));
    const auto there = levels.find(key);
    const Qty held = there == levels.end() ? 0 : there->second;
    Qty before = -1;
    if (random.below(5'000) == 0) {
      books.clear(kId, side, price);
      levels.erase(levels.lower_bound(key), levels.end());
    } else {
      ASSERT_EQ(books.qty_at(kId, side, price), held);
      if (random.below(2) == 0) {
        ASSERT_EQ(books.set(kId, side, price, qty, &before), BookStatus::kOk);
        ASSERT_EQ(before, held);
      } else {
        // As one of many, the first of which says what is there already.
        const Price best = books.touch(kId).price(side);
        const LevelView many[] = {{price, held, 0}, {price, qty, 0}};
        int told = 0;
        const auto tell = [&](Price at, Qty now, bool touched) {
          ++told;
          EXPECT_EQ(at, price);
          EXPECT_EQ(now, qty);
          EXPECT_EQ(touched, best == kNoPrice || !better(side, best, price));
        };
        ASSERT_EQ(books.set_all(kId, side, many, tell), BookStatus::kOk);
        ASSERT_EQ(told, qty != held);
      }
      if (qty == 0) {
        levels.erase(key);
      } else {
        levels[key] = qty;
      }
    }
    if (round % 50 == 0 || levels.size() < 3) compare(side);
  }
  EXPECT_EQ(books.set(kId, Side::kBuy, Price{kStep + 1}, 1), BookStatus::kNoPrice);
  EXPECT_EQ(books.qty_at(kId, Side::kBuy, Price{kStep + 1}), 0);
  EXPECT_EQ(books.set_touch(kId, Side::kBuy, Price{kStep * 9}, 4), BookStatus::kOk);
  EXPECT_EQ(books.level_count(kId, Side::kBuy), 1u);
  EXPECT_EQ(books.touch(kId).bid, Price{kStep * 9});
  books.clear(kId);
  EXPECT_EQ(books.touch(kId), Touch{});
  EXPECT_EQ(books.level_count(kId, Side::kSell), 0u);
}

TEST(LevelBooks, KeptByStepSaysWhenTheLadderIsFull) {
  LevelBooks books({16});
  books.keep_by_step(kId, Price{10}, 4 * TickBand::kGrain);
  int held = 0;
  ASSERT_EQ(books.set(kId, Side::kBuy, Price{10'000'000}, 1), BookStatus::kOk);
  while (books.set(kId, Side::kBuy, Price{10 * (held + 1)}, 1) == BookStatus::kOk)
    ASSERT_LT(++held, 10'000);
  EXPECT_GE(held, 16);
  // Far above: the window would have to give its level to a ladder that is full.
  EXPECT_EQ(books.level_count(kId, Side::kBuy), static_cast<std::uint32_t>(held) + 1);
  EXPECT_EQ(books.set(kId, Side::kBuy, Price{20'000'000}, 1), BookStatus::kLevelsFull);
  EXPECT_EQ(books.touch(kId).bid, Price{10'000'000});
}

}  // namespace
}  // namespace pyscalp::book
