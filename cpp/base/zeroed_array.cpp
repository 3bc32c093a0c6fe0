#include "base/zeroed_array.hpp"

#include <sys/mman.h>

#include <cstring>
#include <new>

namespace pyscalp::detail {

namespace {
/// MADV_POPULATE_WRITE, which older headers do not name.
constexpr int kPopulateWrite = 23;
}  // namespace

void* map_zeroed(std::size_t bytes, PageUse use) {
  if (bytes == 0) bytes = 1;
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  // A wish: a kernel without huge pages serves small ones.
  if (use == PageUse::kHuge) (void)madvise(at, bytes, MADV_HUGEPAGE);
  return at;
}

void unmap(void* at, std::size_t bytes) { munmap(at, bytes == 0 ? 1 : bytes); }

void rezero(void* at, std::size_t bytes) {
  // Locked pages (LockedMemory) cannot be given back, and are cleared by hand.
  if (madvise(at, bytes, MADV_DONTNEED) != 0) std::memset(at, 0, bytes);
}

void populate(void* at, std::size_t bytes) {
  if (madvise(at, bytes, kPopulateWrite) == 0) return;
  // A kernel before 5.14. The content stays: each byte is written as it was.
  volatile char* const first = static_cast<char*>(at);
  for (std::size_t i = 0; i < bytes; i += 4096) first[i] = first[i];
}

}  // namespace pyscalp::detail
