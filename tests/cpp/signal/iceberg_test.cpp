#include "signal/iceberg.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace pyscalp::signal {
namespace {

using Kind = book::OrderEvent::Kind;

constexpr Price kBid{1000};
constexpr Price kAsk{1100};

/// An iceberg of slices of 100 at the best price of a side, and who looks at it.
class Market {
 public:
  explicit Market(IcebergOptions options = {}) : signal(options) {}

  void add(Side side, std::uint64_t reference, Qty qty = 100) {
    tell(Kind::kAdded, side, reference, qty, qty);
  }
  void execute(Side side, std::uint64_t reference, Qty qty = 100) {
    tell(Kind::kExecuted, side, reference, qty, 0);
  }
  void remove(Side side, std::uint64_t reference, Qty qty = 100) {
    tell(Kind::kRemoved, side, reference, qty, 0);
  }
  /// Three refills; returns the reference that is shown then.
  std::uint64_t iceberg(Side side) {
    const std::uint64_t first = next_;
    for (int i = 0; i < 3; ++i) {
      execute(side, next_);
      add(side, ++next_);
      ++now;
    }
    next_ += 10;
    return first + 3;
  }
  Forecast look(Qty bid_qty = 100, Qty ask_qty = 100) {
    MarketView view;
    view.venue_time = UnixNanos{now};
    view.touch = {bid, ask, bid_qty, ask_qty};
    return signal.on_book(view);
  }
  double reserve(Side side) { return signal.detector().wall(side)->reserve; }

  Iceberg signal;
  std::int64_t now = 1000;
  Price bid = kBid;
  Price ask = kAsk;

 private:
  void tell(Kind kind, Side side, std::uint64_t reference, Qty qty, Qty left) {
    const Price price = side == Side::kBuy ? kBid : kAsk;
    signal.on_order({kind, side, {}, reference, price, qty, left, left},
                    UnixNanos{now});
  }
  std::uint64_t next_ = 1;
};

TEST(Iceberg, ExpectsTheMidAwayFromTheWall) {
  Market market;
  EXPECT_EQ(market.look().signal, SignalId::kNone);
  market.iceberg(Side::kBuy);
  const Forecast up = market.look();
  const double ours = 100 + market.reserve(Side::kBuy);
  EXPECT_NEAR(static_cast<double>(up.expected_move.value),
              50 * (ours - 100) / (ours + 100), 0.5);
  EXPECT_GT(up.expected_move, Price{});
  EXPECT_EQ(up.signal, SignalId::kIceberg);
  EXPECT_EQ(up.veto, Sides::kShort);
  EXPECT_EQ(up.leave, Sides::kNone);

  Market below;
  below.iceberg(Side::kSell);
  EXPECT_EQ(below.look().expected_move, -up.expected_move);
  EXPECT_EQ(below.look().veto, Sides::kLong);
}

TEST(Iceberg, NeverTowardsTheOnlyWall) {
  Market market;
  market.iceberg(Side::kBuy);
  const Forecast forecast = market.look(100, 1'000'000);
  EXPECT_EQ(forecast.expected_move, Price{});
  EXPECT_EQ(forecast.veto, Sides::kShort) << "a shield all the same";
}

TEST(Iceberg, BetweenTwoWallsNothingIsEntered) {
  Market market;
  market.iceberg(Side::kBuy);
  market.iceberg(Side::kSell);
  EXPECT_EQ(market.look().veto, Sides::kBoth);
  EXPECT_NEAR(static_cast<double>(market.look().expected_move.value), 0, 2)
      << "of nearly equal ones";
  EXPECT_LT(market.look(100, 300).expected_move, Price{});
}

TEST(Iceberg, OnlyAtTheTouchAndInASoundBook) {
  Market market;
  market.iceberg(Side::kBuy);
  market.bid = Price{1010};
  EXPECT_EQ(market.look().signal, SignalId::kNone);
  market.bid = kBid;
  EXPECT_EQ(market.look().signal, SignalId::kIceberg);
  market.ask = kBid;
  EXPECT_EQ(market.look().signal, SignalId::kNone);
  market.ask = kNoPrice;
  EXPECT_EQ(market.look().signal, SignalId::kNone);
}

TEST(Iceberg, AThinReserveIsNoShield) {
  IcebergOptions options;
  options.min_reserve = 1e6;
  Market market(options);
  market.iceberg(Side::kBuy);
  EXPECT_EQ(market.look().signal, SignalId::kNone);
}

TEST(Iceberg, LeavesWhenItIsGoneAndForAWhile) {
  IcebergOptions options;
  options.leave_for = MonoNanos{50};
  Market market(options);
  market.execute(Side::kBuy, market.iceberg(Side::kBuy));
  EXPECT_EQ(market.look().leave, Sides::kNone) << "it may be refilled yet";
  EXPECT_EQ(market.look().veto, Sides::kNone);
  ++market.now;
  market.add(Side::kSell, 999);
  const Forecast gone = market.look();
  EXPECT_EQ(gone.leave, Sides::kLong);
  EXPECT_EQ(gone.signal, SignalId::kIceberg);
  EXPECT_EQ(gone.expected_move, Price{});
  market.now += 50;
  EXPECT_EQ(market.look().leave, Sides::kLong);
  market.now += 1;
  EXPECT_EQ(market.look().leave, Sides::kNone);
  EXPECT_EQ(market.look().signal, SignalId::kNone);
}

TEST(Iceberg, LeavesAtTheLastSliceAndAtAWithdrawal) {
  Market last;
  last.execute(Side::kSell, last.iceberg(Side::kSell));
  last.add(Side::kSell, 500, 30);
  EXPECT_EQ(last.look().leave, Sides::kShort);

  Market withdrawn;
  withdrawn.remove(Side::kBuy, withdrawn.iceberg(Side::kBuy));
  EXPECT_EQ(withdrawn.look().leave, Sides::kLong);
}

TEST(Iceberg, AnotherWallIsAsGood) {
  Market market;
  const std::uint64_t first = market.iceberg(Side::kBuy);
  market.iceberg(Side::kBuy);
  market.remove(Side::kBuy, first);
  EXPECT_EQ(market.look().leave, Sides::kNone);
  EXPECT_EQ(market.look().veto, Sides::kShort);
}

TEST(Iceberg, WhatWasNotBelievedInIsNotLeft) {
  Market market;
  market.execute(Side::kBuy, 1);
  market.add(Side::kBuy, 2);
  market.remove(Side::kBuy, 2);
  EXPECT_EQ(market.look().leave, Sides::kNone);
}

TEST(Iceberg, TheGainScalesTheMove) {
  IcebergOptions options;
  options.gain = 10.0;
  Market one, ten(options);
  one.iceberg(Side::kBuy);
  ten.iceberg(Side::kBuy);
  EXPECT_NEAR(static_cast<double>(ten.look().expected_move.value),
              10 * static_cast<double>(one.look().expected_move.value), 5);
}

TEST(Iceberg, ResetForgets) {
  Market market;
  market.iceberg(Side::kBuy);
  market.signal.reset();
  EXPECT_EQ(market.look().signal, SignalId::kNone);

  market.remove(Side::kBuy, market.iceberg(Side::kBuy));
  market.signal.reset();
  EXPECT_EQ(market.look().leave, Sides::kNone);
}

TEST(Iceberg, ValidatesEveryOption) {
  using O = IcebergOptions;
  EXPECT_TRUE(Iceberg::valid(O{}));
  const auto refused = [](auto change) {
    O changed;
    change(changed);
    return !Iceberg::valid(changed);
  };
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(refused([](O& o) { o.detector.threshold = 1.0; }));
  for (const double bad : {-1.0, 2e9, kNan})
    EXPECT_TRUE(refused([=](O& o) { o.min_reserve = bad; })) << bad;
  for (const double bad : {0.0, -1.0, 1001.0, kNan})
    EXPECT_TRUE(refused([=](O& o) { o.gain = bad; })) << bad;
  EXPECT_TRUE(refused([](O& o) { o.leave_for = MonoNanos{-1}; }));
  EXPECT_TRUE(refused([](O& o) { o.leave_for = kNever; }));
}

}  // namespace
}  // namespace pyscalp::signal
