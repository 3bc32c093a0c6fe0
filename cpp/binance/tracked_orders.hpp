// What the session knows of each of its orders, to tell news from repetition.
//
// The same thing is said by the answer and by the user stream, in either order, and
// again by queries: here it is kept what has been told already. A ring by user
// reference, as order::WorkingOrders; no allocation after construction.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "base/types.hpp"
#include "order/flat_map.hpp"

namespace pyscalp::binance {

struct TrackedOrder {
  std::uint32_t user_ref = 0;
  std::uint32_t symbol = 0;  ///< its place among the symbols
  Side side = Side::kBuy;
  bool post_only = false;
  bool ioc = false;

  bool open = false;         ///< not all has been told
  bool accepted = false;     ///< told
  bool final = false;        ///< the venue said that no more will trade
  bool unknown = false;      ///< told; the venue is being asked
  bool known_open = false;   ///< of an unknown one: asked, only trades may be missing
  bool gone = false;         ///< told that the venue never had it, or refused it
  bool in_doubt = false;     ///< a cancel did not find it: asked if nothing else tells
  std::uint64_t asking = 0;  ///< the query under way

  Qty qty = 0;
  Qty filled = 0;        ///< told, trade by trade
  Qty venue_filled = 0;  ///< as the venue sums it up; at least `filled`
  Qty canceled = 0;      ///< told
  Price price{};
  std::uint64_t order_id = 0;
  MonoNanos placed_at{};
  MonoNanos ask_at = kNever;  ///< when to ask the venue

  Qty owed() const { return venue_filled - filled; }
  Qty leaves() const { return qty - filled - canceled; }

 private:
  friend class TrackedOrders;
  std::uint32_t place_ = 0;  ///< in the list of open ones
};

class TrackedOrders {
 public:
  TrackedOrders(std::uint32_t orders, std::uint32_t open, std::uint32_t trades)
      : orders_(std::bit_ceil(orders < 2 ? 2 : orders)),
        mask_(static_cast<std::uint32_t>(orders_.size()) - 1),
        open_(open),
        trades_(trades < 1 ? 1 : trades),
        trade_ring_(trades < 1 ? 1 : trades) {}

  bool has_room(std::uint32_t user_ref) const {
    return open_count_ < open_.size() && !orders_[user_ref & mask_].open;
  }
  /// Needs has_room.
  TrackedOrder& add(std::uint32_t user_ref) {
    TrackedOrder& order = orders_[user_ref & mask_];
    order = {};
    order.user_ref = user_ref;
    order.open = true;
    order.place_ = static_cast<std::uint32_t>(open_count_);
    open_[open_count_++] = user_ref;
    return order;
  }
  /// Null where unknown, or so old that its place was taken.
  TrackedOrder* find(std::uint32_t user_ref) {
    TrackedOrder& order = orders_[user_ref & mask_];
    return user_ref != 0 && order.user_ref == user_ref ? &order : nullptr;
  }
  void close(TrackedOrder& order) {
    if (!order.open) return;
    order.open = order.unknown = order.known_open = order.in_doubt = false;
    order.ask_at = kNever;
    order.asking = 0;
    const std::uint32_t last = open_[--open_count_];
    open_[order.place_] = last;
    orders_[last & mask_].place_ = order.place_;
  }
  /// Newest places first; the visit may close the order, no other.
  template <class Visit>
  void for_each_open(Visit&& visit) {
    for (std::size_t i = open_count_; i-- > 0;) visit(orders_[open_[i] & mask_]);
  }
  std::size_t open_count() const { return open_count_; }

  /// True the first time for a trade of an order.
  bool first_time(std::uint64_t trade, std::uint32_t user_ref) {
    const Trade key{trade, user_ref};
    if (trades_.find(key) != nullptr) return false;
    Trade& oldest = trade_ring_[trade_at_];
    if (oldest.user_ref != 0) trades_.erase(oldest);
    oldest = key;
    trade_at_ = trade_at_ + 1 == trade_ring_.size() ? 0 : trade_at_ + 1;
    trades_.insert(key, {});
    return true;
  }

 private:
  struct Trade {
    std::uint64_t id = 0;
    std::uint64_t user_ref = 0;  ///< 0 marks an empty place
    friend bool operator==(const Trade&, const Trade&) = default;
  };
  struct Hash {
    std::size_t operator()(const Trade& trade) const {
      return order::mix(trade.id + trade.user_ref * 0x9e3779b97f4a7c15ULL);
    }
  };
  struct Nothing {};

  std::vector<TrackedOrder> orders_;
  std::uint32_t mask_;
  std::vector<std::uint32_t> open_;
  std::size_t open_count_ = 0;
  order::FlatMap<Trade, Nothing, Hash> trades_;
  std::vector<Trade> trade_ring_;
  std::size_t trade_at_ = 0;
};

}  // namespace pyscalp::binance
