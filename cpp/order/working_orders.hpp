// Every order of ours by its user reference: state, what is filled, what is open.
//
// One thread, no allocation after construction. The table is a ring indexed by the low
// bits of the user reference, so a closed order stays to be found (and late fills to be
// booked) until `capacity` further references have been used.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/types.hpp"
#include "book/touch.hpp"
#include "order/exposure.hpp"
#include "order/flat_map.hpp"
#include "order/order_state.hpp"
#include "order/wish.hpp"

namespace pyscalp::order {

struct Order {
  std::uint32_t user_ref = 0;
  OrderState state = OrderState::kRejected;
  bool accepted = false;   ///< the venue's ack has been seen
  Wish wish;               ///< as sent
  Price price = kNoPrice;  ///< as accepted: the limit, or better
  Qty filled = 0;          ///< late fills included
  Qty leaves = 0;          ///< still open; 0 in every closed state
  Qty canceled = 0;        ///< taken off by cancels and self-match prevention
  MonoNanos sent_at{};
  MonoNanos acked_at = kNever;        ///< kNever until accepted
  MonoNanos cancel_sent_at = kNever;  ///< of the cancel under way
  Price arrival_mid = kNoPrice;       ///< mid that it met at the venue
  Price arrival_half_spread{};        ///< half of bid to ask then; 0 without a mid
  std::uint64_t order_reference =
      0;  ///< the venue's, on its feed too; 0 until accepted

  bool open() const { return is_open(state); }
  /// Displayed in the venue's book, as far as we know.
  bool resting() const {
    return open() && accepted && wish.time_in_force == TimeInForce::kDay;
  }

 private:
  friend class WorkingOrders;
  static constexpr std::uint32_t kNoSlot = 0xffffffff;
  std::uint32_t next_of_instrument_ = kNoSlot;
  std::uint32_t previous_of_instrument_ = kNoSlot;
  std::uint32_t next_open_ = kNoSlot;
  std::uint32_t previous_open_ = kNoSlot;
};

class WorkingOrders {
 public:
  struct Capacity {
    std::uint32_t orders = 1 << 16;   ///< remembered, open or closed; a power of two
    std::uint32_t open = 1 << 12;     ///< open at once
    std::uint32_t matches = 1 << 16;  ///< match numbers remembered against duplicates
  };

  explicit WorkingOrders(Capacity capacity);

  // ---- Events; O(1). Wrong ones change nothing, are counted and named. ----

  /// True if on_sent with this reference will be kOk. Ask before the bytes leave.
  bool has_room(std::uint32_t user_ref) const;
  /// The order's bytes are on their way. From here on it counts.
  OrderResult on_sent(std::uint32_t user_ref, const Wish& wish, MonoNanos now);
  /// A cancel of all that is open is on its way.
  OrderResult on_cancel_sent(std::uint32_t user_ref, MonoNanos now);
  /// The venue's ack. `dead`: accepted and canceled in one; nothing follows.
  /// `arrival` is the touch that it met; one that is not sound counts as unknown.
  OrderResult on_accepted(std::uint32_t user_ref, std::uint64_t order_reference,
                          Price price, bool dead, const book::Touch& arrival,
                          MonoNanos now);
  /// One execution. Counts in every state, canceled and rejected too (kLateFill), up to
  /// the ordered quantity; a match number counts once for an order.
  OrderResult on_executed(std::uint32_t user_ref, Qty qty, std::uint64_t match);
  /// The venue took `qty` off: canceled, expired, or decremented against ourselves.
  OrderResult on_canceled(std::uint32_t user_ref, Qty qty);
  OrderResult on_rejected(std::uint32_t user_ref);
  /// The order lost its place: new reference on the feed, perhaps a new price.
  OrderResult on_priority_update(std::uint32_t user_ref, std::uint64_t order_reference,
                                 Price price);
  /// The link is gone: every open order becomes kUnknown. Returns how many are.
  std::uint32_t on_disconnected();
  /// The fate of this one order is not known: it becomes kUnknown.
  OrderResult on_unknown(std::uint32_t user_ref);
  /// The venue said of a kUnknown order that `leaves` is open: more than 0 makes it
  /// kLive, 0 closes it (kCanceled, or kRejected if it was never accepted).
  OrderResult on_reconciled(std::uint32_t user_ref, Qty leaves);
  /// The same session was resumed and all that was missed has been applied, up to the
  /// answer that named the venue's next user reference. So a kUnknown order that was
  /// accepted is kLive, and one with a reference not below `next_user_ref` never
  /// arrived (kRejected). Returns how many are still kUnknown.
  std::uint32_t on_resumed(std::uint32_t next_user_ref);

  // ---- Questions ----

  /// Null where unknown. Valid until `capacity.orders` further references.
  const Order* find(std::uint32_t user_ref) const;
  /// The open order with this venue reference; null where it is not ours. O(1).
  const Order* find_by_reference(std::uint64_t order_reference) const;
  /// Position from the executions booked here, and all that is open. O(1).
  Exposure exposure(InstrumentId instrument) const {
    return instruments_[index(instrument)].exposure;
  }
  std::uint32_t open_count() const { return open_count_; }
  std::uint32_t open_count(InstrumentId instrument) const {
    return instruments_[index(instrument)].open_count;
  }
  std::uint32_t unknown_count() const { return unknown_count_; }
  /// Ours at exactly this price in the venue's book. O(open orders of the instrument),
  /// as are the next two.
  Qty displayed_at(InstrumentId instrument, Side side, Price price) const;
  /// Ours at `worst` or better in the venue's book: to take off the depth of levels.
  Qty displayed_through(InstrumentId instrument, Side side, Price worst) const;
  /// Best price of our day orders on `side`, resting or on their way (a new order that
  /// crosses it would meet ourselves); kNoPrice where there is none.
  Price best_price(InstrumentId instrument, Side side) const;

  /// Calls visit(const Order&) for every open order of the instrument, latest first.
  /// The visit may close that order, no other.
  template <class Visit>
  void for_each_open(InstrumentId instrument, Visit&& visit) const {
    std::uint32_t slot = instruments_[index(instrument)].first;
    while (slot != Order::kNoSlot) {
      const Order& order = slots_[slot];
      slot = order.next_of_instrument_;
      visit(order);
    }
  }
  /// The same over all instruments.
  template <class Visit>
  void for_each_open(Visit&& visit) const {
    std::uint32_t slot = first_open_;
    while (slot != Order::kNoSlot) {
      const Order& order = slots_[slot];
      slot = order.next_open_;
      visit(order);
    }
  }

  std::uint32_t last_user_ref() const { return last_user_ref_; }
  /// How often each OrderResult has been given.
  std::uint64_t count(OrderResult result) const {
    return counts_[static_cast<std::size_t>(result)];
  }

 private:
  struct PerInstrument {
    Exposure exposure;
    std::uint32_t first = Order::kNoSlot;
    std::uint32_t open_count = 0;
  };
  struct Match {
    std::uint64_t number = 0;
    std::uint64_t user_ref = 0;  ///< 0 marks an empty place
    friend bool operator==(const Match&, const Match&) = default;
  };
  struct HashMatch {
    std::size_t operator()(const Match& match) const {
      return mix(match.number + match.user_ref * 0x9e3779b97f4a7c15ULL);
    }
  };
  struct HashReference {
    std::size_t operator()(std::uint64_t reference) const { return mix(reference); }
  };
  struct Nothing {};

  Order* at(std::uint32_t user_ref);
  OrderResult counted(OrderResult result);
  void remember(Match match);
  void link(std::uint32_t slot);
  void unlink(std::uint32_t slot);
  void index_reference(Order& order, std::uint64_t order_reference);
  void drop_reference(const Order& order);
  Qty& working(const Order& order);
  void reduce(Order& order, Qty qty);
  void set_state(Order& order, OrderState state);
  std::uint32_t slot_of(std::uint32_t user_ref) const { return user_ref & mask_; }

  std::uint32_t mask_;
  std::uint32_t open_capacity_;
  std::vector<Order> slots_;
  std::vector<PerInstrument> instruments_;
  FlatMap<std::uint64_t, std::uint32_t, HashReference> by_reference_;
  FlatMap<Match, Nothing, HashMatch> matches_;
  std::vector<Match> match_ring_;  ///< oldest first, from match_at_
  std::size_t match_at_ = 0;
  std::uint32_t first_open_ = Order::kNoSlot;
  std::uint32_t open_count_ = 0;
  std::uint32_t unknown_count_ = 0;
  std::uint32_t last_user_ref_ = 0;
  std::array<std::uint64_t, kOrderResults> counts_{};
};

}  // namespace pyscalp::order
