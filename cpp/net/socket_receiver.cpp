#include "net/socket_receiver.hpp"

#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "net/address.hpp"
#include "net/interface.hpp"

namespace pyscalp::net {

struct SocketReceiver::Slots {
  struct alignas(cmsghdr) Control {
    char bytes[CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(std::uint32_t))];
  };
  std::array<mmsghdr, kPacketsAtOnce> messages{};
  std::array<iovec, kPacketsAtOnce> parts{};
  std::array<Control, kPacketsAtOnce> controls{};
};

SocketReceiver::SocketReceiver()
    : slots_(new Slots, [](Slots* slots) { delete slots; }),
      // Zeroed, which brings its pages in: the first packets wait for no page fault.
      buffer_(std::make_unique<std::byte[]>(kPacketsAtOnce * kStride)) {
  for (std::size_t i = 0; i < kPacketsAtOnce; ++i) {
    slots_->parts[i] = {buffer_.get() + i * kStride, kLargest};
    slots_->messages[i].msg_hdr.msg_iov = &slots_->parts[i];
    slots_->messages[i].msg_hdr.msg_iovlen = 1;
  }
}

Opened<SocketReceiver> SocketReceiver::open(const ReceiverOptions& options) {
  if (options.groups.empty() || options.groups.size() > kGroupsMax)
    return {std::nullopt, *detail::unfit_groups(options.groups)};
  SocketReceiver receiver;
  receiver.stamps_ = options.stamps;
  receiver.buffer_size_ = std::numeric_limits<int>::max();
  const std::size_t room = std::min<std::size_t>(options.burst * kDatagramCost,
                                                 std::numeric_limits<int>::max() / 2);
  for (const Endpoint& group : options.groups) {
    auto line =
        UdpReceiver::open(group, options.interface_address, static_cast<int>(room));
    if (!line) return {std::nullopt, line.error};
    if (options.stamps) detail::set_option(line->fd(), SOL_SOCKET, SO_TIMESTAMPNS, 1);
    receiver.fds_.push_back(line->fd());
    receiver.groups_.push_back(line->endpoint());
    receiver.buffer_size_ = std::min(receiver.buffer_size_, line->buffer_size());
    receiver.lines_.push_back(std::move(*line));
  }
  receiver.wanted_.assign(options.groups.size(), 1);
  receiver.kernel_drops_.assign(options.groups.size(), 0);
  return {std::move(receiver), {}};
}

std::span<const Packet> SocketReceiver::poll() {
  for (std::size_t asked = 0; asked < fds_.size(); ++asked) {
    const std::size_t line = next_;
    if (++next_ == fds_.size()) next_ = 0;
    const bool single = wanted_[line] == 1 && !stamps_;
    const std::size_t count = single ? read_one(line) : read_batch(line);
    wanted_[line] =
        count == wanted_[line] ? std::min(2 * count, kPacketsAtOnce) : std::size_t{1};
    if (count != 0) return {packets_.data(), count};
  }
  return {};
}

std::size_t SocketReceiver::read_one(std::size_t line) {
  const ssize_t size = ::recv(fds_[line], buffer_.get(), kLargest, MSG_DONTWAIT);
  if (size < 0) {
    note_error(errno);
    return 0;
  }
  packets_[0] = {Bytes(buffer_.get(), static_cast<std::size_t>(size)), UnixNanos{},
                 static_cast<std::uint32_t>(line)};
  ++counters_.packets;
  return 1;
}

std::size_t SocketReceiver::read_batch(std::size_t line) {
  const std::size_t wanted = wanted_[line];
  if (stamps_) {
    for (std::size_t i = 0; i < wanted; ++i) {
      msghdr& message = slots_->messages[i].msg_hdr;
      message.msg_control = slots_->controls[i].bytes;
      message.msg_controllen = sizeof slots_->controls[i].bytes;
    }
  }
  const int got = ::recvmmsg(fds_[line], slots_->messages.data(),
                             static_cast<unsigned>(wanted), MSG_DONTWAIT, nullptr);
  if (got < 0) {
    note_error(errno);
    return 0;
  }
  const auto count = static_cast<std::size_t>(got);
  for (std::size_t i = 0; i < count; ++i) {
    mmsghdr& slot = slots_->messages[i];
    packets_[i] = {Bytes(buffer_.get() + i * kStride, slot.msg_len), UnixNanos{},
                   static_cast<std::uint32_t>(line)};
    if (!stamps_) continue;
    for (cmsghdr* header = CMSG_FIRSTHDR(&slot.msg_hdr); header != nullptr;
         header = CMSG_NXTHDR(&slot.msg_hdr, header)) {
      if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_TIMESTAMPNS)
        continue;
      timespec time;
      std::memcpy(&time, CMSG_DATA(header), sizeof time);
      packets_[i].arrived = {std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec};
    }
  }
  counters_.packets += count;
  return count;
}

void SocketReceiver::note_error(int error) {
  const IoResult result = detail::failed(error);
  if (result.status != IoStatus::kError) return;
  ++counters_.errors;
  counters_.last_error = result.error;
}

ReceiverCounters SocketReceiver::counters() {
  for (std::size_t line = 0; line < fds_.size(); ++line) {
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t size = sizeof memory;
    if (::getsockopt(fds_[line], SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0 ||
        size <= SK_MEMINFO_DROPS * sizeof memory[0]) {
      continue;
    }
    // The kernel's counter wraps.
    counters_.kernel_dropped += memory[SK_MEMINFO_DROPS] - kernel_drops_[line];
    kernel_drops_[line] = memory[SK_MEMINFO_DROPS];
  }
  return counters_;
}

}  // namespace pyscalp::net
