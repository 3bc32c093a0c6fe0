#include "net/tcp.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/address.hpp"

namespace pyscalp::net {

namespace {

Descriptor tcp_socket() {
  return Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

bool means_closed(int error) {
  return error == EPIPE || error == ECONNRESET || error == ENOTCONN;
}

}  // namespace

Opened<TcpStream> TcpStream::connect(const Endpoint& remote) {
  TcpStream stream;
  stream.remote_ = remote;
  stream.descriptor_ = tcp_socket();
  const int fd = stream.fd();
  if (fd < 0)
    return {std::nullopt, detail::failure("cannot open a socket for", remote, errno)};
  detail::set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  const sockaddr_in address = detail::to_sockaddr(remote);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    stream.state_ = ConnectState::kConnected;
  } else if (errno == ECONNREFUSED) {
    stream.state_ = ConnectState::kFailed;
    stream.error_ = errno;
  } else if (errno != EINPROGRESS && errno != EINTR) {
    return {std::nullopt, detail::failure("cannot connect to", remote, errno)};
  }
  return {std::move(stream), {}};
}

ConnectState TcpStream::progress() {
  if (state_ != ConnectState::kConnecting) return state_;
  pollfd watched{fd(), POLLOUT, 0};
  if (::poll(&watched, 1, 0) <= 0) return state_;
  socklen_t size = sizeof error_;
  if (::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error_, &size) != 0) error_ = errno;
  state_ = error_ == 0 ? ConnectState::kConnected : ConnectState::kFailed;
  return state_;
}

std::string TcpStream::failure_text() const {
  return detail::failure("cannot connect to", remote_, error_);
}

IoResult TcpStream::send(Bytes bytes) {
  const ssize_t size = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) return {IoStatus::kOk, static_cast<std::size_t>(size), 0};
  const int error = errno;
  if (means_closed(error)) return {IoStatus::kClosed, 0, error};
  return detail::failed(error);
}

IoResult TcpStream::receive(MutableBytes into) {
  const ssize_t size = ::recv(fd(), into.data(), into.size(), 0);
  if (size > 0) return {IoStatus::kOk, static_cast<std::size_t>(size), 0};
  if (size == 0) return {IoStatus::kClosed, 0, 0};
  const int error = errno;
  if (means_closed(error)) return {IoStatus::kClosed, 0, error};
  return detail::failed(error);
}

void TcpStream::shut_down_sending() { ::shutdown(fd(), SHUT_WR); }

void TcpStream::abort() {
  const linger at_once{1, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  descriptor_.reset();
}

Opened<TcpListener> TcpListener::open(const Endpoint& local) {
  TcpListener listener;
  listener.descriptor_ = tcp_socket();
  const int fd = listener.fd();
  if (fd < 0)
    return {std::nullopt, detail::failure("cannot open a socket for", local, errno)};
  detail::set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (!detail::bind_to(fd, local))
    return {std::nullopt, detail::failure("cannot bind", local, errno)};
  constexpr int kWaiting = 64;
  if (::listen(fd, kWaiting) != 0)
    return {std::nullopt, detail::failure("cannot listen on", local, errno)};
  listener.endpoint_ = detail::local_endpoint(fd);
  return {std::move(listener), {}};
}

std::optional<TcpStream> TcpListener::accept() {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  const int accepted = ::accept4(fd(), reinterpret_cast<sockaddr*>(&address), &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted < 0) {
    if (detail::failed(errno).status == IoStatus::kError) ++errors_;
    return std::nullopt;
  }
  TcpStream stream;
  stream.descriptor_ = Descriptor(accepted);
  stream.remote_ = detail::from_sockaddr(address);
  stream.state_ = ConnectState::kConnected;
  detail::set_option(accepted, IPPROTO_TCP, TCP_NODELAY, 1);
  return stream;
}

}  // namespace pyscalp::net
