#include "risk/gate.hpp"

#include <algorithm>
#include <utility>

#include "risk/order_size.hpp"
#include "risk/position_limit.hpp"
#include "risk/price_collar.hpp"
#include "risk/self_match.hpp"
#include "risk/stale_price.hpp"

namespace pyscalp::risk {

namespace {

constexpr std::size_t kInstruments = std::size_t{1} << 16;

constexpr bool gets_out(order::Intent intent) {
  return intent == order::Intent::kStop || intent == order::Intent::kTimeExit ||
         intent == order::Intent::kShutdown || intent == order::Intent::kDeadline ||
         intent == order::Intent::kSignalExit;
}

constexpr Int128 magnitude(Qty qty) {
  return qty < 0 ? -static_cast<Int128>(qty) : static_cast<Int128>(qty);
}

/// Limits that the controls can be built from, whatever was configured. With a fault
/// the gate denies before any control is asked.
Limits buildable(const Limits& limits) {
  return limits.first_fault() ? Limits{} : limits;
}

}  // namespace

Gate::Gate(const Limits& limits, const KillSwitch& kill_switch,
           std::size_t instrument_capacity)
    : limits_(buildable(limits)),
      kill_switch_(kill_switch),
      limits_complete_(!limits.first_fault()),
      rate_(limits_),
      drawdown_(limits_),
      losing_trades_(limits_.max_losing_trades + 1, limits_.feedback_window),
      rejects_(limits_.max_rejects + 1, limits_.feedback_window),
      slot_of_(kInstruments, 0),
      slots_(std::min(instrument_capacity, kInstruments - 1),
             Slot(limits_.depth_window)) {}

bool Gate::permit(InstrumentId instrument) {
  std::uint16_t& number = slot_of_[index(instrument)];
  if (number != 0) return true;
  if (permitted_ == slots_.size()) return false;
  slots_[permitted_++] = Slot(limits_.depth_window);
  number = static_cast<std::uint16_t>(permitted_);
  return true;
}

void Gate::revoke_all() {
  std::fill(slot_of_.begin(), slot_of_.end(), std::uint16_t{0});
  permitted_ = 0;
}

Gate::Slot* Gate::slot(InstrumentId instrument) {
  const std::uint16_t number = slot_of_[index(instrument)];
  return number == 0 ? nullptr : &slots_[number - std::size_t{1}];
}

// ---- The list
// ------------------------------------------------------------------------

template <Gate::Check... kChecks>
Denial Gate::first_denial(const Request& request) {
  Denial denial = Denial::kNone;
  (void)((denial = (this->*kChecks)(request), denial == Denial::kNone) && ...);
  return denial;
}

Verdict Gate::check(const order::Wish& wish, const MarketState& market,
                    const order::Exposure& exposure, const OwnOrders& own,
                    MonoNanos now) {
  const bool reducing = reduces(wish, exposure);
  const bool deadline_exit = reducing && wish.intent == order::Intent::kDeadline &&
                             wish.time_in_force == order::TimeInForce::kIoc;
  const Request request{
      wish, market, exposure, own, now, slot(wish.instrument), reducing, deadline_exit};
  observe_concentration(request);
  const Denial denial =
      first_denial<&Gate::check_limits, &Gate::check_kill_switch, &Gate::check_state,
                   &Gate::check_permitted, &Gate::check_instrument_trading,
                   &Gate::check_session_hours, &Gate::check_gap, &Gate::check_book,
                   &Gate::check_stale_price, &Gate::check_order_size,
                   &Gate::check_price_collar, &Gate::check_instrument_reducing,
                   &Gate::check_position, &Gate::check_concentration,
                   &Gate::check_working_orders, &Gate::check_recent_orders,
                   &Gate::check_self_match, &Gate::check_rate>(request);
  if (denial != Denial::kNone) {
    ++counts_.denied[index(denial)];
    return {denial, std::nullopt};
  }
  request.slot->recent.remember(wish, now);
  count_request(now);
  ++counts_.orders;
  if (deadline_exit) ++counts_.deadline_exits;
  return {Denial::kNone, GatedOrder(wish, deadline_exit)};
}

Denial Gate::check_limits(const Request&) {
  return limits_complete_ ? Denial::kNone : Denial::kLimitsMissing;
}

Denial Gate::check_kill_switch(const Request& request) {
  if (kill_switch_.engaged()) on_kill(request.now);
  return (latched_ & bit(Breaker::kKillSwitch)) != 0 ? Denial::kKillSwitch
                                                     : Denial::kNone;
}

Denial Gate::check_state(const Request& request) {
  switch (state_of(latched_)) {
    case TradingState::kActive:
      return Denial::kNone;
    case TradingState::kReducing:
      return request.reduces ? Denial::kNone : Denial::kReducingOnly;
    case TradingState::kHalted:
      break;
  }
  const bool flattens = limits_.flatten_when_halted &&
                        (latched_ & kHaltingBreakers) == bit(Breaker::kDrawdown) &&
                        request.reduces && gets_out(request.wish.intent) &&
                        request.wish.time_in_force == order::TimeInForce::kIoc;
  return flattens ? Denial::kNone : Denial::kHalted;
}

Denial Gate::check_permitted(const Request& request) {
  return request.slot != nullptr ? Denial::kNone : Denial::kNotPermitted;
}

Denial Gate::check_instrument_trading(const Request& request) {
  return request.market.trading ? Denial::kNone : Denial::kInstrumentHalted;
}

Denial Gate::check_session_hours(const Request& request) {
  return request.market.in_session || request.deadline_exit ? Denial::kNone
                                                            : Denial::kSessionHours;
}

Denial Gate::check_gap(const Request& request) {
  return !request.market.gap_open || request.deadline_exit ? Denial::kNone
                                                           : Denial::kGapOpen;
}

Denial Gate::check_book(const Request& request) {
  const MarketState& market = request.market;
  const bool sound = market.book_sound && market.touch.sound();
  return sound || request.deadline_exit ? Denial::kNone : Denial::kBookUnusable;
}

Denial Gate::check_stale_price(const Request& request) {
  const bool stale =
      price_is_stale(request.market.last_tick, request.now, limits_.stale_after);
  return !stale || request.deadline_exit ? Denial::kNone : Denial::kStalePrice;
}

Denial Gate::check_order_size(const Request& request) {
  const Denial denial = order_size_denial(request.wish, request.market.touch, limits_);
  return denial == Denial::kOrderValue && request.reduces ? Denial::kNone : denial;
}

Denial Gate::check_price_collar(const Request& request) {
  const std::int64_t collar =
      request.deadline_exit ? deadline_collar_e6(limits_) : limits_.price_collar_e6;
  return inside_collar(request.wish, request.market.touch, collar)
             ? Denial::kNone
             : Denial::kPriceCollar;
}

Denial Gate::check_instrument_reducing(const Request& request) {
  return request.reduces || !request.slot->reducing ? Denial::kNone
                                                    : Denial::kInstrumentReducing;
}

Denial Gate::check_position(const Request& request) {
  return request.reduces ||
                 position_fits(request.wish, request.exposure, limits_.max_position)
             ? Denial::kNone
             : Denial::kPosition;
}

Denial Gate::check_concentration(const Request& request) {
  if (request.reduces) return Denial::kNone;
  const Side side = request.wish.side;
  const Int128 end = sign(side) * worst_end(request.wish, request.exposure);
  const Qty depth = request.slot->depth.exit_depth(side, request.now);
  return share_fits(end, depth, limits_.depth_share_e6) ? Denial::kNone
                                                        : Denial::kConcentration;
}

Denial Gate::check_working_orders(const Request& request) {
  return request.reduces || request.own.all_working < limits_.max_orders_working
             ? Denial::kNone
             : Denial::kTooManyWorking;
}

Denial Gate::check_recent_orders(const Request& request) {
  return request.slot->recent.denial(request.wish, request.now,
                                     limits_.duplicate_window);
}

Denial Gate::check_self_match(const Request& request) {
  return meets_own_order(request.wish, request.own) ? Denial::kSelfMatch
                                                    : Denial::kNone;
}

Denial Gate::check_rate(const Request& request) {
  const bool fits = request.deadline_exit ? rate_.request_fits(request.now)
                                          : rate_.order_fits(request.now);
  return fits ? Denial::kNone : Denial::kRateLimit;
}

GatedCancel Gate::cancel(std::uint32_t user_ref, MonoNanos now) {
  if (!rate_.request_fits(now)) ++counts_.cancels_over_limit;
  count_request(now);
  ++counts_.cancels;
  return GatedCancel(user_ref);
}

// ---- What the gate watches
// -----------------------------------------------------------

Qty Gate::room(InstrumentId instrument, Side side, Price price,
               const order::Exposure& exposure, MonoNanos now) {
  Slot* known = slot(instrument);
  if (known == nullptr || price.value <= 0) return 0;
  const Qty worst = exposure.worst(side);
  const Int128 depth = known->depth.exit_depth(side, now);
  const Int128 share = depth * limits_.depth_share_e6 / 1'000'000 - worst;
  const Int128 room = std::min(
      {static_cast<Int128>(limits_.max_order_qty),
       static_cast<Int128>(limits_.max_position) - worst,
       static_cast<Int128>(limits_.max_order_value.value) / price.value, share});
  return room > 0 ? static_cast<Qty>(room) : 0;
}

void Gate::on_depth(InstrumentId instrument, MonoNanos now, Qty bid_depth,
                    Qty ask_depth) {
  if (Slot* known = slot(instrument)) known->depth.add(bid_depth, ask_depth, now);
}

void Gate::observe_concentration(const Request& request) {
  const Qty position = request.exposure.position;
  if (request.slot == nullptr) return;
  const Side side = position < 0 ? Side::kSell : Side::kBuy;
  const Qty depth = request.slot->depth.exit_depth(side, request.now);
  const bool above = !share_fits(magnitude(position), depth, limits_.depth_share_e6);
  const bool newly = above && !request.slot->reducing;
  request.slot->reducing = above;
  if (!newly) return;
  const Int128 allowed = static_cast<Int128>(depth) * limits_.depth_share_e6;
  record({request.now,
          position,
          static_cast<std::int64_t>(allowed / 1'000'000),
          Breaker::kConcentration,
          state(),
          request.wish.instrument,
          {}});
}

void Gate::count_request(MonoNanos now) {
  if (rate_.order_fits(now)) rate_reached_ = false;
  rate_.count(now);
  if (rate_reached_ || rate_.order_fits(now)) return;
  rate_reached_ = true;
  record({now, rate_.used(now), rate_.for_orders(), Breaker::kRate, state(), {}, {}});
}

void Gate::on_equity(Money equity, MonoNanos now) {
  drawdown_.mark(equity);
  if (limits_complete_ && drawdown_.reached()) {
    latch(Breaker::kDrawdown, now, drawdown_.loss().value, drawdown_.limit().value);
  }
}

void Gate::on_round_trip(Money net, MonoNanos now) {
  if (net.value >= 0) return;
  losing_trades_.add(now);
  const std::int64_t count = losing_trades_.count(now);
  if (count > limits_.max_losing_trades) {
    latch(Breaker::kLosingTrades, now, count, limits_.max_losing_trades);
  }
}

void Gate::on_reject(MonoNanos now) {
  rejects_.add(now);
  const std::int64_t count = rejects_.count(now);
  if (count > limits_.max_rejects) {
    latch(Breaker::kRejects, now, count, limits_.max_rejects);
  }
}

void Gate::on_kill(MonoNanos now) { latch(Breaker::kKillSwitch, now); }

// ---- State
// ---------------------------------------------------------------------------

void Gate::latch(Breaker breaker, MonoNanos now, std::int64_t value, std::int64_t limit,
                 std::string_view reason) {
  if ((latched_ & bit(breaker)) != 0) return;
  const TradingState before = state();
  latched_ |= bit(breaker);
  // A second reason to halt asks again: flattening orders may be out since the first.
  if (state() > before || (bit(breaker) & kHaltingBreakers) != 0) {
    cancel_all_due_ = true;
  }
  record({now, value, limit, breaker, state(), {}, Text<48>(reason)});
}

void Gate::record(const Trip& trip) {
  if (trips_made_ - trips_drained_ == kTrips) {
    ++trips_drained_;
    ++counts_.trips_lost;
  }
  trips_[trips_made_++ % kTrips] = trip;
}

void Gate::operator_reduce(std::string_view reason, MonoNanos now) {
  latch(Breaker::kOperatorReduce, now, 0, 0, reason);
}

void Gate::operator_halt(std::string_view reason, MonoNanos now) {
  latch(Breaker::kOperatorHalt, now, 0, 0, reason);
}

Resume Gate::operator_resume(std::string_view reason, MonoNanos now) {
  if (!limits_complete_) return Resume::kLimitsMissing;
  if (reason.find_first_not_of(' ') == std::string_view::npos) return Resume::kNoReason;
  if (kill_switch_.engaged()) return Resume::kKillSwitch;
  if (drawdown_.reached()) return Resume::kDrawdownStands;
  latched_ = 0;
  losing_trades_.clear();
  rejects_.clear();
  record({now, 0, 0, Breaker::kResumed, state(), {}, Text<48>(reason)});
  return Resume::kResumed;
}

void Gate::restore(std::uint32_t latched, MonoNanos now) {
  for (std::size_t i = 0; i < kBreakers; ++i) {
    const auto breaker = static_cast<Breaker>(i);
    if ((latched & kLatchingBreakers & bit(breaker)) != 0) latch(breaker, now);
  }
}

TradingState Gate::state() const {
  return limits_complete_ ? state_of(latched_) : TradingState::kHalted;
}

TradingState Gate::state(InstrumentId instrument) const {
  const std::uint16_t number = slot_of_[index(instrument)];
  if (number == 0) return TradingState::kHalted;
  const bool reducing = slots_[number - std::size_t{1}].reducing;
  return std::max(state(), reducing ? TradingState::kReducing : TradingState::kActive);
}

bool Gate::cancel_all_due(MonoNanos now) {
  if (kill_switch_.engaged()) on_kill(now);
  return std::exchange(cancel_all_due_, false);
}

}  // namespace pyscalp::risk
