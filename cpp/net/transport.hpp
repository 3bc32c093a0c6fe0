// Transport: the ways in which multicast market data comes to the engine, behind one
// concept.
//
// A receiver hears several groups (the lines of a feed) on one interface and gives what
// has arrived in batches, in place where the transport allows. Whoever uses one is a
// template on it or holds net::AnyReceiver (net/receiver.hpp); no call goes through a
// vtable. Implementations, from the least delay on a network card to the most:
//
//   XdpReceiver       AF_XDP: past the kernel's network stack, zero-copy where offered
//   PacketRing        AF_PACKET: a ring shared with the kernel, before its IP layer
//   SocketReceiver    UDP sockets that are asked all the time; needs no privilege
//   BlockingReceiver  the same sockets, asleep in the kernel when nothing is there
//
// Where another one goes, such as ef_vi (AMD Solarflare) or DPDK: a class of its own
// that satisfies MarketDataReceiver, one more alternative of AnyReceiver, one more case
// in open_receiver. Its poll() reads the card's event queue (ef_eventq_poll,
// rte_eth_rx_burst), its release() gives the buffers back (ef_vi_receive_init + push,
// rte_pktmbuf_free), and net/frame_reader.hpp turns its frames into packets; GroupJoins
// (net/interface.hpp) asks the switch for the groups where the kernel still owns the
// port. Neither is part of this tree, as neither can be built or tried without its
// libraries and cards; a receiver of the tests (tests/cpp/live/pretend_card.hpp)
// goes the same way and drives the same session tests.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "net/socket.hpp"

namespace pyscalp::net {

/// One datagram of a group.
struct Packet {
  Bytes payload;            ///< valid until the receiver's next poll or release
  UnixNanos arrived{};      ///< by the card or the kernel; 0 where neither says
  std::uint32_t group = 0;  ///< which of the receiver's groups, by address and port
};

/// Packets a poll gives at most: orders and deadlines are not kept waiting for longer.
inline constexpr std::size_t kPacketsAtOnce = 32;

/// What 100 ms bring at 655,000 packets a second, the most that one core takes from
/// sockets: rings and socket buffers are sized for it.
inline constexpr std::size_t kBurst = 65'536;

struct ReceiverOptions {
  std::vector<Endpoint> groups;         ///< up to kGroupsMax; a packet names its index
  std::uint32_t interface_address = 0;  ///< the interface that has this address
  std::size_t burst = kBurst;           ///< packets that wait until they are polled
  bool stamps =
      false;  ///< sockets: ask the kernel for times of arrival, some 50 ns each
};

inline constexpr std::size_t kGroupsMax = 16;

/// Since the receiver was opened.
struct ReceiverCounters {
  std::uint64_t packets = 0;         ///< given by poll
  std::uint64_t kernel_dropped = 0;  ///< for want of room in a socket's buffer
  std::uint64_t ring_dropped = 0;    ///< for want of room in a ring
  std::uint64_t truncated = 0;       ///< longer than a frame of the ring, left out
  std::uint64_t malformed = 0;  ///< lengths or checksum wrong, or a fragment: left out
  std::uint64_t foreign = 0;    ///< of no group of ours, left out
  std::uint64_t errors = 0;     ///< of the socket; what it was is in `last_error`
  int last_error = 0;           ///< an errno

  /// Datagrams that reached this machine and not the engine.
  std::uint64_t lost() const {
    return kernel_dropped + ring_dropped + truncated + malformed;
  }
};

/// One thread at a time a receiver. No call waits, allocates or throws once it is open.
template <class T>
concept MarketDataReceiver = std::movable<T> && requires(T& receiver, const T& seen) {
  /// The oldest packets that have arrived, at most kPacketsAtOnce, often none. Packets
  /// of an earlier poll are given back. Lines that wait take turns.
  { receiver.poll() } -> std::same_as<std::span<const Packet>>;
  /// Gives packets back before the next poll does.
  { receiver.release() } -> std::same_as<void>;
  /// Asks the kernel for drops: a system call or two, for once in a while.
  { receiver.counters() } -> std::same_as<ReceiverCounters>;
  /// For whoever sleeps: one of them can be read when there is something to poll.
  { seen.descriptors() } -> std::same_as<std::span<const int>>;
  /// In the order of the options; sockets asked for port 0 have one by now.
  { seen.groups() } -> std::same_as<std::span<const Endpoint>>;
};

/// A receiver whose owner is to sleep in wait() when nothing is left to do.
template <class T>
concept SleepingReceiver = MarketDataReceiver<T> &&
    requires(T& receiver, std::span<const int> others, std::int64_t timeout_ns) {
  receiver.wait(others, timeout_ns);
};

/// A receiver whose poll looks at memory and makes no system call.
template <class T>
concept MemoryReceiver = MarketDataReceiver<T> && T::kMemory;

}  // namespace pyscalp::net
