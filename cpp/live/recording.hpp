// A live multicast session into a file: datagrams as they came, or their messages.
//
// Two threads. One receives: it sleeps until something comes, takes datagrams many at a
// time, arbitrates the lines, asks for what is lost, and puts what is to be kept into a
// ring; it never waits for the disk. The other empties the ring into the file. Where
// the disk falls so far behind that the ring is full, what does not fit is dropped,
// counted and named. Whoever else asks reads a copy of the counters.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "base/spsc_ring.hpp"
#include "live/recorded_session.hpp"
#include "live/recording_file.hpp"
#include "net/datagram_batch.hpp"
#include "net/udp.hpp"

namespace pyscalp::live {

enum class RecordingFormat : std::uint8_t {
  kPcap,  ///< every datagram as it came, in Ethernet, IPv4 and UDP, time in ns
  kItch,  ///< BinaryFILE: each message once, in sequence, behind its length
};

struct RecordingConfig {
  std::string path;
  bool overwrite = false;
  RecordingFormat format = RecordingFormat::kItch;
  net::Endpoint line_a;
  std::optional<net::Endpoint> line_b;
  std::optional<net::Endpoint> retransmission;
  std::uint32_t interface_address = 0;
  RecordedOptions session;  ///< its `feed.retransmission` follows the one above
  std::size_t ring_size = 64u << 20;
  int socket_buffer = 64 << 20;  ///< what is asked of the kernel for each line, bytes
  /// How long a gap may stay open after the order to stop.
  MonoNanos stop_patience = seconds(1);
};

enum class RecordingEnd : std::uint8_t {
  kNone,            ///< it is still running
  kStopped,         ///< as it was told to
  kMessages,        ///< as many messages as were asked for
  kSessionEnded,    ///< by its end-of-session packet
  kSessionChanged,  ///< a new session began without an end of this one
  kWriteFailed,     ///< see Recording::error
};
/// "stopped", "messages", "session ended", ...
const char* name(RecordingEnd end);

/// Figures of some 50 ms ago while running, final once ended.
struct RecordingFigures {
  RecordingEnd end = RecordingEnd::kNone;
  std::string session;               ///< its name; empty until it is known
  std::uint64_t messages = 0;        ///< received in sequence
  std::uint64_t written = 0;         ///< messages that are in an ITCH file
  std::uint64_t packets = 0;         ///< datagrams that are in a pcap file
  std::uint64_t bytes = 0;           ///< of the file
  std::uint64_t first_sequence = 0;  ///< 0: none yet
  std::uint64_t last_sequence = 0;
  std::uint64_t datagrams[feed::kLineCount] = {};
  std::uint64_t first[feed::kLineCount] = {};  ///< messages the line brought first
  std::uint64_t duplicates = 0;                ///< datagrams with nothing new
  std::uint64_t malformed = 0;                 ///< datagrams that are no MoldUDP64
  std::uint64_t foreign = 0;                   ///< datagrams of another session
  std::uint64_t gaps = 0;
  std::uint64_t requests = 0;
  std::uint64_t recovered = 0;       ///< messages by retransmission alone
  std::uint64_t missing = 0;         ///< messages, see Recording::missing
  std::uint64_t empty = 0;           ///< messages of no byte, left out of ITCH
  std::uint64_t dropped = 0;         ///< records for which the ring had no room
  std::uint64_t kernel_dropped = 0;  ///< datagrams, by the sockets' buffers
  bool gap_open = false;
  bool server_silent = false;  ///< retransmission is not answering
  UnixNanos first_time{};      ///< when the first datagram arrived
  UnixNanos last_time{};
  int socket_buffer = 0;  ///< the least that the kernel gave
};

class Recording {
 public:
  explicit Recording(RecordingConfig config);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// Joins the groups and creates the file; what could not be had, for a person. The
  /// file comes last, so that none is left behind by a wrong address.
  std::optional<std::string> open();
  void start();
  /// Ends soon, once the gap that may be open is closed or given up.
  void request_stop() { stop_.store(true, std::memory_order_relaxed); }
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  /// True once both threads have ended; waits up to `timeout_s` for that.
  bool join(double timeout_s);

  RecordingFigures figures() const;
  /// Why the file could not be written on; empty while it can.
  std::string error() const;
  /// The messages that are not in the recording. Only once `ended`.
  const std::vector<MissingRange>& missing() const { return session_.missing(); }

 private:
  struct Piece;

  void receive();
  bool receive_round(MonoNanos now);
  bool take_oldest(MonoNanos now);
  void take(feed::Line line, const net::Datagram& datagram, MonoNanos now);
  void keep_message(std::uint64_t sequence, Bytes message);
  void push_block();
  void push(const Piece& piece, Bytes payload);
  RecordingEnd reason_to_end(MonoNanos now);
  void conclude(RecordingEnd end);
  void wait(MonoNanos now);
  void publish();

  void write();
  void write_piece(Bytes record);
  void write_datagram(const Piece& piece, Bytes payload);

  RecordingConfig config_;
  const MonoClock clock_;
  SpscRing ring_;

  // Of the receiving thread.
  std::optional<net::UdpReceiver> lines_[2];
  std::optional<net::UdpSocket> retransmission_;
  std::array<net::DatagramBatch, feed::kLineCount> batches_;
  std::array<int, feed::kLineCount> sockets_{-1, -1, -1};
  /// Of each socket what was received and not taken yet.
  std::array<std::span<const net::Datagram>, feed::kLineCount> arrived_;
  /// What arrived on each socket until then has been received.
  std::array<UnixNanos, feed::kLineCount> known_until_{};
  bool put_off_ = false;  ///< the oldest datagram waits for a look at the other sockets
  RecordedSession session_;
  std::vector<std::byte> block_;   ///< messages of one record, each behind its length
  std::uint64_t block_first_ = 0;  ///< sequence of the first of them
  std::uint32_t block_count_ = 0;
  MonoNanos stop_at_ = kNever;
  MonoNanos over_at_ = kNever;  ///< when the end of the session was heard
  MonoNanos published_at_{};
  RecordingFigures counted_;

  // Of the writing thread.
  std::optional<RecordingFile> file_;
  /// Relaxed: figures that guard no other data.
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> packets_{0};
  std::atomic<std::uint64_t> bytes_{0};

  // Flags that carry no data with them are relaxed; the ends release what was written.
  std::atomic<bool> stop_{false};
  std::atomic<bool> write_failed_{false};
  std::atomic<bool> received_all_{false};
  std::atomic<bool> ended_{false};

  mutable std::mutex mutex_;  ///< of what follows; the receiving thread only tries it
  RecordingFigures published_;
  std::string error_;

  std::thread receiving_thread_;
  std::thread writing_thread_;
};

}  // namespace pyscalp::live
