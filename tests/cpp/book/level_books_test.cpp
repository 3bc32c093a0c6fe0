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

}  // namespace
}  // namespace pyscalp::book
