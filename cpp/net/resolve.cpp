#include "net/resolve.hpp"

#include <netdb.h>

#include <algorithm>
#include <cstring>

#include "net/address.hpp"

namespace pyscalp::net {

Opened<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port) {
  if (const auto address = parse_address(host))
    return {std::vector<Endpoint>{{*address, port}}, {}};
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  std::vector<Endpoint> endpoints;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    sockaddr_in address;
    std::memcpy(&address, one->ai_addr, sizeof address);
    const Endpoint endpoint{detail::from_sockaddr(address).address, port};
    if (std::ranges::find(endpoints, endpoint) == endpoints.end())
      endpoints.push_back(endpoint);
  }
  if (found != nullptr) ::freeaddrinfo(found);
  if (endpoints.empty())
    return {std::nullopt, "no address of " + host + " is known: " +
                              (status == 0 ? "it has none" : ::gai_strerror(status)) +
                              "; check the name and this machine's name server"};
  return {std::move(endpoints), {}};
}

}  // namespace pyscalp::net
