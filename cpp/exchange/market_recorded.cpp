// A recorded day: its messages against a book that participants share.
#include <algorithm>
#include <utility>

#include "exchange/market.hpp"

namespace pyscalp::exchange {

namespace itch = wire::itch;

/// Applies one decoded message. Whatever has no `on` here goes to the feed as it is;
/// what has one sends itself.
struct Market::RecordedHandler {
  Market& market;
  Bytes raw;
  bool sent = false;

  RestingBook& book = market.book_;
  Anomalies& anomalies = market.anomalies_;

  static UnixNanos time(const itch::Header& header) {
    return {static_cast<std::int64_t>(header.timestamp_ns)};
  }
  void pass() { market.feed_.copy(raw); }
  void pass(std::uint64_t& anomaly) {
    ++anomaly;
    pass();
  }

  bool listed(const itch::Header& header) const {
    return market.listing(InstrumentId{header.locate}).instrument >= 0;
  }

  /// A recorded order by its reference, or kNil, counted and sent on.
  std::uint32_t find(std::uint64_t reference) {
    sent = true;
    if (reference >= market.options_.first_number) {
      ++anomalies.reserved_reference;
      return kNil;
    }
    const std::uint32_t index = book.find(reference);
    if (index == kNil) pass(anomalies.unknown_reference);
    return index;
  }

  void on(const itch::AddOrder& message) { add(message); }
  void on(const itch::AddOrderMpid& message) { add(message); }

  template <class Message>
  void add(const Message& message) {
    sent = true;
    if (message.reference >= market.options_.first_number) {
      ++anomalies.reserved_reference;
      return;
    }
    if (!listed(message.header)) return pass(anomalies.unknown_instrument);
    if (message.shares == 0) return pass(anomalies.zero_shares);
    if (book.find(message.reference) != kNil) {
      return pass(anomalies.duplicate_reference);
    }
    if (book.full()) return pass(anomalies.over_capacity);
    Order order;
    order.reference = message.reference;
    order.instrument = InstrumentId{message.header.locate};
    order.price = market.price_of(order.instrument, message.price_e4);
    order.qty = message.shares;
    order.recorded_qty = message.shares;
    order.side = message.side == 'B' ? Side::kBuy : Side::kSell;
    order.qty = arrive(order, time(message.header));
    book.add(order, place(order));
    if (order.qty == order.recorded_qty) {
      pass();
    } else if (order.qty > 0) {
      Message rest = message;
      rest.shares = static_cast<std::uint32_t>(order.qty);
      market.feed_.send(rest);
    }
  }

  /// Where a new recorded order queues among the others at its price.
  RestingBook::Place place(const Order& order) {
    using Place = RestingBook::Place;
    Price& shown = market.listings_[index(order.instrument)].shown[index(order.side)];
    const Price before = std::exchange(shown, order.price);
    const bool unseen = before == kNoPrice || better(order.side, before, order.price);
    return market.options_.touch_only && unseen ? Place::kFirst : Place::kLast;
  }

  static Incoming aggressor(InstrumentId instrument, Side side, Price limit, Qty qty) {
    Incoming incoming;
    incoming.instrument = instrument;
    incoming.side = side;
    incoming.limit = limit;
    incoming.open = qty;
    return incoming;
  }

  /// Lets an arriving recorded order trade with participants; returns what is left.
  Qty arrive(const Order& order, UnixNanos now) {
    if (!market.trading(order.instrument)) return order.qty;
    Incoming incoming = aggressor(order.instrument, order.side, order.price, order.qty);
    market.match(incoming, now);
    return incoming.open;
  }

  void on(const itch::OrderExecuted& message) { execute(message); }
  void on(const itch::OrderExecutedWithPrice& message) { execute(message); }

  template <class Message>
  void execute(const Message& message) {
    const std::uint32_t index = find(message.reference);
    if (index == kNil) return;
    const UnixNanos now = time(message.header);
    const Qty shares = message.shares;
    Incoming incoming = aggressor(book[index].instrument, opposite(book[index].side),
                                  book[index].price, shares);
    incoming.until = index;
    market.match(incoming, now);

    Order& order = book[index];
    const bool untouched = incoming.open == shares && order.qty == order.recorded_qty;
    if (shares > order.recorded_qty) ++anomalies.overfill;
    order.recorded_qty = std::max<Qty>(order.recorded_qty - shares, 0);
    const Qty done = std::min(incoming.open, order.qty);
    book.reduce(index, done);
    if (done > 0) tell(message, order, done);
    if (untouched) {
      pass();
    } else if (done > 0) {
      Message here = message;
      here.shares = static_cast<std::uint32_t>(done);
      market.feed_.send(here);
    }
    settle(index, now);
  }

  /// Tells the public of a recorded execution of `qty`.
  void tell(const itch::OrderExecuted& message, const Order& order, Qty qty) {
    market.note_trade({time(message.header), order.instrument, opposite(order.side),
                       order.price, qty, message.match});
  }
  void tell(const itch::OrderExecutedWithPrice& message, const Order& order, Qty qty) {
    if (message.printable != 'Y') return;
    market.note_trade({time(message.header), order.instrument, opposite(order.side),
                       market.price_of(order.instrument, message.price_e4), qty,
                       message.match});
  }

  /// Takes off what is here of an order beyond what the recording has left of it, and
  /// the order itself once the recording is done with it.
  void settle(std::uint32_t index, UnixNanos now) {
    const Order& order = book[index];
    const Qty excess = order.qty - order.recorded_qty;
    if (excess > 0) {
      book.reduce(index, excess);
      if (order.qty > 0) {
        market.send_cancel(order, excess, now);
      } else {
        market.send_delete(order, now);
      }
    }
    if (order.recorded_qty == 0) book.erase(index);
  }

  void on(const itch::OrderCancel& message) {
    const std::uint32_t index = find(message.reference);
    if (index == kNil) return;
    Order& order = book[index];
    const Qty cancelled = message.cancelled;
    const bool untouched = order.qty == order.recorded_qty;
    if (cancelled > order.recorded_qty) ++anomalies.overfill;
    order.recorded_qty = std::max<Qty>(order.recorded_qty - cancelled, 0);
    if (untouched) {
      pass();
      book.reduce(index, order.qty - order.recorded_qty);
    }
    settle(index, time(message.header));
  }

  void on(const itch::OrderDelete& message) {
    const std::uint32_t index = find(message.reference);
    if (index == kNil) return;
    if (book[index].qty > 0) pass();
    book.erase(index);
  }

  void on(const itch::OrderReplace& message) {
    const std::uint32_t index = find(message.old_reference);
    if (index == kNil) return;
    const UnixNanos now = time(message.header);
    const Order old = book[index];
    book.erase(index);
    if (message.new_reference >= market.options_.first_number) {
      ++anomalies.reserved_reference;
      if (old.qty > 0) market.send_delete(old, now);
      return;
    }
    if (message.shares == 0 || book.find(message.new_reference) != kNil) {
      ++(message.shares == 0 ? anomalies.zero_shares : anomalies.duplicate_reference);
      if (old.qty > 0) pass();
      return;
    }
    Order order = old;
    order.reference = message.new_reference;
    order.price = market.price_of(order.instrument, message.price_e4);
    order.recorded_qty = message.shares;
    // What participants took of it stays taken; what the replacement adds is there.
    const Qty grown = order.recorded_qty - old.recorded_qty;
    order.qty = grown > 0 ? old.qty + grown : std::min(old.qty, order.recorded_qty);
    requeue(message, old, order, now);
  }

  /// Queues the recorded `order` in place of `old`, which has left the book.
  void requeue(const itch::OrderReplace& message, const Order& old, Order order,
               UnixNanos now) {
    const Qty before = order.qty;
    const Incoming probe = aggressor(order.instrument, order.side, order.price, before);
    const bool takes = before > 0 && market.trading(order.instrument) &&
                       market.contra(probe) != Contra::kNone;
    if (takes) {
      if (old.qty > 0) market.send_delete(old, now);
      order.qty = arrive(order, now);
    }
    book.add(order);
    if (order.qty == 0) return;
    if (takes || old.qty == 0) {
      market.send_add(order, now);
    } else if (order.qty == order.recorded_qty) {
      pass();
    } else {
      itch::OrderReplace here = message;
      here.shares = static_cast<std::uint32_t>(order.qty);
      market.feed_.send(here);
    }
  }

  /// The last price at which participants are filled by a trade whose taker, as `side`
  /// has it, met hidden orders.
  Price reach(const itch::Trade& message, Side side) const {
    const Price price =
        market.price_of(InstrumentId{message.header.locate}, message.price_e4);
    if (!market.options_.touch_only) return price;
    const Side resting = opposite(side);
    const Price shown = market.listings_[message.header.locate].shown[index(resting)];
    if (shown != kNoPrice && !better(resting, shown, price)) return price;
    return {price.value + sign(resting)};
  }

  void on(const itch::Trade& message) {
    sent = true;
    if (!listed(message.header)) return pass(anomalies.unknown_instrument);
    // The message does not tell which side was hidden; only one can be within reach,
    // unless participants wait in a halt.
    Qty open = message.shares;
    for (const Side side : {Side::kSell, Side::kBuy}) {
      Incoming incoming = aggressor(InstrumentId{message.header.locate}, side,
                                    reach(message, side), open);
      market.match(incoming, time(message.header));
      open = incoming.open;
    }
    if (open == 0) return;
    const InstrumentId id{message.header.locate};
    market.note_trade({time(message.header), id,
                       message.side == 'B' ? Side::kSell : Side::kBuy,
                       market.price_of(id, message.price_e4), open, message.match});
    if (open == message.shares) return pass();
    itch::Trade rest = message;
    rest.shares = static_cast<std::uint32_t>(open);
    market.feed_.send(rest);
  }

  void on(const itch::SystemEvent& message) {
    sent = true;
    pass();
    if (message.event == 'S' || message.event == 'Q') market.open_ = true;
    if (message.event == 'M' || message.event == 'E' || message.event == 'C') {
      market.open_ = false;
      market.cancel_everyone(time(message.header));
    }
  }

  void on(const itch::StockDirectory& message) {
    sent = true;
    const InstrumentId id{message.header.locate};
    const std::string symbol(message.stock.trimmed());
    if (index(id) == 0) return pass(anomalies.unknown_instrument);
    pass();
    if (listed(message.header)) {
      const std::int32_t at = market.listing(id).instrument;
      market.instruments_[static_cast<std::size_t>(at)].symbol = symbol;
    } else {
      market.list({id, symbol});
    }
  }

  void on(const itch::TradingAction& message) {
    sent = true;
    if (!listed(message.header)) return pass(anomalies.unknown_instrument);
    pass();
    market.listings_[message.header.locate].trading = message.state == 'T';
  }

  void on(const itch::OperationalHalt& message) {
    sent = true;
    if (!listed(message.header)) return pass(anomalies.unknown_instrument);
    pass();
    if (message.market == 'Q') {
      market.listings_[message.header.locate].halted = message.action == 'H';
    }
  }
};

void Market::apply_recorded(Bytes message) {
  if (message.empty() || message.size() > 0xFFFF) {
    ++anomalies_.malformed;
    return;
  }
  RecordedHandler handler{*this, message};
  switch (itch::decode(message, handler)) {
    case itch::DecodeStatus::kOk:
      if (!handler.sent) feed_.copy(message);
      return;
    case itch::DecodeStatus::kUnknownType:
      ++anomalies_.unknown_type;
      break;
    case itch::DecodeStatus::kEmpty:
    case itch::DecodeStatus::kTruncated:
    case itch::DecodeStatus::kBadField:
      ++anomalies_.malformed;
      break;
  }
  feed_.copy(message);
}

}  // namespace pyscalp::exchange
