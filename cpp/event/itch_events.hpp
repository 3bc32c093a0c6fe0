// TotalView-ITCH 5.0 messages as MarketEvents: one message, one event.
//
// What each type becomes:
//
//   A F  kAdd       order, side, qty, price
//   E    kExecute   order, qty, other = match; price kNoPrice: the order's, not told
//   C    kExecute   the same with kOwnPrice and the price; kNotPrintable if printable N
//   X    kReduce    order, qty taken off
//   D    kDelete    order
//   U    kReplace   order = old, other = new, qty, price; the side is the old order's
//   P    kTrade     kHidden; other = match; the side is not told (always B since 2014)
//   Q    kTrade     kCross; other = match, code = kind of cross: O C H I A
//   B    kBreak     other = match
//   S    kSystem    code = event: O S Q M E C
//   R    kInstrument
//   H    kStatus    code = state: H halted, P paused, Q quotation only, T trading
//   h    kStatus    code = h halted, t resumed at one market; other = Q, B or X
//   rest kOther     code = type
//
// `code` is the message type where nothing else is said. Every event is kLast.
// Stateless and thread-safe.
#pragma once

#include "base/bytes.hpp"
#include "event/market_event.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::event {

/// A handler for wire::itch::decode that fills one event. `midnight_ns` is added to the
/// times: 0 leaves them since midnight US Eastern.
class ItchEvent {
 public:
  ItchEvent(MarketEvent& out, std::uint64_t sequence, std::int64_t receipt_ns,
            std::int64_t midnight_ns)
      : out_(out), midnight_ns_(midnight_ns) {
    out_ = MarketEvent{};
    out_.receipt_time = receipt_ns;
    out_.sequence = sequence;
    out_.flags = kLast;
  }

  /// The symbol, where the message carried one with its locate.
  bool has_stock() const { return has_stock_; }
  const wire::itch::Symbol& stock() const { return stock_; }

  void on(const wire::itch::AddOrder& m) { add(m); }
  void on(const wire::itch::AddOrderMpid& m) { add(m); }
  void on(const wire::itch::OrderExecuted& m) {
    start(m, EventKind::kExecute);
    out_.order = m.reference;
    out_.other = m.match;
    out_.qty = m.shares;
  }
  void on(const wire::itch::OrderExecutedWithPrice& m) {
    start(m, EventKind::kExecute);
    out_.order = m.reference;
    out_.other = m.match;
    out_.qty = m.shares;
    out_.price = price_from_e4(m.price_e4).value;
    out_.flags |= kOwnPrice;
    if (m.printable == 'N') out_.flags |= kNotPrintable;
  }
  void on(const wire::itch::OrderCancel& m) {
    start(m, EventKind::kReduce);
    out_.order = m.reference;
    out_.qty = m.cancelled;
  }
  void on(const wire::itch::OrderDelete& m) {
    start(m, EventKind::kDelete);
    out_.order = m.reference;
  }
  void on(const wire::itch::OrderReplace& m) {
    start(m, EventKind::kReplace);
    out_.order = m.old_reference;
    out_.other = m.new_reference;
    out_.qty = m.shares;
    out_.price = price_from_e4(m.price_e4).value;
  }
  void on(const wire::itch::Trade& m) {
    start(m, EventKind::kTrade);
    take_stock(m.stock);
    out_.order = m.reference;
    out_.other = m.match;
    out_.qty = m.shares;
    out_.price = price_from_e4(m.price_e4).value;
    out_.flags |= kHidden;
  }
  void on(const wire::itch::CrossTrade& m) {
    start(m, EventKind::kTrade);
    take_stock(m.stock);
    out_.other = m.match;
    out_.qty = static_cast<std::int64_t>(m.shares);
    out_.price = price_from_e4(m.price_e4).value;
    out_.flags |= kCross;
    out_.code = m.cross;
  }
  void on(const wire::itch::BrokenTrade& m) {
    start(m, EventKind::kBreak);
    out_.other = m.match;
  }
  void on(const wire::itch::SystemEvent& m) {
    start(m, EventKind::kSystem);
    out_.code = m.event;
  }
  void on(const wire::itch::StockDirectory& m) {
    start(m, EventKind::kInstrument);
    take_stock(m.stock);
  }
  void on(const wire::itch::TradingAction& m) {
    start(m, EventKind::kStatus);
    take_stock(m.stock);
    out_.code = m.state;
  }
  void on(const wire::itch::OperationalHalt& m) {
    start(m, EventKind::kStatus);
    take_stock(m.stock);
    out_.other = static_cast<unsigned char>(m.market);
    out_.code = m.action == 'H' ? 'h' : 't';
  }
  /// Every other type that the specification knows.
  template <class Message>
  void on(const Message& m) {
    start(m, EventKind::kOther);
    if constexpr (requires { m.stock; }) take_stock(m.stock);
  }

 private:
  template <class Message>
  void start(const Message& m, EventKind kind) {
    if constexpr (requires { m.header; }) {
      out_.venue_time = midnight_ns_ + static_cast<std::int64_t>(m.header.timestamp_ns);
      out_.instrument = m.header.locate;
    }
    out_.kind = kind;
    out_.code = Message::kType;
  }
  template <class Message>
  void add(const Message& m) {
    start(m, EventKind::kAdd);
    take_stock(m.stock);
    out_.order = m.reference;
    out_.side = m.side == 'B' ? EventSide::kBuy : EventSide::kSell;
    out_.qty = m.shares;
    out_.price = price_from_e4(m.price_e4).value;
  }
  void take_stock(const wire::itch::Symbol& stock) {
    stock_ = stock;
    has_stock_ = true;
  }

  MarketEvent& out_;
  std::int64_t midnight_ns_;
  wire::itch::Symbol stock_;
  bool has_stock_ = false;
};

}  // namespace pyscalp::event
