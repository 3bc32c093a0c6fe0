// What the venue's market streams tell, decoded: prices of a lot, quantities in lots,
// times in nanoseconds, ids as they come.
//
// Source: Binance's stream documentation, spot, USD-M and COIN-M futures; field names
// in quotes are the venue's.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/types.hpp"

namespace pyscalp::binance {

struct Symbol;

/// What became of a message. Below kRepeated: as the decoder says it; the others are
/// the feed's. Whatever is not kOk has changed no book.
enum class MessageStatus : std::uint8_t {
  kOk,
  kNotJson,        ///< no JSON object, or cut short
  kTooLong,        ///< longer than the decoder has room for
  kUnknownEvent,   ///< JSON of a kind that is not read here
  kMissingField,   ///< a field is not there, or is no number, text or list as it should
  kAbsurdNumber,   ///< no plain decimal number, negative, too large, or a span of ids
  kOffStep,        ///< a price off the tick, or a quantity finer than 1e-8
  kUnknownSymbol,  ///< of a symbol that is not followed, or not the one asked for
  kTooManyLevels,  ///< more levels than the decoder has room for
  kRepeated,       ///< another connection, or this one, has told it already
  kBuffered,       ///< a change of depth that waits for the snapshot
  kGap,            ///< it does not follow on the last: the book is stale
  kBackwards,      ///< ids of one connection run backwards: the book is stale
  kOldSnapshot,    ///< it ends before the first change that waits
  kUnasked,        ///< a snapshot that nobody waits for
  kLevelsFull,     ///< the pool of levels is used up: the book is stale
  kMismatch,       ///< bookTicker and depth differ at one update id: the book is stale
  kBeside,         ///< told, but the book is not made of it
};
inline constexpr int kMessageStatusCount = 18;
const char* name(MessageStatus status);

enum class MessageKind : std::uint8_t {
  kBookTicker,
  kTrade,
  kAggregateTrade,
  kDepthUpdate,    ///< changes of levels: "b", "a" absolute, 0 takes a price out
  kPartialDepth,   ///< the best 5, 10 or 20 levels, whole
  kDepthSnapshot,  ///< an answer of GET …/depth
  kAnswer,         ///< {"result":…,"id":…}: a request was taken
  kError,          ///< {"code":…,"msg":…} or {"error":{…}}
  kShutdown,       ///< serverShutdown: the venue wants the connection made anew
};
inline constexpr int kMessageKindCount = 9;
const char* name(MessageKind kind);

struct PriceLevel {
  Price price{};
  Qty qty = 0;
  friend bool operator==(const PriceLevel&, const PriceLevel&) = default;
};

/// One message. `kind` says which fields mean something; texts and levels are valid
/// until the decoder is used again.
struct MarketMessage {
  MessageKind kind = MessageKind::kAnswer;
  bool by_shape = false;  ///< read by the parser that knows the shape
  bool rounded = false;   ///< a quantity was finer than the lot step, and rounded down
  bool has_previous = false;    ///< "pu" is there: futures
  bool buyer_is_maker = false;  ///< trades: "m"; the seller came to the market
  bool of_market = true;        ///< trades: "X" is MARKET or not there
  const Symbol* symbol = nullptr;
  UnixNanos event_time{};         ///< "E"; 0 where not told
  UnixNanos transaction_time{};   ///< "T"; 0 where not told
  std::uint64_t first_id = 0;     ///< "U" of a change of depth
  std::uint64_t last_id = 0;      ///< "u", "lastUpdateId", "t", "a"; "id" of an answer
  std::uint64_t previous_id = 0;  ///< "pu"
  PriceLevel bid;  ///< of bookTicker; a side without quantity has kNoPrice
  PriceLevel ask;
  PriceLevel trade;
  std::span<const PriceLevel> bids;  ///< best first where the venue sorts them
  std::span<const PriceLevel> asks;
  std::int64_t error_code = 0;
  std::string_view error_text;
};

/// The same in everything but which parser has read it.
bool same(const MarketMessage& a, const MarketMessage& b);

/// Times are in ms, or in µs where the connection asked for those.
constexpr UnixNanos to_unix_nanos(std::uint64_t time) {
  constexpr std::uint64_t kMillis = 100'000'000'000'000;      // ms: year 5138
  constexpr std::uint64_t kMicros = 100'000'000'000'000'000;  // µs: the same
  if (time < kMillis) return {static_cast<std::int64_t>(time * 1'000'000)};
  if (time < kMicros) return {static_cast<std::int64_t>(time * 1'000)};
  return {static_cast<std::int64_t>(time & INT64_MAX)};
}

}  // namespace pyscalp::binance
