#include "net/blocking_receiver.hpp"

#include <algorithm>
#include <array>

namespace pyscalp::net {

Opened<BlockingReceiver> BlockingReceiver::open(const ReceiverOptions& options) {
  auto sockets = SocketReceiver::open(options);
  if (!sockets) return {std::nullopt, sockets.error};
  return {BlockingReceiver(std::move(*sockets)), {}};
}

void BlockingReceiver::wait(std::span<const int> others, std::int64_t timeout_ns) {
  std::array<int, 2 * kGroupsMax> all;
  const std::span<const int> own = descriptors();
  const std::size_t more = std::min(others.size(), all.size() - own.size());
  std::copy_n(others.begin(), more, std::copy(own.begin(), own.end(), all.begin()));
  wait_readable(all.data(), own.size() + more, std::max<std::int64_t>(timeout_ns, 0));
}

}  // namespace pyscalp::net
