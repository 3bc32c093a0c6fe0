// Our end of the crypto feed bench: a WebSocket over TLS and the feed that keeps the
// book, on the calling thread, which spins. It stamps each message when the book has
// it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "binance/market_feed.hpp"
#include "net/websocket_link.hpp"

namespace pyscalp::bench {

struct FeedProbeOptions {
  std::string url;
  std::string ca_file;
  std::string symbol;
  std::string tick;          ///< of the price, as the venue writes it
  std::string step;          ///< of quantities
  std::string snapshot;      ///< the answer to the first request for one
  std::size_t messages = 0;  ///< that will come
  /// Messages are stamped when they are there, and not looked at: what TLS, WebSocket
  /// and kernel take by themselves.
  bool bare = false;
};

/// A level as the venue's text says it, in ticks and lots.
struct ProbedLevel {
  std::int64_t ticks = 0;
  std::int64_t lots = 0;
};

class FeedProbe {
 public:
  static net::Opened<std::unique_ptr<FeedProbe>> open(const FeedProbeOptions& options);

  /// Until every message has come; why it could not be, for a person.
  std::optional<std::string> run();
  void stop() { stop_.store(true, std::memory_order_relaxed); }

  /// By message, in ns of bench/stamp.hpp.
  const std::vector<std::int64_t>& stamps() const { return stamps_; }
  std::vector<ProbedLevel> levels(Side side) const;
  bool fresh() const { return !feed_.stale(kSymbol); }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t trades() const { return listener_.trades; }

 private:
  static constexpr InstrumentId kSymbol{1};
  struct Listener {
    std::uint64_t trades = 0;
    void on_trade(const book::TradeView&) { ++trades; }
  };

  FeedProbe(const FeedProbeOptions& options, const binance::SymbolRules& rules,
            net::WebSocketLink link);
  void take(Bytes text, MonoNanos now);

  const FeedProbeOptions options_;
  const binance::SymbolRules rules_;
  net::WebSocketLink link_;
  binance::MarketFeed feed_;
  Listener listener_;
  std::vector<std::int64_t> stamps_;
  std::size_t count_ = 0;
  std::uint64_t refused_ = 0;
  std::atomic<bool> stop_{false};
};

}  // namespace pyscalp::bench
