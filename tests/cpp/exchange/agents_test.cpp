#include "exchange/agents.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <stdexcept>

#include "wire/binary_file.hpp"

namespace pyscalp::exchange {
namespace {

constexpr MonoNanos kTenMinutes = seconds(600);

AgentParameters two_stocks() {
  AgentParameters parameters;
  StockParameters other;
  other.symbol = "OTHER";
  other.opening = Price{41'500'000'000};
  parameters.stocks.push_back(other);
  return parameters;
}

/// A market and its agents, stepped one event at a time.
struct Day {
  explicit Day(const AgentParameters& parameters = {}, std::uint64_t seed = 1)
      : instruments(Agents::instruments(parameters)),
        market(instruments, FeeSchedule{}),
        agents(parameters, seed, instruments) {}

  /// Steps until `duration` after the first event; `look(market)` after each event.
  template <class Look>
  void run(MonoNanos duration, Look&& look) {
    if (!start) start = agents.next_time()->value;
    while (const std::optional<UnixNanos> next = agents.next_time()) {
      if (next->value > *start + duration.value) return;
      now = *next;
      agents.step(market);
      look(market);
      market.clear_outputs();
    }
  }

  std::vector<Instrument> instruments;
  Market market;
  Agents agents;
  std::optional<std::int64_t> start;
  UnixNanos now{};
};

std::map<char, int> types_of(const std::vector<std::byte>& file) {
  std::map<char, int> count;
  wire::BinaryFileReader reader(file);
  while (const std::optional<Bytes> message = reader.next()) {
    ++count[static_cast<char>((*message)[0])];
  }
  EXPECT_FALSE(reader.truncated());
  return count;
}

TEST(Agents, SameSeedSameBytes) {
  const auto day = simulate_day({}, 7, kTenMinutes);
  EXPECT_GT(day.size(), 50'000u);
  EXPECT_EQ(day, simulate_day({}, 7, kTenMinutes));
}

/// FNV-1a over all bytes.
std::uint64_t fingerprint(const std::vector<std::byte>& file) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const std::byte byte : file) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001B3u;
  }
  return hash;
}

TEST(Agents, ASeedMeansOneDayWithEveryCompiler) {
  // gcc 12 and clang 14 must both give this; a change to the agents changes it.
  EXPECT_EQ(fingerprint(simulate_day({}, 7, kTenMinutes)), 16136324020378339230u);
}

TEST(Agents, AnotherSeedAnotherDay) {
  EXPECT_NE(simulate_day({}, 7, kTenMinutes), simulate_day({}, 8, kTenMinutes));
}

TEST(Agents, ALongerDayBeginsWithTheShorterOne) {
  const auto shorter = simulate_day({}, 7, seconds(60));
  const auto longer = simulate_day({}, 7, seconds(120));
  ASSERT_GT(longer.size(), shorter.size());
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
}

TEST(Agents, EveryKindOfMessageIsThere) {
  std::map<char, int> types = types_of(simulate_day({}, 3, seconds(3600)));
  for (const char type : {'A', 'D', 'X', 'E', 'P'}) EXPECT_GT(types[type], 50) << type;
  EXPECT_EQ(types['S'], 3);  // O, S and Q: the day has not closed
  EXPECT_EQ(types['R'], 1);
}

TEST(Agents, TheBookIsTwoSidedAndNeverCrossed) {
  Day day(two_stocks());
  std::int64_t looks = 0;
  day.run(seconds(3600), [&](const Market& market) {
    for (const Instrument& instrument : day.instruments) {
      const Price bid = market.best(instrument.id, Side::kBuy).price;
      const Price ask = market.best(instrument.id, Side::kSell).price;
      ASSERT_NE(bid, kNoPrice);
      ASSERT_NE(ask, kNoPrice);
      ASSERT_LT(bid, ask);
      ASSERT_EQ(bid.value % instrument.tick.value, 0);
      ++looks;
    }
  });
  EXPECT_GT(looks, 50'000);
}

TEST(Agents, TimeNeverRunsBack) {
  const auto file = simulate_day(two_stocks(), 5, kTenMinutes);
  wire::BinaryFileReader reader(file);
  std::uint64_t last = 0;
  while (const std::optional<Bytes> message = reader.next()) {
    const std::uint64_t time = wire::itch::timestamp_ns(*message);
    ASSERT_GE(time, last);
    last = time;
  }
  EXPECT_GE(last, 34'200'000'000'000u + 590'000'000'000u);
  EXPECT_LE(last, 34'200'000'000'000u + 600'000'000'000u);
}

TEST(Agents, NothingTheyDoIsRejectedAndAllAccountsAreTheirs) {
  Day day;
  std::int64_t executions = 0;
  day.run(seconds(3600), [&](const Market& market) {
    for (const Report& report : market.reports()) {
      ASSERT_NE(report.kind, ReportKind::kRejected) << report.reject_reason;
      ASSERT_NE(report.kind, ReportKind::kSelfMatch);
      ASSERT_GE(report.account, StockAgents::kFirstAccount);
      ASSERT_LT(report.account, Agents::highest_account(1));
      executions += report.kind == ReportKind::kExecuted;
    }
  });
  EXPECT_GT(executions, 500);
}

TEST(Agents, IcebergsWorkAndRefillUnderNewReferences) {
  Day day;
  std::set<std::uint64_t> references;
  std::set<std::uint32_t> icebergs;
  std::int64_t refills = 0;
  day.run(seconds(3600), [&](const Market& market) {
    for (const Report& report : market.reports()) {
      if (report.display_qty == 0) continue;
      if (report.kind == ReportKind::kAccepted) {
        EXPECT_GT(report.qty, report.display_qty);
        icebergs.insert(report.client_ref);
        references.insert(report.order_reference);
      } else if (report.kind == ReportKind::kRefilled) {
        EXPECT_TRUE(references.insert(report.order_reference).second);
        EXPECT_TRUE(icebergs.contains(report.client_ref));
        EXPECT_LE(report.qty, report.display_qty);
        ++refills;
      }
    }
  });
  EXPECT_GT(icebergs.size(), 10u);
  EXPECT_GT(refills, 10);
}

TEST(Agents, TheDayOpensAndCloses) {
  AgentParameters parameters;
  parameters.close = {parameters.open.value + kTenMinutes.value};
  Day day(parameters);
  EXPECT_EQ(day.agents.next_time(), parameters.open);
  std::string events;
  day.run(seconds(86'400), [&](const Market& market) {
    wire::BinaryFileReader reader(market.feed());
    while (const std::optional<Bytes> message = reader.next()) {
      if ((*message)[0] == std::byte{'S'}) {
        events += static_cast<char>((*message)[11]);
      }
    }
  });
  EXPECT_EQ(events, "OSQMEC");
  EXPECT_EQ(day.now, parameters.close);
  EXPECT_EQ(day.market.resting_orders(), 0u);
  EXPECT_EQ(day.agents.next_time(), std::nullopt);
  day.agents.step(day.market);  // after the end: nothing
  EXPECT_TRUE(day.market.feed().empty());
  EXPECT_EQ(simulate_day(parameters, 1, seconds(86'400)),
            simulate_day(parameters, 1, kTenMinutes));
}

TEST(Agents, OneStocksDayDoesNotDependOnTheOthers) {
  Day alone(AgentParameters{}, 9);
  Day together(two_stocks(), 9);
  alone.run(kTenMinutes, [](const Market&) {});
  together.run(kTenMinutes, [](const Market&) {});
  EXPECT_EQ(alone.agents.value(0), together.agents.value(0));
  const InstrumentId first = alone.instruments[0].id;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    EXPECT_EQ(alone.market.depth(first, side, 10),
              together.market.depth(first, side, 10));
  }
  EXPECT_NE(together.agents.value(1), Price{41'500'000'000});
}

TEST(Agents, AParticipantsRestingOrderIsMet) {
  Day day;
  day.run(seconds(5), [](const Market&) {});
  NewOrder order;
  order.account = 1;
  order.instrument = day.instruments[0].id;
  order.qty = 10;
  Qty filled = 0;
  for (std::uint32_t minute = 0; minute < 30; ++minute) {
    if (order.client_ref != 0) day.market.cancel(1, order.client_ref, 0, day.now);
    ++order.client_ref;
    order.price = day.market.best(order.instrument, Side::kBuy).price;
    day.market.enter(order, day.now);
    day.run(seconds(5 + 60 * (minute + 1)), [&](const Market& market) {
      for (const Report& report : market.reports()) {
        if (report.account == 1 && report.kind == ReportKind::kExecuted) {
          filled += report.qty;
        }
      }
    });
  }
  EXPECT_GT(filled, 0);
}

TEST(Agents, TheMarketRecoversFromASweep) {
  Day day;
  day.run(seconds(5), [](const Market&) {});
  NewOrder sweep;
  sweep.account = 1;
  sweep.client_ref = 1;
  sweep.instrument = day.instruments[0].id;
  sweep.qty = Instrument{}.qty_max;
  sweep.price = price_max(Instrument{});
  sweep.time_in_force = TimeInForce::kIoc;
  day.market.enter(sweep, day.now);
  ASSERT_EQ(day.market.best(sweep.instrument, Side::kSell).price, kNoPrice);
  day.run(seconds(65), [](const Market&) {});
  const Price ask = day.market.best(sweep.instrument, Side::kSell).price;
  ASSERT_NE(ask, kNoPrice);
  EXPECT_LT(std::abs(ask.value - day.agents.value(0).value), cents(60).value);
}

void refused(void (*spoil)(AgentParameters&)) {
  AgentParameters parameters;
  const std::vector<Instrument> instruments = Agents::instruments(parameters);
  spoil(parameters);
  EXPECT_THROW(Agents(parameters, 1, instruments), std::invalid_argument);
}

TEST(Agents, WrongParametersAreRefused) {
  refused([](AgentParameters& p) { p.close = p.open; });
  refused([](AgentParameters& p) { p.stocks[0].symbol = "NONE"; });
  refused([](AgentParameters& p) { p.stocks[0].opening = {0}; });
  refused([](AgentParameters& p) { p.stocks[0].tick = {0}; });
  refused([](AgentParameters& p) { p.stocks[0].value.step = {0}; });
  refused([](AgentParameters& p) { p.stocks[0].value.activity[2] = 0; });
  refused([](AgentParameters& p) { p.stocks[0].noise.wait = {0}; });
  refused([](AgentParameters& p) { p.stocks[0].noise.patient_next = 1; });
  refused([](AgentParameters& p) { p.stocks[0].burst.lean = 1.5; });
  refused([](AgentParameters& p) { p.stocks[0].burst.orders = 0.5; });
  refused([](AgentParameters& p) { p.stocks[0].provider.providers = 33; });
  refused([](AgentParameters& p) { p.stocks[0].provider.requote = 1; });
  refused([](AgentParameters& p) { p.stocks[0].provider.fleeting = std::nan(""); });
  refused([](AgentParameters& p) { p.stocks[0].provider.wave_reach = 0; });
  refused([](AgentParameters& p) { p.stocks[0].dark.iceberg_slices = 2; });
}

TEST(LatentValue, DisplacementDecaysAndDriftArrives) {
  ValueParameters parameters;
  parameters.volatility = {0};
  PressureParameters pressure;
  Random random(1);
  const Price opening = cents(10'000);

  LatentValue pushed(parameters, pressure, opening);
  pushed.push(cents(100));
  EXPECT_EQ(pushed.now(), opening + cents(100));
  for (std::int64_t t = 0; t < pressure.decay.value; t += parameters.step.value) {
    pushed.step(random);
  }
  const double left = static_cast<double>((pushed.now() - opening).value);
  EXPECT_NEAR(left / static_cast<double>(cents(100).value), std::exp(-1), 0.01);

  LatentValue drifting(parameters, pressure, opening);
  drifting.drift(-cents(7), 13);
  for (int i = 0; i < 12; ++i) drifting.step(random);
  EXPECT_GT(drifting.now(), opening - cents(7));
  drifting.step(random);
  EXPECT_EQ(drifting.now(), opening - cents(7));
  for (int i = 0; i < 100; ++i) drifting.step(random);
  EXPECT_EQ(drifting.now(), opening - cents(7));
}

TEST(AgentOrders, BestFirstAndForgottenWhenTaken) {
  AgentOrders orders;
  const auto add = [&](Side side, std::int64_t price) {
    return orders.add({1000, 1, side, cents(price), 100, false, false, 0});
  };
  add(Side::kBuy, 10);
  const OrderName best = add(Side::kBuy, 12);
  const OrderName middle = add(Side::kBuy, 11);
  const OrderName ask = add(Side::kSell, 14);
  add(Side::kSell, 15);
  EXPECT_EQ(orders.find(orders.best(Side::kBuy))->price, cents(12));
  EXPECT_EQ(orders.find(orders.best(Side::kSell))->price, cents(14));
  EXPECT_EQ(orders.find(orders.nth(Side::kBuy, 2))->price, cents(10));

  orders.drop_taken(Side::kBuy, cents(11));
  EXPECT_EQ(orders.find(best), nullptr);
  EXPECT_NE(orders.find(middle), nullptr);
  orders.drop_taken(Side::kBuy, kNoPrice);  // the whole side was taken
  EXPECT_TRUE(orders.empty(Side::kBuy));

  orders.remove(ask);
  const OrderName reused = add(Side::kSell, 13);
  EXPECT_EQ(orders.find(ask), nullptr);  // the slot lives on, the name does not
  EXPECT_EQ(orders.find(reused)->price, cents(13));
  EXPECT_EQ(orders.count(Side::kSell), 2u);
}

TEST(Agenda, EarliestFirstAndEqualTimesInOrder) {
  Agenda agenda;
  for (const std::int64_t time : {30, 10, 20, 10}) {
    Appointment appointment;
    appointment.time = time;
    agenda.enter(appointment);
  }
  std::vector<std::pair<std::int64_t, std::uint64_t>> taken;
  while (!agenda.empty()) {
    const Appointment appointment = agenda.take();
    taken.emplace_back(appointment.time, appointment.number);
  }
  const std::vector<std::pair<std::int64_t, std::uint64_t>> expected{
      {10, 1}, {10, 3}, {20, 2}, {30, 0}};
  EXPECT_EQ(taken, expected);
}

}  // namespace
}  // namespace pyscalp::exchange
