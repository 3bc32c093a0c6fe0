// Sends a feed by the shortest way: whole frames past the queueing of the interface
// where that may be, else by a UDP socket. What a sender costs is in every figure.
#pragma once

#include <array>
#include <optional>

#include "net/interface.hpp"
#include "net/udp.hpp"
#include "wire/ethernet.hpp"

namespace pyscalp::bench {

class FeedSender {
 public:
  static constexpr std::size_t kMaxPayload = 1'400;

  /// To a multicast group, from the interface with the address.
  static net::Opened<FeedSender> open(const net::Endpoint& group,
                                      std::uint32_t interface_address);

  /// Makes a datagram ready, of at most kMaxPayload bytes; `send` sends it.
  void prepare(Bytes payload);
  bool send();

  /// Whether it sends frames itself.
  bool raw() const { return static_cast<bool>(frames_); }

 private:
  explicit FeedSender(net::UdpSender sender) : sender_(std::move(sender)) {}
  void open_frames(std::uint32_t interface_address);

  net::UdpSender sender_;  ///< open in any case: it owns the port frames come from
  net::Descriptor frames_;
  wire::ethernet::Flow flow_;
  std::size_t size_ = 0;  ///< of the payload
  std::array<std::byte, wire::ethernet::kUdpFrameHeaderSize + kMaxPayload> frame_;
};

}  // namespace pyscalp::bench
