// What the engine makes of a market that has changed: forecasts, what limits and tactic
// are to know, and what the tactic wants done. Included by heartbeat_bodies.hpp.
#pragma once

#include <algorithm>

#include "engine/heartbeat.hpp"

namespace pyscalp::engine {

/// A cancel that is not answered within this time is sent again: it does no harm twice.
inline constexpr MonoNanos kCancelPatience = seconds(1);

template <class V>
signal::MarketView Heartbeat<V>::market_view(Traded& instrument, MonoNanos now) {
  instrument.levels.read(venue_, instrument.id);
  return {instrument.id,
          now,
          venue_.venue_time(),
          touch_of(instrument),
          instrument.levels.side(Side::kBuy),
          instrument.levels.side(Side::kSell),
          instrument.tick};
}

template <class V>
risk::MarketState Heartbeat<V>::market_state(const Traded& instrument) const {
  return {touch_of(instrument),
          instrument.last_tick,
          venue_.gap_open(instrument.id),
          !venue_.flagged(instrument.id),
          trading(instrument),
          in_session()};
}

template <class V>
bool Heartbeat<V>::in_session() const {
  if (config_.session_end.value == 0) return true;
  const UnixNanos now = venue_.venue_time();
  return now >= config_.session_start && now < config_.session_end;
}

template <class V>
bool Heartbeat<V>::closing() const {
  if (config_.session_end.value == 0) return false;
  // Early enough to be flat by the holding rule when the session ends.
  return venue_.venue_time().value + config_.scalper.deadline.value >=
         config_.session_end.value;
}

template <class V>
void Heartbeat<V>::watch_depth(Traded& instrument, const signal::MarketView& market,
                               MonoNanos now) {
  const auto levels = static_cast<int>(config_.limits.depth_levels);
  std::array<Qty, 2> depth{};
  for (const Side side : {Side::kBuy, Side::kSell}) {
    depth[index(side)] = levels <= config_.shown_levels
                             ? market.depth(side, levels)
                             : venue_.depth(instrument.id, side, levels);
  }
  if (orders_.open_count(instrument.id) != 0) {
    orders_.for_each_open(instrument.id, [&](const order::Order& order) {
      if (!order.resting()) return;
      Qty& displayed = depth[index(order.wish.side)];
      displayed -= std::min(displayed, venue_.displayed(order));
    });
  }
  // The gate holds on to what it was told last.
  if (depth == instrument.depth) return;
  instrument.depth = depth;
  gate_.on_depth(instrument.id, now, depth[0], depth[1]);
}

template <class V>
void Heartbeat<V>::evaluate_touched(MonoNanos now) {
  for (Traded& instrument : traded_) {
    if (!instrument.touched) continue;
    instrument.touched = false;
    evaluate(instrument, true, now);
  }
}

template <class V>
order::ScalperView Heartbeat<V>::scalper_view(Traded& instrument, bool ticked,
                                              MonoNanos now) {
  order::ScalperView view;
  view.market = market_view(instrument, now);
  const order::Position& position = ledger_.position(instrument.id);
  if (ticked && !venue_.gap_open(instrument.id)) {
    watch_depth(instrument, view.market, now);
    instrument.forecast = instrument.signals.on_book(view.market);
    for (const signal::Sides side : {signal::Sides::kLong, signal::Sides::kShort}) {
      if (!any(side & config_.sides))
        instrument.forecast.veto = instrument.forecast.veto | side;
    }
    if (!position.flat()) {
      ledger_.on_mark(instrument.id,
                      order::Ledger::exit_price(position.qty(), view.market.touch));
      gate_.on_equity(ledger_.equity(), now);
    }
  }
  if (position.flat()) instrument.stop_at = kNever;
  view.forecast = instrument.forecast;
  view.position = position.qty();
  view.opened = position.opened();
  view.closed = instrument.closed;
  view.stopping = stopping_ || closing();
  view.flow = &instrument.flow;
  view.network = instrument.network;
  view.entry_price = position.average_price();
  view.working.sent_at = instrument.last_sent;
  orders_.for_each_open(instrument.id, [&](const order::Order& order) {
    const bool weighed = order.wish.intent == order::Intent::kEntry &&
                         order.resting() && view.forecast.expected_move != Price{} &&
                         config_.scalper.style == order::Style::kChoose;
    view.working = {order.user_ref,
                    order.wish.side,
                    order.wish.limit,
                    order.wish.intent,
                    order.resting() && order.state != order::OrderState::kUnknown,
                    order.state == order::OrderState::kPendingCancel &&
                        now - instrument.last_cancel < kCancelPatience,
                    order.sent_at,
                    order.leaves,
                    weighed ? venue_.qty_ahead(order) : -1};
  });
  // An entry on its way counts as what it is to become: it may be filled by now.
  const bool entering = position.flat() && view.working.user_ref != 0;
  const Side held = entering ? view.working.side : position.side();
  if (position.flat() && !entering) {
    instrument.leave = false;
  } else if (any(view.forecast.leave & signal::sides_of(held))) {
    instrument.leave = true;
  }
  view.leave = instrument.leave;
  const book::Touch& touch = view.market.touch;
  if (config_.scalper.sweep.levels > 0 && view.position == 0 &&
      view.forecast.expected_move != Price{} && touch.sound()) {
    const Side side = view.forecast.expected_move > Price{} ? Side::kBuy : Side::kSell;
    // The gate takes a buy for worth its limit, a sell for worth the bid.
    const Price worth =
        side == Side::kBuy ? instrument.scalper.through_touch(touch, side) : touch.bid;
    view.room =
        gate_.room(instrument.id, side, worth, orders_.exposure(instrument.id), now);
  }
  return view;
}

template <class V>
void Heartbeat<V>::evaluate(Traded& instrument, bool ticked, MonoNanos now) {
  const order::ScalperView view = scalper_view(instrument, ticked, now);
  const order::Action action = instrument.scalper.decide(view);
  const MonoNanos decided = stamp();
  record_stage(Stage::kSignal, stage_at_, decided);
  stage_at_ = decided;
  if (action.kind != order::Action::Kind::kNone) {
    const bool stops = action.reason == order::Intent::kStop;
    if (!stops) instrument.stop_at = kNever;  // the price has come back
    if (stops && instrument.stop_at == kNever) instrument.stop_at = input_at_;
  }
  if (action.kind == order::Action::Kind::kPlace) {
    place(instrument, action.wish, now);
  } else if (action.kind == order::Action::Kind::kCancel) {
    cancel(action.user_ref, now);
  }
  instrument.next_deadline = instrument.scalper.next_deadline(view);
}

}  // namespace pyscalp::engine
