// What the feed and the order session of the crypto venue tell the engine. Included by
// engine.cpp alone.
#pragma once

#include <algorithm>
#include <cstring>

#include "binance/engine.hpp"
#include "engine/heartbeat_bodies.hpp"

namespace pyscalp::binance {

struct Engine::FeedListener : MarketListener {
  Engine& self;

  FeedListener(Engine& engine_, MonoNanos at)
      : MarketListener{engine_, at}, self(engine_) {}

  void on_level(const book::BookChange& change) {
    MarketListener::on_level(change);
    if (self.orders_.open_count(change.instrument) == 0) return;
    self.orders_.for_each_open(change.instrument, [&](const order::Order& own) {
      if (own.resting() && own.wish.side == change.side && own.price == change.price)
        self.venue_.queues.on_shown(own, change.level_qty);
    });
  }
  void on_trade(const book::TradeView& trade) {
    self.venue_.note_day();
    MarketListener::on_trade(trade);
    const Side side = opposite(trade.aggressor);
    const book::Touch touch = self.venue_.touch(trade.instrument);
    if (touch.price(side) == trade.price) {
      self.traded_at_touch_[index(trade.instrument)][index(side)] += trade.qty;
      follow(book::OrderEvent::Kind::kExecuted, trade.instrument, side, trade.price,
             trade.qty);
    }
    if (self.orders_.open_count(trade.instrument) == 0) return;
    self.orders_.for_each_open(trade.instrument, [&](const order::Order& own) {
      if (own.resting() && own.wish.side == side && own.price == trade.price)
        self.venue_.queues.on_trade(own, trade.qty);
    });
  }
  void on_book(InstrumentId id) {
    self.venue_.note_day();
    follow_touch(id);
    MarketListener::on_book(id);
  }
  /// The book is not to be traded on, though it stays what it was.
  void on_stale(InstrumentId id) {
    Traded* instrument = self.traded(id);
    if (instrument == nullptr || !instrument->whole) return;
    self.void_book(*instrument);
    self.outlet_.put(engine::RecordKind::kGap, now, engine::GapEvent{self.packets_}, 1);
  }
  void on_fresh(InstrumentId id) {
    Traded* instrument = self.traded(id);
    if (instrument == nullptr) return;
    instrument->whole = true;
    instrument->levels.invalidate();
    instrument->depth = Traded::kNoDepth;
    self.touches_[index(id)] = {};
    self.outlet_.put(engine::RecordKind::kGap, now, engine::GapEvent{self.packets_}, 0);
  }

 private:
  /// What left the touch and was not traded was cancelled.
  void follow_touch(InstrumentId id) {
    book::Touch& last = self.touches_[index(id)];
    const book::Touch touch = self.venue_.touch(id);
    for (const Side side : {Side::kBuy, Side::kSell}) {
      Qty& traded = self.traded_at_touch_[index(id)][index(side)];
      const Price price = last.price(side);
      if (price != kNoPrice && !better(side, touch.price(side), price)) {
        const Qty left = touch.price(side) == price ? touch.qty(side) : 0;
        const Qty gone = last.qty(side) - left;
        if (gone > traded) {
          follow(book::OrderEvent::Kind::kReduced, id, side, price, gone - traded);
        }
        if (gone > 0) traded = std::max<Qty>(traded - gone, 0);
      }
      if (touch.price(side) != price) traded = 0;
    }
    last = touch;
  }
  void follow(book::OrderEvent::Kind kind, InstrumentId id, Side side, Price price,
              Qty qty) {
    Traded* instrument = self.traded(id);
    if (instrument == nullptr) return;
    instrument->flow.on_order({kind, side, id, 0, price, qty, 0, 0}, price,
                              self.venue_.venue_time());
  }
};

struct Engine::SessionListener : OrderListener {
  Engine& self;

  SessionListener(Engine& engine_, MonoNanos at)
      : OrderListener{engine_, at}, self(engine_) {}

  UnixNanos time(UnixNanos at) const { return self.venue_.since_midnight(at); }

  void on_live(const session::SessionLive&) {
    for (const Traded& instrument : self.traded_) {
      if (self.held_[index(instrument.id)] !=
          self.ledger_.position(instrument.id).qty()) {
        self.halt_in_doubt("the account holds another position than this run made",
                           now);
      }
    }
    live(0, false);
  }
  void on_lost_message(const session::LostMessage&) {
    self.note_connection(engine::ConnectionEvent::kMessageLost, now);
  }
  void on_refused(const session::SessionRefused& refused) {
    self.note_connection(engine::ConnectionEvent::kRefused, now);
    self.refusal_size_ = std::min(refused.text.size(), self.refusal_.size());
    std::memcpy(self.refusal_.data(), refused.text.data(), self.refusal_size_);
  }
  void on_accepted(const session::OrderAccepted& m) {
    accepted(m.user_ref, m.order_reference, m.price, m.dead, time(m.venue_time));
    const order::Order* own = self.orders_.find(m.user_ref);
    if (own != nullptr && own->resting())
      self.venue_.queues.on_resting(m.user_ref, self.venue_.shown_at(*own));
  }
  void on_executed(const session::OrderExecuted& m) {
    const bool said = m.commission_in == session::CommissionIn::kQuote ||
                      m.commission_in == session::CommissionIn::kBase;
    executed(m.user_ref, m.qty, m.price, m.liquidity, m.match,
             said ? std::optional(m.commission) : std::nullopt, time(m.venue_time));
  }
  void on_canceled(const session::OrderCanceled& m) { canceled(m.user_ref, m.qty); }
  void on_rejected(const session::OrderRejected& m) {
    using enum session::RejectReason;
    // The market moved, or the connection went: nobody did anything wrong.
    const bool harmless = m.reason == kPostOnly || m.reason == kNotSent;
    if (!harmless) return rejected(m.user_ref, static_cast<std::uint32_t>(m.code));
    self.orders_.on_rejected(m.user_ref);
    touch(m.user_ref);
  }
  void on_unknown(const session::OrderUnknown& m) {
    self.orders_.on_unknown(m.user_ref);
  }
  void on_reconciled(const session::OrderReconciled& m) {
    self.orders_.on_reconciled(m.user_ref, m.leaves);
    touch(m.user_ref);
  }
  void on_foreign_execution(const session::ForeignExecution&) {
    self.halt_in_doubt("the account traded by an order that is not this run's", now);
  }
  void on_position(const session::HeldPosition& m) {
    if (index(m.instrument) < self.held_.size())
      self.held_[index(m.instrument)] = m.qty;
  }
};

}  // namespace pyscalp::binance
