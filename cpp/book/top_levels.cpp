#include "book/top_levels.hpp"

#include <algorithm>

namespace pyscalp::book {

namespace {

constexpr int kLeastStock = 64;

std::int64_t key_of(Side side, Price price) {
  return side == Side::kBuy ? price.value : -price.value;
}
Price price_of(Side side, std::int64_t key) {
  return {side == Side::kBuy ? key : -key};
}

TopLevelsConfig within_limits(TopLevelsConfig config) {
  config.levels = std::clamp(config.levels, 1, TopLevels::kMaxLevels);
  config.ticks = std::clamp(config.ticks, 0, TopLevels::kMaxTicks);
  config.tick = std::max(config.tick, Price{1});
  return config;
}

double ratio(double bid, double ask) {
  const double total = bid + ask;
  return total == 0 ? 0.0 : (bid - ask) / total;
}

}  // namespace

TopLevels::TopLevels(const TopLevelsConfig& config)
    : config_(within_limits(config)),
      stock_(std::max({kLeastStock, 4 * config_.levels, 2 * (config_.ticks + 1)})),
      reach_(config_.tick.value * config_.ticks),
      scratch_(std::make_unique<LevelView[]>(static_cast<std::size_t>(stock_))) {
  for (Half& half : halves_) {
    half.held = std::make_unique<Held[]>(static_cast<std::size_t>(stock_));
  }
}

void TopLevels::clear() {
  for (const Side side : {Side::kBuy, Side::kSell}) load(side, nullptr, 0, true);
}

bool TopLevels::short_of(Side side) const {
  const Half& half = halves_[index(side)];
  if (half.all) return false;
  return half.size < config_.levels || (half.near == half.size && half.size < stock_);
}

bool TopLevels::near_is_whole(Side side) const {
  const Half& half = halves_[index(side)];
  return half.all || half.near < half.size;
}

void TopLevels::load(Side side, const LevelView* levels, int count, bool all) {
  Half& half = halves_[index(side)];
  half.size = std::min(count, stock_);
  half.all = all && count <= stock_;
  half.top_qty = half.top_orders = 0;
  for (int rank = 0; rank < half.size; ++rank) {
    const LevelView& level = levels[rank];
    half.at(rank) = {key_of(side, level.price), level.qty,
                     static_cast<std::int64_t>(level.orders)};
    if (rank < config_.levels) {
      half.top_qty += level.qty;
      half.top_orders += level.orders;
    }
  }
  half.near = 0;
  half.near_qty = 0;
  follow_touch(half);
}

void TopLevels::follow_touch(Half& half) {
  while (half.near > 0 && !is_near(half, half.at(half.near - 1).key)) {
    half.near_qty -= half.at(--half.near).qty;
  }
  while (half.near < half.size && is_near(half, half.at(half.near).key)) {
    half.near_qty += half.at(half.near++).qty;
  }
}

void TopLevels::insert(Half& half, int rank, const Held& level) {
  if (half.size == stock_) {
    const Held& worst = half.at(half.size - 1);
    if (half.near == half.size) {
      --half.near;
      half.near_qty -= worst.qty;
    }
    std::copy(half.held.get() + 1, half.held.get() + half.size, half.held.get());
    --half.size;
    half.all = false;
  }
  Held* const place = half.held.get() + half.size - rank;
  std::copy_backward(place, half.held.get() + half.size,
                     half.held.get() + half.size + 1);
  *place = level;
  ++half.size;
  if (rank < config_.levels) {
    half.top_qty += level.qty;
    half.top_orders += level.orders;
    if (half.size > config_.levels) {
      half.top_qty -= half.at(config_.levels).qty;
      half.top_orders -= half.at(config_.levels).orders;
    }
  }
  if (rank <= half.near && is_near(half, level.key)) {
    ++half.near;
    half.near_qty += level.qty;
  }
  if (rank == 0) follow_touch(half);
}

void TopLevels::erase(Half& half, int rank) {
  const Held gone = half.at(rank);
  if (rank < config_.levels) {
    half.top_qty -= gone.qty;
    half.top_orders -= gone.orders;
    if (half.size > config_.levels) {
      half.top_qty += half.at(config_.levels).qty;
      half.top_orders += half.at(config_.levels).orders;
    }
  }
  if (rank < half.near) {
    --half.near;
    half.near_qty -= gone.qty;
  }
  Held* const place = half.held.get() + half.size - 1 - rank;
  std::copy(place + 1, half.held.get() + half.size, place);
  --half.size;
  if (rank == 0) follow_touch(half);
}

std::uint8_t TopLevels::apply(const LevelChange& change) {
  Half& half = halves_[index(change.side)];
  const std::int64_t key = key_of(change.side, change.price);
  int rank = 0;
  while (rank < half.size && half.at(rank).key > key) ++rank;
  const bool there = rank < half.size && half.at(rank).key == key;
  if (!there) {
    if (change.qty <= 0) return kNothing;
    if (rank == half.size && !half.all) return kNothing;  // deeper than what is held
    if (rank == stock_) {                                 // deeper than can be held
      half.all = false;
      return kNothing;
    }
  }
  const Qty near_before = half.near_qty;
  if (!there) {
    insert(half, rank, {key, change.qty, change.orders});
  } else if (change.qty <= 0) {
    erase(half, rank);
  } else {
    Held& level = half.at(rank);
    const Qty more = change.qty - level.qty;
    level.qty = change.qty;
    level.orders += change.orders;
    if (rank < config_.levels) {
      half.top_qty += more;
      half.top_orders += change.orders;
    }
    if (rank < half.near) half.near_qty += more;
  }
  std::uint8_t changed = kNothing;
  if (rank == 0) changed |= kTouch;
  if (rank < config_.levels) changed |= kTop;
  if (half.near_qty != near_before) changed |= kNear;
  return changed;
}

int TopLevels::count(Side side) const {
  return std::min(halves_[index(side)].size, config_.levels);
}

LevelView TopLevels::level(Side side, int rank) const {
  const Held& held = halves_[index(side)].at(rank);
  return {price_of(side, held.key), held.qty, static_cast<std::uint32_t>(held.orders)};
}

Touch TopLevels::touch() const {
  Touch touch;
  if (count(Side::kBuy) != 0) {
    const LevelView best = level(Side::kBuy, 0);
    touch.bid = best.price, touch.bid_qty = best.qty;
  }
  if (count(Side::kSell) != 0) {
    const LevelView best = level(Side::kSell, 0);
    touch.ask = best.price, touch.ask_qty = best.qty;
  }
  return touch;
}

double TopLevels::imbalance() const {
  return ratio(static_cast<double>(qty(Side::kBuy)),
               static_cast<double>(qty(Side::kSell)));
}

double TopLevels::weighted_qty(Side side) const {
  const Half& half = halves_[index(side)];
  const int levels = count(side);
  const auto tick = static_cast<double>(config_.tick.value);
  double total = 0;
  for (int rank = 0; rank < levels; ++rank) {
    const auto distance = static_cast<double>(half.at(0).key - half.at(rank).key);
    total += static_cast<double>(half.at(rank).qty) / (1.0 + distance / tick);
  }
  return total;
}

double TopLevels::weighted_imbalance() const {
  return ratio(weighted_qty(Side::kBuy), weighted_qty(Side::kSell));
}

}  // namespace pyscalp::book
