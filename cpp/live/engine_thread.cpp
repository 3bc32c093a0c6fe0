#include "live/engine_thread.hpp"

#include <cerrno>
#include <cstring>

#include "base/cpu.hpp"
#include "base/real_time.hpp"

namespace pyscalp::live {

namespace {

std::string mebibytes(std::int64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

std::string huge_pages_note(PageUse pages) {
  const std::int64_t huge = memory_use().huge;
  if (pages == PageUse::kSmall) return "pools in small pages";
  if (huge != 0) return "pools in huge pages: " + mebibytes(huge) + " of this process";
  return "pools in small pages, not huge ones: the kernel gives none; write madvise to "
         "/sys/kernel/mm/transparent_hugepage/enabled (pyscalp host tune)";
}

std::string locked_note(const LockedMemory& locked) {
  if (locked.held()) return "memory locked: " + mebibytes(memory_use().locked);
  std::string note = "memory not locked: " + std::string(std::strerror(locked.error()));
  if (locked.error() == EPERM || locked.error() == ENOMEM) {
    note += "; give CAP_IPC_LOCK, or raise the limit (ulimit -l unlimited)";
  }
  return note;
}

}  // namespace

EngineThread::EngineThread(const EngineThreadOptions& options, PageUse pages,
                           const std::function<void()>& prefault) {
  set_thread_name("pyscalp-engine");
  pin(options.cpu >= 0 ? options.cpu : last_core());
  settle_memory(options.lock_memory, pages, prefault);
  hold_cores_awake();
  // Last, so that nothing above runs before the rest of the machine.
  if (options.scheduler == Scheduler::kFifo) notes_.push_back(run_real_time().text());
}

void EngineThread::pin(int core) {
  const int error = pin_to_core(core);
  notes_.push_back("engine " + std::string(error == 0 ? "pinned" : "not pinned") +
                   " to core " + std::to_string(core));
  if (error != 0) {
    notes_.back() += std::string(": ") + std::strerror(error) +
                     "; set engine.cpu to a core this process may use";
  }
}

void EngineThread::settle_memory(bool lock, PageUse pages,
                                 const std::function<void()>& prefault) {
  if (!lock && pages == PageUse::kSmall) return;
  // By this thread, so that the pages are of the memory next to its core.
  prefault();
  prefault_stack();
  notes_.push_back(huge_pages_note(pages) + ", all brought in");
  if (!lock) return;
  locked_.emplace();
  notes_.push_back(locked_note(*locked_));
}

void EngineThread::hold_cores_awake() {
  if (wake_latency_.held()) {
    notes_.push_back("cores kept out of deep sleep (/dev/cpu_dma_latency held at 0)");
  } else if (wake_latency_.error() == ENOENT) {
    notes_.push_back("cores may sleep deeply: this kernel has no /dev/cpu_dma_latency");
  } else {
    notes_.push_back("cores may sleep deeply: cannot hold /dev/cpu_dma_latency: " +
                     std::string(std::strerror(wake_latency_.error())) +
                     "; make it writable for this user");
  }
}

}  // namespace pyscalp::live
