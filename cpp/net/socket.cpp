#include "net/socket.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "net/address.hpp"

namespace pyscalp::net {

std::optional<std::uint32_t> parse_address(std::string_view text) {
  const std::string terminated(text);
  in_addr parsed{};
  if (inet_pton(AF_INET, terminated.c_str(), &parsed) != 1) return std::nullopt;
  return ntohl(parsed.s_addr);
}

std::optional<Endpoint> parse_endpoint(std::string_view address, std::uint16_t port) {
  const std::optional<std::uint32_t> parsed = parse_address(address);
  if (!parsed) return std::nullopt;
  return Endpoint{*parsed, port};
}

std::string address_text(std::uint32_t address) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string((address >> shift) & 0xFF);
    if (shift != 0) text += '.';
  }
  return text;
}

std::string endpoint_text(const Endpoint& endpoint) {
  return address_text(endpoint.address) + ':' + std::to_string(endpoint.port);
}

void Descriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool wait_readable(const int* descriptors, std::size_t count, std::int64_t timeout_ns) {
  constexpr std::size_t kMost = 64;
  pollfd watched[kMost];
  const std::size_t watched_count = count < kMost ? count : kMost;
  for (std::size_t i = 0; i < watched_count; ++i)
    watched[i] = {descriptors[i], POLLIN, 0};
  const timespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
  return ppoll(watched, watched_count, &timeout, nullptr) > 0;
}

namespace detail {

Endpoint local_endpoint(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return from_sockaddr(address);
}

std::string failure(std::string_view what, const Endpoint& where, int error) {
  const char* remedy = "";
  switch (error) {
    case EADDRINUSE:
      remedy = "; stop the other process or choose another port";
      break;
    case EADDRNOTAVAIL:
      remedy = "; use an address of this machine (`ip address` lists them)";
      break;
    case EACCES:
    case EPERM:
      remedy = "; choose a port above 1023 or run with the right to do it";
      break;
    case ENODEV:
      remedy = "; no interface has that address (`ip address` lists them)";
      break;
    case EMFILE:
    case ENFILE:
      remedy = "; too many files are open, raise `ulimit -n`";
      break;
    case ENOBUFS:
      remedy = "; too many groups are joined, raise net.ipv4.igmp_max_memberships";
      break;
    case ECONNREFUSED:
      remedy = "; nothing listens there, start the exchange or check the port";
      break;
    case ENETUNREACH:
    case EHOSTUNREACH:
      remedy = "; check the address and the route to it";
      break;
    case ETIMEDOUT:
      remedy = "; check the address and that no firewall is in between";
      break;
    default:
      break;
  }
  std::string reason = std::generic_category().message(error);
  if (!reason.empty() && reason[0] >= 'A' && reason[0] <= 'Z')
    reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
  return std::string(what) + ' ' + endpoint_text(where) + ": " + reason + remedy;
}

IoResult failed(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK || error == EINTR)
    return {IoStatus::kAgain, 0, 0};
  return {IoStatus::kError, 0, error};
}

}  // namespace detail

}  // namespace pyscalp::net
