// The stock whose book a measurement tips over, and the messages that do it.
//
// At rest both sides show 1,000 shares at the touch. A trigger adds 9,000 to one of
// them, in turns, so that nine tenths of what is shown leans to one side; the reset
// takes them off again. References are beyond those of any made-up day.
#pragma once

#include <array>

#include "base/bytes.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::bench {

class TriggerStock {
 public:
  static constexpr const char* kSymbol = "TRIGGER";
  static constexpr std::uint32_t kBidE4 = 1'000'000;
  static constexpr std::uint32_t kAskE4 = 1'001'000;
  static constexpr int kLevels = 5;
  static constexpr std::uint32_t kShares = 1'000;
  static constexpr std::uint32_t kTriggerShares = 9'000;
  static constexpr std::uint64_t kFirstTrigger = (1ull << 33) + 16;

  explicit TriggerStock(std::uint16_t locate) : locate_(locate) {}

  std::uint16_t locate() const { return locate_; }

  /// The stock in the directory, trading, the market open, and the book at rest: calls
  /// `out(Bytes)` for each message.
  template <class Out>
  void open(std::uint64_t time_ns, Out&& out) {
    using namespace wire::itch;
    const Header all{0, 0, time_ns};
    const Header stock{locate_, 0, time_ns};
    out(encoded(SystemEvent{all, 'O'}));
    out(encoded(SystemEvent{all, 'S'}));
    StockDirectory directory;
    directory.header = stock;
    directory.stock = Symbol(kSymbol);
    out(encoded(directory));
    TradingAction action;
    action.header = stock;
    action.stock = Symbol(kSymbol);
    out(encoded(action));
    out(encoded(SystemEvent{all, 'Q'}));
    std::uint64_t reference = kFirstTrigger - 2 * kLevels;
    for (std::uint32_t level = 0; level < kLevels; ++level) {
      out(add(reference++, 'B', kShares, kBidE4 - 100 * level, time_ns));
      out(add(reference++, 'S', kShares, kAskE4 + 100 * level, time_ns));
    }
  }

  Bytes trigger(std::uint64_t number, std::uint64_t time_ns) {
    const bool buy = number % 2 == 0;
    return add(kFirstTrigger + number, buy ? 'B' : 'S', kTriggerShares,
               buy ? kBidE4 : kAskE4, time_ns);
  }
  Bytes reset(std::uint64_t number, std::uint64_t time_ns) {
    return encoded(
        wire::itch::OrderDelete{{locate_, 0, time_ns}, kFirstTrigger + number});
  }

 private:
  Bytes add(std::uint64_t reference, char side, std::uint32_t shares,
            std::uint32_t price_e4, std::uint64_t time_ns) {
    return encoded(wire::itch::AddOrder{{locate_, 0, time_ns},
                                        reference,
                                        side,
                                        shares,
                                        wire::itch::Symbol(kSymbol),
                                        price_e4});
  }
  template <class Message>
  Bytes encoded(const Message& message) {
    return {bytes_.data(), wire::itch::encode(message, bytes_.data())};
  }

  std::uint16_t locate_;
  std::array<std::byte, wire::itch::kMaxSize> bytes_;
};

}  // namespace pyscalp::bench
