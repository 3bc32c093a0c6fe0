// The connection that brings a snapshot: opened when the engine wants one, closed when
// it has it or has given up.
#include "live/live_session.hpp"

namespace pyscalp::live {

namespace {

/// The kernel would go on trying to connect for minutes.
constexpr MonoNanos kConnectWithin = seconds(1);
/// Reads in one round of the engine's loop: a snapshot must not starve the lines, whose
/// sockets would overflow.
constexpr int kReadsAtOnce = 2;

}  // namespace

void LiveSession::follow_snapshot(MonoNanos now) {
  const bool wanted = engine_->wants_snapshot_link(now);
  if (!snapshot_) {
    if (!wanted) return;
    spin_gaps_.worked();
    auto stream = net::TcpStream::connect(*config_.snapshot);
    if (!stream) return engine_->on_snapshot_disconnected(now);
    snapshot_ = std::move(*stream);
    snapshot_patience_ = now + kConnectWithin;
  }
  if (!wanted) return close_snapshot(now);
  if (!snapshot_connected_) {
    const net::ConnectState state = snapshot_->progress();
    if (state == net::ConnectState::kConnecting && now < snapshot_patience_) return;
    if (state != net::ConnectState::kConnected) return close_snapshot(now);
    snapshot_connected_ = true;
    engine_->on_snapshot_connected(now);
  }
  const Bytes bytes = engine_->snapshot_bytes();
  if (!bytes.empty()) {
    const net::IoResult result = snapshot_->send(bytes);
    if (result.status == net::IoStatus::kOk) {
      engine_->snapshot_bytes_sent(result.size);
    } else if (result.status != net::IoStatus::kAgain) {
      return close_snapshot(now);
    }
  }
  read_snapshot();
}

void LiveSession::read_snapshot() {
  for (int i = 0; i < kReadsAtOnce && snapshot_; ++i) {
    const net::IoResult result = snapshot_->receive(buffer_);
    if (result.status == net::IoStatus::kAgain) return;
    const MonoNanos now = found();
    const bool keep =
        result.status == net::IoStatus::kOk &&
        engine_->on_snapshot_bytes(Bytes(buffer_.data(), result.size), now);
    send_pending();
    if (!keep) close_snapshot(now);
  }
}

void LiveSession::close_snapshot(MonoNanos now) {
  snapshot_.reset();
  snapshot_connected_ = false;
  spin_gaps_.worked();
  engine_->on_snapshot_disconnected(now);
  send_pending();
}

}  // namespace pyscalp::live
