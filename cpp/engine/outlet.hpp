// The engine's side of its ring: puts records in, never waits.
#pragma once

#include "base/spsc_ring.hpp"
#include "engine/record.hpp"

namespace pyscalp::engine {

class Outlet {
 public:
  explicit Outlet(SpscRing& ring) : ring_(ring) {}

  template <class Body>
  void put(RecordKind kind, MonoNanos now, const Body& body, std::uint8_t detail = 0) {
    static_assert(std::is_trivially_copyable_v<Body>);
    put_bytes(kind, now, Bytes(reinterpret_cast<const std::byte*>(&body), sizeof body),
              detail);
  }
  void put_bytes(RecordKind kind, MonoNanos now, Bytes body, std::uint8_t detail = 0,
                 Bytes rest = {}) {
    const RecordHeader header{now, kind, detail, {}};
    ring_.try_push(Bytes(reinterpret_cast<const std::byte*>(&header), sizeof header),
                   body, rest);
  }
  /// Records that a full ring refused; the ring counts them by itself.
  std::uint64_t lost() const { return ring_.refused(); }

 private:
  SpscRing& ring_;
};

}  // namespace pyscalp::engine
