// The engine for a venue of ITCH 5.0 and OUCH 5.0: its inputs and outputs. What it does
// with them it shares with every other (heartbeat.hpp).
#pragma once

#include <array>

#include "engine/heartbeat.hpp"
#include "engine/nasdaq_venue.hpp"

namespace pyscalp::engine {

class Engine : public Heartbeat<NasdaqVenue> {
 public:
  /// `ring` and `kill_switch` outlive the engine. The configuration has been checked.
  Engine(const EngineConfig& config, SpscRing& ring,
         const risk::KillSwitch& kill_switch);

  /// Start-up: takes the memory of the books' pools now, by the thread that calls, so
  /// that no event meets a page fault. Everything else was touched when it was made.
  void prefault() { venue_.books.prefault(); }

  // ---- Inputs. `now` never goes back. ----

  void on_datagram(feed::Line line, Bytes datagram, MonoNanos now);
  void on_connected(MonoNanos now);
  void on_disconnected(MonoNanos now);
  /// False: the connection is to be closed, then on_disconnected is due.
  bool on_order_bytes(Bytes bytes, MonoNanos now);
  /// To be called at `next_deadline()`; more often does no harm. False as above.
  bool on_time(MonoNanos now);
  /// The connection for a snapshot, opened and closed as wants_snapshot_link() says.
  /// Disconnected is also one that could not be opened.
  void on_snapshot_connected(MonoNanos now);
  void on_snapshot_disconnected(MonoNanos now);
  /// False: close it, then on_snapshot_disconnected is due.
  bool on_snapshot_bytes(Bytes bytes, MonoNanos now);

  // ---- Outputs ----

  Bytes order_bytes() const { return venue_.session.outbound(); }
  /// The first `size` bytes were handed to the kernel at `now`.
  void order_bytes_sent(std::size_t size, MonoNanos now) {
    venue_.session.consumed(size);
    if (venue_.session.outbound().empty()) note_sent(now);
  }
  bool take_request(MonoNanos now,
                    std::array<std::byte, wire::mold::kHeaderSize>& out) {
    return venue_.feed.take_request(now, out);
  }
  /// Whether there should be a connection for a snapshot.
  bool wants_snapshot_link(MonoNanos now) const {
    return venue_.snapshot.wants_link(venue_.feed.wants_snapshot(now), now);
  }
  Bytes snapshot_bytes() const { return venue_.snapshot.outbound(); }
  void snapshot_bytes_sent(std::size_t size) { venue_.snapshot.consumed(size); }

  // ---- Views, for tests and reports; the engine's thread, or after it has ended ----

  const book::ItchBooks& books() const { return venue_.books; }
  const feed::MoldSession& feed() const { return venue_.feed; }
  const feed::SnapshotSession& snapshots() const { return venue_.snapshot; }
  const session::OuchSession& session() const { return venue_.session; }

 private:
  struct FeedListener;
  struct VenueListener;
  struct SnapshotListener;

  void follow_gap(MonoNanos now);
  bool keep_link(session::Link link, MonoNanos now);

  std::uint32_t feed_generation_ = 0;
  bool gap_was_open_ = false;
};

}  // namespace pyscalp::engine
