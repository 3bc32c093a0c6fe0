#include "order/scalper.hpp"

#include <algorithm>
#include <cmath>

namespace pyscalp::order {

namespace {

Price round_to_tick(Price price, Price tick, Side side) {
  // Toward the passive side, so that a rounded price never takes by accident.
  const std::int64_t down = price.value / tick.value * tick.value;
  if (side == Side::kBuy || down == price.value) return {down};
  return {down + tick.value};
}

Action cancel(const WorkingView& working, Intent reason) {
  if (!working.resting || working.cancelling) return {};
  return {Action::Kind::kCancel, {}, working.user_ref, reason};
}

}  // namespace

bool ScalperOptions::valid() const {
  return order_qty > 0 && tick.value > 0 && target.value > 0 && stop.value > 0 &&
         slippage_ticks >= 0 && expectation.valid() && sweep.valid() &&
         passive_wait.value > 0 && reentry_wait.value >= 0 && retry_wait.value > 0 &&
         exit_after.value > 0 && exit_after < hold_limit && hold_limit < deadline &&
         deadline < seconds(60);
}

Price Scalper::through_touch(const book::Touch& touch, Side side) const {
  const Price from = touch.price(opposite(side));
  const auto allowed = static_cast<std::int64_t>(static_cast<Int128>(from.value) *
                                                 options_.slip_e6 / 1'000'000);
  const Price slip{std::min(options_.tick.value * options_.slippage_ticks, allowed)};
  // Toward the touch, so that rounding never leaves the collar.
  return side == Side::kBuy
             ? round_to_tick(from + slip, options_.tick, Side::kBuy)
             : std::max(round_to_tick(from - slip, options_.tick, Side::kSell),
                        std::min(from, options_.tick));
}

bool Scalper::entry_outlived(const ScalperView& view) const {
  const WorkingView& order = view.working;
  const std::int64_t toward = view.forecast.expected_move.value * sign(order.side);
  const book::Touch& touch = view.market.touch;
  const MonoNanos waited = view.market.now - order.sent_at;
  if (view.stopping || view.leave || view.position != 0 || toward < 0 ||
      any(view.forecast.veto & signal::sides_of(order.side)) ||
      order.limit != touch.price(order.side) || waited >= options_.passive_wait) {
    return true;
  }
  if (options_.style != Style::kChoose || toward == 0 || order.ahead < 0 ||
      view.flow == nullptr || !touch.sound()) {
    return false;
  }
  // By now taking may be the better way: its place in the queue is known. Better than a
  // new order's, too, or it would lose its place to one.
  const Expectation now = expectation(view);
  const double chance = std::max(
      view.flow->fill_chance(order.side, order.ahead, order.qty,
                             options_.passive_wait - waited, view.market.venue_time),
      chance_of_new(view, order.side));
  return rather_takes(now, now.taken(touch.price(opposite(order.side))), chance);
}

double Scalper::chance_of_new(const ScalperView& view, Side side) const {
  return view.flow->fill_chance(side, view.market.touch.qty(side), options_.order_qty,
                                options_.passive_wait, view.market.venue_time);
}

bool Scalper::rather_takes(const Expectation& expectation, Price taken,
                           double chance) const {
  return taken >= options_.edge_min &&
         static_cast<double>(taken.value) >=
             chance * static_cast<double>(expectation.made().value);
}

Scalper::Exit Scalper::wanted_exit(const ScalperView& view) const {
  const Side side = view.position > 0 ? Side::kSell : Side::kBuy;
  const book::Touch& touch = view.market.touch;
  const MonoNanos held = view.market.now - view.opened;
  if (held >= options_.deadline) {
    // The book may be one-sided by now; the price paid is the last one that is known.
    const Price base = touch.price(opposite(side)) != kNoPrice
                           ? touch.price(opposite(side))
                           : view.entry_price;
    const Price slip{static_cast<std::int64_t>(static_cast<Int128>(base.value) *
                                               options_.deadline_slip_e6 / 1'000'000)};
    const Price limit = side == Side::kBuy ? base + slip : base - slip;
    // Toward the touch: a tick further might be beyond the gate's collar.
    return {Intent::kDeadline, round_to_tick(limit, options_.tick, side), true};
  }
  if (view.stopping) return {Intent::kShutdown, through_touch(touch, side), true};
  if (held >= options_.hold_limit) {
    return {Intent::kTimeExit, through_touch(touch, side), true};
  }
  const std::int64_t gain = (touch.mid().value - view.entry_price.value) * -sign(side);
  if (gain <= -options_.stop.value) {
    return {Intent::kStop, through_touch(touch, side), true};
  }
  if (view.leave) return {Intent::kSignalExit, through_touch(touch, side), true};
  if (held >= options_.exit_after) {
    return {Intent::kTimeExit, touch.price(side), false};
  }
  const Price target =
      round_to_tick({view.entry_price.value - sign(side) * options_.target.value},
                    options_.tick, side);
  const Price limit =
      better(side, target, touch.price(side)) ? touch.price(side) : target;
  return {Intent::kTarget, limit, false};
}

Action Scalper::leave(const ScalperView& view) const {
  const bool past_deadline = view.market.now - view.opened >= options_.deadline;
  if (!view.market.touch.sound() && !past_deadline) return {};
  const Exit exit = wanted_exit(view);
  const WorkingView& working = view.working;
  if (working.user_ref != 0) {
    const bool fits = working.intent == exit.intent && !exit.takes &&
                      (exit.intent == Intent::kTarget || working.limit == exit.limit);
    return fits ? Action{} : cancel(working, exit.intent);
  }
  if (exit.takes && view.market.now - working.sent_at < options_.retry_wait) return {};
  Action action{Action::Kind::kPlace, {}, 0, exit.intent};
  action.wish = {view.market.instrument,
                 view.position > 0 ? Side::kSell : Side::kBuy,
                 std::abs(view.position),
                 exit.limit,
                 exit.takes ? TimeInForce::kIoc : TimeInForce::kDay,
                 !exit.takes,
                 exit.intent,
                 view.forecast.signal,
                 view.market.touch.sound() ? view.market.touch.mid() : kNoPrice};
  return action;
}

Action Scalper::enter(const ScalperView& view) const {
  const std::int64_t move = view.forecast.expected_move.value;
  const book::Touch& touch = view.market.touch;
  if (move == 0 || view.stopping || !touch.sound() ||
      view.market.now - view.closed < options_.reentry_wait) {
    return {};
  }
  const Side side = move > 0 ? Side::kBuy : Side::kSell;
  const signal::Sides shut = view.forecast.veto | view.forecast.leave;
  if (any(shut & signal::sides_of(side))) return {};
  const Expectation now = expectation(view);
  const Price taken = now.taken(touch.price(opposite(side)));
  bool takes = options_.style == Style::kTaker;
  if (options_.style == Style::kChoose && view.flow != nullptr) {
    takes = rather_takes(now, taken, chance_of_new(view, side));
  }
  if ((takes ? taken : now.made()) < options_.edge_min) return {};
  Action action{Action::Kind::kPlace, {}, 0, Intent::kEntry};
  action.wish = {view.market.instrument,
                 side,
                 options_.order_qty,
                 takes ? through_touch(touch, side) : touch.price(side),
                 takes ? TimeInForce::kIoc : TimeInForce::kDay,
                 !takes,
                 Intent::kEntry,
                 view.forecast.signal,
                 touch.mid()};
  if (takes && options_.sweep.levels > 0) {
    const SweepPlan plan =
        plan_sweep(options_.sweep, side, view.market.levels(opposite(side)),
                   action.wish.limit, now, options_.edge_min, view.room);
    if (plan.qty == 0) return {};
    action.wish.qty = plan.qty;
    action.wish.limit = plan.limit;
  }
  return action;
}

Action Scalper::decide(const ScalperView& view) const {
  if (view.position != 0) {
    if (view.working.user_ref != 0 && view.working.intent == Intent::kEntry) {
      return cancel(view.working, Intent::kEntry);
    }
    return leave(view);
  }
  if (view.working.user_ref != 0) {
    if (view.working.intent != Intent::kEntry || entry_outlived(view)) {
      return cancel(view.working, Intent::kEntry);
    }
    return {};
  }
  return enter(view);
}

MonoNanos Scalper::next_deadline(const ScalperView& view) const {
  const MonoNanos now = view.market.now;
  MonoNanos next = kNever;
  const auto consider = [&](MonoNanos at) {
    if (at > now) next = std::min(next, at);
  };
  if (view.position != 0) {
    consider(view.opened + options_.exit_after);
    consider(view.opened + options_.hold_limit);
    consider(view.opened + options_.deadline);
    // A taking exit may have been held back by it.
    if (view.working.user_ref == 0)
      consider(view.working.sent_at + options_.retry_wait);
    if (now - view.opened >= options_.hold_limit || view.stopping || view.leave) {
      consider(now + milliseconds(50));
    }
  }
  if (view.working.user_ref != 0 && view.working.intent == Intent::kEntry) {
    consider(view.working.sent_at + options_.passive_wait);
  }
  return next;
}

}  // namespace pyscalp::order
