#include "book/order_books.hpp"

#include <algorithm>

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

OrderBooks::OrderBooks(const BookCapacity& capacity)
    : step_(capacity.step.value),
      index_(capacity.orders, capacity.pages),
      orders_(std::size_t{capacity.orders} + 1, capacity.pages),
      levels_(capacity.levels, capacity.tick, capacity.pages),
      ladders_(capacity.levels, capacity.pages),
      sides_(2 * kInstruments),
      flagged_(kInstruments) {}

void OrderBooks::prefault() {
  index_.prefault();
  orders_.prefault();
  levels_.prefault();
  ladders_.prefault();
  sides_.prefault();
  flagged_.prefault();
}

void OrderBooks::clear() {
  index_.clear();
  orders_.clear();
  levels_.clear();
  ladders_.clear();
  sides_.clear();
  flagged_.clear();
  order_count_ = orders_used_ = 0;
  free_order_ = kNone;
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
  Qty total = 0;
  const auto most = static_cast<std::uint32_t>(std::max(levels, 0));
  ladders_.visit_best(sides_[side_of_book(instrument, side)], most,
                      [&](std::uint32_t number) { total += levels_[number].qty; });
  return total;
}

int OrderBooks::levels(InstrumentId instrument, Side side, LevelView* out,
                       int capacity) const {
  const Ladder& ladder = sides_[side_of_book(instrument, side)];
  const auto most = static_cast<std::uint32_t>(std::max(capacity, 0));
  LevelView* end = out;
  ladders_.visit_best(ladder, most,
                      [&](std::uint32_t number) { *end++ = view(levels_[number]); });
  const auto sorted = std::min<std::ptrdiff_t>(ladder.size, end - out);
  std::sort(out + sorted, end, [side](const LevelView& a, const LevelView& b) {
    return better(side, a.price, b.price);
  });
  return static_cast<int>(end - out);
}

bool OrderBooks::level(InstrumentId instrument, Side side, int rank,
                       LevelView& out) const {
  if (rank < 0) return false;
  const Ladder& ladder = sides_[side_of_book(instrument, side)];
  const std::uint32_t number =
      ladders_.level_at(ladder, static_cast<std::uint32_t>(rank));
  if (number == LevelTable::kNone) return false;
  out = view(levels_[number]);
  return true;
}

int OrderBooks::queue(InstrumentId instrument, Side side, Price price, OrderView* out,
                      int capacity) const {
  std::uint32_t steps = 0;
  if (!to_steps(price, steps)) return 0;
  const std::uint32_t number =
      levels_.find(side_of_book(instrument, side), ladder_key(side, steps));
  if (number == LevelTable::kNone) return 0;
  int count = 0;
  for (std::uint32_t slot = levels_[number].first; slot != kNone && count < capacity;
       slot = orders_[slot].next) {
    out[count++] = view(orders_[slot]);
  }
  return count;
}

bool OrderBooks::find(std::uint64_t reference, OrderView& out) const {
  const std::uint32_t slot = index_.find(reference);
  if (slot == kNone) return false;
  out = view(orders_[slot]);
  return true;
}

Qty OrderBooks::qty_ahead(std::uint64_t reference) const {
  const std::uint32_t slot = index_.find(reference);
  if (slot == kNone) return -1;
  Qty ahead = 0;
  for (std::uint32_t at = orders_[slot].previous; at != kNone;
       at = orders_[at].previous) {
    ahead += orders_[at].qty;
  }
  return ahead;
}

std::int64_t OrderBooks::orders_ahead(std::uint64_t reference) const {
  const std::uint32_t slot = index_.find(reference);
  if (slot == kNone) return -1;
  std::int64_t ahead = 0;
  for (std::uint32_t at = orders_[slot].previous; at != kNone;
       at = orders_[at].previous) {
    ++ahead;
  }
  return ahead;
}

}  // namespace pyscalp::book
