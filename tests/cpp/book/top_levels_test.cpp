#include "book/top_levels.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "base/random.hpp"
#include "book/level_books.hpp"

namespace pyscalp::book {
namespace {

constexpr InstrumentId kId{3};
constexpr Price kCent{10'000'000};

Price px(std::int64_t cents) { return {cents * kCent.value}; }

/// Every figure, walked off a book.
struct Figures {
  std::vector<LevelView> levels[2];
  Qty qty[2] = {0, 0};
  std::int64_t orders[2] = {0, 0};
  Qty near[2] = {0, 0};
  double weighted[2] = {0, 0};

  static double ratio(double bid, double ask) {
    return bid + ask == 0 ? 0.0 : (bid - ask) / (bid + ask);
  }
  double imbalance() const {
    return ratio(static_cast<double>(qty[0]), static_cast<double>(qty[1]));
  }
};

template <class Books>
Figures walk(const Books& books, const TopLevelsConfig& config) {
  Figures figures;
  static std::vector<LevelView> views(2048);
  for (const Side side : {Side::kBuy, Side::kSell}) {
    const int i = index(side);
    const int count =
        books.levels(kId, side, views.data(), static_cast<int>(views.size()));
    EXPECT_LT(count, 2048);
    for (int rank = 0; rank < count; ++rank) {
      const LevelView& view = views[static_cast<std::size_t>(rank)];
      const std::int64_t distance = std::abs(view.price.value - views[0].price.value);
      if (rank < config.levels) {
        figures.levels[i].push_back(view);
        figures.qty[i] += view.qty;
        figures.orders[i] += view.orders;
        figures.weighted[i] += static_cast<double>(view.qty) /
                               (1.0 + static_cast<double>(distance) /
                                          static_cast<double>(config.tick.value));
      }
      if (distance <= config.tick.value * config.ticks) figures.near[i] += view.qty;
    }
  }
  return figures;
}

template <class Books>
void expect_equal(const TopLevels& top, const Books& books) {
  const Figures figures = walk(books, top.config());
  for (const Side side : {Side::kBuy, Side::kSell}) {
    const int i = index(side);
    ASSERT_EQ(top.count(side), static_cast<int>(figures.levels[i].size()));
    for (int rank = 0; rank < top.count(side); ++rank) {
      const LevelView held = top.level(side, rank);
      const LevelView& wanted = figures.levels[i][static_cast<std::size_t>(rank)];
      ASSERT_EQ(held.price, wanted.price);
      ASSERT_EQ(held.qty, wanted.qty);
      ASSERT_EQ(held.orders, wanted.orders);
    }
    ASSERT_EQ(top.qty(side), figures.qty[i]);
    ASSERT_EQ(top.orders(side), figures.orders[i]);
    ASSERT_EQ(top.near_qty(side), figures.near[i]);
    ASSERT_TRUE(top.near_is_whole(side));
  }
  ASSERT_EQ(top.imbalance(), figures.imbalance());
  ASSERT_EQ(top.weighted_imbalance(),
            Figures::ratio(figures.weighted[0], figures.weighted[1]));
  ASSERT_EQ(top.touch(), books.touch(kId));
}

TEST(TopLevels, SumsOverTheFirstLevels) {
  TopLevels top({2, 1, kCent});
  EXPECT_EQ(top.touch(), Touch{});
  EXPECT_EQ(top.imbalance(), 0.0);
  EXPECT_EQ(top.apply({kId, Side::kBuy, px(100), 10, 1}),
            TopLevels::kTouch | TopLevels::kTop | TopLevels::kNear);
  EXPECT_EQ(top.apply({kId, Side::kBuy, px(98), 30, 2}), TopLevels::kTop);
  EXPECT_EQ(top.apply({kId, Side::kBuy, px(97), 99, 1}), TopLevels::kNothing);
  EXPECT_EQ(top.apply({kId, Side::kSell, px(101), 20, 1}),
            TopLevels::kTouch | TopLevels::kTop | TopLevels::kNear);
  EXPECT_EQ(top.qty(Side::kBuy), 40);
  EXPECT_EQ(top.orders(Side::kBuy), 3);
  EXPECT_EQ(top.near_qty(Side::kBuy), 10);
  EXPECT_DOUBLE_EQ(top.imbalance(), 20.0 / 60);
  EXPECT_DOUBLE_EQ(top.weighted_imbalance(), (20.0 - 20.0) / 40);
  // The touch goes: the third level comes in, and the window moves down with the best.
  EXPECT_EQ(top.apply({kId, Side::kBuy, px(100), 0, -1}),
            TopLevels::kTouch | TopLevels::kTop | TopLevels::kNear);
  EXPECT_EQ(top.qty(Side::kBuy), 129);
  EXPECT_EQ(top.near_qty(Side::kBuy), 129);
  EXPECT_EQ(top.touch(), (Touch{px(98), px(101), 30, 20}));
  top.clear();
  EXPECT_EQ(top.touch(), Touch{});
  EXPECT_EQ(top.near_qty(Side::kBuy), 0);
}

TEST(TopLevels, AsksForMoreOnlyWhenItsStockRunsOut) {
  LevelBooks books({1 << 14});
  TopLevels top({5, 5, kCent});
  const auto set = [&](std::int64_t cents, Qty qty) {
    ASSERT_EQ(books.set(kId, Side::kSell, px(cents), qty), BookStatus::kOk);
    top.apply({kId, Side::kSell, px(cents), qty, 0});
  };
  for (std::int64_t cents = 1; cents <= 1000; ++cents) set(cents, cents);
  EXPECT_FALSE(top.short_of(Side::kSell));
  int refills = 0;
  for (std::int64_t cents = 1; cents <= 900; ++cents) {
    set(cents, 0);
    if (top.short_of(Side::kSell)) ++refills;
    top.refill(books, kId);
    expect_equal(top, books);
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(refills, 0);
  EXPECT_LE(refills, 900 / (top.stock() - 6) + 1);
}

TEST(TopLevels, SaysWhenItsStockIsNarrowerThanTheDepth) {
  LevelBooks books({1 << 12});
  TopLevels top({1, 1, kCent});
  // A thousand prices within one tick: more than anything that trades in ticks has.
  for (std::int64_t i = 0; i < 1000; ++i) {
    const Price price{kCent.value * 100 + i};
    books.set(kId, Side::kSell, price, 1);
    top.apply({kId, Side::kSell, price, 1, 0});
  }
  top.refill(books, kId);
  EXPECT_FALSE(top.near_is_whole(Side::kSell));
  EXPECT_EQ(top.near_qty(Side::kSell), top.stock());
}

TEST(TopLevels, KeepsItsSettingsWithinLimits) {
  const TopLevels top({1'000'000, -5, Price{0}});
  EXPECT_EQ(top.config().levels, TopLevels::kMaxLevels);
  EXPECT_EQ(top.config().ticks, 0);
  EXPECT_EQ(top.config().tick, Price{1});
  EXPECT_GE(top.stock(), 4 * TopLevels::kMaxLevels);
}

class TopLevelsOnRandomBooks : public testing::TestWithParam<TopLevelsConfig> {};

TEST_P(TopLevelsOnRandomBooks, EqualsAWalkAfterEveryChangeOfLevels) {
  LevelBooks books({1 << 14});
  TopLevels top(GetParam());
  Random random(5);
  std::int64_t middle = 10'000;
  for (int step = 0; step < 20'000; ++step) {
    // The market drifts, dries up and fills again.
    if (random.below(50) == 0) middle += random.between(-20, 20);
    const bool drought = step / 2000 % 2 == 1;
    const auto side = static_cast<Side>(random.below(2));
    const auto away =
        static_cast<std::int64_t>(random.below(random.below(8) == 0 ? 400 : 9));
    const Price price = px(side == Side::kBuy ? middle - 1 - away : middle + 1 + away);
    const Qty qty = random.below(drought ? 6 : 2) != 0 && drought
                        ? 0
                        : static_cast<Qty>(random.below(100));
    ASSERT_EQ(books.set(kId, side, price, qty), BookStatus::kOk);
    top.apply({kId, side, price, qty, 0});
    top.refill(books, kId);
    expect_equal(top, books);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST_P(TopLevelsOnRandomBooks, EqualsAWalkAfterEveryOrder) {
  OrderBooks books({1 << 12, 1 << 12});
  TopLevels top(GetParam());
  Random random(6);
  std::vector<std::uint64_t> alive;
  const auto take = [&](const BookChange& change, std::int32_t orders) {
    ASSERT_EQ(change.status, BookStatus::kOk);
    top.apply({kId, change.side, change.price, change.level_qty, orders});
  };
  for (std::uint64_t reference = 1; reference <= 15'000; ++reference) {
    const bool grows = reference / 1500 % 2 == 0;
    if (alive.empty() || random.below(10) < (grows ? 6u : 3u)) {
      const auto side = static_cast<Side>(random.below(2));
      const auto away =
          static_cast<std::int64_t>(random.below(random.below(6) == 0 ? 200 : 8));
      const Price price = px(side == Side::kBuy ? 5000 - away : 5001 + away);
      const auto qty = static_cast<Qty>(random.below(90)) + 1;
      take(books.add(kId, reference, side, qty, price), 1);
      alive.push_back(reference);
    } else {
      std::uint64_t& chosen = alive[random.below(alive.size())];
      OrderView order;
      ASSERT_TRUE(books.find(chosen, order));
      const auto kind = random.below(3);
      if (kind == 0 && order.qty > 1) {
        take(books.reduce(chosen, 1), 0);
      } else if (kind == 1) {
        const BookReplacement moved =
            books.replace(chosen, reference, order.qty + 1, order.price);
        take(moved.removed, -1);
        take(moved.added, 1);
        chosen = reference;
      } else {
        take(books.remove(chosen), -1);
        chosen = alive.back();
        alive.pop_back();
      }
    }
    top.refill(books, kId);
    expect_equal(top, books);
    if (testing::Test::HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, TopLevelsOnRandomBooks,
                         testing::Values(TopLevelsConfig{1, 0, kCent},
                                         TopLevelsConfig{5, 5, kCent},
                                         TopLevelsConfig{20, 40, kCent},
                                         TopLevelsConfig{64, 3, Price{25'000'000}}));

}  // namespace
}  // namespace pyscalp::book
