// The generator's own books: who rests where, and who is next to trade.
//
// Plain and quick enough to write a day, not to trade on one. Queues are linked lists
// through a pool of orders, a side is a vector of levels whose best stands last.
// Single-threaded; memory grows with the orders alive.
#pragma once

#include <cstdint>
#include <vector>

#include "base/types.hpp"

namespace pyscalp::bench {

/// A price at 1e-4 of the currency unit, as ITCH writes it; 0 is none.
using PriceE4 = std::uint32_t;

struct RestingOrder {
  std::uint64_t reference = 0;  ///< 0 while the place in the pool is free
  std::uint32_t shares = 0;
  PriceE4 price = 0;
  std::uint32_t previous = 0;
  std::uint32_t next = 0;
  std::uint32_t patient_place = 0;  ///< where `MarketDay` lists it, if it does
  std::uint16_t instrument = 0;
  Side side = Side::kBuy;
  bool patient = false;  ///< rests for minutes to all day
};

class RestingMarket {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  explicit RestingMarket(std::uint32_t instruments) : sides_(2 * instruments) {}

  /// Puts an order last at its price; returns its place in the pool.
  std::uint32_t add(const RestingOrder& order);
  void remove(std::uint32_t place);
  /// Takes shares off an order that has more.
  void reduce(std::uint32_t place, std::uint32_t shares) {
    orders_[place].shares -= shares;
  }

  const RestingOrder& order(std::uint32_t place) const { return orders_[place]; }
  RestingOrder& order(std::uint32_t place) { return orders_[place]; }
  std::uint64_t alive() const { return alive_; }

  PriceE4 best(std::uint16_t instrument, Side side) const {
    const auto& levels = side_of(instrument, side);
    return levels.empty() ? 0 : levels.back().price;
  }
  std::size_t level_count(std::uint16_t instrument, Side side) const {
    return side_of(instrument, side).size();
  }
  /// The first or the last of the queue at the level that is `depth` from the best; the
  /// farthest level where there are fewer; kNone on an empty side.
  std::uint32_t first(std::uint16_t instrument, Side side, std::size_t depth) const;
  std::uint32_t last(std::uint16_t instrument, Side side, std::size_t depth) const;
  /// Orders at that level.
  std::uint32_t orders_at(std::uint16_t instrument, Side side, std::size_t depth) const;

 private:
  struct Level {
    PriceE4 price;
    std::uint32_t first;
    std::uint32_t last;
    std::uint32_t orders;
  };
  using Levels = std::vector<Level>;

  Levels& side_of(std::uint16_t instrument, Side side) {
    return sides_[2u * instrument + static_cast<unsigned>(index(side))];
  }
  const Levels& side_of(std::uint16_t instrument, Side side) const {
    return sides_[2u * instrument + static_cast<unsigned>(index(side))];
  }
  static std::size_t position(const Levels& levels, Side side, PriceE4 price);

  std::vector<Levels> sides_;
  std::vector<RestingOrder> orders_;
  std::vector<std::uint32_t> free_;
  std::uint64_t alive_ = 0;
};

}  // namespace pyscalp::bench
