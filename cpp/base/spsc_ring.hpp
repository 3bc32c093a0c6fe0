// A queue of byte records from one thread to one other: how the journal and telemetry
// leave the engine.
//
// Thread-safety: exactly one producer calls `try_push`, exactly one consumer calls
// `try_pop`; every other member may be called from anywhere. Neither side ever waits or
// allocates. Two positions count bytes and never wrap; each is written by one thread
// and stands on a cache line of its own beside that thread's last look at the other
// one, so that a push or a pop touches the far line only when the near copy says full
// or empty.
//
// A record is stored as {u64 size, bytes}, padded to a multiple of eight, and never
// split: where the end of the buffer is too near, a mark sends the reader to the start.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>

#include "base/bytes.hpp"

namespace pyscalp {

inline constexpr std::size_t kCacheLine = 64;

class SpscRing {
 public:
  /// Allocates `capacity` bytes, rounded up to a power of two of at least 64, and
  /// touches every page, so that no push meets a page fault.
  explicit SpscRing(std::size_t capacity)
      : capacity_(std::bit_ceil(std::max(capacity, kCacheLine))),
        lines_(std::make_unique<Line[]>(capacity_ / kCacheLine)),
        buffer_(lines_.get()->bytes) {}

  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  std::size_t capacity() const { return capacity_; }
  /// The largest record that is sure to fit once the ring is empty, wherever it stands.
  std::size_t max_record() const { return capacity_ / 2 - kPrefix; }
  /// Records refused so far, for want of room or as larger than `max_record`.
  std::uint64_t refused() const {
    // Relaxed: a statistic that guards no other data.
    return refused_.load(std::memory_order_relaxed);
  }
  /// True if nothing waits to be read; already out of date where the other side works.
  bool empty() const {
    // Acquire on both, so that the head is read no later than the tail is: for the
    // consumer, and once the producer has stopped for anyone, the answer is then exact.
    const std::uint64_t head = head_.load(std::memory_order_acquire);
    return head == tail_.load(std::memory_order_acquire);
  }

  /// Producer: appends one record. False, and counted in `refused`, if it does not fit.
  bool try_push(Bytes record) { return try_push(record, Bytes{}); }

  /// Producer: appends `header`, `payload` and `rest` as one record.
  bool try_push(Bytes header, Bytes payload, Bytes rest = {}) {
    const std::size_t size = header.size() + payload.size() + rest.size();
    if (size > max_record()) return refuse();
    // Relaxed: only this thread writes the tail.
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    const std::size_t need = stored(size);
    const std::size_t room = capacity_ - offset(tail);
    const std::size_t skip = need > room ? room : 0;
    const std::uint64_t next = tail + skip + need;
    if (next - head_seen_ > capacity_) {
      // Acquire, paired with the consumer's release: it has finished reading every byte
      // before this head, so that they may be overwritten.
      head_seen_ = head_.load(std::memory_order_acquire);
      if (next - head_seen_ > capacity_) return refuse();
    }
    if (skip != 0) store_size(tail, kToStart);
    store_size(tail + skip, size);
    std::byte* at = buffer_ + offset(tail + skip) + kPrefix;
    if (!header.empty()) std::memcpy(at, header.data(), header.size());
    if (!payload.empty())
      std::memcpy(at + header.size(), payload.data(), payload.size());
    if (!rest.empty())
      std::memcpy(at + header.size() + payload.size(), rest.data(), rest.size());
    // Release: who sees this tail also sees the record's bytes written above.
    tail_.store(next, std::memory_order_release);
    return true;
  }

  /// Consumer: calls `visit(Bytes)` with the oldest record and then frees it; false if
  /// there is none. The bytes start at a multiple of eight and last until `visit`
  /// returns.
  template <class Visit>
  bool try_pop(Visit&& visit) {
    // Relaxed: only this thread writes the head.
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_seen_) {
      // Acquire, paired with the producer's release: the records before this tail are
      // written whole.
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (head == tail_seen_) return false;
    }
    std::uint64_t size = load_size(head);
    if (size == kToStart) {
      head += capacity_ - offset(head);
      size = load_size(head);
    }
    visit(Bytes(buffer_ + offset(head) + kPrefix, static_cast<std::size_t>(size)));
    // Release: the reads above are done before the producer may reuse the bytes.
    head_.store(head + stored(static_cast<std::size_t>(size)),
                std::memory_order_release);
    return true;
  }

 private:
  struct alignas(kCacheLine) Line {
    std::byte bytes[kCacheLine];
  };
  static constexpr std::size_t kPrefix = sizeof(std::uint64_t);
  static constexpr std::uint64_t kToStart = ~std::uint64_t{0};

  static constexpr std::size_t stored(std::size_t size) {
    return kPrefix + ((size + 7) & ~std::size_t{7});
  }
  std::size_t offset(std::uint64_t position) const {
    return static_cast<std::size_t>(position) & (capacity_ - 1);
  }
  void store_size(std::uint64_t position, std::uint64_t size) {
    std::memcpy(buffer_ + offset(position), &size, sizeof size);
  }
  std::uint64_t load_size(std::uint64_t position) const {
    std::uint64_t size;
    std::memcpy(&size, buffer_ + offset(position), sizeof size);
    return size;
  }
  bool refuse() {
    // Relaxed load and store, no read-modify-write: the producer alone writes this.
    refused_.store(refused_.load(std::memory_order_relaxed) + 1,
                   std::memory_order_relaxed);
    return false;
  }

  // Set at construction, then only read.
  const std::size_t capacity_;
  const std::unique_ptr<Line[]> lines_;
  std::byte* const buffer_;

  // Written by the producer.
  alignas(kCacheLine) std::atomic<std::uint64_t> tail_{0};
  std::uint64_t head_seen_ = 0;
  std::atomic<std::uint64_t> refused_{0};

  // Written by the consumer.
  alignas(kCacheLine) std::atomic<std::uint64_t> head_{0};
  std::uint64_t tail_seen_ = 0;
};

}  // namespace pyscalp
