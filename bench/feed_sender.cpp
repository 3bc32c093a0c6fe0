#include "bench/feed_sender.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace pyscalp::bench {

net::Opened<FeedSender> FeedSender::open(const net::Endpoint& group,
                                         std::uint32_t interface_address) {
  auto socket = net::UdpSender::open(group, interface_address);
  if (!socket) return {std::nullopt, socket.error};
  FeedSender sender(std::move(*socket));
  sender.flow_ = {interface_address, group.address,
                  net::detail::local_endpoint(sender.sender_.fd()).port, group.port};
  sender.open_frames(interface_address);
  return {std::move(sender), {}};
}

/// Not on the loopback, where the kernel lets frames of its own addresses in only from
/// its own sockets.
void FeedSender::open_frames(std::uint32_t interface_address) {
  const auto interface = net::find_interface(interface_address);
  if (!interface.value || interface.value->loopback || !interface.value->ethernet)
    return;
  net::Descriptor frames(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = interface.value->index;
  const int yes = 1;
  if (!frames ||
      ::setsockopt(frames.get(), SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) !=
          0 ||
      ::bind(frames.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return;
  frames_ = std::move(frames);
}

void FeedSender::prepare(Bytes payload) {
  std::byte* const at = frame_.data() + wire::ethernet::kUdpFrameHeaderSize;
  size_ = std::min(payload.size(), kMaxPayload);
  std::memcpy(at, payload.data(), size_);
  if (frames_) wire::ethernet::encode_udp_header(flow_, {at, size_}, frame_.data());
}

bool FeedSender::send() {
  constexpr std::size_t kHeader = wire::ethernet::kUdpFrameHeaderSize;
  if (!frames_)
    return sender_.send({frame_.data() + kHeader, size_}).status == net::IoStatus::kOk;
  const std::size_t size = kHeader + size_;
  return ::send(frames_.get(), frame_.data(), size, MSG_DONTWAIT) ==
         static_cast<ssize_t>(size);
}

}  // namespace pyscalp::bench
