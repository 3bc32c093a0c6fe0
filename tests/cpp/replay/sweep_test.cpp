// A planned sweep, sent to the included exchange, is filled as a walk of its book says.
#include "order/sweep.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/random.hpp"
#include "book/itch_books.hpp"
#include "exchange/market.hpp"
#include "wire/binary_file.hpp"

namespace pyscalp::replay {
namespace {

constexpr InstrumentId kId{3};
constexpr std::int64_t kTick = 10'000'000;
constexpr exchange::AccountId kMaker = 1;
constexpr exchange::AccountId kSweeper = 2;
constexpr UnixNanos kNow{34'200'000'000'000};

/// The exchange with a random book, and the books that its feed makes.
class SweepTest : public testing::Test {
 protected:
  SweepTest() : market_({{kId, "AMZN", {kTick}}}, {}) { market_.open(kNow); }

  struct Quiet {};
  void follow_feed() {
    Quiet quiet;
    wire::BinaryFileReader reader(market_.feed());
    while (const auto message = reader.next()) books_.apply(*message, quiet);
    market_.clear_outputs();
  }
  void fill_book(Random& random) {
    for (std::uint64_t i = 10 + random.below(30); i > 0; --i) {
      const Side side = random.below(2) == 0 ? Side::kBuy : Side::kSell;
      const auto away = static_cast<std::int64_t>(random.below(8)) * kTick;
      exchange::NewOrder order;
      order.account = kMaker;
      order.client_ref = ++ref_;
      order.instrument = kId;
      order.side = side;
      order.qty = 1 + static_cast<Qty>(random.below(300));
      order.price = {side == Side::kBuy ? 100'000'000'000 - away
                                        : 100'020'000'000 + away};
      market_.enter(order, kNow);
    }
    follow_feed();
  }

  exchange::Market market_;
  book::ItchBooks books_{book::BookCapacity{1 << 14, 1 << 12}};
  std::uint32_t ref_ = 0;
};

struct Fills {
  Qty qty = 0;
  Int128 notional = 0;
  friend bool operator==(const Fills&, const Fills&) = default;
};

/// What a marketable limit order gets, by the exchange's own levels.
Fills walk(const std::vector<exchange::PriceLevel>& levels, Side side, Qty qty,
           Price limit) {
  Fills fills;
  for (const exchange::PriceLevel& level : levels) {
    if (side == Side::kBuy ? level.price > limit : level.price < limit) break;
    const Qty here = std::min(qty - fills.qty, level.qty);
    fills.qty += here;
    fills.notional += static_cast<Int128>(level.price.value) * here;
  }
  return fills;
}

TEST_F(SweepTest, FillsEqualAWalkOfTheBook) {
  Random random(17);
  int sweeps = 0;
  int deep = 0;
  for (int round = 0; round < 2'000; ++round) {
    fill_book(random);
    const book::Touch touch = books_.books().touch(kId);
    if (!touch.sound()) continue;
    const Side side = random.below(2) == 0 ? Side::kBuy : Side::kSell;
    std::array<book::LevelView, 8> shown;
    const auto count = static_cast<std::size_t>(
        books_.books().levels(kId, opposite(side), shown.data(), 8));
    const order::SweepOptions options{
        1 + static_cast<int>(random.below(6)),
        100'000 + static_cast<std::int64_t>(random.below(900'001)),
        1 + static_cast<Qty>(random.below(1'500))};
    FeeSchedule fees;
    fees.taker.per_share = {3'000'000};
    const order::Expectation expectation(
        {}, fees, touch, {static_cast<std::int64_t>(random.below(10)) * kTick}, {});
    const Price worst =
        touch.price(opposite(side)) +
        Price{static_cast<std::int64_t>(random.below(6)) * kTick * sign(side)};
    const auto room = static_cast<Qty>(random.below(2'000));
    const order::SweepPlan plan = order::plan_sweep(
        options, side, {shown.data(), count}, worst, expectation, {}, room);
    if (plan.qty == 0) continue;

    EXPECT_LE(plan.qty, room);
    EXPECT_LE(plan.qty, options.qty_max);
    EXPECT_FALSE(side == Side::kBuy ? plan.limit > worst : plan.limit < worst);
    const auto levels = market_.depth(kId, opposite(side), 100);
    const Fills expected = walk(levels, side, plan.qty, plan.limit);
    EXPECT_EQ(expected.qty, plan.qty) << "the plan is of what is there";
    for (const exchange::PriceLevel& level : levels) {
      if (side == Side::kBuy ? level.price > plan.limit : level.price < plan.limit)
        break;
      EXPECT_GE(expectation.taken(level.price), Price{}) << "each share earns its cost";
    }

    exchange::NewOrder order;
    order.account = kSweeper;
    order.client_ref = ++ref_;
    order.instrument = kId;
    order.side = side;
    order.qty = plan.qty;
    order.price = plan.limit;
    order.time_in_force = exchange::TimeInForce::kIoc;
    market_.enter(order, kNow);
    Fills filled;
    for (const exchange::Report& report : market_.reports()) {
      if (report.account != kSweeper) continue;
      if (report.kind != exchange::ReportKind::kExecuted) continue;
      filled.qty += report.qty;
      filled.notional += static_cast<Int128>(report.price.value) * report.qty;
    }
    EXPECT_EQ(filled, expected);
    follow_feed();
    ++sweeps;
    deep += plan.limit != touch.price(opposite(side));
    if (round % 10 == 0) {
      market_.cancel_all(kMaker, kNow, 'U');
      follow_feed();
    }
  }
  EXPECT_GT(sweeps, 500);
  EXPECT_GT(deep, 100);
}

}  // namespace
}  // namespace pyscalp::replay
