#include "net/udp.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "net/address.hpp"

namespace pyscalp::net {

namespace {

Descriptor udp_socket() {
  return Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

IoResult sent(ssize_t size) {
  if (size >= 0) return {IoStatus::kOk, static_cast<std::size_t>(size), 0};
  return detail::failed(errno);
}

constexpr int kServerBuffer = 4 << 20;

}  // namespace

Opened<UdpReceiver> UdpReceiver::open(const Endpoint& group,
                                      std::uint32_t interface_address,
                                      int buffer_size) {
  if (!group.is_multicast()) {
    return {std::nullopt, "cannot join " + endpoint_text(group) +
                              ": not a multicast group; use 224.0.0.0 to "
                              "239.255.255.255"};
  }
  UdpReceiver receiver;
  receiver.descriptor_ = udp_socket();
  const int fd = receiver.fd();
  if (fd < 0)
    return {std::nullopt, detail::failure("cannot open a socket for", group, errno)};
  detail::set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  // Beyond net.core.rmem_max where the process has the right, else up to it.
  if (!detail::set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, buffer_size))
    detail::set_option(fd, SOL_SOCKET, SO_RCVBUF, buffer_size);
  socklen_t size = sizeof receiver.buffer_size_;
  ::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receiver.buffer_size_, &size);
#ifdef SO_RXQ_OVFL
  detail::set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
#endif
#ifdef IP_MULTICAST_ALL
  detail::set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
#endif
  if (!detail::bind_to(fd, group))
    return {std::nullopt, detail::failure("cannot bind", group, errno)};
  receiver.endpoint_ = detail::local_endpoint(fd);
  ip_mreqn request{};
  request.imr_multiaddr.s_addr = htonl(group.address);
  request.imr_address.s_addr = htonl(interface_address);
  if (::setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) != 0) {
    const std::string what =
        "on interface " + address_text(interface_address) + ", cannot join";
    return {std::nullopt, detail::failure(what, receiver.endpoint_, errno)};
  }
  return {std::move(receiver), {}};
}

std::ptrdiff_t UdpReceiver::receive(MutableBytes into) {
  iovec part{into.data(), into.size()};
  alignas(cmsghdr) char control[64];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = ::recvmsg(fd(), &message, 0);
  if (size < 0) {
    const IoResult result = detail::failed(errno);
    if (result.status == IoStatus::kError) {
      ++errors_;
      last_error_ = result.error;
    }
    return kNoDatagram;
  }
#ifdef SO_RXQ_OVFL
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SO_RXQ_OVFL) continue;
    std::uint32_t total;
    std::memcpy(&total, CMSG_DATA(header), sizeof total);
    count_drops(total);
  }
#endif
  if ((message.msg_flags & MSG_TRUNC) != 0) {
    ++truncated_;
    return kNoDatagram;
  }
  return size;
}

void UdpReceiver::count_drops(std::uint32_t kernel_total) {
  dropped_ += kernel_total - kernel_drops_;
  kernel_drops_ = kernel_total;
}

Opened<UdpSender> UdpSender::open(const Endpoint& group,
                                  std::uint32_t interface_address) {
  if (!group.is_multicast()) {
    return {std::nullopt, "cannot send to " + endpoint_text(group) +
                              ": not a multicast group; use 224.0.0.0 to "
                              "239.255.255.255"};
  }
  UdpSender sender;
  sender.endpoint_ = group;
  sender.descriptor_ = udp_socket();
  const int fd = sender.fd();
  if (fd < 0)
    return {std::nullopt, detail::failure("cannot open a socket for", group, errno)};
  const bool loopback = Endpoint{interface_address, 0}.is_loopback();
  detail::set_option(fd, SOL_SOCKET, SO_SNDBUF, kServerBuffer);
  detail::set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
  detail::set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, loopback ? 0 : 1);
  ip_mreqn request{};
  request.imr_address.s_addr = htonl(interface_address);
  if (::setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) != 0) {
    const std::string what =
        "from interface " + address_text(interface_address) + ", cannot send to";
    return {std::nullopt, detail::failure(what, group, errno)};
  }
  const sockaddr_in address = detail::to_sockaddr(group);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {std::nullopt, detail::failure("cannot send to", group, errno)};
  return {std::move(sender), {}};
}

IoResult UdpSender::send(Bytes datagram) {
  return sent(::send(fd(), datagram.data(), datagram.size(), MSG_NOSIGNAL));
}

Opened<UdpSocket> UdpSocket::bind(const Endpoint& local) {
  UdpSocket socket;
  socket.descriptor_ = udp_socket();
  const int fd = socket.fd();
  if (fd < 0)
    return {std::nullopt, detail::failure("cannot open a socket for", local, errno)};
  detail::set_option(fd, SOL_SOCKET, SO_RCVBUF, kServerBuffer);
  detail::set_option(fd, SOL_SOCKET, SO_SNDBUF, kServerBuffer);
  if (!detail::bind_to(fd, local))
    return {std::nullopt, detail::failure("cannot bind", local, errno)};
  socket.endpoint_ = detail::local_endpoint(fd);
  return {std::move(socket), {}};
}

Opened<UdpSocket> UdpSocket::connect(const Endpoint& remote) {
  UdpSocket socket;
  socket.descriptor_ = udp_socket();
  const int fd = socket.fd();
  if (fd < 0)
    return {std::nullopt, detail::failure("cannot open a socket for", remote, errno)};
  detail::set_option(fd, SOL_SOCKET, SO_RCVBUF, kServerBuffer);
  const sockaddr_in address = detail::to_sockaddr(remote);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {std::nullopt, detail::failure("cannot send to", remote, errno)};
  socket.endpoint_ = detail::local_endpoint(fd);
  return {std::move(socket), {}};
}

std::ptrdiff_t UdpSocket::receive(MutableBytes into, Endpoint* from) {
  iovec part{into.data(), into.size()};
  sockaddr_in address{};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const ssize_t size = ::recvmsg(fd(), &message, 0);
  if (size < 0) {
    const IoResult result = detail::failed(errno);
    if (result.status == IoStatus::kError) {
      ++errors_;
      last_error_ = result.error;
    }
    return kNoDatagram;
  }
  if (from != nullptr) *from = detail::from_sockaddr(address);
  if ((message.msg_flags & MSG_TRUNC) != 0) {
    ++truncated_;
    return kNoDatagram;
  }
  return size;
}

IoResult UdpSocket::send(Bytes datagram) {
  return sent(::send(fd(), datagram.data(), datagram.size(), MSG_NOSIGNAL));
}

IoResult UdpSocket::send_to(Bytes datagram, const Endpoint& remote) {
  const sockaddr_in address = detail::to_sockaddr(remote);
  return sent(::sendto(fd(), datagram.data(), datagram.size(), MSG_NOSIGNAL,
                       reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

std::uint16_t free_udp_port() {
  const Descriptor probe = udp_socket();
  if (!probe || !detail::bind_to(probe.get(), {})) return 0;
  return detail::local_endpoint(probe.get()).port;
}

}  // namespace pyscalp::net
