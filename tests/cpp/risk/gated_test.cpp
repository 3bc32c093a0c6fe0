// An order that has not passed the gate cannot be expressed.
#include "risk/gated.hpp"

#include <cstddef>
#include <type_traits>

#include "fixture.hpp"

namespace pyscalp::risk {
namespace {

template <class T, class... From>
concept CanMake = requires(From... from) {
  T(from...);
}
|| requires(From... from) { T{from...}; };

template <class Gated, class... Parts>
constexpr bool unforgeable() {
  return !std::is_default_constructible_v<Gated> && !std::is_aggregate_v<Gated> &&
         !std::is_constructible_v<Gated, Parts...> && !CanMake<Gated, Parts...> &&
         !std::is_copy_constructible_v<Gated> && !std::is_copy_assignable_v<Gated> &&
         !std::is_move_assignable_v<Gated> && !std::is_trivially_copyable_v<Gated> &&
         std::is_final_v<Gated>;
}

// std::bit_cast and memcpy need a trivially copyable type, a derived class needs a
// constructor it may call, braces need an aggregate. None of them is there.
static_assert(unforgeable<GatedOrder, order::Wish, bool>());
static_assert(unforgeable<GatedOrder, order::Wish>());
static_assert(unforgeable<GatedCancel, std::uint32_t>());
static_assert(!std::is_convertible_v<order::Wish, GatedOrder>);
static_assert(!std::is_convertible_v<std::uint32_t, GatedCancel>);

// The check itself can fail: a plain struct is forged with ease.
struct Forged {
  order::Wish wish;
  bool deadline_exit;
};
static_assert(!unforgeable<Forged, order::Wish, bool>());

class GatedTest : public GateTest {};

TEST_F(GatedTest, AnApprovalIsGoodForOneOrder) {
  Verdict verdict = gate.check(buy(10), market, exposure, own, now);
  ASSERT_TRUE(verdict);
  GatedOrder sent(std::move(*verdict.order));
  EXPECT_FALSE(sent.spent());
  EXPECT_TRUE(verdict.order->spent());
  GatedOrder again(std::move(*verdict.order));
  EXPECT_TRUE(again.spent()) << "a spent approval came back to life";
  EXPECT_FALSE(sent.spent());
}

TEST_F(GatedTest, ACancelIsGoodForOneCancel) {
  GatedCancel cancel = gate.cancel(9, now);
  GatedCancel sent(std::move(cancel));
  EXPECT_EQ(sent.user_ref(), 9u);
  EXPECT_FALSE(sent.spent());
  EXPECT_TRUE(cancel.spent());
}

TEST_F(GatedTest, TheOrderIsTheWishUnchanged) {
  order::Wish wish = sell(3, kAsk + Price{10'000'000});
  wish.post_only = true;
  wish.intent = order::Intent::kTarget;
  wish.signal = signal::SignalId::kBookImbalance;
  wish.decision_mid = {77};
  const Verdict verdict = gate.check(wish, market, exposure, own, now);
  ASSERT_TRUE(verdict);
  const order::Wish& passed = verdict.order->wish();
  EXPECT_EQ(passed.instrument, kAmzn);
  EXPECT_EQ(passed.side, Side::kSell);
  EXPECT_EQ(passed.qty, 3);
  EXPECT_EQ(passed.limit, wish.limit);
  EXPECT_TRUE(passed.post_only);
  EXPECT_EQ(passed.intent, order::Intent::kTarget);
  EXPECT_EQ(passed.signal, signal::SignalId::kBookImbalance);
  EXPECT_EQ(passed.decision_mid, Price{77});
  EXPECT_FALSE(verdict.order->deadline_exit());
}

}  // namespace
}  // namespace pyscalp::risk
