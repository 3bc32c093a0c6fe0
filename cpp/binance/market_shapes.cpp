// The messages as the venue writes them, key by key.
#include "binance/market_decoder.hpp"

namespace pyscalp::binance {

namespace {

bool take_time(TextCursor& in, UnixNanos& time) {
  std::uint64_t value = 0;
  if (!in.integer(value)) return false;
  time = to_unix_nanos(value);
  return true;
}

bool take_truth(TextCursor& in, bool& truth) {
  truth = in.take("true");
  return truth || in.take("false");
}

}  // namespace

bool MarketDecoder::decode_by_shape(std::string_view text, MarketMessage& m,
                                    const Symbol* of) {
  constexpr std::size_t kShortest = 48;
  if (text.size() < kShortest) return false;
  TextCursor in(text);
  m = {};
  m.by_shape = true;
  stream_ = {};
  const bool wrapped = in.take("{\"stream\":\"");
  if (wrapped ? !in.string(stream_, 16) || !in.take(",\"data\":{") : !in.take('{'))
    return false;
  bool read = false;
  if (in.take("\"e\":\"")) {
    switch (in.peek()) {
      case 'b':
        read = in.take("bookTicker\",\"u\":") && in.integer(m.last_id) &&
               shape_ticker(in, m);
        break;
      case 't':
        read = in.take("trade\",\"E\":") && shape_trade(in, m);
        break;
      case 'd':
        read = in.take("depthUpdate\",\"E\":") && shape_depth(in, m);
        break;
      case 'a':
        read = in.take("aggTrade\",\"E\":") && shape_aggregate(in, m);
        break;
      default:
        break;
    }
  } else if (in.take("\"u\":")) {
    if (!in.integer(m.last_id)) return false;
    in.take(",\"e\":\"bookTicker\"");
    read = shape_ticker(in, m);
  } else if (in.take("\"lastUpdateId\":")) {
    read = shape_snapshot(in, m, of);
  }
  return read && in.take('}') && (!wrapped || in.take('}')) && in.done();
}

bool MarketDecoder::shape_symbol(TextCursor& in, MarketMessage& m) {
  std::string_view name;
  const char* const begin = in.at();
  const std::size_t left = in.left();
  if (!in.string(name, 7)) return false;
  m.symbol = left >= 16 && name.size() <= 16
                 ? symbols_.find_in_text({begin, name.size()})
                 : symbols_.find(name);
  return m.symbol != nullptr;
}

bool MarketDecoder::shape_ticker(TextCursor& in, MarketMessage& m) {
  m.kind = MessageKind::kBookTicker;
  std::string_view pair;
  if (in.take(",\"E\":") && !(take_time(in, m.event_time) && in.take(",\"T\":") &&
                              take_time(in, m.transaction_time))) {
    return false;
  }
  if (!in.take(",\"s\":\"") || !shape_symbol(in, m)) return false;
  if (in.take(",\"ps\":\"") && !in.string(pair)) return false;
  const Symbol& symbol = *m.symbol;
  PairLayout& layout = layouts_[symbol.place];
  if (!in.take(",\"b\":\"") || !take_pair(in, symbol, layout, "\",\"B\":\"", m.bid) ||
      !in.take(",\"a\":\"") || !take_pair(in, symbol, layout, "\",\"A\":\"", m.ask)) {
    return false;
  }
  if (in.take(",\"T\":") && !(take_time(in, m.transaction_time) && in.take(",\"E\":") &&
                              take_time(in, m.event_time))) {
    return false;
  }
  if (m.bid.qty == 0) m.bid.price = kNoPrice;
  if (m.ask.qty == 0) m.ask.price = kNoPrice;
  return m.bid.price.value != 0 && m.ask.price.value != 0;
}

bool MarketDecoder::shape_trade(TextCursor& in, MarketMessage& m) {
  m.kind = MessageKind::kTrade;
  bool ignored = false;
  if (!take_time(in, m.event_time)) return false;
  if (in.take(",\"T\":") && !take_time(in, m.transaction_time)) return false;
  return in.take(",\"s\":\"") && shape_symbol(in, m) && in.take(",\"t\":") &&
         in.integer(m.last_id) && in.take(",\"p\":\"") &&
         take_pair(in, *m.symbol, layouts_[m.symbol->place], "\",\"q\":\"", m.trade) &&
         (!in.take(",\"T\":") || take_time(in, m.transaction_time)) &&
         (in.take(",\"X\":\"MARKET\""), in.take(",\"m\":")) &&
         take_truth(in, m.buyer_is_maker) &&
         (!in.take(",\"M\":") || take_truth(in, ignored)) && m.trade.qty != 0 &&
         m.trade.price.value != 0;
}

bool MarketDecoder::shape_aggregate(TextCursor& in, MarketMessage& m) {
  m.kind = MessageKind::kAggregateTrade;
  bool ignored = false;
  std::uint64_t first = 0, last = 0;
  std::string_view without_rpi;
  return take_time(in, m.event_time) && in.take(",\"s\":\"") && shape_symbol(in, m) &&
         in.take(",\"a\":") && in.integer(m.last_id) && in.take(",\"p\":\"") &&
         take_pair(in, *m.symbol, layouts_[m.symbol->place], "\",\"q\":\"", m.trade) &&
         (!in.take(",\"nq\":\"") || in.string(without_rpi)) && in.take(",\"f\":") &&
         in.integer(first) && in.take(",\"l\":") && in.integer(last) &&
         in.take(",\"T\":") && take_time(in, m.transaction_time) &&
         in.take(",\"m\":") && take_truth(in, m.buyer_is_maker) &&
         (!in.take(",\"M\":") || take_truth(in, ignored)) && m.trade.qty != 0 &&
         m.trade.price.value != 0;
}

bool MarketDecoder::shape_depth(TextCursor& in, MarketMessage& m) {
  std::string_view pair;
  if (!take_time(in, m.event_time)) return false;
  if (in.take(",\"T\":") && !take_time(in, m.transaction_time)) return false;
  if (!in.take(",\"s\":\"") || !shape_symbol(in, m)) return false;
  if (in.take(",\"ps\":\"") && !in.string(pair)) return false;
  if (!in.take(",\"U\":") || !in.integer(m.first_id) || !in.take(",\"u\":") ||
      !in.integer(m.last_id)) {
    return false;
  }
  if (in.take(",\"pu\":")) {
    m.has_previous = true;
    if (!in.integer(m.previous_id)) return false;
  }
  m.kind = MessageKind::kDepthUpdate;
  if (names_partial_depth(stream_)) [[unlikely]] {
    m.kind = MessageKind::kPartialDepth;
    m.first_id = m.previous_id = 0;
    m.has_previous = false;
  }
  return in.take(",\"b\":[") && shape_sides(in, *m.symbol, m);
}

bool MarketDecoder::shape_snapshot(TextCursor& in, MarketMessage& m, const Symbol* of) {
  m.kind = MessageKind::kDepthSnapshot;
  m.symbol = of;
  std::string_view pair;
  if (!in.integer(m.last_id)) return false;
  if (stream_.data() != nullptr) {
    m.kind = MessageKind::kPartialDepth;
    m.symbol = symbol_of_stream(stream_);
  } else {
    if (in.take(",\"E\":") && !(take_time(in, m.event_time) && in.take(",\"T\":") &&
                                take_time(in, m.transaction_time))) {
      return false;
    }
    if (in.take(",\"symbol\":\"") &&
        !(shape_symbol(in, m) && in.take(",\"pair\":\"") && in.string(pair))) {
      return false;
    }
    if (of != nullptr && m.symbol != of) return false;
  }
  return m.symbol != nullptr && in.take(",\"bids\":[") && shape_sides(in, *m.symbol, m);
}

bool MarketDecoder::shape_sides(TextCursor& in, const Symbol& symbol,
                                MarketMessage& m) {
  std::size_t bids = 0, all = 0;
  if (!shape_levels(in, symbol, bids)) return false;
  all = bids;
  if (!(in.take(",\"a\":[") || in.take(",\"asks\":[")) ||
      !shape_levels(in, symbol, all))
    return false;
  m.bids = {levels_.get(), bids};
  m.asks = {levels_.get() + bids, all - bids};
  return true;
}

bool MarketDecoder::shape_levels(TextCursor& in, const Symbol& symbol,
                                 std::size_t& count) {
  if (in.take(']')) return true;
  // A copy that nothing else can point at stays in registers.
  TextCursor at = in;
  PairLayout& layout = layouts_[symbol.place];
  PriceLevel* level = levels_.get() + count;
  const PriceLevel* const end = levels_.get() + level_capacity_;
  if (!at.take("[\"")) return false;
  do {
    if (level == end || !take_pair(at, symbol, layout, "\",\"", *level) ||
        level->price.value == 0) {
      return false;
    }
    ++level;
  } while (at.take("],[\""));
  if (!at.take(']')) return false;
  count = static_cast<std::size_t>(level - levels_.get());
  in = at;
  return in.take(']');
}

}  // namespace pyscalp::binance
