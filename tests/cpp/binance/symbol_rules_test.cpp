#include "binance/symbol_rules.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace pyscalp::binance {
namespace {

SymbolRules rules(std::string_view tick, std::string_view step) {
  SymbolRules made;
  EXPECT_EQ(
      SymbolRules::read(
          {.name = "BTCUSDT", .id = InstrumentId{1}, .tick = tick, .step = step}, made),
      RulesStatus::kOk);
  return made;
}

Price price(const SymbolRules& rules, std::string_view text) {
  Price value{-1};
  EXPECT_EQ(rules.price(text, value), NumberStatus::kOk) << text;
  return value;
}

Qty qty(const SymbolRules& rules, std::string_view text) {
  Qty value = -1;
  EXPECT_EQ(rules.qty(text, value), NumberStatus::kOk) << text;
  return value;
}

TEST(SymbolRules, PricesAreOfALot) {
  const SymbolRules spot = rules("0.01000000", "0.00001000");
  EXPECT_EQ(spot.tick(), Price{100});
  EXPECT_EQ(price(spot, "61837.63000000"), Price{618'376'300});
  EXPECT_EQ(qty(spot, "3.78826000"), 378'826);
  // 61837.63 x 3.78826 = 234,257.0202238, as bought and sold anywhere.
  EXPECT_EQ(notional(price(spot, "61837.63"), qty(spot, "3.78826")),
            Money{234'257'020'223'800});
  const SymbolRules linear = rules("0.10", "0.001");
  EXPECT_EQ(linear.tick(), Price{100'000});
  EXPECT_EQ(price(linear, "61800.20"), Price{61'800'200'000});
  const SymbolRules inverse = rules("0.1", "1");
  EXPECT_EQ(price(inverse, "61773.6"), Price{61'773'600'000'000});
  const SymbolRules whole = rules("0.00000001", "10");
  EXPECT_EQ(whole.tick(), Price{100});
  EXPECT_EQ(qty(whole, "120"), 12);
  const SymbolRules odd = rules("0.05", "0.002");
  EXPECT_EQ(odd.tick(), Price{100'000});
  EXPECT_EQ(price(odd, "1.15"), Price{2'300'000});
}

TEST(SymbolRules, AbsurdNumbersHaveNames) {
  const SymbolRules spot = rules("0.01", "0.00001");
  Price at{7};
  for (const char* text : {"", ".", "-1", "+1", "1e5", "1E5", " 1", "1 ", "0x1",
                           "1.2.3", "1,5", "nan", "inf", "\"1\"", "--", "1_0"}) {
    EXPECT_EQ(spot.price(text, at), NumberStatus::kNotANumber) << text;
  }
  for (const char* text : {"0.001", "61837.631", "1.01000001"})
    EXPECT_EQ(spot.price(text, at), NumberStatus::kOffGrid) << text;
  for (const char* text : {"99999999999999999999", "9223372036854775807",
                           "92233720368547758.08", "45035996273705.00"}) {
    EXPECT_EQ(spot.price(text, at), NumberStatus::kTooLarge) << text;
  }
  EXPECT_EQ(at, Price{7});
  EXPECT_EQ(rules("0.05", "0.01").price("1.01", at), NumberStatus::kOffGrid);
  Qty lots = 7;
  EXPECT_EQ(spot.qty("0.000001", lots), NumberStatus::kOffGrid);
  EXPECT_EQ(spot.qty("1e3", lots), NumberStatus::kNotANumber);
  EXPECT_EQ(lots, 7);
  EXPECT_EQ(qty(spot, "0.00000000"), 0);
  EXPECT_EQ(price(spot, "0"), Price{0});
}

TEST(SymbolRules, TextIsShortestAndExact) {
  const SymbolRules spot = rules("0.01", "0.00001");
  EXPECT_EQ(spot.text(Price{618'376'300}).view(), "61837.63");
  EXPECT_EQ(spot.text(Price{618'000'000}).view(), "61800");
  EXPECT_EQ(spot.text(Price{100}).view(), "0.01");
  EXPECT_EQ(spot.text(Price{0}).view(), "0");
  EXPECT_EQ(spot.text(Price{50}).view(), "");
  EXPECT_EQ(spot.text(Price{-100}).view(), "");
  EXPECT_EQ(spot.text(kNoPrice).view(), "");
  EXPECT_EQ(spot.text(Qty{378'826}).view(), "3.78826");
  EXPECT_EQ(spot.text(Qty{100'000}).view(), "1");
  EXPECT_EQ(spot.text(Qty{1}).view(), "0.00001");
  EXPECT_EQ(spot.text(Qty{-1}).view(), "");
  EXPECT_EQ(rules("0.01", "10").text(Qty{12}).view(), "120");
}

TEST(SymbolRules, TextReadsBackOnAnyGrid) {
  std::mt19937_64 random(20240808);
  constexpr std::string_view kSteps[] = {"1",    "10",      "0.1",      "0.5",
                                         "0.01", "0.00001", "0.000001", "0.25"};
  for (const std::string_view tick : kSteps) {
    for (const std::string_view step : kSteps) {
      SymbolRules made;
      if (SymbolRules::read(
              {.name = "X", .id = InstrumentId{1}, .tick = tick, .step = step}, made) !=
          RulesStatus::kOk) {
        continue;
      }
      for (int i = 0; i < 200; ++i) {
        const Price at{static_cast<std::int64_t>(random() >> (random() % 60 + 4)) %
                       made.max_ticks() * made.tick().value};
        EXPECT_EQ(price(made, made.text(at).view()), at);
        const Qty lots = static_cast<Qty>(random() >> (random() % 52 + 12));
        EXPECT_EQ(qty(made, made.text(lots).view()), lots);
      }
    }
  }
}

TEST(SymbolRules, FiltersAreChecked) {
  SymbolRules made;
  ASSERT_EQ(SymbolRules::read({.name = "ETHUSDT",
                               .id = InstrumentId{2},
                               .tick = "0.01",
                               .step = "0.001",
                               .min_price = "39.86",
                               .max_price = "306177",
                               .min_qty = "0.001",
                               .max_qty = "10000",
                               .min_notional = "20"},
                              made),
            RulesStatus::kOk);
  EXPECT_EQ(made.name(), "ETHUSDT");
  EXPECT_EQ(made.min_notional(), Money{20 * kNanosPerUnit});
  EXPECT_TRUE(made.valid(price(made, "39.86")));
  EXPECT_FALSE(made.valid(price(made, "39.85")));
  EXPECT_FALSE(made.valid(price(made, "306177.01")));
  EXPECT_FALSE(made.valid(Price{made.min_price().value + 1}));
  EXPECT_FALSE(made.valid(kNoPrice));
  EXPECT_TRUE(made.valid(Qty{1}));
  EXPECT_FALSE(made.valid(Qty{0}));
  EXPECT_FALSE(made.valid(Qty{10'000'001}));
  // A filter that is off.
  ASSERT_EQ(SymbolRules::read({.name = "X",
                               .id = InstrumentId{1},
                               .tick = "1",
                               .step = "1",
                               .min_price = "0.00",
                               .max_price = "0",
                               .min_qty = "0"},
                              made),
            RulesStatus::kOk);
  EXPECT_TRUE(made.valid(Price{kNanosPerUnit}));
}

TEST(SymbolRules, WhatCannotBeTradedIsRefused) {
  SymbolRules made = rules("0.01", "0.001");
  const auto read = [&](SymbolText text) { return SymbolRules::read(text, made); };
  const SymbolText good{
      .name = "X", .id = InstrumentId{1}, .tick = "0.01", .step = "0.001"};
  EXPECT_EQ(read(good), RulesStatus::kOk);
  const auto with = [&](auto change) {
    SymbolText text = good;
    change(text);
    return read(text);
  };
  EXPECT_EQ(with([](auto& t) { t.name = ""; }), RulesStatus::kName);
  EXPECT_EQ(with([](auto& t) { t.name = "btc\"usdt"; }), RulesStatus::kName);
  EXPECT_EQ(with([](auto& t) { t.name = "A23456789012345678901234567890123"; }),
            RulesStatus::kName);
  EXPECT_EQ(with([](auto& t) { t.id = {}; }), RulesStatus::kInstrument);
  for (const char* bad : {"", "0", "-0.1", "1e-2", "0.0000000000001"}) {
    EXPECT_EQ(with([&](auto& t) { t.tick = bad; }), RulesStatus::kTick) << bad;
    EXPECT_EQ(with([&](auto& t) { t.step = bad; }), RulesStatus::kStep) << bad;
  }
  // 1e-6 x 1e-3: a lot's tick of 1e-9 has no middle.
  EXPECT_EQ(with([](auto& t) { t.tick = "0.000001"; }), RulesStatus::kLotTick);
  EXPECT_EQ(with([](auto& t) { t.tick = "0.00001"; }), RulesStatus::kOk);
  EXPECT_EQ(with([](auto& t) { t.tick = "0.000000000001"; }), RulesStatus::kLotTick);
  EXPECT_EQ(with([](auto& t) { t.tick = "1000000", t.step = "1"; }),
            RulesStatus::kLotTickSize);
  EXPECT_EQ(with([](auto& t) { t.min_price = "0.015"; }), RulesStatus::kPriceRange);
  EXPECT_EQ(with([](auto& t) { t.min_price = "2", t.max_price = "1"; }),
            RulesStatus::kPriceRange);
  EXPECT_EQ(with([](auto& t) { t.min_qty = "0.0015"; }), RulesStatus::kQtyRange);
  EXPECT_EQ(with([](auto& t) { t.min_qty = "2", t.max_qty = "1"; }),
            RulesStatus::kQtyRange);
  EXPECT_EQ(with([](auto& t) { t.min_notional = "ten"; }), RulesStatus::kNotional);
  EXPECT_STRNE(explain(RulesStatus::kLotTick), "is not known");
}

}  // namespace
}  // namespace pyscalp::binance
