// UDP sockets, one a group, that are asked all the time. Needs no privilege.
//
// In quiet times one datagram is read a call, which is quickest; while a line has more,
// batches grow up to kPacketsAtOnce a call (recvmmsg). The kernel has verified the
// checksum, put fragments together and told groups and interfaces apart. One thread at
// a time.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "net/transport.hpp"
#include "net/udp.hpp"

namespace pyscalp::net {

class SocketReceiver {
 public:
  /// IPv4 carries no larger datagram.
  static constexpr std::size_t kLargest = 65'536;

  static Opened<SocketReceiver> open(const ReceiverOptions& options);

  std::span<const Packet> poll();
  void release() {}
  ReceiverCounters counters();
  std::span<const int> descriptors() const { return fds_; }
  std::span<const Endpoint> groups() const { return groups_; }

  /// Room that the kernel gave each socket, in bytes of its own counting.
  int buffer_size() const { return buffer_size_; }
  /// Bytes that the kernel counts for a datagram of up to 1,500 bytes.
  static constexpr int kDatagramCost = 2'304;

 private:
  struct Slots;
  /// Where datagram `i` of a batch goes. An odd number of cache lines apart: slots a
  /// power of two apart would fight for the same few places of the cache.
  static constexpr std::size_t kStride = kLargest + 17 * 64;

  SocketReceiver();

  std::size_t read_one(std::size_t line);
  std::size_t read_batch(std::size_t line);
  void note_error(int error);

  std::vector<UdpReceiver> lines_;
  std::vector<int> fds_;
  std::vector<Endpoint> groups_;
  std::vector<std::size_t> wanted_;  ///< datagrams to ask for, a line
  std::vector<std::uint32_t> kernel_drops_;
  /// Freed with their types known where those are complete.
  std::unique_ptr<Slots, void (*)(Slots*)> slots_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t next_ = 0;  ///< line to ask first
  bool stamps_ = false;
  int buffer_size_ = 0;
  ReceiverCounters counters_;
  std::array<Packet, kPacketsAtOnce> packets_;
};

static_assert(MarketDataReceiver<SocketReceiver>);

}  // namespace pyscalp::net
