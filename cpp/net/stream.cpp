#include "net/stream.hpp"

namespace pyscalp::net {

Opened<Stream> Stream::connect(const Endpoint& remote, const TlsContext* context,
                               const std::string& host) {
  auto tcp = TcpStream::connect(remote);
  if (!tcp) return {std::nullopt, tcp.error};
  Stream stream;
  stream.remote_ = remote;
  if (context == nullptr) {
    stream.tcp_ = std::move(*tcp);
  } else {
    auto tls = TlsStream::connect(*context, std::move(*tcp), host);
    if (!tls) return {std::nullopt, tls.error};
    stream.tls_ = std::move(*tls);
  }
  return {std::move(stream), {}};
}

ConnectState Stream::progress() {
  if (!tls_) return tcp_->progress();
  switch (tls_->progress()) {
    case TlsState::kOpen:
      return ConnectState::kConnected;
    case TlsState::kFailed:
      return ConnectState::kFailed;
    default:
      return ConnectState::kConnecting;
  }
}

bool Stream::shut_down_sending() {
  if (tls_) return tls_->shut_down_sending();
  tcp_->shut_down_sending();
  return true;
}

std::string Stream::failure_text(const IoResult& result) const {
  if (tls_ && !tls_->failure_text().empty()) return tls_->failure_text();
  if (!tls_ && result.status == IoStatus::kOk) return tcp_->failure_text();
  if (result.error != 0) return detail::failure("lost", remote_, result.error);
  return endpoint_text(remote_) + " ended the connection";
}

std::string Stream::tls_version() const {
  return tls_ ? tls_->version() : std::string();
}

}  // namespace pyscalp::net
