// Books driven by MarketEvents: order by order, by level or by touch, whatever the
// venue tells.
//
// Give every event in sequence to `apply`. An instrument is booked by what its venue
// tells most of: by orders once one was told of, else by levels, else by touches; what
// tells less beside it (a quote stream next to the depth) is counted, and left out of
// the book. The listener is a template parameter and has any of these functions; those
// it lacks cost nothing:
//   on_level(const LevelChange&)   what is displayed at one price is another; at once
//   on_reload(InstrumentId)        so is any part of the book, it was cleared; 0: all
//   on_trade(const EventTrade&)    an execution or a trade; at once
//   on_book(InstrumentId)          the book was changed and is whole again
//   on_touch(InstrumentId)         after on_book, where the touch is another than when
//                                  it was last told: nobody has to poll
// A change that takes several events is whole with the event about the book that has
// kLast; trades and notices in between, which are whole in themselves, end nothing.
//
// What cannot be is counted by name and flags the book, which is not repaired: more
// taken than there was, an unknown or repeated reference, no price, a crossed book. A
// kClear of the whole book lifts the flag, for what comes then is the venue's own word.
//
// Single-threaded; all memory is taken at construction.
#pragma once

#include <memory>

#include "book/level_books.hpp"
#include "book/level_change.hpp"
#include "book/order_books.hpp"
#include "event/market_event.hpp"

namespace pyscalp::book {

struct EventCapacity {
  BookCapacity orders;
  LevelCapacity levels;
};

/// A trade as an event told it.
struct EventTrade {
  InstrumentId instrument{};
  Price price;  ///< kNoPrice where neither the event nor a known order tells it
  Qty qty = 0;
  event::EventSide aggressor = event::EventSide::kNone;
  std::uint8_t flags = 0;   ///< event::EventFlag
  std::uint64_t match = 0;  ///< the venue's number of the trade; 0: none told
};

class EventBooks {
 public:
  /// What an instrument is booked by.
  enum class Model : std::uint8_t { kNone, kTouches, kLevels, kOrders };

  struct Counters {
    std::uint64_t events = 0;
    std::uint64_t trades = 0;
    std::uint64_t breaks = 0;
    std::uint64_t crossed = 0;        ///< times a book became crossed or locked
    std::uint64_t beside = 0;         ///< told less than the book is kept by
    std::uint64_t no_side = 0;        ///< about a side, and of neither
    std::uint64_t no_instrument = 0;  ///< of an instrument past 65,535
    std::uint64_t unknown_kinds = 0;  ///< of no kind that EventKind has
    std::uint64_t lost_places = 0;    ///< grew in place: booked at the queue's end
    std::uint64_t book[kBookStatusCount] = {};  ///< by BookStatus
  };

  explicit EventBooks(const EventCapacity& capacity = {});

  template <class Listener>
  void apply(const event::MarketEvent& event, Listener& listener) {
    ++counters_.events;
    if (event.instrument > UINT16_MAX) [[unlikely]] {
      ++counters_.no_instrument;
      return;
    }
    const InstrumentId id{static_cast<std::uint16_t>(event.instrument)};
    Told told;
    change(event, id, told);
    if constexpr (requires(LevelChange c) { listener.on_level(c); }) {
      for (int i = 0; i < told.level_count; ++i) listener.on_level(told.levels[i]);
    }
    if constexpr (requires { listener.on_reload(id); }) {
      if (told.reload) listener.on_reload(id);
    }
    if constexpr (requires { listener.on_trade(told.trade); }) {
      if (told.traded) listener.on_trade(told.trade);
    }
    if ((event.flags & event::kLast) != 0 && told.about_book) {
      if (event.instrument != 0 || !told.reload) {
        settle(id, listener);
      } else {
        for (int i = 1; i <= UINT16_MAX; ++i) {
          settle(InstrumentId{static_cast<std::uint16_t>(i)}, listener);
        }
      }
    }
  }

  /// Forgets everything but the counters.
  void clear();

  Model model(InstrumentId instrument) const {
    return states_[index(instrument)].model;
  }
  Touch touch(InstrumentId instrument) const {
    return model(instrument) == Model::kOrders ? orders_.touch(instrument)
                                               : levels_.touch(instrument);
  }
  /// Writes up to `capacity` levels, best first; returns how many.
  int levels(InstrumentId instrument, Side side, LevelView* out, int capacity) const {
    return model(instrument) == Model::kOrders
               ? orders_.levels(instrument, side, out, capacity)
               : levels_.levels(instrument, side, out, capacity);
  }
  /// A flagged book met something impossible and is not to be traded on.
  bool flagged(InstrumentId instrument) const {
    return orders_.flagged(instrument) || levels_.flagged(instrument);
  }
  /// The last kStatus of the instrument; 0 where there was none.
  char trading_state(InstrumentId instrument) const {
    return states_[index(instrument)].trading;
  }

  const OrderBooks& orders() const { return orders_; }
  const LevelBooks& by_level() const { return levels_; }
  const Counters& counters() const { return counters_; }

 private:
  struct State {
    Touch told;  ///< the touch that the listener knows
    Model model = Model::kNone;
    bool changed = false;  ///< since the book was last whole
    char trading = '\0';
  };
  /// What one event came to.
  struct Told {
    LevelChange levels[2];
    EventTrade trade;
    int level_count = 0;
    bool traded = false;
    bool reload = false;
    bool about_book = true;
  };

  template <class Listener>
  void settle(InstrumentId id, Listener& listener) {
    State& state = states_[index(id)];
    if (!state.changed) return;
    state.changed = false;
    if constexpr (requires { listener.on_book(id); }) listener.on_book(id);
    const Touch now = touch(id);
    if (now == state.told) return;
    if (now.crossed() && !state.told.crossed()) [[unlikely]] {
      ++counters_.crossed;
      flag(id);
    }
    state.told = now;
    if constexpr (requires { listener.on_touch(id); }) listener.on_touch(id);
  }

  void change(const event::MarketEvent& event, InstrumentId id, Told& told);
  void change_order(const event::MarketEvent& event, InstrumentId id, Told& told);
  void change_level(const event::MarketEvent& event, InstrumentId id, Told& told);
  void modify(const event::MarketEvent& event, InstrumentId id, Told& told);
  void trade(const event::MarketEvent& event, InstrumentId id, Told& told);
  void clear_book(const event::MarketEvent& event, InstrumentId id, Told& told);
  void clear_side(InstrumentId id, Side side, Price price);
  void clear_whole(InstrumentId id);
  bool booked_by(Model model, InstrumentId id, Told& told);
  void count(BookStatus status, InstrumentId id);
  void take(const BookChange& change, InstrumentId id, std::int32_t orders, Told& told);
  void flag(InstrumentId id) { orders_.flag(id); }

  OrderBooks orders_;
  LevelBooks levels_;
  std::unique_ptr<State[]> states_;
  Counters counters_;
};

}  // namespace pyscalp::book
