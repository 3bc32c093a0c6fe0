#include "engine/engine.hpp"

#include "book/look_ahead.hpp"
#include "engine/listeners.hpp"

namespace pyscalp::engine {

template class Heartbeat<NasdaqVenue>;

Engine::Engine(const EngineConfig& config, SpscRing& ring,
               const risk::KillSwitch& kill_switch)
    : Heartbeat(config, ring, kill_switch, config) {}

void Engine::on_datagram(feed::Line line, Bytes datagram, MonoNanos now) {
  begin_input(RecordKind::kDatagram, now, datagram, static_cast<std::uint8_t>(line));
  ++packets_;
  settle_markouts(now);
  book::ItchBooks& books = venue_.books;
  if (books.books().order_count() >= book::LookAhead::kWorthwhile) {
    book::announce_packet(books.books(), venue_.feed.coming(datagram));
  }
  FeedListener listener(*this, now);
  const feed::DatagramStatus status =
      venue_.feed.on_datagram(line, datagram, now, [&](std::uint64_t, Bytes message) {
        if (feed_generation_ != venue_.feed.generation()) listener.on_new_session();
        books.apply(message, listener);
      });
  if (feed_generation_ != venue_.feed.generation()) listener.on_new_session();
  follow_gap(now);
  if (status == feed::DatagramStatus::kOk) {
    note_booked();
    evaluate_touched(now);
  }
  settle(now);
}

void Engine::on_connected(MonoNanos now) {
  begin_input(RecordKind::kConnected, now);
  venue_.session.on_connected(now);
  note_connection(ConnectionEvent::kConnected, now);
  settle(now);
}

void Engine::on_disconnected(MonoNanos now) {
  begin_input(RecordKind::kDisconnected, now);
  venue_.session.on_disconnected();
  orders_.on_disconnected();
  unsent_ref_ = 0;
  note_connection(ConnectionEvent::kDisconnected, now);
  settle(now);
}

bool Engine::on_order_bytes(Bytes bytes, MonoNanos now) {
  begin_input(RecordKind::kOrderBytes, now, bytes);
  const session::Link link =
      venue_.session.on_bytes(bytes, now, VenueListener(*this, now));
  note_decoded();
  evaluate_touched(now);
  settle(now);
  return keep_link(link, now);
}

bool Engine::on_time(MonoNanos now) {
  begin_input(RecordKind::kTime, now);
  settle_markouts(now);
  const session::Link link = venue_.session.on_time(now);
  keep_time(now);
  venue_.snapshot.on_time(now);
  settle(now);
  return keep_link(link, now);
}

bool Engine::keep_link(session::Link link, MonoNanos now) {
  if (link == session::Link::kKeep) return true;
  note_connection(ConnectionEvent::kLinkDead, now);
  return false;
}

void Engine::follow_gap(MonoNanos now) {
  const bool open = venue_.feed.gap_open();
  if (!open) {
    for (Traded& instrument : traded_) instrument.whole = true;
  }
  if (open == gap_was_open_) return;
  gap_was_open_ = open;
  outlet_.put(RecordKind::kGap, now, GapEvent{venue_.feed.expected()}, open ? 1 : 0);
}

}  // namespace pyscalp::engine
