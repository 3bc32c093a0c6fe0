// What stands for each transport in typed tests.
#pragma once

#include <gtest/gtest.h>

#include "net/receiver.hpp"

namespace pyscalp::net::testing {

struct Xdp {
  using Receiver = XdpReceiver;
  static constexpr bool kSeesFrames = true;  ///< not what IP makes of them
  static constexpr bool kStamps = false;
  static auto open(const ReceiverOptions& options) {
    return XdpReceiver::open(options, XdpMode::kGeneric);
  }
};

struct NativeXdp : Xdp {
  static auto open(const ReceiverOptions& options) {
    return XdpReceiver::open(options, XdpMode::kNativeCopy);
  }
};

struct Ring {
  using Receiver = PacketRing;
  static constexpr bool kSeesFrames = true;
  static constexpr bool kStamps = true;
  static auto open(const ReceiverOptions& options) { return PacketRing::open(options); }
};

struct Sockets {
  using Receiver = SocketReceiver;
  static constexpr bool kSeesFrames = false;
  static constexpr bool kStamps = true;
  static auto open(const ReceiverOptions& options) {
    return SocketReceiver::open(options);
  }
};

/// BlockingReceiver polls as SocketReceiver does; blocking_receiver_test has the rest.
using AllTransports = ::testing::Types<Xdp, NativeXdp, Ring, Sockets>;

}  // namespace pyscalp::net::testing
