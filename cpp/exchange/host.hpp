// The included exchange as a process: a Venue over sockets and the wall clock.
//
// Market data goes out on two multicast lines, each with faults of its own; a UDP
// server answers retransmission requests; a TCP server takes orders, another one gives
// snapshots; every report goes to a record file. One thread runs `run`; stop and
// statistics may be called from any other.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "exchange/agent_parameters.hpp"
#include "exchange/impairment.hpp"
#include "exchange/record.hpp"
#include "exchange/venue.hpp"
#include "net/tcp.hpp"
#include "net/udp.hpp"

namespace pyscalp::exchange {

/// A socket or file could not be opened; `what()` says which, why and what to do.
class HostError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class DriverKind : std::uint8_t { kAgents, kReplay };

struct HostConfig {
  DriverKind driver = DriverKind::kAgents;
  Bytes day;                      ///< replay: a BinaryFILE, which must outlive the Host
  std::optional<UnixNanos> from;  ///< replay: where to join the day; else at its start
  AgentParameters agents;
  std::uint64_t seed = 1;  ///< of the agents and of the lines' faults
  double speed = 1;        ///< venue seconds a second of the wall; above 0, up to 1e6
  std::optional<MonoNanos> duration;  ///< of the wall, until the session ends

  net::Endpoint feed_a{0xEFFF0A01, 26'400};  ///< 239.255.10.1; port 0 is any free one
  net::Endpoint feed_b{0xEFFF0A02, 26'400};  ///< 239.255.10.2
  std::uint32_t interface_address = 0x7F000001;
  net::Endpoint retransmission{0x7F000001, 26'401};
  net::Endpoint orders{0x7F000001, 26'402};
  std::optional<net::Endpoint> snapshot;  ///< nothing: no snapshots are given
  LineFaults faults_a;
  LineFaults faults_b;

  std::string session;  ///< up to 10 characters; empty makes one that is new each run
  std::vector<Login> logins;
  FeeSchedule fees;
  std::string record_path;          ///< empty: no record is written
  MonoNanos farewell = seconds(1);  ///< how long end-of-session packets are sent
};

/// Counters since the start, as of some 100 ms ago while running.
struct HostStatistics {
  UnixNanos venue_time{};
  std::uint64_t events = 0;
  std::uint64_t next_sequence = 1;
  std::uint64_t heartbeats = 0;
  FeedStatistics feed;
  LineStatistics line_a;
  LineStatistics line_b;
  std::uint64_t send_errors = 0;  ///< datagrams that the kernel did not take
  OrderServerStatistics orders;
  SnapshotStatistics snapshots;
  std::uint64_t connections_refused = 0;  ///< more than kConnectionsMax at once
  std::size_t connections = 0;
  std::uint64_t reports = 0;
  std::uint64_t record_lost = 0;
  std::string record_error;  ///< empty while the record is whole
  bool day_truncated = false;
};

class Host {
 public:
  static constexpr std::size_t kConnectionsMax = 48;
  static constexpr std::size_t kSnapshotsMax = 32;  ///< at once

  /// Opens everything. Throws std::invalid_argument for a wrong setting, HostError for
  /// what the machine refuses.
  explicit Host(HostConfig config);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // As bound: where a port was 0, the one that was found.
  const net::Endpoint& feed_a() const { return line_a_.sender.endpoint(); }
  const net::Endpoint& feed_b() const { return line_b_.sender.endpoint(); }
  const net::Endpoint& retransmission() const { return retransmission_.endpoint(); }
  const net::Endpoint& orders() const { return listener_.endpoint(); }
  /// Nothing where no snapshots are given.
  std::optional<net::Endpoint> snapshot() const {
    if (!snapshot_listener_) return std::nullopt;
    return snapshot_listener_->endpoint();
  }
  const std::string& session() const { return config_.session; }

  /// Runs until stop(), the duration, or the end of the driver's day; then ends the
  /// session. Call it once.
  void run();
  /// Ends `run` within some milliseconds and the farewell. Safe in a signal handler.
  void stop() { stop_.store(true, std::memory_order_relaxed); }
  HostStatistics statistics() const;
  /// Only once `run` has returned.
  const Venue& venue() const { return *venue_; }

 private:
  struct Line {
    net::UdpSender sender;
    Impairment impairment;
    std::uint64_t send_errors = 0;

    Line(net::UdpSender opened, const LineFaults& faults, std::uint64_t seed);
    void send(Bytes datagram);
    void flush();
  };
  struct Client {
    ConnectionId id = 0;
    net::TcpStream stream;
    MonoNanos closed_since = kNever;
  };
  static constexpr ConnectionId kDropped = 0;  ///< of a client that is to be forgotten

  Line open_line(net::Endpoint& group, const LineFaults& faults, std::uint64_t salt);
  UnixNanos venue_time(MonoNanos now) const;

  bool finished(MonoNanos now) const;
  /// One round over everything; true if there may be more to do at once.
  bool serve(MonoNanos now);
  void accept_clients();
  bool read_clients();
  void write_clients(MonoNanos now);
  // host_snapshots.cpp
  bool serve_snapshots(MonoNanos now);
  bool accept_snapshot_clients();
  bool read_snapshot_client(Client& client);
  void write_snapshot_client(Client& client, MonoNanos now);
  void drop(Client& client);
  void forget_dropped();
  void send_feed(MonoNanos now);
  bool answer_requests();
  void keep_record(MonoNanos now);
  void wait(MonoNanos now);
  void say_farewell();
  void publish_statistics();

  HostConfig config_;
  std::unique_ptr<Venue> venue_;
  Line line_a_;
  Line line_b_;
  net::UdpSocket retransmission_;
  net::TcpListener listener_;
  std::optional<net::TcpListener> snapshot_listener_;
  std::optional<RecordFile> record_;
  std::vector<Client> clients_;
  std::vector<Client> snapshot_clients_;
  std::vector<std::byte> buffer_;
  std::vector<int> watched_;

  MonoNanos started_{};
  UnixNanos first_time_{};
  MonoNanos last_sent_{};
  MonoNanos last_input_{};
  MonoNanos last_record_flush_{};
  MonoNanos last_statistics_{};
  std::uint64_t heartbeats_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t reports_ = 0;
  /// Relaxed: the flag carries nothing but itself.
  std::atomic<bool> stop_{false};

  mutable std::mutex statistics_mutex_;
  HostStatistics statistics_;
};

}  // namespace pyscalp::exchange
