// A crypto venue's streams into a raw capture: every message as it came, with the depth
// snapshots among them that a book needs.
//
// Two threads. One receives: it sleeps until something comes, stamps each message right
// after it is read, leaves out what another connection has brought, asks for snapshots
// by REST, and puts what is kept into a ring; it never waits for the disk. The other
// packs and writes. Where the disk falls so far behind that the ring is full, what does
// not fit is dropped and counted, and every book is asked for anew. Whoever else asks
// reads a copy of the counters.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/spsc_ring.hpp"
#include "capture/binance_session.hpp"
#include "live/capture_file.hpp"
#include "net/https_link.hpp"
#include "net/websocket_link.hpp"

namespace pyscalp::live {

struct CryptoRecordingConfig {
  std::string path;
  bool overwrite = false;
  bool packed = true;  ///< gzip
  bool futures = true;
  std::vector<std::string> symbols;  ///< in capitals
  /// One URL a WebSocket, its streams named in it; those of equal URLs are copies.
  std::vector<std::string> streams;
  bool depth = true;               ///< changes of depth are among them
  std::string rest;                ///< https://host:port
  std::string snapshot_target;     ///< path and query up to the symbol
  std::string ca_file;             ///< empty: the machine's own authorities
  std::uint64_t messages_max = 0;  ///< 0: no limit
  std::size_t ring_size = 64u << 20;
  MonoNanos connect_patience = seconds(5);  ///< until the first connection stands
  MonoNanos stop_patience = seconds(1);     ///< for a snapshot that is still wanted
  MonoNanos life = seconds(23 * 3'600);     ///< of a connection; the venue's is 24 h
};

enum class CryptoRecordingEnd : std::uint8_t {
  kNone,          ///< it is still running
  kStopped,       ///< as it was told to
  kMessages,      ///< as many messages as were asked for
  kNotConnected,  ///< no connection within connect_patience; see `failure`
  kWriteFailed,   ///< see `CryptoRecording::error`
};
/// "stopped", "messages", "not connected", ...
const char* name(CryptoRecordingEnd end);

/// What became of one WebSocket.
struct RecordedLink {
  bool open = false;
  std::uint64_t first = 0;        ///< messages that it was first to bring
  std::uint64_t connections = 0;  ///< that opened
  std::uint64_t failures = 0;     ///< tries and connections that ended by a fault
  std::uint64_t renewals = 0;  ///< ended on purpose, for their age or the venue's wish
  std::string failure;         ///< how the last one ended; empty where none has
};

/// Figures of some 50 ms ago while running, final once ended.
struct CryptoRecordingFigures {
  CryptoRecordingEnd end = CryptoRecordingEnd::kNone;
  capture::BinanceSession::Counters session;
  std::vector<RecordedLink> links;
  std::vector<std::string>
      unfinished;              ///< symbols whose book the file does not end with
  std::uint64_t messages = 0;  ///< kept, snapshots included
  std::uint64_t written = 0;   ///< messages that are in the file
  std::uint64_t bytes = 0;     ///< of the file
  std::uint64_t dropped = 0;   ///< messages for which the ring had no room
  std::uint64_t outages = 0;   ///< times that a stream was on no connection any more
  MonoNanos outage{};          ///< how long that was, in all
  std::string rest_failure;    ///< why the last snapshot did not come
  std::string failure;         ///< of kNotConnected, for a person
  UnixNanos first_time{};
  UnixNanos last_time{};
};

class CryptoRecording {
 public:
  explicit CryptoRecording(CryptoRecordingConfig config);
  ~CryptoRecording();
  CryptoRecording(const CryptoRecording&) = delete;
  CryptoRecording& operator=(const CryptoRecording&) = delete;

  /// Looks the hosts up and creates the file; what could not be had, for a person.
  std::optional<std::string> open();
  void start();
  /// Ends soon, once the snapshots that are still wanted are there or given up.
  void request_stop() { stop_.store(true, std::memory_order_relaxed); }
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  /// True once both threads have ended; waits up to `timeout_s` for that.
  bool join(double timeout_s);

  CryptoRecordingFigures figures() const;
  /// Why the file could not be written on; empty while it can.
  std::string error() const;
  /// Breaks in the chains of depth. Only once `ended`.
  const std::vector<capture::DepthGap>& gaps() const { return session_.gaps(); }

 private:
  struct Link {
    net::WebSocketLink link;
    RecordedLink figures;
    std::uint64_t connection = 0;  ///< the one that is up, by its number
    std::size_t like = 0;          ///< the first link of the same streams
  };

  void receive();
  bool poll_stream(int number, MonoNanos now);
  void follow(Link& of, MonoNanos now);
  void follow_outage(MonoNanos now);
  void ask_snapshot(MonoNanos now);
  bool poll_snapshot(MonoNanos now);
  void keep(UnixNanos received, Bytes text, MonoNanos now);
  CryptoRecordingEnd reason_to_end(MonoNanos now);
  bool connected() const;
  void conclude(CryptoRecordingEnd end);
  void close_links();
  void wait(MonoNanos now);
  void publish(MonoNanos now);
  void write();

  CryptoRecordingConfig config_;
  const MonoClock clock_;
  SpscRing ring_;

  // Of the receiving thread.
  std::vector<Link> links_;
  std::optional<net::HttpsLink> rest_;
  capture::BinanceSession session_;
  std::string wrapped_;          ///< a snapshot that is given its symbol's name
  std::size_t snapshot_of_ = 0;  ///< the symbol that was asked for
  MonoNanos started_{};
  MonoNanos stop_at_ = kNever;
  MonoNanos published_at_{};
  MonoNanos out_since_ = kNever;  ///< kNever: every stream is on a connection
  CryptoRecordingFigures counted_;

  // Of the writing thread.
  std::optional<CaptureFile> file_;
  /// Relaxed: figures that guard no other data.
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> bytes_{0};

  // Flags that carry no data with them are relaxed; the ends release what was written.
  std::atomic<bool> stop_{false};
  std::atomic<bool> write_failed_{false};
  std::atomic<bool> received_all_{false};
  std::atomic<bool> ended_{false};

  mutable std::mutex mutex_;  ///< of what follows; the receiving thread only tries it
  CryptoRecordingFigures published_;
  std::string error_;

  std::thread receiving_thread_;
  std::thread writing_thread_;
};

}  // namespace pyscalp::live
