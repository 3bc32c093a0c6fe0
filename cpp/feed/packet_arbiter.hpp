// One stream out of several lines that carry the same packets, by the sequence number
// in each packet's header: CME MDP 3, IEX-TP and others that nobody need be asked of.
//
// Whichever line brings a packet first wins. What arrives ahead of a gap waits until a
// line fills the gap; one that no line fills within `patience`, or that the window
// does not span, is given up and named. What is delivered is in sequence, each number
// once. (MoldUDP64, where lost messages can be asked for, has MoldSession.)
//
// Sans-I/O and single-threaded; all memory is taken at construction.
#pragma once

#include <algorithm>
#include <array>
#include <memory>

#include "base/bytes.hpp"
#include "base/types.hpp"

namespace pyscalp::feed {

struct ArbiterOptions {
  std::uint32_t window = 256;        ///< numbers held ahead of a gap; a power of two
  std::uint32_t packet_max = 1'500;  ///< bytes of a packet that can be held
  MonoNanos patience = milliseconds(20);
  std::uint64_t first = 0;  ///< number to begin with; 0: that of the first packet
};

enum class ArbiterStatus : std::uint8_t {
  kFirst,      ///< delivered, and with it what had waited for it
  kHeld,       ///< ahead of a gap
  kDuplicate,  ///< all of it was delivered or is held already
  kLate,       ///< what it brings has been given up
  kFarAhead,   ///< a window or more beyond all that was heard of; believed in the end
  kTooLarge,   ///< ahead of a gap, and too large to be held
};

class PacketArbiter {
 public:
  static constexpr int kLinesMax = 4;
  /// Packets beyond the window, in a row, after which the stream goes on with them: one
  /// alone may be damaged.
  static constexpr int kFarToBelieve = 3;

  struct Counters {
    std::uint64_t packets[kLinesMax] = {};
    std::uint64_t first[kLinesMax] = {};  ///< packets this line was the first to bring
    std::uint64_t duplicates = 0;
    std::uint64_t late = 0;
    std::uint64_t far_ahead = 0;
    std::uint64_t too_large = 0;
    std::uint64_t gaps = 0;  ///< given up
    std::uint64_t lost = 0;  ///< numbers in them
  };

  explicit PacketArbiter(const ArbiterOptions& options = {})
      : options_(options),
        window_(std::make_unique<Held[]>(options.window)),
        bytes_(std::make_unique<std::byte[]>(std::size_t{options.window} *
                                             options.packet_max)),
        expected_(options.first) {}

  /// Takes a packet that holds the numbers sequence, ..., sequence + count - 1; a count
  /// of 0 is a heartbeat, which names the next one. Calls `deliver(sequence, packet,
  /// skip)` for what is in sequence now: the first `skip` numbers of the packet have
  /// been delivered before. Calls `lost(first, end)` for each gap that is given up,
  /// before what follows it. A packet's bytes are valid during the call only.
  template <class Deliver, class Lost>
  ArbiterStatus on_packet(int line, std::uint64_t sequence, std::uint32_t count,
                          Bytes packet, MonoNanos now, Deliver&& deliver, Lost&& lost);

  /// Gives up the gap whose time is over; call it at next_deadline().
  template <class Deliver, class Lost>
  void on_time(MonoNanos now, Deliver&& deliver, Lost&& lost) {
    if (now >= next_deadline()) give_up(now, deliver, lost);
  }
  /// Gives up every gap: nothing more will come.
  template <class Deliver, class Lost>
  void finish(MonoNanos now, Deliver&& deliver, Lost&& lost) {
    while (gap_open()) give_up(now, deliver, lost);
  }
  /// The venue begins to count anew at `first`; what was held is dropped.
  void restart(std::uint64_t first) {
    for (std::uint32_t i = 0; i < options_.window; ++i) window_[i].count = 0;
    held_ = 0;
    expected_ = first;
    known_end_ = 0;
    far_in_a_row_ = 0;
    given_up_ = {};
  }

  bool gap_open() const { return expected_ < known_end_; }
  MonoNanos next_deadline() const {
    return gap_open() ? gap_since_ + options_.patience : kNever;
  }
  std::uint64_t expected() const { return expected_; }
  const Counters& counters() const { return counters_; }

 private:
  struct Held {
    std::uint64_t sequence = 0;
    std::uint32_t count = 0;  ///< 0: nothing is held here
    std::uint32_t size = 0;
  };
  struct Run {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
  };
  static constexpr std::size_t kRunsRemembered = 16;

  Held& slot(std::uint64_t sequence) {
    return window_[sequence & (options_.window - 1)];
  }
  Bytes bytes_of(const Held& held) const {
    const auto at = static_cast<std::size_t>(&held - window_.get());
    return {bytes_.get() + at * options_.packet_max, held.size};
  }
  bool holds(std::uint64_t sequence) {
    return held_ != 0 && slot(sequence).count != 0 &&
           slot(sequence).sequence == sequence;
  }
  bool was_given_up(std::uint64_t first, std::uint64_t end) const {
    for (const Run& run : given_up_) {
      if (first < run.end && end > run.first) return true;
    }
    return false;
  }
  void learn_end(std::uint64_t end, MonoNanos now) {
    if (end <= known_end_) return;
    if (!gap_open() && end > expected_) gap_since_ = now;
    known_end_ = end;
  }
  ArbiterStatus hold(std::uint64_t sequence, std::uint32_t count, Bytes packet,
                     MonoNanos now);
  int doubt(std::uint64_t sequence);

  /// Delivers a packet that begins at or before what is expected, then what it frees.
  template <class Deliver>
  void advance(std::uint64_t sequence, std::uint32_t count, Bytes packet, MonoNanos now,
               Deliver& deliver);
  template <class Deliver, class Lost>
  void give_up(MonoNanos now, Deliver& deliver, Lost& lost);
  template <class Lost>
  void lose(std::uint64_t end, Lost& lost);

  ArbiterOptions options_;
  std::unique_ptr<Held[]> window_;
  std::unique_ptr<std::byte[]> bytes_;
  std::uint64_t expected_;       ///< 0 until the first packet
  std::uint64_t known_end_ = 0;  ///< one past the highest number heard of
  std::uint32_t held_ = 0;
  MonoNanos gap_since_{};
  std::uint64_t far_ = 0;
  int far_in_a_row_ = 0;
  std::array<Run, kRunsRemembered> given_up_{};
  std::size_t next_run_ = 0;
  Counters counters_;
};

inline ArbiterStatus PacketArbiter::hold(std::uint64_t sequence, std::uint32_t count,
                                         Bytes packet, MonoNanos now) {
  Held& held = slot(sequence);
  if (held.count != 0) {
    ++counters_.duplicates;
    return ArbiterStatus::kDuplicate;
  }
  learn_end(sequence + count, now);
  if (packet.size() > options_.packet_max) {
    ++counters_.too_large;
    return ArbiterStatus::kTooLarge;
  }
  held = {sequence, count, static_cast<std::uint32_t>(packet.size())};
  std::byte* const to = bytes_.get() + static_cast<std::size_t>(&held - window_.get()) *
                                           options_.packet_max;
  if (!packet.empty()) std::memcpy(to, packet.data(), packet.size());
  ++held_;
  return ArbiterStatus::kHeld;
}

/// A packet far beyond all that was heard of: how many such have come in a row.
inline int PacketArbiter::doubt(std::uint64_t sequence) {
  const std::uint64_t apart = sequence > far_ ? sequence - far_ : far_ - sequence;
  const bool again = far_in_a_row_ != 0 && apart < options_.window;
  far_in_a_row_ = again ? far_in_a_row_ + 1 : 1;
  far_ = sequence;
  ++counters_.far_ahead;
  return far_in_a_row_;
}

template <class Deliver>
void PacketArbiter::advance(std::uint64_t sequence, std::uint32_t count, Bytes packet,
                            MonoNanos now, Deliver& deliver) {
  const std::uint64_t gap_began = expected_;
  deliver(sequence, packet, static_cast<std::uint32_t>(expected_ - sequence));
  expected_ = sequence + count;
  // Held packets may begin inside this one, where lines cut the stream differently.
  for (std::uint64_t at = gap_began; held_ != 0 && at <= expected_; ++at) {
    if (!holds(at)) continue;
    Held& held = slot(at);
    if (at + held.count > expected_) {
      deliver(at, bytes_of(held), static_cast<std::uint32_t>(expected_ - at));
      expected_ = at + held.count;
    }
    held.count = 0;
    --held_;
  }
  if (known_end_ < expected_) known_end_ = expected_;
  gap_since_ = now;
}

template <class Lost>
void PacketArbiter::lose(std::uint64_t end, Lost& lost) {
  ++counters_.gaps;
  counters_.lost += end - expected_;
  given_up_[next_run_++ % kRunsRemembered] = {expected_, end};
  lost(expected_, end);
  expected_ = end;
}

template <class Deliver, class Lost>
void PacketArbiter::give_up(MonoNanos now, Deliver& deliver, Lost& lost) {
  if (!gap_open()) return;
  std::uint64_t at = expected_ + 1;
  while (held_ != 0 && at - expected_ < options_.window && !holds(at)) ++at;
  if (!holds(at)) at = known_end_;
  lose(at, lost);
  if (holds(at)) {
    Held& held = slot(at);
    const Held taken = held;
    const Bytes packet = bytes_of(held);
    held.count = 0;
    --held_;
    advance(taken.sequence, taken.count, packet, now, deliver);
  }
  gap_since_ = now;
}

template <class Deliver, class Lost>
ArbiterStatus PacketArbiter::on_packet(int line, std::uint64_t sequence,
                                       std::uint32_t count, Bytes packet, MonoNanos now,
                                       Deliver&& deliver, Lost&& lost) {
  ++counters_.packets[line];
  if (sequence > UINT64_MAX - count) {
    ++counters_.far_ahead;
    return ArbiterStatus::kFarAhead;
  }
  if (expected_ == 0) expected_ = known_end_ = sequence;
  const std::uint64_t end = sequence + count;
  if (sequence > expected_ && sequence - expected_ >= options_.window) {
    const std::uint64_t heard = std::max(expected_, known_end_);
    const bool far = sequence > heard && sequence - heard >= options_.window;
    if (far && doubt(sequence) < kFarToBelieve) return ArbiterStatus::kFarAhead;
    // The window is full: what has waited the longest is given up. Where the stream is
    // believed to be far ahead, all that is held goes first.
    while (gap_open() && (far ? held_ != 0 : sequence - expected_ >= options_.window)) {
      give_up(now, deliver, lost);
    }
    if (sequence > expected_ && sequence - expected_ >= options_.window) {
      lose(sequence, lost);
    }
  }
  far_in_a_row_ = 0;
  if (count == 0) {
    learn_end(sequence, now);
    return ArbiterStatus::kDuplicate;
  }
  if (end <= expected_) {
    const bool late = was_given_up(sequence, end);
    ++(late ? counters_.late : counters_.duplicates);
    return late ? ArbiterStatus::kLate : ArbiterStatus::kDuplicate;
  }
  if (sequence > expected_) {
    const ArbiterStatus status = hold(sequence, count, packet, now);
    if (status == ArbiterStatus::kHeld) ++counters_.first[line];
    return status;
  }
  ++counters_.first[line];
  advance(sequence, count, packet, now, deliver);
  return ArbiterStatus::kFirst;
}

}  // namespace pyscalp::feed
