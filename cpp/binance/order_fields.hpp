// The texts of an order and of a trade as they stand in a message, and what they mean.
#pragma once

#include <cstdint>
#include <string_view>

#include "binance/order_answers.hpp"

namespace pyscalp::binance {

/// Empty texts and -1: not said.
struct OrderFields {
  std::string_view symbol, client_id, original_id, side, status, execution;
  std::string_view qty, price, filled, last_qty, last_price, commission, asset;
  std::int64_t order_id = -1;
  std::int64_t trade_id = -1;
  std::int64_t time_ms = 0;
  bool maker = false;
};

struct TradeFields {
  std::string_view qty, price, commission, asset;
  std::int64_t id = -1;
  std::int64_t order_id = 0;
  std::int64_t time_ms = 0;
  bool maker = false;
};

AnswerStatus convert(const OrderFields& fields, const AnswerReader& reader,
                     OrderReport& report);
AnswerStatus convert(const TradeFields& fields, const TradedSymbol& symbol,
                     TradeReport& trade);

/// REQUEST_WEIGHT, ORDERS, RAW_REQUESTS; false: another.
bool read_rate_kind(std::string_view text, RateKind& kind);
/// SECOND, MINUTE, HOUR, DAY or their first letter, `many` of them.
bool read_interval(std::string_view text, std::int64_t many, MonoNanos& interval);
/// Compares without regard to case; `lower` is lower case.
bool same_header(std::string_view name, std::string_view lower);

}  // namespace pyscalp::binance
