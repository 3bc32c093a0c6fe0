#include "order/working_orders.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace pyscalp::order {

WorkingOrders::WorkingOrders(Capacity capacity)
    : mask_(std::bit_ceil(std::max(capacity.orders, 2u)) - 1),
      open_capacity_(std::clamp(capacity.open, 1u, mask_ + 1)),
      slots_(std::size_t{mask_} + 1),
      instruments_(std::size_t{std::numeric_limits<std::uint16_t>::max()} + 1),
      by_reference_(open_capacity_),
      matches_(std::max(capacity.matches, 1u)),
      match_ring_(std::max(capacity.matches, 1u)) {}

bool WorkingOrders::has_room(std::uint32_t user_ref) const {
  return user_ref > last_user_ref_ && open_count_ < open_capacity_ &&
         !slots_[slot_of(user_ref)].open();
}

OrderResult WorkingOrders::on_sent(std::uint32_t user_ref, const Wish& wish,
                                   MonoNanos now) {
  if (user_ref <= last_user_ref_) return counted(OrderResult::kNotIncreasing);
  if (wish.qty <= 0) return counted(OrderResult::kBadQty);
  if (!has_room(user_ref)) return counted(OrderResult::kFull);
  last_user_ref_ = user_ref;
  const std::uint32_t slot = slot_of(user_ref);
  Order& order = slots_[slot];
  order = {};
  order.user_ref = user_ref;
  order.state = OrderState::kPendingNew;
  order.wish = wish;
  order.price = wish.limit;
  order.leaves = wish.qty;
  order.sent_at = now;
  working(order) += wish.qty;
  link(slot);
  return counted(OrderResult::kOk);
}

OrderResult WorkingOrders::on_cancel_sent(std::uint32_t user_ref, MonoNanos now) {
  Order* const order = at(user_ref);
  if (order == nullptr) return counted(OrderResult::kUnknownRef);
  if (!order->open()) return counted(OrderResult::kAlreadyClosed);
  if (order->state == OrderState::kPendingCancel) {
    return counted(OrderResult::kAlreadyCanceling);
  }
  order->cancel_sent_at = now;
  // An order of unknown fate stays so: the cancel may miss it.
  if (order->state != OrderState::kUnknown)
    set_state(*order, OrderState::kPendingCancel);
  return counted(OrderResult::kOk);
}

OrderResult WorkingOrders::on_accepted(std::uint32_t user_ref,
                                       std::uint64_t order_reference, Price price,
                                       bool dead, const book::Touch& arrival,
                                       MonoNanos now) {
  Order* const order = at(user_ref);
  if (order == nullptr) return counted(OrderResult::kUnknownRef);
  if (order->accepted) return counted(OrderResult::kAlreadyAccepted);
  if (!order->open()) return counted(OrderResult::kAlreadyClosed);
  order->accepted = true;
  order->acked_at = now;
  if (arrival.sound()) {
    order->arrival_mid = arrival.mid();
    order->arrival_half_spread = arrival.ask - arrival.mid();
  }
  order->price = price;
  if (dead) {
    order->canceled += order->leaves;
    reduce(*order, order->leaves);
    set_state(*order, OrderState::kCanceled);
    order->order_reference = order_reference;
    return counted(OrderResult::kOk);
  }
  index_reference(*order, order_reference);
  if (order->state == OrderState::kPendingNew) set_state(*order, OrderState::kLive);
  return counted(OrderResult::kOk);
}

OrderResult WorkingOrders::on_executed(std::uint32_t user_ref, Qty qty,
                                       std::uint64_t match) {
  Order* const order = at(user_ref);
  if (order == nullptr) return counted(OrderResult::kUnknownRef);
  if (qty <= 0) return counted(OrderResult::kBadQty);
  const Match key{match, user_ref};
  if (matches_.find(key) != nullptr) return counted(OrderResult::kDuplicateFill);
  if (qty > order->wish.qty - order->filled) return counted(OrderResult::kOverfill);
  remember(key);
  const bool late = qty > order->leaves;
  order->filled += qty;
  instruments_[index(order->wish.instrument)].exposure.position +=
      sign(order->wish.side) * qty;
  const bool was_open = order->open();
  reduce(*order, std::min(qty, order->leaves));
  if (order->filled == order->wish.qty) {
    set_state(*order, OrderState::kFilled);
  } else if (was_open && order->leaves == 0) {
    set_state(*order, OrderState::kCanceled);
  } else if (order->state == OrderState::kPendingNew) {
    set_state(*order, OrderState::kLive);  // what trades has been accepted
  }
  return counted(late ? OrderResult::kLateFill : OrderResult::kOk);
}

OrderResult WorkingOrders::on_canceled(std::uint32_t user_ref, Qty qty) {
  Order* const order = at(user_ref);
  if (order == nullptr) return counted(OrderResult::kUnknownRef);
  if (qty <= 0) return counted(OrderResult::kBadQty);
  if (!order->open()) return counted(OrderResult::kAlreadyClosed);
  if (qty > order->leaves) return counted(OrderResult::kOvercancel);
  order->canceled += qty;
  reduce(*order, qty);
  if (order->leaves == 0) set_state(*order, OrderState::kCanceled);
  return counted(OrderResult::kOk);
}

OrderResult WorkingOrders::on_rejected(std::uint32_t user_ref) {
  Order* const order = at(user_ref);
  if (order == nullptr) return counted(OrderResult::kUnknownRef);
  if (!order->open()) return counted(OrderResult::kAlreadyClosed);
  if (order->accepted || order->filled > 0) {
    return counted(OrderResult::kAlreadyAccepted);
  }
  reduce(*order, order->leaves);
  set_state(*order, OrderState::kRejected);
  return counted(OrderResult::kOk);
}

OrderResult WorkingOrders::on_priority_update(std::uint32_t user_ref,
                                              std::uint64_t order_reference,
                                              Price price) {
  Order* const order = at(user_ref);
  if (order == nullptr) return counted(OrderResult::kUnknownRef);
  if (!order->open()) return counted(OrderResult::kAlreadyClosed);
  index_reference(*order, order_reference);
  order->price = price;
  return counted(OrderResult::kOk);
}

std::uint32_t WorkingOrders::on_disconnected() {
  for (std::uint32_t slot = first_open_; slot != Order::kNoSlot;) {
    Order& order = slots_[slot];
    slot = order.next_open_;
    set_state(order, OrderState::kUnknown);
  }
  return unknown_count_;
}

OrderResult WorkingOrders::on_unknown(std::uint32_t user_ref) {
  Order* const order = at(user_ref);
  if (order == nullptr) return counted(OrderResult::kUnknownRef);
  if (!order->open()) return counted(OrderResult::kAlreadyClosed);
  set_state(*order, OrderState::kUnknown);
  return counted(OrderResult::kOk);
}

OrderResult WorkingOrders::on_reconciled(std::uint32_t user_ref, Qty leaves) {
  Order* const order = at(user_ref);
  if (order == nullptr) return counted(OrderResult::kUnknownRef);
  if (order->state != OrderState::kUnknown) return counted(OrderResult::kNotUnknown);
  if (leaves < 0) return counted(OrderResult::kBadQty);
  if (leaves > order->leaves) return counted(OrderResult::kOverleaves);
  const Qty gone = order->leaves - leaves;
  reduce(*order, gone);
  if (leaves > 0) {
    order->canceled += gone;
    order->cancel_sent_at = kNever;
    set_state(*order, OrderState::kLive);
  } else if (order->accepted || order->filled > 0) {
    order->canceled += gone;
    set_state(*order, OrderState::kCanceled);
  } else {
    set_state(*order, OrderState::kRejected);
  }
  return counted(OrderResult::kOk);
}

std::uint32_t WorkingOrders::on_resumed(std::uint32_t next_user_ref) {
  for (std::uint32_t slot = first_open_; slot != Order::kNoSlot;) {
    const Order& order = slots_[slot];
    slot = order.next_open_;
    if (order.state != OrderState::kUnknown) continue;
    if (order.accepted || order.filled > 0) {
      on_reconciled(order.user_ref, order.leaves);
    } else if (order.user_ref >= next_user_ref) {
      on_reconciled(order.user_ref, 0);
    }
  }
  return unknown_count_;
}

const Order* WorkingOrders::find(std::uint32_t user_ref) const {
  const Order& order = slots_[slot_of(user_ref)];
  return user_ref != 0 && order.user_ref == user_ref ? &order : nullptr;
}

const Order* WorkingOrders::find_by_reference(std::uint64_t order_reference) const {
  const std::uint32_t* const slot = by_reference_.find(order_reference);
  return order_reference != 0 && slot != nullptr ? &slots_[*slot] : nullptr;
}

Qty WorkingOrders::displayed_at(InstrumentId instrument, Side side, Price price) const {
  Qty total = 0;
  for_each_open(instrument, [&](const Order& order) {
    if (order.wish.side == side && order.resting() && order.price == price) {
      total += order.leaves;
    }
  });
  return total;
}

Qty WorkingOrders::displayed_through(InstrumentId instrument, Side side,
                                     Price worst) const {
  Qty total = 0;
  for_each_open(instrument, [&](const Order& order) {
    if (order.wish.side == side && order.resting() &&
        !better(side, worst, order.price)) {
      total += order.leaves;
    }
  });
  return total;
}

Price WorkingOrders::best_price(InstrumentId instrument, Side side) const {
  Price best = kNoPrice;
  for_each_open(instrument, [&](const Order& order) {
    if (order.wish.side != side || order.wish.time_in_force != TimeInForce::kDay)
      return;
    if (best == kNoPrice || better(side, order.price, best)) best = order.price;
  });
  return best;
}

Order* WorkingOrders::at(std::uint32_t user_ref) {
  return const_cast<Order*>(find(user_ref));
}

OrderResult WorkingOrders::counted(OrderResult result) {
  ++counts_[static_cast<std::size_t>(result)];
  return result;
}

/// Remembers a match, forgetting the oldest one where there is no more room.
void WorkingOrders::remember(Match match) {
  Match& oldest = match_ring_[match_at_];
  if (oldest.user_ref != 0) matches_.erase(oldest);
  oldest = match;
  match_at_ = match_at_ + 1 == match_ring_.size() ? 0 : match_at_ + 1;
  matches_.insert(match, {});
}

void WorkingOrders::link(std::uint32_t slot) {
  Order& order = slots_[slot];
  PerInstrument& of = instruments_[index(order.wish.instrument)];
  order.next_of_instrument_ = of.first;
  if (of.first != Order::kNoSlot) slots_[of.first].previous_of_instrument_ = slot;
  of.first = slot;
  order.next_open_ = first_open_;
  if (first_open_ != Order::kNoSlot) slots_[first_open_].previous_open_ = slot;
  first_open_ = slot;
  ++of.open_count;
  ++open_count_;
}

void WorkingOrders::unlink(std::uint32_t slot) {
  Order& order = slots_[slot];
  PerInstrument& of = instruments_[index(order.wish.instrument)];
  const std::uint32_t next = order.next_of_instrument_;
  const std::uint32_t previous = order.previous_of_instrument_;
  if (next != Order::kNoSlot) slots_[next].previous_of_instrument_ = previous;
  (previous != Order::kNoSlot ? slots_[previous].next_of_instrument_ : of.first) = next;
  const std::uint32_t next_open = order.next_open_;
  const std::uint32_t previous_open = order.previous_open_;
  if (next_open != Order::kNoSlot) slots_[next_open].previous_open_ = previous_open;
  (previous_open != Order::kNoSlot ? slots_[previous_open].next_open_ : first_open_) =
      next_open;
  order.next_of_instrument_ = order.previous_of_instrument_ = Order::kNoSlot;
  order.next_open_ = order.previous_open_ = Order::kNoSlot;
  --of.open_count;
  --open_count_;
}

/// A reference that another open order has (or 0) is kept but not found by.
void WorkingOrders::index_reference(Order& order, std::uint64_t order_reference) {
  drop_reference(order);
  order.order_reference = order_reference;
  by_reference_.insert(order_reference, slot_of(order.user_ref));
}

void WorkingOrders::drop_reference(const Order& order) {
  const std::uint32_t* const slot = by_reference_.find(order.order_reference);
  if (order.order_reference != 0 && slot != nullptr &&
      *slot == slot_of(order.user_ref)) {
    by_reference_.erase(order.order_reference);
  }
}

Qty& WorkingOrders::working(const Order& order) {
  Exposure& exposure = instruments_[index(order.wish.instrument)].exposure;
  return order.wish.side == Side::kBuy ? exposure.working_buy : exposure.working_sell;
}

void WorkingOrders::reduce(Order& order, Qty qty) {
  order.leaves -= qty;
  working(order) -= qty;
}

/// Keeps the lists and counts in step; `leaves` is already what the state says.
void WorkingOrders::set_state(Order& order, OrderState state) {
  if (order.state == OrderState::kUnknown) --unknown_count_;
  if (state == OrderState::kUnknown) ++unknown_count_;
  if (order.open() && !is_open(state)) {
    drop_reference(order);
    unlink(slot_of(order.user_ref));
  }
  order.state = state;
}

}  // namespace pyscalp::order
