// Keys, symbols and small readings of the venue's texts that the tests share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "../session/fixture.hpp"
#include "binance/order_session.hpp"
#include "binance/signing.hpp"

namespace pyscalp::binance::test {

/// The sample keys of the exchange's documents; they open nothing.
inline constexpr std::string_view kSampleApiKey =
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
inline constexpr std::string_view kSampleSecret =
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
/// RFC 8032, 7.1, TEST 1, as PKCS#8.
inline constexpr std::string_view kSamplePem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline constexpr InstrumentId kBtc{3};

/// Tick 0.1, lots of 0.001: one tick of a lot is 0.0001, or 100,000 at 1e-9.
inline SymbolRules btc_rules(std::string_view symbol_name = "BTCUSDT") {
  SymbolRules rules;
  SymbolText text;
  text.name = symbol_name;
  text.id = kBtc;
  text.tick = "0.10";
  text.step = "0.00100000";
  EXPECT_EQ(SymbolRules::read(text, rules), RulesStatus::kOk);
  return rules;
}

inline Price unit_price(std::int64_t tenths) { return {tenths * 100'000}; }

}  // namespace pyscalp::binance::test
