// From a frame of an interface to a packet of a group: what receivers share that see
// frames. Nothing is copied.
//
// Looked at: lengths of Ethernet, IPv4 and UDP, the IPv4 header's checksum, the UDP
// checksum unless the kernel says that the card or nobody has to. A UDP checksum may be
// absent (0), or unfinished: a sender on this machine leaves it to a card that a
// virtual interface does not have.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "net/transport.hpp"
#include "wire/ethernet.hpp"

namespace pyscalp::net {

class FrameReader {
 public:
  explicit FrameReader(std::span<const Endpoint> groups)
      : count_(std::min(groups.size(), kGroupsMax)) {
    std::copy_n(groups.begin(), count_, groups_.begin());
  }

  std::span<const Endpoint> groups() const { return {groups_.data(), count_}; }

  /// Fills payload and group of `packet` from an Ethernet frame. False, and counted in
  /// `counters`, where the frame holds none of ours. `checked`: somebody else has
  /// verified the UDP checksum.
  bool read(Bytes frame, bool checked, Packet& packet,
            ReceiverCounters& counters) const {
    using namespace wire::ethernet;
    Payload found;
    const FrameStatus status = decode(wire::pcap::kEthernet, frame, found);
    if (status != FrameStatus::kOk) [[unlikely]] {
      ++(status == FrameStatus::kNotIpv4 || status == FrameStatus::kNotUdpOrTcp
             ? counters.foreign
             : counters.malformed);
      return false;
    }
    const std::size_t group = find(found.flow);
    if (group == count_) [[unlikely]] {
      ++counters.foreign;
      return false;
    }
    if (!checked && !checksums_ok(found) && !checksum_unfinished(found)) [[unlikely]] {
      ++counters.malformed;
      return false;
    }
    packet.payload = found.bytes;
    packet.group = static_cast<std::uint32_t>(group);
    ++counters.packets;
    return true;
  }

 private:
  /// Index of the group, or count_.
  std::size_t find(const wire::ethernet::Flow& flow) const {
    if (flow.transport != wire::ethernet::Transport::kUdp) return count_;
    const Endpoint to{flow.destination_address, flow.destination_port};
    std::size_t i = 0;
    while (i < count_ && groups_[i] != to) ++i;
    return i;
  }

  std::array<Endpoint, kGroupsMax> groups_{};
  std::size_t count_;
};

}  // namespace pyscalp::net
