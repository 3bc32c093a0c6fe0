// IEX DEEP 1.0, TOPS 1.6 and DEEP+ 1.0 messages as MarketEvents.
//
//   8 5  kLevel     qty = all that rests at the price; kLast from the event flag
//   Q    2 kTouch   bid, then ask, which is kLast
//   a    kAdd       M  kModify, kKeepsPlace if told     R  kDelete     C  kClear
//   L    kExecute   other = trade id, price = that of the trade
//   T    kTrade     other = trade id; kHidden on DEEP+, where L tells of the displayed
//   B    kBreak     other = trade id, with price and qty
//   S    kSystem    code = event: O S R M E C
//   D    kInstrument
//   H    kStatus    code = status: H halted, O accepts orders, P paused, T trading
//   O    kStatus    code = h halted on IEX, t not
//   rest kOther     code = type
//
// T, L and B of a single-price cross are kCross. The side of a T is not told. Messages
// carry symbols, not numbers: `number(symbol)` of the caller gives them. The priority
// flag of M is bit 0 in the specification's text (1.02) and 0x80 in another source, the
// other bits being reserved in both: either is taken. Events but 8 and 5 are kLast.
#pragma once

#include "base/bytes.hpp"
#include "event/market_event.hpp"
#include "wire/iex.hpp"

namespace pyscalp::event {

/// A handler for wire::iex::decode that calls `give(event)` once, or twice for a Q.
/// `Number` is callable with a string_view and returns the instrument's number.
template <class Number, class Give>
class IexEvents {
 public:
  IexEvents(std::uint64_t sequence, std::int64_t receipt_ns, bool deep_plus,
            Number& number, Give& give)
      : deep_plus_(deep_plus), number_(number), give_(give) {
    event_.receipt_time = receipt_ns;
    event_.sequence = sequence;
    event_.flags = kLast;
  }

  /// True where a price was too large for int64 at 1e-9; no event was given.
  bool bad_price() const { return bad_price_; }

  template <char kCode>
  void on(const wire::iex::PriceLevelUpdate<kCode>& m) {
    start(m, EventKind::kLevel);
    event_.side = event_side(m.kSide);
    event_.qty = m.size;
    if (!m.event_complete()) event_.flags = 0;
    finish(m.price_e4);
  }
  void on(const wire::iex::QuoteUpdate& m) {
    start(m, EventKind::kTouch);
    touch(EventSide::kBuy, m.bid_size, m.bid_e4, 0);
    touch(EventSide::kSell, m.ask_size, m.ask_e4, kLast);
  }
  void on(const wire::iex::AddOrder& m) {
    start(m, EventKind::kAdd);
    event_.side = m.side == '8' ? EventSide::kBuy : EventSide::kSell;
    event_.order = m.order;
    event_.qty = m.size;
    finish(m.price_e4);
  }
  void on(const wire::iex::OrderModify& m) {
    start(m, EventKind::kModify);
    event_.order = m.order;
    event_.qty = m.size;
    if ((m.flags & 0x81) != 0) event_.flags |= kKeepsPlace;
    finish(m.price_e4);
  }
  void on(const wire::iex::OrderDelete& m) {
    start(m, EventKind::kDelete);
    event_.order = m.order;
    give_(event_);
  }
  void on(const wire::iex::OrderExecuted& m) {
    start(m, EventKind::kExecute);
    event_.order = m.order;
    event_.other = m.trade_id;
    event_.qty = m.size;
    note_cross(m.sale_flags);
    finish(m.price_e4);
  }
  template <char kCode>
  void on(const wire::iex::TradeMessage<kCode>& m) {
    start(m, kCode == 'T' ? EventKind::kTrade : EventKind::kBreak);
    event_.other = m.trade_id;
    event_.qty = m.size;
    if (kCode == 'T' && deep_plus_) event_.flags |= kHidden;
    note_cross(m.sale_flags);
    finish(m.price_e4);
  }
  void on(const wire::iex::ClearBook& m) {
    start(m, EventKind::kClear);
    give_(event_);
  }
  void on(const wire::iex::SystemEvent& m) {
    start(m, EventKind::kSystem);
    event_.code = m.event;
    give_(event_);
  }
  void on(const wire::iex::SecurityDirectory& m) {
    start(m, EventKind::kInstrument);
    give_(event_);
  }
  void on(const wire::iex::TradingStatus& m) {
    start(m, EventKind::kStatus);
    event_.code = m.status;
    give_(event_);
  }
  void on(const wire::iex::OperationalHalt& m) {
    start(m, EventKind::kStatus);
    event_.code = m.status == 'O' ? 'h' : 't';
    give_(event_);
  }
  template <class Message>
  void on(const Message& m) {
    start(m, EventKind::kOther);
    give_(event_);
  }

 private:
  template <class Message>
  void start(const Message& m, EventKind kind) {
    event_.venue_time = m.time_ns;
    event_.kind = kind;
    event_.code = Message::kType;
    if constexpr (requires { m.symbol; }) {
      event_.instrument = number_(m.symbol.trimmed());
    }
  }
  void finish(std::int64_t price_e4) {
    const auto price = wire::iex::exact_price(price_e4);
    bad_price_ = !price;
    if (bad_price_) return;
    event_.price = price->value;
    give_(event_);
  }
  void touch(EventSide side, std::uint32_t size, std::int64_t price_e4,
             std::uint8_t flags) {
    const auto price = wire::iex::exact_price(price_e4);
    bad_price_ |= !price;
    if (bad_price_) return;
    event_.side = side;
    event_.qty = size;
    event_.price = size == 0 ? kNoPrice.value : price->value;
    event_.flags = flags;
    give_(event_);
  }
  void note_cross(std::uint8_t sale_flags) {
    if ((sale_flags & wire::iex::kSinglePriceCross) != 0) event_.flags |= kCross;
  }

  MarketEvent event_;
  bool deep_plus_;
  bool bad_price_ = false;
  Number& number_;
  Give& give_;
};

}  // namespace pyscalp::event
