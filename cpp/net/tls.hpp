// TLS over a TCP stream, by OpenSSL: 1.2 or newer, and a client always verifies.
//
// Nothing here waits or throws. Opening allocates; sending and receiving allocate
// nothing of ours. One thread at a time a stream; a context may be shared by streams of
// several threads once it is made.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "net/tcp.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace pyscalp::net {

/// What connections share: whom to trust, or which certificate to show.
class TlsContext {
 public:
  /// `ca_file`: certificates in PEM that are trusted, and none else; empty is the
  /// system's store.
  static Opened<TlsContext> client(const std::string& ca_file = {});
  /// A certificate, with those between it and its root behind it, and its key; PEM.
  static Opened<TlsContext> server(const std::string& certificate_file,
                                   const std::string& key_file);

 private:
  friend class TlsStream;

  std::shared_ptr<ssl_ctx_st> context_;
  bool own_store_ = false;
};

enum class TlsState : std::uint8_t {
  kConnecting,   ///< TCP is not there yet
  kHandshaking,  ///< certificates and keys are on their way
  kOpen,
  kFailed,  ///< failure_text() says why
};

class TlsStream {
 public:
  /// The client's end. The certificate must be for `host`: a name, or an IPv4 address
  /// in dotted text. `stream` may still be connecting.
  static Opened<TlsStream> connect(const TlsContext& context, TcpStream stream,
                                   const std::string& host);
  /// The server's end of an accepted connection.
  static Opened<TlsStream> accept(const TlsContext& context, TcpStream stream);

  TlsStream(TlsStream&&) noexcept;
  TlsStream& operator=(TlsStream&&) noexcept;
  ~TlsStream();

  /// Drives the handshake as far as it goes; call it until it is kOpen or kFailed.
  TlsState progress();
  TlsState state() const;

  /// As TcpStream::send; what came before the peer went can still be received. After
  /// kAgain the same bytes must be offered again; more may stand behind them.
  IoResult send(Bytes bytes);
  /// As TcpStream::receive. kClosed is the end that the peer has announced
  /// (close_notify). A connection that ends without it is kError with ECONNRESET and
  /// cut(): bytes may be missing. Other faults are kError with EPROTO.
  IoResult receive(MutableBytes into);
  /// Announces that nothing more will be sent. False: the kernel has no room now, call
  /// it again.
  bool shut_down_sending();

  /// Whether the connection ended without the peer's announcement.
  bool cut() const;
  /// Why the handshake or the connection failed, for a person; empty where it did not.
  std::string failure_text() const;
  std::string version() const;  ///< "TLSv1.3", once open

  TcpStream& tcp();

 private:
  struct State;
  explicit TlsStream(std::unique_ptr<State> state);
  static Opened<TlsStream> make(const TlsContext& context, TcpStream stream);
  IoResult result_of(int returned);

  std::unique_ptr<State> state_;
};

}  // namespace pyscalp::net
