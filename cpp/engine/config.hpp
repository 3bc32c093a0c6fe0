// Everything the engine is told before it starts. Nothing here changes afterwards.
#pragma once

#include <string>
#include <vector>

#include "base/fees.hpp"
#include "book/order_books.hpp"
#include "feed/mold_options.hpp"
#include "feed/snapshot_session.hpp"
#include "order/scalper.hpp"
#include "order/working_orders.hpp"
#include "risk/limits.hpp"
#include "signal/signal_set.hpp"

namespace pyscalp::engine {

/// How many instruments one engine trades; books are kept for every one of the feed.
inline constexpr std::size_t kMaxTraded = 32;

struct TradedInstrument {
  std::string symbol;
  Price tick{10'000'000};
};

/// What is the same for every venue.
struct TradingConfig {
  std::vector<TradedInstrument> instruments;
  signal::SignalSet::Options signals;
  int shown_levels = 5;  ///< of each side, for signals and tactics
  order::ScalperOptions scalper;
  /// Positions on these sides alone: where nothing can be sold that is not held, long.
  signal::Sides sides = signal::Sides::kBoth;
  risk::Limits limits;
  FeeSchedule fees;

  /// Hours of the venue's clock, ns since its midnight; both 0 is no restriction.
  UnixNanos session_start{};
  UnixNanos session_end{};

  order::WorkingOrders::Capacity orders;
  MonoNanos sample_every = milliseconds(250);
  MonoNanos stop_patience = seconds(10);  ///< how long a stop may take to get flat
  MonoNanos stop_patience_offline = seconds(3);  ///< the same without an order session
  bool measure = false;                          ///< stamp the stages of each packet
  bool journal_inputs = false;  ///< send every input through the ring too
};

/// For a venue of ITCH 5.0 and OUCH 5.0.
struct EngineConfig : TradingConfig {
  std::string username;
  std::string password;
  std::string session;  ///< blank is the venue's active one

  feed::MoldOptions feed;
  feed::SnapshotOptions snapshot;  ///< where `feed.snapshots` says there is a server
  book::BookCapacity books;
};

/// The symbols to trade, in the order of the configuration.
inline std::vector<std::string> symbols_of(const TradingConfig& config) {
  std::vector<std::string> symbols;
  for (const TradedInstrument& instrument : config.instruments) {
    symbols.push_back(instrument.symbol);
  }
  return symbols;
}

}  // namespace pyscalp::engine
