#include "binance/market_message.hpp"

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

}  // namespace pyscalp::binance
