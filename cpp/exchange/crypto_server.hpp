// The crypto venue's side of every connection: REST requests, market streams, user
// streams and the order API, all on one port, told apart by their paths.
//
// Sans-I/O, one thread: plain bytes of connections in, plain bytes out; TLS is the
// host's. Faults can be asked for, so that a client's care can be tested.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "base/random.hpp"
#include "exchange/crypto_api.hpp"
#include "exchange/crypto_connection.hpp"

namespace pyscalp::exchange {

/// What goes wrong on purpose; shares are 0 to 1.
struct CryptoFaults {
  double depth_loss = 0;  ///< of depth diffs, by connection
  double cut = 0;         ///< of stream messages behind which the connection is cut
  double unknown = 0;     ///< of orders that are taken and answered by 503
  MonoNanos answer_delay{};
  std::uint64_t seed = 1;
};

struct CryptoServerConfig {
  /// The protocol's own where it is 0: 20 s on spot, 3 min on USD-M.
  MonoNanos ping_every{};
  MonoNanos pong_within{};               ///< 0: 60 s, or 10 min
  MonoNanos lifetime = seconds(86'400);  ///< of a WebSocket, until it is cut
  MonoNanos notice = seconds(10);        ///< by which spot tells serverShutdown before
  CryptoFaults faults;
};

struct CryptoServerStatistics {
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t calls = 0;
  std::uint64_t refused = 0;   ///< requests and calls that were answered by an error
  std::uint64_t messages = 0;  ///< of streams, by connection
  std::uint64_t dropped = 0;   ///< faults: depth diffs not sent
  std::uint64_t unknown = 0;   ///< faults: orders answered by 503
  std::array<std::uint64_t, kCryptoEnds> ended{};
};

class CryptoServer {
 public:
  static constexpr std::size_t kStreamsMax = 1024;  ///< of one connection

  CryptoServer(const CryptoServerConfig& config, CryptoPublisher& publisher,
               CryptoDesk& desk, CryptoApi& api, StreamSubscriptions& subscriptions);

  struct Now {
    CryptoMoment moment;
    MonoNanos mono{};
  };

  std::uint32_t connect(std::string address, MonoNanos now);
  void on_bytes(std::uint32_t id, Bytes bytes, const Now& now);
  void disconnect(std::uint32_t id);
  Bytes pending(std::uint32_t id) const;
  void consumed(std::uint32_t id, std::size_t size);
  /// True once the connection is over: send what is pending, and call disconnect. An id
  /// that is not there counts as closed.
  bool closed(std::uint32_t id) const;
  /// Closed, and what is pending is not to be sent: it is cut in the middle.
  bool cut(std::uint32_t id) const;

  /// Hands what the market and accounts have to tell to who has asked for it.
  void deliver(const Now& now);
  /// Pings, lifetimes, held answers; several times a second.
  void on_time(const Now& now);
  void end_session();

  std::size_t connections() const { return connections_.size(); }
  const CryptoServerStatistics& statistics() const { return statistics_; }

 private:
  CryptoConnection* find(std::uint32_t id) const;
  bool chance(double share);
  bool spot() const { return publisher_.protocol() == CryptoProtocol::kSpot; }
  MonoNanos due(const Now& now) const {
    return {now.mono.value + config_.faults.answer_delay.value};
  }

  // crypto_server_rest.cpp
  void on_request(CryptoConnection& at, const Now& now);
  void respond(CryptoConnection& at, const CryptoReply& reply, const Now& now,
               bool keep);
  void upgrade(CryptoConnection& at, std::string_view path, std::string_view query,
               const Now& now);
  bool open_streams(CryptoConnection& at, std::string_view path, std::string_view query,
                    const Now& now);
  bool listen(CryptoConnection& at, std::string_view listen_key, const Now& now);
  void subscribe(CryptoConnection& at, const std::string& name);
  void fail_unknown(const CryptoRoute& route, CryptoReply& reply);

  // crypto_server_calls.cpp
  void on_message(CryptoConnection& at, const wire::websocket::Message& message,
                  const Now& now);
  void on_stream_text(CryptoConnection& at, std::string_view text, const Now& now);
  void on_call(CryptoConnection& at, std::string_view text, const Now& now);
  CryptoReply session_call(CryptoConnection& at, const JsonCall& call,
                           const Parameters& given, const CryptoCaller& caller,
                           const Now& now);
  void answer_call(CryptoConnection& at, const JsonCall& call, const Parameters& given,
                   const CryptoCaller& caller, const CryptoReply& reply,
                   const Now& now);

  CryptoServerConfig config_;
  CryptoPublisher& publisher_;
  CryptoDesk& desk_;
  CryptoApi& api_;
  StreamSubscriptions& subscriptions_;
  std::vector<std::unique_ptr<CryptoConnection>> connections_;
  std::uint32_t last_id_ = 0;
  Random random_;
  CryptoServerStatistics statistics_;
};

}  // namespace pyscalp::exchange
