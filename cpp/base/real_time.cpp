#include "base/real_time.hpp"

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/cpu.hpp"

namespace pyscalp {

namespace {

/// What the file says; -1 (no limit) where there is none, as then no kernel of this
/// kind limits anything.
std::int64_t runtime_limit(const char* path) {
  long long value = -1;
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return -1;
  if (std::fscanf(file, "%lld", &value) != 1) value = 0;
  std::fclose(file);
  return value;
}

/// True if the process's first thread, and so those it starts, may run elsewhere.
bool another_core_is_left() {
  cpu_set_t mine;
  cpu_set_t process;
  CPU_ZERO(&mine);
  CPU_ZERO(&process);
  if (::sched_getaffinity(0, sizeof mine, &mine) != 0) return false;
  if (::sched_getaffinity(::getpid(), sizeof process, &process) != 0) return false;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &process) && !CPU_ISSET(core, &mine)) return true;
  }
  return false;
}

}  // namespace

RealTime run_real_time(const char* runtime_path) {
  if (core_count() != 1) return {RealTimeStatus::kNotPinned};
  if (!another_core_is_left()) return {RealTimeStatus::kNoOtherCore};
  const std::int64_t runtime = runtime_limit(runtime_path);
  if (runtime != -1) return {RealTimeStatus::kThrottled, 0, runtime};
  sched_param parameter{};
  parameter.sched_priority = kRealTimePriority;
  if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameter) == 0) {
    return {RealTimeStatus::kGranted};
  }
  if (errno == EPERM) return {RealTimeStatus::kNotPermitted, EPERM};
  return {RealTimeStatus::kFailed, errno};
}

std::string RealTime::text() const {
  switch (status) {
    case RealTimeStatus::kGranted:
      return "SCHED_FIFO, priority " + std::to_string(kRealTimePriority);
    case RealTimeStatus::kThrottled:
      return "normal scheduling, not SCHED_FIFO: kernel.sched_rt_runtime_us is " +
             std::to_string(runtime_us) +
             ", which stops a spinning thread every second; set it to -1 (pyscalp host "
             "tune)";
    case RealTimeStatus::kNoOtherCore:
      return "normal scheduling, not SCHED_FIFO: no other core is left for the rest of "
             "the machine; allow this process one more";
    case RealTimeStatus::kNotPinned:
      return "normal scheduling, not SCHED_FIFO: the engine is not pinned to one core; "
             "set engine.cpu to a core this process may use";
    case RealTimeStatus::kNotPermitted:
      return "normal scheduling, not SCHED_FIFO: not permitted; give CAP_SYS_NICE, or "
             "raise the limit for real-time priorities (ulimit -r 1)";
    case RealTimeStatus::kFailed:
      break;
  }
  return std::string("normal scheduling, not SCHED_FIFO: ") + std::strerror(error);
}

}  // namespace pyscalp
