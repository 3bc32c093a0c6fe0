// The fields of any of the venue's market messages, by name and in any order: what is
// read where a message has not the shape that the quick parser knows.
//
// simdjson does the reading, with memory taken at construction: a text that is longer
// than it was made for is refused. Values of fields that are not wanted are skipped,
// not judged.
//
// Single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "binance/market_message.hpp"
#include "binance/symbol_table.hpp"

namespace pyscalp::binance::json {

/// Unsigned numbers that are wanted, by the venue's names.
enum class Number : std::uint8_t {
  kEventTime,        ///< E
  kTransactionTime,  ///< T
  kFirstId,          ///< U
  kLastId,           ///< u
  kPreviousId,       ///< pu
  kTradeId,          ///< t
  kAggregateId,      ///< a of aggTrade
  kSnapshotId,       ///< lastUpdateId
  kRequestId,        ///< id
};
inline constexpr int kNumberCount = 9;

/// Texts that are wanted.
enum class Text : std::uint8_t {
  kStream,     ///< stream, of the wrapper
  kEvent,      ///< e
  kSymbol,     ///< s, symbol
  kBid,        ///< b of bookTicker
  kBidQty,     ///< B
  kAsk,        ///< a of bookTicker
  kAskQty,     ///< A
  kPrice,      ///< p
  kQty,        ///< q
  kTradeType,  ///< X
  kErrorText,  ///< msg
};
inline constexpr int kTextCount = 11;

/// What one message holds. Texts are valid until the next one is read.
struct Fields {
  std::uint64_t numbers[kNumberCount] = {};
  std::string_view texts[kTextCount] = {};
  std::int64_t error_code = 0;
  std::uint16_t has_number = 0;
  std::uint16_t has_text = 0;
  bool absurd = false;  ///< a wanted number is negative, a fraction, or past 64 bits
  bool has_error_code = false;
  bool has_result = false;
  bool has_maker = false;
  bool maker = false;     ///< m
  bool has_bids = false;  ///< b or bids, as a list
  bool has_asks = false;

  bool has(Number which) const {
    return (has_number >> static_cast<int>(which) & 1) != 0;
  }
  bool has(Text which) const { return (has_text >> static_cast<int>(which) & 1) != 0; }
  std::uint64_t number(Number which) const { return numbers[static_cast<int>(which)]; }
  std::string_view text(Text which) const { return texts[static_cast<int>(which)]; }
};

class FieldReader {
 public:
  /// Start-up: room for texts of up to `longest` bytes.
  explicit FieldReader(std::size_t longest);
  ~FieldReader();

  /// Reads all fields but the levels. kOk, kNotJson or kTooLong.
  MessageStatus read(Bytes text, Fields& fields);
  /// Reads the levels of the text that was read last: bids first, then asks.
  /// `rounded` is set where a quantity is finer than the lot step.
  MessageStatus read_levels(const Symbol& symbol, std::span<PriceLevel> levels,
                            std::size_t& bids, std::size_t& asks, bool& rounded);

 private:
  struct Parser;

  std::size_t longest_;
  std::size_t size_ = 0;
  std::unique_ptr<Parser> parser_;
};

/// Numbers of a symbol from their texts, with the status that a message gets for them.
MessageStatus read_price(const Symbol& symbol, std::string_view text, Price& price);
MessageStatus read_qty(const Symbol& symbol, std::string_view text, Qty& qty,
                       bool& rounded);

}  // namespace pyscalp::binance::json
