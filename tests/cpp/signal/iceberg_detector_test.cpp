#include "signal/iceberg_detector.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/allocations.hpp"

namespace pyscalp::signal {
namespace {

using book::OrderEvent;
using Kind = OrderEvent::Kind;
using Sights = std::vector<Sighting>;

constexpr Price kBid{1000};

/// Speaks to a detector as a book does, about orders of the size they were given.
class Market {
 public:
  explicit Market(IcebergDetectorOptions options = {}) : detector(options) {}

  Sights add(std::int64_t time, std::uint64_t reference, Qty qty, Price price = kBid,
             Side side = Side::kBuy) {
    return tell({Kind::kAdded, side, {}, reference, price, qty, qty, qty}, time);
  }
  Sights execute(std::int64_t time, std::uint64_t reference, Qty qty, Qty left = 0,
                 Price price = kBid, Side side = Side::kBuy) {
    return tell({Kind::kExecuted, side, {}, reference, price, qty, left, left}, time);
  }
  Sights reduce(std::int64_t time, std::uint64_t reference, Qty qty, Qty left) {
    return tell({Kind::kReduced, Side::kBuy, {}, reference, kBid, qty, left, left},
                time);
  }
  Sights remove(std::int64_t time, std::uint64_t reference, Qty qty) {
    return tell({Kind::kRemoved, Side::kBuy, {}, reference, kBid, qty, 0, 0}, time);
  }
  /// Something else that happens far away.
  Sights pass(std::int64_t time) { return add(time, next_++, 77, Price{1}); }
  void hidden_trade(std::int64_t time, Qty qty, Price price = kBid) {
    detector.on_trade({price, qty, Side::kBuy, true, UnixNanos{time}});
  }
  /// The order `reference` of 100 is executed and refilled `times` times, each a second
  /// after the other; returns the reference that is shown then.
  std::uint64_t refill(std::int64_t time, std::uint64_t reference, int times,
                       Qty slice = 100) {
    for (int i = 0; i < times; ++i) {
      execute(time, reference, slice);
      add(time, ++reference, slice);
      time += 1'000'000'000;
    }
    return reference;
  }

  IcebergDetector detector;

 private:
  Sights tell(const OrderEvent& event, std::int64_t time) {
    const auto said = detector.on_order(event, UnixNanos{time});
    return {said.begin(), said.end()};
  }
  std::uint64_t next_ = 1'000'000;
};

TEST(IcebergDetector, BelievesInTwoRefillsOfACommonSize) {
  Market market;
  market.add(0, 1, 100);
  EXPECT_TRUE(market.execute(10, 1, 100).empty());
  Sights said = market.add(10, 2, 100);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].kind, Sighting::Kind::kRefilled);
  EXPECT_EQ(said[0].order.reference, 2u);
  EXPECT_EQ(said[0].order.refills, 1);
  EXPECT_FALSE(market.detector.believed(said[0].order));
  EXPECT_EQ(market.detector.wall(Side::kBuy), nullptr);

  EXPECT_TRUE(market.execute(20, 2, 60, 40).empty()) << "in part";
  EXPECT_TRUE(market.execute(30, 2, 40).empty());
  said = market.add(30, 3, 100);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(market.detector.believed(said[0].order));
  EXPECT_FALSE(said[0].believed_before);
  const HiddenOrder* wall = market.detector.wall(Side::kBuy);
  ASSERT_NE(wall, nullptr);
  EXPECT_EQ(wall->refills, 2);
  EXPECT_EQ(wall->executed, 200);
  EXPECT_EQ(wall->slice, 100);
  EXPECT_EQ(wall->open, 100);
  EXPECT_EQ(wall->price, kBid);
  EXPECT_EQ(wall->first, UnixNanos{10});
  EXPECT_EQ(wall->refilled, UnixNanos{30});
  EXPECT_DOUBLE_EQ(wall->reserve,
                   100 * (market.detector.slice_counts().expected(2) - 1));
  EXPECT_EQ(market.detector.wall(Side::kSell), nullptr);
}

TEST(IcebergDetector, TheBeliefIsWhatIsStated) {
  Market market;
  market.add(0, 1, 100);
  market.execute(10, 1, 100);
  const Sights said = market.add(10, 2, 100);
  // One new order so far, and it was of 100.
  const double same = 0.3 + 0.7 * 2 / 513;
  const double by_chance = 1000 * 0.01 / 1001;
  const double odds = 0.02 / 0.98 * 0.95 / by_chance * 0.9 / same;
  EXPECT_DOUBLE_EQ(said[0].order.log_odds, std::log(odds));
  EXPECT_NEAR(said[0].order.belief(), odds / (1 + odds), 1e-12);
}

TEST(IcebergDetector, ACommonSizeSaysLess) {
  Market common, rare;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    common.add(0, 100 + i, 100, Price{1});
    rare.add(0, 100 + i, 90, Price{1});
  }
  const auto odds = [](Market& market) {
    market.add(0, 1, 100);
    market.execute(10, 1, 100);
    return market.add(10, 2, 100)[0].order.log_odds;
  };
  EXPECT_LT(odds(common), odds(rare) - 0.5);
}

TEST(IcebergDetector, AnOrderThatComesLaterIsNoRefill) {
  Market market;
  market.add(0, 1, 100);
  market.execute(10, 1, 100);
  EXPECT_TRUE(market.add(11, 2, 100).empty()) << "a nanosecond";

  market.execute(20, 2, 100);
  market.pass(20);
  EXPECT_TRUE(market.add(20, 3, 100).empty()) << "something came between";
}

TEST(IcebergDetector, AnotherPriceSideOrALargerSizeIsNoRefill) {
  Market market;
  market.execute(10, 1, 100);
  EXPECT_TRUE(market.add(10, 2, 100, Price{1001}).empty());
  market.execute(20, 3, 100);
  EXPECT_TRUE(market.add(20, 4, 100, kBid, Side::kSell).empty());
  market.execute(30, 5, 100);
  EXPECT_TRUE(market.add(30, 6, 101).empty());
}

TEST(IcebergDetector, SellersAreFoundToo) {
  Market market;
  for (std::uint64_t i = 1; i < 4; ++i) {
    market.execute(10, i, 100, 0, kBid, Side::kSell);
    market.add(10, i + 1, 100, kBid, Side::kSell);
  }
  ASSERT_NE(market.detector.wall(Side::kSell), nullptr);
  EXPECT_EQ(market.detector.wall(Side::kSell)->side, Side::kSell);
  EXPECT_EQ(market.detector.wall(Side::kBuy), nullptr);
}

TEST(IcebergDetector, OneSweepRefillsTheSameOrderAgainAndAgain) {
  Market market;
  market.execute(10, 1, 100);
  market.add(10, 2, 100);
  market.execute(10, 2, 100);
  const Sights said = market.add(10, 3, 100);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].order.refills, 2);
}

TEST(IcebergDetector, ASmallerSliceIsTheLast) {
  Market market;
  const std::uint64_t shown = market.refill(0, 1, 3);
  market.execute(9'000'000'000, shown, 100);
  Sights said = market.add(9'000'000'000, 90, 37);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(said[0].order.last);
  EXPECT_EQ(said[0].order.reserve, 0.0);
  EXPECT_EQ(said[0].order.remainder(), 37.0);
  EXPECT_EQ(market.detector.wall(Side::kBuy), nullptr) << "nothing is behind it";
  EXPECT_DOUBLE_EQ(market.detector.slice_counts().ends(), 1.0);

  said = market.execute(9'000'000'001, 90, 37);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].kind, Sighting::Kind::kExhausted);
  EXPECT_EQ(said[0].order.executed, 437);
  EXPECT_DOUBLE_EQ(market.detector.slice_counts().ends(), 1.0) << "counted once";
}

TEST(IcebergDetector, WithoutAnotherSliceItIsExhausted) {
  Market market;
  const std::uint64_t shown = market.refill(0, 1, 3);
  EXPECT_TRUE(market.execute(9'000'000'000, shown, 100).empty()) << "not known yet";
  EXPECT_EQ(market.detector.wall(Side::kBuy), nullptr);
  const Sights said = market.pass(9'000'000'500);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].kind, Sighting::Kind::kExhausted);
  EXPECT_TRUE(said[0].believed_before);
  EXPECT_EQ(said[0].order.remainder(), 0.0);
  EXPECT_DOUBLE_EQ(market.detector.slice_counts().ends(), 1.0);
}

TEST(IcebergDetector, CancelsEndIt) {
  Market withdrawn;
  std::uint64_t shown = withdrawn.refill(0, 1, 3);
  Sights said = withdrawn.remove(9'000'000'000, shown, 100);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].kind, Sighting::Kind::kWithdrawn);
  EXPECT_EQ(withdrawn.detector.wall(Side::kBuy), nullptr);
  EXPECT_DOUBLE_EQ(withdrawn.detector.slice_counts().ends(), 0.0)
      << "how large it was nobody knows";

  Market reduced;
  shown = reduced.refill(0, 1, 3);
  said = reduced.reduce(9'000'000'000, shown, 30, 70);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].kind, Sighting::Kind::kUncovered);
  EXPECT_EQ(said[0].order.remainder(), 70.0);
  EXPECT_EQ(reduced.detector.wall(Side::kBuy), nullptr);
  said = reduced.execute(9'000'000'001, shown, 70);
  EXPECT_EQ(said[0].kind, Sighting::Kind::kExhausted);
}

TEST(IcebergDetector, AReplacedSliceEndsIt) {
  // A replace is a removal and an addition, with one stamp.
  Market market;
  const std::uint64_t shown = market.refill(0, 1, 3);
  EXPECT_EQ(market.remove(9, shown, 100)[0].kind, Sighting::Kind::kWithdrawn);
  EXPECT_TRUE(market.add(9, 500, 100, Price{999}).empty());
}

TEST(IcebergDetector, TheFirstSliceIsWhatWasExecutedOfIt) {
  Market market;
  market.execute(1, 1, 30, 70);
  market.execute(2, 9, 100);  // somebody else's
  market.execute(3, 1, 50, 20);
  market.execute(4, 1, 20);
  const Sights said = market.add(4, 2, 100);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].order.slice, 100);
  EXPECT_EQ(said[0].order.executed, 100);
}

TEST(IcebergDetector, AHiddenTradeAtThePriceSpeaksForIt) {
  const auto odds = [](std::int64_t traded, Price price) {
    Market market;
    market.hidden_trade(traded, 10, price);
    market.execute(20'000'000'000, 1, 100);
    return market.add(20'000'000'000, 2, 100)[0].order.log_odds;
  };
  const double without = odds(0, Price{2});
  EXPECT_NEAR(odds(15'000'000'000, kBid), without + std::log(2.0), 1e-12);
  EXPECT_NEAR(odds(9'000'000'000, kBid), without, 1e-12) << "too long ago";

  Market market;
  market.execute(10, 1, 100);
  const double before = market.add(10, 2, 100)[0].order.log_odds;
  market.hidden_trade(11, 10);
  market.hidden_trade(12, 25);
  market.detector.on_trade({kBid, 99, Side::kBuy, false, UnixNanos{13}});
  const HiddenOrder after = market.remove(14, 2, 100)[0].order;
  EXPECT_NEAR(after.log_odds, before + std::log(2.0), 1e-12) << "once a slice";
  EXPECT_EQ(after.hidden, 35);
}

TEST(IcebergDetector, LearnsFromChanceWhatComesAtOnce) {
  Market market;
  std::uint64_t reference = 1;
  const auto once = [&] {
    market.execute(10, reference++, 100);
    const double odds = market.add(10, reference, 100)[0].order.log_odds;
    market.execute(11, reference++, 100);
    market.pass(12);
    return odds;
  };
  const double first = once();
  for (int i = 0; i < 500; ++i) once();
  EXPECT_LT(once(), first - 2.0);
}

IcebergDetectorOptions delayed() {
  IcebergDetectorOptions options;
  options.refill_within = MonoNanos{1000};
  options.at_once = 0.5;
  return options;
}

TEST(IcebergDetector, RefillsMayComeLaterWhereTheVenueTakesTime) {
  Market market(delayed());
  market.execute(100, 1, 100);
  market.pass(500);
  const Sights said = market.add(1100, 2, 100);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].order.refills, 1);

  market.execute(2000, 2, 100);
  EXPECT_TRUE(market.add(2500, 3, 40).empty()) << "late, only like sizes count";
  const Sights ended = market.pass(3001);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].kind, Sighting::Kind::kExhausted);
  EXPECT_TRUE(market.add(3001, 4, 100).empty());
}

TEST(IcebergDetector, OfSeveralThatWaitTheLatestIsRefilled) {
  Market market(delayed());
  market.execute(100, 1, 100);
  market.execute(200, 2, 100);
  market.execute(300, 3, 50);
  const Sights said = market.add(400, 4, 100);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].order.first, UnixNanos{200});
}

TEST(IcebergDetector, MoreThanCanWaitAreGivenUp) {
  Market market(delayed());
  market.execute(100, 1, 100);
  market.add(100, 2, 100);
  market.execute(200, 2, 100);
  for (std::uint64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(market.execute(201, 10 + i, 5).empty());
  const Sights said = market.execute(202, 20, 5);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].kind, Sighting::Kind::kExhausted);
  EXPECT_EQ(said[0].order.reference, 2u);
}

TEST(IcebergDetector, SlicesMayDifferWhereTheVenueRandomisesThem) {
  IcebergDetectorOptions options;
  options.slice_spread = 0.2;
  Market market(options);
  market.execute(10, 1, 100);
  EXPECT_EQ(market.add(10, 2, 115).size(), 1u);
  market.execute(20, 2, 115);
  Sights said = market.add(20, 3, 92);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_FALSE(said[0].order.last) << "115 - 23";
  market.execute(30, 3, 92);
  said = market.add(30, 4, 70);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(said[0].order.last);
}

TEST(IcebergDetector, ForgetsTheLeastBelievedWhereThereIsNoRoom) {
  Market market;
  market.refill(0, 1000, 3);
  for (std::uint64_t i = 0; i < IcebergDetector::kOrders; ++i) {
    const Price price{100 + static_cast<std::int64_t>(i)};
    market.execute(10, 10 * i + 1, 100, 0, price);
    market.add(10, 10 * i + 2, 100, price);
  }
  EXPECT_EQ(market.detector.forgotten(), 1u);
  ASSERT_NE(market.detector.wall(Side::kBuy), nullptr);
  EXPECT_EQ(market.detector.wall(Side::kBuy)->price, kBid);
}

TEST(IcebergDetector, TheWallIsTheBestOfSeveral) {
  Market market;
  market.refill(0, 1, 3);
  for (std::uint64_t i = 100; i < 103; ++i) {
    market.execute(1, i, 200, 0, Price{1010});
    market.add(1, i + 1, 200, Price{1010});
  }
  EXPECT_EQ(market.detector.wall(Side::kBuy)->price, Price{1010});
  market.remove(2, 103, 200);
  ASSERT_NE(market.detector.wall(Side::kBuy), nullptr);
  EXPECT_EQ(market.detector.wall(Side::kBuy)->price, kBid);
}

TEST(IcebergDetector, LearnsHowMuchIsLeft) {
  Market market;
  std::uint64_t reference = 1;
  const double before = market.detector.slice_counts().expected(2);
  for (int i = 0; i < 200; ++i) {  // all of 21 slices
    reference = market.refill(0, reference, 20);
    market.execute(1, reference, 100);
    market.pass(2);
    ++reference;
  }
  EXPECT_DOUBLE_EQ(market.detector.slice_counts().ends(), 200.0);
  EXPECT_NEAR(market.detector.slice_counts().expected(2), 19.0, 1.5);
  EXPECT_LT(before, 10.0);
}

TEST(IcebergDetector, ResetForgetsOrdersAndKeepsWhatItLearnt) {
  Market market;
  std::uint64_t shown = market.refill(0, 1, 5);
  market.execute(9, shown, 100);
  market.pass(10);
  shown = market.refill(0, 500, 5);
  market.detector.reset();
  EXPECT_EQ(market.detector.wall(Side::kBuy), nullptr);
  EXPECT_TRUE(market.execute(11, shown, 100).empty());
  EXPECT_DOUBLE_EQ(market.detector.slice_counts().ends(), 1.0);
}

TEST(IcebergDetector, AllocatesNothing) {
  Market market(delayed());
  const OrderEvent taken{Kind::kExecuted, Side::kBuy, {}, 1, kBid, 100, 0, 0};
  const OrderEvent added{Kind::kAdded, Side::kBuy, {}, 1, kBid, 100, 100, 100};
  const std::uint64_t before = allocations_of_this_thread();
  for (std::int64_t i = 0; i < 1000; ++i) {
    market.detector.on_order(taken, UnixNanos{i});
    market.detector.on_order(added, UnixNanos{i});
    market.hidden_trade(i, 10);
  }
  EXPECT_EQ(allocations_of_this_thread(), before);
}

TEST(IcebergDetector, ValidatesEveryOption) {
  using O = IcebergDetectorOptions;
  EXPECT_TRUE(IcebergDetector::valid(O{}));
  EXPECT_TRUE(IcebergDetector::valid(delayed()));
  const auto refused = [](auto change) {
    O changed;
    change(changed);
    return !IcebergDetector::valid(changed);
  };
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {0.0, 1.0, -0.1, 1.1, kNan}) {
    EXPECT_TRUE(refused([=](O& o) { o.threshold = bad; })) << bad;
    EXPECT_TRUE(refused([=](O& o) { o.prior = bad; })) << bad;
    EXPECT_TRUE(refused([=](O& o) { o.at_once_by_chance = bad; })) << bad;
    EXPECT_TRUE(refused([=](O& o) { o.late_by_chance = bad; })) << bad;
  }
  for (const double bad : {0.0, 1.1, kNan})
    EXPECT_TRUE(refused([=](O& o) { o.at_once = bad; })) << bad;
  EXPECT_FALSE(refused([](O& o) { o.at_once = 1.0; }));
  EXPECT_TRUE(refused([](O& o) {
    o.at_once = 1.0;
    o.refill_within = MonoNanos{1};
  })) << "then none would be late";
  for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{1'000'000'001}})
    EXPECT_TRUE(refused([=](O& o) { o.refill_within = MonoNanos{bad}; })) << bad;
  for (const double bad : {-0.1, 0.6, kNan})
    EXPECT_TRUE(refused([=](O& o) { o.slice_spread = bad; })) << bad;
}

}  // namespace
}  // namespace pyscalp::signal
