#include "order/ledger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace pyscalp::order {
namespace {

constexpr InstrumentId kAmzn{1};
constexpr InstrumentId kAapl{2};

constexpr Price cents(std::int64_t n) { return {n * 10'000'000}; }
constexpr Money money(std::int64_t n) { return {n}; }

/// Rebate of 0.2 cents a share for makers, 0.3 cents for takers.
constexpr FeeSchedule kPerShare{{Money{-2'000'000}, 0}, {Money{3'000'000}, 0}};
constexpr FeeSchedule kFree{};

Execution buy(Qty qty, Price price) {
  Execution execution;
  execution.instrument = kAmzn;
  execution.qty = qty;
  execution.price = price;
  return execution;
}

Execution sell(Qty qty, Price price) {
  Execution execution = buy(qty, price);
  execution.side = Side::kSell;
  execution.intent = Intent::kTarget;
  return execution;
}

Money net_of(const RoundTrip& trip) {
  return trip.gross - trip.fees - trip.half_spread - trip.slippage - trip.network;
}

TEST(Ledger, RoundTripOfOneBuyAndOneSell) {
  Ledger ledger(kPerShare);
  Execution entry = buy(10, cents(10'001));
  entry.decision_mid = cents(9'999);
  entry.arrival_mid = cents(10'000);
  entry.arrival_half_spread = cents(1);
  entry.mid = cents(10'002);
  entry.time = MonoNanos{1'000};
  entry.venue_time = UnixNanos{5};
  entry.match = 77;
  entry.order_reference = 88;
  entry.user_ref = 3;
  entry.signal = signal::SignalId::kBookImbalance;
  const Booked first = ledger.on_fill(entry);
  ASSERT_EQ(first.fill_count, 1);
  EXPECT_FALSE(first.closed);
  const Fill& fill = first.fills[0];
  EXPECT_EQ(fill.time, MonoNanos{1'000});
  EXPECT_EQ(fill.venue_time, UnixNanos{5});
  EXPECT_EQ(fill.match, 77u);
  EXPECT_EQ(fill.order_reference, 88u);
  EXPECT_EQ(fill.user_ref, 3u);
  EXPECT_EQ(fill.round_trip, 1u);
  EXPECT_EQ(fill.number, 1u);
  EXPECT_EQ(fill.mid, cents(10'002));
  EXPECT_EQ(fill.position_after, 10);
  EXPECT_EQ(fill.fee, money(30'000'000));
  EXPECT_EQ(ledger.position(kAmzn).opened(), MonoNanos{1'000});
  EXPECT_EQ(ledger.longest_open(MonoNanos{1'500}), MonoNanos{500});

  Execution exit = sell(10, cents(10'004));
  exit.decision_mid = cents(10'003);
  exit.arrival_mid = cents(10'003);
  exit.arrival_half_spread = cents(2);
  exit.liquidity = Liquidity::kMaker;
  exit.time = MonoNanos{4'000};
  const Booked last = ledger.on_fill(exit);
  ASSERT_TRUE(last.closed);
  const RoundTrip& trip = last.round_trip;
  EXPECT_EQ(trip.id, 1u);
  EXPECT_EQ(trip.opened, MonoNanos{1'000});
  EXPECT_EQ(trip.closed, MonoNanos{4'000});
  EXPECT_EQ(trip.side, Side::kBuy);
  EXPECT_EQ(trip.signal, signal::SignalId::kBookImbalance);
  EXPECT_EQ(trip.exit_intent, Intent::kTarget);
  EXPECT_EQ(trip.qty, 10);
  EXPECT_EQ(trip.maker_qty, 10);
  EXPECT_EQ(trip.entry_notional, notional(cents(10'001), 10));
  EXPECT_EQ(trip.exit_notional, notional(cents(10'004), 10));
  // Per share, in cents: the mids rise from 9,999 to 10,003; the entry pays 1 of drift
  // and 1 of spread; the exit, 1 inside an ask of 10,005, earns 2 of spread less 1.
  EXPECT_EQ(trip.gross, notional(cents(4), 10));
  EXPECT_EQ(trip.network, notional(cents(1), 10));
  EXPECT_EQ(trip.half_spread, notional(cents(1 - 2), 10));
  EXPECT_EQ(trip.slippage, notional(cents(0 + 1), 10));
  EXPECT_EQ(trip.fees, money(10'000'000));
  EXPECT_EQ(trip.net, notional(cents(3), 10) - trip.fees);
  EXPECT_EQ(trip.net, net_of(trip));
  EXPECT_EQ(ledger.cash(), trip.net);
  EXPECT_EQ(ledger.equity(), trip.net);
  EXPECT_EQ(ledger.totals().net, trip.net);
  EXPECT_EQ(ledger.totals().longest_holding, MonoNanos{3'000});
  EXPECT_TRUE(ledger.open_positions().empty());
  EXPECT_EQ(ledger.position(kAmzn).opened(), kNever);
}

/// The example of docs/economics.md: 12 - (5 + 3 + 1) = 3 bp of an entry at $100, one
/// bp being one cent a share: 1 bp of drift before the entry, a spread of 3 bp of which
/// a taker pays half on either side and a maker is paid it.
TEST(Ledger, TwelveLessFiveThreeAndOneIsThree) {
  const auto hundredths = [](std::int64_t n) { return Price{n * 100'000}; };
  const auto trip = [&](const FeeSchedule& fees, Liquidity liquidity) {
    Ledger ledger(fees);
    const Price half = hundredths(liquidity == Liquidity::kTaker ? 150 : -150);
    Execution entry = buy(1'000, cents(10'000));
    entry.arrival_mid = entry.price - half;
    entry.decision_mid = entry.arrival_mid - hundredths(100);
    entry.liquidity = liquidity;
    Execution exit = sell(1'000, entry.decision_mid + hundredths(1'200) - half);
    exit.decision_mid = exit.arrival_mid = entry.decision_mid + hundredths(1'200);
    exit.liquidity = liquidity;
    entry.arrival_half_spread = exit.arrival_half_spread = hundredths(150);
    ledger.on_fill(entry);
    return ledger.on_fill(exit).round_trip;
  };
  // Per share: 2.5 bp as taker, 0.5 bp of rebate as maker.
  const FeeSchedule fees{{Money{-5'000'000}, 0}, {Money{25'000'000}, 0}};
  const RoundTrip taker = trip(fees, Liquidity::kTaker);
  const std::int64_t bp = taker.entry_notional.value / 10'000;
  EXPECT_EQ(taker.gross, money(12 * bp));
  EXPECT_EQ(taker.fees, money(5 * bp));
  EXPECT_EQ(taker.half_spread, money(3 * bp));
  EXPECT_EQ(taker.slippage, money(0));
  EXPECT_EQ(taker.network, money(1 * bp));
  EXPECT_EQ(taker.net, money(3 * bp));
  const RoundTrip maker = trip(fees, Liquidity::kMaker);
  EXPECT_EQ(maker.gross, money(12 * bp));
  EXPECT_EQ(maker.fees, money(-1 * bp));
  EXPECT_EQ(maker.half_spread, money(-3 * bp));
  EXPECT_EQ(maker.slippage, money(0));
  EXPECT_EQ(maker.network, money(1 * bp));
  EXPECT_EQ(maker.net, money((12 - (-1 - 3 + 1)) * bp));
  EXPECT_EQ(maker.maker_qty, 2 * maker.qty);
}

TEST(Ledger, FillThroughZeroClosesOneTripAndOpensTheNext) {
  Ledger ledger(FeeSchedule{{}, {Money{1}, 333}});
  ledger.on_fill(buy(7, cents(10'000)));
  Execution through = sell(10, cents(10'003));
  through.time = MonoNanos{9};
  through.signal = signal::SignalId::kMeanReversion;
  const Booked booked = ledger.on_fill(through);
  ASSERT_EQ(booked.fill_count, 2);
  ASSERT_TRUE(booked.closed);
  EXPECT_EQ(booked.fills[0].qty, 7);
  EXPECT_EQ(booked.fills[0].position_after, 0);
  EXPECT_EQ(booked.fills[0].round_trip, 1u);
  EXPECT_EQ(booked.fills[1].qty, 3);
  EXPECT_EQ(booked.fills[1].position_after, -3);
  EXPECT_EQ(booked.fills[1].round_trip, 2u);
  EXPECT_EQ(booked.fills[0].number, 2u);
  EXPECT_EQ(booked.fills[1].number, 3u);
  EXPECT_EQ(booked.fills[0].fee + booked.fills[1].fee,
            ledger.fees().fee(Liquidity::kTaker, cents(10'003), 10));
  EXPECT_EQ(booked.round_trip.id, 1u);
  EXPECT_EQ(ledger.position(kAmzn).opened(), MonoNanos{9});
  EXPECT_EQ(ledger.position(kAmzn).side(), Side::kSell);
  ASSERT_EQ(ledger.open_positions().size(), 1u);
  const Booked second = ledger.on_fill(buy(3, cents(10'001)));
  ASSERT_TRUE(second.closed);
  EXPECT_EQ(second.round_trip.id, 2u);
  EXPECT_EQ(second.round_trip.side, Side::kSell);
  EXPECT_EQ(second.round_trip.signal, signal::SignalId::kMeanReversion);
  EXPECT_EQ(booked.round_trip.net + second.round_trip.net, ledger.cash());
}

/// A taker that walks two levels, and a maker behind the touch.
TEST(Ledger, SlippageIsWhatLiesBeyondTheTouch) {
  Ledger ledger(kFree);
  const auto at = [](Execution execution) {
    execution.decision_mid = execution.arrival_mid = cents(10'000);
    execution.arrival_half_spread = cents(2);
    return execution;
  };
  ledger.on_fill(at(buy(5, cents(10'002))));
  ledger.on_fill(at(buy(5, cents(10'003))));
  Execution behind = at(sell(10, cents(10'006)));
  behind.liquidity = Liquidity::kMaker;
  const RoundTrip trip = ledger.on_fill(behind).round_trip;
  EXPECT_EQ(trip.half_spread, notional(cents(2 - 2), 10));
  EXPECT_EQ(trip.slippage, notional(cents(1), 5) - notional(cents(4), 10));
  EXPECT_EQ(trip.gross, money(0));
  EXPECT_EQ(trip.net, net_of(trip));
}

TEST(Ledger, AbsentMidIsTheFillPriceInTheRecordToo) {
  Ledger ledger(kFree);
  Execution first = buy(10, cents(10'000));
  first.arrival_half_spread = cents(7);
  const Booked entry = ledger.on_fill(first);
  EXPECT_EQ(entry.fills[0].arrival_half_spread, Price{});
  EXPECT_EQ(entry.fills[0].mid, kNoPrice);
  EXPECT_EQ(entry.fills[0].decision_mid, cents(10'000));
  EXPECT_EQ(entry.fills[0].arrival_mid, cents(10'000));
  Execution exit = sell(10, cents(10'005));
  exit.decision_mid = cents(10'006);
  const RoundTrip trip = ledger.on_fill(exit).round_trip;
  EXPECT_EQ(trip.gross, notional(cents(6), 10));
  EXPECT_EQ(trip.network, notional(cents(1), 10));
  EXPECT_EQ(trip.half_spread, money(0));
  EXPECT_EQ(trip.slippage, money(0));
  EXPECT_EQ(trip.net, notional(cents(5), 10));
}

TEST(Ledger, MarksAtTheLastFillUntilThereIsAMark) {
  Ledger ledger(kFree);
  ledger.on_fill(buy(10, cents(10'000)));
  EXPECT_EQ(ledger.unrealised(), money(0));
  ledger.on_mark(kAmzn, cents(9'990));
  EXPECT_EQ(ledger.unrealised(), -notional(cents(10), 10));
  ledger.on_mark(kAmzn, kNoPrice);
  EXPECT_EQ(ledger.unrealised(), -notional(cents(10), 10));
  ledger.on_mark(kAapl, cents(1));
  EXPECT_EQ(ledger.equity(), -notional(cents(10), 10));
  ledger.on_fill(sell(4, cents(10'010)));
  EXPECT_EQ(ledger.realised(), notional(cents(10), 4));
  EXPECT_EQ(ledger.unrealised(), -notional(cents(10), 6));
}

TEST(Ledger, ShortPositionsGainWhenTheMarkFalls) {
  Ledger ledger(kFree);
  ledger.on_fill(sell(10, cents(10'000)));
  ledger.on_mark(kAmzn, cents(9'990));
  EXPECT_EQ(ledger.unrealised(), notional(cents(10), 10));
  const RoundTrip trip = ledger.on_fill(buy(10, cents(9'990))).round_trip;
  EXPECT_EQ(trip.net, notional(cents(10), 10));
  EXPECT_EQ(trip.entry_notional, notional(cents(10'000), 10));
  EXPECT_EQ(ledger.unrealised(), money(0));
}

TEST(Ledger, ExitPriceIsTheSideOneWouldTake) {
  const book::Touch touch{cents(9'999), cents(10'001), 5, 5};
  EXPECT_EQ(Ledger::exit_price(1, touch), cents(9'999));
  EXPECT_EQ(Ledger::exit_price(-1, touch), cents(10'001));
  EXPECT_EQ(Ledger::exit_price(0, touch), kNoPrice);
  EXPECT_EQ(Ledger::exit_price(1, book::Touch{}), kNoPrice);
}

TEST(Ledger, RefusesWhatIsNoFill) {
  Ledger ledger(kFree);
  EXPECT_EQ(ledger.on_fill(buy(0, cents(1))).fill_count, 0);
  EXPECT_EQ(ledger.on_fill(buy(-5, cents(1))).fill_count, 0);
  EXPECT_EQ(ledger.on_fill(buy(5, kNoPrice)).fill_count, 0);
  EXPECT_EQ(ledger.on_fill(buy(5, Price{-1})).fill_count, 0);
  EXPECT_EQ(ledger.totals().refused, 4u);
  EXPECT_EQ(ledger.totals().executions, 0u);
  EXPECT_EQ(ledger.cash(), money(0));
}

TEST(Ledger, CountsLosingTripsByTheirNet) {
  Ledger ledger(kPerShare);
  ledger.on_fill(buy(10, cents(10'000)));
  ledger.on_fill(sell(10, cents(10'000)));  // fees alone make it a loss
  EXPECT_EQ(ledger.totals().round_trips, 1u);
  EXPECT_EQ(ledger.totals().losing_round_trips, 1u);
}

/// Positions whose notional is beyond 64 bits on the way still add up.
TEST(Ledger, SumsAreExactBeyondInt64OnTheWay) {
  Ledger ledger(kFree);
  const Price price = cents(19'999'900);
  for (int i = 0; i < 20; ++i) ledger.on_fill(buy(999'999, price));
  for (int i = 0; i < 19; ++i) ledger.on_fill(sell(999'999, price));
  const RoundTrip trip = ledger.on_fill(sell(999'999, {price.value + 1})).round_trip;
  EXPECT_EQ(trip.net, money(999'999));
  EXPECT_EQ(ledger.cash(), money(999'999));
  EXPECT_EQ(ledger.realised(), money(999'999));
}

TEST(Ledger, ListsInstrumentsThatAreNotFlat) {
  Ledger ledger(kFree);
  const auto trade = [&](std::uint16_t instrument, Side side, std::int64_t at) {
    Execution execution = buy(1, cents(100));
    execution.instrument = InstrumentId{instrument};
    execution.side = side;
    execution.time = MonoNanos{at};
    ledger.on_fill(execution);
  };
  const auto open = [&] {
    const auto list = ledger.open_positions();
    std::vector<InstrumentId> sorted(list.begin(), list.end());
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  };
  trade(1, Side::kBuy, 10);
  trade(2, Side::kSell, 20);
  trade(65'535, Side::kBuy, 30);
  trade(1, Side::kBuy, 40);
  EXPECT_EQ(open(),
            (std::vector{InstrumentId{1}, InstrumentId{2}, InstrumentId{65'535}}));
  EXPECT_EQ(ledger.longest_open(MonoNanos{100}), MonoNanos{90});
  trade(1, Side::kSell, 50);
  trade(1, Side::kSell, 60);
  EXPECT_EQ(open(), (std::vector{InstrumentId{2}, InstrumentId{65'535}}));
  trade(65'535, Side::kSell, 70);
  trade(2, Side::kBuy, 80);
  EXPECT_TRUE(open().empty());
  EXPECT_EQ(ledger.longest_open(MonoNanos{100}), MonoNanos{0});
}

/// What is reported twice over is added up here from the fills alone.
struct Sums {
  Int128 gross = 0, half_spread = 0, slippage = 0, network = 0, fees = 0, cash = 0;

  void add(const Fill& fill) {
    const Int128 signed_qty = sign(fill.side) * fill.qty;
    gross -= signed_qty * fill.decision_mid.value;
    network += signed_qty * (fill.arrival_mid.value - fill.decision_mid.value);
    // Takers buy at the ask and sell at the bid, makers the other way round.
    const bool at_ask =
        (fill.side == Side::kBuy) == (fill.liquidity == Liquidity::kTaker);
    const std::int64_t half = fill.arrival_half_spread.value;
    const std::int64_t touch = fill.arrival_mid.value + (at_ask ? half : -half);
    half_spread += signed_qty * (touch - fill.arrival_mid.value);
    slippage += signed_qty * (fill.price.value - touch);
    fees += fill.fee.value;
    cash -= signed_qty * fill.price.value + fill.fee.value;
  }
};

class RandomLedger {
 public:
  explicit RandomLedger(const FeeSchedule& fees) : ledger_(fees) {}

  void step() {
    const Execution execution = random_execution();
    const Qty before = ledger_.position(execution.instrument).qty();
    const Booked booked = ledger_.on_fill(execution);
    Money fee{};
    Qty qty = 0;
    for (const Fill& fill : booked.all()) {
      fee += fill.fee;
      qty += fill.qty;
      all_.add(fill);
      Sums& trip = trips_[index(fill.instrument)];
      trip.add(fill);
      if (fill.position_after == 0) {
        ASSERT_TRUE(booked.closed);
        check_trip(booked.round_trip, trip);
        trip = {};
      }
    }
    ASSERT_EQ(qty, execution.qty);
    ASSERT_EQ(fee, ledger_.fees().fee(execution.liquidity, execution.price, qty));
    const Qty after = before + sign(execution.side) * execution.qty;
    ASSERT_EQ(ledger_.position(execution.instrument).qty(), after);
    ASSERT_EQ(booked.fill_count, before * after < 0 ? 2 : 1);
    flips += booked.fill_count == 2;
    if (pick(0, 3) == 0) {
      mark_[index(execution.instrument)] = price();
      ledger_.on_mark(execution.instrument, mark_[index(execution.instrument)]);
    } else if (before == 0 || before * after < 0) {
      // A new position is valued at its own price, whatever an earlier one's mark was.
      mark_[index(execution.instrument)] = execution.price;
    }
    check_totals();
  }
  int flips = 0;
  int closed = 0;

 private:
  std::int64_t pick(std::int64_t from, std::int64_t to) {
    return from + static_cast<std::int64_t>(random_() %
                                            static_cast<std::uint64_t>(to - from + 1));
  }
  Price price() { return {pick(1, 400'000) * 1'000'003}; }
  Price mid() { return pick(0, 9) == 0 ? kNoPrice : Price{price().value / 2}; }
  Execution random_execution() {
    Execution execution;
    execution.instrument = InstrumentId{static_cast<std::uint16_t>(pick(1, 3))};
    execution.side = pick(0, 1) == 0 ? Side::kBuy : Side::kSell;
    const Qty held = ledger_.position(execution.instrument).qty();
    execution.qty = pick(1, 100);
    if (held != 0 && pick(0, 2) == 0) {
      execution.qty = held < 0 ? -held : held;
      execution.side = held < 0 ? Side::kBuy : Side::kSell;
    }
    execution.price = price();
    execution.liquidity = pick(0, 1) == 0 ? Liquidity::kMaker : Liquidity::kTaker;
    execution.decision_mid = mid();
    execution.arrival_mid = mid();
    execution.arrival_half_spread = {pick(0, 1'000) * 50'001};
    return execution;
  }

  void check_trip(const RoundTrip& trip, const Sums& sums) {
    ++closed;
    ASSERT_EQ(trip.gross.value, static_cast<std::int64_t>(sums.gross));
    ASSERT_EQ(trip.network.value, static_cast<std::int64_t>(sums.network));
    ASSERT_EQ(trip.half_spread.value, static_cast<std::int64_t>(sums.half_spread));
    ASSERT_EQ(trip.slippage.value, static_cast<std::int64_t>(sums.slippage));
    ASSERT_EQ(trip.fees.value, static_cast<std::int64_t>(sums.fees));
    ASSERT_EQ(trip.net.value, static_cast<std::int64_t>(sums.cash));
    ASSERT_EQ(trip.net, net_of(trip));
    const Money sides = trip.side == Side::kBuy
                            ? trip.exit_notional - trip.entry_notional
                            : trip.entry_notional - trip.exit_notional;
    ASSERT_EQ(trip.net, sides - trip.fees);
    ASSERT_LE(trip.maker_qty, 2 * trip.qty);
  }

  void check_totals() {
    Int128 at_mark = all_.cash;
    for (std::uint16_t i = 1; i <= 3; ++i) {
      const Qty held = ledger_.position(InstrumentId{i}).qty();
      if (held != 0) at_mark += static_cast<Int128>(mark_[i].value) * held;
    }
    ASSERT_EQ(ledger_.cash().value, static_cast<std::int64_t>(all_.cash));
    ASSERT_EQ(ledger_.totals().fees.value, static_cast<std::int64_t>(all_.fees));
    ASSERT_EQ(ledger_.equity().value, static_cast<std::int64_t>(at_mark));
  }

  std::mt19937_64 random_{12};
  Ledger ledger_;
  Sums all_;
  std::array<Sums, 4> trips_{};
  std::array<Price, 4> mark_{kNoPrice, kNoPrice, kNoPrice, kNoPrice};
};

TEST(Ledger, IdentitiesHoldExactlyOnRandomFills) {
  const std::vector<FeeSchedule> schedules{
      kFree,
      kPerShare,
      {{Money{-2'000'001}, -37}, {Money{3'000'007}, 333}},
      {{Money{}, 1}, {Money{}, 999'999}}};
  for (const FeeSchedule& fees : schedules) {
    RandomLedger random(fees);
    for (int i = 0; i < 50'000 && !testing::Test::HasFailure(); ++i) random.step();
    EXPECT_GT(random.flips, 100);
    EXPECT_GT(random.closed, 1'000);
  }
}

}  // namespace
}  // namespace pyscalp::order
