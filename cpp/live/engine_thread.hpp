// What the machine is asked for on behalf of the engine's thread, and what it gave.
//
// Made on that thread before it spins, destroyed by it when it ends: memory is unlocked
// and cores may sleep again. What could not be had is said and the run goes on without.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/resident_memory.hpp"
#include "base/wake_latency.hpp"
#include "base/zeroed_array.hpp"

namespace pyscalp::live {

enum class Scheduler : std::uint8_t {
  kNormal,
  kFifo,  ///< before all normal tasks, where that is safe (base/real_time.hpp)
};

struct EngineThreadOptions {
  int cpu = -1;  ///< core to pin to; -1 is the last one allowed
  Scheduler scheduler = Scheduler::kNormal;
  bool lock_memory = false;  ///< bring in pools and stack, and keep all memory in place
};

class EngineThread {
 public:
  /// Pins and names the calling thread, then asks for the rest. Pools in huge pages are
  /// brought in too, as zeroing one takes a hundred microseconds when it is first
  /// touched. `prefault` does that.
  EngineThread(const EngineThreadOptions& options, PageUse pages,
               const std::function<void()>& prefault);

  /// One line for each thing asked for: what there is, or why not and what to do.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  void pin(int core);
  void hold_cores_awake();
  void settle_memory(bool lock, PageUse pages, const std::function<void()>& prefault);

  std::vector<std::string> notes_;
  WakeLatency wake_latency_;
  std::optional<LockedMemory> locked_;
};

}  // namespace pyscalp::live
