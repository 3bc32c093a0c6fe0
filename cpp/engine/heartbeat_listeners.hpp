// What a venue's books and order session tell the engine, and what it does about it.
// Included by heartbeat_bodies.hpp.
#pragma once

#include "engine/heartbeat.hpp"

namespace pyscalp::engine {

/// Of the books.
template <class V>
struct Heartbeat<V>::MarketListener {
  Heartbeat& engine;
  MonoNanos now;

  void on_book(InstrumentId id) {
    if (Traded* instrument = engine.traded(id)) {
      instrument->touched = true;
      instrument->last_tick = engine.tick_time(now);
      if (engine.orders_.open_count(id) != 0) {
        instrument->touch_before.on_change(engine.venue_.venue_time(),
                                           engine.venue_.touch(id));
      }
    }
  }
  void on_trade(const book::TradeView& trade) {
    Traded* instrument = engine.traded(trade.instrument);
    if (instrument == nullptr) return;
    instrument->touched = true;
    instrument->last_tick = engine.tick_time(now);
    instrument->signals.on_trade({trade.price, trade.qty, trade.aggressor, trade.hidden,
                                  engine.venue_.venue_time()});
  }
  void on_order(const book::OrderEvent& event) {
    Traded* instrument = engine.traded(event.instrument);
    if (instrument == nullptr) return;
    const UnixNanos time = engine.venue_.venue_time();
    instrument->signals.on_order(event, time);
    const bool own = engine.orders_.open_count(event.instrument) != 0 &&
                     engine.orders_.find_by_reference(event.reference) != nullptr;
    if (!own) follow_queue(*instrument, event);
  }
  void on_level(const book::BookChange& change) {
    if (Traded* instrument = engine.traded(change.instrument)) {
      instrument->levels.on_level(change);
    }
  }
  /// What happened at a price to orders that are not ours.
  void follow_queue(Traded& instrument, const book::OrderEvent& event) {
    const auto side = instrument.levels.side(event.side);
    if (!side.empty()) {
      instrument.flow.on_order(event, side[0].price, engine.venue_.venue_time());
    }
  }
};

/// Of the order session; every function is about one of our orders.
template <class V>
struct Heartbeat<V>::OrderListener {
  Heartbeat& engine;
  MonoNanos now;

  void touch(InstrumentId id) {
    if (Traded* instrument = engine.traded(id)) instrument->touched = true;
  }
  void touch(std::uint32_t user_ref) {
    if (const order::Order* order = engine.orders_.find(user_ref)) {
      touch(order->wish.instrument);
    }
  }
  /// The touch that an order met which the venue stamped at `at`.
  book::Touch arrival(InstrumentId id, UnixNanos at) const {
    const book::Touch now_there = engine.venue_.touch(id);
    const Traded* instrument = engine.traded(id);
    return instrument == nullptr ? now_there
                                 : instrument->touch_before.before(at, now_there);
  }

  /// In step with the venue; `resumed`: none of what it said meanwhile is missing.
  void live(std::uint32_t next_user_ref, bool resumed) {
    engine.note_connection(ConnectionEvent::kLive, now);
    if (resumed) engine.orders_.on_resumed(next_user_ref);
    if (engine.orders_.unknown_count() != 0) {
      engine.halt_in_doubt("orders of unknown fate after a reconnect", now);
    }
    // Whatever could not be sent until now.
    for (Traded& instrument : engine.traded_) {
      instrument.touched = index(instrument.id) != 0;
    }
  }
  void lost_message() {
    engine.note_connection(ConnectionEvent::kMessageLost, now);
    engine.halt_in_doubt("a message of the venue could not be read", now);
  }
  void accepted(std::uint32_t user_ref, std::uint64_t order_reference, Price price,
                bool dead, UnixNanos at) {
    const order::Order* order = engine.orders_.find(user_ref);
    if (order == nullptr) return;
    const InstrumentId id = order->wish.instrument;
    engine.orders_.on_accepted(user_ref, order_reference, price, dead, arrival(id, at),
                               now);
    engine.record_stage(Stage::kOrderRoundTrip, order->sent_at, now);
    touch(id);
  }
  /// `fee` where the venue says it; else it is that of the schedule.
  void executed(std::uint32_t user_ref, Qty qty, Price price, Liquidity liquidity,
                std::uint64_t match, std::optional<Money> fee, UnixNanos at) {
    const order::OrderResult result = engine.orders_.on_executed(user_ref, qty, match);
    if (!order::applied(result)) {
      // What comes before the session is live is the history of an earlier run.
      if (result != order::OrderResult::kDuplicateFill && engine.venue_.live()) {
        engine.halt_in_doubt("an execution that fits no order", now);
      }
      return;
    }
    const order::Order& order = *engine.orders_.find(user_ref);
    const order::Booked booked = engine.ledger_.on_fill(
        {order.wish.instrument, order.wish.side, qty, price, liquidity,
         order.wish.intent, order.wish.signal, user_ref, match, order.order_reference,
         order.wish.decision_mid, order.arrival_mid, order.arrival_half_spread,
         engine.known_mid(order.wish.instrument), now, at, fee});
    for (const order::Fill& fill : booked.all()) {
      engine.outlet_.put(RecordKind::kFill, now, fill);
      engine.markouts_.on_fill(fill.number, fill.instrument, now);
    }
    // With its first part: an order meets one mid, in however many it is filled.
    if (liquidity == Liquidity::kTaker && order.filled == qty) note_network(order);
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
  void canceled(std::uint32_t user_ref, Qty qty) {
    if (engine.orders_.on_canceled(user_ref, qty) == order::OrderResult::kOvercancel) {
      engine.halt_in_doubt("more was cancelled than was open", now);
    }
    touch(user_ref);
  }
  void rejected(std::uint32_t user_ref, std::uint32_t reason) {
    // Before the session is live it tells the history of an earlier run.
    if (engine.orders_.find(user_ref) == nullptr && !engine.venue_.live()) return;
    ++engine.rejects_;
    engine.orders_.on_rejected(user_ref);
    engine.gate_.on_reject(now);
    engine.outlet_.put(RecordKind::kReject, now, VenueReject{user_ref, reason});
    touch(user_ref);
  }
};

}  // namespace pyscalp::engine
