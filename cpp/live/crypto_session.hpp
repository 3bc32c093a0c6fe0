// The engine on the connections of a crypto venue: WebSockets for market data, user
// data and orders, HTTPS for snapshots and whatever else goes by REST. See EngineHost
// for its threads.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "binance/engine.hpp"
#include "live/engine_host.hpp"
#include "net/https_link.hpp"
#include "net/websocket_link.hpp"

namespace pyscalp::live {

/// What a request is signed with. Kept by the signer alone.
struct ApiKey {
  binance::KeyKind kind = binance::KeyKind::kHmac;
  std::string key;
  std::string secret;
};

struct CryptoConfig {
  binance::EngineConfig engine;
  std::string streams;  ///< wss://host:port, without a path for streams
  std::string api;      ///< wss://host:port/path of the WebSocket API
  std::string rest;     ///< https://host:port
  std::string ca_file;  ///< empty: the machine's own authorities
  int connections = 2;  ///< that carry the same streams, 1 to 2
  std::string depth_interval = "100ms";
  EngineThreadOptions thread;
  std::string journal_path;  ///< must not exist yet
  std::size_t ring_size = 64u << 20;
  double lot = 1.0;                          ///< what one lot is of a unit, for texts
  MonoNanos connect_patience = seconds(10);  ///< until all must be known
  MonoNanos life = seconds(23 * 3'600);      ///< of a connection; the venue's is 24 h
};

class CryptoSession final : public EngineHost {
 public:
  /// `key.secret` may be wiped afterwards.
  CryptoSession(const CryptoConfig& config, const ApiKey& key);
  ~CryptoSession() override;

  std::optional<std::string> open() override;
  TransportReport transport() const override;
  const Histogram& histogram(engine::Stage stage) const override {
    return engine_->histogram(stage);
  }
  std::optional<engine::UserSignalFigures> user_signal() const override {
    return engine_->user_signal();
  }
  /// The engine itself; only once `ended`.
  const binance::Engine& engine() const { return *engine_; }

 private:
  static constexpr MonoNanos kPublishEvery = milliseconds(100);
  /// Looks at the WebSockets, for one at the connections of HTTP.
  static constexpr std::uint32_t kRoundsToHttp = 8;

  /// One WebSocket of market data.
  struct StreamLink {
    net::WebSocketLink link;
    int number = 0;      ///< how the engine calls it
    bool books = false;  ///< carries what the book is made of
    bool up = false;
    std::uint64_t connection = 0;
  };

  void prefault() override {}
  void run() override;
  engine::Phase phase() const override { return engine_->phase(); }

  std::optional<std::string> open_streams();
  std::optional<std::string> open_orders();
  net::WebSocketLinkConfig link_config(const std::string& url) const;
  std::string stream_target(bool books) const;

  void loop();
  bool poll_stream(StreamLink& stream, MonoNanos now);
  bool poll_api(MonoNanos now);
  bool poll_user_stream(MonoNanos now);
  bool poll_http(MonoNanos now);
  bool poll_snapshots(MonoNanos now);
  void follow_listen_key();
  void follow_socket(net::WebSocketLink& link, binance::Connection connection, bool& up,
                     std::uint64_t& seen, MonoNanos now);
  void ask_snapshot(MonoNanos now);
  void send_pending();
  void send_websocket();
  void send_http();
  void check_patience(MonoNanos now);
  std::string who_is_silent() const;
  void publish();

  const CryptoConfig config_;
  binance::Signer signer_;
  std::unique_ptr<binance::Engine> engine_;

  // Of the engine thread.
  std::vector<StreamLink> streams_;
  std::optional<net::WebSocketLink> api_;
  std::optional<net::WebSocketLink> user_stream_;
  std::optional<net::HttpsLink> http_;
  std::optional<net::HttpsLink> snapshots_;
  bool api_up_ = false;
  bool user_up_ = false;
  bool http_up_ = false;
  std::uint64_t api_seen_ = 0;
  std::uint64_t user_seen_ = 0;
  std::uint32_t listen_key_ = 0;  ///< number of the key that user_stream_ is for
  std::uint64_t http_request_ = 0;
  InstrumentId snapshot_of_{};
  MonoNanos snapshots_from_{};  ///< the venue wants no request before
  MonoNanos started_{};
  MonoNanos publish_at_{};
  std::uint32_t round_ = 0;

  std::string note_;
  std::atomic<std::uint64_t> messages_{0};
  std::atomic<std::uint64_t> refused_messages_{0};
  std::atomic<std::uint64_t> lost_links_{0};
};

}  // namespace pyscalp::live
