// Messages of one session in sequence, each once, from the packets of all its lines.
//
// Not for live use (feed/mold_session.hpp is): nothing can be asked for again, and time
// is that of the capture. What arrives ahead of a gap waits until the gap is filled, by
// the other line or late, or until kMaxHeld messages wait or the oldest has waited for
// kPatience of capture time; then the gap is counted and left. The first message seen
// sets where the sequence begins.
#pragma once

#include <map>
#include <vector>

#include "base/bytes.hpp"
#include "base/types.hpp"

namespace pyscalp::capture {

class Sequencer {
 public:
  static constexpr std::size_t kMaxHeld = 65'536;  ///< messages, of at most 64 KiB each
  static constexpr std::size_t kMaxHeldBytes = std::size_t{4} << 20;
  static constexpr std::int64_t kPatience = kNanosPerUnit;

  struct Counters {
    std::uint64_t duplicates = 0;  ///< messages that had been given, or left, before
    std::uint64_t gaps = 0;
    std::uint64_t missing = 0;  ///< messages in the gaps
  };

  /// Takes one message and calls `deliver(sequence, receipt_ns, message)` for every
  /// message that is now in sequence.
  template <class Deliver>
  void take(std::uint64_t sequence, std::int64_t receipt_ns, Bytes message,
            Deliver&& deliver) {
    if (!begun_) {
      begun_ = true;
      expected_ = sequence;
    }
    if (sequence < expected_) {
      ++counters_.duplicates;
    } else if (sequence == expected_) {
      ++expected_;
      deliver(sequence, receipt_ns, message);
      if (!held_.empty()) drain(deliver);
    } else {
      hold(sequence, receipt_ns, message);
      while (held_.size() > kMaxHeld || held_bytes_ > kMaxHeldBytes) skip_gap(deliver);
    }
    while (!held_.empty() && Int128{receipt_ns} - oldest() > kPatience)
      skip_gap(deliver);
  }
  /// Gives all that waits; what is missing before it is counted.
  template <class Deliver>
  void flush(Deliver&& deliver) {
    while (!held_.empty()) skip_gap(deliver);
  }
  /// The session begins anew: the next message sets where.
  void restart() {
    held_.clear();
    held_bytes_ = 0;
    begun_ = false;
  }

  bool begun() const { return begun_; }
  std::uint64_t expected() const { return expected_; }
  const Counters& counters() const { return counters_; }

 private:
  struct Held {
    std::int64_t receipt_ns = 0;
    std::vector<std::byte> bytes;
  };

  void hold(std::uint64_t sequence, std::int64_t receipt_ns, Bytes message) {
    const auto [at, fresh] = held_.try_emplace(sequence);
    if (!fresh) {
      ++counters_.duplicates;
      return;
    }
    at->second.receipt_ns = receipt_ns;
    at->second.bytes.assign(message.begin(), message.end());
    held_bytes_ += message.size();
  }
  /// When the message just behind the gap came.
  std::int64_t oldest() const { return held_.begin()->second.receipt_ns; }
  template <class Deliver>
  void skip_gap(Deliver& deliver) {
    const std::uint64_t next = held_.begin()->first;
    ++counters_.gaps;
    counters_.missing += next - expected_;
    expected_ = next;
    drain(deliver);
  }
  template <class Deliver>
  void drain(Deliver& deliver) {
    while (!held_.empty() && held_.begin()->first <= expected_) {
      const auto node = held_.extract(held_.begin());
      held_bytes_ -= node.mapped().bytes.size();
      if (node.key() < expected_) continue;
      ++expected_;
      deliver(node.key(), node.mapped().receipt_ns, Bytes(node.mapped().bytes));
    }
  }

  bool begun_ = false;
  std::uint64_t expected_ = 0;
  std::map<std::uint64_t, Held> held_;
  std::size_t held_bytes_ = 0;
  Counters counters_;
};

}  // namespace pyscalp::capture
