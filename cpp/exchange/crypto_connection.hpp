// One connection to a crypto venue, without its sockets: what it has said, what it is
// to be sent, and what it is for.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "exchange/report.hpp"
#include "wire/http.hpp"
#include "wire/websocket.hpp"

namespace pyscalp::exchange {

/// What a connection carries. Each begins as HTTP.
enum class CryptoCarries : std::uint8_t {
  kRequests,  ///< HTTP: the REST API
  kStreams,   ///< WebSocket: market or user streams
  kCalls,     ///< WebSocket: the order API
};

/// Which streams of USD-M a connection is given.
enum class CryptoStreamRoute : std::uint8_t { kAll, kPublic, kMarket, kPrivate };

/// Why a connection ended.
enum class CryptoEnd : std::uint8_t {
  kOpen,        ///< it has not
  kPeer,        ///< the client went away
  kBadBytes,    ///< neither HTTP nor WebSocket as the RFCs have it
  kRefused,     ///< a request that ends the connection, or an upgrade that is none
  kTooFast,     ///< more messages a second than a stream connection may send
  kNoPong,      ///< pings were not answered
  kBacklog,     ///< it does not read what it is sent
  kLifetime,    ///< its time was over
  kFault,       ///< cut on purpose
  kSessionEnd,  ///< the venue closes
};
inline constexpr std::size_t kCryptoEnds = 10;
const char* crypto_end_name(CryptoEnd end);

class CryptoConnection {
 public:
  static constexpr std::size_t kRequestMost = 65'536;
  static constexpr std::size_t kBacklogMax = std::size_t{16} << 20;

  CryptoConnection(std::uint32_t id, std::string address, MonoNanos now);

  // ---- What is to be sent ----
  Bytes pending() const { return Bytes(out_).subspan(sent_); }
  void consumed(std::size_t size);
  /// Puts a frame of ours behind what is to be sent.
  void send_frame(wire::websocket::Opcode opcode, std::string_view payload);
  void send_text(std::string_view text) {
    send_frame(wire::websocket::Opcode::kText, text);
  }
  void send_bytes(std::string_view bytes);
  /// Holds what is an answer until `due`; a time that has come sends it at once.
  void answer(std::string_view bytes_or_text, MonoNanos due, MonoNanos now);
  void release(MonoNanos now);
  /// Ends it; what is pending may still be sent, unless it is cut.
  void end(CryptoEnd why, wire::websocket::CloseCode code, std::string_view reason);

  std::uint32_t id = 0;
  std::string address;
  CryptoCarries carries = CryptoCarries::kRequests;
  CryptoEnd ended = CryptoEnd::kOpen;
  MonoNanos opened{};
  UnixNanos opened_wall{};  ///< kCalls
  MonoNanos last_ping{};
  MonoNanos unanswered_since = kNever;  ///< the oldest ping without a pong
  bool told_shutdown = false;
  /// Messages of the second that is running.
  std::int64_t second = -1;
  int messages = 0;

  // kStreams
  bool wrapped = false;  ///< {"stream":…,"data":…}
  CryptoStreamRoute route = CryptoStreamRoute::kAll;
  std::map<std::string, AccountId> listening;  ///< listenKey and whose it is

  // kCalls
  AccountId session = 0;
  std::string api_key;
  std::int64_t session_since_ms = 0;
  std::map<int, AccountId> subscribed;  ///< user data, by subscriptionId
  int next_subscription = 0;

  std::vector<std::byte> buffer;  ///< of `http`
  wire::http::MessageReader http;
  std::unique_ptr<wire::websocket::MessageReader> frames;

 private:
  struct Held {
    MonoNanos due;
    std::string bytes;
  };

  std::vector<std::byte> out_;
  std::size_t sent_ = 0;
  std::deque<Held> held_;
};

}  // namespace pyscalp::exchange
