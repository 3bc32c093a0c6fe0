// The engine on real sockets: one pinned thread that spins, one that keeps house.
//
// The engine thread owns the engine and every socket. The housekeeping thread empties
// the ring into the journal file and the Recorder. Whoever else asks does so under the
// recorder's lock, which the engine thread never takes.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "base/spin_gaps.hpp"
#include "base/spsc_ring.hpp"
#include "engine/engine.hpp"
#include "journal/journal_file.hpp"
#include "journal/recorder.hpp"
#include "live/engine_thread.hpp"
#include "net/receiver.hpp"
#include "net/tcp.hpp"
#include "net/udp.hpp"
#include "risk/kill_switch.hpp"

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

/// How the market data comes, and how much of it did not.
struct TransportReport {
  std::string kind;  ///< "xdp", "packet", "socket", "blocking"; "other" for open_over
  std::string note;  ///< which, and why: a line for a person
  std::string missing;  ///< what could not be had, and what to do; empty: nothing
  net::ReceiverCounters counters;  ///< as of some 100 ms ago while running
};

class LiveSession {
 public:
  explicit LiveSession(const LiveConfig& config);
  ~LiveSession();
  LiveSession(const LiveSession&) = delete;
  LiveSession& operator=(const LiveSession&) = delete;

  /// Starts the engine's thread and lets it settle on its core and in its memory, then
  /// opens sockets and journal: bringing the pools in takes longer than a receiver has
  /// room for. What could not be opened, for a person.
  std::optional<std::string> open();
  /// As open, but the market data comes from a receiver of the caller's, whose groups
  /// are feed_a and feed_b in this order and which outlives the session: for transports
  /// that are not part of this tree. Defined in live/engine_loop.hpp.
  template <net::MarketDataReceiver Receiver>
  std::optional<std::string> open_over(Receiver& receiver, std::string note);
  /// Trades, once `open` went well.
  void start();
  /// No new entries, cancel, flatten, log out; then the threads end.
  void request_stop();
  /// Kill switch: HALTED, every order cancelled; then as request_stop.
  void kill();
  /// Ends at once without getting flat: the venue is known to be gone.
  void abandon(const std::string& why);
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  /// True once both threads have ended; waits up to `timeout_s` for that.
  bool join(double timeout_s);

  /// Runs `visit(const journal::Recorder&)` under the lock.
  template <class Visit>
  auto inspect(Visit&& visit) const {
    const std::scoped_lock lock(mutex_);
    return visit(recorder_);
  }
  std::string error() const;
  const Histogram& histogram(engine::Stage stage) const {
    return engine_->histogram(stage);
  }
  /// Calls of operator new on the engine thread since trading began.
  std::uint64_t allocations() const {
    return allocations_.load(std::memory_order_relaxed);
  }
  /// What the machine gave the engine's thread, and what it did not; empty before
  /// `open`.
  std::vector<std::string> thread_notes() const;
  /// When the engine's thread did not run while it traded; any thread may read.
  const SpinGaps& spin_gaps() const { return spin_gaps_; }
  /// How long that was watched, so far or in all.
  MonoNanos spin_watched() const { return spin_gaps_.watched(clock_.now()); }
  TransportReport transport() const;
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

  enum class Go : std::uint8_t { kSettling, kSettled, kRun, kNever };

  void settle();
  std::optional<std::string> open_rest();
  void run_engine();
  void spin();
  MonoNanos found();
  void run_housekeeping();
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
  void fail(const std::string& why);

  const LiveConfig config_;
  const MonoClock clock_;
  SpscRing ring_;
  risk::KillSwitch kill_switch_;
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
  bool was_running_ = false;
  std::uint64_t allocations_at_start_ = 0;
  SpinGaps spin_gaps_;
  std::array<std::byte, 65'536> buffer_;

  /// Where the engine's thread stands before it runs; each side waits for the other.
  std::atomic<Go> go_{Go::kSettling};
  std::atomic<bool> stop_{false};
  std::atomic<bool> abandon_{false};
  std::atomic<bool> engine_ended_{false};
  std::atomic<bool> ended_{false};
  std::atomic<std::uint64_t> allocations_{0};
  /// ReceiverCounters without their last error, written by the engine thread alone.
  std::array<std::atomic<std::uint64_t>, 7> received_{};
  TransportReport transport_;  ///< its counters are in `received_`
  bool stop_taken_ = false;
  bool kill_taken_ = false;

  mutable std::mutex mutex_;  ///< guards recorder_, error_ and thread_notes_
  journal::Recorder recorder_;
  std::string error_;
  std::vector<std::string> thread_notes_;
  std::unique_ptr<journal::JournalWriter> journal_;
  std::thread engine_thread_;
  std::thread housekeeping_thread_;
};

}  // namespace pyscalp::live
