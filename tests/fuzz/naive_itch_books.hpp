// Order-by-order books as maps and lists, driven by ITCH messages: what the real ones
// are held against, message by message. With the same capacities, the same names for
// what is wrong with a message, and the same flags.
#pragma once

#include <list>
#include <map>
#include <set>

#include "book/itch_books.hpp"

namespace pyscalp::fuzz {

class NaiveItchBooks {
 public:
  using Status = book::BookStatus;
  struct Order {
    std::uint16_t locate;
    Side side;
    std::uint32_t price_e4;
    Qty qty;
  };
  /// References by age.
  using Queue = std::list<std::uint64_t>;
  struct BetterFirst {
    Side side;
    bool operator()(std::uint32_t a, std::uint32_t b) const {
      return side == Side::kBuy ? a > b : a < b;
    }
  };
  using Levels = std::map<std::uint32_t, Queue, BetterFirst>;

  NaiveItchBooks(std::size_t orders_max, std::size_t levels_max)
      : orders_max_(orders_max), levels_max_(levels_max) {}

  void clear() {
    orders_.clear();
    levels_.clear();
    flagged_.clear();
  }

  void apply(Bytes message) {
    const auto status = wire::itch::decode(message, *this);
    const bool known = status != wire::itch::DecodeStatus::kUnknownType;
    if (known && status != wire::itch::DecodeStatus::kOk && message.size() >= 3) {
      flagged_.insert(load_be<std::uint16_t>(message.data() + 1));
    }
  }

  void on(const wire::itch::AddOrder& m) { add_message(m); }
  void on(const wire::itch::AddOrderMpid& m) { add_message(m); }
  void on(const wire::itch::OrderExecuted& m) {
    const Status status = settle(m.header, take(m.reference, m.shares));
    trades += status == Status::kOk ? 1 : 0;
  }
  void on(const wire::itch::OrderExecutedWithPrice& m) {
    const Status status = settle(m.header, take(m.reference, m.shares));
    trades += status == Status::kOk && m.printable == 'Y' ? 1 : 0;
  }
  void on(const wire::itch::OrderCancel& m) {
    settle(m.header, take(m.reference, m.cancelled));
  }
  void on(const wire::itch::OrderDelete& m) { settle(m.header, remove(m.reference)); }
  void on(const wire::itch::OrderReplace& m) {
    const auto old = orders_.find(m.old_reference);
    if (old == orders_.end()) {
      settle(m.header, Status::kUnknownOrder);
    } else if (m.new_reference != m.old_reference &&
               orders_.contains(m.new_reference)) {
      settle(m.header, Status::kDuplicateOrder);
    } else {
      const Order order = old->second;
      remove(m.old_reference);
      settle(m.header,
             add(order.locate, m.new_reference, order.side, m.shares, m.price_e4));
    }
  }
  void on(const wire::itch::Trade&) { ++trades; }

  const std::map<std::uint64_t, Order>& orders() const { return orders_; }
  const Levels* levels(std::uint16_t locate, Side side) const {
    const auto found = levels_.find({locate, side});
    return found == levels_.end() ? nullptr : &found->second;
  }
  Qty qty(const Queue& queue) const {
    Qty total = 0;
    for (const std::uint64_t reference : queue) total += orders_.at(reference).qty;
    return total;
  }
  book::Touch touch(std::uint16_t locate) const {
    book::Touch touch;
    if (const Levels* bids = levels(locate, Side::kBuy)) {
      touch.bid = price_from_e4(bids->begin()->first);
      touch.bid_qty = qty(bids->begin()->second);
    }
    if (const Levels* asks = levels(locate, Side::kSell)) {
      touch.ask = price_from_e4(asks->begin()->first);
      touch.ask_qty = qty(asks->begin()->second);
    }
    return touch;
  }
  bool flagged(std::uint16_t locate) const { return flagged_.contains(locate); }

  std::uint64_t counted[book::kBookStatusCount] = {};
  std::uint64_t wrong_locate = 0;
  std::uint64_t trades = 0;

 private:
  void add_message(const auto& m) {
    const Side side = m.side == 'B' ? Side::kBuy : Side::kSell;
    settle(m.header, add(m.header.locate, m.reference, side, m.shares, m.price_e4));
  }

  Status settle(const wire::itch::Header& header, Status status) {
    ++counted[static_cast<int>(status)];
    if (status != Status::kOk) {
      flagged_.insert(header.locate);
    } else if (last_locate_ != header.locate) {
      ++wrong_locate;
      flagged_.insert(header.locate);
      flagged_.insert(last_locate_);
    }
    return status;
  }

  Status add(std::uint16_t locate, std::uint64_t reference, Side side, Qty qty,
             std::uint32_t price_e4) {
    if (qty == 0) return Status::kZeroQuantity;
    if (price_e4 == 0) return Status::kNoPrice;
    if (orders_.contains(reference)) return Status::kDuplicateOrder;
    if (orders_.size() == orders_max_) return Status::kOrdersFull;
    const auto side_levels =
        levels_.try_emplace({locate, side}, BetterFirst{side}).first;
    if (!side_levels->second.contains(price_e4) && level_count() == levels_max_) {
      if (side_levels->second.empty()) levels_.erase(side_levels);
      return Status::kLevelsFull;
    }
    side_levels->second[price_e4].push_back(reference);
    orders_[reference] = {locate, side, price_e4, qty};
    last_locate_ = locate;
    return Status::kOk;
  }

  Status remove(std::uint64_t reference) {
    const auto found = orders_.find(reference);
    if (found == orders_.end()) return Status::kUnknownOrder;
    const Order order = found->second;
    const auto side = levels_.find({order.locate, order.side});
    const auto level = side->second.find(order.price_e4);
    level->second.remove(reference);
    if (level->second.empty()) side->second.erase(level);
    if (side->second.empty()) levels_.erase(side);
    orders_.erase(found);
    last_locate_ = order.locate;
    return Status::kOk;
  }

  Status take(std::uint64_t reference, Qty qty) {
    const auto found = orders_.find(reference);
    if (found == orders_.end()) return Status::kUnknownOrder;
    if (qty == 0) return Status::kZeroQuantity;
    last_locate_ = found->second.locate;
    if (qty < found->second.qty) {
      found->second.qty -= qty;
      return Status::kOk;
    }
    const bool over = qty > found->second.qty;
    remove(reference);
    return over ? Status::kOverfill : Status::kOk;
  }

  std::size_t level_count() const {
    std::size_t count = 0;
    for (const auto& [side, levels] : levels_) count += levels.size();
    return count;
  }

  std::size_t orders_max_;
  std::size_t levels_max_;
  std::map<std::uint64_t, Order> orders_;
  std::map<std::pair<std::uint16_t, Side>, Levels> levels_;  ///< none is empty
  std::set<std::uint16_t> flagged_;
  std::uint16_t last_locate_ = 0;  ///< of the order that was last changed
};

}  // namespace pyscalp::fuzz
