// Books driven by an ITCH 5.0 stream, with the instrument directory and trading states.
//
// Give every message in sequence to `apply`; it updates the book and tells the listener
// what happened. The listener is a template parameter and has any of these functions;
// those it lacks cost nothing:
//
//   on_book(InstrumentId)        a message about the book or trading state was taken
//   on_touch(InstrumentId)       the best price of a side, or its quantity, is another
//   on_level(const BookChange&)  what is displayed at one price is another
//   on_order(const OrderEvent&)  what happened to one order; before on_level
//   on_trade(const TradeView&)   an execution, or a trade against a hidden order
//   on_directory(InstrumentId, symbol)  the day's directory names an instrument
//
// A whole file or packet is best given to `apply_all` (look_ahead.hpp), which brings
// the memory of coming messages into the cache while the present one is worked on.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "book/order_books.hpp"
#include "book/order_event.hpp"
#include "book/trade_view.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::book {

class ItchBooks {
 public:
  struct Counters {
    std::uint64_t messages = 0;
    std::uint64_t unknown_types = 0;
    std::uint64_t undecodable = 0;
    std::uint64_t wrong_locate = 0;  ///< about an order of another instrument
    std::uint64_t book[kBookStatusCount] = {};  ///< by BookStatus
  };

  /// The capacity's price step is ITCH's own, whatever it says.
  explicit ItchBooks(BookCapacity capacity = {})
      : books_((capacity.step = price_from_e4(1), capacity)),
        symbols_(std::make_unique<wire::itch::Symbol[]>(1 << 16)),
        states_(std::make_unique<char[]>(1 << 16)) {}

  /// Start-up: takes the memory of all pools now.
  void prefault() { books_.prefault(); }

  template <class Listener>
  [[gnu::always_inline]] wire::itch::DecodeStatus apply(Bytes message,
                                                        Listener& listener) {
    ++counters_.messages;
    Applier<Listener> applier{*this, listener};
    const auto status = wire::itch::decode(message, applier);
    if (status == wire::itch::DecodeStatus::kUnknownType) {
      ++counters_.unknown_types;
    } else if (status != wire::itch::DecodeStatus::kOk) {
      ++counters_.undecodable;
      if (message.size() >= 3) {
        books_.flag(InstrumentId{load_be<std::uint16_t>(message.data() + 1)});
      }
    }
    return status;
  }

  /// Forgets everything but the counters: a new session begins.
  void clear() {
    books_.clear();
    std::fill_n(symbols_.get(), 1 << 16, wire::itch::Symbol{});
    std::fill_n(states_.get(), 1 << 16, '\0');
    system_event_ = '\0';
  }

  const OrderBooks& books() const { return books_; }
  std::string_view symbol(InstrumentId id) const {
    return symbols_[index(id)].trimmed();
  }
  /// T trading; H, P, Q as the feed says; 0 where it has said nothing yet.
  char trading_state(InstrumentId id) const { return states_[index(id)]; }
  /// The last system event: O S Q M E C, or 0.
  char system_event() const { return system_event_; }
  UnixNanos venue_time() const { return venue_time_; }
  const Counters& counters() const { return counters_; }

 private:
  template <class Listener>
  struct Applier {
    ItchBooks& self;
    Listener& listener;

    void stamp(const wire::itch::Header& header) {
      self.venue_time_ = {static_cast<std::int64_t>(header.timestamp_ns)};
    }
    void tell_book(InstrumentId id) {
      if constexpr (requires { listener.on_book(id); }) listener.on_book(id);
    }
    void tell_level(const BookChange& change) {
      if constexpr (requires { listener.on_level(change); }) {
        if (change.applied()) listener.on_level(change);
      }
    }
    /// `reference` names the order, `qty` what was added or taken off.
    void tell_order(OrderEvent::Kind kind, const BookChange& change,
                    std::uint64_t reference, Qty qty) {
      if constexpr (requires(OrderEvent e) { listener.on_order(e); }) {
        if (change.status != BookStatus::kOk) return;
        using Kind = OrderEvent::Kind;
        const Qty left = kind == Kind::kAdded     ? change.order_qty
                         : kind == Kind::kRemoved ? 0
                                                  : change.order_qty - qty;
        listener.on_order(OrderEvent{kind, change.side, change.instrument, reference,
                                     change.price, qty, left, change.level_qty});
      }
    }
    void tell_touch(const BookChange& change) {
      if constexpr (requires { listener.on_touch(change.instrument); }) {
        if (change.touched) listener.on_touch(change.instrument);
      }
    }
    void tell_trade(const TradeView& trade) {
      if constexpr (requires { listener.on_trade(trade); }) listener.on_trade(trade);
    }
    /// A message that names its order's instrument: it must be the order's own, or
    /// neither book can be believed.
    [[gnu::always_inline]] void settle(const wire::itch::Header& header,
                                       BookStatus status, const BookChange& change) {
      const InstrumentId id{header.locate};
      if (status != BookStatus::kOk) [[unlikely]]
        return doubt(id, status, change);
      ++self.counters_.book[static_cast<int>(BookStatus::kOk)];
      if (change.instrument != id) [[unlikely]] {
        self.books_.flag(change.instrument);
        self.books_.flag(id);
        ++self.counters_.wrong_locate;
      }
      tell_level(change);
      tell_touch(change);
      tell_book(id);
    }
    [[gnu::noinline]] void doubt(InstrumentId id, BookStatus status,
                                 const BookChange& change) {
      ++self.counters_.book[static_cast<int>(status)];
      self.books_.flag(id);
      tell_level(change);
      tell_touch(change);
      tell_book(id);
    }
    [[gnu::always_inline]] void add(const auto& m) {
      stamp(m.header);
      const BookChange change = self.books_.add_steps(
          InstrumentId{m.header.locate}, m.reference,
          m.side == 'B' ? Side::kBuy : Side::kSell, m.shares, m.price_e4);
      tell_order(OrderEvent::Kind::kAdded, change, m.reference, m.shares);
      settle(m.header, change.status, change);
    }
    [[gnu::always_inline]] void on(const wire::itch::AddOrder& m) { add(m); }
    [[gnu::always_inline]] void on(const wire::itch::AddOrderMpid& m) { add(m); }
    [[gnu::always_inline]] void on(const wire::itch::OrderExecuted& m) {
      stamp(m.header);
      const BookChange change = self.books_.reduce(m.reference, m.shares);
      if (change.status == BookStatus::kOk) {
        tell_trade({InstrumentId{m.header.locate}, change.price, m.shares,
                    opposite(change.side), false});
      }
      tell_order(OrderEvent::Kind::kExecuted, change, m.reference, m.shares);
      settle(m.header, change.status, change);
    }
    [[gnu::always_inline]] void on(const wire::itch::OrderExecutedWithPrice& m) {
      stamp(m.header);
      const BookChange change = self.books_.reduce(m.reference, m.shares);
      if (change.status == BookStatus::kOk && m.printable == 'Y') {
        tell_trade({InstrumentId{m.header.locate}, price_from_e4(m.price_e4), m.shares,
                    opposite(change.side), false});
      }
      tell_order(OrderEvent::Kind::kExecuted, change, m.reference, m.shares);
      settle(m.header, change.status, change);
    }
    [[gnu::always_inline]] void on(const wire::itch::OrderCancel& m) {
      stamp(m.header);
      const BookChange change = self.books_.reduce(m.reference, m.cancelled);
      tell_order(OrderEvent::Kind::kReduced, change, m.reference, m.cancelled);
      settle(m.header, change.status, change);
    }
    [[gnu::always_inline]] void on(const wire::itch::OrderDelete& m) {
      stamp(m.header);
      const BookChange change = self.books_.remove(m.reference);
      tell_order(OrderEvent::Kind::kRemoved, change, m.reference, change.order_qty);
      settle(m.header, change.status, change);
    }
    [[gnu::always_inline]] void on(const wire::itch::OrderReplace& m) {
      stamp(m.header);
      const BookReplacement change = self.books_.replace_steps(
          m.old_reference, m.new_reference, m.shares, m.price_e4);
      if (change.removed.applied()) {
        tell_order(OrderEvent::Kind::kRemoved, change.removed, m.old_reference,
                   change.removed.order_qty);
        tell_level(change.removed);
        if (!change.added.touched) tell_touch(change.removed);
      }
      BookChange settled = change.added;
      settled.instrument = change.removed.instrument;
      if (change.removed.applied()) {
        tell_order(OrderEvent::Kind::kAdded, settled, m.new_reference, m.shares);
      }
      settle(m.header, change.status(), settled);
    }
    void on(const wire::itch::Trade& m) {
      stamp(m.header);
      tell_trade({InstrumentId{m.header.locate}, price_from_e4(m.price_e4), m.shares,
                  Side::kBuy, true});
    }
    void on(const wire::itch::StockDirectory& m) {
      stamp(m.header);
      self.symbols_[m.header.locate] = m.stock;
      const InstrumentId id{m.header.locate};
      if constexpr (requires { listener.on_directory(id, std::string_view()); }) {
        listener.on_directory(id, m.stock.trimmed());
      }
    }
    void on(const wire::itch::TradingAction& m) {
      stamp(m.header);
      self.states_[m.header.locate] = m.state;
      tell_book(InstrumentId{m.header.locate});
    }
    void on(const wire::itch::SystemEvent& m) {
      stamp(m.header);
      self.system_event_ = m.event;
    }
  };

  OrderBooks books_;
  std::unique_ptr<wire::itch::Symbol[]> symbols_;
  std::unique_ptr<char[]> states_;
  char system_event_ = '\0';
  UnixNanos venue_time_{};
  Counters counters_;
};

}  // namespace pyscalp::book
