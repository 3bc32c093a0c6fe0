// What UDP and TCP share: addresses, owned descriptors, named results.
//
// Nothing here throws. Opening a socket gives an Opened<T>: the socket, or one line for
// a person that says what failed, where and what to do. Calls for a packet give an
// IoResult and never allocate. One thread at a time a socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pyscalp::net {

/// An IPv4 address and port, both in host byte order.
struct Endpoint {
  std::uint32_t address = 0;
  std::uint16_t port = 0;

  constexpr bool is_multicast() const { return (address >> 28) == 0xE; }
  constexpr bool is_loopback() const { return (address >> 24) == 127; }
  friend constexpr bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// The address of dotted decimal text such as "127.0.0.1"; nothing for other text.
/// Names are not looked up: where the packets go must not depend on a name server.
std::optional<std::uint32_t> parse_address(std::string_view text);
std::optional<Endpoint> parse_endpoint(std::string_view address, std::uint16_t port);
std::string address_text(std::uint32_t address);      ///< "127.0.0.1"
std::string endpoint_text(const Endpoint& endpoint);  ///< "127.0.0.1:26402"

enum class IoStatus : std::uint8_t {
  kOk,      ///< `size` bytes went over
  kAgain,   ///< nothing to read now, or no room to write now
  kClosed,  ///< the peer has closed its side
  kError,   ///< `error` holds the errno
};

struct IoResult {
  IoStatus status = IoStatus::kOk;
  std::size_t size = 0;
  int error = 0;
};

/// A socket, or the reason why there is none.
template <class T>
struct Opened {
  std::optional<T> value;
  std::string error;  ///< one line for a person; empty where there is a value

  explicit operator bool() const { return value.has_value(); }
  T& operator*() { return *value; }
  T* operator->() { return &*value; }
};

/// Owns a file descriptor and closes it.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

/// Waits until one of the descriptors can be read, or `timeout_ns` have passed; true if
/// one can. For idle loops: it sleeps in the kernel.
bool wait_readable(const int* descriptors, std::size_t count, std::int64_t timeout_ns);

namespace detail {

/// Address and port that a socket is bound to.
Endpoint local_endpoint(int fd);
/// "cannot bind 127.0.0.1:26402: address already in use; stop the other ...".
std::string failure(std::string_view what, const Endpoint& where, int error);
/// Turns a failed call's errno into a result.
IoResult failed(int error);

}  // namespace detail

}  // namespace pyscalp::net
