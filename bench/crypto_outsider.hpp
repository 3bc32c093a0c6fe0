// The venue's end of the tick-to-trade bench over TLS, which is also who measures: it
// stamps the book change that goes out and the order that comes in.
//
// It is the included crypto exchange without its driver's clock: streams, REST, user
// stream and order API by the venue's protocol, on one port, with a recorded day whose
// moments are those of the triggers (bench/crypto_trigger_day.hpp). An order is looked
// at by the venue only once a trip is over and the touch is gone, so that it expires
// and leaves no position, also where nobody had asked for it. What clients get goes out
// as at the exchange, but answers to an order 300 us after the book is at rest again.
//
// One thread spins in `run`; `stop` may be called by another.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/crypto_trigger_day.hpp"
#include "bench/trip.hpp"
#include "exchange/crypto_venue.hpp"
#include "net/tls.hpp"

namespace pyscalp::bench {

struct CryptoOutsiderOptions {
  net::Endpoint listen;     ///< port 0 takes any
  std::string certificate;  ///< PEM files
  std::string key;
  std::string api_key;  ///< 64 characters
  std::string secret;
  std::uint64_t triggers = 1'000;
  MonoNanos period = milliseconds(2);
  MonoNanos patience = milliseconds(100);  ///< for an order, then it counts as none
};

struct CryptoOutsiderCounts {
  std::uint64_t unexpected = 0;   ///< orders that no trigger asked for
  std::uint64_t order_bytes = 0;  ///< of the last order, within TLS
  std::uint64_t messages = 0;     ///< of streams
  std::uint64_t placed = 0;       ///< orders that the venue took
  std::uint64_t filled = 0;       ///< reports of fills; there are to be none
};

class CryptoOutsider {
 public:
  static constexpr int kSilentMost = 50;

  static net::Opened<std::unique_ptr<CryptoOutsider>> open(
      const CryptoOutsiderOptions& options);

  net::Endpoint endpoint() const { return listener_.endpoint(); }
  /// The whole measurement; why it could not be made, for a person. A client that lets
  /// kSilentMost triggers in a row go by is measured no further.
  std::optional<std::string> run();
  void stop() { stop_.store(true, std::memory_order_relaxed); }

  const std::vector<Trip>& trips() const { return trips_; }
  CryptoOutsiderCounts counts() const;

 private:
  struct Client {
    std::uint32_t id = 0;
    net::TlsStream stream;
    bool known = false;    ///< its first bytes have come
    bool streams = false;  ///< of market data
    bool orders = false;   ///< has sent one
  };
  struct Held {
    std::uint32_t id;
    std::vector<std::byte> bytes;
  };

  CryptoOutsider(const CryptoOutsiderOptions& options, net::TlsContext context,
                 net::TcpListener listener);

  void make_trip(Trip& trip, std::uint64_t number);
  void turn();
  void give_held();
  void advance(std::uint64_t venue_time);
  void accept_clients();
  void read(Client& client);
  void take(Client& client, Bytes bytes);
  void flush(bool streams_alone);
  /// False once the connection is over.
  bool flush(Client& client);
  bool has_stream() const;
  bool stopped() const { return stop_.load(std::memory_order_relaxed); }

  const CryptoOutsiderOptions options_;
  const CryptoTriggerDay day_;
  net::TlsContext context_;
  net::TcpListener listener_;
  std::unique_ptr<exchange::CryptoVenue> venue_;
  std::vector<Client> clients_;
  std::vector<std::byte> buffer_;
  std::vector<Held> held_;  ///< orders that wait for the end of the trip
  std::atomic<bool> stop_{false};

  bool waiting_ = false;    ///< for the order to the trigger that is out
  MonoNanos order_at_{};    ///< of the order waited for; 0: none yet
  MonoNanos ended_at_{};    ///< the trip before
  MonoNanos answers_at_{};  ///< answers are held back until then
  std::vector<Trip> trips_;
  CryptoOutsiderCounts counts_;
};

/// Whether what a client sent is a new order: a request of REST, or the call
/// order.place in a frame.
bool holds_order(Bytes bytes);

}  // namespace pyscalp::bench
