// The symbol whose book a measurement tips over, as a recorded day of the included
// crypto exchange: prices in ticks and quantities in lots, in ITCH's fields for 1e-4
// and shares.
//
// At rest both sides show 1,000 lots at the touch. Each trigger has three moments of
// the day. At `lean` 9,000 lots join one side of the touch, in turns. At `clear` they
// are gone, and with them the touch of the other side, so that an order sent there
// meets nothing. At `restore` the book is at rest again.
#pragma once

#include <array>
#include <vector>

#include "base/bytes.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::bench {

class CryptoTriggerDay {
 public:
  static constexpr const char* kSymbol = "BTCUSDT";
  static constexpr std::uint32_t kBid = 600'000;  ///< ticks of 0.1
  static constexpr std::uint32_t kAsk = kBid + 1;
  static constexpr int kLevels = 5;
  static constexpr std::uint32_t kGap = 100;
  static constexpr std::uint64_t kStirs = 40;
  static constexpr std::uint32_t kLots = 1'000;
  static constexpr std::uint32_t kTriggerLots = 9'000;

  explicit CryptoTriggerDay(std::uint64_t triggers) {
    using namespace wire::itch;
    time_ = kOpens;
    const Header all{0, 0, kOpens};
    const Header symbol{kLocate, 0, kOpens};
    put(SystemEvent{all, 'O'});
    put(SystemEvent{all, 'S'});
    StockDirectory directory;
    directory.header = symbol;
    directory.stock = Symbol(kSymbol);
    put(directory);
    TradingAction action;
    action.header = symbol;
    action.stock = Symbol(kSymbol);
    put(action);
    put(SystemEvent{all, 'Q'});
    for (std::uint32_t level = 1; level < kLevels; ++level) {
      add('B', kLots, kBid - kGap * level);
      add('S', kLots, kAsk + kGap * level);
    }
    std::uint64_t bid = add('B', kLots, kBid);
    std::uint64_t ask = add('S', kLots, kAsk);
    for (std::uint64_t i = 0; i < kStirs; ++i) {
      time_ = stir(i);
      add('B', 1, kBid - kGap * kLevels);
      add('S', 1, kAsk + kGap * kLevels);
    }
    for (std::uint64_t i = 0; i < triggers; ++i) {
      const bool buy = i % 2 == 0;
      time_ = lean(i);
      const std::uint64_t leaning =
          add(buy ? 'B' : 'S', kTriggerLots, buy ? kBid : kAsk);
      time_ = clear(i);
      remove(leaning);
      remove(bid);
      remove(ask);
      time_ = restore(i);
      bid = add('B', kLots, kBid);
      ask = add('S', kLots, kAsk);
    }
    // Behind the last trigger the touch goes for good.
    time_ = lean(triggers);
    remove(bid);
    remove(ask);
  }

  Bytes file() const { return bytes_; }

  static constexpr std::uint64_t opened() { return kOpens; }
  static constexpr std::uint64_t stir(std::uint64_t number) {
    return kOpens + (number + 1) * kMoment;
  }
  static constexpr std::uint64_t lean(std::uint64_t trigger) {
    return kOpens + (kStirs + 3 * trigger + 1) * kMoment;
  }
  static constexpr std::uint64_t clear(std::uint64_t trigger) {
    return lean(trigger) + kMoment;
  }
  static constexpr std::uint64_t restore(std::uint64_t trigger) {
    return lean(trigger) + 2 * kMoment;
  }

 private:
  static constexpr std::uint64_t kOpens = 1'000'000'000;
  static constexpr std::uint64_t kMoment = 1'000'000;
  static constexpr std::uint16_t kLocate = 1;

  template <class Message>
  void put(const Message& message) {
    std::array<std::byte, 2 + wire::itch::kMaxSize> bytes;
    const std::size_t size = wire::itch::encode(message, bytes.data() + 2);
    store_be(bytes.data(), static_cast<std::uint16_t>(size));
    bytes_.insert(bytes_.end(), bytes.begin(),
                  bytes.begin() + static_cast<std::ptrdiff_t>(2 + size));
  }
  std::uint64_t add(char side, std::uint32_t lots, std::uint32_t ticks) {
    put(wire::itch::AddOrder{{kLocate, 0, time_},
                             ++reference_,
                             side,
                             lots,
                             wire::itch::Symbol(kSymbol),
                             ticks});
    return reference_;
  }
  void remove(std::uint64_t reference) {
    put(wire::itch::OrderDelete{{kLocate, 0, time_}, reference});
  }

  std::vector<std::byte> bytes_;
  std::uint64_t time_ = 0;
  std::uint64_t reference_ = 0;
};

}  // namespace pyscalp::bench
