// One thing that happened in a market, whatever venue or file told of it.
//
// 64 bytes, trivially copyable, aligned to a cache line; in Python the same bytes are
// one row of `pyscalp.EVENT_DTYPE`. Which fields mean something depends on the kind;
// the others are 0, or kNoPrice, or EventSide::kNone.
#pragma once

#include <cstddef>
#include <type_traits>

#include "base/types.hpp"

namespace pyscalp::event {

enum class EventKind : std::uint8_t {
  kOther = 0,  ///< touches no book and is no trade; `code` is the venue's type
  /// `order` of `side` rests at the end of the queue at `price` with `qty`.
  kAdd = 1,
  /// `qty` of `order` traded; match number `other`; `price` is that of the trade.
  kExecute = 2,
  kReduce = 3,  ///< `qty` was taken off `order`, which keeps its place; at 0 it is gone
  kDelete = 4,  ///< `order` is gone
  kReplace = 5,  ///< `order` is gone; `other` rests at `price` with `qty`, same side
  kModify = 6,   ///< `order` now has `qty` and `price`; kKeepsPlace tells its queue
  /// All that rests at `price` on `side` is now `qty`; 0: the level is gone.
  kLevel = 7,
  /// The best of `side` is now `qty` at `price`; kNoPrice: the side is empty.
  kTouch = 8,
  /// A trade that no resting order's event tells of (hidden, crossed, reported).
  kTrade = 9,
  kBreak = 10,  ///< trade `other` is void
  /// The instrument's book is void; instrument 0: those of all. With a `side` only that
  /// side, and with a `price` only what rests at it or better.
  kClear = 11,
  kStatus = 12,      ///< trading state of the instrument: `code` as the venue writes it
  kSystem = 13,      ///< the venue's day: `code` as the venue writes it
  kInstrument = 14,  ///< the instrument has a name from here on
};

enum class EventSide : std::uint8_t { kBuy = 0, kSell = 1, kNone = 2 };

/// Bits of MarketEvent::flags.
enum EventFlag : std::uint8_t {
  kLast = 1,          ///< nothing more belongs to the same change: books are whole
  kHidden = 2,        ///< a trade against an order that was not displayed
  kNotPrintable = 4,  ///< told again in a later bulk trade: leave out of volume
  kOwnPrice = 8,      ///< an execution at a price other than the order's
  kSnapshot = 16,     ///< state told again, not a change
  kKeepsPlace = 32,   ///< a kModify that leaves the order where it stands in its queue
  kCross = 64,        ///< an auction's trade
  /// A kModify that loses its place if its price changes or its quantity grows, and
  /// only then. One with neither this nor kKeepsPlace goes to the end of its queue.
  kPlaceByRule = 128,
};

struct alignas(64) MarketEvent {
  /// ns since 1970-01-01 UTC; since the venue's midnight where its feed has no date; 0
  /// where the venue does not say.
  std::int64_t venue_time = 0;
  std::int64_t receipt_time = 0;  ///< ns since 1970-01-01 UTC; 0 where nobody stamped
  std::uint64_t sequence = 0;     ///< number of the message in its feed or file, from 1
  std::uint64_t order = 0;
  std::uint64_t other = 0;
  std::int64_t price = kNoPrice.value;  ///< 1e-9 of the quote currency
  std::int64_t qty = 0;
  std::uint32_t instrument = 0;
  EventKind kind = EventKind::kOther;
  /// Of the resting order or level; of the aggressor in kTrade, where it is known.
  EventSide side = EventSide::kNone;
  std::uint8_t flags = 0;
  char code = '\0';  ///< the venue's message type, state or event

  friend bool operator==(const MarketEvent&, const MarketEvent&) = default;
};

static_assert(sizeof(MarketEvent) == 64 && alignof(MarketEvent) == 64);
static_assert(std::is_trivially_copyable_v<MarketEvent>);
static_assert(offsetof(MarketEvent, venue_time) == 0);
static_assert(offsetof(MarketEvent, receipt_time) == 8);
static_assert(offsetof(MarketEvent, sequence) == 16);
static_assert(offsetof(MarketEvent, order) == 24);
static_assert(offsetof(MarketEvent, other) == 32);
static_assert(offsetof(MarketEvent, price) == 40);
static_assert(offsetof(MarketEvent, qty) == 48);
static_assert(offsetof(MarketEvent, instrument) == 56);
static_assert(offsetof(MarketEvent, kind) == 60);
static_assert(offsetof(MarketEvent, side) == 61);
static_assert(offsetof(MarketEvent, flags) == 62);
static_assert(offsetof(MarketEvent, code) == 63);

constexpr EventSide event_side(Side side) { return static_cast<EventSide>(side); }

}  // namespace pyscalp::event
