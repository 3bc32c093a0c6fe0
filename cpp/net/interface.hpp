// What receivers that go past the sockets need of an interface: its name and driver,
// and membership in groups, so that switch and kernel deliver them to it.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "net/socket.hpp"

namespace pyscalp::net {

struct Interface {
  std::string name;
  int index = 0;
  std::string driver;  ///< such as "veth"; empty where it does not say
  std::uint32_t mtu = 0;
  std::uint32_t queues = 1;  ///< of reception
  bool loopback = false;
  bool ethernet = false;  ///< frames begin with an Ethernet header; true of loopback

  /// Frames never leave this machine's memory.
  bool is_virtual() const { return loopback || driver == "veth"; }
};

/// The interface that has the address.
Opened<Interface> find_interface(std::uint32_t address);

/// Membership in groups on an interface, without receiving: an ordinary socket that is
/// bound to no port and lets nothing in. Ends with the object, or its process.
class GroupJoins {
 public:
  static Opened<GroupJoins> open(std::span<const Endpoint> groups,
                                 const Interface& interface);

 private:
  Descriptor descriptor_;
};

/// Memory mapped from a descriptor, or anonymous; unmapped with the object.
class Mapping {
 public:
  Mapping() = default;
  /// As mmap; empty where that fails, with errno set.
  Mapping(std::size_t size, int flags, int fd, std::int64_t offset = 0);
  Mapping(Mapping&& other) noexcept
      : at_(std::exchange(other.at_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping();

  explicit operator bool() const { return at_ != nullptr; }
  std::byte* data() const { return at_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* at_ = nullptr;
  std::size_t size_ = 0;
};

namespace detail {

/// "permission denied", in small letters.
std::string reason(int error);
/// Nothing if a receiver can hear the groups by address and port; else a line.
std::optional<std::string> unfit_groups(std::span<const Endpoint> groups);

}  // namespace detail

}  // namespace pyscalp::net
