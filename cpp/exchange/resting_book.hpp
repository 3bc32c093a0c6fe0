// The resting orders of every instrument: pooled orders, queues, price levels.
//
// Knows queues and quantities, nothing of accounts' rights, reports or the feed.
#pragma once

#include <vector>

#include "exchange/number_index.hpp"
#include "exchange/report.hpp"

namespace pyscalp::exchange {

struct Order {
  std::uint64_t reference = 0;
  Price price{};
  Qty qty = 0;  ///< in the queue now: displayed, or all of it if hidden; no reserve
  Qty recorded_qty = 0;  ///< left of it on the recording (account 0), else 0
  std::uint32_t earlier = kNil;
  std::uint32_t later = kNil;
  std::uint32_t level = kNil;
  AccountId account = 0;
  std::uint32_t working = kNil;  ///< a participant's further data; see Market
  InstrumentId instrument{};
  Side side = Side::kBuy;
  bool hidden = false;

  bool recorded() const { return account == kRecordedAccount; }
};
static_assert(sizeof(Order) == 56);

/// Orders in the order they came. Orders of no shares stay while they are on the
/// recording: they keep a place in the queue that recorded executions refer to.
struct Queue {
  std::uint32_t first = kNil;
  std::uint32_t last = kNil;
};

struct Level {
  Price price{};
  Qty displayed_qty = 0;
  Qty hidden_qty = 0;
  Queue displayed;
  Queue hidden;
  std::uint32_t participants = 0;  ///< orders that are not recorded ones

  bool empty() const { return displayed.first == kNil && hidden.first == kNil; }
  bool takeable() const { return displayed_qty + hidden_qty > 0; }
};

/// One side of one instrument's book: levels from the worst price to the best, which is
/// at the back, where most changes are.
struct Ladder {
  struct Rung {
    Price price;
    std::uint32_t level;
  };
  std::vector<Rung> rungs;
  std::uint32_t participants = 0;  ///< orders of the side that are not recorded ones
};

class RestingBook {
 public:
  /// `notes`: levels whose displayed quantity may have changed are kept in touched().
  explicit RestingBook(std::uint32_t orders_max, bool notes = false)
      : orders_max_(orders_max), notes_(notes) {}

  /// Makes room for an instrument.
  void list(InstrumentId instrument);

  bool full() const { return references_.size() >= orders_max_; }
  std::size_t size() const { return references_.size(); }

  /// Of a new order among the others at its price, displayed or hidden as it is.
  enum class Place : std::uint8_t { kLast, kFirst };

  /// Queues a new order; `order.reference` must be new, its instrument listed and the
  /// book not full.
  std::uint32_t add(const Order& order, Place place = Place::kLast);
  /// Takes the order out; its level goes with its last order.
  void erase(std::uint32_t index);
  /// Takes `qty` off; the order stays where it is, even with nothing left.
  void reduce(std::uint32_t index, Qty qty) {
    Order& order = orders_[index];
    order.qty -= qty;
    touch(order);
    shown(levels_[order.level], order.hidden) -= qty;
  }
  /// Sends an order with nothing left to the end of its queue with `qty` shares under a
  /// new reference.
  void requeue(std::uint32_t index, std::uint64_t reference, Qty qty);

  /// The order under a reference, or kNil.
  std::uint32_t find(std::uint64_t reference) const {
    return references_.find(reference);
  }
  Order& operator[](std::uint32_t index) { return orders_[index]; }
  const Order& operator[](std::uint32_t index) const { return orders_[index]; }
  const Level& level(std::uint32_t index) const { return levels_[index]; }
  const std::vector<TouchedLevel>& touched() const { return touched_; }
  void clear_touched() { touched_.clear(); }
  /// Of a listed instrument.
  const Ladder& ladder(InstrumentId instrument, Side side) const {
    return ladders_[2 * index(instrument) + pyscalp::index(side)];
  }

 private:
  static std::size_t index(InstrumentId instrument) {
    return pyscalp::index(instrument);
  }
  static Qty& shown(Level& level, bool hidden) {
    return hidden ? level.hidden_qty : level.displayed_qty;
  }
  static Queue& queue(Level& level, bool hidden) {
    return hidden ? level.hidden : level.displayed;
  }
  Ladder& ladder_of(InstrumentId instrument, Side side) {
    return ladders_[2 * index(instrument) + pyscalp::index(side)];
  }
  void touch(const Order& order) {
    if (!notes_ || order.hidden) return;
    touched_.push_back({order.instrument, order.side, order.price});
  }
  std::uint32_t level_at(Ladder& ladder, Side side, Price price);
  void drop_level(Ladder& ladder, Side side, Price price);
  void link(Queue& queue, std::uint32_t index);
  void link_first(Queue& queue, std::uint32_t index);
  void unlink(Queue& queue, std::uint32_t index);

  std::uint32_t orders_max_;
  bool notes_;
  std::vector<TouchedLevel> touched_;
  std::vector<Order> orders_;
  std::vector<std::uint32_t> orders_free_;
  std::vector<Level> levels_;
  std::vector<std::uint32_t> levels_free_;
  std::vector<Ladder> ladders_;
  NumberIndex references_;
};

}  // namespace pyscalp::exchange
