#include "exchange/resting_book.hpp"

#include <algorithm>

namespace pyscalp::exchange {
namespace {

/// Takes a slot from the free list, or a new one.
template <class T>
std::uint32_t allocate(std::vector<T>& pool, std::vector<std::uint32_t>& free) {
  if (free.empty()) {
    pool.emplace_back();
    return static_cast<std::uint32_t>(pool.size() - 1);
  }
  const std::uint32_t index = free.back();
  free.pop_back();
  pool[index] = T{};
  return index;
}

/// How many of the best rungs are looked at one by one before a binary search.
constexpr std::size_t kNearRungs = 12;

/// The first rung, from the worst, that is not worse than `price`.
std::vector<Ladder::Rung>::iterator rung_at(Ladder& ladder, Side side, Price price) {
  auto& rungs = ladder.rungs;
  const auto worse = [side](const Ladder::Rung& rung, Price than) {
    return better(side, than, rung.price);
  };
  auto end = rungs.end();
  for (std::size_t n = std::min(kNearRungs, rungs.size()); n > 0; --n) {
    if (worse(*(end - 1), price)) return end;
    --end;
  }
  return std::lower_bound(rungs.begin(), end, price, worse);
}

}  // namespace

void RestingBook::list(InstrumentId instrument) {
  const std::size_t needed = 2 * index(instrument) + 2;
  if (ladders_.size() < needed) ladders_.resize(needed);
}

std::uint32_t RestingBook::add(const Order& order, Place place) {
  Ladder& ladder = ladder_of(order.instrument, order.side);
  const std::uint32_t at = level_at(ladder, order.side, order.price);
  const std::uint32_t index = allocate(orders_, orders_free_);
  orders_[index] = order;
  orders_[index].level = at;
  Level& level = levels_[at];
  if (place == Place::kLast) {
    link(queue(level, order.hidden), index);
  } else {
    link_first(queue(level, order.hidden), index);
  }
  shown(level, order.hidden) += order.qty;
  touch(order);
  if (!order.recorded()) {
    ++level.participants;
    ++ladder.participants;
  }
  references_.insert(order.reference, index);
  return index;
}

void RestingBook::erase(std::uint32_t index) {
  const Order& order = orders_[index];
  Level& level = levels_[order.level];
  unlink(queue(level, order.hidden), index);
  shown(level, order.hidden) -= order.qty;
  touch(order);
  Ladder& ladder = ladder_of(order.instrument, order.side);
  if (!order.recorded()) {
    --level.participants;
    --ladder.participants;
  }
  references_.erase(order.reference);
  if (level.empty()) drop_level(ladder, order.side, order.price);
  orders_free_.push_back(index);
}

void RestingBook::requeue(std::uint32_t index, std::uint64_t reference, Qty qty) {
  Order& order = orders_[index];
  Level& level = levels_[order.level];
  unlink(queue(level, order.hidden), index);
  link(queue(level, order.hidden), index);
  references_.erase(order.reference);
  references_.insert(reference, index);
  order.reference = reference;
  order.qty = qty;
  shown(level, order.hidden) += qty;
  touch(order);
}

std::uint32_t RestingBook::level_at(Ladder& ladder, Side side, Price price) {
  const auto at = rung_at(ladder, side, price);
  if (at != ladder.rungs.end() && at->price == price) return at->level;
  const std::uint32_t level = allocate(levels_, levels_free_);
  levels_[level].price = price;
  ladder.rungs.insert(at, {price, level});
  return level;
}

void RestingBook::drop_level(Ladder& ladder, Side side, Price price) {
  const auto at = rung_at(ladder, side, price);
  levels_free_.push_back(at->level);
  ladder.rungs.erase(at);
}

void RestingBook::link(Queue& queue, std::uint32_t index) {
  Order& order = orders_[index];
  order.earlier = queue.last;
  order.later = kNil;
  (queue.last == kNil ? queue.first : orders_[queue.last].later) = index;
  queue.last = index;
}

void RestingBook::link_first(Queue& queue, std::uint32_t index) {
  Order& order = orders_[index];
  order.earlier = kNil;
  order.later = queue.first;
  (queue.first == kNil ? queue.last : orders_[queue.first].earlier) = index;
  queue.first = index;
}

void RestingBook::unlink(Queue& queue, std::uint32_t index) {
  const Order& order = orders_[index];
  (order.earlier == kNil ? queue.first : orders_[order.earlier].later) = order.later;
  (order.later == kNil ? queue.last : orders_[order.later].earlier) = order.earlier;
}

}  // namespace pyscalp::exchange
