#include "binance/market_message.hpp"

#include <algorithm>

namespace pyscalp::binance {

const char* name(MessageStatus status) {
  switch (status) {
    case MessageStatus::kOk:
      return "ok";
    case MessageStatus::kNotJson:
      return "not_json";
    case MessageStatus::kTooLong:
      return "too_long";
    case MessageStatus::kUnknownEvent:
      return "unknown_event";
    case MessageStatus::kMissingField:
      return "missing_field";
    case MessageStatus::kAbsurdNumber:
      return "absurd_number";
    case MessageStatus::kOffStep:
      return "off_step";
    case MessageStatus::kUnknownSymbol:
      return "unknown_symbol";
    case MessageStatus::kTooManyLevels:
      return "too_many_levels";
    case MessageStatus::kRepeated:
      return "repeated";
    case MessageStatus::kBuffered:
      return "buffered";
    case MessageStatus::kGap:
      return "gap";
    case MessageStatus::kBackwards:
      return "backwards";
    case MessageStatus::kOldSnapshot:
      return "old_snapshot";
    case MessageStatus::kUnasked:
      return "unasked";
    case MessageStatus::kLevelsFull:
      return "levels_full";
    case MessageStatus::kMismatch:
      return "mismatch";
    case MessageStatus::kBeside:
      return "beside";
  }
  return "?";
}

const char* name(MessageKind kind) {
  switch (kind) {
    case MessageKind::kBookTicker:
      return "book_ticker";
    case MessageKind::kTrade:
      return "trade";
    case MessageKind::kAggregateTrade:
      return "aggregate_trade";
    case MessageKind::kDepthUpdate:
      return "depth_update";
    case MessageKind::kPartialDepth:
      return "partial_depth";
    case MessageKind::kDepthSnapshot:
      return "depth_snapshot";
    case MessageKind::kAnswer:
      return "answer";
    case MessageKind::kError:
      return "error";
    case MessageKind::kShutdown:
      return "shutdown";
  }
  return "?";
}

bool same(const MarketMessage& a, const MarketMessage& b) {
  return a.kind == b.kind && a.has_previous == b.has_previous &&
         a.buyer_is_maker == b.buyer_is_maker && a.of_market == b.of_market &&
         a.symbol == b.symbol && a.event_time == b.event_time &&
         a.transaction_time == b.transaction_time && a.first_id == b.first_id &&
         a.last_id == b.last_id && a.previous_id == b.previous_id && a.bid == b.bid &&
         a.ask == b.ask && a.trade == b.trade && std::ranges::equal(a.bids, b.bids) &&
         std::ranges::equal(a.asks, b.asks) && a.error_code == b.error_code &&
         a.error_text == b.error_text;
}

}  // namespace pyscalp::binance
