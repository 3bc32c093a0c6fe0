// A fixed array of zero bytes that costs memory only where it is touched.
//
// For pools that are sized for the worst day and used by every day: the address space
// is taken at once, the pages come from the kernel, zeroed, when first written. Owned
// by one thread; never grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace pyscalp {

/// How a pool takes its pages.
enum class PageUse : std::uint8_t {
  kSmall,  ///< 4 KiB each: least memory
  kHuge,   ///< 2 MiB each where the kernel grants them: fewer misses, more memory
};

namespace detail {
/// Zeroed address space; throws std::bad_alloc where the kernel refuses.
void* map_zeroed(std::size_t bytes, PageUse use);
void unmap(void* at, std::size_t bytes);
/// Gives the pages back; they read as zero again.
void rezero(void* at, std::size_t bytes);
/// Brings in every page, so that no later touch of one meets a fault.
void populate(void* at, std::size_t bytes);
}  // namespace detail

template <class T>
class ZeroedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>,
                "an element must be right as zero bytes");

 public:
  explicit ZeroedArray(std::size_t size, PageUse use = PageUse::kSmall)
      : at_(static_cast<T*>(detail::map_zeroed(size * sizeof(T), use))), size_(size) {}
  ZeroedArray(ZeroedArray&& other) noexcept
      : at_(std::exchange(other.at_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        prefaulted_(other.prefaulted_) {}
  ZeroedArray& operator=(ZeroedArray&& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(size_, other.size_);
    std::swap(prefaulted_, other.prefaulted_);
    return *this;
  }
  ~ZeroedArray() {
    if (at_ != nullptr) detail::unmap(at_, size_ * sizeof(T));
  }

  T& operator[](std::size_t i) { return at_[i]; }
  const T& operator[](std::size_t i) const { return at_[i]; }
  T* data() { return at_; }
  const T* data() const { return at_; }
  std::size_t size() const { return size_; }
  /// Takes all of its memory now rather than when it is touched. Start-up: system
  /// calls, and some 100 us a MiB.
  void prefault() {
    detail::populate(at_, size_ * sizeof(T));
    prefaulted_ = true;
  }
  /// All elements are zero bytes again. Gives the memory back by a system call, unless
  /// it was prefaulted: then it is written, and stays.
  void clear() {
    if (prefaulted_) {
      std::memset(static_cast<void*>(at_), 0, size_ * sizeof(T));
    } else {
      detail::rezero(at_, size_ * sizeof(T));
    }
  }

 private:
  T* at_;
  std::size_t size_;
  bool prefaulted_ = false;
};

}  // namespace pyscalp
