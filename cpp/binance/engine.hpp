// The engine for the crypto venue: its inputs and outputs. What it does with them it
// shares with every other (engine/heartbeat.hpp).
//
// Inputs are whole messages, of WebSockets and of HTTP; the connections are the
// caller's. The wall's time, which requests are stamped with, is the venue's own: the
// order session asks it.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "binance/venue.hpp"
#include "engine/heartbeat.hpp"

namespace pyscalp::binance {

/// How the journal calls connections: those of market data are 0 to
/// MarketFeed::kConnections - 1, those of the order session follow.
constexpr std::uint8_t link_number(Connection connection) {
  return static_cast<std::uint8_t>(MarketFeed::kConnections +
                                   static_cast<int>(connection));
}

class Engine : public engine::Heartbeat<Venue> {
 public:
  /// `ring`, `kill_switch` and `signer` outlive the engine. The configuration has been
  /// checked.
  Engine(const EngineConfig& config, SpscRing& ring,
         const risk::KillSwitch& kill_switch, Signer& signer);

  // ---- Market data. `now` never goes back. ----

  void on_stream_up(int connection, MonoNanos now);
  void on_stream_down(int connection, MonoNanos now);
  void on_stream_message(int connection, Bytes text, MonoNanos now);
  /// The answer to a request for a snapshot: its body, where the status was 200.
  void on_snapshot(InstrumentId id, Bytes body, MonoNanos now);
  void on_snapshot_failed(InstrumentId id, MonoNanos now);

  // ---- The order session ----

  void on_up(Connection connection, MonoNanos now);
  void on_down(Connection connection, MonoNanos now);
  /// Of the WebSocket API or the user stream.
  void on_message(Connection connection, Bytes text, MonoNanos now);
  /// The response to request `id`; status 0: there is none, and there may have been
  /// one.
  void on_http_answer(std::uint64_t id, int status, std::span<const HttpHeader> headers,
                      Bytes body, MonoNanos now);
  /// To be called at `next_deadline()`; more often does no harm.
  void on_time(MonoNanos now);

  // ---- Outputs ----

  /// A book whose snapshot is to be asked for, once; false where there is none.
  bool take_snapshot_request(InstrumentId& id) {
    if (wanted_count_ == 0) return false;
    id = wanted_[--wanted_count_];
    return true;
  }
  std::optional<OutboundRequest> next_request(Lane lane, MonoNanos now) {
    return venue_.session.next_request(lane, now);
  }
  /// The request's first bytes were handed to the kernel at `now`.
  void request_sent(Lane lane, MonoNanos now) {
    venue_.session.request_sent(lane);
    if (lane == orders_by_) note_sent(now);
  }

  // ---- Views, for tests and reports; the engine's thread, or after it has ended ----

  const MarketFeed& feed() const { return venue_.feed; }
  const OrderSession& session() const { return venue_.session; }
  /// Why the venue will not have us; empty while it does.
  std::string_view refusal() const { return {refusal_.data(), refusal_size_}; }

 private:
  struct FeedListener;
  struct SessionListener;

  void begin_link(engine::RecordKind kind, std::uint8_t link, MonoNanos now,
                  Bytes bytes = {}) {
    begin_input(kind, now, bytes, link);
  }
  /// What every input of the order session ends with.
  void end_answer(MonoNanos now);

  void want_snapshots(MonoNanos now);

  Lane orders_by_;
  /// Snapshots to be asked for; the feed wants one of a symbol at a time.
  std::vector<InstrumentId> wanted_;
  std::size_t wanted_count_ = 0;
  /// The touch that each book was last whole with, by instrument number.
  std::vector<book::Touch> touches_;
  /// Traded at the touch and not yet seen to be gone from it, by number and side.
  std::vector<std::array<Qty, 2>> traded_at_touch_;
  /// What the venue says we hold, by number.
  std::vector<Qty> held_;
  std::array<char, 160> refusal_{};
  std::size_t refusal_size_ = 0;
};

}  // namespace pyscalp::binance
