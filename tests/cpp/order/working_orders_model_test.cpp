// Random lives of orders against a model that keeps everything and adds up from
// scratch.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <set>

#include "order/working_orders.hpp"

namespace pyscalp::order {
namespace {

constexpr std::uint32_t kOrders = 32;
constexpr std::uint32_t kOpen = 12;
constexpr std::uint16_t kInstruments = 3;

struct ModelOrder {
  std::uint32_t ref = 0;
  Wish wish;
  std::map<std::uint64_t, Qty> fills;
  Qty off = 0;  ///< canceled
  bool accepted = false;
  bool canceling = false;
  bool unknown = false;
  std::optional<OrderState> closed;  ///< kCanceled or kRejected
  std::uint64_t reference = 0;
  Price price;

  Qty filled() const {
    Qty sum = 0;
    for (const auto& [match, qty] : fills) sum += qty;
    return sum;
  }
  OrderState state() const {
    if (filled() == wish.qty) return OrderState::kFilled;
    if (closed) return *closed;
    if (unknown) return OrderState::kUnknown;
    if (canceling) return OrderState::kPendingCancel;
    return accepted || !fills.empty() ? OrderState::kLive : OrderState::kPendingNew;
  }
  bool open() const { return is_open(state()); }
  Qty leaves() const { return open() ? wish.qty - filled() - off : 0; }
};

/// What the venue could say and what it could not, decided from the events alone.
class Model {
 public:
  std::map<std::uint32_t, ModelOrder> by_place;  ///< ref % kOrders: what is remembered
  std::map<std::uint16_t, Qty> position;
  std::uint32_t last_ref = 0;

  ModelOrder* find(std::uint32_t ref) {
    const auto it = by_place.find(ref % kOrders);
    return it != by_place.end() && it->second.ref == ref ? &it->second : nullptr;
  }
  int open_count() const {
    int count = 0;
    for (const auto& [place, order] : by_place) count += order.open();
    return count;
  }
  OrderResult sent(std::uint32_t ref, const Wish& wish) {
    if (ref <= last_ref) return OrderResult::kNotIncreasing;
    const auto it = by_place.find(ref % kOrders);
    if (it != by_place.end() && it->second.open()) return OrderResult::kFull;
    if (open_count() == kOpen) return OrderResult::kFull;
    last_ref = ref;
    ModelOrder order;
    order.ref = ref;
    order.wish = wish;
    order.price = wish.limit;
    by_place[ref % kOrders] = order;
    return OrderResult::kOk;
  }
  OrderResult cancel_sent(std::uint32_t ref) {
    ModelOrder* const order = find(ref);
    if (!order) return OrderResult::kUnknownRef;
    if (!order->open()) return OrderResult::kAlreadyClosed;
    if (order->unknown) return OrderResult::kOk;
    if (order->canceling) return OrderResult::kAlreadyCanceling;
    order->canceling = true;
    return OrderResult::kOk;
  }
  OrderResult accepted(std::uint32_t ref, std::uint64_t reference, Price price,
                       bool dead) {
    ModelOrder* const order = find(ref);
    if (!order) return OrderResult::kUnknownRef;
    if (order->accepted) return OrderResult::kAlreadyAccepted;
    if (!order->open()) return OrderResult::kAlreadyClosed;
    order->accepted = true;
    order->reference = reference;
    order->price = price;
    if (dead) {
      order->off += order->leaves();
      order->closed = OrderState::kCanceled;
    }
    return OrderResult::kOk;
  }
  OrderResult executed(std::uint32_t ref, Qty qty, std::uint64_t match) {
    ModelOrder* const order = find(ref);
    if (!order) return OrderResult::kUnknownRef;
    if (qty <= 0) return OrderResult::kBadQty;
    if (order->fills.contains(match)) return OrderResult::kDuplicateFill;
    if (order->filled() + qty > order->wish.qty) return OrderResult::kOverfill;
    const Qty leaves = order->leaves();
    if (order->open() && qty >= leaves) order->closed = OrderState::kCanceled;
    order->fills[match] = qty;
    position[index(order->wish.instrument)] += sign(order->wish.side) * qty;
    return qty > leaves ? OrderResult::kLateFill : OrderResult::kOk;
  }
  OrderResult canceled(std::uint32_t ref, Qty qty) {
    ModelOrder* const order = find(ref);
    if (!order) return OrderResult::kUnknownRef;
    if (qty <= 0) return OrderResult::kBadQty;
    if (!order->open()) return OrderResult::kAlreadyClosed;
    if (qty > order->leaves()) return OrderResult::kOvercancel;
    const bool all = qty == order->leaves();
    order->off += qty;
    if (all) order->closed = OrderState::kCanceled;
    return OrderResult::kOk;
  }
  OrderResult rejected(std::uint32_t ref) {
    ModelOrder* const order = find(ref);
    if (!order) return OrderResult::kUnknownRef;
    if (!order->open()) return OrderResult::kAlreadyClosed;
    if (order->accepted || order->filled() > 0) return OrderResult::kAlreadyAccepted;
    order->closed = OrderState::kRejected;
    return OrderResult::kOk;
  }
  OrderResult priority(std::uint32_t ref, std::uint64_t reference, Price price) {
    ModelOrder* const order = find(ref);
    if (!order) return OrderResult::kUnknownRef;
    if (!order->open()) return OrderResult::kAlreadyClosed;
    order->reference = reference;
    order->price = price;
    return OrderResult::kOk;
  }
  void disconnected() {
    for (auto& [place, order] : by_place) {
      if (order.open()) order.unknown = true;
    }
  }
  OrderResult reconciled(std::uint32_t ref, Qty leaves) {
    ModelOrder* const order = find(ref);
    if (!order) return OrderResult::kUnknownRef;
    if (order->state() != OrderState::kUnknown) return OrderResult::kNotUnknown;
    if (leaves > order->leaves()) return OrderResult::kOverleaves;
    const bool arrived = order->accepted || order->filled() > 0;
    if (leaves > 0 || arrived) order->off += order->leaves() - leaves;
    if (leaves == 0) {
      order->closed = arrived ? OrderState::kCanceled : OrderState::kRejected;
    }
    order->unknown = false;
    order->canceling = false;
    known_live_.insert(ref);
    return OrderResult::kOk;
  }
  void resumed(std::uint32_t next_ref) {
    for (auto& [place, order] : by_place) {
      if (order.state() != OrderState::kUnknown) continue;
      if (order.accepted || order.filled() > 0) {
        reconciled(order.ref, order.leaves());
      } else if (order.ref >= next_ref) {
        reconciled(order.ref, 0);
      }
    }
  }
  /// An order that the venue named open is live even without an ack of ours.
  OrderState state(const ModelOrder& order) const {
    const OrderState state = order.state();
    return state == OrderState::kPendingNew && known_live_.contains(order.ref)
               ? OrderState::kLive
               : state;
  }

 private:
  std::set<std::uint32_t> known_live_;
};

class Pair {
 public:
  explicit Pair(std::uint64_t seed) : random_(seed) {}

  void sequence() {
    const int events = pick(4, 24);
    for (int i = 0; i < events && !testing::Test::HasFailure(); ++i) event();
    compare_all();
  }
  std::array<std::uint64_t, kOrderResults> seen{};

 private:
  int pick(int from, int to) {
    return from + static_cast<int>(random_() % static_cast<unsigned>(to - from + 1));
  }
  Price price() { return {(10'000 + std::int64_t{pick(0, 4)}) * 10'000'000}; }
  /// Mostly a recent order, now and then none at all.
  std::uint32_t ref() {
    const std::uint32_t last = model_.last_ref;
    if (last == 0 || pick(0, 99) == 0) return last + 1;
    const auto back = static_cast<std::uint32_t>(pick(0, 40));
    return back >= last ? 0 : last - back;
  }
  void check(OrderResult fast, OrderResult plain) {
    ASSERT_EQ(name(fast), name(plain));
    ++seen[static_cast<std::size_t>(fast)];
  }

  void event() {
    const std::uint32_t r = ref();
    const int roll = pick(0, 99);
    if (roll < 25) {
      send();
    } else if (roll < 40) {
      const std::uint64_t reference = ++reference_;
      const bool dead = pick(0, 9) == 0;
      const Price at = price();
      check(orders_.on_accepted(r, reference, at, dead, {}, {}),
            model_.accepted(r, reference, at, dead));
    } else if (roll < 65) {
      // Match numbers repeat, on this order or on another.
      const auto match = match_ + 1 - static_cast<std::uint64_t>(pick(0, 3));
      match_ = std::max(match_, match);
      const Qty qty = pick(-1, 12);
      check(orders_.on_executed(r, qty, match), model_.executed(r, qty, match));
    } else if (roll < 80) {
      const ModelOrder* const order = model_.find(r);
      const Qty qty = order && pick(0, 2) != 0 ? order->leaves() : pick(-1, 12);
      check(orders_.on_canceled(r, qty), model_.canceled(r, qty));
    } else if (roll < 85) {
      check(orders_.on_rejected(r), model_.rejected(r));
    } else if (roll < 90) {
      check(orders_.on_cancel_sent(r, {}), model_.cancel_sent(r));
    } else if (roll < 93) {
      const Price at = price();
      const std::uint64_t reference = ++reference_;
      check(orders_.on_priority_update(r, reference, at),
            model_.priority(r, reference, at));
    } else if (roll < 95) {
      orders_.on_disconnected();
      model_.disconnected();
    } else if (roll < 96) {
      const std::uint32_t next =
          model_.last_ref + 1 - static_cast<unsigned>(pick(0, 3));
      orders_.on_resumed(next);
      model_.resumed(next);
    } else {
      const Qty leaves = pick(0, 12);
      check(orders_.on_reconciled(r, leaves), model_.reconciled(r, leaves));
    }
    compare(r);
    compare_exposure();
  }

  void send() {
    Wish wish;
    wish.instrument = InstrumentId{static_cast<std::uint16_t>(pick(1, kInstruments))};
    wish.side = pick(0, 1) == 0 ? Side::kBuy : Side::kSell;
    wish.qty = pick(1, 20);
    wish.limit = price();
    wish.time_in_force = pick(0, 3) == 0 ? TimeInForce::kIoc : TimeInForce::kDay;
    const std::uint32_t r = model_.last_ref + static_cast<std::uint32_t>(pick(0, 3));
    const bool room = orders_.has_room(r);
    const OrderResult result = orders_.on_sent(r, wish, {});
    EXPECT_EQ(room, result == OrderResult::kOk);
    check(result, model_.sent(r, wish));
  }

  void compare(std::uint32_t r) {
    const Order* const fast = orders_.find(r);
    const ModelOrder* const plain = model_.find(r);
    ASSERT_EQ(fast != nullptr, plain != nullptr) << r;
    if (!plain) return;
    ASSERT_EQ(name(fast->state), name(model_.state(*plain))) << r;
    ASSERT_EQ(fast->filled, plain->filled());
    ASSERT_EQ(fast->leaves, plain->leaves());
    ASSERT_EQ(fast->canceled, plain->off);
    ASSERT_EQ(fast->accepted, plain->accepted);
    ASSERT_EQ(fast->price, plain->price);
    if (!plain->open() || plain->reference == 0) return;
    ASSERT_EQ(orders_.find_by_reference(plain->reference), fast);
  }

  void compare_exposure() {
    for (std::uint16_t i = 1; i <= kInstruments; ++i) {
      Exposure plain;
      plain.position = model_.position[i];
      for (const auto& [place, order] : model_.by_place) {
        if (index(order.wish.instrument) != i) continue;
        (order.wish.side == Side::kBuy ? plain.working_buy : plain.working_sell) +=
            order.leaves();
      }
      const Exposure fast = orders_.exposure(InstrumentId{i});
      ASSERT_EQ(fast.position, plain.position);
      ASSERT_EQ(fast.working_buy, plain.working_buy);
      ASSERT_EQ(fast.working_sell, plain.working_sell);
    }
  }

  void compare_all() {
    std::size_t open = 0;
    std::uint32_t unknown = 0;
    for (const auto& [place, order] : model_.by_place) {
      compare(order.ref);
      open += order.open();
      unknown += order.state() == OrderState::kUnknown;
    }
    std::set<std::uint32_t> visited;
    orders_.for_each_open([&](const Order& order) {
      EXPECT_TRUE(order.open());
      visited.insert(order.user_ref);
    });
    ASSERT_EQ(visited.size(), open);
    ASSERT_EQ(orders_.open_count(), open);
    ASSERT_EQ(orders_.unknown_count(), unknown);
    for (std::uint16_t i = 1; i <= kInstruments; ++i) {
      compare_side(InstrumentId{i}, Side::kBuy);
      compare_side(InstrumentId{i}, Side::kSell);
    }
  }

  void compare_side(InstrumentId instrument, Side side) {
    const Price at = price();
    Qty here = 0;
    Qty through = 0;
    Price best = kNoPrice;
    for (const auto& [place, order] : model_.by_place) {
      if (order.wish.instrument != instrument || order.wish.side != side ||
          !order.open() || order.wish.time_in_force == TimeInForce::kIoc) {
        continue;
      }
      if (best == kNoPrice || better(side, order.price, best)) best = order.price;
      if (!order.accepted) continue;
      if (order.price == at) here += order.leaves();
      if (order.price == at || better(side, order.price, at)) through += order.leaves();
    }
    ASSERT_EQ(orders_.displayed_at(instrument, side, at), here);
    ASSERT_EQ(orders_.displayed_through(instrument, side, at), through);
    ASSERT_EQ(orders_.best_price(instrument, side), best);
  }

  std::mt19937_64 random_;
  Model model_;
  WorkingOrders orders_{
      WorkingOrders::Capacity{.orders = kOrders, .open = kOpen, .matches = 1 << 12}};
  std::uint64_t reference_ = 0;
  std::uint64_t match_ = 0;
};

TEST(WorkingOrdersModel, HundredThousandRandomSequences) {
  Pair pair(20'120'621);
  for (int i = 0; i < 100'000 && !testing::Test::HasFailure(); ++i) pair.sequence();
  for (std::size_t i = 0; i < kOrderResults; ++i) {
    EXPECT_GT(pair.seen[i], 0u) << name(static_cast<OrderResult>(i));
  }
}

}  // namespace
}  // namespace pyscalp::order
