// What a MoldUDP64 session is told of its network: how long lines may differ, how to
// ask for what is missing, and when a snapshot is the better way.
#pragma once

#include <cstdint>

#include "base/types.hpp"

namespace pyscalp::feed {

struct MoldOptions {
  std::uint32_t window = 1u << 15;  ///< messages held ahead of a gap; a power of two
  bool from_start = true;  ///< else a session begins with what is heard of it first

  /// How long a line may take to bring what is missing before it is asked for: at least
  /// the first, and up to the second where the lines have been seen to be that late.
  MonoNanos request_delay = milliseconds(2);
  MonoNanos request_delay_max = milliseconds(20);
  /// How long an answer may take: the first until one has come, then what answers
  /// really take, never less than the first nor more than the second.
  MonoNanos request_timeout = milliseconds(10);
  MonoNanos request_timeout_max = milliseconds(320);
  std::uint32_t requests_per_second = 5'000;
  std::uint32_t requests_in_flight = 16;  ///< at most GapRequests::kInFlightMax
  bool retransmission = true;             ///< there is a server to ask

  bool snapshots = false;  ///< there is a server of snapshots
  /// More missing than this is not asked for but had by a snapshot.
  std::uint64_t snapshot_beyond = 10'000;
  /// The retransmission server is taken to be dead after this many time-outs in a row.
  std::uint32_t snapshot_after_timeouts = 5;
};

}  // namespace pyscalp::feed
