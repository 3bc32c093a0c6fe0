#include "base/cpu.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

namespace pyscalp {

int pin_to_core(int core) {
  if (core < 0 || core >= CPU_SETSIZE) return EINVAL;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

int core_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (pthread_getaffinity_np(pthread_self(), sizeof set, &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  // A machine of more than CPU_SETSIZE cores.
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int last_core() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return -1;
  for (int core = CPU_SETSIZE - 1; core >= 0; --core) {
    if (CPU_ISSET(core, &cores)) return core;
  }
  return -1;
}

int set_thread_name(std::string_view name) {
  std::array<char, 16> text{};
  std::copy_n(name.begin(), std::min(name.size(), text.size() - 1), text.begin());
  return pthread_setname_np(pthread_self(), text.data());
}

}  // namespace pyscalp
