// Order-by-order books of every instrument of a feed, with FIFO queues at each price.
//
// Single-threaded. All memory is taken at construction, as address space that costs
// memory only where it is used; nothing is allocated while the feed runs, a pool that
// is used up is a named status, and the instrument is flagged.
//
// Layout: a reference finds its order through a bucket of twelve; an order names its
// level and its neighbours in the queue by 32-bit number; a side is a ladder of keys
// sorted so that the best stands last; a hint says where a price had its level last,
// and saves the search for one that has it still. Costs: add, reduce and remove are
// O(1) plus a search among the prices near the touch; the index is built anew when
// there are twice as many orders, unless the books were prefaulted. What a whole market
// keeps alive does not fit into a cache, so whoever knows coming messages announces
// them (`announce`), and their lines are there when they are applied.
#pragma once

#include "base/types.hpp"
#include "base/zeroed_array.hpp"
#include "book/book_change.hpp"
#include "book/ladder.hpp"
#include "book/reference_index.hpp"
#include "book/touch.hpp"

namespace pyscalp::book {

struct BookCapacity {
  std::uint32_t orders = 1u << 20;
  std::uint32_t levels = 1u << 18;
  /// What prices are counted in; 2^32 of it is the highest price.
  Price step{100'000};
  PageUse pages = PageUse::kSmall;
};

/// One price of one side as others see it.
struct LevelView {
  Price price;
  Qty qty = 0;
  std::uint32_t orders = 0;
};

/// What is known of a resting order.
struct OrderView {
  std::uint64_t reference = 0;
  InstrumentId instrument{};
  Side side = Side::kBuy;
  Price price;
  Qty qty = 0;
};

class OrderBooks {
 public:
  explicit OrderBooks(const BookCapacity& capacity = {});
  /// Start-up: takes the memory of all pools now, so that no event meets a page fault.
  void prefault();

  BookChange add(InstrumentId instrument, std::uint64_t reference, Side side, Qty qty,
                 Price price) {
    std::uint32_t steps = 0;
    if (!to_steps(price, steps)) return {BookStatus::kNoPrice};
    return add_steps(instrument, reference, side, qty, steps);
  }
  /// The same with the price counted in steps.
  BookChange add_steps(InstrumentId instrument, std::uint64_t reference, Side side,
                       Qty qty, std::uint32_t steps);
  /// Takes `qty` off an order, which keeps its place; at 0 it is gone.
  BookChange reduce(std::uint64_t reference, Qty qty);
  BookChange remove(std::uint64_t reference);
  /// The new order takes the last place at its price, on the side of the old one.
  BookReplacement replace(std::uint64_t old_reference, std::uint64_t new_reference,
                          Qty qty, Price price) {
    std::uint32_t steps = 0;
    (void)to_steps(price, steps);  // 0 steps are no price
    return replace_steps(old_reference, new_reference, qty, steps);
  }
  BookReplacement replace_steps(std::uint64_t old_reference,
                                std::uint64_t new_reference, Qty qty,
                                std::uint32_t steps);
  /// Empties the book of one instrument; its flag stays.
  void clear(InstrumentId instrument);
  /// Empties every book and lifts every flag. Makes system calls.
  void clear();

  Touch touch(InstrumentId instrument) const;
  /// Displayed quantity of the best `levels` prices of a side.
  Qty depth(InstrumentId instrument, Side side, int levels) const;
  /// Writes up to `capacity` levels, best first; returns how many.
  int levels(InstrumentId instrument, Side side, LevelView* out, int capacity) const;
  /// The level with `rank` better ones, 0 for the best; false where there is none.
  bool level(InstrumentId instrument, Side side, int rank, LevelView& out) const;
  /// Writes up to `capacity` orders of a queue, first to trade first; returns how many.
  int queue(InstrumentId instrument, Side side, Price price, OrderView* out,
            int capacity) const;
  /// The order of that reference; false where there is none.
  bool find(std::uint64_t reference, OrderView& out) const;
  /// Displayed quantity in front of an order at its price; -1 where it is unknown.
  Qty qty_ahead(std::uint64_t reference) const;
  /// Orders in front of an order at its price; -1 where it is unknown.
  std::int64_t orders_ahead(std::uint64_t reference) const;
  std::uint32_t order_count() const { return order_count_; }

  /// A flagged book met something impossible and is not to be traded on.
  void flag(InstrumentId instrument) { flagged_[index(instrument)] = true; }
  void unflag(InstrumentId instrument) { flagged_[index(instrument)] = false; }
  bool flagged(InstrumentId instrument) const { return flagged_[index(instrument)]; }

  // What is known of a coming message about an order, on its way through three notices
  // with some messages between them. They never change a book, and one that turns out
  // wrong costs nothing but time. (Each is inlined by force: a compiler takes a
  // function that only fetches for one that does nothing, and drops it.)
  struct Notice {
    std::uint64_t reference;
    std::uint32_t side_of_book;  ///< of the order to come
    std::uint32_t hint;          ///< where the hint for its level stands
    std::uint32_t level;         ///< that level
    std::uint32_t slot;          ///< of the order that is there
  };
  /// A message about `reference`; if a new order comes with it, `coming` is its
  /// reference, else that one again, and `steps` its price, else 0. Unless the
  /// reference has an order, the new one comes to `side`. All may be any numbers.
  [[gnu::always_inline]] void announce(Notice& notice, std::uint64_t reference,
                                       std::uint64_t coming, InstrumentId instrument,
                                       Side side, std::uint32_t steps) const {
    notice.reference = reference;
    notice.side_of_book = side_of_book(instrument, side);
    // One and the same hint where no order is to come.
    notice.hint = hint_place(instrument, steps) & (0u - (steps != 0));
    index_.prefetch(reference);
    index_.prefetch(coming);
    __builtin_prefetch(&hints_[notice.hint]);
  }
  [[gnu::always_inline]] void announce_order(Notice& notice) const {
    notice.slot = index_.likely(notice.reference);
    notice.level = hints_[notice.hint];
    __builtin_prefetch(&orders_[notice.slot], 1);
    __builtin_prefetch(&levels_[notice.level], 1);
  }
  /// The level of the order that is there, its neighbours or whom the new order will
  /// follow, and the best prices. All is worked out for every message, as which it is
  /// could not be foreseen; order 0 has numbers of orders and levels as well.
  [[gnu::always_inline]] void announce_level(const Notice& notice) const {
    const Order& order = orders_[notice.slot];
    const Level& level = levels_[notice.level];
    __builtin_prefetch(&levels_[order.level], 1);
    __builtin_prefetch(&orders_[order.previous], 1);
    __builtin_prefetch(&orders_[order.next], 1);
    __builtin_prefetch(&orders_[level.last], 1);
    const std::uint32_t sides[] = {notice.side_of_book, order.side_of_book};
    ladders_.prefetch(sides_[sides[notice.slot != kNone]]);
  }

 private:
  static constexpr std::uint32_t kNone = 0;  ///< number 0 of orders and of levels
  static constexpr std::size_t kInstruments = 1 << 16;

  struct Order {
    std::uint64_t reference;
    std::uint32_t qty;  ///< 0: it is in the pool
    std::uint32_t level;
    std::uint32_t previous;
    std::uint32_t next;  ///< of an order in the pool: the next free one
    LadderKey key;
    std::uint32_t side_of_book;  ///< 2 · instrument + side
  };
  static_assert(sizeof(Order) == 32);
  struct alignas(32) Level {
    Qty qty;
    std::uint32_t orders;
    std::uint32_t first;  ///< of a level in the pool: the next free one
    std::uint32_t last;
    LadderKey key;
    std::uint32_t side_of_book;
  };
  static_assert(sizeof(Level) == 32);

  static std::uint32_t side_of_book(InstrumentId instrument, Side side) {
    return 2u * index(instrument) + static_cast<std::uint32_t>(index(side));
  }
  static Side side_of(const Order& order) {
    return static_cast<Side>(order.side_of_book & 1);
  }
  static InstrumentId instrument_of(const Order& order) {
    return static_cast<InstrumentId>(order.side_of_book >> 1);
  }
  /// Where a hint stands: the number of the level that some price of the same place
  /// had last, on either side. Whether it has it still, and which price it was, the
  /// level says.
  std::uint32_t hint_place(InstrumentId instrument, std::uint32_t steps) const {
    return (steps * 0x9E3779B1u ^ index(instrument) * 0x85EBCA6Bu) >> hint_shift_;
  }
  static bool is(const Level& level, std::uint32_t side, LadderKey key) {
    return ((level.side_of_book ^ side) |
            static_cast<std::uint32_t>(level.key ^ key)) == 0 &&
           level.orders != 0;
  }
  bool to_steps(Price price, std::uint32_t& steps) const {
    const std::int64_t count = price.value / step_;
    steps = 0;
    if (price.value <= 0 || count > UINT32_MAX || count * step_ != price.value) {
      return false;
    }
    steps = static_cast<std::uint32_t>(count);
    return true;
  }
  Price price_of(Side side, LadderKey key) const {
    return {steps_of(side, key) * step_};
  }
  [[gnu::always_inline]] ReferenceIndex::Found look_up(std::uint64_t reference) {
    return index_.find(reference, [&](std::uint32_t slot) {
      return orders_[slot].reference == reference;
    });
  }
  std::uint32_t slot_of(std::uint64_t reference) const {
    return const_cast<OrderBooks*>(this)->look_up(reference).slot;
  }
  void grow_index();
  std::uint32_t take_order();
  void give_order(std::uint32_t slot);
  std::uint32_t take_level();
  void give_level(std::uint32_t level);
  std::uint32_t level_at(Ladder& ladder, std::uint32_t side, LadderKey key);
  BookChange remove_slot(std::uint32_t slot, BookStatus status);
  BookChange change_of(const Order& order, const Level& level, BookStatus status,
                       bool touched) const {
    return {status,
            touched,
            side_of(order),
            instrument_of(order),
            price_of(side_of(order), order.key),
            level.qty,
            order.qty};
  }
  OrderView view(const Order& order) const {
    return {order.reference, instrument_of(order), side_of(order),
            price_of(side_of(order), order.key), order.qty};
  }

  std::int64_t step_;
  ReferenceIndex index_;
  ZeroedArray<Order> orders_;
  ZeroedArray<Level> levels_;
  ZeroedArray<std::uint32_t> hints_;
  int hint_shift_;
  LadderPool ladders_;
  ZeroedArray<Ladder> sides_;
  ZeroedArray<bool> flagged_;
  std::uint32_t order_count_ = 0;
  std::uint32_t orders_used_ = 0;  ///< orders ever taken from the pool
  std::uint32_t free_order_ = kNone;
  std::uint32_t levels_used_ = 0;
  std::uint32_t free_level_ = kNone;
};

// ---- What runs for every message ----

inline std::uint32_t OrderBooks::take_order() {
  const std::uint32_t slot = free_order_;
  if (slot != kNone) {
    free_order_ = orders_[slot].next;
    __builtin_prefetch(&orders_[free_order_], 1);
    return slot;
  }
  if (orders_used_ + 1 == orders_.size()) return kNone;
  return ++orders_used_;
}

inline std::uint32_t OrderBooks::take_level() {
  const std::uint32_t level = free_level_;
  if (level != kNone) {
    free_level_ = levels_[level].first;
    return level;
  }
  if (levels_used_ + 1 == levels_.size()) return kNone;
  return ++levels_used_;
}

inline void OrderBooks::give_order(std::uint32_t slot) {
  orders_[slot].qty = 0;
  orders_[slot].next = free_order_;
  free_order_ = slot;
}

inline void OrderBooks::give_level(std::uint32_t level) {
  levels_[level].first = free_level_;
  free_level_ = level;
}

/// The level of that price, which may be a new one without orders; kNone where the pool
/// is used up.
inline std::uint32_t OrderBooks::level_at(Ladder& ladder, std::uint32_t side,
                                          LadderKey key) {
  const std::uint32_t above = ladders_.above(ladder, key);
  const Rung& rung = ladders_.rung(ladder, above);
  if (rung.key == key && above < ladder.size) return rung.level;
  const std::uint32_t number = take_level();
  if (number == kNone) [[unlikely]]
    return kNone;
  if (!ladders_.insert(ladder, above, key, number)) [[unlikely]] {
    give_level(number);
    return kNone;
  }
  levels_[number] = {0, 0, kNone, kNone, key, side};
  return number;
}

[[gnu::always_inline]] inline BookChange OrderBooks::add_steps(InstrumentId instrument,
                                                               std::uint64_t reference,
                                                               Side side, Qty qty,
                                                               std::uint32_t steps) {
  if (qty <= 0 || qty > UINT32_MAX) [[unlikely]]
    return {BookStatus::kZeroQuantity};
  if (steps == 0) [[unlikely]]
    return {BookStatus::kNoPrice};
  if (look_up(reference).slot != kNone) [[unlikely]]
    return {BookStatus::kDuplicateOrder};
  const std::uint32_t slot = take_order();
  if (slot == kNone) [[unlikely]]
    return {BookStatus::kOrdersFull};

  const std::uint32_t side_number = side_of_book(instrument, side);
  const LadderKey key = ladder_key(side, steps);
  Ladder& ladder = sides_[side_number];
  std::uint32_t& hint = hints_[hint_place(instrument, steps)];
  if (!is(levels_[hint], side_number, key)) {
    const std::uint32_t number = level_at(ladder, side_number, key);
    if (number == kNone) [[unlikely]] {
      give_order(slot);
      return {BookStatus::kLevelsFull};
    }
    hint = number;
  }
  const std::uint32_t number = hint;
  Order& order = orders_[slot];
  Level& level = levels_[number];
  level.first = level.orders == 0 ? slot : level.first;
  level.qty += qty;
  ++level.orders;
  order.previous = level.last;
  orders_[level.last].next = slot;
  level.last = slot;
  order.reference = reference;
  order.qty = static_cast<std::uint32_t>(qty);
  order.level = number;
  order.next = kNone;
  order.key = key;
  order.side_of_book = side_number;
  index_.insert(reference, slot);
  if (++order_count_ > index_.comfortable()) [[unlikely]]
    grow_index();
  return change_of(order, level, BookStatus::kOk, ladder.best == key);
}

[[gnu::always_inline]] inline BookChange OrderBooks::remove_slot(std::uint32_t slot,
                                                                 BookStatus status) {
  const Order& order = orders_[slot];
  Level& level = levels_[order.level];
  Ladder& ladder = sides_[order.side_of_book];
  const bool at_touch = ladder.best == order.key;
  level.qty -= order.qty;
  --level.orders;
  const BookChange change = change_of(order, level, status, at_touch);
  if (order.previous == order.next) {  // both kNone: the last of its level
    ladders_.erase(ladder, at_touch ? 0 : ladders_.above(ladder, order.key));
    give_level(order.level);
  } else {
    // Number 0 takes what would go past an end of the queue, and is never read.
    orders_[order.previous].next = order.next;
    orders_[order.next].previous = order.previous;
    level.first = order.previous == kNone ? order.next : level.first;
    level.last = order.next == kNone ? order.previous : level.last;
  }
  give_order(slot);
  --order_count_;
  return change;
}

[[gnu::always_inline]] inline BookChange OrderBooks::remove(std::uint64_t reference) {
  const ReferenceIndex::Found found = look_up(reference);
  const std::uint32_t slot = found.slot;
  if (slot == kNone) [[unlikely]]
    return {BookStatus::kUnknownOrder};
  index_.erase(reference, found);
  return remove_slot(slot, BookStatus::kOk);
}

[[gnu::always_inline]] inline BookChange OrderBooks::reduce(std::uint64_t reference,
                                                            Qty qty) {
  const ReferenceIndex::Found found = look_up(reference);
  const std::uint32_t slot = found.slot;
  if (slot == kNone) [[unlikely]]
    return {BookStatus::kUnknownOrder};
  Order& order = orders_[slot];
  Level& level = levels_[order.level];
  if (qty <= 0) [[unlikely]]
    return change_of(order, level, BookStatus::kZeroQuantity, false);
  if (qty >= order.qty) {
    const BookStatus status =
        qty == order.qty ? BookStatus::kOk : BookStatus::kOverfill;
    index_.erase(reference, found);
    return remove_slot(slot, status);
  }
  level.qty -= qty;
  const BookChange change = change_of(order, level, BookStatus::kOk,
                                      sides_[order.side_of_book].best == order.key);
  order.qty -= static_cast<std::uint32_t>(qty);
  return change;
}

[[gnu::always_inline]] inline BookReplacement OrderBooks::replace_steps(
    std::uint64_t old_reference, std::uint64_t new_reference, Qty qty,
    std::uint32_t steps) {
  const ReferenceIndex::Found found = look_up(old_reference);
  const std::uint32_t slot = found.slot;
  if (slot == kNone) [[unlikely]]
    return {{BookStatus::kUnknownOrder}, {}};
  const Order& order = orders_[slot];
  const Side side = side_of(order);
  const InstrumentId instrument = instrument_of(order);
  if (new_reference != old_reference && look_up(new_reference).slot != kNone)
      [[unlikely]] {
    return {change_of(order, levels_[order.level], BookStatus::kDuplicateOrder, false),
            {}};
  }
  index_.erase(old_reference, found);
  const BookChange removed = remove_slot(slot, BookStatus::kOk);
  return {removed, add_steps(instrument, new_reference, side, qty, steps)};
}

inline Touch OrderBooks::touch(InstrumentId instrument) const {
  Touch touch;
  const Ladder& bids = sides_[side_of_book(instrument, Side::kBuy)];
  if (bids.size != 0) {
    touch.bid = price_of(Side::kBuy, bids.best);
    touch.bid_qty = levels_[ladders_.rung(bids, 0).level].qty;
  }
  const Ladder& asks = sides_[side_of_book(instrument, Side::kSell)];
  if (asks.size != 0) {
    touch.ask = price_of(Side::kSell, asks.best);
    touch.ask_qty = levels_[ladders_.rung(asks, 0).level].qty;
  }
  return touch;
}

}  // namespace pyscalp::book
