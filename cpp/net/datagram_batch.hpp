// Many datagrams a system call, each with the kernel's time of its arrival and the true
// address of its sender: for recorders, to whom the moment matters more than the delay.
//
// Works on any UDP socket of this room. No call waits, allocates or throws once the
// batch is made. One thread at a time a batch, and one batch a socket.
#pragma once

#include <memory>
#include <span>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "net/socket.hpp"

namespace pyscalp::net {

struct Datagram {
  Bytes payload;         ///< valid until the batch receives again
  UnixNanos received{};  ///< by the kernel; by us where the kernel does not say
  Endpoint from;
};

class DatagramBatch {
 public:
  static constexpr std::size_t kMost = 64;  ///< datagrams a call
  /// More than IPv4 lets a datagram carry, so that none is ever cut.
  static constexpr std::size_t kLargest = 65'536;

  /// 4 MiB of address space; memory is taken as datagrams need it.
  DatagramBatch();
  ~DatagramBatch();
  DatagramBatch(const DatagramBatch&) = delete;
  DatagramBatch& operator=(const DatagramBatch&) = delete;

  /// Asks the kernel to tell time and drops of what arrives from now on.
  static void ask_for_times(int fd);

  /// What has arrived on the socket, oldest first, at most kMost of it. A full batch
  /// means that there may be more.
  std::span<const Datagram> receive(int fd);

  /// Datagrams that the kernel dropped for want of room in the socket's buffer, since
  /// the socket was opened; known as of the last datagram received, or of the last call
  /// of ask_drops.
  std::uint64_t dropped() const { return dropped_; }
  /// Asks the kernel, for the end of a recording: nothing may arrive any more that
  /// could tell.
  void ask_drops(int fd);
  std::uint64_t errors() const { return errors_; }
  int last_error() const { return last_error_; }

 private:
  struct Slots;

  void count_drops(std::uint32_t kernel_total);

  std::unique_ptr<Slots> slots_;
  std::unique_ptr<std::byte[]> buffer_;
  std::array<Datagram, kMost> datagrams_;
  std::uint32_t kernel_drops_ = 0;  ///< the kernel's own counter, which wraps
  std::uint64_t dropped_ = 0;
  std::uint64_t errors_ = 0;
  int last_error_ = 0;
};

}  // namespace pyscalp::net
