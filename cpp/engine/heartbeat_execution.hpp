// The way of a wish to the venue, and what every input begins and ends with. Included
// by heartbeat_bodies.hpp.
#pragma once

#include <algorithm>

#include "engine/heartbeat.hpp"
#include "risk/price_collar.hpp"

namespace pyscalp::engine {

template <class V>
Heartbeat<V>::Traded::Traded(const TradingConfig& config,
                             const TradedInstrument& instrument)
    : symbol(instrument.symbol),
      tick(instrument.tick),
      levels(config.shown_levels),
      signals(config.signals),
      scalper(
          [&] {
            order::ScalperOptions options = config.scalper;
            options.tick = instrument.tick;
            options.deadline_slip_e6 = std::min(
                options.deadline_slip_e6, risk::deadline_collar_e6(config.limits));
            options.slip_e6 = std::min(options.slip_e6, config.limits.price_collar_e6);
            return options;
          }(),
          config.fees),
      network(config.scalper.network) {}

template <class V>
template <class... Arguments>
Heartbeat<V>::Heartbeat(const TradingConfig& config, SpscRing& ring,
                        const risk::KillSwitch& kill_switch, Arguments&&... venue)
    : config_(config),
      venue_(std::forward<Arguments>(venue)...),
      orders_(config_.orders),
      ledger_(config_.fees),
      shared_switch_(kill_switch),
      gate_(config_.limits, seen_switch_, kMaxTraded),
      outlet_(ring) {
  traded_.reserve(config_.instruments.size());
  for (const TradedInstrument& instrument : config_.instruments) {
    traded_.emplace_back(config_, instrument);
  }
}

// ---- Inputs ----

template <class V>
void Heartbeat<V>::begin_input(RecordKind kind, MonoNanos now, Bytes bytes,
                               std::uint8_t detail, Bytes rest) {
  if (shared_switch_.engaged() && !seen_switch_.engaged()) [[unlikely]] {
    seen_switch_.engage();
    if (config_.journal_inputs) {
      outlet_.put_bytes(RecordKind::kCommand, now, {},
                        static_cast<std::uint8_t>(Command::kSwitchSeen));
    }
  }
  if (config_.journal_inputs) outlet_.put_bytes(kind, now, bytes, detail, rest);
  input_at_ = now;
}

template <class V>
void Heartbeat<V>::keep_time(MonoNanos now) {
  stage_at_ = now;
  for (Traded& instrument : traded_) {
    if (index(instrument.id) != 0 && now >= instrument.next_deadline) {
      evaluate(instrument, false, now);
    }
  }
  if (now >= next_sample_) sample(now);
}

template <class V>
void Heartbeat<V>::on_command(Command command, MonoNanos now) {
  if (command == Command::kSwitchSeen) return seen_switch_.engage();
  begin_input(RecordKind::kCommand, now, {}, static_cast<std::uint8_t>(command));
  if (command == Command::kKill) {
    gate_.on_kill(now);
    killed_ = true;
  }
  if (!stopping_) {
    stopping_ = true;
    stop_requested_ = now;
    if (phase_ != Phase::kFailed) phase_ = Phase::kStopping;
    for (Traded& instrument : traded_) instrument.touched = index(instrument.id) != 0;
    stage_at_ = now;
    evaluate_touched(now);
  }
  settle(now);
}

// ---- Check and execute ----

template <class V>
void Heartbeat<V>::halt_in_doubt(std::string_view reason, MonoNanos now) {
  gate_.operator_halt(reason, now);
}

template <class V>
void Heartbeat<V>::place(Traded& instrument, const order::Wish& wish, MonoNanos now) {
  if (!venue_.live() || !orders_.has_room(venue_.next_user_ref())) return;
  const risk::OwnOrders own{orders_.best_price(instrument.id, Side::kBuy),
                            orders_.best_price(instrument.id, Side::kSell),
                            orders_.open_count()};
  risk::Verdict verdict = gate_.check(wish, market_state(instrument),
                                      orders_.exposure(instrument.id), own, now);
  const MonoNanos gated = stamp();
  record_stage(Stage::kGate, stage_at_, gated);
  if (!verdict) {
    outlet_.put(RecordKind::kDenied, now, DeniedWish{wish, verdict.denial, {}});
    return;
  }
  const bool deadline_exit = verdict.order->deadline_exit();
  const std::uint32_t user_ref = venue_.send(std::move(*verdict.order), now);
  const MonoNanos encoded = stamp();
  record_stage(Stage::kEncode, gated, encoded);
  stage_at_ = encoded;
  if (user_ref == 0) {
    ++orders_not_sent_;
    return;
  }
  if (orders_.open_count(instrument.id) == 0) {
    instrument.touch_before.on_sent(venue_.venue_time(), venue_.touch(instrument.id));
  }
  orders_.on_sent(user_ref, wish, now);
  instrument.last_sent = now;
  unsent_ref_ = user_ref;
  unsent_input_at_ = input_at_;
  unsent_stop_at_ = wish.intent == order::Intent::kStop ? instrument.stop_at : kNever;
  ++orders_sent_;
  outlet_.put(
      RecordKind::kOrderSent, now,
      SentOrder{wish,
                user_ref,
                venue_.gap_open(instrument.id) ? std::uint8_t{1} : std::uint8_t{0},
                deadline_exit ? std::uint8_t{1} : std::uint8_t{0},
                {}});
}

template <class V>
void Heartbeat<V>::cancel(std::uint32_t user_ref, MonoNanos now) {
  if (!venue_.live()) return;
  if (!venue_.cancel(gate_.cancel(user_ref, now), now)) return;
  orders_.on_cancel_sent(user_ref, now);
  if (const order::Order* order = orders_.find(user_ref)) {
    if (Traded* instrument = traded(order->wish.instrument))
      instrument->last_cancel = now;
  }
  ++cancels_sent_;
  outlet_.put(RecordKind::kCancelSent, now, SentCancel{user_ref, 0});
}

template <class V>
void Heartbeat<V>::cancel_all(MonoNanos now) {
  std::array<std::uint32_t, 256> refs;
  std::size_t count = 0;
  orders_.for_each_open([&](const order::Order& order) {
    if (order.state != order::OrderState::kPendingCancel && count < refs.size()) {
      refs[count++] = order.user_ref;
    }
  });
  for (std::size_t i = 0; i < count; ++i) cancel(refs[i], now);
}

template <class V>
void Heartbeat<V>::note_sent(MonoNanos now) {
  if (unsent_ref_ == 0) return;
  if (config_.measure) {
    record_stage(Stage::kSend, stage_at_, now);
    record_stage(Stage::kTickToTrade, unsent_input_at_, now);
    if (unsent_stop_at_ != kNever) {
      record_stage(Stage::kStopToOrder, unsent_stop_at_, now);
    }
  }
  unsent_ref_ = 0;
}

// ---- Every input's end ----

template <class V>
void Heartbeat<V>::settle(MonoNanos now) {
  cancel_all_owed_ = gate_.cancel_all_due(now) || cancel_all_owed_;
  if (cancel_all_owed_ && venue_.live()) {
    cancel_all_owed_ = false;
    cancel_all(now);
  }
  gate_.drain_trips(
      [&](const risk::Trip& trip) { outlet_.put(RecordKind::kTrip, now, trip); });
  advance_phase(now);
  MonoNanos next = std::min(next_sample_, venue_.next_deadline());
  for (const Traded& instrument : traded_)
    next = std::min(next, instrument.next_deadline);
  if (stopping_ && !finished()) next = std::min(next, now + milliseconds(20));
  next_deadline_ = next;
}

template <class V>
void Heartbeat<V>::advance_phase(MonoNanos now) {
  if (phase_ == Phase::kConnecting && venue_.synchronised()) {
    phase_ = Phase::kRunning;
    sample(now);
  }
  if (!stopping_ || finished()) return;
  const bool flat = ledger_.open_positions().empty() && orders_.open_count() == 0;
  const MonoNanos patience =
      venue_.live() ? config_.stop_patience : config_.stop_patience_offline;
  // After a kill no order may be sent, so no position can be closed: what remains to be
  // seen is that nothing works at the venue any more.
  const bool quiet = killed_ && orders_.open_count() == 0;
  if (flat || quiet || now - stop_requested_ >= patience) {
    settle_markouts(now);
    if (venue_.live()) venue_.logout(now);
    phase_ = flat || (quiet && ledger_.open_positions().empty()) ? Phase::kEnded
                                                                 : Phase::kFailed;
    sample(now);
  }
}

template <class V>
void Heartbeat<V>::record_stage(Stage stage, MonoNanos from, MonoNanos to) {
  if (config_.measure) {
    histograms_[static_cast<std::size_t>(stage)].record((to - from).value);
  }
}

template <class V>
void Heartbeat<V>::note_connection(ConnectionEvent what, MonoNanos now) {
  outlet_.put_bytes(RecordKind::kConnection, now, {}, static_cast<std::uint8_t>(what));
}

// ---- Books ----

template <class V>
bool Heartbeat<V>::name_instrument(InstrumentId id, std::string_view symbol,
                                   MonoNanos now) {
  if (index(id) == 0) return false;  // stands for no instrument
  for (std::size_t slot = 0; slot < traded_.size(); ++slot) {
    Traded& instrument = traded_[slot];
    if (instrument.symbol != symbol) continue;
    if (index(instrument.id) != 0 && instrument.id != id &&
        (!ledger_.position(instrument.id).flat() ||
         orders_.open_count(instrument.id) != 0)) {
      halt_in_doubt("an instrument changed its number while held", now);
      return false;
    }
    if (instrument.id != id) {
      // What is known is of another book.
      std::uint8_t& before = traded_of_[index(instrument.id)];
      if (before == slot + 1) before = 0;
      instrument.levels.invalidate();
      instrument.depth = Traded::kNoDepth;
    }
    instrument.id = id;
    traded_of_[index(id)] = static_cast<std::uint8_t>(slot + 1);
    gate_.permit(id);
    return true;
  }
  return false;
}

template <class V>
void Heartbeat<V>::void_book(Traded& instrument) {
  if (instrument.whole) {
    instrument.last_touch = venue_.touch(instrument.id);
    instrument.last_trading = venue_.trading(instrument.id);
    instrument.whole = false;
  }
  instrument.touched = false;
  instrument.levels.invalidate();
  instrument.signals.reset();
  instrument.flow.clear();
  instrument.touch_before.reset();
  instrument.last_tick = risk::kNoTick;
  instrument.forecast = {};
}

template <class V>
Price Heartbeat<V>::known_mid(InstrumentId id) const {
  if (venue_.gap_open(id)) return kNoPrice;
  const book::Touch touch = venue_.touch(id);
  return touch.sound() ? touch.mid() : kNoPrice;
}

template <class V>
void Heartbeat<V>::settle_markouts(MonoNanos now) {
  markouts_.settle_before(
      now, [&](InstrumentId id) { return known_mid(id); },
      [&](const order::Markout& markout) {
        outlet_.put(RecordKind::kMarkout, now, markout);
      });
}

}  // namespace pyscalp::engine
