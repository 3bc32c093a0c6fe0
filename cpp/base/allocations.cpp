#include "base/allocations.hpp"

#include <cstdlib>
#include <new>

namespace pyscalp {

namespace {
thread_local std::uint64_t allocations = 0;
}  // namespace

std::uint64_t allocations_of_this_thread() { return allocations; }

namespace {

void* counted(std::size_t size) {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}

void* counted(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto align = static_cast<std::size_t>(alignment);
  return std::aligned_alloc(align, (size + align - 1) / align * align);
}

void* or_throw(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

}  // namespace pyscalp

void* operator new(std::size_t size) {
  return pyscalp::or_throw(pyscalp::counted(size));
}
void* operator new[](std::size_t size) {
  return pyscalp::or_throw(pyscalp::counted(size));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return pyscalp::or_throw(pyscalp::counted(size, alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return pyscalp::or_throw(pyscalp::counted(size, alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return pyscalp::counted(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return pyscalp::counted(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
