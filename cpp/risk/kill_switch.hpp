// The kill switch: one word that any thread, or another process, can set.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace pyscalp::risk {

/// Any thread, any process, any signal handler. It has a cache line of its own and no
/// pointers, and all-zero bytes are a released switch, so it may live in shared memory
/// that two processes map. Anything but zero counts as engaged: a scribbled-over word
/// stops trading.
class alignas(64) KillSwitch {
 public:
  void engage() { word_.store(1, std::memory_order_relaxed); }
  /// Lets an operator resume; by itself it starts nothing, as the gate latches.
  void release() { word_.store(0, std::memory_order_relaxed); }
  // Relaxed is enough: the word orders no other data, and a reader that polls sees it
  // as soon as the cache line arrives.
  bool engaged() const { return word_.load(std::memory_order_relaxed) != 0; }

 private:
  std::atomic<std::uint32_t> word_{0};
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(sizeof(KillSwitch) == 64 && std::is_standard_layout_v<KillSwitch>);

}  // namespace pyscalp::risk
