// A recorded day in process: the live engine and the included exchange, joined by wires
// with a latency instead of sockets.
//
// Nothing in here knows prices or orders. The venue is the one that `pyscalp exchange`
// runs, the engine the one that trades live; both are given venue time as their clock,
// so the outcome is a function of configuration and data, equal to the bit.
#pragma once

#include <optional>
#include <string>

#include "base/random.hpp"
#include "base/spsc_ring.hpp"
#include "engine/engine.hpp"
#include "exchange/venue.hpp"
#include "journal/recorder.hpp"
#include "replay/delayed_wire.hpp"
#include "risk/kill_switch.hpp"

namespace pyscalp::replay {

struct ReplayOptions {
  std::optional<UnixNanos> from;    ///< join the day here; what was before is caught up
  std::optional<UnixNanos> to;      ///< get flat and end here
  MonoNanos feed_latency{50'000};   ///< venue to engine, market data
  MonoNanos order_latency{50'000};  ///< engine to venue, and its answers back
  MonoNanos jitter{};               ///< up to this much more, drawn for each packet
  std::uint64_t seed = 1;           ///< of the jitter
  /// The day is made of a touch and trades (capture/touch_day.hpp): nobody gains from
  /// what it does not show, and what has one stamp comes at once.
  bool touch_only = false;
};

class Replay {
 public:
  /// `day` is a BinaryFILE and outlives the replay.
  Replay(const engine::EngineConfig& config, Bytes day, const ReplayOptions& options);

  /// Works through up to `events` recorded messages, or moments of a touch-only day;
  /// false once all is done.
  bool advance(std::uint64_t events);
  /// Bytes of the recording worked through, and in all.
  std::pair<std::size_t, std::size_t> progress() const;
  /// Why it could not go on; nothing as a rule.
  const std::optional<std::string>& error() const { return error_; }
  std::uint64_t messages() const;
  /// The recording ends inside a message.
  bool truncated() const;

  const engine::Engine& engine() const { return engine_; }
  const journal::Recorder& recorder() const { return recorder_; }
  const exchange::Venue& venue() const { return venue_; }
  /// What the exchange recorded of our orders, in its own order.
  const std::vector<exchange::Report>& reports() const { return reports_; }

 private:
  /// What comes next, in the order in which ties are broken.
  enum class Turn {
    kVenueOrders,
    kDriver,
    kVenueClock,
    kFeed,
    kAnswers,
    kEngineClock,
    kNone
  };

  Turn next_turn(MonoNanos& at) const;
  void take(Turn turn, MonoNanos now);
  void drain_venue(MonoNanos now);
  void drain_engine(MonoNanos now);
  MonoNanos latency(MonoNanos base);
  bool over() const { return day_over_ && engine_.finished(); }

  ReplayOptions options_;
  Random random_;
  SpscRing ring_;
  risk::KillSwitch kill_switch_;
  exchange::Venue venue_;
  engine::Engine engine_;
  journal::Recorder recorder_;
  std::vector<exchange::Report> reports_;

  DelayedWire feed_wire_;
  DelayedWire order_wire_;
  DelayedWire answer_wire_;
  exchange::ConnectionId connection_ = 0;
  MonoNanos driver_at_ = kNever;
  MonoNanos venue_clock_at_{};
  MonoNanos now_{};
  MonoNanos stop_at_ = kNever;
  bool day_over_ = false;
  bool stop_sent_ = false;
  std::optional<std::string> error_;
};

}  // namespace pyscalp::replay
