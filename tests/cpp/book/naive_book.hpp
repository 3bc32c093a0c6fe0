// The order-by-order book as one would first write it: maps of lists, nothing clever.
//
// What OrderBooks is compared with, message by message. It says the same BookStatus of
// the same mistakes: a second order of one reference, one of no shares or no price, and
// one that nobody knows change nothing; who takes more than there is takes all.
#pragma once

#include <list>
#include <map>
#include <unordered_map>
#include <vector>

#include "book/order_books.hpp"

namespace pyscalp::book {

class NaiveBooks {
 public:
  struct Resting {
    std::uint64_t reference;
    Qty qty;
  };
  using Queue = std::list<Resting>;
  /// Best first on either side: bids are kept under their negated price.
  using Levels = std::map<std::int64_t, Queue>;
  struct Where {
    InstrumentId instrument{};
    Side side = Side::kBuy;
    Price price;
    Queue::iterator at;
  };

  NaiveBooks() : levels_(2 << 16) {}

  BookStatus add(InstrumentId instrument, std::uint64_t reference, Side side, Qty qty,
                 Price price) {
    if (qty <= 0) return BookStatus::kZeroQuantity;
    if (price.value <= 0) return BookStatus::kNoPrice;
    if (orders_.count(reference) != 0) return BookStatus::kDuplicateOrder;
    Queue& queue = levels(instrument, side)[key(side, price)];
    queue.push_back({reference, qty});
    orders_[reference] = {instrument, side, price, std::prev(queue.end())};
    return BookStatus::kOk;
  }

  BookStatus remove(std::uint64_t reference) {
    const auto found = orders_.find(reference);
    if (found == orders_.end()) return BookStatus::kUnknownOrder;
    const Where where = found->second;
    Levels& side = levels(where.instrument, where.side);
    const auto level = side.find(key(where.side, where.price));
    level->second.erase(where.at);
    if (level->second.empty()) side.erase(level);
    orders_.erase(found);
    return BookStatus::kOk;
  }

  BookStatus reduce(std::uint64_t reference, Qty qty) {
    const auto found = orders_.find(reference);
    if (found == orders_.end()) return BookStatus::kUnknownOrder;
    if (qty <= 0) return BookStatus::kZeroQuantity;
    Resting& resting = *found->second.at;
    if (qty < resting.qty) {
      resting.qty -= qty;
      return BookStatus::kOk;
    }
    const bool over = qty > resting.qty;
    remove(reference);
    return over ? BookStatus::kOverfill : BookStatus::kOk;
  }

  BookStatus replace(std::uint64_t old_reference, std::uint64_t new_reference, Qty qty,
                     Price price) {
    const auto found = orders_.find(old_reference);
    if (found == orders_.end()) return BookStatus::kUnknownOrder;
    if (new_reference != old_reference && orders_.count(new_reference) != 0) {
      return BookStatus::kDuplicateOrder;
    }
    const Where old = found->second;
    remove(old_reference);
    return add(old.instrument, new_reference, old.side, qty, price);
  }

  /// Where an order rests; null where there is none.
  const Where* find(std::uint64_t reference) const {
    const auto found = orders_.find(reference);
    return found == orders_.end() ? nullptr : &found->second;
  }
  const Levels& levels(InstrumentId instrument, Side side) const {
    return levels_[2u * index(instrument) + static_cast<unsigned>(index(side))];
  }
  std::size_t order_count() const { return orders_.size(); }

  static std::int64_t key(Side side, Price price) { return -sign(side) * price.value; }
  static Price price(Side side, std::int64_t key) { return {-sign(side) * key}; }

 private:
  Levels& levels(InstrumentId instrument, Side side) {
    return levels_[2u * index(instrument) + static_cast<unsigned>(index(side))];
  }

  std::vector<Levels> levels_;
  std::unordered_map<std::uint64_t, Where> orders_;
};

}  // namespace pyscalp::book
