// The crypto venue as a process: a CryptoVenue over TLS on one port, and the wall
// clock.
//
// REST, market streams, user streams and the order API are told apart by their paths.
// Every report goes to a record file, as that of Host. One thread runs `run`; stop and
// statistics may be called from any other.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "exchange/crypto_agents.hpp"
#include "exchange/crypto_venue.hpp"
#include "exchange/host.hpp"
#include "exchange/record.hpp"
#include "net/tls.hpp"

namespace pyscalp::exchange {

struct CryptoHostConfig {
  CryptoVenueConfig venue;
  DriverKind driver = DriverKind::kAgents;
  Bytes day;  ///< replay: a BinaryFILE in ticks and lots, which must outlive the host
  std::optional<UnixNanos> from;          ///< replay: where to join the day
  std::vector<std::int64_t> openings_e9;  ///< agents: of each symbol, of one coin
  std::uint64_t seed = 1;
  double speed = 1;  ///< venue seconds a second of the wall; above 0, up to 1e6
  std::optional<MonoNanos> duration;

  net::Endpoint listen{0x7F000001, 26'443};  ///< port 0 is any free one
  std::string certificate;                   ///< PEM files
  std::string key;
  FeeSchedule fees;
  std::string record_path;  ///< empty: no record is written
};

struct CryptoHostStatistics {
  UnixNanos venue_time{};
  std::uint64_t events = 0;
  CryptoServerStatistics server;
  std::size_t connections = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t handshakes_failed = 0;
  std::uint64_t orders = 0;
  std::uint64_t cancels = 0;
  std::uint64_t reports = 0;
  std::uint64_t record_lost = 0;
  std::string record_error;  ///< empty while the record is whole
  bool day_truncated = false;
};

class CryptoHost {
 public:
  static constexpr std::size_t kConnectionsMax = 256;

  /// Opens everything. Throws std::invalid_argument for a wrong setting, HostError for
  /// what the machine refuses.
  explicit CryptoHost(CryptoHostConfig config);
  ~CryptoHost();
  CryptoHost(const CryptoHost&) = delete;
  CryptoHost& operator=(const CryptoHost&) = delete;

  const net::Endpoint& endpoint() const { return listener_.endpoint(); }

  /// Runs until stop(), the duration, or the end of the driver's day. Call it once.
  void run();
  void stop() { stop_.store(true, std::memory_order_relaxed); }
  CryptoHostStatistics statistics() const;
  /// Only once `run` has returned.
  const CryptoVenue& venue() const { return *venue_; }

 private:
  struct Client {
    std::uint32_t id = 0;
    net::TlsStream stream;
    MonoNanos accepted{};
    MonoNanos closed_since = kNever;
  };

  UnixNanos venue_time(MonoNanos now) const;
  bool finished(MonoNanos now) const;
  bool serve(MonoNanos now);
  void accept_clients(MonoNanos now);
  bool read_client(Client& client, MonoNanos now);
  /// False once the connection is over and everything has been sent.
  bool write_client(Client& client, MonoNanos now);
  void say_farewell();
  void keep_record(MonoNanos now);
  void wait(MonoNanos now);
  void publish_statistics();

  CryptoHostConfig config_;
  std::unique_ptr<CryptoVenue> venue_;
  net::TlsContext context_;
  net::TcpListener listener_;
  std::optional<RecordFile> record_;
  std::vector<Client> clients_;
  std::vector<std::byte> buffer_;
  std::vector<int> watched_;

  MonoNanos started_{};
  UnixNanos first_time_{};
  MonoNanos last_input_{};
  MonoNanos last_record_flush_{};
  MonoNanos last_statistics_{};
  std::uint64_t refused_ = 0;
  std::uint64_t handshakes_failed_ = 0;
  std::uint64_t reports_ = 0;
  /// Relaxed: the flag carries nothing but itself.
  std::atomic<bool> stop_{false};

  mutable std::mutex statistics_mutex_;
  CryptoHostStatistics statistics_;
};

}  // namespace pyscalp::exchange
