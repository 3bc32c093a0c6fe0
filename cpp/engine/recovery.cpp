// How the engine gets over what nobody retransmits: a snapshot of the day so far takes
// the place of what is missing. Its bytes are inputs like all others, and in the
// journal.
#include "engine/engine.hpp"
#include "engine/listeners.hpp"

namespace pyscalp::engine {

/// What a snapshot does to the books. Positions, orders and the numbers of instruments
/// stay what they are: it is the same session.
struct Engine::SnapshotListener {
  Engine& engine;
  MonoNanos now;

  /// The books tell of changes; those of a snapshot are none.
  struct Quiet {
    FeedListener feed;
    void on_book(InstrumentId) {}
    void on_level(const book::BookChange& change) { feed.on_level(change); }
    void on_trade(const book::TradeView&) {}
    void on_directory(InstrumentId id, std::string_view symbol) {
      feed.on_directory(id, symbol);
    }
  };

  void on_begin() {
    engine.feed_.begin_snapshot();
    void_books();
    engine.note_connection(ConnectionEvent::kBooksVoid, now);
  }
  void on_message(Bytes message) {
    Quiet quiet{{engine, now}};
    engine.books_.apply(message, quiet);
  }
  bool on_end(std::uint64_t next) {
    FeedListener listener{engine, now};
    const bool whole = engine.feed_.finish_snapshot(
        next, now,
        [&](std::uint64_t, Bytes message) { engine.books_.apply(message, listener); });
    if (whole) engine.note_connection(ConnectionEvent::kSnapshotApplied, now);
    return whole;
  }
  /// No price is known any more but the last one, for deadline exits; and none of what
  /// the signals have made of the past is whole: trades are missing.
  void void_books() {
    for (Traded& instrument : engine.traded_) {
      if (!engine.books_whole_) break;
      instrument.last_touch = engine.touch_of(instrument);
      instrument.last_trading = engine.trading(instrument);
    }
    engine.books_whole_ = false;
    engine.books_.clear();
    for (Traded& instrument : engine.traded_) {
      instrument.touched = false;
      instrument.levels.invalidate();
      instrument.signals.reset();
      instrument.flow.clear();
      instrument.touch_before.reset();
      instrument.last_tick = risk::kNoTick;
      instrument.forecast = {};
    }
  }
};

void Engine::on_snapshot_connected(MonoNanos now) {
  journal_input(RecordKind::kSnapshotConnected, now, {}, 0);
  settle_markouts(now);
  snapshot_.on_connected(now);
  feed_.expect_snapshot();
  settle(now);
}

void Engine::on_snapshot_disconnected(MonoNanos now) {
  journal_input(RecordKind::kSnapshotDisconnected, now, {}, 0);
  settle_markouts(now);
  if (!snapshot_.on_disconnected(now)) {
    // Half a snapshot is no book: what has come of it goes too.
    if (feed_.resynchronising()) SnapshotListener{*this, now}.void_books();
    feed_.fail_snapshot(now);
    note_connection(ConnectionEvent::kSnapshotFailed, now);
  }
  follow_gap(now);
  settle(now);
}

bool Engine::on_snapshot_bytes(Bytes bytes, MonoNanos now) {
  journal_input(RecordKind::kSnapshotBytes, now, bytes, 0);
  settle_markouts(now);
  input_at_ = now;
  // Closed otherwise before the first message came: the books are as good as any.
  if (!feed_.gap_open()) snapshot_.abandon();
  const bool keep = snapshot_.on_bytes(bytes, now, SnapshotListener{*this, now});
  follow_gap(now);
  stage_at_ = stamp();
  evaluate_touched(now);
  settle(now);
  return keep;
}

void Engine::note_connection(ConnectionEvent what, MonoNanos now) {
  outlet_.put_bytes(RecordKind::kConnection, now, {}, static_cast<std::uint8_t>(what));
}

}  // namespace pyscalp::engine
