// What the gate says is left for an entry: that much passes, one share more does not.
#include <random>

#include "fixture.hpp"

namespace pyscalp::risk {
namespace {

class RoomTest : public GateTest {
 protected:
  Qty room(Side side, Price price) {
    return gate.room(kAmzn, side, price, exposure, now);
  }
};

TEST_F(RoomTest, IsWhatTheTightestLimitLeaves) {
  EXPECT_EQ(room(Side::kBuy, kAsk), 100);  // max_order_qty
  exposure = {150, 100, 0};
  EXPECT_EQ(room(Side::kBuy, kAsk), 50);  // max_position, working orders included
  exposure = {};
  EXPECT_EQ(room(Side::kBuy, Price{400 * kUnit}), 50);  // max_order_value
  gate.on_depth(kAmzn, now, 300, 700);
  EXPECT_EQ(room(Side::kBuy, kAsk), 30);  // a tenth of the bids
  EXPECT_EQ(room(Side::kSell, kBid), 70);
}

TEST_F(RoomTest, IsNoneWhereNothingMayBeOpened) {
  exposure = {300, 0, 0};
  EXPECT_EQ(room(Side::kBuy, kAsk), 0);
  exposure = {5'000, 0, 0};
  EXPECT_EQ(room(Side::kBuy, kAsk), 0);
  exposure = {};
  EXPECT_EQ(room(Side::kBuy, kNoPrice), 0);
  EXPECT_EQ(room(Side::kBuy, Price{}), 0);
  EXPECT_EQ(gate.room(InstrumentId{99}, Side::kBuy, kAsk, exposure, now), 0);
}

TEST_F(RoomTest, AgreesWithTheList) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 2'000; ++round) {
    pass(seconds(2));
    gate.on_depth(kAmzn, now, static_cast<Qty>(random() % 3'000),
                  static_cast<Qty>(random() % 3'000));
    pass(seconds(2));
    exposure = {static_cast<Qty>(random() % 400), static_cast<Qty>(random() % 100), 0};
    const Qty most = room(Side::kBuy, kAsk);
    const auto limited = [&](Denial denial) {
      return denial == Denial::kOrderQuantity || denial == Denial::kOrderValue ||
             denial == Denial::kPosition || denial == Denial::kConcentration ||
             denial == Denial::kInstrumentReducing;
    };
    if (most > 0) {
      EXPECT_FALSE(limited(ask(buy(most, kAsk)))) << most;
    }
    pass(seconds(2));
    EXPECT_TRUE(limited(ask(buy(most + 1, kAsk)))) << most;
  }
}

}  // namespace
}  // namespace pyscalp::risk
