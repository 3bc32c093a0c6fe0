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
    engine.venue_.feed.begin_snapshot();
    void_books();
    engine.note_connection(ConnectionEvent::kBooksVoid, now);
  }
  void on_message(Bytes message) {
    Quiet quiet{FeedListener(engine, now)};
    engine.venue_.books.apply(message, quiet);
  }
  bool on_end(std::uint64_t next) {
    FeedListener listener(engine, now);
    const bool whole = engine.venue_.feed.finish_snapshot(
        next, now, [&](std::uint64_t, Bytes message) {
          engine.venue_.books.apply(message, listener);
        });
    if (whole) engine.note_connection(ConnectionEvent::kSnapshotApplied, now);
    return whole;
  }
  void void_books() {
    for (Traded& instrument : engine.traded_) engine.void_book(instrument);
    engine.venue_.books.clear();
  }
};

void Engine::on_snapshot_connected(MonoNanos now) {
  begin_input(RecordKind::kSnapshotConnected, now);
  settle_markouts(now);
  venue_.snapshot.on_connected(now);
  venue_.feed.expect_snapshot();
  settle(now);
}

void Engine::on_snapshot_disconnected(MonoNanos now) {
  begin_input(RecordKind::kSnapshotDisconnected, now);
  settle_markouts(now);
  if (!venue_.snapshot.on_disconnected(now)) {
    // Half a snapshot is no book: what has come of it goes too.
    if (venue_.feed.resynchronising()) SnapshotListener{*this, now}.void_books();
    venue_.feed.fail_snapshot(now);
    note_connection(ConnectionEvent::kSnapshotFailed, now);
  }
  follow_gap(now);
  settle(now);
}

bool Engine::on_snapshot_bytes(Bytes bytes, MonoNanos now) {
  begin_input(RecordKind::kSnapshotBytes, now, bytes);
  settle_markouts(now);
  // Closed otherwise before the first message came: the books are as good as any.
  if (!venue_.feed.gap_open()) venue_.snapshot.abandon();
  const bool keep = venue_.snapshot.on_bytes(bytes, now, SnapshotListener{*this, now});
  follow_gap(now);
  note_decoded();
  evaluate_touched(now);
  settle(now);
  return keep;
}

}  // namespace pyscalp::engine
