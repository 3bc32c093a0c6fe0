#include "net/xdp_receiver.hpp"

#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <thread>

#include "net/address.hpp"

namespace pyscalp::net {

namespace {

/// Least room of a queue, where many share what the options ask for: a feed's lines may
/// well all come by one of them. But all queues together pin no more than 512 MiB.
constexpr std::size_t kLeastFrames = 16'384;
constexpr std::size_t kMostFrames = 262'144;

std::uint32_t frames_a_queue(std::size_t burst, std::uint32_t queues) {
  const std::size_t all = std::bit_ceil(std::max<std::size_t>(burst, 64));
  const std::size_t share = std::bit_ceil(all / std::bit_floor(queues));
  const std::size_t wanted = std::max(share, std::min(all, kLeastFrames));
  const std::size_t most =
      std::bit_floor(std::max<std::size_t>(kMostFrames / queues, 64));
  return static_cast<std::uint32_t>(std::min(wanted, most));
}

/// Huge pages where there are some; else pages that may become huge ones.
Mapping frame_memory(std::size_t size, bool& huge) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
  Mapping memory(size, kFlags | MAP_HUGETLB, -1);
  if (memory) return memory;
  huge = false;
  memory = Mapping(size, kFlags & ~MAP_POPULATE, -1);
  if (memory) (void)::madvise(memory.data(), size, MADV_HUGEPAGE);
  return memory;
}

std::uint32_t load_acquire(std::uint32_t* at) {
  return std::atomic_ref(*at).load(std::memory_order_acquire);
}

void store_release(std::uint32_t* at, std::uint32_t value) {
  std::atomic_ref(*at).store(value, std::memory_order_release);
}

/// Binds a socket, an errno or 0. The kernel lets go of a queue some milliseconds after
/// the last owner's end, which may have been just now.
int bind_soon(int fd, const sockaddr_xdp& address) {
  constexpr auto kPause = std::chrono::milliseconds(5);
  for (int left = 100;; --left) {
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return 0;
    if (errno != EBUSY || left == 0) return errno;
    std::this_thread::sleep_for(kPause);
  }
}

std::string why_not_bound(int error, XdpMode mode) {
  if (error == EBUSY) return "the queue has an AF_XDP socket already";
  if (mode == XdpMode::kZeroCopy && (error == EOPNOTSUPP || error == EINVAL))
    return "the driver does not offer it";
  return detail::reason(error);
}

std::string why_not_attached(int error, XdpMode mode, const Interface& interface) {
  if (error == EBUSY)
    return "another XDP program is attached (`ip link show " + interface.name +
           "`); detach it";
  if (error == EOPNOTSUPP && mode != XdpMode::kGeneric)
    return "the driver" + (interface.driver.empty() ? "" : " " + interface.driver) +
           " runs no XDP programs";
  if (error == ERANGE || error == EINVAL)
    return "the driver refuses, most often for frames that are too long for it; lower "
           "the MTU (of a veth's other end to 3498)";
  if (error == EPERM || error == EACCES)
    return detail::reason(error) + "; run as root or with CAP_NET_ADMIN and CAP_BPF";
  return detail::reason(error);
}

}  // namespace

const char* name(XdpMode mode) {
  switch (mode) {
    case XdpMode::kAuto:
      return "auto";
    case XdpMode::kNative:
      return "native";
    case XdpMode::kZeroCopy:
      return "zero-copy";
    case XdpMode::kNativeCopy:
      return "native copy";
    case XdpMode::kGeneric:
      return "generic";
  }
  return "";
}

Opened<XdpReceiver> XdpReceiver::open(const ReceiverOptions& options, XdpMode mode) {
  if (auto unfit = detail::unfit_groups(options.groups)) return {std::nullopt, *unfit};
  auto interface = find_interface(options.interface_address);
  if (!interface) return {std::nullopt, interface.error};
  const std::string what = "no AF_XDP on " + interface->name;
  if (!interface->ethernet)
    return {std::nullopt, what + ": its frames have no Ethernet header"};
  std::vector<XdpMode> modes{mode};
  if (mode == XdpMode::kAuto && interface->is_virtual()) {
    modes = {XdpMode::kGeneric};
  } else if (mode == XdpMode::kAuto) {
    modes = {XdpMode::kZeroCopy, XdpMode::kNativeCopy, XdpMode::kGeneric};
  } else if (mode == XdpMode::kNative) {
    modes = {XdpMode::kZeroCopy, XdpMode::kNativeCopy};
  }
  std::string all;
  std::string why;
  for (const XdpMode one : modes) {
    auto receiver = open_in(options, *interface, one);
    if (receiver) return receiver;
    // What is wrong with all of them is said once.
    if (why == receiver.error) continue;
    why = receiver.error;
    all += (all.empty() ? "" : "; ") + std::string(name(one)) + ": " + why;
  }
  return {std::nullopt, what + ", " + all};
}

Opened<XdpReceiver> XdpReceiver::open_in(const ReceiverOptions& options,
                                         const Interface& interface, XdpMode mode) {
  XdpReceiver receiver(options.groups);
  receiver.interface_ = interface;
  receiver.mode_ = mode;
  auto program = detail::XdpProgram::load(options.groups, interface.queues);
  if (!program) return {std::nullopt, program.error};
  receiver.program_ = std::move(*program);
  const auto how = mode == XdpMode::kGeneric ? detail::XdpAttach::kGeneric
                                             : detail::XdpAttach::kNative;
  if (const int error = receiver.program_.attach(interface.index, how))
    return {std::nullopt, why_not_attached(error, mode, interface)};
  const std::uint32_t frames = frames_a_queue(options.burst, interface.queues);
  for (std::uint32_t queue = 0; queue < interface.queues; ++queue) {
    if (auto error = receiver.add_queue(queue, frames)) return {std::nullopt, *error};
  }
  auto joins = GroupJoins::open(options.groups, interface);
  if (!joins) return {std::nullopt, joins.error};
  receiver.joins_ = std::move(*joins);
  return {std::move(receiver), {}};
}

std::optional<std::string> XdpReceiver::add_queue(std::uint32_t number,
                                                  std::uint32_t frames) {
  const std::size_t size = std::size_t{frames} * kFrame;
  Queue queue;
  queue.mask = frames - 1;
  queue.frames = frame_memory(size, huge_pages_);
  if (!queue.frames)
    return "no memory for " + std::to_string(size >> 20) + " MiB of frames";
  queue.fd = Descriptor(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!queue.fd) {
    return "cannot open an AF_XDP socket: " + detail::reason(errno) +
           (errno == EPERM ? "; run as root or with CAP_NET_RAW" : "");
  }
  const int fd = queue.fd.get();
  xdp_umem_reg memory{};
  memory.addr = reinterpret_cast<std::uint64_t>(queue.frames.data());
  memory.len = size;
  memory.chunk_size = kFrame;
  if (::setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &memory, sizeof memory) != 0) {
    const bool limit = errno == ENOBUFS || errno == ENOMEM;
    return "cannot register " + std::to_string(size >> 20) +
           " MiB of frames: " + detail::reason(errno) +
           (limit ? "; raise `ulimit -l`, or run with CAP_IPC_LOCK" : "");
  }
  if (const int error = map_rings(queue, frames))
    return "cannot make the rings: " + detail::reason(error);
  // All frames are the kernel's to fill.
  auto* const addresses = reinterpret_cast<std::uint64_t*>(queue.fill.entries);
  for (std::uint32_t i = 0; i < frames; ++i) addresses[i] = std::uint64_t{i} * kFrame;
  queue.fill.at = frames;
  store_release(queue.fill.producer, frames);

  sockaddr_xdp address{};
  address.sxdp_family = AF_XDP;
  address.sxdp_ifindex = static_cast<std::uint32_t>(interface_.index);
  address.sxdp_queue_id = number;
  address.sxdp_flags = mode_ == XdpMode::kZeroCopy ? XDP_ZEROCOPY : XDP_COPY;
  if (const int error = bind_soon(fd, address)) return why_not_bound(error, mode_);
  if (const int error = program_.redirect(number, fd))
    return "cannot redirect to the socket: " + detail::reason(error);
  fds_.push_back(fd);
  queues_.push_back(std::move(queue));
  return std::nullopt;
}

int XdpReceiver::map_rings(Queue& queue, std::uint32_t frames) {
  const int fd = queue.fd.get();
  const int entries = static_cast<int>(frames);
  xdp_mmap_offsets offsets{};
  socklen_t size = sizeof offsets;
  // Nothing is sent, but the kernel wants the ring of what has been.
  constexpr int kCompletions = 64;
  if (!detail::set_option(fd, SOL_XDP, XDP_UMEM_FILL_RING, entries) ||
      !detail::set_option(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, kCompletions) ||
      !detail::set_option(fd, SOL_XDP, XDP_RX_RING, entries) ||
      ::getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size) != 0) {
    return errno;
  }
  const auto map = [&](const xdp_ring_offset& at, std::size_t entry, std::uint64_t page,
                       Mapping& memory, Ring& ring) {
    memory = Mapping(at.desc + frames * entry, MAP_SHARED | MAP_POPULATE, fd,
                     static_cast<std::int64_t>(page));
    if (!memory) return false;
    ring.producer = reinterpret_cast<std::uint32_t*>(memory.data() + at.producer);
    ring.consumer = reinterpret_cast<std::uint32_t*>(memory.data() + at.consumer);
    ring.entries = memory.data() + at.desc;
    return true;
  };
  if (!map(offsets.rx, sizeof(xdp_desc), XDP_PGOFF_RX_RING, queue.receive_map,
           queue.receive) ||
      !map(offsets.fr, sizeof(std::uint64_t), XDP_UMEM_PGOFF_FILL_RING, queue.fill_map,
           queue.fill)) {
    return errno;
  }
  return 0;
}

void XdpReceiver::release() {
  if (held_ == 0) return;
  Queue& queue = queues_[held_in_];
  const auto* const received = reinterpret_cast<const xdp_desc*>(queue.receive.entries);
  auto* const fill = reinterpret_cast<std::uint64_t*>(queue.fill.entries);
  for (; held_ != 0; --held_) {
    // There is room for every frame that exists. The kernel finds a frame's beginning.
    fill[queue.fill.at++ & queue.mask] = received[queue.receive.at++ & queue.mask].addr;
  }
  // Release: the addresses are written, and the frames read, before the kernel sees it.
  store_release(queue.fill.producer, queue.fill.at);
  store_release(queue.receive.consumer, queue.receive.at);
}

std::span<const Packet> XdpReceiver::poll() {
  release();
  for (std::size_t looked = 0; looked < queues_.size(); ++looked) {
    Queue& queue = queues_[next_];
    held_in_ = next_;
    if (++next_ == queues_.size()) next_ = 0;
    // Acquire: descriptors and frames were written before the producer moved.
    const std::uint32_t ready = load_acquire(queue.receive.producer) - queue.receive.at;
    if (ready == 0) continue;
    held_ = std::min(ready, static_cast<std::uint32_t>(kPacketsAtOnce));
    const auto* const received =
        reinterpret_cast<const xdp_desc*>(queue.receive.entries);
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < held_; ++i) {
      const xdp_desc& at = received[(queue.receive.at + i) & queue.mask];
      Packet& packet = packets_[count];
      packet.arrived = {};
      const Bytes frame(queue.frames.data() + at.addr, at.len);
      if (reader_.read(frame, false, packet, counters_)) ++count;
    }
    if (count != 0) return {packets_.data(), count};
    release();
  }
  return {};
}

ReceiverCounters XdpReceiver::counters() {
  for (const Queue& queue : queues_) {
    // An interface that is gone says so here, once.
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(queue.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
        error != 0) {
      ++counters_.errors;
      counters_.last_error = error;
    }
  }
  ReceiverCounters now = counters_;
  for (const Queue& queue : queues_) {
    xdp_statistics statistics{};
    socklen_t size = sizeof statistics;
    if (::getsockopt(queue.fd.get(), SOL_XDP, XDP_STATISTICS, &statistics, &size) != 0)
      continue;
    now.ring_dropped += statistics.rx_dropped + statistics.rx_ring_full;
  }
  return now;
}

}  // namespace pyscalp::net
