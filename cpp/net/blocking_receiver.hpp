// Economy: UDP sockets whose owner sleeps in the kernel when nothing is there.
//
// Costs a wake-up, 20 to 40 us, for each packet that comes after a pause, and saves the
// core. One thread at a time.
#pragma once

#include <span>
#include <utility>

#include "net/socket_receiver.hpp"

namespace pyscalp::net {

class BlockingReceiver : public SocketReceiver {
 public:
  static Opened<BlockingReceiver> open(const ReceiverOptions& options);

  /// Sleeps until a line or one of `others` can be read, or for `timeout_ns`.
  void wait(std::span<const int> others, std::int64_t timeout_ns);

 private:
  explicit BlockingReceiver(SocketReceiver sockets)
      : SocketReceiver(std::move(sockets)) {}
};

static_assert(SleepingReceiver<BlockingReceiver>);

}  // namespace pyscalp::net
