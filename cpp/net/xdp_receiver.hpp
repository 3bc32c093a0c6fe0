// AF_XDP: frames of the groups go from the interface's driver into memory of ours,
// past the kernel's network stack.
//
// One program (net/xdp_program.hpp) and one socket with its own memory for each receive
// queue. Everything that is not of the groups reaches the kernel as before; the groups
// themselves do not: other programs on this machine stop hearing them on this
// interface, as does a second receiver of this kind. Closing, or dying in any way,
// detaches the program. In native modes many drivers restart the link as the program
// comes and goes.
//
// Frames with a VLAN tag are left to the kernel. A card that strips tags (`ethtool -K
// eth0 rxvlan off` stops it) hides them from the program: then groups of the same
// address and port on another VLAN would be taken for ours. A sender on this machine is
// heard on the loopback and on veth only. The kernel gives no time of arrival here.
//
// Checksums: none of this has seen a kernel or card that would vouch for them, so all
// are verified; see net/frame_reader.hpp.
//
// Needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF, or root. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "net/frame_reader.hpp"
#include "net/interface.hpp"
#include "net/transport.hpp"
#include "net/xdp_program.hpp"

namespace pyscalp::net {

enum class XdpMode : std::uint8_t {
  kAuto,        ///< the first of the others that can be had; generic where virtual
  kNative,      ///< zero-copy or else native copy
  kZeroCopy,    ///< the card writes into our memory; few drivers, no virtual ones
  kNativeCopy,  ///< the driver redirects, the kernel copies once
  kGeneric,     ///< every driver; the kernel has made a packet of the frame already
};
const char* name(XdpMode mode);  ///< "zero-copy", "native copy", "generic"

class XdpReceiver {
 public:
  static constexpr bool kMemory = true;
  static constexpr std::uint32_t kFrame = 2'048;

  /// Where several modes are tried, the error says what each lacked.
  static Opened<XdpReceiver> open(const ReceiverOptions& options,
                                  XdpMode mode = XdpMode::kAuto);

  std::span<const Packet> poll();
  void release();
  ReceiverCounters counters();
  std::span<const int> descriptors() const { return fds_; }
  std::span<const Endpoint> groups() const { return reader_.groups(); }

  XdpMode mode() const { return mode_; }  ///< as had: one of the last three
  const Interface& interface() const { return interface_; }
  std::size_t queues() const { return queues_.size(); }
  bool huge_pages() const { return huge_pages_; }

 private:
  /// A ring that we and the kernel each move one end of.
  struct Ring {
    std::uint32_t* producer = nullptr;
    std::uint32_t* consumer = nullptr;
    std::byte* entries = nullptr;
    std::uint32_t at = 0;  ///< our end
  };
  struct Queue {
    Mapping frames;
    Mapping receive_map;
    Mapping fill_map;
    Descriptor fd;  ///< after the memory, so that the kernel lets go of it first
    Ring receive;
    Ring fill;
    std::uint32_t mask = 0;
  };

  explicit XdpReceiver(std::span<const Endpoint> groups) : reader_(groups) {}

  static Opened<XdpReceiver> open_in(const ReceiverOptions& options,
                                     const Interface& interface, XdpMode mode);
  std::optional<std::string> add_queue(std::uint32_t number, std::uint32_t frames);
  static int map_rings(Queue& queue, std::uint32_t frames);

  FrameReader reader_;
  Interface interface_;
  XdpMode mode_ = XdpMode::kAuto;
  GroupJoins joins_;
  std::vector<Queue> queues_;
  std::vector<int> fds_;
  detail::XdpProgram program_;
  bool huge_pages_ = true;
  std::size_t next_ = 0;     ///< queue to look at first
  std::size_t held_in_ = 0;  ///< queue whose packets are not yet given back
  std::uint32_t held_ = 0;
  ReceiverCounters counters_;
  std::array<Packet, kPacketsAtOnce> packets_;
};

static_assert(MemoryReceiver<XdpReceiver>);

}  // namespace pyscalp::net
