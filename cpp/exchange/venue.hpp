// The whole venue without its sockets: driver, matching, market data, order entry.
//
// Sans-I/O, one thread: time and bytes in, datagrams and bytes out. The exchange's
// process runs it over sockets and the wall clock (host.hpp), the in-process replay
// calls it directly. Deterministic: the same calls give the same bytes. Not movable.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <variant>

#include "exchange/agents.hpp"
#include "exchange/feed_publisher.hpp"
#include "exchange/market.hpp"
#include "exchange/order_server.hpp"
#include "exchange/recorded_day.hpp"
#include "exchange/snapshot_server.hpp"

namespace pyscalp::exchange {

using Driver = std::variant<RecordedDay, Agents>;

struct VenueConfig {
  std::string session = "PAPER";  ///< of feed and order entry: 1 to 10 characters
  std::vector<Login> logins;      ///< the first is account 1, the next account 2, ...
};

class Venue {
 public:
  static constexpr std::size_t kAllEvents = std::numeric_limits<std::size_t>::max();

  /// A recorded day is joined at its `from`: what comes before is applied here, is not
  /// sent, and can be asked for from message 1. Throws std::invalid_argument where
  /// OrderServer does.
  Venue(VenueConfig config, Driver driver, Market market);
  Venue(const Venue&) = delete;
  Venue& operator=(const Venue&) = delete;

  // ---- Time and the driver ----
  /// Venue time of the driver's next event; nothing once its day is over.
  std::optional<UnixNanos> next_time() const;
  /// Does the driver's events up to and including `now`, at most `events_max` of them;
  /// returns how many. No allocation an event, apart from growing storage.
  std::size_t advance(UnixNanos now, std::size_t events_max = kAllEvents);
  /// How far the venue is: the `now` of the last `advance` that did all events up to
  /// it, else its last event's time. Orders must not come at an earlier time.
  UnixNanos time() const { return time_; }
  /// Heartbeats and dead clients; several times a second, on any clock that never
  /// steps.
  void on_time(MonoNanos mono) {
    orders_.on_time(mono, time_);
    snapshots_.on_time(mono, time_);
  }
  /// Ends the day early or at its end: participants' orders are cancelled, the clients
  /// told, their connections ended. An artificial market closes; a recording's feed
  /// just stops.
  void end(UnixNanos now);

  // ---- Market data ----
  /// Calls `visit(Bytes datagram)` for each datagram since the last call: at least one
  /// for each event or order action that changed something. Bytes live during the call.
  template <class Visit>
  void drain_packets(Visit&& visit) {
    feed_.drain_packets(visit);
  }
  /// Answers a retransmission request: see FeedPublisher::answer.
  std::size_t answer(Bytes request, std::byte* out) {
    return feed_.answer(request, out);
  }
  Bytes heartbeat() { return feed_.heartbeat(); }
  Bytes end_of_session() { return feed_.end_of_session(); }

  // ---- Order entry: one id a TCP connection; see OrderServer ----
  ConnectionId connect() { return orders_.connect(); }
  void on_bytes(ConnectionId id, Bytes bytes, UnixNanos now) {
    orders_.on_bytes(id, bytes, now);
  }
  void disconnect(ConnectionId id, UnixNanos now) { orders_.disconnect(id, now); }
  Bytes pending(ConnectionId id) const { return orders_.pending(id); }
  void consumed(ConnectionId id, std::size_t size) { orders_.consumed(id, size); }
  bool closed(ConnectionId id) const { return orders_.closed(id); }
  /// Reports of participants since the last call, for the record.
  template <class Visit>
  void drain_reports(Visit&& visit) {
    orders_.drain_reports(visit);
  }

  // ---- Snapshots of the day so far: connections of their own ----
  SnapshotServer& snapshots() { return snapshots_; }
  const SnapshotServer& snapshots() const { return snapshots_; }

  const Market& market() const { return market_; }
  const Driver& driver() const { return driver_; }
  const FeedPublisher& feed() const { return feed_; }
  const OrderServer& orders() const { return orders_; }
  /// Driver's events so far, those before `from` included.
  std::uint64_t events() const { return events_; }

 private:
  void flush();

  Market market_;
  Driver driver_;
  FeedPublisher feed_;
  SnapshotServer snapshots_;
  OrderServer orders_;
  UnixNanos time_{};
  std::uint64_t events_ = 0;
  std::size_t participants_ = 0;
};

}  // namespace pyscalp::exchange
