// A venue's day, told in ITCH 5.0, out of the levels and trades of a market by price.
//
// Given are the events of BinanceDecoder: a snapshot of a book (kClear, kLevel), what
// each level has become since (kLevel), and what was traded (kTrade). Nobody said who
// stood where in a queue, so each level is made of orders that were never there, with
// care that nobody who waits behind them is served too early:
//
// - A level that grows is a new order at the end of its queue (A); one that shrinks is
//   taken off the end (X, D), so a cancellation never brings anyone forward.
// - A trade takes what its level displays from the front of the queue (E); what is left
//   of it is a trade that no displayed order tells of (P).
// - Depth comes later than trades, and may or may not know of them. With the next depth
//   update of the instrument every level is what the venue says that it is: what trades
//   took too much comes back at the end of the queue.
//
// So, after each depth update, the day's book equals the one that was captured, level
// by level. The touch's own stream (kTouch) is not used.
//
// Prices are in ticks and quantities in lots of the instrument, in the fields that ITCH
// has for 1e-4 and shares; see exchange::Instrument::feed_step. Stamps are since
// midnight (UTC) before the first event. All messages of one event have one stamp, and
// no other event has it: where the venue's are equal, later events are a nanosecond
// apart. Play such a day by RecordedDay::Pace::kMoment, so that nobody sees half an
// event.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "event/market_event.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::capture {

struct LevelInstrument {
  std::string symbol;     ///< 1 to 8 characters
  std::int64_t tick = 0;  ///< 1e-9 of the quote currency
  std::int64_t step = 0;  ///< of MarketEvent::qty, that one lot has
};

/// What became of the events of one instrument.
struct LevelDayCounters {
  struct Trades {
    std::uint64_t count = 0;
    std::uint64_t lots = 0;
  };
  std::uint64_t snapshots = 0;
  std::uint64_t updates = 0;  ///< of depth
  std::uint64_t levels = 0;   ///< that snapshots and updates spoke of
  std::uint64_t early = 0;    ///< levels and trades before the first snapshot: left out
  std::uint64_t beyond = 0;   ///< levels of snapshots beyond levels_max: left out
  std::uint64_t restored = 0;  ///< levels that trades had changed, put right
  /// Quantities finer than the step, which old orders may have: cut to whole lots.
  std::uint64_t rounded = 0;
  std::uint64_t refused = 0;   ///< off tick, or larger than ITCH can say
  std::uint64_t backward = 0;  ///< stamped before the one before, taken at its time
  Trades at_level;             ///< in whole or in part; lots that were displayed there
  Trades undisplayed;          ///< lots of trades beyond what their level displayed
};

class LevelDay {
 public:
  static constexpr std::size_t kLevelsMax = 5000;

  /// Instrument n of the events is `instruments[n - 1]`, and has locate n. Of each side
  /// of a snapshot the best `levels_max` are taken. Throws std::invalid_argument for no
  /// instrument or more than 65,535, for a tick or step that is not above 0, and for a
  /// symbol that is empty or longer than 8.
  explicit LevelDay(const std::vector<LevelInstrument>& instruments,
                    std::size_t levels_max = kLevelsMax);

  /// Takes the next event, in the order of the capture; those of one update end with
  /// kLast. Of instruments that are none: ignored.
  void take(const event::MarketEvent& event);
  /// What the day holds so far; valid until the next call.
  Bytes so_far() const { return bytes_; }
  /// Ends the day and gives it away: a BinaryFILE.
  std::vector<std::byte> finish();

  /// By instrument, from 1 at index 0.
  const std::vector<LevelDayCounters>& counters() const { return counters_; }

 private:
  struct Order {
    std::uint64_t reference;
    std::uint32_t lots;
  };
  /// What is displayed at one price: the orders from `first` on.
  struct Level {
    std::uint64_t captured = 0;
    std::uint64_t shown = 0;
    std::vector<Order> orders;
    std::size_t first = 0;
    bool traded = false;  ///< noted in Instrument::traded
  };
  using Ladder = std::map<std::uint32_t, Level>;
  struct Change {
    Side side;
    std::uint32_t ticks;
    std::uint64_t lots;
  };
  struct Instrument {
    wire::itch::Symbol symbol;
    std::int64_t tick;
    std::int64_t step;
    Ladder ladders[2];
    std::vector<Change> changes;  ///< of the update that is being told
    std::vector<Change> traded;   ///< levels that trades took from since the last one
    bool snapshot = false;        ///< `changes` is all there is
    bool started = false;
  };

  void depth(const event::MarketEvent& event);
  void trade(const event::MarketEvent& event);
  void apply(Instrument& at);
  void complete_snapshot(Instrument& at);
  void set(Instrument& at, const Change& change);
  void grow(Level& level, const Change& change, std::uint64_t lots);
  void shrink(Level& level, std::uint64_t lots);
  std::uint64_t execute(Level& level, std::uint64_t lots);
  void reach(std::int64_t venue_time);
  void open();
  void system(char event);
  wire::itch::Header header(std::uint16_t locate) const { return {locate, 0, time_}; }
  template <class Message>
  void send(const Message& message);

  std::vector<Instrument> instruments_;
  std::vector<LevelDayCounters> counters_;
  std::size_t levels_max_;
  std::vector<std::byte> bytes_;
  std::uint16_t locate_ = 0;    ///< of the event at hand
  std::int64_t midnight_ = -1;  ///< ns since 1970; -1: no event yet
  std::uint64_t told_ = 0;      ///< the latest time that an event told, since midnight
  std::uint64_t time_ = 0;
  std::uint64_t reference_ = 0;
  std::uint64_t match_ = 0;
};

}  // namespace pyscalp::capture
