#include "net/receiver.hpp"

#include <utility>

#include "net/interface.hpp"

namespace pyscalp::net {

namespace {

constexpr std::pair<TransportKind, const char*> kNames[] = {
    {TransportKind::kAuto, "auto"},         {TransportKind::kXdp, "xdp"},
    {TransportKind::kPacket, "packet"},     {TransportKind::kSocket, "socket"},
    {TransportKind::kBlocking, "blocking"},
};

template <class Receiver>
OpenedReceiver had(TransportKind kind, Receiver receiver, std::string note) {
  OpenedReceiver opened;
  opened.kind = kind;
  opened.note = std::move(note);
  opened.value.emplace(std::in_place_type<Receiver>, std::move(receiver));
  return opened;
}

OpenedReceiver refused(std::string error) {
  OpenedReceiver opened;
  opened.error = std::move(error);
  return opened;
}

OpenedReceiver open_xdp(const ReceiverOptions& options, XdpMode mode) {
  auto receiver = XdpReceiver::open(options, mode);
  if (!receiver) return refused(std::move(receiver.error));
  const std::size_t queues = receiver->queues();
  std::string note = std::string("AF_XDP, ") + name(receiver->mode()) + ", on " +
                     receiver->interface().name + ", " + std::to_string(queues) +
                     (queues == 1 ? " queue" : " queues") +
                     (receiver->huge_pages() ? ", huge pages" : "");
  return had(TransportKind::kXdp, std::move(*receiver), std::move(note));
}

OpenedReceiver open_packet(const ReceiverOptions& options) {
  auto receiver = PacketRing::open(options);
  if (!receiver) return refused(std::move(receiver.error));
  std::string note = "AF_PACKET ring on " + receiver->interface().name;
  return had(TransportKind::kPacket, std::move(*receiver), std::move(note));
}

template <class Receiver>
OpenedReceiver open_sockets(TransportKind kind, const ReceiverOptions& options,
                            std::string note) {
  auto receiver = Receiver::open(options);
  if (!receiver) return refused(std::move(receiver.error));
  const std::size_t room =
      static_cast<std::size_t>(receiver->buffer_size()) / SocketReceiver::kDatagramCost;
  OpenedReceiver opened = had(kind, std::move(*receiver), std::move(note));
  if (room < options.burst) {
    opened.missing = "socket buffers hold " + std::to_string(room) +
                     " packets of the " + std::to_string(options.burst) +
                     " of a burst; raise net.core.rmem_max (`sysctl -w "
                     "net.core.rmem_max=" +
                     std::to_string(options.burst * SocketReceiver::kDatagramCost) +
                     "`) or run with CAP_NET_ADMIN";
  }
  return opened;
}

void add(std::string& list, const std::string& more) {
  if (more.empty()) return;
  if (!list.empty()) list += "; ";
  list += more;
}

OpenedReceiver open_auto(const ReceiverOptions& options) {
  std::string missing;
  const auto interface = find_interface(options.interface_address);
  const bool is_virtual = interface.value && interface.value->is_virtual();
  if (!is_virtual) {
    // Not generic: it is slower than the ring.
    OpenedReceiver opened = open_xdp(options, XdpMode::kNative);
    if (opened) {
      opened.note += " (auto: the fastest that can be had)";
      return opened;
    }
    missing = opened.error;
  }
  OpenedReceiver opened = open_packet(options);
  if (opened) {
    opened.note += is_virtual ? " (auto: the fastest on a virtual interface)"
                              : " (auto: the fastest that can be had)";
    opened.missing = std::move(missing);
    return opened;
  }
  add(missing, opened.error);
  opened = open_receiver(TransportKind::kSocket, options);
  if (!opened) return opened;
  opened.note += " (auto: needs no privilege)";
  add(missing, opened.missing);
  opened.missing = std::move(missing);
  return opened;
}

}  // namespace

const char* name(TransportKind kind) {
  for (const auto& [one, text] : kNames) {
    if (one == kind) return text;
  }
  return "";
}

std::optional<TransportKind> transport_kind(std::string_view name) {
  for (const auto& [kind, text] : kNames) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

OpenedReceiver open_receiver(TransportKind kind, const ReceiverOptions& options) {
  switch (kind) {
    case TransportKind::kAuto:
      return open_auto(options);
    case TransportKind::kXdp:
      return open_xdp(options, XdpMode::kAuto);
    case TransportKind::kPacket:
      return open_packet(options);
    case TransportKind::kSocket:
      return open_sockets<SocketReceiver>(kind, options, "spinning UDP sockets");
    case TransportKind::kBlocking:
      return open_sockets<BlockingReceiver>(
          kind, options, "UDP sockets that sleep, for economy and not for speed");
  }
  return refused("no such transport");
}

}  // namespace pyscalp::net
