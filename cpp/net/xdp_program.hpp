// The small program that an interface runs on each frame for XdpReceiver, and the
// bpf system calls around it. Kernel headers are enough to build it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "net/socket.hpp"

namespace pyscalp::net::detail {

/// How an interface runs the program.
enum class XdpAttach : std::uint8_t {
  kNative,   ///< by the driver, before the kernel has made a packet of the frame
  kGeneric,  ///< by the kernel, for every driver
};

/// Redirects IPv4 without options, no fragment, UDP, to one of the groups, without a
/// VLAN tag, to the AF_XDP socket of the queue that the frame came by. All else, and
/// queues without a socket, go on to the kernel as if it were not there.
class XdpProgram {
 public:
  /// Loads it; `queues` is how many sockets it can redirect to.
  static Opened<XdpProgram> load(std::span<const Endpoint> groups,
                                 std::uint32_t queues);

  /// An errno, or 0: from then on the interface runs it. EBUSY: it runs another one.
  /// Ends with this object or its process, however that dies.
  int attach(int interface_index, XdpAttach how);
  /// Frames of the queue go to the socket from now on; an errno, or 0.
  int redirect(std::uint32_t queue, int socket);

 private:
  Descriptor map_;
  Descriptor program_;
  Descriptor link_;
};

}  // namespace pyscalp::net::detail
