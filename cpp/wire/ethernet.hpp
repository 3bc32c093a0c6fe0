// Frames of a network: link header, IPv4, UDP and as much of TCP as puts its payloads
// in order. And the frame around a UDP payload, for recording.
//
// Sources: IEEE 802.3, 802.1Q and 802.1ad; RFC 791, 768, 9293; tcpdump's link types.
// Big-endian. Fragments are named, not put together: no feed sends any. Stateless.
#pragma once

#include "base/bytes.hpp"
#include "wire/pcap.hpp"

namespace pyscalp::wire::ethernet {

enum class Transport : std::uint8_t { kUdp = 17, kTcp = 6 };

/// Who talks to whom. Addresses are IPv4, in the host's order (1.2.3.4 = 0x01020304).
struct Flow {
  std::uint32_t source_address = 0;
  std::uint32_t destination_address = 0;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  Transport transport = Transport::kUdp;
  friend bool operator==(const Flow&, const Flow&) = default;
};

// Bits of Payload::tcp_flags.
inline constexpr std::uint8_t kFin = 0x01;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kRst = 0x04;

struct Payload {
  Flow flow;
  Bytes bytes;  ///< what the sender handed to its socket, without the frame's padding
  std::uint32_t tcp_sequence =
      0;  ///< number of the first byte (of the SYN, if it is set)
  std::uint8_t tcp_flags = 0;
  Bytes ip_header;  ///< with its options
  Bytes segment;    ///< UDP or TCP header and payload
};

enum class FrameStatus : std::uint8_t {
  kOk,
  kUnknownLink,   ///< a link type that this decoder cannot look into
  kCut,           ///< captured bytes end inside a header or before the stated length
  kNotIpv4,       ///< ARP, IPv6, LLDP, 802.3 length …
  kBadIpHeader,   ///< header length below 20 bytes or above the total length
  kFragment,      ///< part of a larger datagram
  kNotUdpOrTcp,   ///< ICMP, IGMP, PIM …
  kBadUdpLength,  ///< UDP's length is below its header or above what IPv4 carries
  kBadTcpHeader,  ///< TCP's header length is below 20 bytes or above the segment
};

namespace detail {

inline constexpr std::uint16_t kTypeIpv4 = 0x0800;

/// One's complement sum of RFC 1071, not yet folded. Bytes are taken in pairs, and
/// pairs of them while there are enough: folding adds the halves up.
inline std::uint64_t checksum_add(std::uint64_t sum, Bytes bytes) {
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    const auto words = load_be<std::uint64_t>(bytes.data() + at);
    sum += (words >> 32) + (words & 0xFFFF'FFFF);
  }
  for (; at + 2 <= bytes.size(); at += 2) {
    sum += load_be<std::uint16_t>(bytes.data() + at);
  }
  if (at < bytes.size()) sum += std::to_integer<std::uint64_t>(bytes[at]) << 8;
  return sum;
}

inline std::uint16_t checksum_fold(std::uint64_t sum) {
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// What UDP and TCP sum of the layer below, besides their own segment.
inline std::uint64_t pseudo_header_sum(std::uint32_t source, std::uint32_t destination,
                                       Transport transport, std::size_t size) {
  return std::uint64_t{source >> 16} + (source & 0xFFFF) + (destination >> 16) +
         (destination & 0xFFFF) + static_cast<std::uint8_t>(transport) + size;
}

/// Leaves the network packet in `packet`, or says why there is none.
inline FrameStatus strip_link(std::uint32_t link_type, Bytes frame, Bytes& packet) {
  std::size_t type_at = 0;  // where the EtherType stands
  std::size_t header = 0;   // size of the link header
  switch (link_type) {
    case pcap::kEthernet:
      type_at = 12, header = 14;
      break;
    case pcap::kLinuxCooked:
      type_at = 14, header = 16;
      break;
    case pcap::kLinuxCooked2:
      type_at = 0, header = 20;
      break;
    case pcap::kNull:
    case pcap::kLoopback: {
      if (frame.size() < 4) return FrameStatus::kCut;
      // 2 is IPv4 everywhere; link type 0 has it in the order of the writing host.
      const auto family = load_be<std::uint32_t>(frame.data());
      const bool ipv4 = family == 2 || (link_type == pcap::kNull && family == 2u << 24);
      packet = frame.subspan(4);
      return ipv4 ? FrameStatus::kOk : FrameStatus::kNotIpv4;
    }
    case pcap::kRawIp:
    case pcap::kRawIpBsd:
      packet = frame;
      return FrameStatus::kOk;
    default:
      return FrameStatus::kUnknownLink;
  }
  if (frame.size() < header) return FrameStatus::kCut;
  auto type = load_be<std::uint16_t>(frame.data() + type_at);
  while (type == 0x8100 || type == 0x88A8 || type == 0x9100) {  // VLAN tags
    if (frame.size() < header + 4) return FrameStatus::kCut;
    type = load_be<std::uint16_t>(frame.data() + header + 2);
    header += 4;
  }
  packet = frame.subspan(header);
  return type == kTypeIpv4 ? FrameStatus::kOk : FrameStatus::kNotIpv4;
}

inline FrameStatus decode_udp(Bytes segment, Payload& payload) {
  if (segment.size() < 8) return FrameStatus::kBadUdpLength;
  const std::size_t size = load_be<std::uint16_t>(segment.data() + 4);
  if (size < 8 || size > segment.size()) return FrameStatus::kBadUdpLength;
  payload.segment = segment.first(size);
  payload.bytes = segment.subspan(8, size - 8);
  return FrameStatus::kOk;
}

inline FrameStatus decode_tcp(Bytes segment, Payload& payload) {
  if (segment.size() < 20) return FrameStatus::kBadTcpHeader;
  const std::size_t header = std::to_integer<std::size_t>(segment[12] >> 4) * 4;
  if (header < 20 || header > segment.size()) return FrameStatus::kBadTcpHeader;
  payload.tcp_sequence = load_be<std::uint32_t>(segment.data() + 4);
  payload.tcp_flags = std::to_integer<std::uint8_t>(segment[13]);
  payload.segment = segment;
  payload.bytes = segment.subspan(header);
  return FrameStatus::kOk;
}

}  // namespace detail

/// Finds the payload of a UDP datagram or TCP segment in a frame of `link_type`
/// (wire/pcap.hpp). Checksums are not looked at: capture points often see them before
/// the network card has filled them in; `checksums_ok` does that. On any status but
/// kOk, `payload` holds nothing of use.
inline FrameStatus decode(std::uint32_t link_type, Bytes frame, Payload& payload) {
  Bytes ip;
  const FrameStatus link = detail::strip_link(link_type, frame, ip);
  if (link != FrameStatus::kOk) return link;
  if (ip.empty()) return FrameStatus::kCut;
  if (std::to_integer<int>(ip[0] >> 4) != 4) return FrameStatus::kNotIpv4;
  if (ip.size() < 20) return FrameStatus::kCut;
  const std::size_t header = std::to_integer<std::size_t>(ip[0] & std::byte{15}) * 4;
  const std::size_t total = load_be<std::uint16_t>(ip.data() + 2);
  if (header < 20 || total < header) return FrameStatus::kBadIpHeader;
  if (total > ip.size()) return FrameStatus::kCut;
  // All but "more fragments" and the offset are flags of no interest here.
  if ((load_be<std::uint16_t>(ip.data() + 6) & 0x3FFF) != 0) {
    return FrameStatus::kFragment;
  }
  const int protocol = std::to_integer<int>(ip[9]);
  const bool udp = protocol == static_cast<int>(Transport::kUdp);
  if (!udp && protocol != static_cast<int>(Transport::kTcp)) {
    return FrameStatus::kNotUdpOrTcp;
  }
  payload = {};
  payload.ip_header = ip.first(header);
  const Bytes segment = ip.subspan(header, total - header);  // not the frame's padding
  const FrameStatus status =
      udp ? detail::decode_udp(segment, payload) : detail::decode_tcp(segment, payload);
  if (status != FrameStatus::kOk) return status;
  payload.flow = {.source_address = load_be<std::uint32_t>(ip.data() + 12),
                  .destination_address = load_be<std::uint32_t>(ip.data() + 16),
                  .source_port = load_be<std::uint16_t>(segment.data()),
                  .destination_port = load_be<std::uint16_t>(segment.data() + 2),
                  .transport = udp ? Transport::kUdp : Transport::kTcp};
  return FrameStatus::kOk;
}

/// True where the checksums of a decoded payload's IPv4 header and of its segment are
/// right. A UDP checksum of 0 was not computed by the sender, and is right.
inline bool checksums_ok(const Payload& payload) {
  using namespace detail;
  if (checksum_fold(checksum_add(0, payload.ip_header)) != 0) return false;
  const Flow& flow = payload.flow;
  if (flow.transport == Transport::kUdp &&
      load_be<std::uint16_t>(payload.segment.data() + 6) == 0) {
    return true;
  }
  const std::uint64_t sum =
      pseudo_header_sum(flow.source_address, flow.destination_address, flow.transport,
                        payload.segment.size());
  return checksum_fold(checksum_add(sum, payload.segment)) == 0;
}

/// True where the IPv4 header's checksum is right, and the UDP checksum is that of the
/// pseudo header alone: a sender on this machine has left the rest to a network card.
inline bool checksum_unfinished(const Payload& payload) {
  using namespace detail;
  const Flow& flow = payload.flow;
  if (flow.transport != Transport::kUdp) return false;
  if (checksum_fold(checksum_add(0, payload.ip_header)) != 0) return false;
  const std::uint16_t begun =
      checksum_fold(pseudo_header_sum(flow.source_address, flow.destination_address,
                                      flow.transport, payload.segment.size()));
  return load_be<std::uint16_t>(payload.segment.data() + 6) ==
         static_cast<std::uint16_t>(~begun);
}

/// Ethernet, IPv4 and UDP headers.
inline constexpr std::size_t kUdpFrameHeaderSize = 14 + 20 + 8;
/// IPv4's largest packet without the headers of IPv4 and UDP.
inline constexpr std::size_t kMaxUdpPayload = 65'535 - 20 - 8;

/// Writes the kUdpFrameHeaderSize bytes that stand before a UDP payload on Ethernet,
/// with right checksums; `flow.transport` is not looked at. Hardware addresses are made
/// up: locally administered, or the group's own where the destination is multicast.
/// False, and nothing written, where the payload is too large for one datagram.
inline bool encode_udp_header(const Flow& flow, Bytes payload, std::byte* out) {
  using namespace detail;
  if (payload.size() > kMaxUdpPayload) return false;
  const auto udp_size = static_cast<std::uint16_t>(8 + payload.size());
  const std::uint32_t group = flow.destination_address;
  const bool multicast = group >> 28 == 0xE;
  Writer writer(out);
  if (multicast) {
    writer(std::uint16_t{0x0100}), writer(0x5E000000u | (group & 0x7FFFFFu));
  } else {
    writer(std::uint16_t{0x0200}), writer(group);
  }
  writer(std::uint16_t{0x0200}), writer(flow.source_address);
  writer(kTypeIpv4);

  std::byte* const ip = out + 14;
  writer(std::uint16_t{0x4500}), writer(static_cast<std::uint16_t>(20 + udp_size));
  writer(std::uint16_t{0}), writer(std::uint16_t{0x4000});  // do not fragment
  writer(std::uint8_t{64}), writer(static_cast<std::uint8_t>(Transport::kUdp));
  writer(std::uint16_t{0});
  writer(flow.source_address), writer(flow.destination_address);
  store_be(ip + 10, checksum_fold(checksum_add(0, Bytes(ip, 20))));

  std::byte* const udp = ip + 20;
  writer(flow.source_port), writer(flow.destination_port);
  writer(udp_size), writer(std::uint16_t{0});
  std::uint64_t sum = pseudo_header_sum(flow.source_address, flow.destination_address,
                                        Transport::kUdp, udp_size);
  sum = checksum_add(checksum_add(sum, Bytes(udp, 8)), payload);
  const std::uint16_t checksum = checksum_fold(sum);
  store_be(udp + 6, checksum == 0 ? std::uint16_t{0xFFFF} : checksum);
  return true;
}

}  // namespace pyscalp::wire::ethernet
