// What stands before our orders where a venue tells quantities by price, not orders.
//
// An order joins the end of the queue: all that its price shows then is before it. From
// there on trades at the price take from the front, and what the price shows besides us
// is never less than what is before us. Cancels are taken to be behind us as long as
// that is possible, so the estimate is not below the truth by them; it is where hidden
// orders trade.
//
// Thread-safety: none. Nothing allocated.
#pragma once

#include <algorithm>
#include <array>

#include "base/types.hpp"
#include "order/working_orders.hpp"

namespace pyscalp::order {

class QueueEstimate {
 public:
  /// Orders that are followed at once; the place of an older one is not known.
  static constexpr std::size_t kPlaces = 64;

  /// The order rests; its price showed `shown` before.
  void on_resting(std::uint32_t user_ref, Qty shown) {
    places_[user_ref % kPlaces] = {user_ref, std::max<Qty>(shown, 0)};
  }
  /// What the order's price shows now, ourselves included.
  void on_shown(const Order& own, Qty shown) {
    Place& place = places_[own.user_ref % kPlaces];
    if (place.user_ref != own.user_ref) return;
    place.ahead = std::min(place.ahead, std::max<Qty>(shown - own.leaves, 0));
  }
  /// A trade of `qty` at the order's price, against its side.
  void on_trade(const Order& own, Qty qty) {
    Place& place = places_[own.user_ref % kPlaces];
    if (place.user_ref != own.user_ref) return;
    place.ahead = std::max<Qty>(place.ahead - qty, 0);
  }
  /// -1 where it is not followed.
  Qty ahead(const Order& own) const {
    const Place& place = places_[own.user_ref % kPlaces];
    return place.user_ref == own.user_ref ? place.ahead : -1;
  }

 private:
  struct Place {
    std::uint32_t user_ref = 0;
    Qty ahead = 0;
  };
  std::array<Place, kPlaces> places_{};
};

}  // namespace pyscalp::order
