// TCP streams for order entry: non-blocking, without Nagle's delay.
//
// No call waits, and none allocates or throws once the stream is open. One thread at a
// time a stream.
#pragma once

#include "base/bytes.hpp"
#include "net/socket.hpp"

namespace pyscalp::net {

enum class ConnectState : std::uint8_t { kConnecting, kConnected, kFailed };

class TcpStream {
 public:
  /// Starts to connect and returns at once. An error here is one of this machine; a
  /// peer that refuses shows in progress().
  static Opened<TcpStream> connect(const Endpoint& remote);

  /// Where the connection stands; call it until it is no longer kConnecting. Costs a
  /// system call only while connecting.
  ConnectState progress();
  /// Why the connection failed, for a person.
  std::string failure_text() const;

  /// Takes as many bytes as the kernel has room for: kOk with `size` below the asked
  /// means that the rest must be offered again. kClosed: the peer is gone.
  IoResult send(Bytes bytes);
  /// kOk with at least one byte, kAgain where none is there, kClosed at the end.
  IoResult receive(MutableBytes into);
  /// Tells the peer that nothing more will be sent; reading goes on.
  void shut_down_sending();
  /// Closes at once with a reset, dropping what was not sent.
  void abort();

  const Endpoint& remote() const { return remote_; }
  int fd() const { return descriptor_.get(); }
  bool is_open() const { return static_cast<bool>(descriptor_); }

 private:
  friend class TcpListener;

  Descriptor descriptor_;
  Endpoint remote_;
  ConnectState state_ = ConnectState::kConnecting;
  int error_ = 0;
};

class TcpListener {
 public:
  /// Port 0 takes any free port. A port whose last owner has just ended can be taken
  /// again at once; one that another process listens on cannot.
  static Opened<TcpListener> open(const Endpoint& local);

  /// A connection that was waiting, or nothing.
  std::optional<TcpStream> accept();

  const Endpoint& endpoint() const { return endpoint_; }  ///< with the bound port
  int fd() const { return descriptor_.get(); }
  std::uint64_t errors() const { return errors_; }

 private:
  Descriptor descriptor_;
  Endpoint endpoint_;
  std::uint64_t errors_ = 0;
};

}  // namespace pyscalp::net
