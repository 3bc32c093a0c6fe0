// Keeps what the engine reports: fills, round trips, samples, events for people, and a
// digest of every decision. Fed from the engine's ring by one thread.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "engine/record.hpp"

namespace pyscalp::journal {

/// Something worth a line on the screen or in the report.
struct Event {
  MonoNanos time;
  std::string kind;  ///< fill, round_trip, breaker, connection, gap, reject
  std::string text;
};

/// Mids after the horizons of order::kMarkoutAfter.
using MarkoutMids = std::array<Price, order::kMarkoutHorizons>;

class Recorder {
 public:
  /// Symbols by configured position, as snapshots list instruments. `lot` is what one
  /// lot is of a unit, in which texts speak; everything else is in lots.
  explicit Recorder(std::vector<std::string> symbols, double lot = 1.0)
      : symbols_(std::move(symbols)), lot_(lot) {}

  /// Takes one record of the ring.
  void take(Bytes record);

  const std::vector<order::Fill>& fills() const { return fills_; }
  /// For each of `fills`, the mid after each of order::kMarkoutAfter; kNoPrice where
  /// the run ended before, or the book had none.
  const std::vector<MarkoutMids>& markouts() const { return markouts_; }
  const std::vector<order::RoundTrip>& round_trips() const { return round_trips_; }
  const std::vector<engine::Sample>& samples() const { return samples_; }
  const std::vector<Event>& events() const { return events_; }
  const engine::Snapshot& snapshot() const { return snapshot_; }
  const std::vector<std::string>& symbols() const { return symbols_; }
  /// Symbol of a locate, as the latest snapshot knows it.
  std::string symbol(InstrumentId id) const;
  /// FNV-1a over every order, cancel, fill and round trip, in order: equal decisions
  /// give equal digests.
  std::uint64_t digest() const { return digest_; }
  /// Orders sent while the feed had a gap that were no deadline exits. Must stay 0.
  std::uint64_t orders_in_gap() const { return orders_in_gap_; }
  /// The venue may know more of our orders than we do: a message was lost.
  bool message_lost() const { return message_lost_; }

 private:
  template <class... Fields>
  void fold(Fields... fields);
  void note(MonoNanos time, const char* kind, std::string text);
  void on_connection(MonoNanos time, engine::ConnectionEvent what);
  void on_trip(const risk::Trip& trip);
  void on_markout(const order::Markout& markout);

  std::vector<std::string> symbols_;
  double lot_;
  std::vector<order::Fill> fills_;
  std::vector<MarkoutMids> markouts_;
  std::vector<order::RoundTrip> round_trips_;
  std::vector<engine::Sample> samples_;
  std::vector<Event> events_;
  engine::Snapshot snapshot_{};
  std::uint64_t digest_ = 0xcbf29ce484222325ull;
  std::uint64_t orders_in_gap_ = 0;
  bool message_lost_ = false;
};

}  // namespace pyscalp::journal
