#include "order/ledger.hpp"

#include <algorithm>

namespace pyscalp::order {

namespace {

constexpr std::size_t kInstruments =
    std::size_t{std::numeric_limits<std::uint16_t>::max()} + 1;

}  // namespace

Ledger::Ledger(const FeeSchedule& fees)
    : fees_(fees), positions_(kInstruments), open_(kInstruments) {}

Booked Ledger::on_fill(const Execution& execution) {
  Booked booked;
  if (execution.qty <= 0 || execution.price.value < 0 || execution.price == kNoPrice) {
    ++totals_.refused;
    return booked;
  }
  Position& position = positions_[index(execution.instrument)];
  const bool was_flat = position.flat();
  unrealised_ -= position.unrealised().value;
  const Money fee =
      execution.fee ? *execution.fee
                    : fees_.fee(execution.liquidity, execution.price, execution.qty);
  const Qty closing = position.closes(execution.side, execution.qty);
  if (closing == 0 || closing == execution.qty) {
    book(leg(execution, execution.qty, fee), position, booked);
  } else {
    // Through zero: the fee of the closing part as if it were alone, or its share of
    // the venue's, the rest to the other, so that the two add up.
    const Money closing_fee =
        execution.fee ? Money{fee.value / execution.qty * closing}
                      : fees_.fee(execution.liquidity, execution.price, closing);
    book(leg(execution, closing, closing_fee), position, booked);
    book(leg(execution, execution.qty - closing, fee - closing_fee), position, booked);
  }
  unrealised_ += position.unrealised().value;
  cash_ -= static_cast<Int128>(execution.price.value) * execution.qty *
               sign(execution.side) +
           fee.value;
  totals_.fees += fee;
  totals_.traded_qty += execution.qty;
  if (execution.liquidity == Liquidity::kMaker) totals_.maker_qty += execution.qty;
  ++totals_.executions;
  follow_open(execution.instrument, was_flat);
  return booked;
}

void Ledger::on_mark(InstrumentId instrument, Price mark) {
  Position& position = positions_[index(instrument)];
  unrealised_ -= position.unrealised().value;
  position.set_mark(mark);
  unrealised_ += position.unrealised().value;
}

MonoNanos Ledger::longest_open(MonoNanos now) const {
  MonoNanos longest{};
  for (const InstrumentId instrument : open_positions()) {
    longest = std::max(longest, now - position(instrument).opened());
  }
  return longest;
}

Fill Ledger::leg(const Execution& execution, Qty qty, Money fee) {
  const auto or_price = [&](Price mid) {
    return mid == kNoPrice ? execution.price : mid;
  };
  Fill fill{};
  fill.time = execution.time;
  fill.venue_time = execution.venue_time;
  fill.match = execution.match;
  fill.order_reference = execution.order_reference;
  fill.price = execution.price;
  fill.decision_mid = or_price(execution.decision_mid);
  fill.arrival_mid = or_price(execution.arrival_mid);
  if (execution.arrival_mid != kNoPrice) {
    fill.arrival_half_spread = execution.arrival_half_spread;
  }
  fill.mid = execution.mid;
  fill.fee = fee;
  fill.qty = qty;
  fill.user_ref = execution.user_ref;
  fill.number = ++last_fill_;
  fill.instrument = execution.instrument;
  fill.side = execution.side;
  fill.liquidity = execution.liquidity;
  fill.intent = execution.intent;
  fill.signal = execution.signal;
  return fill;
}

/// One leg that does not go through zero, into the position and the records.
void Ledger::book(Fill fill, Position& position, Booked& booked) {
  if (position.flat()) position.open(++last_round_trip_, fill);
  realised_ += position.book(fill);
  fill.round_trip = position.round_trip();
  fill.position_after = position.qty();
  booked.fills[static_cast<std::size_t>(booked.fill_count++)] = fill;
  if (!position.flat()) return;
  booked.closed = true;
  booked.round_trip = position.closed();
  close(booked.round_trip);
}

void Ledger::close(const RoundTrip& round_trip) {
  totals_.gross += round_trip.gross;
  totals_.half_spread += round_trip.half_spread;
  totals_.slippage += round_trip.slippage;
  totals_.network += round_trip.network;
  totals_.net += round_trip.net;
  ++totals_.round_trips;
  if (round_trip.net.value < 0) ++totals_.losing_round_trips;
  totals_.longest_holding =
      std::max(totals_.longest_holding, round_trip.closed - round_trip.opened);
}

/// Keeps the list of instruments that are not flat.
void Ledger::follow_open(InstrumentId instrument, bool was_flat) {
  const bool is_flat = position(instrument).flat();
  if (was_flat == is_flat) return;
  if (was_flat) {
    open_[open_count_++] = instrument;
    return;
  }
  const auto end = open_.begin() + static_cast<std::ptrdiff_t>(open_count_);
  *std::find(open_.begin(), end, instrument) = open_[--open_count_];
}

}  // namespace pyscalp::order
