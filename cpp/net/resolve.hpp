// Addresses of a host's name.
#pragma once

#include <string>
#include <vector>

#include "net/socket.hpp"

namespace pyscalp::net {

/// IPv4 addresses of `host`, as the system's resolver orders them; dotted text is its
/// own address and asks nobody. Waits for the resolver, seconds where it is slow: for
/// start-up and for the time between connections.
Opened<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port);

}  // namespace pyscalp::net
