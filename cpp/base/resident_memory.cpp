#include "base/resident_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace pyscalp {

namespace {

constexpr std::size_t kStackStep = 2'048;  // at least one touch a page

/// The figure in KiB of a line such as "VmLck:   12 kB", in bytes.
std::int64_t figure(const char* path, const char* name) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return 0;
  char line[256];
  long long kib = 0;
  const std::size_t length = std::strlen(name);
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, name, length) == 0) {
      if (std::sscanf(line + length, "%lld", &kib) != 1) kib = 0;
      break;
    }
  }
  std::fclose(file);
  return kib * 1024;
}

}  // namespace

LockedMemory::LockedMemory() : error_(::mlockall(MCL_CURRENT) == 0 ? 0 : errno) {}

LockedMemory::~LockedMemory() {
  if (held()) ::munlockall();
}

// Each call takes a step of the stack, and cannot be made a loop: it writes to it after
// the call it makes.
__attribute__((noinline)) void prefault_stack(std::size_t bytes) {
  char step[kStackStep];
  volatile char* const touched = step;
  touched[0] = 0;
  if (bytes > kStackStep) prefault_stack(bytes - kStackStep);
  touched[kStackStep - 1] = 0;
}

MemoryUse memory_use() {
  return {figure("/proc/self/status", "VmLck:"),
          figure("/proc/self/smaps_rollup", "AnonHugePages:")};
}

}  // namespace pyscalp
