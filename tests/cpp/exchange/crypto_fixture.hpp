// What the tests of the crypto venue share: two symbols, a market of them, and short
// ways to make parameters.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "exchange/crypto_venue.hpp"

namespace pyscalp::exchange::testing {

inline CryptoSymbol spot_btc() {
  CryptoSymbol symbol;
  symbol.id = InstrumentId{1};
  symbol.name = "BTCUSDT";
  symbol.base = "BTC";
  symbol.quote = "USDT";
  symbol.tick_e9 = 10'000'000;
  symbol.step_e9 = 10'000;
  symbol.min_notional = {5 * kNanosPerUnit};
  return symbol;
}

inline CryptoSymbol usdm_btc() {
  CryptoSymbol symbol = spot_btc();
  symbol.tick_e9 = 100'000'000;
  symbol.step_e9 = 1'000'000;
  symbol.price_decimals = 2;
  symbol.qty_decimals = 3;
  return symbol;
}

/// Fees of 5 and 10 basis points.
inline constexpr FeeSchedule kCryptoFees{{{}, 500}, {{}, 1'000}};
/// 2024-08-08 12:00:00 UTC.
inline constexpr UnixNanos kWall{1'723'118'400'000'000'000};

inline Parameters parameters(
    std::initializer_list<std::pair<const char*, std::string>> pairs) {
  Parameters given;
  for (const auto& [name, value] : pairs) given.add(name, value);
  return given;
}

/// A price of a coin, in whole units of the quote asset, as the Market has it.
inline Price lots(const CryptoSymbol& symbol, std::int64_t coin) {
  return {coin * kNanosPerUnit / symbol.tick_e9 * symbol.lot_tick().value};
}

/// A market of one symbol with a publisher, a desk of two accounts and no driver.
struct CryptoMarket {
  explicit CryptoMarket(CryptoProtocol spoken)
      : protocol(spoken),
        symbol(spoken == CryptoProtocol::kSpot ? spot_btc() : usdm_btc()),
        market(crypto_instruments({symbol}), kCryptoFees, {.level_outputs = true}),
        publisher(spoken, {symbol}, market, subscriptions),
        desk(spoken, publisher, market,
             {{{"BTC", 10 * kNanosPerUnit}, {"USDT", 1'000'000 * kNanosPerUnit}},
              {{"BTC", 10 * kNanosPerUnit}, {"USDT", 1'000'000 * kNanosPerUnit}}},
             20, [this] { flush(); }) {
    market.open(now.venue);
    market.clear_outputs();
  }

  void flush() {
    publisher.observe(now.wall);
    for (const Report& report : market.reports()) {
      reports.push_back(report);
      desk.on_report(report, now);
    }
    market.clear_outputs();
  }

  /// What an order came to: its code if it was refused, else 0.
  int place(AccountId account, const Parameters& given) {
    const auto placed = desk.place(account, given, now);
    if (const auto* refused = std::get_if<CryptoError>(&placed)) return refused->code;
    last = std::get<const CryptoOrder*>(placed);
    return 0;
  }
  int limit(AccountId account, const char* side, const std::string& qty,
            const std::string& price, const std::string& in_force = "GTC",
            const std::string& reduce_only = "false") {
    return place(account, parameters({{"symbol", "BTCUSDT"},
                                      {"side", side},
                                      {"type", "LIMIT"},
                                      {"timeInForce", in_force},
                                      {"quantity", qty},
                                      {"price", price},
                                      {"reduceOnly", reduce_only}}));
  }
  std::vector<std::string> events(AccountId account) {
    std::vector<std::string> texts;
    desk.drain_events([&](const CryptoDesk::UserEvent& event) {
      if (event.account == account) texts.push_back(event.text);
    });
    return texts;
  }
  std::vector<CryptoPublisher::Message> told() {
    std::vector<CryptoPublisher::Message> messages;
    publisher.drain(
        [&](const CryptoPublisher::Message& one) { messages.push_back(one); });
    return messages;
  }

  CryptoProtocol protocol;
  CryptoSymbol symbol;
  CryptoMoment now{kWall, UnixNanos{1'000}};
  Market market;
  StreamSubscriptions subscriptions;
  CryptoPublisher publisher;
  CryptoDesk desk;
  std::vector<Report> reports;
  const CryptoOrder* last = nullptr;
};

}  // namespace pyscalp::exchange::testing
