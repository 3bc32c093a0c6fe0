// HTTP/1.1 over one connection that stays, over TLS or plain TCP: requests in order,
// one at a time, each with an answer or with a name for why there is none.
//
// The connection is opened before it is needed, and opened again when it is lost, so
// that a request meets one that stands. Meant for a thread that spins: poll() never
// waits, except for the resolver (net/dialer.hpp). One thread. While a connection
// stands nothing is allocated by operator new.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/dialer.hpp"
#include "wire/http.hpp"

namespace pyscalp::net {

struct HttpsLinkConfig {
  DialConfig dial;
  std::size_t request_most = 64u << 10;  ///< bytes of a request, head and body
  std::size_t answer_most = 32u << 20;   ///< bytes of an answer, head and body
  std::size_t read_size = 64u << 10;
  MonoNanos answer_within{10'000'000'000};  ///< from request() on, connecting included
};

/// What is known of a request that has been given to the link.
enum class Fate : std::uint8_t {
  kAnswered,
  kNotSent,  ///< no byte of it has left: it may be given again
  kUnknown,  ///< it left, in whole or in part, and no answer came: it may have been
             ///< done
};
std::string_view name(Fate fate);  ///< "answered", "not sent", "unknown"

struct HttpsAnswer {
  Fate fate = Fate::kNotSent;
  const wire::http::Head* head = nullptr;  ///< null unless answered
  Bytes body;
  std::string_view reason;  ///< why there is none, for a person
  MonoNanos took{};         ///< from request() to here
};

struct HttpsCounters {
  std::uint64_t requests = 0;
  std::uint64_t answered = 0;
  std::uint64_t not_sent = 0;
  std::uint64_t unknown = 0;
  std::uint64_t late = 0;         ///< of both, for want of time
  std::uint64_t connections = 0;  ///< that opened
  std::uint64_t failures = 0;     ///< of tries and of connections
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

class HttpsLink {
 public:
  /// Looks the host up and reads the authorities; connects with the first poll. The
  /// URL's path is not used: each request names its own.
  static Opened<HttpsLink> open(const HttpsLinkConfig& config);

  /// Gives a request to the link, which sends what the kernel takes of it at once. Host
  /// and Content-Length are added. False: one is under way, or it does not fit, or a
  /// field or the target has characters that it may not have.
  bool request(std::string_view method, std::string_view target,
               std::span<const wire::http::Field> fields, std::string_view body,
               MonoNanos now);
  bool busy() const { return at_ != At::kIdle; }

  /// Connects, sends and receives as far as it goes. The answer of the request under
  /// way, once; it is valid until the next call of poll or request. Else null.
  const HttpsAnswer* poll(MonoNanos now);

  bool is_open() const { return dialer_.state() == DialState::kOpen; }
  /// Ends it; a request under way gets no answer any more.
  void close();

  HttpsCounters counters() const;
  /// How the last connection or try ended, for a person; empty where none has.
  const std::string& failure() const { return failure_; }
  Dialer& dialer() { return dialer_; }

 private:
  enum class At : std::uint8_t { kIdle, kSending, kAwaiting, kDelivered };

  HttpsLink(const HttpsLinkConfig& config, Dialer dialer);
  void clean_up();
  void flush();
  bool is_under_way() const { return at_ == At::kSending || at_ == At::kAwaiting; }
  const HttpsAnswer* take(Bytes bytes, MonoNanos now);
  const HttpsAnswer* on_end(const IoResult& result, MonoNanos now);
  const HttpsAnswer* answered(MonoNanos now);
  /// Ends the connection, and the request with it if some of it has left.
  const HttpsAnswer* lose(std::string why, MonoNanos now);
  const HttpsAnswer* without_answer(MonoNanos now);

  HttpsLinkConfig config_;
  Dialer dialer_;
  std::vector<std::byte> out_;
  std::vector<std::byte> read_;
  std::vector<std::byte> message_;
  wire::http::MessageReader reader_;
  At at_ = At::kIdle;
  std::size_t size_ = 0;  ///< of the request
  std::size_t sent_ = 0;
  bool head_only_ = false;
  bool renew_ = false;  ///< once what was delivered has been looked at
  MonoNanos asked_at_{};
  HttpsAnswer answer_;
  HttpsCounters counters_;
  std::string failure_;
};

}  // namespace pyscalp::net
