#include "net/packet_ring.hpp"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <atomic>
#include <bit>
#include <cerrno>

#include "net/address.hpp"

namespace pyscalp::net {

namespace {

/// Of the kernel's allocations; a smaller one is easier to find in one piece.
constexpr std::size_t kBlock = 256u << 10;

/// Lets in IPv4, no fragment, UDP, to one of the groups, of no VLAN; drops the rest.
std::vector<sock_filter> filter_for(std::span<const Endpoint> groups) {
  std::vector<sock_filter> program;
  std::vector<std::size_t> to_drop;  // places of jumps, filled in at the end
  const auto step = [&](int code, std::uint32_t k) {
    program.push_back({static_cast<std::uint16_t>(code), 0, 0, k});
  };
  const auto drop_unless_equal = [&](std::uint32_t k) {
    to_drop.push_back(program.size());
    step(BPF_JMP | BPF_JEQ | BPF_K, k);
  };
  step(BPF_LD | BPF_W | BPF_ABS,
       static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG));
  step(BPF_ALU | BPF_AND | BPF_K, 0x0FFF);
  drop_unless_equal(0);
  step(BPF_LD | BPF_H | BPF_ABS, 12);
  drop_unless_equal(ETH_P_IP);
  step(BPF_LD | BPF_H | BPF_ABS, 20);
  step(BPF_ALU | BPF_AND | BPF_K, 0x3FFF);  // "more fragments", or an offset
  drop_unless_equal(0);
  step(BPF_LD | BPF_B | BPF_ABS, 23);
  drop_unless_equal(IPPROTO_UDP);
  step(BPF_LDX | BPF_B | BPF_MSH, 14);
  for (const Endpoint& group : groups) {
    step(BPF_LD | BPF_W | BPF_ABS, 30);
    program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 3, group.address});
    step(BPF_LD | BPF_H | BPF_IND, 14 + 2);
    program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, group.port});
    step(BPF_RET | BPF_K, 0xFFFF'FFFF);
  }
  const std::size_t drop = program.size();
  step(BPF_RET | BPF_K, 0);
  for (const std::size_t at : to_drop)
    program[at].jf = static_cast<std::uint8_t>(drop - at - 1);
  return program;
}

std::atomic_ref<std::uint32_t> status_of(std::byte* frame) {
  return std::atomic_ref(reinterpret_cast<tpacket2_hdr*>(frame)->tp_status);
}

}  // namespace

Opened<PacketRing> PacketRing::open(const ReceiverOptions& options) {
  if (auto unfit = detail::unfit_groups(options.groups)) return {std::nullopt, *unfit};
  auto interface = find_interface(options.interface_address);
  if (!interface) return {std::nullopt, interface.error};
  PacketRing ring(options.groups);
  ring.interface_ = *interface;
  if (auto error = ring.set_up(options)) return {std::nullopt, *error};
  auto joins = GroupJoins::open(options.groups, ring.interface_);
  if (!joins) return {std::nullopt, joins.error};
  ring.joins_ = std::move(*joins);
  return {std::move(ring), {}};
}

std::optional<std::string> PacketRing::set_up(const ReceiverOptions& options) {
  const std::string where = " on " + interface_.name + ": ";
  if (!interface_.ethernet)
    return "no packet ring" + where + "its frames have no Ethernet header";
  descriptor_ =
      Descriptor(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  fd_ = descriptor_.get();
  if (fd_ < 0) {
    const bool denied = errno == EPERM || errno == EACCES;
    return "no packet ring" + where + detail::reason(errno) +
           (denied ? "; run as root or with CAP_NET_RAW" : "");
  }
  std::vector<sock_filter> program = filter_for(options.groups);
  const sock_fprog filter{static_cast<std::uint16_t>(program.size()), program.data()};
  const std::size_t blocks = (options.burst * kFrame + kBlock - 1) / kBlock;
  frames_ = blocks * (kBlock / kFrame);
  const tpacket_req request{kBlock, static_cast<unsigned>(blocks), kFrame,
                            static_cast<unsigned>(frames_)};
  if (!detail::set_option(fd_, SOL_PACKET, PACKET_VERSION, TPACKET_V2) ||
      !detail::set_option(fd_, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) ||
      ::setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) {
    return "no packet ring" + where + detail::reason(errno) +
           "; it needs Linux 4.20 or later";
  }
  if (::setsockopt(fd_, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0 ||
      !(ring_ = Mapping(blocks * kBlock, MAP_SHARED | MAP_POPULATE, fd_))) {
    return "no packet ring" + where + detail::reason(errno) + " for its " +
           std::to_string(blocks * kBlock >> 20) + " MiB";
  }
  // Of every protocol: those are handed over before the kernel's IP layer is.
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = interface_.index;
  if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return "no packet ring" + where + detail::reason(errno);
  return std::nullopt;
}

void PacketRing::release() {
  std::size_t at = (next_ + frames_ - held_) % frames_;
  for (; held_ != 0; --held_) {
    // Release: what we read of the frame was read before the kernel may fill it again.
    status_of(frame(at)).store(TP_STATUS_KERNEL, std::memory_order_release);
    if (++at == frames_) at = 0;
  }
}

std::span<const Packet> PacketRing::poll() {
  if (held_ != 0) release();
  std::size_t count = 0;
  while (held_ < kPacketsAtOnce) {
    std::byte* const at = frame(next_);
    // Acquire: the frame was filled before its status said so.
    const std::uint32_t status = status_of(at).load(std::memory_order_acquire);
    if ((status & TP_STATUS_USER) == 0) break;
    ++held_;
    if (++next_ == frames_) next_ = 0;
    const auto& header = *reinterpret_cast<const tpacket2_hdr*>(at);
    if (header.tp_snaplen < header.tp_len) [[unlikely]] {
      ++counters_.truncated;
      continue;
    }
    Packet& packet = packets_[count];
    // Not ready: a sender on this machine left the checksum to a card.
    const bool checked =
        (status & (TP_STATUS_CSUM_VALID | TP_STATUS_CSUMNOTREADY)) != 0;
    const Bytes bytes(at + header.tp_mac, header.tp_snaplen);
    if (!reader_.read(bytes, checked, packet, counters_)) continue;
    packet.arrived = {std::int64_t{header.tp_sec} * 1'000'000'000 + header.tp_nsec};
    ++count;
  }
  return {packets_.data(), count};
}

ReceiverCounters PacketRing::counters() {
  tpacket_stats statistics{};
  socklen_t size = sizeof statistics;
  // The kernel begins to count anew each time it is asked.
  if (::getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) == 0)
    counters_.ring_dropped += statistics.tp_drops;
  // An interface that has gone down says so here.
  int error = 0;
  size = sizeof error;
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0) {
    ++counters_.errors;
    counters_.last_error = error;
  }
  return counters_;
}

}  // namespace pyscalp::net
