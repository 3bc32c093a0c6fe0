#include "book/order_books.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace pyscalp::book {

namespace {

constexpr std::uint32_t kFirstLadder = 16;
/// Levels this near the touch are searched one by one; most changes happen there.
constexpr std::uint32_t kNearTouch = 8;

std::int64_t key_of(Side side, Price price) {
  return side == Side::kBuy ? price.value : -price.value;
}
Price price_of(Side side, std::int64_t key) {
  return {side == Side::kBuy ? key : -key};
}

/// Spreads references over the table; they are dense and ascending on most feeds.
std::uint64_t hash(std::uint64_t reference) {
  return (reference * 0x9E3779B97F4A7C15ull) >> 20;
}

}  // namespace

const char* name(BookStatus status) {
  switch (status) {
    case BookStatus::kOk:
      return "ok";
    case BookStatus::kUnknownOrder:
      return "unknown_order";
    case BookStatus::kDuplicateOrder:
      return "duplicate_order";
    case BookStatus::kOverfill:
      return "overfill";
    case BookStatus::kZeroQuantity:
      return "zero_quantity";
    case BookStatus::kNoPrice:
      return "no_price";
    case BookStatus::kOrdersFull:
      return "orders_full";
    case BookStatus::kLevelsFull:
      return "levels_full";
  }
  return "?";
}

OrderBooks::OrderBooks(const BookCapacity& capacity)
    : capacity_(capacity),
      books_(std::make_unique<Book[]>(kInstruments)),
      orders_(std::make_unique_for_overwrite<Order[]>(capacity.orders)),
      levels_(std::make_unique_for_overwrite<Level[]>(capacity.levels)),
      entry_mask_(std::bit_ceil(capacity.orders * 2) - 1),
      // A ladder that doubles leaves blocks behind that sum up to its own size, and
      // each of the shortest, one a level at most, takes a whole first block.
      ladder_size_(std::size_t{capacity.levels} * (4 + kFirstLadder)) {
  entries_ = std::make_unique<Entry[]>(std::size_t{entry_mask_} + 1);
  ladder_memory_ = std::make_unique_for_overwrite<std::uint32_t[]>(ladder_size_);
}

void OrderBooks::clear() {
  std::fill_n(books_.get(), kInstruments, Book{});
  std::fill_n(entries_.get(), std::size_t{entry_mask_} + 1, Entry{});
  std::fill_n(ladder_free_, kLadderClasses, nullptr);
  order_count_ = orders_used_ = levels_used_ = 0;
  order_free_ = level_free_ = kNone;
  ladder_used_ = 0;
}

std::uint32_t OrderBooks::find_slot(std::uint64_t reference) const {
  auto slot = static_cast<std::uint32_t>(hash(reference)) & entry_mask_;
  while (entries_[slot].order != kNone && entries_[slot].reference != reference) {
    slot = (slot + 1) & entry_mask_;
  }
  return slot;
}

void OrderBooks::erase_slot(std::uint32_t slot) {
  // Close the hole by moving back what would no longer be found past it.
  std::uint32_t hole = slot;
  std::uint32_t next = slot;
  for (;;) {
    next = (next + 1) & entry_mask_;
    if (entries_[next].order == kNone) break;
    const auto home =
        static_cast<std::uint32_t>(hash(entries_[next].reference)) & entry_mask_;
    if (((next - home) & entry_mask_) >= ((next - hole) & entry_mask_)) {
      entries_[hole] = entries_[next];
      hole = next;
    }
  }
  entries_[hole].order = kNone;
}

bool OrderBooks::grow(Ladder& ladder) {
  const std::uint32_t capacity =
      ladder.capacity == 0 ? kFirstLadder : ladder.capacity * 2;
  const int size_class = std::countr_zero(capacity / kFirstLadder);
  if (size_class >= kLadderClasses) return false;
  // A block on the free list holds the next one's address in its first bytes.
  std::uint32_t* block = ladder_free_[size_class];
  if (block != nullptr) {
    std::memcpy(&ladder_free_[size_class], block, sizeof(void*));
  } else {
    if (ladder_used_ + capacity > ladder_size_) return false;
    block = ladder_memory_.get() + ladder_used_;
    ladder_used_ += capacity;
  }
  std::copy_n(ladder.slots, ladder.size, block);
  if (ladder.capacity != 0) {
    const int old_class = size_class - 1;
    std::memcpy(ladder.slots, &ladder_free_[old_class], sizeof(void*));
    ladder_free_[old_class] = ladder.slots;
  }
  ladder.slots = block;
  ladder.capacity = capacity;
  return true;
}

std::uint32_t OrderBooks::level_at(Ladder& ladder, std::int64_t key) {
  std::uint32_t at = ladder.size;
  const std::uint32_t near = ladder.size > kNearTouch ? ladder.size - kNearTouch : 0;
  while (at > near && levels_[ladder.slots[at - 1]].key > key) --at;
  if (at == near && at > 0 && levels_[ladder.slots[at - 1]].key > key) {
    at = static_cast<std::uint32_t>(
        std::upper_bound(ladder.slots, ladder.slots + at, key,
                         [this](std::int64_t wanted, std::uint32_t level) {
                           return wanted < levels_[level].key;
                         }) -
        ladder.slots);
  }
  if (at > 0 && levels_[ladder.slots[at - 1]].key == key) return ladder.slots[at - 1];

  std::uint32_t level = level_free_;
  if (level != kNone) {
    level_free_ = levels_[level].first;
  } else if (levels_used_ < capacity_.levels) {
    level = levels_used_++;
  } else {
    return kNone;
  }
  if (ladder.size == ladder.capacity && !grow(ladder)) {
    levels_[level].first = level_free_;
    level_free_ = level;
    return kNone;
  }
  std::copy_backward(ladder.slots + at, ladder.slots + ladder.size,
                     ladder.slots + ladder.size + 1);
  ladder.slots[at] = level;
  ++ladder.size;
  levels_[level] = {key, 0, 0, kNone, kNone};
  return level;
}

void OrderBooks::append(std::uint32_t order, std::uint32_t level) {
  Level& queue = levels_[level];
  orders_[order].previous = queue.last;
  orders_[order].next = kNone;
  if (queue.last == kNone) {
    queue.first = order;
  } else {
    orders_[queue.last].next = order;
  }
  queue.last = order;
  queue.qty += orders_[order].qty;
  ++queue.orders;
}

void OrderBooks::unlink(std::uint32_t order) {
  const Order& gone = orders_[order];
  Level& queue = levels_[gone.level];
  if (gone.previous == kNone) {
    queue.first = gone.next;
  } else {
    orders_[gone.previous].next = gone.next;
  }
  if (gone.next == kNone) {
    queue.last = gone.previous;
  } else {
    orders_[gone.next].previous = gone.previous;
  }
  queue.qty -= gone.qty;
  --queue.orders;
}

void OrderBooks::erase_level(Ladder& ladder, std::uint32_t level) {
  const std::int64_t key = levels_[level].key;
  std::uint32_t at = ladder.size - 1;
  const std::uint32_t near = ladder.size > kNearTouch ? ladder.size - kNearTouch : 0;
  while (at > near && ladder.slots[at] != level) --at;
  if (ladder.slots[at] != level) {
    at = static_cast<std::uint32_t>(
        std::lower_bound(ladder.slots, ladder.slots + at, key,
                         [this](std::uint32_t candidate, std::int64_t wanted) {
                           return levels_[candidate].key < wanted;
                         }) -
        ladder.slots);
  }
  std::copy(ladder.slots + at + 1, ladder.slots + ladder.size, ladder.slots + at);
  --ladder.size;
  levels_[level].first = level_free_;
  level_free_ = level;
}

void OrderBooks::refresh_touch(Book& book, Side side) {
  const Ladder& ladder = book.sides[index(side)];
  Price price = kNoPrice;
  Qty qty = 0;
  if (ladder.size != 0) {
    const Level& best = levels_[ladder.slots[ladder.size - 1]];
    price = price_of(side, best.key);
    qty = best.qty;
  }
  if (side == Side::kBuy) {
    book.touch.bid = price;
    book.touch.bid_qty = qty;
  } else {
    book.touch.ask = price;
    book.touch.ask_qty = qty;
  }
}

BookStatus OrderBooks::add(InstrumentId instrument, std::uint64_t reference, Side side,
                           Qty qty, Price price) {
  if (qty <= 0 || qty > UINT32_MAX) return BookStatus::kZeroQuantity;
  if (price.value <= 0) return BookStatus::kNoPrice;
  const std::uint32_t slot = find_slot(reference);
  if (entries_[slot].order != kNone) return BookStatus::kDuplicateOrder;
  std::uint32_t order = order_free_;
  if (order != kNone) {
    order_free_ = orders_[order].next;
  } else if (orders_used_ < capacity_.orders) {
    order = orders_used_++;
  } else {
    return BookStatus::kOrdersFull;
  }
  Book& book = books_[index(instrument)];
  const std::uint32_t level = level_at(book.sides[index(side)], key_of(side, price));
  if (level == kNone) {
    orders_[order].next = order_free_;
    order_free_ = order;
    return BookStatus::kLevelsFull;
  }
  orders_[order] = {reference, static_cast<std::uint32_t>(qty),
                    level,     kNone,
                    kNone,     index(instrument),
                    side};
  append(order, level);
  entries_[slot] = {reference, order};
  ++order_count_;
  const Price best = book.touch.price(side);
  if (best == kNoPrice || !better(side, best, price)) refresh_touch(book, side);
  return BookStatus::kOk;
}

void OrderBooks::view(const Order& order, OrderView& out) const {
  out = {order.reference, InstrumentId{order.instrument}, order.side,
         price_of(order.side, levels_[order.level].key), order.qty};
}

BookStatus OrderBooks::reduce(std::uint64_t reference, Qty qty, OrderView* before) {
  const std::uint32_t slot = find_slot(reference);
  if (entries_[slot].order == kNone) return BookStatus::kUnknownOrder;
  Order& order = orders_[entries_[slot].order];
  if (before != nullptr) view(order, *before);
  if (qty <= 0) return BookStatus::kZeroQuantity;
  if (qty >= order.qty) {
    const BookStatus status =
        qty == order.qty ? BookStatus::kOk : BookStatus::kOverfill;
    remove(reference);
    return status;
  }
  order.qty -= static_cast<std::uint32_t>(qty);
  levels_[order.level].qty -= qty;
  Book& book = books_[order.instrument];
  const Ladder& ladder = book.sides[index(order.side)];
  if (ladder.slots[ladder.size - 1] == order.level) refresh_touch(book, order.side);
  return BookStatus::kOk;
}

BookStatus OrderBooks::remove(std::uint64_t reference, OrderView* before) {
  const std::uint32_t slot = find_slot(reference);
  const std::uint32_t at = entries_[slot].order;
  if (at == kNone) return BookStatus::kUnknownOrder;
  Order& order = orders_[at];
  if (before != nullptr) view(order, *before);
  erase_slot(slot);
  unlink(at);
  Book& book = books_[order.instrument];
  Ladder& ladder = book.sides[index(order.side)];
  const bool at_touch = ladder.slots[ladder.size - 1] == order.level;
  if (levels_[order.level].orders == 0) erase_level(ladder, order.level);
  if (at_touch) refresh_touch(book, order.side);
  order.next = order_free_;
  order_free_ = at;
  --order_count_;
  return BookStatus::kOk;
}

BookStatus OrderBooks::replace(std::uint64_t old_reference, std::uint64_t new_reference,
                               Qty qty, Price price, OrderView* before) {
  OrderView old;
  if (!find(old_reference, old)) return BookStatus::kUnknownOrder;
  if (before != nullptr) *before = old;
  if (new_reference != old_reference) {
    OrderView other;
    if (find(new_reference, other)) return BookStatus::kDuplicateOrder;
  }
  remove(old_reference);
  return add(old.instrument, new_reference, old.side, qty, price);
}

Qty OrderBooks::depth(InstrumentId instrument, Side side, int levels) const {
  const Ladder& ladder = books_[index(instrument)].sides[index(side)];
  Qty total = 0;
  for (std::uint32_t at = ladder.size; at > 0 && levels > 0; --at, --levels) {
    total += levels_[ladder.slots[at - 1]].qty;
  }
  return total;
}

int OrderBooks::levels(InstrumentId instrument, Side side, LevelView* out,
                       int capacity) const {
  const Ladder& ladder = books_[index(instrument)].sides[index(side)];
  int count = 0;
  for (std::uint32_t at = ladder.size; at > 0 && count < capacity; --at) {
    const Level& level = levels_[ladder.slots[at - 1]];
    out[count++] = {price_of(side, level.key), level.qty, level.orders};
  }
  return count;
}

bool OrderBooks::find(std::uint64_t reference, OrderView& out) const {
  const std::uint32_t order = entries_[find_slot(reference)].order;
  if (order == kNone) return false;
  view(orders_[order], out);
  return true;
}

Qty OrderBooks::qty_ahead(std::uint64_t reference) const {
  std::uint32_t order = entries_[find_slot(reference)].order;
  if (order == kNone) return -1;
  Qty ahead = 0;
  for (order = orders_[order].previous; order != kNone;
       order = orders_[order].previous) {
    ahead += orders_[order].qty;
  }
  return ahead;
}

}  // namespace pyscalp::book
