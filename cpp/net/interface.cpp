#include "net/interface.hpp"

#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "net/address.hpp"
#include "net/transport.hpp"

namespace pyscalp::net {

namespace {

ifreq request_for(const std::string& name) {
  ifreq request{};
  std::copy_n(name.begin(), std::min(name.size(), sizeof request.ifr_name - 1),
              request.ifr_name);
  return request;
}

std::string name_of(std::uint32_t address) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  std::string name;
  for (const ifaddrs* one = all; one != nullptr && name.empty(); one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    sockaddr_in found;
    std::memcpy(&found, one->ifa_addr, sizeof found);
    if (detail::from_sockaddr(found).address == address) name = one->ifa_name;
  }
  ::freeifaddrs(all);
  // An alias such as "eth0:1" is an address of eth0.
  return name.substr(0, name.find(':'));
}

template <class Request>
bool ask_ethtool(int fd, const std::string& name, std::uint32_t command,
                 Request& asked) {
  ifreq request = request_for(name);
  asked.cmd = command;
  request.ifr_data = reinterpret_cast<char*>(&asked);
  return ::ioctl(fd, SIOCETHTOOL, &request) == 0;
}

}  // namespace

Opened<Interface> find_interface(std::uint32_t address) {
  Interface found;
  found.name = name_of(address);
  if (found.name.empty()) {
    return {std::nullopt, "no interface has the address " + address_text(address) +
                              " (`ip address` lists them)"};
  }
  const Descriptor fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = request_for(found.name);
  if (!fd || ::ioctl(fd.get(), SIOCGIFINDEX, &request) != 0) {
    return {std::nullopt,
            "cannot look at interface " + found.name + ": " + detail::reason(errno)};
  }
  found.index = request.ifr_ifindex;
  if (::ioctl(fd.get(), SIOCGIFFLAGS, &request) == 0)
    found.loopback = (request.ifr_flags & IFF_LOOPBACK) != 0;
  if (::ioctl(fd.get(), SIOCGIFMTU, &request) == 0)
    found.mtu = static_cast<std::uint32_t>(request.ifr_mtu);
  if (::ioctl(fd.get(), SIOCGIFHWADDR, &request) == 0)
    found.ethernet = request.ifr_hwaddr.sa_family == ARPHRD_ETHER || found.loopback;
  ethtool_drvinfo driver{};
  if (ask_ethtool(fd.get(), found.name, ETHTOOL_GDRVINFO, driver))
    found.driver.assign(driver.driver, ::strnlen(driver.driver, sizeof driver.driver));
  ethtool_channels channels{};
  if (ask_ethtool(fd.get(), found.name, ETHTOOL_GCHANNELS, channels))
    found.queues = std::max(1u, channels.combined_count + channels.rx_count);
  return {std::move(found), {}};
}

Opened<GroupJoins> GroupJoins::open(std::span<const Endpoint> groups,
                                    const Interface& interface) {
  GroupJoins joins;
  joins.descriptor_ = Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int fd = joins.descriptor_.get();
  if (fd < 0)
    return {std::nullopt,
            detail::failure("cannot open a socket for", groups[0], errno)};
  sock_filter nothing[] = {{BPF_RET | BPF_K, 0, 0, 0}};
  const sock_fprog filter{1, nothing};
  ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
  detail::set_option(fd, SOL_SOCKET, SO_RCVBUF, 0);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    // Lines may share a group and differ in the port.
    const auto same = [&](const Endpoint& other) {
      return other.address == groups[i].address;
    };
    const auto before = groups.first(i);
    if (std::any_of(before.begin(), before.end(), same)) continue;
    ip_mreqn request{};
    request.imr_multiaddr.s_addr = htonl(groups[i].address);
    request.imr_ifindex = interface.index;
    if (::setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) !=
        0) {
      return {std::nullopt,
              detail::failure("on interface " + interface.name + ", cannot join",
                              groups[i], errno)};
    }
  }
  return {std::move(joins), {}};
}

Mapping::Mapping(std::size_t size, int flags, int fd, std::int64_t offset)
    : size_(size) {
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, offset);
  if (at == MAP_FAILED) {
    size_ = 0;
  } else {
    at_ = static_cast<std::byte*>(at);
  }
}

Mapping::~Mapping() {
  if (at_ != nullptr) ::munmap(at_, size_);
}

namespace detail {

std::string reason(int error) {
  std::string text = std::generic_category().message(error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::optional<std::string> unfit_groups(std::span<const Endpoint> groups) {
  if (groups.empty() || groups.size() > kGroupsMax)
    return "a receiver hears from 1 to " + std::to_string(kGroupsMax) + " groups";
  for (const Endpoint& group : groups) {
    if (!group.is_multicast()) {
      return "cannot join " + endpoint_text(group) +
             ": not a multicast group; use 224.0.0.0 to 239.255.255.255";
    }
    if (group.port == 0)
      return "cannot join " + endpoint_text(group) + ": its port must be known";
  }
  return std::nullopt;
}

}  // namespace detail

}  // namespace pyscalp::net
