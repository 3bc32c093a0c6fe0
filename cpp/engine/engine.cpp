#include "engine/engine.hpp"

#include <algorithm>

#include "book/look_ahead.hpp"
#include "engine/listeners.hpp"
#include "risk/price_collar.hpp"

namespace pyscalp::engine {

Engine::Traded::Traded(const EngineConfig& config, const TradedInstrument& instrument)
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

Engine::Engine(const EngineConfig& config, SpscRing& ring,
               const risk::KillSwitch& kill_switch)
    : config_(config),
      outlet_(ring),
      feed_(config.feed),
      snapshot_(config.username, config.password, config.snapshot),
      books_(config.books),
      orders_(config.orders),
      ledger_(config.fees),
      shared_switch_(kill_switch),
      gate_(config.limits, seen_switch_, kMaxTraded),
      session_(session::SessionOptions{.username = config_.username,
                                       .password = config_.password,
                                       .session = config_.session,
                                       // What an earlier run did is not ours.
                                       .first_sequence = 0}) {
  traded_.reserve(config_.instruments.size());
  for (const TradedInstrument& instrument : config_.instruments) {
    traded_.emplace_back(config_, instrument);
  }
}

// ---- Inputs ----

void Engine::on_datagram(feed::Line line, Bytes datagram, MonoNanos now) {
  journal_input(RecordKind::kDatagram, now, datagram, static_cast<std::uint8_t>(line));
  ++packets_;
  input_at_ = now;
  settle_markouts(now);
  if (books_.books().order_count() >= book::LookAhead::kWorthwhile) {
    book::announce_packet(books_.books(), feed_.coming(datagram));
  }
  FeedListener listener{*this, now};
  const feed::DatagramStatus status =
      feed_.on_datagram(line, datagram, now, [&](std::uint64_t, Bytes message) {
        if (feed_generation_ != feed_.generation()) listener.on_new_session();
        books_.apply(message, listener);
      });
  if (feed_generation_ != feed_.generation()) listener.on_new_session();
  follow_gap(now);
  if (status == feed::DatagramStatus::kOk) {
    stage_at_ = stamp();
    record_stage(Stage::kFeed, input_at_, stage_at_);
    evaluate_touched(now);
  }
  settle(now);
}

void Engine::on_connected(MonoNanos now) {
  journal_input(RecordKind::kConnected, now, {}, 0);
  session_.on_connected(now);
  outlet_.put_bytes(RecordKind::kConnection, now, {},
                    static_cast<std::uint8_t>(ConnectionEvent::kConnected));
  settle(now);
}

void Engine::on_disconnected(MonoNanos now) {
  journal_input(RecordKind::kDisconnected, now, {}, 0);
  session_.on_disconnected();
  orders_.on_disconnected();
  unsent_ref_ = 0;
  outlet_.put_bytes(RecordKind::kConnection, now, {},
                    static_cast<std::uint8_t>(ConnectionEvent::kDisconnected));
  settle(now);
}

bool Engine::on_order_bytes(Bytes bytes, MonoNanos now) {
  journal_input(RecordKind::kOrderBytes, now, bytes, 0);
  input_at_ = now;
  VenueListener listener{*this, now};
  const session::Link link = session_.on_bytes(bytes, now, listener);
  stage_at_ = stamp();
  evaluate_touched(now);
  settle(now);
  return keep_link(link, now);
}

bool Engine::on_time(MonoNanos now) {
  journal_input(RecordKind::kTime, now, {}, 0);
  input_at_ = now;
  stage_at_ = now;
  settle_markouts(now);
  const session::Link link = session_.on_time(now);
  for (Traded& instrument : traded_) {
    if (index(instrument.id) != 0 && now >= instrument.next_deadline) {
      evaluate(instrument, false, now);
    }
  }
  if (now >= next_sample_) sample(now);
  snapshot_.on_time(now);
  settle(now);
  return keep_link(link, now);
}

void Engine::on_command(Command command, MonoNanos now) {
  if (command == Command::kSwitchSeen) return seen_switch_.engage();
  journal_input(RecordKind::kCommand, now, {}, static_cast<std::uint8_t>(command));
  if (command == Command::kKill) {
    gate_.on_kill(now);
    killed_ = true;
  }
  if (!stopping_) {
    stopping_ = true;
    stop_requested_ = now;
    if (phase_ != Phase::kFailed) phase_ = Phase::kStopping;
    for (Traded& instrument : traded_) instrument.touched = index(instrument.id) != 0;
    input_at_ = stage_at_ = now;
    evaluate_touched(now);
  }
  settle(now);
}

void Engine::halt_in_doubt(std::string_view reason, MonoNanos now) {
  gate_.operator_halt(reason, now);
}

bool Engine::keep_link(session::Link link, MonoNanos now) {
  if (link == session::Link::kKeep) return true;
  outlet_.put_bytes(RecordKind::kConnection, now, {},
                    static_cast<std::uint8_t>(ConnectionEvent::kLinkDead));
  return false;
}

void Engine::journal_input(RecordKind kind, MonoNanos now, Bytes bytes,
                           std::uint8_t detail) {
  if (shared_switch_.engaged() && !seen_switch_.engaged()) [[unlikely]] {
    seen_switch_.engage();
    if (config_.journal_inputs) {
      outlet_.put_bytes(RecordKind::kCommand, now, {},
                        static_cast<std::uint8_t>(Command::kSwitchSeen));
    }
  }
  if (config_.journal_inputs) outlet_.put_bytes(kind, now, bytes, detail);
}

void Engine::follow_gap(MonoNanos now) {
  books_whole_ = books_whole_ || !feed_.gap_open();
  if (feed_.gap_open() == gap_was_open_) return;
  gap_was_open_ = feed_.gap_open();
  outlet_.put(RecordKind::kGap, now, GapEvent{feed_.expected()}, gap_was_open_ ? 1 : 0);
}

// ---- Check and execute ----

void Engine::place(Traded& instrument, const order::Wish& wish, MonoNanos now) {
  if (!session_.live() || !orders_.has_room(session_.next_user_ref())) return;
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
  const std::uint32_t user_ref = session_.send(std::move(*verdict.order), now);
  const MonoNanos encoded = stamp();
  record_stage(Stage::kEncode, gated, encoded);
  stage_at_ = encoded;
  if (user_ref == 0) {
    ++orders_not_sent_;
    return;
  }
  if (orders_.open_count(instrument.id) == 0) {
    instrument.touch_before.on_sent(books_.venue_time(),
                                    books_.books().touch(instrument.id));
  }
  orders_.on_sent(user_ref, wish, now);
  instrument.last_sent = now;
  unsent_ref_ = user_ref;
  unsent_input_at_ = input_at_;
  unsent_stop_at_ = wish.intent == order::Intent::kStop ? instrument.stop_at : kNever;
  ++orders_sent_;
  outlet_.put(RecordKind::kOrderSent, now,
              SentOrder{wish,
                        user_ref,
                        feed_.gap_open() ? std::uint8_t{1} : std::uint8_t{0},
                        deadline_exit ? std::uint8_t{1} : std::uint8_t{0},
                        {}});
}

void Engine::cancel(std::uint32_t user_ref, MonoNanos now) {
  if (!session_.live()) return;
  if (!session_.cancel(gate_.cancel(user_ref, now), now)) return;
  orders_.on_cancel_sent(user_ref, now);
  if (const order::Order* order = orders_.find(user_ref)) {
    if (Traded* instrument = traded(order->wish.instrument))
      instrument->last_cancel = now;
  }
  ++cancels_sent_;
  outlet_.put(RecordKind::kCancelSent, now, SentCancel{user_ref, 0});
}

void Engine::cancel_all(MonoNanos now) {
  std::array<std::uint32_t, 256> refs;
  std::size_t count = 0;
  orders_.for_each_open([&](const order::Order& order) {
    if (order.state != order::OrderState::kPendingCancel && count < refs.size()) {
      refs[count++] = order.user_ref;
    }
  });
  for (std::size_t i = 0; i < count; ++i) cancel(refs[i], now);
}

void Engine::order_bytes_sent(std::size_t size, MonoNanos now) {
  session_.consumed(size);
  if (unsent_ref_ == 0 || !session_.outbound().empty()) return;
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

void Engine::settle(MonoNanos now) {
  cancel_all_owed_ = gate_.cancel_all_due(now) || cancel_all_owed_;
  if (cancel_all_owed_ && session_.live()) {
    cancel_all_owed_ = false;
    cancel_all(now);
  }
  gate_.drain_trips(
      [&](const risk::Trip& trip) { outlet_.put(RecordKind::kTrip, now, trip); });
  advance_phase(now);
  MonoNanos next = std::min(next_sample_, session_.next_deadline());
  next = std::min({next, feed_.next_deadline(), snapshot_.next_deadline()});
  for (const Traded& instrument : traded_)
    next = std::min(next, instrument.next_deadline);
  if (stopping_ && !finished()) next = std::min(next, now + milliseconds(20));
  next_deadline_ = next;
}

void Engine::advance_phase(MonoNanos now) {
  if (phase_ == Phase::kConnecting && session_.live() && feed_.synchronised()) {
    phase_ = Phase::kRunning;
    sample(now);
  }
  if (!stopping_ || finished()) return;
  const bool flat = ledger_.open_positions().empty() && orders_.open_count() == 0;
  const MonoNanos patience =
      session_.live() ? config_.stop_patience : config_.stop_patience_offline;
  // After a kill no order may be sent, so no position can be closed: what remains to be
  // seen is that nothing works at the venue any more.
  const bool quiet = killed_ && orders_.open_count() == 0;
  if (flat || quiet || now - stop_requested_ >= patience) {
    settle_markouts(now);
    if (session_.live()) session_.logout(now);
    phase_ = flat || (quiet && ledger_.open_positions().empty()) ? Phase::kEnded
                                                                 : Phase::kFailed;
    sample(now);
  }
}

void Engine::record_stage(Stage stage, MonoNanos from, MonoNanos to) {
  if (config_.measure) {
    histograms_[static_cast<std::size_t>(stage)].record((to - from).value);
  }
}

}  // namespace pyscalp::engine
