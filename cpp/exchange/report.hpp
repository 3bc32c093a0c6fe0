// What goes into the matching engine and what comes out of it, apart from the feed.
//
// Plain values without behaviour. Times are venue time: nanoseconds since the venue's
// midnight, as ITCH and OUCH write them.
#pragma once

#include <string>

#include "base/fees.hpp"
#include "base/types.hpp"

namespace pyscalp::exchange {

/// Who an order belongs to. 0 is the recording of a replayed day; participants and
/// agents are numbered from 1.
using AccountId = std::uint32_t;
inline constexpr AccountId kRecordedAccount = 0;

enum class TimeInForce : std::uint8_t { kDay, kIoc };

struct Instrument {
  InstrumentId id{};
  std::string symbol;
  Price tick{10'000'000};  ///< a positive multiple of feed_step
  /// What one unit of a price field on the ITCH feed means. A market whose unit is the
  /// lot has its tick here: what is 0.01 a coin is less than 1e-4 a lot.
  Price feed_step{100'000};
  Qty qty_max = 999'999;  ///< of one order; at most what a u32 of the feed can say
};

struct NewOrder {
  AccountId account = 0;
  std::uint32_t client_ref = 0;  ///< the account's own number; none of its live ones
  InstrumentId instrument{};
  Side side = Side::kBuy;
  Qty qty = 0;
  Price price{};
  TimeInForce time_in_force = TimeInForce::kDay;
  bool post_only = false;
  Qty display_qty = 0;  ///< iceberg: shares shown at a time; 0 shows all
  bool hidden = false;  ///< never shown; display_qty then means nothing
};

/// The highest price of an order: 199,999.99 where the feed has four decimals.
constexpr Price price_max(const Instrument& instrument) {
  return {instrument.feed_step.value * 1'999'999'900};
}

/// One price of a book and what is displayed there.
struct PriceLevel {
  Price price = kNoPrice;
  Qty qty = 0;
  friend constexpr bool operator==(const PriceLevel&, const PriceLevel&) = default;
};

enum class ReportKind : std::uint8_t {
  kAccepted,   ///< OUCH A; the order lives from here (unless `dead`)
  kReplaced,   ///< OUCH U
  kCanceled,   ///< OUCH C; `qty` shares were taken off, `leaves` are left
  kExecuted,   ///< OUCH E; `qty` at `price`, one report for either participant
  kRejected,   ///< OUCH J; `reject_reason` says why, the order never lived
  kRefilled,   ///< an iceberg shows its next slice under a new `order_reference`
  kSelfMatch,  ///< OUCH D; this resting order was cancelled to avoid trading with
               ///< itself
};

/// OUCH 5.0 reject reasons that the Market gives.
namespace reject {
inline constexpr std::uint16_t kClosed = 0x02;
inline constexpr std::uint16_t kMaxFloor = 0x04;  ///< display_qty below 0
inline constexpr std::uint16_t kHalted = 0x07;
inline constexpr std::uint16_t kAccount = 0x0C;  ///< 0 or above MarketOptions::accounts
inline constexpr std::uint16_t kOther = 0x0F;    ///< client_ref in use, or no room left
inline constexpr std::uint16_t kQuantity =
    0x13;  ///< not within 1 ... Instrument::qty_max
inline constexpr std::uint16_t kSymbol = 0x17;
inline constexpr std::uint16_t kPrice = 0x1D;  ///< off tick, or not in (0, price_max]
}  // namespace reject

/// OUCH 5.0 cancel reasons that the Market gives (cancel_all passes the caller's).
namespace cancel_reason {
inline constexpr char kUser = 'U';
inline constexpr char kIoc = 'I';
inline constexpr char kClosed = 'E';
inline constexpr char kSelfMatch = 'Q';
inline constexpr char kPostOnlyHidden = 'F';     ///< would take a non-displayed order
inline constexpr char kPostOnlyDisplayed = 'G';  ///< would take a displayed order
}  // namespace cancel_reason

/// One thing that happened to one account's order; becomes an OUCH message and a line
/// of the exchange's record. Fields that a kind does not speak of keep their default.
struct Report {
  ReportKind kind = ReportKind::kAccepted;
  AccountId account = 0;
  std::uint32_t client_ref = 0;
  std::uint32_t original_ref = 0;  ///< kReplaced, and kRejected of a replace
  UnixNanos time{};
  InstrumentId instrument{};
  Side side = Side::kBuy;
  Qty qty = 0;     ///< entered, open (kReplaced), executed, taken off, or shown anew
  Price price{};   ///< of the order; kExecuted: of the trade
  Qty leaves = 0;  ///< open shares after this, reserve included
  std::uint64_t order_reference = 0;  ///< on the feed; 0 for kRejected
  std::uint64_t match = 0;  ///< kExecuted: the same on both sides and the feed
  Liquidity liquidity = Liquidity::kMaker;  ///< kExecuted
  Money fee{};                              ///< kExecuted; positive is paid
  char reason = ' ';                        ///< cancel reason
  std::uint16_t reject_reason = 0;
  /// Nothing follows for this order. On kAccepted and kReplaced it is OUCH state D.
  bool dead = false;
  TimeInForce time_in_force = TimeInForce::kDay;
  bool hidden = false;
  bool post_only = false;
  Qty display_qty = 0;         ///< as entered
  AccountId counterparty = 0;  ///< kExecuted, kSelfMatch
};

/// Limits of one Market. Storage grows to them as needed and never past them.
struct MarketOptions {
  std::uint32_t orders = 1U << 20;    ///< resting orders of all instruments together
  std::uint32_t accounts = 1U << 16;  ///< the highest AccountId
  /// The Market numbers its own orders and matches from here upward; recorded ones must
  /// lie below. Smaller only to make a recording.
  std::uint64_t first_number = std::uint64_t{1} << 40;
  /// The recording shows of each side its best price only; what waits at others is not
  /// known. See Market::apply_recorded.
  bool touch_only = false;
  /// Market::touched and Market::trades are kept.
  bool level_outputs = false;
  /// Fees are rounded to multiples of it, half away from zero.
  Money fee_step{1};
};

/// A price at which what is displayed may have changed.
struct TouchedLevel {
  InstrumentId instrument{};
  Side side = Side::kBuy;
  Price price{};
};

/// A trade as the public is told of it.
struct PublicTrade {
  UnixNanos time{};
  InstrumentId instrument{};
  Side aggressor = Side::kBuy;
  Price price{};
  Qty qty = 0;
  std::uint64_t match = 0;
};

/// What a recording said that does not fit the book, each counted by name. The message
/// itself still goes out on the feed as it was, unless its comment says otherwise.
struct Anomalies {
  std::uint64_t malformed = 0;     ///< cut short or a bad side; empty: not sent on
  std::uint64_t unknown_type = 0;  ///< a type ITCH 5.0 does not have
  std::uint64_t unknown_instrument = 0;  ///< an order for a locate that no R named
  std::uint64_t unknown_reference = 0;  ///< E, C, X, D or U of an order not in the book
  std::uint64_t duplicate_reference = 0;  ///< A, F or U onto a reference that lives
  std::uint64_t reserved_reference = 0;   ///< from 1 << 40, ours to give: not sent on
  std::uint64_t overfill = 0;       ///< more executed or cancelled than the order had
  std::uint64_t zero_shares = 0;    ///< A, F or U of no shares: nothing rests
  std::uint64_t over_capacity = 0;  ///< MarketOptions::orders was reached: not booked
  friend constexpr bool operator==(const Anomalies&, const Anomalies&) = default;
};

}  // namespace pyscalp::exchange
