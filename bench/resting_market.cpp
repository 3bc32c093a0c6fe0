#include "bench/resting_market.hpp"

#include <algorithm>

namespace pyscalp::bench {

namespace {

/// Where the level that is `depth` from the best stands in its vector.
std::size_t place_of(std::size_t levels, std::size_t depth) {
  return levels - 1 - std::min(depth, levels - 1);
}

}  // namespace

/// The first level that is not worse than `price`: its own level, or where that goes.
std::size_t RestingMarket::position(const Levels& levels, Side side, PriceE4 price) {
  const auto worse = [side](const Level& level, PriceE4 than) {
    return side == Side::kBuy ? level.price < than : level.price > than;
  };
  return static_cast<std::size_t>(
      std::lower_bound(levels.begin(), levels.end(), price, worse) - levels.begin());
}

std::uint32_t RestingMarket::add(const RestingOrder& order) {
  std::uint32_t place = 0;
  if (free_.empty()) {
    place = static_cast<std::uint32_t>(orders_.size());
    orders_.push_back(order);
  } else {
    place = free_.back();
    free_.pop_back();
    orders_[place] = order;
  }
  ++alive_;
  Levels& levels = side_of(order.instrument, order.side);
  const std::size_t at = position(levels, order.side, order.price);
  if (at == levels.size() || levels[at].price != order.price) {
    levels.insert(levels.begin() + static_cast<std::ptrdiff_t>(at),
                  Level{order.price, kNone, kNone, 0});
  }
  Level& level = levels[at];
  orders_[place].previous = level.last;
  orders_[place].next = kNone;
  (level.last == kNone ? level.first : orders_[level.last].next) = place;
  level.last = place;
  ++level.orders;
  return place;
}

void RestingMarket::remove(std::uint32_t place) {
  RestingOrder& order = orders_[place];
  Levels& levels = side_of(order.instrument, order.side);
  const std::size_t at = position(levels, order.side, order.price);
  Level& level = levels[at];
  (order.previous == kNone ? level.first : orders_[order.previous].next) = order.next;
  (order.next == kNone ? level.last : orders_[order.next].previous) = order.previous;
  if (--level.orders == 0) {
    levels.erase(levels.begin() + static_cast<std::ptrdiff_t>(at));
  }
  order.reference = 0;
  free_.push_back(place);
  --alive_;
}

std::uint32_t RestingMarket::first(std::uint16_t instrument, Side side,
                                   std::size_t depth) const {
  const Levels& levels = side_of(instrument, side);
  return levels.empty() ? kNone : levels[place_of(levels.size(), depth)].first;
}

std::uint32_t RestingMarket::last(std::uint16_t instrument, Side side,
                                  std::size_t depth) const {
  const Levels& levels = side_of(instrument, side);
  return levels.empty() ? kNone : levels[place_of(levels.size(), depth)].last;
}

std::uint32_t RestingMarket::orders_at(std::uint16_t instrument, Side side,
                                       std::size_t depth) const {
  const Levels& levels = side_of(instrument, side);
  return levels.empty() ? 0 : levels[place_of(levels.size(), depth)].orders;
}

}  // namespace pyscalp::bench
