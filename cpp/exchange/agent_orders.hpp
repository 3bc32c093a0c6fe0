// The agents' own list of what they have resting in one stock, best price first.
//
// It is not told of fills: an order that is better than the touch must have been taken,
// and `drop_taken` forgets it; any other that was taken is forgotten when its life
// ends, where the Market ignores the superfluous cancel.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "exchange/report.hpp"

namespace pyscalp::exchange {

struct AgentOrder {
  AccountId account = 0;
  std::uint32_t client_ref = 0;
  Side side = Side::kBuy;
  Price price{};
  Qty qty = 0;
  bool hidden = false;
  bool deep = false;      ///< placed to make depth
  std::int64_t born = 0;  ///< venue time, ns
};

/// Names an order for as long as it lives; a later order in its slot has another life.
struct OrderName {
  std::uint32_t slot = 0;
  std::uint32_t life = 0;
};

class AgentOrders {
 public:
  /// O(number of orders of the side), a move of a few cache lines.
  OrderName add(const AgentOrder& order) {
    std::uint32_t slot;
    if (free_.empty()) {
      slot = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    Slot& taken = slots_[slot];
    taken.order = order;
    taken.alive = true;
    const Place place{key(order.side, order.price), slot};
    std::vector<Place>& list = places(order);
    list.insert(std::lower_bound(list.begin(), list.end(), place, worse), place);
    return {slot, taken.life};
  }

  /// The order of this name, or null once it is gone.
  const AgentOrder* find(OrderName name) const {
    const Slot& slot = slots_[name.slot];
    return slot.alive && slot.life == name.life ? &slot.order : nullptr;
  }
  void set_qty(OrderName name, Qty qty) { slots_[name.slot].order.qty = qty; }

  void remove(OrderName name) {
    Slot& slot = slots_[name.slot];
    std::vector<Place>& list = places(slot.order);
    const Place place{key(slot.order.side, slot.order.price), name.slot};
    auto at = std::lower_bound(list.begin(), list.end(), place, worse);
    while (at->slot != name.slot) ++at;
    list.erase(at);
    slot.alive = false;
    ++slot.life;
    free_.push_back(name.slot);
  }

  bool empty(Side side, bool hidden = false) const {
    return places(side, hidden).empty();
  }
  /// The best order of a side that is not empty.
  OrderName best(Side side, bool hidden = false) const {
    const std::uint32_t slot = places(side, hidden).back().slot;
    return {slot, slots_[slot].life};
  }
  /// The n-th best displayed order of a side that has more than n.
  OrderName nth(Side side, std::size_t n) const {
    const std::vector<Place>& list = places(side, false);
    const std::uint32_t slot = list[list.size() - 1 - n].slot;
    return {slot, slots_[slot].life};
  }
  std::size_t count(Side side) const { return places(side, false).size(); }

  /// Forgets displayed orders better than the touch: they have been taken.
  void drop_taken(Side side, Price touch) {
    while (!empty(side)) {
      const OrderName name = best(side);
      const Price price = slots_[name.slot].order.price;
      if (touch != kNoPrice && !better(side, price, touch)) return;
      remove(name);
    }
  }

 private:
  struct Slot {
    AgentOrder order;
    std::uint32_t life = 0;
    bool alive = false;
  };
  struct Place {
    std::int64_t key = 0;  ///< ascending: best at the back
    std::uint32_t slot = 0;
  };

  static bool worse(const Place& a, const Place& b) { return a.key < b.key; }
  static std::int64_t key(Side side, Price price) { return sign(side) * price.value; }
  std::vector<Place>& places(const AgentOrder& order) {
    return places_[static_cast<std::size_t>(2 * order.hidden + index(order.side))];
  }
  const std::vector<Place>& places(Side side, bool hidden) const {
    return places_[static_cast<std::size_t>(2 * hidden + index(side))];
  }

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::array<std::vector<Place>, 4> places_;
};

}  // namespace pyscalp::exchange
