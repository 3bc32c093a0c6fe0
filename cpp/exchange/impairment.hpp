// A line that loses, doubles and reorders datagrams, as told and by a seed.
//
// Sans-I/O, one thread; no allocation after construction. The same seed and datagrams
// give the same faults.
#pragma once

#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"

namespace pyscalp::exchange {

/// Chances of what happens to each datagram of a line, each in [0, 1].
struct LineFaults {
  double loss = 0;
  double duplicate = 0;
  double reorder = 0;
  /// A reordered datagram comes after 1 to this many later ones; at most kWindowMax.
  std::uint32_t window = 8;

  static constexpr std::uint32_t kWindowMax = 64;

  bool any() const { return loss > 0 || duplicate > 0 || reorder > 0; }
};

struct LineStatistics {
  std::uint64_t offered = 0;
  std::uint64_t passed = 0;  ///< given on, duplicates included
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
};

class Impairment {
 public:
  static constexpr std::size_t kMaxDatagram = 1'472;  ///< what an Ethernet frame holds

  /// Throws std::invalid_argument where a chance is not within [0, 1] or the window not
  /// within 1 ... kWindowMax.
  Impairment(const LineFaults& faults, std::uint64_t seed);

  /// Calls `visit(Bytes)` for this datagram and for held ones whose turn has come:
  /// none, one or several calls. The bytes are valid during the call.
  template <class Visit>
  void pass(Bytes datagram, Visit&& visit) {
    ++statistics_.offered;
    if (!faults_.any()) {
      give(datagram, visit);
      return;
    }
    // The same draws whatever happens, so that one chance changed leaves the others'
    // faults alone.
    const bool lost = random_.chance(faults_.loss);
    const bool reordered = random_.chance(faults_.reorder);
    const bool doubled = random_.chance(faults_.duplicate);
    const auto after = 1 + static_cast<std::uint32_t>(random_.below(faults_.window));
    if (lost) {
      ++statistics_.lost;
    } else if (reordered && hold(datagram, doubled, after)) {
      ++statistics_.reordered;
      return release(visit, held_.size() - 1);
    } else {
      give(datagram, visit);
      if (doubled) give_again(datagram, visit);
    }
    release(visit, held_.size());
  }

  /// Gives out everything that is held back: for when the line is quiet.
  template <class Visit>
  void flush(Visit&& visit) {
    for (Held& held : held_) held.after = 1;
    release(visit, held_.size());
  }

  bool holds() const { return !held_.empty(); }
  const LineStatistics& statistics() const { return statistics_; }

 private:
  struct Held {
    std::uint32_t after = 0;  ///< how many more datagrams go first
    bool doubled = false;
    std::uint16_t size = 0;
    std::array<std::byte, kMaxDatagram> bytes;
  };

  template <class Visit>
  void give(Bytes datagram, Visit& visit) {
    ++statistics_.passed;
    visit(datagram);
  }
  template <class Visit>
  void give_again(Bytes datagram, Visit& visit) {
    ++statistics_.duplicated;
    give(datagram, visit);
  }
  /// Counts the first `count` held datagrams down and gives out those that are due.
  template <class Visit>
  void release(Visit& visit, std::size_t count) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < held_.size(); ++i) {
      Held& held = held_[i];
      if (i < count && --held.after == 0) {
        give({held.bytes.data(), held.size}, visit);
        if (held.doubled) give_again({held.bytes.data(), held.size}, visit);
        continue;
      }
      if (kept != i) held_[kept] = held;
      ++kept;
    }
    held_.resize(kept);
  }
  bool hold(Bytes datagram, bool doubled, std::uint32_t after);

  LineFaults faults_;
  Random random_;
  std::vector<Held> held_;
  LineStatistics statistics_;
};

}  // namespace pyscalp::exchange
