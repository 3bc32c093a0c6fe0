#include "capture/lobster.hpp"

#include <gtest/gtest.h>

#include "decoding.hpp"

namespace pyscalp::capture {
namespace {

using event::EventKind;
using event::EventSide;

const auto kPlain = [] { return LobsterDecoder(0, "AMZN"); };

TEST(Lobster, every_type) {
  const Events events =
      decode_all(kPlain, bytes_of("34200.017459617,5,0,1,2238200,-1\n"
                                  "34200.18960767,1,11885113,21,2238100,1\r\n"
                                  "34200.2,2,7,5,2238100,-1\n"
                                  "34200.25,3,7,16,2238100,-1\n"
                                  "34201,4,9,10,2238100,-1\n"
                                  "34202,6,-1,10,2238100,-1\n"
                                  "34203,7,0,0,-1,-1\n"
                                  "34204,7,0,0,0,-1\n"
                                  "34205,7,0,0,1,-1"));
  ASSERT_EQ(events.size(), 9u);
  event::MarketEvent add;
  add.venue_time = 34'200'189'607'670;
  add.sequence = 2;
  add.order = 11'885'113;
  add.price = 223'810'000'000;
  add.qty = 21;
  add.instrument = 1;
  add.kind = EventKind::kAdd;
  add.side = EventSide::kBuy;
  add.flags = event::kLast;
  add.code = '1';
  EXPECT_EQ(events[1], add);
  const event::MarketEvent& hidden = events[0];
  EXPECT_EQ(hidden.venue_time, 34'200'017'459'617);
  EXPECT_EQ(hidden.kind, EventKind::kTrade);
  EXPECT_EQ(hidden.flags, event::kLast | event::kHidden);
  EXPECT_EQ(hidden.side, EventSide::kBuy) << "a hidden sell order was hit by a buyer";
  EXPECT_EQ(events[2].kind, EventKind::kReduce);
  EXPECT_EQ(events[3].kind, EventKind::kDelete);
  EXPECT_EQ(events[4].kind, EventKind::kExecute);
  EXPECT_EQ(events[4].price, 223'810'000'000);
  EXPECT_EQ(events[5].flags, event::kLast | event::kCross);
  EXPECT_EQ(events[5].side, EventSide::kNone);
  for (std::size_t i : {6, 7, 8}) {
    EXPECT_EQ(events[i].kind, EventKind::kStatus);
    EXPECT_EQ(events[i].price, kNoPrice.value);
    EXPECT_EQ(events[i].code, "HQT"[i - 6]);
  }
}

TEST(Lobster, a_last_line_without_its_direction_is_cut) {
  const std::string whole = "34200.1,1,5,10,2238200,1\n34200.2,3,5,10,2238200,-1\n";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    auto decoder = kPlain();
    const auto events = decode_in(decoder, bytes_of(whole).first(size), 5);
    const std::size_t rows = (size >= 24) + (size >= whole.size() - 1);
    EXPECT_EQ(events.size(), rows) << size;
    EXPECT_EQ(decoder.cut(),
              size != 0 && size != 24 && size != 25 && size < whole.size() - 1)
        << size;
    EXPECT_EQ(decoder.counters().messages, rows);
  }
}

TEST(Lobster, a_line_that_is_no_message_ends_the_reading) {
  for (const char* bad : {"\n", "x\n", "34200,1,5,10,2238200,0\n",
                          "34200,1,5,10,1.000001,1\n", "34200,1,5,10,2238200\n",
                          "34200,1,5,,2238200,1\n", "99999999999,1,5,10,2238200,1\n",
                          "9223372036,1,5,10,2238200,1\n", "-1,1,5,10,2238200,1\n"}) {
    const std::string text = std::string("34200,1,5,10,2238200,1\n") + bad;
    EXPECT_EQ(decode_all(kPlain, bytes_of(text), 40).size(), 1u);
    auto decoder = kPlain();
    decode_in(decoder, bytes_of(text), 100);
    EXPECT_NE(decoder.failure().find("row 2 is no LOBSTER message"), std::string::npos);
    EXPECT_EQ(decoder.failed_at(), 23u);
  }
  auto decoder = kPlain();
  decode_in(decoder, bytes_of(std::string(600, '1')), 64);
  EXPECT_FALSE(decoder.failure().empty());
}

}  // namespace
}  // namespace pyscalp::capture
