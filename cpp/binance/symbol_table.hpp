// The symbols that a feed follows, found by name in constant time.
//
// Single-threaded; filled at construction, read afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "binance/symbol_rules.hpp"
#include "binance/text_words.hpp"

namespace pyscalp::binance {

/// A grid as the quick parser wants it.
struct NumberShape {
  std::uint64_t unit = 1;
  std::uint64_t most = 0;   ///< counts above are too large
  std::int64_t value = 1;   ///< of one step
  std::uint64_t power = 1;  ///< 10^scale
  int scale = 0;

  NumberShape() = default;
  NumberShape(const DecimalGrid& grid, std::int64_t most_, std::int64_t value_)
      : unit(static_cast<std::uint64_t>(grid.unit())),
        most(static_cast<std::uint64_t>(most_)),
        value(value_),
        power(static_cast<std::uint64_t>(kPowersOfTen[grid.scale()])),
        scale(grid.scale()) {}
};

struct Symbol {
  SymbolRules rules;
  NumberShape price;
  NumberShape qty;
  std::uint32_t place = 0;  ///< in the table
};

class SymbolTable {
 public:
  static constexpr std::size_t kMaxSymbols = 1024;

  /// Of two rules of one name the first counts; rules past kMaxSymbols are left out.
  explicit SymbolTable(std::span<const SymbolRules> rules);

  std::size_t size() const { return size_; }
  const Symbol& operator[](std::size_t place) const { return symbols_[place]; }
  /// Upper-case name; null where it is not followed.
  const Symbol* find(std::string_view name) const {
    std::uint64_t low = 0, high = 0;
    if (name.size() >= 16) {
      low = load_word(name.data());
      high = load_word(name.data() + 8);
    } else if (name.size() >= 8) {
      low = load_word(name.data());
      high = shifted(load_word(name.data() + name.size() - 8), 16 - name.size());
    } else {
      std::memcpy(&low, name.data(), name.size());
    }
    return look_up(name, low, high);
  }
  /// The same for a name that has sixteen readable bytes from its first on.
  const Symbol* find_in_text(std::string_view name) const {
    const std::size_t size = name.size();
    return look_up(name, first_bytes(load_word(name.data()), size),
                   size <= 8 ? 0 : first_bytes(load_word(name.data() + 8), size - 8));
  }
  /// By number; null where none has it.
  const Symbol* find(InstrumentId id) const;

 private:
  static constexpr std::size_t kSlots = 4 * kMaxSymbols;

  struct Slot {
    std::uint64_t low = 0;   ///< the name's first eight bytes, zeros behind it
    std::uint64_t high = 0;  ///< and the next
    std::size_t size = 0;
    const Symbol* symbol = nullptr;  ///< null: free
  };

  static std::uint64_t shifted(std::uint64_t word, std::size_t bytes) {
    return bytes >= 8 ? 0 : word >> 8 * bytes;
  }
  static std::size_t slot_of(std::uint64_t low, std::uint64_t high) {
    return (low ^ std::rotl(high, 29)) * 0x9E3779B97F4A7C15 >> 52;
  }
  static_assert(kSlots == 1 << 12);

  const Symbol* look_up(std::string_view name, std::uint64_t low,
                        std::uint64_t high) const {
    for (std::size_t at = slot_of(low, high);; at = (at + 1) % kSlots) {
      const Slot& slot = slots_[at];
      if (slot.symbol == nullptr) return nullptr;
      if (slot.low == low && slot.high == high && slot.size == name.size() &&
          (name.size() <= 16 || slot.symbol->rules.name() == name)) {
        return slot.symbol;
      }
    }
  }

  std::size_t size_ = 0;
  std::unique_ptr<Symbol[]> symbols_;
  std::unique_ptr<Slot[]> slots_;
};

}  // namespace pyscalp::binance
