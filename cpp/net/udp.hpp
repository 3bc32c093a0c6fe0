// UDP: a line of multicast market data in and out, and unicast for retransmission.
//
// Every socket is non-blocking; no call waits, allocates or throws once it is open. One
// thread at a time a socket.
#pragma once

#include "base/bytes.hpp"
#include "net/socket.hpp"

namespace pyscalp::net {

/// What `receive` returns when no datagram is waiting.
inline constexpr std::ptrdiff_t kNoDatagram = -1;

/// Joins one multicast group on the interface with the given address.
class UdpReceiver {
 public:
  static constexpr int kDefaultBuffer = 8 << 20;

  /// `group.port` 0 takes any free port. The socket is bound to the group's address, so
  /// that groups which share a port stay apart. `buffer_size` is what is asked of the
  /// kernel, in bytes; buffer_size() says what it gave.
  static Opened<UdpReceiver> open(const Endpoint& group,
                                  std::uint32_t interface_address,
                                  int buffer_size = kDefaultBuffer);

  /// Size of the datagram now in `into`, or kNoDatagram. A datagram longer than `into`
  /// is dropped and counted in truncated(); an error of the socket in errors().
  std::ptrdiff_t receive(MutableBytes into);

  const Endpoint& endpoint() const { return endpoint_; }  ///< group and bound port
  int fd() const { return descriptor_.get(); }
  int buffer_size() const { return buffer_size_; }
  /// Datagrams that the kernel dropped for want of room (SO_RXQ_OVFL); known as of the
  /// last datagram received.
  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t truncated() const { return truncated_; }
  std::uint64_t errors() const { return errors_; }
  int last_error() const { return last_error_; }

 private:
  void count_drops(std::uint32_t kernel_total);

  Descriptor descriptor_;
  Endpoint endpoint_;
  int buffer_size_ = 0;
  std::uint32_t kernel_drops_ = 0;  ///< the kernel's own counter, which wraps
  std::uint64_t dropped_ = 0;
  std::uint64_t truncated_ = 0;
  std::uint64_t errors_ = 0;
  int last_error_ = 0;
};

/// Sends to one multicast group from the interface with the given address. Datagrams
/// are looped back to receivers on this machine and stay on it (TTL 0) when the
/// interface is the loopback; else they reach the local network (TTL 1).
class UdpSender {
 public:
  static Opened<UdpSender> open(const Endpoint& group, std::uint32_t interface_address);

  IoResult send(Bytes datagram);

  const Endpoint& endpoint() const { return endpoint_; }
  int fd() const { return descriptor_.get(); }

 private:
  Descriptor descriptor_;
  Endpoint endpoint_;
};

/// Unicast: the client and the server of retransmission.
class UdpSocket {
 public:
  /// A server's socket; port 0 takes any free port.
  static Opened<UdpSocket> bind(const Endpoint& local);
  /// A client's socket, on a free port, that sends to `remote` and hears only it.
  static Opened<UdpSocket> connect(const Endpoint& remote);

  /// As UdpReceiver::receive. `from` becomes the sender's address where it is given.
  std::ptrdiff_t receive(MutableBytes into, Endpoint* from = nullptr);
  /// To the remote end that the socket was connected with.
  IoResult send(Bytes datagram);
  IoResult send_to(Bytes datagram, const Endpoint& remote);

  const Endpoint& endpoint() const { return endpoint_; }  ///< local address and port
  int fd() const { return descriptor_.get(); }
  std::uint64_t truncated() const { return truncated_; }
  /// Errors that reading met, such as a "connection refused" for an earlier datagram.
  std::uint64_t errors() const { return errors_; }
  int last_error() const { return last_error_; }

 private:
  Descriptor descriptor_;
  Endpoint endpoint_;
  std::uint64_t truncated_ = 0;
  std::uint64_t errors_ = 0;
  int last_error_ = 0;
};

/// A UDP port that is free on this machine now; 0 where none could be found. For a
/// multicast sender that was told "any port".
std::uint16_t free_udp_port();

}  // namespace pyscalp::net
