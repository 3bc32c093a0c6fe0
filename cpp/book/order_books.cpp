#include "book/order_books.hpp"

#include <algorithm>
#include <bit>

namespace pyscalp::book {

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

namespace {

/// As many hints as levels, but no more than share the cache with other things.
int hint_bits(std::uint32_t levels) {
  return std::clamp(static_cast<int>(std::bit_width(levels)), 1, 20);
}

}  // namespace

OrderBooks::OrderBooks(const BookCapacity& capacity)
    : step_(capacity.step.value),
      index_(capacity.orders, capacity.pages),
      orders_(std::size_t{capacity.orders} + 1, capacity.pages),
      levels_(std::size_t{capacity.levels} + 1, capacity.pages),
      hints_(std::size_t{1} << hint_bits(capacity.levels)),
      hint_shift_(32 - hint_bits(capacity.levels)),
      ladders_(capacity.levels, capacity.pages),
      sides_(2 * kInstruments),
      flagged_(kInstruments) {}

void OrderBooks::prefault() {
  index_.prefault();
  orders_.prefault();
  levels_.prefault();
  hints_.prefault();
  ladders_.prefault();
  sides_.prefault();
  flagged_.prefault();
}

void OrderBooks::clear() {
  index_.clear();
  orders_.clear();
  levels_.clear();
  hints_.clear();
  ladders_.clear();
  sides_.clear();
  flagged_.clear();
  order_count_ = orders_used_ = levels_used_ = 0;
  free_order_ = free_level_ = kNone;
}

void OrderBooks::grow_index() {
  index_.grow();
  for (std::uint32_t slot = 1; slot <= orders_used_; ++slot) {
    if (orders_[slot].qty != 0) index_.insert(orders_[slot].reference, slot);
  }
}

void OrderBooks::clear(InstrumentId instrument) {
  for (const Side side : {Side::kBuy, Side::kSell}) {
    const Ladder& ladder = sides_[side_of_book(instrument, side)];
    while (ladder.size != 0) {
      const Level& best = levels_[ladders_.rung(ladder, 0).level];
      remove(orders_[best.first].reference);
    }
  }
}

Qty OrderBooks::depth(InstrumentId instrument, Side side, int levels) const {
  const Ladder& ladder = sides_[side_of_book(instrument, side)];
  Qty total = 0;
  for (std::uint32_t rank = 0; rank < ladder.size && levels > 0; ++rank, --levels) {
    total += levels_[ladders_.rung(ladder, rank).level].qty;
  }
  return total;
}

int OrderBooks::levels(InstrumentId instrument, Side side, LevelView* out,
                       int capacity) const {
  int count = 0;
  while (count < capacity && level(instrument, side, count, out[count])) ++count;
  return count;
}

bool OrderBooks::level(InstrumentId instrument, Side side, int rank,
                       LevelView& out) const {
  const Ladder& ladder = sides_[side_of_book(instrument, side)];
  const auto above = static_cast<std::uint32_t>(rank);
  if (rank < 0 || above >= ladder.size) return false;
  const Rung& rung = ladders_.rung(ladder, above);
  const Level& level = levels_[rung.level];
  out = {price_of(side, rung.key), level.qty, level.orders};
  return true;
}

int OrderBooks::queue(InstrumentId instrument, Side side, Price price, OrderView* out,
                      int capacity) const {
  std::uint32_t steps = 0;
  if (!to_steps(price, steps)) return 0;
  const Ladder& ladder = sides_[side_of_book(instrument, side)];
  const LadderKey key = ladder_key(side, steps);
  const std::uint32_t above = ladders_.above(ladder, key);
  if (above == ladder.size || ladders_.rung(ladder, above).key != key) return 0;
  int count = 0;
  for (std::uint32_t slot = levels_[ladders_.rung(ladder, above).level].first;
       slot != kNone && count < capacity; slot = orders_[slot].next) {
    out[count++] = view(orders_[slot]);
  }
  return count;
}

bool OrderBooks::find(std::uint64_t reference, OrderView& out) const {
  const std::uint32_t slot = slot_of(reference);
  if (slot == kNone) return false;
  out = view(orders_[slot]);
  return true;
}

Qty OrderBooks::qty_ahead(std::uint64_t reference) const {
  const std::uint32_t slot = slot_of(reference);
  if (slot == kNone) return -1;
  Qty ahead = 0;
  for (std::uint32_t at = orders_[slot].previous; at != kNone;
       at = orders_[at].previous) {
    ahead += orders_[at].qty;
  }
  return ahead;
}

std::int64_t OrderBooks::orders_ahead(std::uint64_t reference) const {
  const std::uint32_t slot = slot_of(reference);
  if (slot == kNone) return -1;
  std::int64_t ahead = 0;
  for (std::uint32_t at = orders_[slot].previous; at != kNone;
       at = orders_[at].previous) {
    ++ahead;
  }
  return ahead;
}

}  // namespace pyscalp::book
