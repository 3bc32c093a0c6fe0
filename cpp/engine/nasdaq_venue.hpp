// A venue of ITCH 5.0 over MoldUDP64 and OUCH 5.0 over SoupBinTCP, as the heartbeat
// sees it.
#pragma once

#include <algorithm>

#include "book/itch_books.hpp"
#include "engine/config.hpp"
#include "engine/venue.hpp"
#include "feed/mold_session.hpp"
#include "feed/snapshot_session.hpp"
#include "session/ouch_session.hpp"

namespace pyscalp::engine {

struct NasdaqVenue {
  explicit NasdaqVenue(const EngineConfig& config)
      : feed(config.feed),
        snapshot(config.username, config.password, config.snapshot),
        books(config.books),
        session(session::SessionOptions{.username = config.username,
                                        .password = config.password,
                                        .session = config.session,
                                        // What an earlier run did is not ours.
                                        .first_sequence = 0}) {}

  book::Touch touch(InstrumentId id) const { return books.books().touch(id); }
  int levels(InstrumentId id, Side side, book::LevelView* out, int count) const {
    return books.books().levels(id, side, out, count);
  }
  Qty depth(InstrumentId id, Side side, int count) const {
    return books.books().depth(id, side, count);
  }
  bool flagged(InstrumentId id) const { return books.books().flagged(id); }
  bool trading(InstrumentId id) const {
    return books.trading_state(id) == 'T' && books.system_event() == 'Q';
  }
  bool gap_open(InstrumentId) const { return feed.gap_open(); }
  bool gap_open() const { return feed.gap_open(); }
  UnixNanos venue_time() const { return books.venue_time(); }
  Qty displayed(const order::Order& own) const {
    book::OrderView resting;
    return books.books().find(own.order_reference, resting) ? resting.qty : 0;
  }
  Qty qty_ahead(const order::Order& own) const {
    return books.books().qty_ahead(own.order_reference);
  }
  FeedFigures feed_figures() const {
    return {feed.counters().messages, feed.counters().gaps, feed.counters().requests};
  }

  bool live() const { return session.live(); }
  bool synchronised() const { return session.live() && feed.synchronised(); }
  std::uint32_t next_user_ref() const { return session.next_user_ref(); }
  std::uint32_t send(risk::GatedOrder&& order, MonoNanos now) {
    return session.send(std::move(order), now);
  }
  bool cancel(risk::GatedCancel&& cancel, MonoNanos now) {
    return session.cancel(std::move(cancel), now);
  }
  void logout(MonoNanos now) { session.logout(now); }
  MonoNanos next_deadline() const {
    return std::min(
        {session.next_deadline(), feed.next_deadline(), snapshot.next_deadline()});
  }

  feed::MoldSession feed;
  feed::SnapshotSession snapshot;
  book::ItchBooks books;
  session::OuchSession session;
};
static_assert(Venue<NasdaqVenue>);

}  // namespace pyscalp::engine
