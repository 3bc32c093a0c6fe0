#include "capture/lean.hpp"

#include <gtest/gtest.h>

#include "decoding.hpp"

namespace pyscalp::capture {
namespace {

using event::EventKind;
using event::EventSide;
using event::MarketEvent;

const auto kPlain = [] { return LeanDecoder(0, "AIG"); };

TEST(Lean, a_quote_speaks_of_the_side_that_has_a_price) {
  const Events events =
      decode_all(kPlain, bytes_of("34200001,494100,300,0,0,Q,1,0\n"
                                  "34200001,0,0,494200,1200,P,8,0\r\n"
                                  "34200002,0,0,0,0,K,1,0\n"
                                  "34200003,494000,100,494300,0,,1,0"));
  ASSERT_EQ(events.size(), 4u);
  MarketEvent bid;
  bid.venue_time = 34'200'001'000'000;
  bid.sequence = 1;
  bid.other = 1;
  bid.price = 49'410'000'000;
  bid.qty = 300;
  bid.instrument = 1;
  bid.kind = EventKind::kTouch;
  bid.side = EventSide::kBuy;
  bid.flags = event::kLast;
  bid.code = 'Q';
  EXPECT_EQ(events[0], bid);
  EXPECT_EQ(events[1].side, EventSide::kSell);
  EXPECT_EQ(events[1].price, 49'420'000'000);
  EXPECT_EQ(events[1].qty, 1200);
  EXPECT_EQ(events[1].other, 8u);
  EXPECT_EQ(events[2].sequence, 4u);
  EXPECT_EQ(events[2].flags, 0) << "the other side of the row follows";
  EXPECT_EQ(events[3].price, kNoPrice.value) << "a price of no size: the side is empty";
  EXPECT_EQ(events[3].qty, 0);
  EXPECT_EQ(events[3].flags, event::kLast);
  EXPECT_EQ(events[3].code, '\0');
}

TEST(Lean, a_trade_tells_its_conditions) {
  const Events events =
      decode_all(kPlain, bytes_of("34200000,494100,100,P,20000020,0\n"
                                  "34200000.25,494100.5,100,D,100000,0\n"
                                  "34200001,494200,48146,N,40,0\n"
                                  "34200002,494200,48146,N,4000000,0\n"));
  ASSERT_EQ(events.size(), 4u);
  for (const MarketEvent& event : events) {
    EXPECT_EQ(event.kind, EventKind::kTrade);
    EXPECT_EQ(event.side, EventSide::kNone);
  }
  EXPECT_EQ(events[0].other, sale::kTradeThroughExempt | sale::kIntermarketSweep);
  EXPECT_EQ(events[0].flags, event::kLast);
  EXPECT_EQ(events[1].venue_time, 34'200'000'250'000);
  EXPECT_EQ(events[1].price, 49'410'050'000);
  EXPECT_EQ(events[1].code, 'D');
  EXPECT_EQ(events[2].flags, event::kLast | event::kCross);
  EXPECT_EQ(events[3].flags, event::kLast | event::kNotPrintable);
}

TEST(Lean, a_suspicious_row_tells_nothing) {
  auto decoder = kPlain();
  const Events events =
      decode_in(decoder, bytes_of("34200000,0,0,1860000,100,P,1,1\n"), 7);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, EventKind::kOther);
  EXPECT_EQ(events[0].price, kNoPrice.value);
  EXPECT_EQ(events[0].qty, 0);
  EXPECT_EQ(decoder.counters().more.at("suspicious"), 1u);
  EXPECT_EQ(decoder.counters().events, 1u);
}

TEST(Lean, a_last_line_without_its_last_column_is_cut) {
  const std::string whole =
      "34200000,494100,300,0,0,Q,1,0\n34200001,494100,200,0,0,Q,1,0\n";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    auto decoder = kPlain();
    const auto events = decode_in(decoder, bytes_of(whole).first(size), 5);
    const std::size_t rows = (size >= 29) + (size >= whole.size() - 1);
    EXPECT_EQ(events.size(), rows) << size;
    EXPECT_EQ(decoder.cut(),
              size != 0 && size != 29 && size != 30 && size < whole.size() - 1)
        << size;
    EXPECT_EQ(decoder.counters().messages, rows);
  }
}

TEST(Lean, a_row_that_is_no_tick_ends_the_reading) {
  for (const char* bad :
       {"\n", "x\n", "1,2,3,4,5,Q,1,0,0\n", "34200000,494100,300,Q,1,0\n",
        "34200000,494100,-3,0,0,Q,1,0\n", "34200000,494100,1.5,0,0,Q,1,0\n",
        "34200000,494100.000001,3,0,0,Q,1,0\n", "34200000,1,3,0,0,QQ,1,0\n",
        "34200000,1,3,0,0,Q,1g,0\n", "34200000,1,3,0,0,Q,1,2\n", "-1,1,3,0,0,Q,1,0\n",
        "999999999999,1,3,0,0,Q,1,0\n"}) {
    const std::string text = std::string("34200000,494100,300,0,0,Q,1,0\n") + bad;
    EXPECT_EQ(decode_all(kPlain, bytes_of(text), 40).size(), 1u) << bad;
    auto decoder = kPlain();
    decode_in(decoder, bytes_of(text), 100);
    EXPECT_NE(decoder.failure().find("row 2 is no tick"), std::string::npos) << bad;
    EXPECT_EQ(decoder.failed_at(), 30u);
  }
  auto decoder = kPlain();
  decode_in(decoder, bytes_of(std::string(600, '1')), 64);
  EXPECT_FALSE(decoder.failure().empty());
}

}  // namespace
}  // namespace pyscalp::capture
