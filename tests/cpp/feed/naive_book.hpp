// A slow book that is obviously right, and a random stream of valid messages for it.
#pragma once

#include <algorithm>
#include <list>
#include <map>
#include <tuple>
#include <vector>

#include "base/random.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::feed::testing {

namespace itch = wire::itch;
using Buffer = std::vector<std::byte>;

template <class Message>
Buffer encoded(const Message& message) {
  Buffer bytes(Message::kSize);
  encode(message, bytes.data());
  return bytes;
}

/// Orders by reference, and at each price in the order in which they came.
class NaiveBook {
 public:
  struct Order {
    std::uint16_t locate = 0;
    char side = 'B';
    std::uint32_t shares = 0;
    std::uint32_t price_e4 = 0;
    friend bool operator==(const Order&, const Order&) = default;
  };
  using Place = std::tuple<std::uint16_t, char, std::uint32_t>;

  void apply(Bytes message) {
    if (itch::decode(message, *this) != itch::DecodeStatus::kOk) sound = false;
  }
  void on(const itch::AddOrder& m) {
    add(m.reference, {m.header.locate, m.side, m.shares, m.price_e4});
  }
  void on(const itch::OrderExecuted& m) { reduce(m.reference, m.shares); }
  void on(const itch::OrderCancel& m) { reduce(m.reference, m.cancelled); }
  void on(const itch::OrderDelete& m) { remove(m.reference); }
  void on(const itch::OrderReplace& m) {
    const Order old = remove(m.old_reference);
    add(m.new_reference, {old.locate, old.side, m.shares, m.price_e4});
  }

  /// The book as messages: best price first is not asked for, the queues are.
  std::vector<Buffer> snapshot() const {
    std::vector<Buffer> messages;
    for (const auto& [place, queue] : queues) {
      for (const std::uint64_t reference : queue) {
        const Order& order = orders.at(reference);
        itch::AddOrder add;
        add.header.locate = order.locate;
        add.reference = reference;
        add.side = order.side;
        add.shares = order.shares;
        add.price_e4 = order.price_e4;
        messages.push_back(encoded(add));
      }
    }
    return messages;
  }
  friend bool operator==(const NaiveBook&, const NaiveBook&) = default;

  std::map<std::uint64_t, Order> orders;
  std::map<Place, std::list<std::uint64_t>> queues;
  bool sound = true;  ///< nothing impossible has been seen

 private:
  void add(std::uint64_t reference, const Order& order) {
    if (order.shares == 0 || !orders.emplace(reference, order).second) sound = false;
    queues[{order.locate, order.side, order.price_e4}].push_back(reference);
  }
  Order remove(std::uint64_t reference) {
    const auto found = orders.find(reference);
    if (found == orders.end()) {
      sound = false;
      return {};
    }
    const Order order = found->second;
    const auto queue = queues.find({order.locate, order.side, order.price_e4});
    queue->second.remove(reference);
    if (queue->second.empty()) queues.erase(queue);
    orders.erase(found);
    return order;
  }
  void reduce(std::uint64_t reference, std::uint32_t shares) {
    const auto found = orders.find(reference);
    if (found == orders.end() || found->second.shares < shares) {
      sound = false;
    } else if ((found->second.shares -= shares) == 0) {
      found->second.shares = shares;
      remove(reference);
    }
  }
};

/// `count` messages: mostly adds at first, then the book's size about stays.
inline std::vector<Buffer> random_messages(std::uint64_t seed, std::size_t count) {
  Random random(seed);
  NaiveBook book;
  std::vector<std::uint64_t> live;
  std::vector<Buffer> messages;
  std::uint64_t next = 1;
  while (messages.size() < count) {
    const std::uint64_t kind = random.below(10);
    const itch::Header header{static_cast<std::uint16_t>(1 + random.below(3)), 0, next};
    const auto shares = static_cast<std::uint32_t>(1 + random.below(500));
    const auto price = static_cast<std::uint32_t>(1'000'000 + 100 * random.below(20));
    if (live.size() < 10 || kind < 4) {
      const char side = random.below(2) == 0 ? 'B' : 'S';
      live.push_back(next);
      messages.push_back(
          encoded(itch::AddOrder{header, next++, side, shares, {}, price}));
    } else {
      const std::size_t at = random.below(live.size());
      const std::uint64_t reference = live[at];
      const NaiveBook::Order order = book.orders.at(reference);
      const itch::Header own{order.locate, 0, next};
      const std::uint32_t part = std::min(shares, order.shares);
      if (kind < 6) {
        messages.push_back(encoded(itch::OrderExecuted{own, reference, part, next}));
      } else if (kind < 7) {
        messages.push_back(encoded(itch::OrderCancel{own, reference, part}));
      } else if (kind < 9) {
        messages.push_back(encoded(itch::OrderDelete{own, reference}));
      } else {
        live.push_back(next);
        messages.push_back(
            encoded(itch::OrderReplace{own, reference, next++, shares, price}));
      }
    }
    book.apply(messages.back());
    std::erase_if(live, [&](std::uint64_t one) { return !book.orders.contains(one); });
  }
  return messages;
}

}  // namespace pyscalp::feed::testing
