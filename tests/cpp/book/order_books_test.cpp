#include "book/order_books.hpp"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <random>
#include <unordered_map>
#include <vector>

namespace pyscalp::book {
namespace {

constexpr InstrumentId kId{7};

Price cents(std::int64_t n) { return {n * 10'000'000}; }

BookCapacity small() { return {1 << 12, 1 << 10}; }

TEST(OrderBooks, KeepsTimeOrderWithinAPriceAndBestPriceOnTop) {
  OrderBooks books(small());
  EXPECT_EQ(books.add(kId, 1, Side::kBuy, 100, cents(1000)), BookStatus::kOk);
  EXPECT_EQ(books.add(kId, 2, Side::kBuy, 50, cents(1000)), BookStatus::kOk);
  EXPECT_EQ(books.add(kId, 3, Side::kBuy, 10, cents(1001)), BookStatus::kOk);
  EXPECT_EQ(books.add(kId, 4, Side::kSell, 30, cents(1003)), BookStatus::kOk);
  EXPECT_EQ(books.touch(kId), (Touch{cents(1001), cents(1003), 10, 30}));
  EXPECT_EQ(books.qty_ahead(1), 0);
  EXPECT_EQ(books.qty_ahead(2), 100);
  EXPECT_EQ(books.reduce(1, 40), BookStatus::kOk);
  EXPECT_EQ(books.qty_ahead(2), 60);
  EXPECT_EQ(books.remove(3), BookStatus::kOk);
  EXPECT_EQ(books.touch(kId).bid, cents(1000));
  EXPECT_EQ(books.touch(kId).bid_qty, 110);
  EXPECT_EQ(books.replace(1, 9, 60, cents(1000)), BookStatus::kOk);
  EXPECT_EQ(books.qty_ahead(9), 50);
  EXPECT_EQ(books.depth(kId, Side::kBuy, 5), 110);
}

TEST(OrderBooks, EmptySideHasNoPrice) {
  OrderBooks books(small());
  EXPECT_EQ(books.touch(kId).bid, kNoPrice);
  books.add(kId, 1, Side::kSell, 5, cents(10));
  books.reduce(1, 5);
  EXPECT_EQ(books.touch(kId), Touch{});
  EXPECT_EQ(books.order_count(), 0u);
}

TEST(OrderBooks, OddInputsAreNamedAndHarmless) {
  OrderBooks books(small());
  EXPECT_EQ(books.remove(5), BookStatus::kUnknownOrder);
  EXPECT_EQ(books.reduce(5, 1), BookStatus::kUnknownOrder);
  EXPECT_EQ(books.replace(5, 6, 1, cents(1)), BookStatus::kUnknownOrder);
  EXPECT_EQ(books.add(kId, 5, Side::kBuy, 0, cents(1)), BookStatus::kZeroQuantity);
  EXPECT_EQ(books.add(kId, 5, Side::kBuy, 1, Price{0}), BookStatus::kNoPrice);
  EXPECT_EQ(books.add(kId, 5, Side::kBuy, 10, cents(1)), BookStatus::kOk);
  EXPECT_EQ(books.add(kId, 5, Side::kSell, 10, cents(2)), BookStatus::kDuplicateOrder);
  EXPECT_EQ(books.reduce(5, 0), BookStatus::kZeroQuantity);
  EXPECT_EQ(books.add(kId, 6, Side::kBuy, 1, cents(1)), BookStatus::kOk);
  EXPECT_EQ(books.replace(5, 6, 1, cents(1)), BookStatus::kDuplicateOrder);
  EXPECT_EQ(books.qty_ahead(6), 10);
  EXPECT_EQ(books.reduce(5, 11), BookStatus::kOverfill);  // gone, and said so
  EXPECT_EQ(books.remove(5), BookStatus::kUnknownOrder);
  EXPECT_EQ(books.touch(kId).bid_qty, 1);
  const Price largest = price_from_e4(UINT32_MAX);
  EXPECT_EQ(books.add(kId, 8, Side::kSell, UINT32_MAX, largest), BookStatus::kOk);
  EXPECT_EQ(books.touch(kId).ask, largest);
}

TEST(OrderBooks, PoolsThatRunOutSaySoAndLoseNothing) {
  OrderBooks books({4, 64});
  for (std::uint64_t i = 1; i <= 4; ++i) {
    EXPECT_EQ(books.add(kId, i, Side::kBuy, 1, cents(10)), BookStatus::kOk);
  }
  EXPECT_EQ(books.add(kId, 5, Side::kBuy, 1, cents(10)), BookStatus::kOrdersFull);
  EXPECT_EQ(books.remove(2), BookStatus::kOk);
  EXPECT_EQ(books.add(kId, 5, Side::kBuy, 1, cents(10)), BookStatus::kOk);

  OrderBooks flat({64, 2});
  EXPECT_EQ(flat.add(kId, 1, Side::kBuy, 1, cents(10)), BookStatus::kOk);
  EXPECT_EQ(flat.add(kId, 2, Side::kBuy, 1, cents(11)), BookStatus::kOk);
  EXPECT_EQ(flat.add(kId, 3, Side::kBuy, 1, cents(12)), BookStatus::kLevelsFull);
  EXPECT_EQ(flat.touch(kId).bid, cents(11));
  EXPECT_EQ(flat.remove(3), BookStatus::kUnknownOrder);
  EXPECT_EQ(flat.remove(2), BookStatus::kOk);
  EXPECT_EQ(flat.add(kId, 3, Side::kBuy, 1, cents(12)), BookStatus::kOk);
}

/// The plainest book there is: maps and lists.
class NaiveBook {
 public:
  struct Order {
    std::uint64_t reference;
    Qty qty;
  };
  using Queue = std::list<Order>;
  using Side_ = std::map<std::int64_t, Queue>;

  void add(std::uint64_t reference, Side side, Qty qty, std::int64_t price) {
    sides_[index(side)][price].push_back({reference, qty});
    where_[reference] = {side, price};
  }
  void reduce(std::uint64_t reference, Qty qty) {
    const auto [side, price] = where_.at(reference);
    auto level = sides_[index(side)].find(price);
    for (auto order = level->second.begin(); order != level->second.end(); ++order) {
      if (order->reference != reference) continue;
      order->qty -= qty;
      if (order->qty == 0) {
        level->second.erase(order);
        where_.erase(reference);
        if (level->second.empty()) sides_[index(side)].erase(level);
      }
      return;
    }
  }
  Qty qty(std::uint64_t reference) const {
    const auto [side, price] = where_.at(reference);
    for (const Order& order : sides_[index(side)].at(price)) {
      if (order.reference == reference) return order.qty;
    }
    return 0;
  }
  Qty ahead(std::uint64_t reference) const {
    const auto [side, price] = where_.at(reference);
    Qty total = 0;
    for (const Order& order : sides_[index(side)].at(price)) {
      if (order.reference == reference) break;
      total += order.qty;
    }
    return total;
  }
  std::vector<LevelView> levels(Side side) const {
    std::vector<LevelView> out;
    for (const auto& [price, queue] : sides_[index(side)]) {
      LevelView level{{price}, 0, 0};
      for (const Order& order : queue) {
        level.qty += order.qty;
        ++level.orders;
      }
      out.push_back(level);
    }
    if (side == Side::kBuy) std::reverse(out.begin(), out.end());
    return out;
  }
  Side side_of(std::uint64_t reference) const { return where_.at(reference).first; }

 private:
  Side_ sides_[2];
  std::unordered_map<std::uint64_t, std::pair<Side, std::int64_t>> where_;
};

class RandomStream : public testing::TestWithParam<int> {};

TEST_P(RandomStream, EqualsTheNaiveBookAfterEveryMessage) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  const auto draw = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  OrderBooks books({1 << 14, 1 << 12});
  NaiveBook naive[2];
  std::vector<std::pair<std::uint64_t, int>> live;
  std::uint64_t next_reference = 1;
  // Few prices make long queues, many make deep ladders.
  const std::int64_t spread = GetParam() % 2 == 0 ? 20 : 2'000;

  for (int step = 0; step < 40'000; ++step) {
    const auto kind = draw(0, 99);
    if (live.empty() || kind < 45) {
      const int book = static_cast<int>(draw(0, 1));
      const Side side = draw(0, 1) == 0 ? Side::kBuy : Side::kSell;
      const Price price = cents(side == Side::kBuy ? draw(10'000 - spread, 10'000)
                                                   : draw(10'001, 10'001 + spread));
      const Qty qty = draw(1, 300);
      const std::uint64_t reference = next_reference++ * 37;
      ASSERT_EQ(books.add(InstrumentId{static_cast<std::uint16_t>(book + 1)}, reference,
                          side, qty, price),
                BookStatus::kOk);
      naive[book].add(reference, side, qty, price.value);
      live.emplace_back(reference, book);
    } else {
      const auto at =
          static_cast<std::size_t>(draw(0, static_cast<std::int64_t>(live.size()) - 1));
      const auto [reference, book] = live[at];
      const Qty qty = naive[book].qty(reference);
      ASSERT_EQ(books.qty_ahead(reference), naive[book].ahead(reference));
      if (kind < 60) {
        const Qty taken = draw(1, qty);
        ASSERT_EQ(books.reduce(reference, taken), BookStatus::kOk);
        naive[book].reduce(reference, taken);
        if (taken < qty) continue;
      } else if (kind < 92) {
        ASSERT_EQ(books.remove(reference), BookStatus::kOk);
        naive[book].reduce(reference, qty);
      } else {
        const Side side = naive[book].side_of(reference);
        const Price price = cents(side == Side::kBuy ? draw(10'000 - spread, 10'000)
                                                     : draw(10'001, 10'001 + spread));
        const std::uint64_t fresh = next_reference++ * 37;
        const Qty fresh_qty = draw(1, 300);
        ASSERT_EQ(books.replace(reference, fresh, fresh_qty, price), BookStatus::kOk);
        naive[book].reduce(reference, qty);
        naive[book].add(fresh, side, fresh_qty, price.value);
        live[at].first = fresh;
        continue;
      }
      live[at] = live.back();
      live.pop_back();
    }
    if (step % 16 != 0) continue;
    for (int book = 0; book < 2; ++book) {
      const InstrumentId id{static_cast<std::uint16_t>(book + 1)};
      for (const Side side : {Side::kBuy, Side::kSell}) {
        const auto expected = naive[book].levels(side);
        std::vector<LevelView> seen(expected.size() + 1);
        const int count =
            books.levels(id, side, seen.data(), static_cast<int>(seen.size()));
        ASSERT_EQ(static_cast<std::size_t>(count), expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
          ASSERT_EQ(seen[i].price, expected[i].price);
          ASSERT_EQ(seen[i].qty, expected[i].qty);
          ASSERT_EQ(seen[i].orders, expected[i].orders);
        }
        ASSERT_EQ(books.touch(id).price(side),
                  expected.empty() ? kNoPrice : expected[0].price);
        ASSERT_EQ(books.touch(id).qty(side), expected.empty() ? 0 : expected[0].qty);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomStream, testing::Range(1, 7));

TEST(Touch, MicropriceAndImbalanceLeanToTheHeavierSide) {
  const Touch touch{cents(1000), cents(1010), 300, 100};
  EXPECT_EQ(touch.mid(), cents(1005));
  EXPECT_EQ(touch.microprice(), Price{cents(1007).value + 5'000'000});
  EXPECT_DOUBLE_EQ(touch.imbalance(), 0.5);
  EXPECT_TRUE(touch.sound());
  EXPECT_FALSE((Touch{cents(10), cents(10), 1, 1}).sound());
  EXPECT_FALSE(Touch{}.two_sided());
}

}  // namespace
}  // namespace pyscalp::book
