// Bytes under way between engine and venue, each with the time it arrives.
#pragma once

#include <cstring>
#include <vector>

#include "base/bytes.hpp"
#include "base/types.hpp"

namespace pyscalp::replay {

/// A queue in order of arrival: what was sent later never arrives earlier, as on a
/// wire.
class DelayedWire {
 public:
  /// Sends `bytes` at `now`; they arrive after `latency`, and not before what was sent
  /// earlier.
  void send(Bytes bytes, MonoNanos now, MonoNanos latency, std::uint8_t tag = 0) {
    if (head_ == bytes_.size()) {
      bytes_.clear();
      head_ = 0;
    }
    MonoNanos at = now + latency;
    if (at < last_) at = last_;
    last_ = at;
    const Parcel parcel{at, static_cast<std::uint32_t>(bytes.size()), tag, {}};
    const std::size_t end = bytes_.size();
    bytes_.resize(end + sizeof parcel + bytes.size());
    std::memcpy(bytes_.data() + end, &parcel, sizeof parcel);
    if (!bytes.empty()) {
      std::memcpy(bytes_.data() + end + sizeof parcel, bytes.data(), bytes.size());
    }
  }
  /// When the next bytes arrive; kNever if nothing is under way.
  MonoNanos next() const { return head_ == bytes_.size() ? kNever : front().at; }
  /// Takes the next bytes off and calls `visit(bytes, tag)`. They are valid during the
  /// call; the visit may send.
  template <class Visit>
  void deliver(Visit&& visit) {
    const Parcel parcel = front();
    const std::byte* const begin = bytes_.data() + head_ + sizeof parcel;
    hand_.assign(begin, begin + parcel.size);
    head_ += sizeof parcel + parcel.size;
    visit(Bytes(hand_), parcel.tag);
  }

 private:
  struct Parcel {
    MonoNanos at;
    std::uint32_t size;
    std::uint8_t tag;
    std::uint8_t reserved[3];
  };

  Parcel front() const {
    Parcel parcel;
    std::memcpy(&parcel, bytes_.data() + head_, sizeof parcel);
    return parcel;
  }

  std::vector<std::byte> bytes_;
  std::size_t head_ = 0;
  std::vector<std::byte> hand_;
  MonoNanos last_{};
};

}  // namespace pyscalp::replay
