// What the tests of the decoder and of the feed share: symbols and texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "binance/symbol_rules.hpp"

namespace pyscalp::binance {

inline Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline constexpr InstrumentId kBitcoin{1};
inline constexpr InstrumentId kEther{2};

/// BTCUSDT of 0.01 x 0.00001, ETHUSDT of 0.01 x 0.0001 and a symbol with a long name
/// and steps that are no powers of ten.
inline std::vector<SymbolRules> spot_rules() {
  std::vector<SymbolRules> rules(3);
  SymbolRules::read(
      {.name = "BTCUSDT", .id = kBitcoin, .tick = "0.01", .step = "0.00001"}, rules[0]);
  SymbolRules::read({.name = "ETHUSDT", .id = kEther, .tick = "0.01", .step = "0.0001"},
                    rules[1]);
  SymbolRules::read({.name = "LONGNAMEDCOIN_PERPETUAL",
                     .id = InstrumentId{3},
                     .tick = "0.05",
                     .step = "25"},
                    rules[2]);
  return rules;
}

inline std::string wrapped(std::string_view stream, std::string_view data) {
  return R"({"stream":")" + std::string(stream) + R"(","data":)" + std::string(data) +
         "}";
}

}  // namespace pyscalp::binance
