// The floor of the tick-to-trade bench over TLS: the same frame in by the same kind of
// WebSocket, an order of the same size out by the same kind of connection, and no work
// between. It asks nothing of a message but whether it is a trigger, by one search.
//
// One thread spins in `run`; `stop` may be called by another.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/echoed.hpp"
#include "net/https_link.hpp"
#include "net/websocket_link.hpp"

namespace pyscalp::bench {

struct CryptoEchoOptions {
  std::string stream;  ///< wss://host:port/path?streams=…
  std::string orders;  ///< wss://…/path of the WebSocket API, or https://host:port
  std::string ca_file;
  std::size_t order_bytes = 400;  ///< of an order, within TLS
  std::uint64_t triggers = 0;
};

class CryptoEcho {
 public:
  static net::Opened<std::unique_ptr<CryptoEcho>> open(
      const CryptoEchoOptions& options);

  /// Until `stop`; why it ended before, for a person.
  std::optional<std::string> run();
  void stop() { stop_.store(true, std::memory_order_relaxed); }

  const std::vector<Echoed>& echoed() const { return echoed_; }  ///< by trigger

 private:
  CryptoEcho(const CryptoEchoOptions& options, net::WebSocketLink stream);

  void send_order(MonoNanos now);
  void drain(MonoNanos now);

  const CryptoEchoOptions options_;
  net::WebSocketLink stream_;
  std::optional<net::WebSocketLink> api_;
  std::optional<net::HttpsLink> rest_;
  std::string order_;  ///< text of a frame, or target of a request
  std::vector<Echoed> echoed_;
  std::size_t seen_ = 0;
  std::atomic<bool> stop_{false};
};

}  // namespace pyscalp::bench
