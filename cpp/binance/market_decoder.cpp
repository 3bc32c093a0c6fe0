#include "binance/market_decoder.hpp"

#include <algorithm>

namespace pyscalp::binance {

using json::Fields;
using json::Number;
using json::Text;

bool names_partial_depth(std::string_view stream) {
  const std::size_t at = stream.find('@');
  if (at == std::string_view::npos) return false;
  stream.remove_prefix(at + 1);
  if (stream.substr(0, 5) != "depth") return false;
  stream.remove_prefix(5);
  const std::string_view count = stream.substr(0, stream.find('@'));
  return count == "5" || count == "10" || count == "20";
}

MarketDecoder::MarketDecoder(const SymbolTable& symbols,
                             const DecoderCapacity& capacity)
    : symbols_(symbols),
      levels_(std::make_unique<PriceLevel[]>(capacity.levels)),
      layouts_(std::make_unique<PairLayout[]>(symbols.size())),
      level_capacity_(capacity.levels),
      reader_(capacity.longest) {
  for (std::size_t at = 0; at < symbols.size(); ++at) {
    const Symbol& symbol = symbols[at];
    layouts_[at].price = NumberLayout(symbol.price, symbol.price.scale);
    layouts_[at].qty = NumberLayout(symbol.qty, symbol.qty.scale);
  }
}

MessageStatus MarketDecoder::decode(Bytes text, MarketMessage& message,
                                    const Symbol* of) {
  if (decode_by_shape({reinterpret_cast<const char*>(text.data()), text.size()},
                      message, of)) [[likely]] {
    ++counters_.by_shape;
    return MessageStatus::kOk;
  }
  return decode_by_fields(text, message, of);
}

MessageStatus MarketDecoder::decode_by_fields(Bytes text, MarketMessage& message,
                                              const Symbol* of) {
  message = {};
  Fields f;
  MessageStatus status = reader_.read(text, f);
  if (status == MessageStatus::kOk) {
    message.event_time = to_unix_nanos(f.number(Number::kEventTime));
    message.transaction_time = to_unix_nanos(f.number(Number::kTransactionTime));
    const std::string_view event = f.text(Text::kEvent);
    if (event == "depthUpdate") {
      status = names_partial_depth(f.text(Text::kStream))
                   ? partial(f, message, Number::kLastId)
                   : depth(f, message);
    } else if (event == "trade" || event == "aggTrade") {
      status = trade(f, message);
    } else if (event == "bookTicker" ||
               (!f.has(Text::kEvent) && f.has(Number::kLastId) &&
                f.has(Text::kBidQty))) {
      status = ticker(f, message);
    } else if (event == "serverShutdown") {
      message.kind = MessageKind::kShutdown;
    } else if (f.has(Text::kEvent)) {
      status = MessageStatus::kUnknownEvent;
    } else if (f.has(Number::kSnapshotId)) {
      status = f.has(Text::kStream) ? partial(f, message, Number::kSnapshotId)
                                    : snapshot(f, message, of);
    } else if (f.has_error_code) {
      message.kind = MessageKind::kError;
      message.error_code = f.error_code;
      message.error_text = f.text(Text::kErrorText);
      message.last_id = f.number(Number::kRequestId);
    } else if (f.has_result) {
      message.kind = MessageKind::kAnswer;
      message.last_id = f.number(Number::kRequestId);
    } else {
      status = f.absurd ? MessageStatus::kAbsurdNumber : MessageStatus::kUnknownEvent;
    }
    // A wanted field that is there and is no sensible number is never passed over.
    if (status == MessageStatus::kMissingField && f.absurd)
      status = MessageStatus::kAbsurdNumber;
  }
  ++(status == MessageStatus::kOk ? counters_.by_fields : counters_.refused);
  counters_.rounded += status == MessageStatus::kOk && message.rounded;
  return status;
}

const Symbol* MarketDecoder::symbol_of_stream(std::string_view stream) const {
  const std::size_t size = stream.find('@');
  if (size == std::string_view::npos || size > SymbolRules::kMaxName) return nullptr;
  char upper[SymbolRules::kMaxName];
  std::transform(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size),
                 upper, [](char c) {
                   return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
                 });
  return symbols_.find(std::string_view(upper, size));
}

const Symbol* MarketDecoder::symbol_of(const Fields& f) const {
  return f.has(Text::kSymbol) ? symbols_.find(f.text(Text::kSymbol))
                              : symbol_of_stream(f.text(Text::kStream));
}

namespace {
/// One side of a bookTicker: a side without quantity has no price.
MessageStatus read_side(const Symbol& symbol, std::string_view price,
                        std::string_view qty, PriceLevel& level, bool& rounded) {
  MessageStatus status = json::read_price(symbol, price, level.price);
  if (status != MessageStatus::kOk) return status;
  status = json::read_qty(symbol, qty, level.qty, rounded);
  if (status != MessageStatus::kOk) return status;
  if (level.qty == 0) level.price = kNoPrice;
  return level.price.value == 0 ? MessageStatus::kAbsurdNumber : MessageStatus::kOk;
}
}  // namespace

MessageStatus MarketDecoder::ticker(const Fields& f, MarketMessage& m) {
  m.kind = MessageKind::kBookTicker;
  m.symbol = symbol_of(f);
  if (m.symbol == nullptr) return MessageStatus::kUnknownSymbol;
  if (!f.has(Number::kLastId) || !f.has(Text::kBid) || !f.has(Text::kBidQty) ||
      !f.has(Text::kAsk) || !f.has(Text::kAskQty)) {
    return MessageStatus::kMissingField;
  }
  m.last_id = f.number(Number::kLastId);
  const MessageStatus bid =
      read_side(*m.symbol, f.text(Text::kBid), f.text(Text::kBidQty), m.bid, m.rounded);
  if (bid != MessageStatus::kOk) return bid;
  return read_side(*m.symbol, f.text(Text::kAsk), f.text(Text::kAskQty), m.ask,
                   m.rounded);
}

MessageStatus MarketDecoder::trade(const Fields& f, MarketMessage& m) {
  const bool aggregate = f.text(Text::kEvent) == "aggTrade";
  m.kind = aggregate ? MessageKind::kAggregateTrade : MessageKind::kTrade;
  m.symbol = symbol_of(f);
  if (m.symbol == nullptr) return MessageStatus::kUnknownSymbol;
  const Number id = aggregate ? Number::kAggregateId : Number::kTradeId;
  if (!f.has(id) || !f.has(Text::kPrice) || !f.has(Text::kQty) || !f.has_maker)
    return MessageStatus::kMissingField;
  m.last_id = f.number(id);
  m.buyer_is_maker = f.maker;
  m.of_market = !f.has(Text::kTradeType) || f.text(Text::kTradeType) == "MARKET";
  const MessageStatus price =
      json::read_price(*m.symbol, f.text(Text::kPrice), m.trade.price);
  if (price != MessageStatus::kOk) return price;
  const MessageStatus qty =
      json::read_qty(*m.symbol, f.text(Text::kQty), m.trade.qty, m.rounded);
  if (qty != MessageStatus::kOk) return qty;
  // Some of what is not of the market (transfers to the insurance fund) is of nothing.
  const bool absurd = m.of_market && (m.trade.price.value == 0 || m.trade.qty == 0);
  return absurd ? MessageStatus::kAbsurdNumber : MessageStatus::kOk;
}

MessageStatus MarketDecoder::sides(const Fields& f, MarketMessage& m) {
  if (!f.has_bids || !f.has_asks) return MessageStatus::kMissingField;
  std::size_t bids = 0, asks = 0;
  const MessageStatus status = reader_.read_levels(
      *m.symbol, {levels_.get(), level_capacity_}, bids, asks, m.rounded);
  if (status != MessageStatus::kOk) return status;
  m.bids = {levels_.get(), bids};
  m.asks = {levels_.get() + bids, asks};
  return MessageStatus::kOk;
}

MessageStatus MarketDecoder::depth(const Fields& f, MarketMessage& m) {
  m.kind = MessageKind::kDepthUpdate;
  m.symbol = symbol_of(f);
  if (m.symbol == nullptr) return MessageStatus::kUnknownSymbol;
  if (!f.has(Number::kFirstId) || !f.has(Number::kLastId))
    return MessageStatus::kMissingField;
  m.first_id = f.number(Number::kFirstId);
  m.last_id = f.number(Number::kLastId);
  m.has_previous = f.has(Number::kPreviousId);
  m.previous_id = f.number(Number::kPreviousId);
  if (f.absurd) return MessageStatus::kAbsurdNumber;
  return sides(f, m);
}

MessageStatus MarketDecoder::partial(const Fields& f, MarketMessage& m, Number id) {
  m.kind = MessageKind::kPartialDepth;
  m.symbol = symbol_of(f);
  if (m.symbol == nullptr) return MessageStatus::kUnknownSymbol;
  if (!f.has(id)) return MessageStatus::kMissingField;
  m.last_id = f.number(id);
  return sides(f, m);
}

MessageStatus MarketDecoder::snapshot(const Fields& f, MarketMessage& m,
                                      const Symbol* of) {
  m.kind = MessageKind::kDepthSnapshot;
  m.symbol = f.has(Text::kSymbol) ? symbols_.find(f.text(Text::kSymbol)) : of;
  if (of != nullptr && m.symbol != of) return MessageStatus::kUnknownSymbol;
  if (m.symbol == nullptr) {
    return f.has(Text::kSymbol) ? MessageStatus::kUnknownSymbol
                                : MessageStatus::kMissingField;
  }
  m.last_id = f.number(Number::kSnapshotId);
  return sides(f, m);
}

}  // namespace pyscalp::binance
