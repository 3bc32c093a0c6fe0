#include "binance/engine.hpp"

#include <cstring>

#include "binance/engine_listeners.hpp"
#include "binance/http_record.hpp"

namespace pyscalp::engine {

template class Heartbeat<binance::Venue>;

}  // namespace pyscalp::engine

namespace pyscalp::binance {

using engine::ConnectionEvent;
using engine::RecordKind;

namespace {

/// One more than the highest of the instruments' numbers.
std::size_t numbers(const EngineConfig& config) {
  std::size_t most = 0;
  for (const TradedRules& symbol : config.symbols)
    most = std::max<std::size_t>(most, index(symbol.rules.id()));
  return most + 1;
}

template <class T>
Bytes bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const std::byte*>(&value), sizeof value};
}

}  // namespace

Engine::Engine(const EngineConfig& config, SpscRing& ring,
               const risk::KillSwitch& kill_switch, Signer& signer)
    : Heartbeat(config, ring, kill_switch, config, signer),
      orders_by_(config.session.orders_by),
      wanted_(numbers(config)),
      touches_(numbers(config)),
      traded_at_touch_(numbers(config)),
      held_(numbers(config)) {
  for (const TradedRules& symbol : config.symbols)
    name_instrument(symbol.rules.id(), symbol.rules.name(), {});
  // Nothing is known of any book yet.
  for (Traded& instrument : traded_) instrument.whole = false;
}

// ---- Market data ----

void Engine::on_stream_up(int connection, MonoNanos now) {
  begin_link(RecordKind::kLinkUp, static_cast<std::uint8_t>(connection), now);
  venue_.feed.on_up(connection, now);
  settle(now);
}

void Engine::on_stream_down(int connection, MonoNanos now) {
  begin_link(RecordKind::kLinkDown, static_cast<std::uint8_t>(connection), now);
  settle_markouts(now);
  FeedListener listener(*this, now);
  venue_.feed.on_down(connection, now, listener);
  settle(now);
}

void Engine::on_stream_message(int connection, Bytes text, MonoNanos now) {
  begin_link(RecordKind::kMessage, static_cast<std::uint8_t>(connection), now, text);
  ++packets_;
  settle_markouts(now);
  FeedListener listener(*this, now);
  venue_.feed.on_message(connection, text, now, listener);
  note_booked();
  evaluate_touched(now);
  settle(now);
}

void Engine::on_snapshot(InstrumentId id, Bytes body, MonoNanos now) {
  const std::uint16_t number = index(id);
  begin_input(RecordKind::kBookAnswer, now, bytes_of(number), 0, body);
  settle_markouts(now);
  FeedListener listener(*this, now);
  venue_.feed.on_snapshot(id, body, now, listener);
  note_booked();
  evaluate_touched(now);
  settle(now);
}

void Engine::on_snapshot_failed(InstrumentId id, MonoNanos now) {
  const std::uint16_t number = index(id);
  begin_input(RecordKind::kBookAnswer, now, bytes_of(number), 1);
  venue_.feed.on_snapshot_failed(id, now);
  settle(now);
}

// ---- The order session ----

void Engine::on_up(Connection connection, MonoNanos now) {
  begin_link(RecordKind::kLinkUp, link_number(connection), now);
  refusal_size_ = 0;
  note_connection(ConnectionEvent::kConnected, now);
  venue_.session.on_up(connection, now, SessionListener(*this, now));
  end_answer(now);
}

void Engine::on_down(Connection connection, MonoNanos now) {
  begin_link(RecordKind::kLinkDown, link_number(connection), now);
  note_connection(ConnectionEvent::kDisconnected, now);
  venue_.session.on_down(connection, now, SessionListener(*this, now));
  end_answer(now);
}

void Engine::on_message(Connection connection, Bytes text, MonoNanos now) {
  begin_link(RecordKind::kMessage, link_number(connection), now, text);
  SessionListener listener(*this, now);
  if (connection == Connection::kUserStream) {
    venue_.session.on_user_event(text, now, listener);
  } else {
    venue_.session.on_answer(text, now, listener);
  }
  end_answer(now);
}

void Engine::on_http_answer(std::uint64_t id, int status,
                            std::span<const HttpHeader> headers, Bytes body,
                            MonoNanos now) {
  std::array<std::byte, HttpRecord::kMaxHead> head;
  const Bytes recorded = HttpRecord::write(id, status, headers, head);
  begin_input(RecordKind::kHttpAnswer, now, recorded, 0, body);
  venue_.session.on_http_answer(id, status, headers, body, now,
                                SessionListener(*this, now));
  end_answer(now);
}

void Engine::end_answer(MonoNanos now) {
  note_decoded();
  evaluate_touched(now);
  settle(now);
}

void Engine::on_time(MonoNanos now) {
  begin_input(RecordKind::kTime, now);
  settle_markouts(now);
  venue_.session.on_time(now, SessionListener(*this, now));
  want_snapshots(now);
  keep_time(now);
  evaluate_touched(now);
  settle(now);
}

/// At times that are inputs, so that a journal's inputs give the same requests.
void Engine::want_snapshots(MonoNanos now) {
  InstrumentId id{};
  while (wanted_count_ < wanted_.size() && venue_.feed.take_snapshot_request(now, id))
    wanted_[wanted_count_++] = id;
}

}  // namespace pyscalp::binance
