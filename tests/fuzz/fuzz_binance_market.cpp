// Any text as a message of the market streams, by its shape and by its fields, and
// lines of texts as what a feed is told: both parsers say the same, and a book that is
// fresh is never crossed.
#include <memory>

#include "binance/market_feed.hpp"
#include "check.hpp"

namespace {

using namespace pyscalp;
using namespace pyscalp::binance;

constexpr DecoderCapacity kCapacity{.longest = 1 << 16, .levels = 256};

std::vector<SymbolRules> rules() {
  std::vector<SymbolRules> made(2);
  FUZZ_CHECK(
      SymbolRules::read(
          {.name = "BTCUSDT", .id = InstrumentId{1}, .tick = "0.01", .step = "0.00001"},
          made[0]) == RulesStatus::kOk);
  FUZZ_CHECK(SymbolRules::read({.name = "ETHUSDT_PERPETUAL",
                                .id = InstrumentId{2},
                                .tick = "0.05",
                                .step = "0.5"},
                               made[1]) == RulesStatus::kOk);
  return made;
}

void check_decoder(Bytes text) {
  static const auto of = rules();
  static const SymbolTable symbols(of);
  static MarketDecoder quick(symbols, kCapacity), slow(symbols, kCapacity);
  for (const Symbol* const asked : {static_cast<const Symbol*>(nullptr), &symbols[0]}) {
    MarketMessage a, b;
    const MessageStatus first = quick.decode(text, a, asked);
    const MessageStatus second = slow.decode_by_fields(text, b, asked);
    FUZZ_CHECK(first == second);
    FUZZ_CHECK(first != MessageStatus::kOk || same(a, b));
    FUZZ_CHECK(first < MessageStatus::kRepeated);
    if (first != MessageStatus::kOk) continue;
    for (const auto levels : {a.bids, a.asks}) {
      for (const PriceLevel& level : levels) {
        FUZZ_CHECK(level.price.value > 0 && level.qty >= 0);
        FUZZ_CHECK(level.price.value % a.symbol->rules.tick().value == 0);
        FUZZ_CHECK(level.price != kNoPrice);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::exact_copy(data, size);
  check_decoder(bytes);
  return 0;
}
