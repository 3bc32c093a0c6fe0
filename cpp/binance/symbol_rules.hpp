// What the venue's exchangeInfo says of one symbol, in the units that the engine
// trades.
//
// The engine counts lots: a Qty is a number of LOT_SIZE.stepSize, and a Price is that
// of one lot, at 1e-9 of the quote currency, so that price times quantity is money as
// for any instrument. BTCUSDT with tick 0.01 and step 0.00001: "61837.63" is 6,183,763
// ticks of 100 units each. Text becomes numbers and numbers text here alone, exactly;
// tables and reports show `unit_price` and `unit_qty` texts.
//
// Source: Binance's exchangeInfo, filters PRICE_FILTER, LOT_SIZE, NOTIONAL and
// MIN_NOTIONAL.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/types.hpp"
#include "binance/decimal_grid.hpp"

namespace pyscalp::binance {

/// A symbol as exchangeInfo writes it: decimal texts, empty or "0" where a filter is
/// off or absent. `tick` and `step` must be there.
struct SymbolText {
  std::string_view name{};  ///< upper case, such as BTCUSDT or BTCUSD_PERP
  InstrumentId id{};
  std::string_view tick{};          ///< PRICE_FILTER.tickSize
  std::string_view step{};          ///< LOT_SIZE.stepSize
  std::string_view min_price{};     ///< PRICE_FILTER
  std::string_view max_price{};     ///< PRICE_FILTER
  std::string_view min_qty{};       ///< LOT_SIZE
  std::string_view max_qty{};       ///< LOT_SIZE
  std::string_view min_notional{};  ///< NOTIONAL.minNotional, MIN_NOTIONAL.notional
};

enum class RulesStatus : std::uint8_t {
  kOk,
  kName,         ///< empty, longer than kMaxName, or not of A-Z 0-9 _
  kInstrument,   ///< number 0 stands for no instrument
  kTick,         ///< no positive decimal number
  kStep,         ///< no positive decimal number
  kLotTick,      ///< tick x step is no multiple of 1e-8: mids need half ticks of 1e-9
  kLotTickSize,  ///< tick x step is 1,000,000 or more
  kPriceRange,   ///< minPrice, maxPrice: no numbers, off the tick, or the wrong way
  kQtyRange,     ///< minQty, maxQty: no numbers, off the step, or the wrong way
  kNotional,     ///< minNotional: no number, or finer than 1e-9
};
/// What is wrong, in words that follow the symbol's name: "has a tick and a step …".
const char* explain(RulesStatus status);

class SymbolRules {
 public:
  static constexpr std::size_t kMaxName = 31;

  /// Start-up: reads `text` into `rules`, which is left alone unless kOk.
  static RulesStatus read(const SymbolText& text, SymbolRules& rules);

  std::string_view name() const { return {name_.data(), name_size_}; }
  InstrumentId id() const { return id_; }
  /// Price step of a unit, and the lot step, as decimals.
  const DecimalGrid& price_grid() const { return price_grid_; }
  const DecimalGrid& qty_grid() const { return qty_grid_; }
  /// Price step of one lot: every Price is a multiple. At least 10.
  Price tick() const { return tick_; }
  /// Of a lot. 0 and kNoPrice where the filter is off.
  Price min_price() const { return min_price_; }
  Price max_price() const { return max_price_; }
  /// In lots; at least 1, at most DecimalGrid::kMaxCount.
  Qty min_qty() const { return min_qty_; }
  Qty max_qty() const { return max_qty_; }
  Money min_notional() const { return min_notional_; }
  /// The most ticks that a price has: what is more is kTooLarge.
  std::int64_t max_ticks() const { return max_ticks_; }

  /// Price of a lot from the venue's text, which is of a unit; 0 or more.
  NumberStatus price(std::string_view text, Price& price) const;
  /// Lots from the venue's text; 0 or more.
  NumberStatus qty(std::string_view text, Qty& qty) const;
  /// The same of what others have in the market, which may be finer than the step:
  /// orders from before it was made coarser. Rounded down, to one lot at least, which
  /// sets `rounded`.
  NumberStatus market_qty(std::string_view text, Qty& qty, bool& rounded) const {
    return qty_grid_.parse_down(text, qty, rounded);
  }

  /// True where the venue takes the number: a multiple of the step inside its filter.
  bool valid(Price price) const {
    return price.value > 0 && price >= min_price_ && price <= max_price_ &&
           price.value / tick_.value <= max_ticks_ && price.value % tick_.value == 0;
  }
  bool valid(Qty qty) const { return qty >= min_qty_ && qty <= max_qty_; }
  /// Shortest exact text of a unit's price; empty where `price` is negative, kNoPrice
  /// or no multiple of the tick.
  DecimalText text(Price price) const;
  /// Shortest exact text of a quantity in units; empty where it is negative or absurd.
  DecimalText text(Qty qty) const;

 private:
  std::array<char, kMaxName> name_{};
  std::uint8_t name_size_ = 0;
  InstrumentId id_{};
  DecimalGrid price_grid_;
  DecimalGrid qty_grid_;
  Price tick_{kNanosPerUnit};
  std::int64_t max_ticks_ = 0;
  Price min_price_{};
  Price max_price_ = kNoPrice;
  Qty min_qty_ = 1;
  Qty max_qty_ = DecimalGrid::kMaxCount;
  Money min_notional_{};
};
static_assert(std::is_trivially_copyable_v<SymbolRules>);

}  // namespace pyscalp::binance
