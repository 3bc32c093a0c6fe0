// A ring of frames shared with the kernel (AF_PACKET, TPACKET_V2), filled before the
// kernel's IP layer sees them.
//
// Works on every Ethernet interface, the loopback included, and takes nothing away from
// others: the kernel delivers the packets to sockets as before. A filter in the kernel
// lets only the groups in. Frames that this machine sends are left out
// (PACKET_IGNORE_OUTGOING), so that the loopback does not show each twice; a sender on
// this machine is heard on the loopback and no other interface. Frames with the tag of
// a VLAN are left out: its own interface ("eth0.100") hears them without.
//
// Needs CAP_NET_RAW. Every packet has the kernel's time of arrival. The UDP checksum is
// verified where neither the card nor the kernel vouches for it. One thread at a time.
#pragma once

#include <array>
#include <cstdint>

#include "net/frame_reader.hpp"
#include "net/interface.hpp"
#include "net/transport.hpp"

namespace pyscalp::net {

class PacketRing {
 public:
  static constexpr bool kMemory = true;
  /// A frame with the ring's own header: payloads of 1,900 bytes fit.
  static constexpr std::size_t kFrame = 2'048;

  static Opened<PacketRing> open(const ReceiverOptions& options);

  std::span<const Packet> poll();
  void release();
  ReceiverCounters counters();
  std::span<const int> descriptors() const { return {&fd_, 1}; }
  std::span<const Endpoint> groups() const { return reader_.groups(); }

  const Interface& interface() const { return interface_; }
  std::size_t frames() const { return frames_; }

 private:
  explicit PacketRing(std::span<const Endpoint> groups) : reader_(groups) {}

  /// What failed, for a person; nothing once packets arrive.
  std::optional<std::string> set_up(const ReceiverOptions& options);
  std::byte* frame(std::size_t at) const { return ring_.data() + at * kFrame; }

  FrameReader reader_;
  Interface interface_;
  GroupJoins joins_;
  Mapping ring_;
  Descriptor descriptor_;
  int fd_ = -1;
  std::size_t frames_ = 0;
  std::size_t next_ = 0;  ///< frame that the kernel fills next, or has filled
  std::size_t held_ = 0;  ///< frames before `next_` that are not yet given back
  ReceiverCounters counters_;
  std::array<Packet, kPacketsAtOnce> packets_;
};

static_assert(MemoryReceiver<PacketRing>);

}  // namespace pyscalp::net
