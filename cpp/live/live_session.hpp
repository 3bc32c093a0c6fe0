// The engine on the sockets of a venue of ITCH and OUCH; see EngineHost for its
// threads.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/engine.hpp"
#include "live/engine_host.hpp"
#include "net/receiver.hpp"
#include "net/tcp.hpp"
#include "net/udp.hpp"

namespace pyscalp::live {

struct LiveConfig {
  engine::EngineConfig engine;
  net::Endpoint feed_a;
  net::Endpoint feed_b;
  std::optional<net::Endpoint> retransmission;  ///< nothing: nobody retransmits
  std::optional<net::Endpoint> snapshot;        ///< nothing: nobody gives snapshots
  net::Endpoint orders;
  std::uint32_t interface_address = 0;
  net::TransportKind transport = net::TransportKind::kAuto;
  EngineThreadOptions thread;
  std::string journal_path;  ///< must not exist yet
  std::size_t ring_size = 64u << 20;
  MonoNanos connect_patience = seconds(5);  ///< until the venue must have answered
};

class LiveSession final : public EngineHost {
 public:
  explicit LiveSession(const LiveConfig& config);
  ~LiveSession() override;

  std::optional<std::string> open() override;
  /// As open, but the market data comes from a receiver of the caller's, whose groups
  /// are feed_a and feed_b in this order and which outlives the session: for transports
  /// that are not part of this tree. Defined in live/engine_loop.hpp.
  template <net::MarketDataReceiver Receiver>
  std::optional<std::string> open_over(Receiver& receiver, std::string note);
  TransportReport transport() const override;
  const Histogram& histogram(engine::Stage stage) const override {
    return engine_->histogram(stage);
  }
  std::optional<engine::UserSignalFigures> user_signal() const override {
    return engine_->user_signal();
  }
  /// The engine itself; only once `ended`.
  const engine::Engine& engine() const { return *engine_; }

 private:
  static constexpr MonoNanos kRetryWait = milliseconds(100);
  static constexpr MonoNanos kRetryWaitMax = seconds(2);

  static constexpr MonoNanos kPublishEvery = milliseconds(100);
  static constexpr MonoNanos kLongestSleep = milliseconds(10);
  static constexpr MonoNanos kNap = milliseconds(1);
  /// Looks into memory that packets come to, for one at the order connection; together
  /// they take about as long as that one.
  static constexpr int kFeedPolls = 32;

  void prefault() override { engine_->prefault(); }
  void run() override;
  engine::Phase phase() const override { return engine_->phase(); }

  std::optional<std::string> open_rest();
  // engine_loop.hpp
  template <class Receiver>
  void loop(Receiver& receiver);
  template <class Receiver>
  bool poll_feed(Receiver& receiver);
  template <class Receiver>
  void rest(Receiver& receiver, MonoNanos now);
  bool poll_retransmission();
  void publish(const net::ReceiverCounters& counters);
  bool poll_orders();
  void poll_commands();
  void poll_connection(MonoNanos now);
  void connect(MonoNanos now);
  void drop_connection(MonoNanos now);
  void send_pending();
  void send_requests(MonoNanos now);
  // snapshot_link.cpp
  void follow_snapshot(MonoNanos now);
  void read_snapshot();
  void close_snapshot(MonoNanos now);
  void check_patience(MonoNanos now);
  std::string silent_helpers() const;
  void note_session();

  const LiveConfig config_;
  std::unique_ptr<engine::Engine> engine_;

  // Of the engine thread.
  std::function<void()> loop_;  ///< called once; over the receiver, whatever its type
  std::optional<net::AnyReceiver> receiver_;
  std::optional<net::UdpSocket> retransmission_;
  std::optional<net::TcpStream> orders_;
  std::optional<net::TcpStream> snapshot_;
  bool snapshot_connected_ = false;
  MonoNanos snapshot_patience_{};  ///< until when it may take to connect
  bool connected_ = false;
  bool requested_ = false;  ///< a retransmission answer may be on its way
  MonoNanos retry_at_{};
  MonoNanos retry_wait_ = kRetryWait;
  MonoNanos started_{};
  std::uint64_t progress_ = 0;  ///< of the feed, when it last went on
  MonoNanos progress_at_{};
  MonoNanos publish_at_{};
  WallMap wall_;  ///< for the times that packets arrived at
  MonoNanos wall_read_at_{};
  bool heard_ = false;
  bool refused_ = false;   ///< the login was
  bool unwanted_ = false;  ///< refused, or the session has ended: no reconnect
  std::array<std::byte, 65'536> buffer_;

  /// ReceiverCounters without their last error, written by the engine thread alone.
  std::array<std::atomic<std::uint64_t>, 7> received_{};
  TransportReport transport_;  ///< its counters are in `received_`
};

}  // namespace pyscalp::live
