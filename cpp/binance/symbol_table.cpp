#include "binance/symbol_table.hpp"

#include <algorithm>

namespace pyscalp::binance {

SymbolTable::SymbolTable(std::span<const SymbolRules> rules)
    : symbols_(std::make_unique<Symbol[]>(std::min(rules.size(), kMaxSymbols))),
      slots_(std::make_unique<Slot[]>(kSlots)) {
  for (const SymbolRules& of : rules) {
    if (size_ == kMaxSymbols) break;
    if (find(of.name()) != nullptr) continue;
    symbols_[size_] = {of,
                       NumberShape(of.price_grid(), of.max_ticks(), of.tick().value),
                       NumberShape(of.qty_grid(), DecimalGrid::kMaxCount, 1),
                       static_cast<std::uint32_t>(size_)};
    char padded[16] = {};
    const std::string_view name = of.name();
    std::memcpy(padded, name.data(), std::min(name.size(), sizeof padded));
    const std::uint64_t low = load_word(padded), high = load_word(padded + 8);
    std::size_t at = slot_of(low, high);
    while (slots_[at].symbol != nullptr) at = (at + 1) % kSlots;
    slots_[at] = {low, high, name.size(), &symbols_[size_++]};
  }
}

const Symbol* SymbolTable::find(InstrumentId id) const {
  for (std::size_t at = 0; at < size_; ++at) {
    if (symbols_[at].rules.id() == id) return &symbols_[at];
  }
  return nullptr;
}

}  // namespace pyscalp::binance
