// Books driven by an ITCH 5.0 stream, with the instrument directory and trading states.
//
// Give every message in sequence to `apply`; it updates the book and tells the listener
// what happened: `on_book(InstrumentId)` after a change of any level or of the trading
// state, `on_trade(const TradeView&)` after an execution or a trade against a hidden
// order, `on_directory(InstrumentId, symbol)` when the day's directory names one. The
// listener is a template parameter, so the calls cost nothing where it has no interest.
#pragma once

#include <array>
#include <string_view>

#include "book/order_books.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::book {

/// A trade read off the feed. `aggressor` says who came to the market; for trades
/// against hidden orders nobody tells, and `hidden` is set.
struct TradeView {
  InstrumentId instrument{};
  Price price;
  Qty qty = 0;
  Side aggressor = Side::kBuy;
  bool hidden = false;
};

class ItchBooks {
 public:
  struct Counters {
    std::uint64_t messages = 0;
    std::uint64_t unknown_types = 0;
    std::uint64_t undecodable = 0;
    std::uint64_t wrong_locate = 0;  ///< about an order of another instrument
    std::uint64_t book[kBookStatusCount] = {};  ///< by BookStatus
  };

  explicit ItchBooks(const BookCapacity& capacity = {})
      : books_(capacity),
        symbols_(std::make_unique<wire::itch::Symbol[]>(1 << 16)),
        states_(std::make_unique<char[]>(1 << 16)) {}

  template <class Listener>
  wire::itch::DecodeStatus apply(Bytes message, Listener& listener) {
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
    void settle(const wire::itch::Header& header, BookStatus status) {
      ++self.counters_.book[static_cast<int>(status)];
      const InstrumentId id{header.locate};
      if (status != BookStatus::kOk) [[unlikely]]
        self.books_.flag(id);
      listener.on_book(id);
    }
    /// The same for a message about an order that is there: its locate must be the
    /// order's own, or neither book can be believed.
    void settle(const wire::itch::Header& header, BookStatus status,
                const OrderView& order) {
      if (status == BookStatus::kOk && index(order.instrument) != header.locate)
          [[unlikely]] {
        self.books_.flag(order.instrument);
        self.books_.flag(InstrumentId{header.locate});
        ++self.counters_.wrong_locate;
      }
      settle(header, status);
    }
    void add(const auto& m) {
      stamp(m.header);
      settle(m.header, self.books_.add(InstrumentId{m.header.locate}, m.reference,
                                       m.side == 'B' ? Side::kBuy : Side::kSell,
                                       m.shares, price_from_e4(m.price_e4)));
    }
    void on(const wire::itch::AddOrder& m) { add(m); }
    void on(const wire::itch::AddOrderMpid& m) { add(m); }
    void on(const wire::itch::OrderExecuted& m) {
      stamp(m.header);
      OrderView before;
      const BookStatus status = self.books_.reduce(m.reference, m.shares, &before);
      if (status == BookStatus::kOk) {
        listener.on_trade(TradeView{InstrumentId{m.header.locate}, before.price,
                                    m.shares, opposite(before.side), false});
      }
      settle(m.header, status, before);
    }
    void on(const wire::itch::OrderExecutedWithPrice& m) {
      stamp(m.header);
      OrderView before;
      const BookStatus status = self.books_.reduce(m.reference, m.shares, &before);
      if (status == BookStatus::kOk && m.printable == 'Y') {
        listener.on_trade(TradeView{InstrumentId{m.header.locate},
                                    price_from_e4(m.price_e4), m.shares,
                                    opposite(before.side), false});
      }
      settle(m.header, status, before);
    }
    void on(const wire::itch::OrderCancel& m) {
      stamp(m.header);
      OrderView before;
      const BookStatus status = self.books_.reduce(m.reference, m.cancelled, &before);
      settle(m.header, status, before);
    }
    void on(const wire::itch::OrderDelete& m) {
      stamp(m.header);
      OrderView before;
      const BookStatus status = self.books_.remove(m.reference, &before);
      settle(m.header, status, before);
    }
    void on(const wire::itch::OrderReplace& m) {
      stamp(m.header);
      OrderView before;
      const BookStatus status =
          self.books_.replace(m.old_reference, m.new_reference, m.shares,
                              price_from_e4(m.price_e4), &before);
      settle(m.header, status, before);
    }
    void on(const wire::itch::Trade& m) {
      stamp(m.header);
      listener.on_trade(TradeView{InstrumentId{m.header.locate},
                                  price_from_e4(m.price_e4), m.shares, Side::kBuy,
                                  true});
    }
    void on(const wire::itch::StockDirectory& m) {
      stamp(m.header);
      self.symbols_[m.header.locate] = m.stock;
      listener.on_directory(InstrumentId{m.header.locate}, m.stock.trimmed());
    }
    void on(const wire::itch::TradingAction& m) {
      stamp(m.header);
      self.states_[m.header.locate] = m.state;
      listener.on_book(InstrumentId{m.header.locate});
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
