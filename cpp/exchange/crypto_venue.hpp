// The whole crypto venue without its sockets: driver, matching, market data, orders.
//
// The counterpart of Venue, with the same drivers and the same Market. Sans-I/O, one
// thread: times and bytes in, bytes out. Not movable.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exchange/agents.hpp"
#include "exchange/crypto_server.hpp"
#include "exchange/recorded_day.hpp"
#include "exchange/venue.hpp"

namespace pyscalp::exchange {

struct CryptoVenueConfig {
  CryptoProtocol protocol = CryptoProtocol::kSpot;
  std::vector<CryptoSymbol> symbols;
  /// Of each account, from account 1: what it has of each asset, at 1e-9.
  std::vector<std::map<std::string, std::int64_t>> balances;
  std::vector<CryptoKey> keys;
  int leverage = 20;  ///< of USD-M
  CryptoLimitsConfig limits;
  CryptoServerConfig server;
};

/// The Market's instruments of these symbols.
std::vector<Instrument> crypto_instruments(const std::vector<CryptoSymbol>& symbols);

class CryptoVenue {
 public:
  /// The market must list crypto_instruments and keep level_outputs. Throws
  /// std::invalid_argument for a symbol that cannot be traded, for no account or more
  /// than kParticipantMax, and for a key of no account.
  CryptoVenue(CryptoVenueConfig config, Driver driver, Market market);
  CryptoVenue(const CryptoVenue&) = delete;
  CryptoVenue& operator=(const CryptoVenue&) = delete;

  // ---- Time and the driver ----
  std::optional<UnixNanos> next_time() const;
  /// Does the driver's events up to and including venue time `now`, at most so many.
  std::size_t advance(UnixNanos now, UnixNanos wall, std::size_t events_max);
  /// How far the venue is, as Venue::time.
  UnixNanos time() const { return moment_.venue; }
  /// What is due by the clocks; call it in every round.
  void on_time(UnixNanos wall, MonoNanos mono);
  /// Ends the day: participants' orders are cancelled, connections ended.
  void end(UnixNanos wall, MonoNanos mono);

  // ---- Connections ----
  std::uint32_t connect(std::string address, MonoNanos now) {
    return server_.connect(std::move(address), now);
  }
  void on_bytes(std::uint32_t id, Bytes bytes, UnixNanos wall, MonoNanos mono);
  CryptoServer& server() { return server_; }
  const CryptoServer& server() const { return server_; }

  /// Reports of participants since the last call, for the record.
  template <class Visit>
  void drain_reports(Visit&& visit) {
    for (const Report& report : reports_) visit(report);
    reports_.clear();
  }

  const Market& market() const { return market_; }
  const Driver& driver() const { return driver_; }
  const CryptoPublisher& publisher() const { return publisher_; }
  const CryptoDesk& desk() const { return desk_; }
  std::uint64_t events() const { return events_; }

 private:
  void flush();
  void settle();

  const CryptoVenueConfig config_;
  Market market_;
  Driver driver_;
  StreamSubscriptions subscriptions_;
  CryptoPublisher publisher_;
  CryptoDesk desk_;
  CryptoApi api_;
  CryptoServer server_;
  CryptoMoment moment_;
  std::vector<Report> reports_;
  std::uint64_t events_ = 0;
};

}  // namespace pyscalp::exchange
