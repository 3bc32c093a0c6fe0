// The Host's port for snapshots.
#include "exchange/host.hpp"

namespace pyscalp::exchange {

namespace {

constexpr MonoNanos kLastBytesWithin = seconds(1);
/// Written to one client in one round: the feed goes first.
constexpr std::size_t kWriteAtOnce = std::size_t{256} << 10;

}  // namespace

bool Host::serve_snapshots(MonoNanos now) {
  if (!snapshot_listener_) return false;
  bool input = accept_snapshot_clients();
  for (Client& client : snapshot_clients_) {
    input |= read_snapshot_client(client);
    if (client.id != kDropped) write_snapshot_client(client, now);
  }
  std::erase_if(snapshot_clients_,
                [](const Client& client) { return client.id == kDropped; });
  return input;
}

bool Host::accept_snapshot_clients() {
  bool any = false;
  while (std::optional<net::TcpStream> stream = snapshot_listener_->accept()) {
    any = true;
    if (snapshot_clients_.size() == kSnapshotsMax) {
      ++refused_;
      stream->abort();
      continue;
    }
    snapshot_clients_.push_back(
        {venue_->snapshots().connect(), std::move(*stream), kNever});
  }
  return any;
}

bool Host::read_snapshot_client(Client& client) {
  SnapshotServer& server = venue_->snapshots();
  if (server.closed(client.id)) return false;
  const net::IoResult result = client.stream.receive(buffer_);
  if (result.status == net::IoStatus::kAgain) return false;
  if (result.status == net::IoStatus::kOk) {
    server.on_bytes(client.id, Bytes(buffer_).first(result.size), venue_->time());
  } else {
    server.disconnect(client.id);
    client.id = kDropped;
  }
  return true;
}

void Host::write_snapshot_client(Client& client, MonoNanos now) {
  SnapshotServer& server = venue_->snapshots();
  std::size_t written = 0;
  while (written < kWriteAtOnce) {
    const Bytes bytes = server.pending(client.id);
    if (bytes.empty()) break;
    const net::IoResult result =
        client.stream.send(bytes.first(std::min(bytes.size(), kWriteAtOnce)));
    if (result.status == net::IoStatus::kAgain) break;
    if (result.status != net::IoStatus::kOk) {
      server.disconnect(client.id);
      client.id = kDropped;
      return;
    }
    server.consumed(client.id, result.size);
    written += result.size;
  }
  if (!server.closed(client.id)) return;
  if (client.closed_since == kNever) {
    client.closed_since = now;
    if (server.pending(client.id).empty()) client.stream.shut_down_sending();
  }
  // Unread input would turn the close into a reset, which can overtake the last bytes:
  // the client is given time to close first.
  net::IoStatus status = net::IoStatus::kOk;
  for (int i = 0; i < 16 && status == net::IoStatus::kOk; ++i)
    status = client.stream.receive(buffer_).status;
  if (status == net::IoStatus::kAgain && now - client.closed_since < kLastBytesWithin)
    return;
  server.disconnect(client.id);
  client.id = kDropped;
}

}  // namespace pyscalp::exchange
