// Tick files of the Lean engine for US equities: rows of quotes, or rows of trades.
//
// Source: Lean's own reader and writer (LeanData, Tick) and its TradeConditionFlags.
//
//   quotes  ms, bid price, bid size, ask price, ask size, exchange, conditions,
//   suspicious trades  ms, price, size, exchange, conditions, suspicious
//
// Times are milliseconds since midnight in New York, prices are in 1e-4, conditions are
// hexadecimal. A side of no price is not spoken of and stays as it was. The first row
// tells which of the two the file is.
//
// A quote becomes one kTouch a side that it speaks of; a price of no size says that the
// side is empty. A trade becomes a kTrade without a side; kCross and kNotPrintable are
// set as its conditions say. `other` is the conditions, `code` the exchange, the
// sequence the row, from 1; the file is of one stock: instrument 1. Events are kLast
// but the first of a row of two. A row that is flagged as suspicious is a kOther with
// nothing else in it.
//
// Counters: "suspicious" rows, "silent" quotes that speak of no side.
#pragma once

#include "capture/row_decoder.hpp"

namespace pyscalp::capture {

/// Bits of a trade's conditions.
namespace sale {
inline constexpr std::uint64_t kRegular = 1U << 0;
inline constexpr std::uint64_t kYellowFlag = 1U << 4;
inline constexpr std::uint64_t kIntermarketSweep = 1U << 5;
inline constexpr std::uint64_t kOpening = 1U << 6;
inline constexpr std::uint64_t kClosing = 1U << 7;
inline constexpr std::uint64_t kReopening = 1U << 8;
inline constexpr std::uint64_t kFormT = 1U << 10;
inline constexpr std::uint64_t kExtendedHours = 1U << 13;
inline constexpr std::uint64_t kCross = 1U << 21;
inline constexpr std::uint64_t kOfficialClose = 1U << 24;
inline constexpr std::uint64_t kOfficialOpen = 1U << 26;
inline constexpr std::uint64_t kAutomatic = 1U << 28;
inline constexpr std::uint64_t kTradeThroughExempt = 1U << 29;
inline constexpr std::uint64_t kOddLot = std::uint64_t{1} << 31;

/// What a trade in the stream of an open market may carry, and nothing else.
inline constexpr std::uint64_t kContinuous =
    kRegular | kYellowFlag | kIntermarketSweep | kFormT | kExtendedHours | kAutomatic |
    kTradeThroughExempt | kOddLot;
inline constexpr std::uint64_t kAuction = kOpening | kClosing | kReopening | kCross;
/// An exchange's word about its first or last price; the shares were told before.
inline constexpr std::uint64_t kOfficial = kOfficialOpen | kOfficialClose;
}  // namespace sale

class LeanDecoder final : public RowDecoder {
 public:
  static constexpr std::size_t kMaxLine = 256;  ///< longer: something else

  /// `symbol` may be empty: the rows do not say it.
  LeanDecoder(std::int64_t midnight_ns, std::string_view symbol)
      : RowDecoder({"tick file of Lean", "tick of Lean", kMaxLine}, symbol),
        midnight_ns_(midnight_ns) {
    counters_.more = {{"silent", 0}, {"suspicious", 0}};
  }

 private:
  bool row(std::string_view line, Events& out) override;
  bool quote(event::MarketEvent event);
  bool trade(event::MarketEvent event);

  static constexpr std::size_t kQuoteColumns = 8;
  static constexpr std::size_t kTradeColumns = 6;

  std::int64_t midnight_ns_;
  std::size_t columns_ = 0;  ///< of every row; 0 before the first
  std::array<std::string_view, kQuoteColumns> fields_;
  std::array<event::MarketEvent, 2> events_;  ///< of the row, the first `found_`
  std::size_t found_ = 0;
};

}  // namespace pyscalp::capture
