// Two networks of a test's own, joined by a veth pair: a sender's end and a receiver's
// end. They are namespaces that only descriptors hold, so nothing is left behind,
// however the test dies.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include "net/socket.hpp"

namespace pyscalp::net::testing {

/// The calling thread is in another network while this lives; sockets stay in the one
/// that they were opened in, and threads in the one they were started in.
class Inside {
 public:
  explicit Inside(const Descriptor& network)
      : home_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    if (::setns(network.get(), CLONE_NEWNET) != 0) std::abort();
  }
  ~Inside() {
    if (::setns(home_.get(), CLONE_NEWNET) != 0) std::abort();
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  Descriptor home_;
};

/// A new network with its loopback up; without the privilege, none.
inline Descriptor new_network() {
  const Descriptor home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!home || ::unshare(CLONE_NEWNET) != 0) return {};
  Descriptor network(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  const bool up = std::system("ip link set lo up 2>/dev/null") == 0;
  if (::setns(home.get(), CLONE_NEWNET) != 0) std::abort();
  return up ? std::move(network) : Descriptor{};
}

class VethPair {
 public:
  static constexpr std::uint32_t kLeft = 0x0A630001;   // 10.99.0.1
  static constexpr std::uint32_t kRight = 0x0A630002;  // 10.99.0.2

  /// Nothing, where this process may not.
  static std::unique_ptr<VethPair> make(int queues = 2, int mtu = 1'500) {
    auto pair = std::make_unique<VethPair>();
    pair->left = new_network();
    pair->right = new_network();
    if (!pair->left || !pair->right) return nullptr;
    const std::string count = std::to_string(queues);
    const std::string both = " numrxqueues " + count + " numtxqueues " + count;
    const std::string size = " mtu " + std::to_string(mtu) + " up";
    const std::string other = "/proc/" + std::to_string(::getpid()) + "/fd/" +
                              std::to_string(pair->right.get());
    const bool made = pair->run_left(
        "ip link add v0" + both + " type veth peer name v1" + both + " && " +
        "ip link set v1 netns " + other + " && ip address add 10.99.0.1/24 dev v0 && " +
        "ip link set v0" + size);
    const bool joined =
        made &&
        pair->run_right("ip address add 10.99.0.2/24 dev v1 && ip link set v1" + size);
    if (!joined) return nullptr;
    pair->wait_until_running();
    return pair;
  }

  bool run_left(const std::string& command) const { return run(left, command); }
  bool run_right(const std::string& command) const { return run(right, command); }

  Descriptor left;   ///< has interface v0
  Descriptor right;  ///< has interface v1

 private:
  /// Until then the kernel throws away what is sent.
  void wait_until_running() const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (std::chrono::steady_clock::now() < until &&
           !(running(left, "v0") && running(right, "v1"))) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  static bool running(const Descriptor& where, const char* interface) {
    const Inside inside(where);
    const Descriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strncpy(request.ifr_name, interface, sizeof request.ifr_name - 1);
    return ::ioctl(any.get(), SIOCGIFFLAGS, &request) == 0 &&
           (request.ifr_flags & IFF_RUNNING) != 0;
  }
  static bool run(const Descriptor& where, const std::string& command) {
    const Inside inside(where);
    return std::system(command.c_str()) == 0;
  }
};

inline constexpr const char* kNoNetworks =
    "needs the right to make network namespaces (root), and the command ip";

}  // namespace pyscalp::net::testing
