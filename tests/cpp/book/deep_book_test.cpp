// Books of many prices: every rank, every depth and the touch against a map, while
// prices come and go near and far from the touch.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "book/order_books.hpp"

namespace pyscalp::book {
namespace {

constexpr InstrumentId kId{3};
constexpr std::uint32_t kLevels = 2048;

struct Walk {
  int asked;     ///< levels that somebody looks at after every step; 0: only the touch
  int far;       ///< steps from the middle that prices reach
  double drift;  ///< of the middle, a step of a price each time
};

class DeepBook : public testing::TestWithParam<Walk> {
 protected:
  /// Key by rank: bids negated, so that the best is the first of its map.
  using Side_ = std::map<std::int64_t, std::pair<Qty, std::uint64_t>>;

  void check(Side side) {
    const Side_& known = sides_[index(side)];
    const int count = static_cast<int>(known.size());
    ASSERT_EQ(books_.levels(kId, side, views_.data(), static_cast<int>(views_.size())),
              count);
    int rank = 0;
    Qty depth = 0;
    for (const auto& [key, level] : known) {
      LevelView view;
      ASSERT_TRUE(books_.level(kId, side, rank, view)) << rank;
      ASSERT_EQ(view.price.value, side == Side::kBuy ? -key : key) << rank;
      ASSERT_EQ(view.qty, level.first);
      ASSERT_EQ(views_[static_cast<std::size_t>(rank)].price, view.price);
      ASSERT_EQ(views_[static_cast<std::size_t>(rank)].qty, view.qty);
      depth += level.first;
      ASSERT_EQ(books_.depth(kId, side, ++rank), depth);
    }
    LevelView view;
    ASSERT_FALSE(books_.level(kId, side, count, view));
  }
  void check_best(int asked) {
    const Touch touch = books_.touch(kId);
    const Side_& bids = sides_[index(Side::kBuy)];
    const Side_& asks = sides_[index(Side::kSell)];
    ASSERT_EQ(touch.bid, bids.empty() ? kNoPrice : Price{-bids.begin()->first});
    ASSERT_EQ(touch.bid_qty, bids.empty() ? 0 : bids.begin()->second.first);
    ASSERT_EQ(touch.ask, asks.empty() ? kNoPrice : Price{asks.begin()->first});
    if (asked == 0) return;
    const int count = books_.levels(kId, Side::kSell, views_.data(), asked);
    ASSERT_EQ(count, std::min(asked, static_cast<int>(asks.size())));
    auto at = asks.begin();
    for (int i = 0; i < count; ++i, ++at) {
      ASSERT_EQ(views_[static_cast<std::size_t>(i)].price.value, at->first);
    }
  }

  OrderBooks books_{{1 << 14, kLevels, Price{1}}};
  Side_ sides_[2];
  std::vector<LevelView> views_ = std::vector<LevelView>(kLevels);
};

TEST_P(DeepBook, EveryRankIsThatOfAMap) {
  const Walk walk = GetParam();
  std::mt19937_64 random(7);
  const auto draw = [&](std::uint64_t below) { return random() % below; };
  double middle = 100'000;
  std::uint64_t reference = 0;
  for (int step = 0; step < 40'000; ++step) {
    middle += walk.drift;
    const Side side = draw(2) == 0 ? Side::kBuy : Side::kSell;
    const std::int64_t sign = side == Side::kBuy ? -1 : 1;
    Side_& known = sides_[index(side)];
    const bool near = draw(2) == 0;
    if (draw(100) < 60 && known.size() < 700) {
      const auto away = static_cast<std::int64_t>(
          1 + draw(near ? 20 : static_cast<std::uint64_t>(walk.far)));
      const std::int64_t price = static_cast<std::int64_t>(middle) + sign * away;
      const Qty qty = static_cast<Qty>(1 + draw(500));
      auto& level = known[sign * price];
      if (level.second != 0) continue;
      level = {qty, ++reference};
      const BookChange change = books_.add(kId, reference, side, qty, Price{price});
      ASSERT_EQ(change, BookStatus::kOk);
      ASSERT_EQ(change.touched, known.begin()->first == sign * price);
    } else if (!known.empty()) {
      auto at = known.begin();
      std::advance(at, near ? 0 : draw(known.size()));
      const bool best = at == known.begin();
      const BookChange change = books_.remove(at->second.second);
      ASSERT_EQ(change, BookStatus::kOk);
      ASSERT_EQ(change.touched, best);
      known.erase(at);
    }
    check_best(walk.asked);
    if (walk.asked >= 64 && step % 997 == 0) {
      check(Side::kBuy);
      check(Side::kSell);
    }
    if (HasFatalFailure()) return;
  }
  check(Side::kBuy);
  check(Side::kSell);
  EXPECT_GT(sides_[0].size(), 100u);  // else the book is not deep
  books_.clear(kId);
  EXPECT_EQ(books_.touch(kId), Touch{});
  EXPECT_EQ(books_.order_count(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Walks, DeepBook,
                         testing::Values(Walk{0, 600, 0}, Walk{0, 300, 0.02},
                                         Walk{10, 600, 0}, Walk{50, 400, -0.02},
                                         Walk{64, 2000, 0}, Walk{200, 600, 0}));

}  // namespace
}  // namespace pyscalp::book
