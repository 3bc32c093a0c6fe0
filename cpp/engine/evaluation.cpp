// What the engine makes of a market that has changed: forecasts, what limits and tactic
// are to know, and what the tactic wants done.
#include <algorithm>

#include "engine/engine.hpp"

namespace pyscalp::engine {

namespace {

/// A cancel that is not answered within this time is sent again: it does no harm twice.
constexpr MonoNanos kCancelPatience = seconds(1);

}  // namespace

signal::MarketView Engine::market_view(Traded& instrument, MonoNanos now) {
  instrument.levels.read(books_.books(), instrument.id);
  return {instrument.id,
          now,
          books_.venue_time(),
          touch_of(instrument),
          instrument.levels.side(Side::kBuy),
          instrument.levels.side(Side::kSell),
          instrument.tick};
}

risk::MarketState Engine::market_state(const Traded& instrument) const {
  const book::OrderBooks& books = books_.books();
  return {touch_of(instrument),          instrument.last_tick, feed_.gap_open(),
          !books.flagged(instrument.id), trading(instrument),  in_session()};
}

bool Engine::in_session() const {
  if (config_.session_end.value == 0) return true;
  const UnixNanos now = books_.venue_time();
  return now >= config_.session_start && now < config_.session_end;
}

bool Engine::closing() const {
  if (config_.session_end.value == 0) return false;
  // Early enough to be flat by the holding rule when the session ends.
  return books_.venue_time().value + config_.scalper.deadline.value >=
         config_.session_end.value;
}

void Engine::watch_depth(Traded& instrument, const signal::MarketView& market,
                         MonoNanos now) {
  const book::OrderBooks& books = books_.books();
  const auto levels = static_cast<int>(config_.limits.depth_levels);
  std::array<Qty, 2> depth{};
  for (const Side side : {Side::kBuy, Side::kSell}) {
    depth[index(side)] = levels <= config_.shown_levels
                             ? market.depth(side, levels)
                             : books.depth(instrument.id, side, levels);
  }
  if (orders_.open_count(instrument.id) != 0) {
    orders_.for_each_open(instrument.id, [&](const order::Order& order) {
      book::OrderView resting;
      if (order.resting() && books.find(order.order_reference, resting)) {
        depth[index(resting.side)] -= std::min(depth[index(resting.side)], resting.qty);
      }
    });
  }
  // The gate holds on to what it was told last.
  if (depth == instrument.depth) return;
  instrument.depth = depth;
  gate_.on_depth(instrument.id, now, depth[0], depth[1]);
}

void Engine::evaluate_touched(MonoNanos now) {
  for (Traded& instrument : traded_) {
    if (!instrument.touched) continue;
    instrument.touched = false;
    evaluate(instrument, true, now);
  }
}

order::ScalperView Engine::scalper_view(Traded& instrument, bool ticked,
                                        MonoNanos now) {
  order::ScalperView view;
  view.market = market_view(instrument, now);
  const order::Position& position = ledger_.position(instrument.id);
  if (ticked && !feed_.gap_open()) {
    watch_depth(instrument, view.market, now);
    instrument.forecast = instrument.signals.on_book(view.market);
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
    view.working = {order.user_ref,
                    order.wish.side,
                    order.wish.limit,
                    order.wish.intent,
                    order.resting() && order.state != order::OrderState::kUnknown,
                    order.state == order::OrderState::kPendingCancel &&
                        now - instrument.last_cancel < kCancelPatience,
                    order.sent_at,
                    order.leaves,
                    order.wish.intent == order::Intent::kEntry && order.resting() &&
                            view.forecast.expected_move != Price{} &&
                            config_.scalper.style == order::Style::kChoose
                        ? books_.books().qty_ahead(order.order_reference)
                        : -1};
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

void Engine::evaluate(Traded& instrument, bool ticked, MonoNanos now) {
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
