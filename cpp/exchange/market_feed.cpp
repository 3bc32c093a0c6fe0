// The Market's own messages on the feed.
#include "exchange/market.hpp"

namespace pyscalp::exchange {
namespace {

namespace itch = wire::itch;

itch::Header header(InstrumentId instrument, UnixNanos now) {
  return {index(instrument), 0, static_cast<std::uint64_t>(now.value)};
}

char side_code(Side side) { return side == Side::kBuy ? 'B' : 'S'; }

std::uint32_t shares(Qty qty) { return static_cast<std::uint32_t>(qty); }

}  // namespace

std::uint32_t Market::price_code(InstrumentId id, Price price) const {
  return static_cast<std::uint32_t>(price.value / instrument(id)->feed_step.value);
}

Price Market::price_of(InstrumentId id, std::uint32_t code) const {
  return {std::int64_t{code} * instrument(id)->feed_step.value};
}

void Market::send_system(char event, UnixNanos now) {
  feed_.send(itch::SystemEvent{header(InstrumentId{}, now), event});
}

void Market::send_directory(const Instrument& instrument, UnixNanos now) {
  itch::StockDirectory message;
  message.header = header(instrument.id, now);
  message.stock = itch::Symbol(instrument.symbol);
  feed_.send(message);
}

void Market::send_trading(const Instrument& instrument, char state, UnixNanos now) {
  itch::TradingAction message;
  message.header = header(instrument.id, now);
  message.stock = itch::Symbol(instrument.symbol);
  message.state = state;
  feed_.send(message);
}

void Market::send_add(const Order& order, UnixNanos now) {
  itch::AddOrder message;
  message.header = header(order.instrument, now);
  message.reference = order.reference;
  message.side = side_code(order.side);
  message.shares = shares(order.qty);
  message.stock = itch::Symbol(instrument(order.instrument)->symbol);
  message.price_e4 = price_code(order.instrument, order.price);
  feed_.send(message);
}

void Market::send_replace(const Order& order, std::uint64_t replaced, UnixNanos now) {
  feed_.send(itch::OrderReplace{header(order.instrument, now), replaced,
                                order.reference, shares(order.qty),
                                price_code(order.instrument, order.price)});
}

void Market::send_delete(const Order& order, UnixNanos now) {
  feed_.send(itch::OrderDelete{header(order.instrument, now), order.reference});
}

void Market::send_cancel(const Order& order, Qty qty, UnixNanos now) {
  feed_.send(
      itch::OrderCancel{header(order.instrument, now), order.reference, shares(qty)});
}

void Market::send_executed(const Order& order, Qty qty, std::uint64_t match_number,
                           UnixNanos now) {
  if (!order.hidden) {
    feed_.send(itch::OrderExecuted{header(order.instrument, now), order.reference,
                                   shares(qty), match_number});
    return;
  }
  itch::Trade message;  // reference 0 and side B whatever the order's, as since 2014
  message.header = header(order.instrument, now);
  message.shares = shares(qty);
  message.stock = itch::Symbol(instrument(order.instrument)->symbol);
  message.price_e4 = price_code(order.instrument, order.price);
  message.match = match_number;
  feed_.send(message);
}

}  // namespace pyscalp::exchange
