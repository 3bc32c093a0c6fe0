// What ITCH books and an OUCH session tell the engine. Included by the files of Engine
// alone.
#pragma once

#include "engine/engine.hpp"
#include "engine/heartbeat_bodies.hpp"

namespace pyscalp::engine {

struct Engine::FeedListener : MarketListener {
  Engine& self;

  FeedListener(Engine& engine_, MonoNanos at)
      : MarketListener{engine_, at}, self(engine_) {}

  void on_directory(InstrumentId id, std::string_view symbol) {
    if (self.name_instrument(id, symbol, now)) {
      self.venue_.session.set_symbol(id, wire::ouch::Symbol(symbol));
    }
  }
  /// A new session of the feed: books, directory and prices of the old one are void.
  void on_new_session() {
    self.feed_generation_ = self.venue_.feed.generation();
    if (!self.ledger_.open_positions().empty() || self.orders_.open_count() != 0) {
      self.halt_in_doubt("a new feed session while holding a position or orders", now);
    }
    self.venue_.snapshot.abandon();
    self.gate_.revoke_all();
    self.traded_of_.fill(0);
    for (Traded& instrument : self.traded_) {
      self.void_book(instrument);
      instrument.whole = true;
      instrument.depth = Traded::kNoDepth;
    }
    self.venue_.books.clear();
  }
};

struct Engine::VenueListener : OrderListener {
  Engine& self;

  VenueListener(Engine& engine_, MonoNanos at)
      : OrderListener{engine_, at}, self(engine_) {}

  void on_login_accepted(bool) {
    self.note_connection(ConnectionEvent::kLoggedIn, now);
  }
  void on_live(std::uint32_t next_user_ref, bool resumed) {
    live(next_user_ref, resumed);
  }
  void on_login_rejected(char) { self.note_connection(ConnectionEvent::kRefused, now); }
  void on_session_end() { self.note_connection(ConnectionEvent::kSessionEnded, now); }
  void on_lost_message(session::BadInput) { lost_message(); }
  void on_broken_trade(const wire::ouch::BrokenTrade&) {
    if (!self.venue_.live()) return;
    self.halt_in_doubt("the venue broke a trade", now);
  }
  void on_accepted(const wire::ouch::Accepted& m) {
    accepted(m.user_ref, m.order_reference, price_from_e4(m.price_e4), m.state == 'D',
             {static_cast<std::int64_t>(m.timestamp_ns)});
  }
  void on_executed(const wire::ouch::Executed& m) {
    executed(m.user_ref, m.quantity, price_from_e4(m.price_e4),
             m.liquidity == 'R' ? Liquidity::kTaker : Liquidity::kMaker, m.match,
             std::nullopt, {static_cast<std::int64_t>(m.timestamp_ns)});
  }
  void on_canceled(const wire::ouch::Canceled& m) { canceled(m.user_ref, m.quantity); }
  void on_aiq_canceled(const wire::ouch::AiqCanceled& m) {
    canceled(m.user_ref, m.decrement);
  }
  void on_rejected(const wire::ouch::Rejected& m) { rejected(m.user_ref, m.reason); }
  void on_priority_update(const wire::ouch::PriorityUpdate& m) {
    self.orders_.on_priority_update(m.user_ref, m.order_reference,
                                    price_from_e4(m.price_e4));
  }
};

}  // namespace pyscalp::engine
