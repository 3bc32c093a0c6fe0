#include "order/position.hpp"

#include <algorithm>

namespace pyscalp::order {

namespace {

Int128 product(Price price, Qty qty) { return static_cast<Int128>(price.value) * qty; }

}  // namespace

Money Position::unrealised() const {
  if (flat()) return {};
  return {saturate(product(mark_, qty_) - cost_)};
}

Qty Position::closes(Side side, Qty qty) const {
  if (sign(side) * qty_ >= 0) return 0;
  return std::min(qty, qty_ < 0 ? -qty_ : qty_);
}

void Position::open(std::uint32_t round_trip, const Fill& first) {
  cost_ = entry_ = exit_ = gross_ = half_spread_ = slippage_ = network_ = 0;
  trip_ = {};
  trip_.id = round_trip;
  trip_.opened = first.time;
  trip_.instrument = first.instrument;
  trip_.side = first.side;
  trip_.signal = first.signal;
  // The mark of an earlier position says nothing about this one.
  mark_ = first.price;
}

Money Position::book(const Fill& leg) {
  const int sigma = sign(leg.side);
  const bool closing = leg.side != trip_.side;
  Int128 realised = 0;
  if (closing) {
    // Exact when the last share goes: then all of the cost leaves.
    const Int128 cost = cost_ * leg.qty / (qty_ < 0 ? -qty_ : qty_);
    realised = -sigma * product(leg.price, leg.qty) - cost;
    cost_ -= cost;
    exit_ += product(leg.price, leg.qty);
  } else {
    cost_ += sigma * product(leg.price, leg.qty);
    entry_ += product(leg.price, leg.qty);
    trip_.qty += leg.qty;
  }
  qty_ += sigma * leg.qty;
  gross_ -= sigma * product(leg.decision_mid, leg.qty);
  network_ += product(leg.drift(), leg.qty);
  half_spread_ += product(leg.half_spread(), leg.qty);
  slippage_ += product(leg.slippage(), leg.qty);
  trip_.fees += leg.fee;
  if (leg.liquidity == Liquidity::kMaker) trip_.maker_qty += leg.qty;
  trip_.closed = leg.time;
  trip_.exit_intent = leg.intent;
  if (mark_ == kNoPrice) mark_ = leg.price;
  return {saturate(realised)};
}

RoundTrip Position::closed() const {
  RoundTrip trip = trip_;
  trip.entry_notional = {saturate(entry_)};
  trip.exit_notional = {saturate(exit_)};
  trip.gross = {saturate(gross_)};
  trip.half_spread = {saturate(half_spread_)};
  trip.slippage = {saturate(slippage_)};
  trip.network = {saturate(network_)};
  trip.net = {
      saturate(gross_ - half_spread_ - slippage_ - network_ - trip_.fees.value)};
  return trip;
}

}  // namespace pyscalp::order
