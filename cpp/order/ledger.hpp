// Positions, cash, fees and round trips: what the trading earned, exactly.
//
// One thread, no allocation after construction; records are handed out, not kept. With
// sigma = +1 for a buy and -1 for a sell, over the legs of a round trip:
//
//   touch       =  arrival_mid + sigma h for a taker, - sigma h for a maker,
//                  where h is half the spread at arrival
//   network     =  sum sigma (arrival_mid - decision_mid) qty
//   half_spread =  sum sigma (touch - arrival_mid) qty   (a maker's is negative:
//   earned) slippage    =  sum sigma (price - touch) qty gross       = -sum sigma
//   decision_mid qty net         = -sum sigma price qty - fees            (the change
//   of cash)
//               =  gross - half_spread - slippage - network - fees
//
// in integers of 1e-9, without any rounding. A mid that was not there (kNoPrice) is
// replaced by the fill's price, in the record too, and its spread by 0, so that the
// cost shows as zero rather than as a guess.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/fees.hpp"
#include "base/types.hpp"
#include "book/touch.hpp"
#include "order/fill.hpp"
#include "order/position.hpp"

namespace pyscalp::order {

/// One execution as the venue reported it, with what we know of its order.
struct Execution {
  InstrumentId instrument{};
  Side side = Side::kBuy;
  Qty qty = 0;
  Price price{};
  Liquidity liquidity = Liquidity::kTaker;
  Intent intent = Intent::kEntry;
  signal::SignalId signal = signal::SignalId::kNone;
  std::uint32_t user_ref = 0;
  std::uint64_t match = 0;
  std::uint64_t order_reference = 0;
  Price decision_mid = kNoPrice;
  Price arrival_mid = kNoPrice;
  Price arrival_half_spread{};  ///< looked at only where there is an arrival_mid
  Price mid = kNoPrice;         ///< now
  MonoNanos time{};
  UnixNanos venue_time{};
  std::optional<Money> fee{};  ///< as the venue says; nothing: by the schedule
};

/// What an execution became. Two fills where it went through zero: the first closes a
/// round trip, the second opens the next; their fees add up to the execution's.
struct Booked {
  std::array<Fill, 2> fills{};
  int fill_count = 0;  ///< 0: refused (quantity not positive, or no price)
  bool closed = false;
  RoundTrip round_trip{};  ///< meaningful if `closed`

  std::span<const Fill> all() const {
    return {fills.data(), static_cast<std::size_t>(fill_count)};
  }
};

/// Sums since the start. Money as the trader feels it, but costs are positive.
struct Totals {
  Money fees;   ///< paid; rebates count negative
  Money gross;  ///< of closed round trips, as are the next three
  Money half_spread;
  Money slippage;
  Money network;
  Money net;
  Qty traded_qty = 0;
  Qty maker_qty = 0;
  std::uint64_t executions = 0;
  std::uint64_t refused = 0;
  std::uint64_t round_trips = 0;
  std::uint64_t losing_round_trips = 0;  ///< net below zero
  MonoNanos longest_holding{};           ///< of closed round trips
};

class Ledger {
 public:
  explicit Ledger(const FeeSchedule& fees);

  /// Books one execution. O(1). Values what is left at the last mark, or at this price
  /// where there is none yet.
  Booked on_fill(const Execution& execution);
  /// Values the instrument's position at `mark`; kNoPrice keeps the last mark. O(1).
  void on_mark(InstrumentId instrument, Price mark);

  /// The price a position of this sign would be closed at by taking: bid if long, ask
  /// if short; kNoPrice when flat or where that side is not there.
  static constexpr Price exit_price(Qty position, const book::Touch& touch) {
    if (position == 0) return kNoPrice;
    return position > 0 ? touch.bid : touch.ask;
  }

  const Position& position(InstrumentId instrument) const {
    return positions_[index(instrument)];
  }
  /// Instruments whose position is not flat, in no order worth relying on. Valid until
  /// the next fill.
  std::span<const InstrumentId> open_positions() const {
    return {open_.data(), open_count_};
  }
  /// How long the oldest open round trip has been open; 0 when all are flat.
  MonoNanos longest_open(MonoNanos now) const;

  /// Trading result of what was closed, at average cost, fees apart.
  Money realised() const { return realised_; }
  /// All positions at their marks less their cost.
  Money unrealised() const { return {saturate(unrealised_)}; }
  /// Cash change since the start, fees paid.
  Money cash() const { return {saturate(cash_)}; }
  /// realised + unrealised - fees, equal to cash plus the positions at their marks.
  Money equity() const { return realised_ + unrealised() - totals_.fees; }
  const Totals& totals() const { return totals_; }
  const FeeSchedule& fees() const { return fees_; }

 private:
  Fill leg(const Execution& execution, Qty qty, Money fee);
  void book(Fill fill, Position& position, Booked& booked);
  void close(const RoundTrip& round_trip);
  void follow_open(InstrumentId instrument, bool was_flat);

  FeeSchedule fees_;
  std::vector<Position> positions_;
  std::vector<InstrumentId> open_;  ///< the first open_count_ count
  std::size_t open_count_ = 0;
  std::uint32_t last_round_trip_ = 0;
  std::uint32_t last_fill_ = 0;
  Money realised_{};
  Int128 unrealised_ = 0;
  Int128 cash_ = 0;
  Totals totals_{};
};

}  // namespace pyscalp::order
