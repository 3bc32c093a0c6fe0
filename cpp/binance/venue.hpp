// The crypto venue as the heartbeat sees it: books by level and the order session.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "binance/market_feed.hpp"
#include "binance/order_session.hpp"
#include "engine/config.hpp"
#include "engine/venue.hpp"
#include "order/queue_estimate.hpp"

namespace pyscalp::binance {

/// A symbol to trade, with the names of what it exchanges.
struct TradedRules {
  SymbolRules rules;
  std::string base;
  std::string quote;
};

/// One of exchangeInfo.rateLimits.
struct RateLimitRule {
  RateKind kind = RateKind::kWeight;
  MonoNanos interval{};
  std::int64_t limit = 0;
};

struct EngineConfig : engine::TradingConfig {
  /// Of the configuration's instruments, in their order; numbered from 1.
  std::vector<TradedRules> symbols;
  std::vector<RateLimitRule> rate_limits;
  FeedOptions feed;
  OrderSessionOptions session;
};

class Venue {
 public:
  /// `signer` outlives it.
  Venue(const EngineConfig& config, Signer& signer)
      : feed(rules_of(config), config.feed), session(config.session, signer) {
    for (const TradedRules& symbol : config.symbols)
      session.add_symbol(symbol.rules, symbol.base, symbol.quote);
    for (const RateLimitRule& rule : config.rate_limits)
      session.set_limit(rule.kind, rule.interval, rule.limit);
  }

  // ---- The market ----

  book::Touch touch(InstrumentId id) const { return feed.books().touch(id); }
  int levels(InstrumentId id, Side side, book::LevelView* out, int count) const {
    return feed.books().levels(id, side, out, count);
  }
  Qty depth(InstrumentId id, Side side, int count) const {
    return feed.books().depth(id, side, count);
  }
  /// A book that is not fresh has a gap, which is the gate's other word for it.
  bool flagged(InstrumentId) const { return false; }
  bool trading(InstrumentId) const { return true; }
  bool gap_open(InstrumentId id) const { return feed.stale(id); }
  bool gap_open() const {
    for (std::size_t at = 0; at < feed.symbols().size(); ++at) {
      if (feed.stale(feed.symbols()[at].rules.id())) return true;
    }
    return false;
  }
  /// Since the UTC midnight before the first message; it goes on past the next one.
  UnixNanos venue_time() const { return since_midnight(feed.venue_time()); }
  Qty displayed(const order::Order& own) const {
    return std::min(own.leaves, shown_at(own));
  }
  Qty qty_ahead(const order::Order& own) const { return queues.ahead(own); }
  engine::FeedFigures feed_figures() const {
    const MarketFeed::Counters& c = feed.counters();
    return {c.messages, c.stale, c.snapshots_asked};
  }

  // ---- The order session ----

  bool live() const { return session.live() && !left; }
  bool synchronised() const { return live() && !gap_open(); }
  std::uint32_t next_user_ref() const { return session.next_user_ref(); }
  std::uint32_t send(risk::GatedOrder&& order, MonoNanos now) {
    return session.send(std::move(order), now);
  }
  bool cancel(risk::GatedCancel&& cancel, MonoNanos now) {
    return session.cancel(std::move(cancel), now);
  }
  void logout(MonoNanos) { left = true; }
  MonoNanos next_deadline() const {
    return std::min(session.next_deadline(), feed.next_deadline());
  }

  // ---- For the engine ----

  UnixNanos since_midnight(UnixNanos time) const { return time - midnight; }
  /// The first time the venue tells settles what day it is.
  void note_day() {
    if (midnight.value != 0 || feed.venue_time().value == 0) return;
    midnight = {feed.venue_time().value - feed.venue_time().value % kDay};
  }
  Qty shown_at(const order::Order& own) const {
    return feed.books().qty_at(own.wish.instrument, own.wish.side, own.price);
  }

  MarketFeed feed;
  OrderSession session;
  order::QueueEstimate queues;
  UnixNanos midnight{};
  bool left = false;  ///< nothing more is sent

 private:
  static constexpr std::int64_t kDay = std::int64_t{86'400} * kNanosPerUnit;

  static std::vector<SymbolRules> rules_of(const EngineConfig& config) {
    std::vector<SymbolRules> rules;
    for (const TradedRules& symbol : config.symbols) rules.push_back(symbol.rules);
    return rules;
  }
};
static_assert(engine::Venue<Venue>);

}  // namespace pyscalp::binance
