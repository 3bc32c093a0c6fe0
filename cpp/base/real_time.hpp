// Real-time scheduling for a thread that spins, and only where it does no harm.
//
// A SCHED_FIFO thread runs before every normal task. One that spins never gives its
// core up, so the kernel stops it by force for some 50 ms in every second, unless
// kernel.sched_rt_runtime_us is -1; and with -1 a core that it spins on is lost for
// everything else, so another one must be left.
#pragma once

#include <cstdint>
#include <string>

namespace pyscalp {

enum class RealTimeStatus : std::uint8_t {
  kGranted,
  kThrottled,     ///< the kernel would stop the spinning thread every second
  kNoOtherCore,   ///< nothing else could run any more
  kNotPinned,     ///< the thread may run on several cores, and would starve them all
  kNotPermitted,  ///< neither CAP_SYS_NICE nor a limit for real-time priorities
  kFailed,        ///< `error` holds the errno
};

struct RealTime {
  RealTimeStatus status = RealTimeStatus::kFailed;
  int error = 0;
  std::int64_t runtime_us = 0;  ///< of kThrottled: what the kernel grants a second

  /// One line for a person: what is, and what to do where it was refused.
  std::string text() const;
};

/// The lowest real-time priority: before all normal tasks, behind the kernel's own
/// real-time threads, on which the machine depends.
inline constexpr int kRealTimePriority = 1;

/// Runs the calling thread, which must be pinned to one core, as SCHED_FIFO if that is
/// safe. Otherwise nothing changes. Its children are normal again.
RealTime run_real_time(
    const char* runtime_path = "/proc/sys/kernel/sched_rt_runtime_us");

}  // namespace pyscalp
