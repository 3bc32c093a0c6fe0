// Memory that is there before it is needed, and stays: no page fault between packet and
// order.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyscalp {

/// Keeps every page that the process has when it is made, until it is destroyed. Pages
/// mapped later are left alone: a limit of locked memory would otherwise make Python's
/// next allocation fail. So make it when the engine has allocated. One at a time a
/// process.
class LockedMemory {
 public:
  /// Where it is refused, `error` is its errno: EPERM or ENOMEM where the limit (ulimit
  /// -l) is below what the process has mapped.
  LockedMemory();
  ~LockedMemory();
  LockedMemory(const LockedMemory&) = delete;
  LockedMemory& operator=(const LockedMemory&) = delete;

  bool held() const { return error_ == 0; }
  int error() const { return error_; }

 private:
  int error_;
};

/// Brings in the pages of the calling thread's stack from here down, so that calls made
/// later find them.
void prefault_stack(std::size_t bytes = 256 * 1024);

/// What the kernel says of this process, in bytes; 0 where it does not say.
struct MemoryUse {
  std::int64_t locked = 0;
  std::int64_t huge = 0;  ///< anonymous memory in huge pages
};
MemoryUse memory_use();

}  // namespace pyscalp
