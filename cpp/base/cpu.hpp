// Where a thread runs. Linux only; called while threads start, never between packet and
// order.
#pragma once

#include <string_view>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pyscalp {

/// Keeps the calling thread on one core, numbered as the kernel does, from 0. Returns 0
/// or an errno: EINVAL for a core that does not exist or that this process may not use.
[[nodiscard]] int pin_to_core(int core);

/// The number of cores the calling thread may run on; at least 1.
[[nodiscard]] int core_count();

/// The highest-numbered core the calling thread may run on: the one least used by
/// interrupts and by what the machine does for itself. -1 where the kernel does not
/// say.
[[nodiscard]] int last_core();

/// Names the calling thread for top, perf and py-spy; the kernel keeps the first 15
/// bytes. Returns 0 or an errno.
int set_thread_name(std::string_view name);

/// Tells the core that this thread spins: it waits some ten nanoseconds and leaves more
/// of the core to its other hyper-thread.
inline void cpu_relax() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace pyscalp
