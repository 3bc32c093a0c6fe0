// Which transport brings the market data: chosen once, as a session starts.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "net/blocking_receiver.hpp"
#include "net/packet_ring.hpp"
#include "net/socket_receiver.hpp"
#include "net/transport.hpp"
#include "net/xdp_receiver.hpp"

namespace pyscalp::net {

enum class TransportKind : std::uint8_t {
  /// The first that can be had of: AF_XDP in a native mode, but not on virtual
  /// interfaces, where it is slower and would take the groups from every other
  /// program; the packet ring; sockets.
  kAuto,
  kXdp,
  kPacket,
  kSocket,
  kBlocking,
};
const char* name(TransportKind kind);  ///< "auto", "xdp", "packet" …
std::optional<TransportKind> transport_kind(std::string_view name);

/// Every transport that there is. Whoever loops visits it once, outside the loop.
using AnyReceiver =
    std::variant<XdpReceiver, PacketRing, SocketReceiver, BlockingReceiver>;

struct OpenedReceiver {
  std::optional<AnyReceiver> value;
  std::string error;  ///< one line for a person; empty where there is a value
  TransportKind kind = TransportKind::kAuto;  ///< as had; never kAuto with a value
  std::string note;                           ///< which, and why: a line for a person
  std::string missing;  ///< what was not had and what to do; empty: nothing

  explicit operator bool() const { return value.has_value(); }
};

/// With a kind other than kAuto, that one or an error.
OpenedReceiver open_receiver(TransportKind kind, const ReceiverOptions& options);

}  // namespace pyscalp::net
