// A venue's day, told in ITCH 5.0, out of the quotes and trades of a national market.
//
// Given are kTouch and kTrade events as LeanDecoder makes them: the best price and size
// of each side, and what was traded, with no word about who stood where in a queue. The
// day has one displayed level a side, the touch, and its queue is rebuilt with care
// that nobody who waits behind it is served too early:
//
// - A touch that grows is a new order at the end of the queue (A); one that shrinks is
//   taken off the end (X, D), so a cancellation never brings anyone forward. A new
//   price is a new order, and then the end of the old ones.
// - A trade at the touch takes what is displayed from the front of the queue (E). One
//   beyond the touch takes it too, at its own price (C), for what is quoted trades
//   first. What is left of it, and a trade between the touches, is a trade that no
//   displayed order tells of (P).
// - The next quote of the side states its size anew: what it says beyond what is left
//   queues at the end. A market that tells quotes only when they change may leave it at
//   the old one; so, after kSettle without a trade or quote of the side, the last quote
//   is taken to stand again. Until then nobody can take what a trade has taken.
// - Where the touches lock or cross, a trade fell on the bid if the price before it was
//   higher, on the ask if it was lower, else where the trade before it fell.
// - Auctions print as a cross (Q). Trades away from the exchanges and trades whose
//   conditions say that their price is not that of the moment are left out, as are
//   official prices, which were told before, and whatever is flagged as suspicious.
//
// The market that plays it must know that it is such a day; see
// exchange::MarketOptions::touch_only.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "capture/lean.hpp"
#include "event/market_event.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::capture {

/// What became of the events of one instrument. Trades and shares are counted each.
struct TouchDayCounters {
  struct Trades {
    std::uint64_t count = 0;
    std::uint64_t shares = 0;
  };
  std::uint64_t quotes = 0;   ///< kTouch events taken
  std::uint64_t locked = 0;   ///< of them, those after which bid and ask are equal
  std::uint64_t crossed = 0;  ///< … after which the bid is above the ask
  std::uint64_t quotes_rounded =
      0;                         ///< prices below 1e-4, moved away from the other side
  std::uint64_t refused = 0;     ///< quotes or trades that ITCH cannot say
  std::uint64_t suspicious = 0;  ///< kOther: flagged, left out
  std::uint64_t backward = 0;    ///< stamped before the one before, taken at its time
  std::uint64_t trades_rounded = 0;  ///< prices below 1e-4, to the nearest
  Trades at_touch;     ///< in whole or in part; shares that were displayed there
  Trades beyond;       ///< the same, at a price beyond the touch
  Trades restored;     ///< shares that stood again for want of a new quote
  Trades undisplayed;  ///< shares of trades between the touches or larger than shown
  Trades auction;
  Trades off_exchange;  ///< left out
  Trades untimely;      ///< left out
  Trades official;      ///< left out
};

class TouchDay {
 public:
  /// Of quotes that follow a trade which took all of a touch, half come within 1 ms and
  /// three quarters within 55 (AIG, BAC, IBM in October 2013).
  static constexpr std::uint64_t kSettle = 50'000'000;

  /// Instrument n of the events is `symbols[n - 1]`, and has locate n. Throws
  /// std::invalid_argument for none, for more than 65,535, and for a symbol that is
  /// empty or longer than 8.
  explicit TouchDay(const std::vector<std::string>& symbols);

  /// Takes the next event; in order of time, trades before quotes of the same time.
  /// `venue_time` is since midnight in New York. Of instruments that are none: ignored.
  void take(const event::MarketEvent& event);
  /// Ends the day and gives it away: a BinaryFILE.
  std::vector<std::byte> finish();

  /// By instrument, from 1 at index 0.
  const std::vector<TouchDayCounters>& counters() const { return counters_; }

 private:
  struct Order {
    std::uint64_t reference;
    std::uint32_t shares;
  };
  /// What is displayed of one side: the orders from `first` on, in their queue's order.
  struct Queue {
    std::uint32_t price_e4 = 0;  ///< last quoted, even if trades left nothing; or 0
    std::uint64_t shares = 0;
    std::vector<Order> orders;
    std::size_t first = 0;
    std::uint64_t quoted = 0;   ///< shares, of the last quote
    std::uint64_t settles = 0;  ///< when that one stands again; 0: it does
  };
  /// A Queue's `settles`, unless a later trade has put it off, or a quote come before.
  struct Settlement {
    std::uint64_t at;
    std::uint16_t locate;
    Side side;
  };
  struct Instrument {
    wire::itch::Symbol symbol;
    Queue queues[2];
    std::uint64_t last_trade_e4 = 0;
    Side last_hit = Side::kBuy;  ///< the queue that the last trade at the touch met
  };

  void settle(std::uint64_t time);
  void quote(const event::MarketEvent& event);
  void trade(const event::MarketEvent& event);
  void continuous(Instrument& at, std::uint32_t price_e4, std::uint32_t shares);
  void add(Queue& queue, Side side, std::uint32_t price_e4, std::uint64_t shares);
  void shrink(Queue& queue, std::uint64_t shares);
  /// Takes up to `shares` from the front at `price_e4`; how many it took.
  std::uint32_t execute(Queue& queue, Side side, std::uint32_t price_e4,
                        std::uint32_t shares);
  void open(std::uint64_t first);
  void reach(std::uint64_t time);
  void advance(std::uint64_t time);
  void system(char event, std::uint64_t time);
  wire::itch::Header header(std::uint16_t locate) const { return {locate, 0, time_}; }
  template <class Message>
  void send(const Message& message);

  std::vector<Instrument> instruments_;
  std::vector<TouchDayCounters> counters_;
  std::deque<Settlement> settlements_;  ///< by time
  std::vector<std::byte> bytes_;
  std::uint16_t locate_ = 0;  ///< of the event at hand
  std::uint64_t time_ = 0;
  std::uint64_t reference_ = 0;
  std::uint64_t match_ = 0;
  int stage_ = 0;  ///< system events sent so far
};

}  // namespace pyscalp::capture
