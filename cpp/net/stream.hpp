// A connection of bytes, with TLS or without: what links are built on.
//
// One thread at a time a stream; nothing waits, and nothing allocates once it is open.
#pragma once

#include "net/tcp.hpp"
#include "net/tls.hpp"

namespace pyscalp::net {

class Stream {
 public:
  /// Plain TCP where `context` is null; else TLS with a certificate for `host`.
  static Opened<Stream> connect(const Endpoint& remote, const TlsContext* context,
                                const std::string& host);

  /// Drives connection and handshake; call it until it is not kConnecting.
  ConnectState progress();

  /// As those of TcpStream and TlsStream.
  IoResult send(Bytes bytes) { return tls_ ? tls_->send(bytes) : tcp_->send(bytes); }
  IoResult receive(MutableBytes into) {
    return tls_ ? tls_->receive(into) : tcp_->receive(into);
  }
  /// False: call it again.
  bool shut_down_sending();

  /// Why connecting failed, or what `result` of send or receive means; for a person.
  std::string failure_text(const IoResult& result) const;
  bool cut() const { return tls_ && tls_->cut(); }
  const Endpoint& remote() const { return remote_; }
  int fd() { return tls_ ? tls_->tcp().fd() : tcp_->fd(); }
  std::string tls_version() const;  ///< "TLSv1.3"; empty without TLS

 private:
  Endpoint remote_;
  std::optional<TcpStream> tcp_;
  std::optional<TlsStream> tls_;
};

}  // namespace pyscalp::net
