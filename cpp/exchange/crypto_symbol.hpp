// One symbol of a crypto venue: what its prices and quantities are worth and how the
// venue writes them.
//
// The Market trades lots: a quantity is a number of steps, a price that of one lot. The
// wire speaks of coins and of the price of one. All of it is exact.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/report.hpp"

namespace pyscalp::exchange {

enum class CryptoProtocol : std::uint8_t {
  kSpot,  ///< Binance spot, api/v3
  kUsdm,  ///< Binance USD-M futures, fapi/v1: perpetuals settled in the quote asset
};

struct CryptoSymbol {
  InstrumentId id{};
  std::string name;          ///< such as BTCUSDT; 1 to 8 characters
  std::string base;          ///< such as BTC
  std::string quote;         ///< such as USDT
  std::int64_t tick_e9 = 0;  ///< of the price of one coin, in 1e-9 of the quote asset
  std::int64_t step_e9 = 0;  ///< of a quantity, in 1e-9 of the base asset
  int price_decimals = 8;    ///< as the venue writes prices; 0 to 9
  int qty_decimals = 8;
  Qty min_qty = 1;  ///< of an order, in lots
  Qty max_qty = 4'000'000'000;
  Money min_notional{};  ///< 1e-9 of the quote asset; 0: none

  /// The price of one lot that is one tick.
  Price lot_tick() const {
    return {static_cast<std::int64_t>(static_cast<Int128>(tick_e9) * step_e9 /
                                      kNanosPerUnit)};
  }
  Instrument instrument() const { return {id, name, lot_tick(), lot_tick(), max_qty}; }
  /// Notional of one coin's price at 1e-9, from the price of a lot.
  std::int64_t coin_price_e9(Price lot) const {
    return lot.value / lot_tick().value * tick_e9;
  }

  std::string price_text(Price lot) const;
  std::string qty_text(Qty lots) const;
};

/// Says in a sentence what is wrong with a symbol; empty if it can be traded. tick
/// times step must be a multiple of 1e-8 of the quote asset.
std::string problem_of(const CryptoSymbol& symbol);

/// Base and quote of a name that ends in a usual quote asset: USDT, USDC, FDUSD, BTC …
bool split_name(std::string_view name, std::string& base, std::string& quote);

/// A value at 1e-9 with so many decimals, 0 to 9; what is finer is cut off.
std::string decimal_text(std::int64_t value_e9, int decimals);
/// The same with the decimals that it has, at least 8: money of the venue.
std::string money_text(Money money);
/// [digits][.digits] at 1e-9; nothing for what is no such number, negative, finer or
/// too large.
std::optional<std::int64_t> parse_e9(std::string_view text);

}  // namespace pyscalp::exchange
