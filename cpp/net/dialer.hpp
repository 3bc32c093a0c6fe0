// Keeps one connection to a host, and makes the next one when it is lost.
//
// Every address of the host is tried in turn, with a wait between tries that doubles up
// to a limit (net/backoff.hpp). A host's name is looked up when the dialer is opened,
// and again, waiting for the resolver, once all of its addresses have failed.
// One thread. Connecting allocates; a connection that stands does not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/backoff.hpp"
#include "net/stream.hpp"
#include "net/url.hpp"

namespace pyscalp::net {

struct DialConfig {
  std::string url;
  std::string ca_file;      ///< trusted authorities; empty: the system's
  std::string verify_host;  ///< whom the certificate is for; empty: the URL's host
  std::optional<Endpoint> address;  ///< connect here instead of looking the host up
  BackoffConfig backoff;
  MonoNanos connect_within{10'000'000'000};  ///< TCP and TLS together
  MonoNanos settled_after{10'000'000'000};   ///< so long open, and waits begin anew
  std::uint64_t seed = 0;                    ///< of the jitter; 0: the system's choice
};

enum class DialState : std::uint8_t { kWaiting, kConnecting, kOpen, kStopped };

class Dialer {
 public:
  /// Looks the host up and reads the authorities; connects with the first poll.
  static Opened<Dialer> open(const DialConfig& config);

  /// Waits, connects and shakes hands as far as it goes by `now`.
  DialState poll(MonoNanos now);
  DialState state() const { return state_; }
  Stream& stream() { return *stream_; }  ///< while kConnecting or kOpen
  const Url& url() const { return url_; }

  /// Ends the connection for a fault, and waits for the next try.
  void fail(MonoNanos now, std::string why);
  /// Ends it on purpose; the next poll connects again.
  void renew();
  /// Ends it for good.
  void stop();
  /// Connects no sooner than after this wait, such as the venue's Retry-After.
  void hold_back(MonoNanos until);

  MonoNanos opened_at() const { return opened_at_; }
  std::uint64_t connects() const { return connects_; }  ///< that reached kOpen
  std::uint64_t failures() const { return failures_; }
  /// What ended the last connection or try; empty where nothing has.
  const std::string& failure() const { return failure_; }
  /// When the next try is due, while kWaiting.
  MonoNanos due() const { return due_; }
  /// Descriptor to sleep on; -1 where there is none.
  int fd() { return stream_ ? stream_->fd() : -1; }

 private:
  Dialer(const DialConfig& config, std::uint64_t seed)
      : config_(config), backoff_(config.backoff, seed) {}
  void connect(MonoNanos now);

  DialConfig config_;
  Url url_;
  std::string host_;
  std::optional<TlsContext> context_;
  std::vector<Endpoint> addresses_;
  std::size_t next_ = 0;  ///< address of the next try
  std::size_t failed_in_turn_ = 0;
  Backoff backoff_;
  DialState state_ = DialState::kWaiting;
  std::optional<Stream> stream_;
  MonoNanos due_{};
  MonoNanos began_at_{};
  MonoNanos opened_at_{};
  std::uint64_t connects_ = 0;
  std::uint64_t failures_ = 0;
  std::string failure_;
};

/// A seed that nobody can guess, from the system.
std::uint64_t system_seed();

}  // namespace pyscalp::net
