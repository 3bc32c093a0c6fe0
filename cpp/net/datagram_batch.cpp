#include "net/datagram_batch.hpp"

#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>

#include "base/clock.hpp"
#include "net/address.hpp"

namespace pyscalp::net {

namespace {

// A time and a drop count, each behind its header.
constexpr std::size_t kControl =
    CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(std::uint32_t));

template <class T>
T control_value(cmsghdr* header) {
  T value;
  std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return value;
}

}  // namespace

struct DatagramBatch::Slots {
  struct alignas(cmsghdr) Control {
    char bytes[kControl];
  };
  std::array<mmsghdr, kMost> messages{};
  std::array<iovec, kMost> parts{};
  std::array<sockaddr_in, kMost> senders{};
  std::array<Control, kMost> controls{};
};

DatagramBatch::DatagramBatch()
    : slots_(std::make_unique<Slots>()),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(kMost * kLargest)) {
  for (std::size_t i = 0; i < kMost; ++i) {
    slots_->parts[i] = {buffer_.get() + i * kLargest, kLargest};
    msghdr& message = slots_->messages[i].msg_hdr;
    message.msg_iov = &slots_->parts[i];
    message.msg_iovlen = 1;
    message.msg_name = &slots_->senders[i];
    message.msg_control = slots_->controls[i].bytes;
  }
}

DatagramBatch::~DatagramBatch() = default;

void DatagramBatch::ask_for_times(int fd) {
  detail::set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  detail::set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
}

std::span<const Datagram> DatagramBatch::receive(int fd) {
  for (mmsghdr& message : slots_->messages) {
    message.msg_hdr.msg_namelen = sizeof(sockaddr_in);
    message.msg_hdr.msg_controllen = kControl;
  }
  const int count =
      ::recvmmsg(fd, slots_->messages.data(), kMost, MSG_DONTWAIT, nullptr);
  if (count < 0) {
    const IoResult result = detail::failed(errno);
    if (result.status == IoStatus::kError) {
      ++errors_;
      last_error_ = result.error;
    }
    return {};
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    msghdr& message = slots_->messages[i].msg_hdr;
    Datagram& datagram = datagrams_[i];
    datagram.payload = {buffer_.get() + i * kLargest, slots_->messages[i].msg_len};
    datagram.from = detail::from_sockaddr(slots_->senders[i]);
    datagram.received = {};
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
      if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_TIMESTAMPNS) {
        const auto time = control_value<timespec>(header);
        datagram.received = {static_cast<std::int64_t>(time.tv_sec) * kNanosPerUnit +
                             time.tv_nsec};
      } else if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_RXQ_OVFL) {
        count_drops(control_value<std::uint32_t>(header));
      }
    }
    if (datagram.received.value == 0) datagram.received = wall_now();
  }
  return {datagrams_.data(), static_cast<std::size_t>(count)};
}

void DatagramBatch::ask_drops(int fd) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof memory;
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) return;
  if (size > SK_MEMINFO_DROPS * sizeof memory[0]) count_drops(memory[SK_MEMINFO_DROPS]);
}

void DatagramBatch::count_drops(std::uint32_t kernel_total) {
  // A datagram tells the count at its arrival, which may be older than what is known.
  const std::uint32_t more = kernel_total - kernel_drops_;
  if (static_cast<std::int32_t>(more) <= 0) return;
  dropped_ += more;
  kernel_drops_ = kernel_total;
}

}  // namespace pyscalp::net
