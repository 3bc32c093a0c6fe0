// What the books and the order session tell the engine, and what it does about it.
// Included by engine.cpp alone.
#pragma once

#include "engine/engine.hpp"

namespace pyscalp::engine {

struct Engine::FeedListener {
  Engine& engine;
  MonoNanos now;

  void on_book(InstrumentId id) {
    if (Traded* instrument = engine.traded(id)) {
      instrument->touched = true;
      instrument->last_tick = engine.tick_time(now);
      if (engine.orders_.open_count(id) != 0) {
        instrument->touch_before.on_change(engine.books_.venue_time(),
                                           engine.books_.books().touch(id));
      }
    }
  }
  void on_trade(const book::TradeView& trade) {
    Traded* instrument = engine.traded(trade.instrument);
    if (instrument == nullptr) return;
    instrument->touched = true;
    instrument->last_tick = engine.tick_time(now);
    instrument->signals.on_trade({trade.price, trade.qty, trade.aggressor, trade.hidden,
                                  engine.books_.venue_time()});
  }
  void on_order(const book::OrderEvent& event) {
    Traded* instrument = engine.traded(event.instrument);
    if (instrument == nullptr) return;
    const UnixNanos time = engine.books_.venue_time();
    instrument->signals.on_order(event, time);
    const auto side = instrument->levels.side(event.side);
    const bool own = engine.orders_.open_count(event.instrument) != 0 &&
                     engine.orders_.find_by_reference(event.reference) != nullptr;
    if (!side.empty() && !own) instrument->flow.on_order(event, side[0].price, time);
  }
  void on_level(const book::BookChange& change) {
    if (Traded* instrument = engine.traded(change.instrument)) {
      instrument->levels.on_level(change);
    }
  }
  void on_directory(InstrumentId id, std::string_view symbol) {
    if (index(id) == 0) return;  // stands for no instrument
    for (std::size_t slot = 0; slot < engine.traded_.size(); ++slot) {
      Traded& instrument = engine.traded_[slot];
      if (instrument.symbol != symbol) continue;
      if (index(instrument.id) != 0 && instrument.id != id &&
          (!engine.ledger_.position(instrument.id).flat() ||
           engine.orders_.open_count(instrument.id) != 0)) {
        engine.halt_in_doubt("an instrument changed its number while held", now);
        return;
      }
      if (instrument.id != id) {
        // What is known is of another book.
        std::uint8_t& before = engine.traded_of_[index(instrument.id)];
        if (before == slot + 1) before = 0;
        instrument.levels.invalidate();
        instrument.depth = Traded::kNoDepth;
      }
      instrument.id = id;
      engine.traded_of_[index(id)] = static_cast<std::uint8_t>(slot + 1);
      engine.gate_.permit(id);
      engine.session_.set_symbol(id, wire::ouch::Symbol(symbol));
    }
  }
  /// A new session of the feed: books, directory and prices of the old one are void.
  void on_new_session() {
    engine.feed_generation_ = engine.feed_.generation();
    if (!engine.ledger_.open_positions().empty() || engine.orders_.open_count() != 0) {
      engine.halt_in_doubt("a new feed session while holding a position or orders",
                           now);
    }
    engine.snapshot_.abandon();
    engine.books_.clear();
    engine.books_whole_ = true;
    engine.gate_.revoke_all();
    engine.traded_of_.fill(0);
    for (Traded& instrument : engine.traded_) {
      instrument.touched = false;
      instrument.levels.invalidate();
      instrument.signals.reset();
      instrument.flow.clear();
      instrument.depth = Traded::kNoDepth;
      instrument.touch_before.reset();
      instrument.last_tick = risk::kNoTick;
      instrument.forecast = {};
    }
  }
};

struct Engine::VenueListener {
  Engine& engine;
  MonoNanos now;

  void event(ConnectionEvent what) {
    engine.outlet_.put_bytes(RecordKind::kConnection, now, {},
                             static_cast<std::uint8_t>(what));
  }
  void touch(InstrumentId id) {
    if (Traded* instrument = engine.traded(id)) instrument->touched = true;
  }

  /// The touch that an order met which the venue stamped at `at`.
  book::Touch arrival(InstrumentId id, UnixNanos at) const {
    const book::Touch now_there = engine.books_.books().touch(id);
    const Traded* instrument = engine.traded(id);
    return instrument == nullptr ? now_there
                                 : instrument->touch_before.before(at, now_there);
  }

  void on_login_accepted(bool) { event(ConnectionEvent::kLoggedIn); }
  void on_live(std::uint32_t next_user_ref, bool resumed) {
    event(ConnectionEvent::kLive);
    if (resumed) engine.orders_.on_resumed(next_user_ref);
    if (engine.orders_.unknown_count() != 0) {
      engine.halt_in_doubt("orders of unknown fate after a reconnect", now);
    }
    // Whatever could not be sent until now.
    for (Traded& instrument : engine.traded_) {
      instrument.touched = index(instrument.id) != 0;
    }
  }
  void on_login_rejected(char) { event(ConnectionEvent::kRefused); }
  void on_session_end() { event(ConnectionEvent::kSessionEnded); }
  void on_lost_message(session::BadInput) {
    event(ConnectionEvent::kMessageLost);
    engine.halt_in_doubt("a message of the venue could not be read", now);
  }
  void on_broken_trade(const wire::ouch::BrokenTrade&) {
    if (!engine.session_.live()) return;
    engine.halt_in_doubt("the venue broke a trade", now);
  }

  void on_accepted(const wire::ouch::Accepted& m) {
    const order::Order* order = engine.orders_.find(m.user_ref);
    if (order == nullptr) return;
    const InstrumentId id = order->wish.instrument;
    engine.orders_.on_accepted(
        m.user_ref, m.order_reference, price_from_e4(m.price_e4), m.state == 'D',
        arrival(id, {static_cast<std::int64_t>(m.timestamp_ns)}), now);
    engine.record_stage(Stage::kOrderRoundTrip, order->sent_at, now);
    touch(id);
  }
  void on_executed(const wire::ouch::Executed& m) {
    const order::OrderResult result =
        engine.orders_.on_executed(m.user_ref, m.quantity, m.match);
    if (!order::applied(result)) {
      // What comes before the session is live is the history of an earlier run.
      if (result != order::OrderResult::kDuplicateFill && engine.session_.live()) {
        engine.halt_in_doubt("an execution that fits no order", now);
      }
      return;
    }
    const order::Order& order = *engine.orders_.find(m.user_ref);
    const order::Booked booked = engine.ledger_.on_fill(
        {order.wish.instrument, order.wish.side, static_cast<Qty>(m.quantity),
         price_from_e4(m.price_e4),
         m.liquidity == 'R' ? Liquidity::kTaker : Liquidity::kMaker, order.wish.intent,
         order.wish.signal, m.user_ref, m.match, order.order_reference,
         order.wish.decision_mid, order.arrival_mid, order.arrival_half_spread,
         engine.known_mid(order.wish.instrument), now,
         UnixNanos{static_cast<std::int64_t>(m.timestamp_ns)}});
    for (const order::Fill& fill : booked.all()) {
      engine.outlet_.put(RecordKind::kFill, now, fill);
      engine.markouts_.on_fill(fill.number, fill.instrument, now);
    }
    // With its first part: an order meets one mid, in however many it is filled.
    if (m.liquidity == 'R' && order.filled == m.quantity) note_network(order);
    if (booked.closed) on_round_trip(booked.round_trip);
    engine.gate_.on_equity(engine.ledger_.equity(), now);
    touch(order.wish.instrument);
  }
  /// The mean drift of taking orders, of which each counts for an eighth.
  void note_network(const order::Order& order) {
    Traded* instrument = engine.traded(order.wish.instrument);
    if (instrument == nullptr || order.arrival_mid == kNoPrice ||
        order.wish.decision_mid == kNoPrice) {
      return;
    }
    const Price drift{(order.arrival_mid - order.wish.decision_mid).value *
                      sign(order.wish.side)};
    instrument->network.value += (drift - instrument->network).value / 8;
  }
  void on_round_trip(const order::RoundTrip& trip) {
    engine.outlet_.put(RecordKind::kRoundTrip, now, trip);
    engine.gate_.on_round_trip(trip.net, now);
    if (Traded* instrument = engine.traded(trip.instrument)) {
      instrument->closed = now;
      instrument->net += trip.net;
    }
  }
  void on_canceled(const wire::ouch::Canceled& m) { taken_off(m.user_ref, m.quantity); }
  void on_aiq_canceled(const wire::ouch::AiqCanceled& m) {
    taken_off(m.user_ref, m.decrement);
  }
  void taken_off(std::uint32_t user_ref, Qty qty) {
    if (engine.orders_.on_canceled(user_ref, qty) == order::OrderResult::kOvercancel) {
      engine.halt_in_doubt("more was cancelled than was open", now);
    }
    if (const order::Order* order = engine.orders_.find(user_ref)) {
      touch(order->wish.instrument);
    }
  }
  void on_rejected(const wire::ouch::Rejected& m) {
    // Before the session is live it tells the history of an earlier run.
    if (engine.orders_.find(m.user_ref) == nullptr && !engine.session_.live()) return;
    ++engine.rejects_;
    engine.orders_.on_rejected(m.user_ref);
    engine.gate_.on_reject(now);
    engine.outlet_.put(RecordKind::kReject, now, VenueReject{m.user_ref, m.reason});
    if (const order::Order* order = engine.orders_.find(m.user_ref)) {
      touch(order->wish.instrument);
    }
  }
  void on_priority_update(const wire::ouch::PriorityUpdate& m) {
    engine.orders_.on_priority_update(m.user_ref, m.order_reference,
                                      price_from_e4(m.price_e4));
  }
};

}  // namespace pyscalp::engine
