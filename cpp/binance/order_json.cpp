#include "binance/order_json.hpp"

#include <limits>

namespace pyscalp::binance::order_json {

namespace {

constexpr int kBalanceScale = 8;

bool text_of(dom::element value, std::string_view& text) {
  return value.get(text) == simdjson::SUCCESS;
}
bool number_of(dom::element value, std::int64_t& number) {
  return value.get(number) == simdjson::SUCCESS;
}
bool is_true(dom::element value) {
  bool truth = false;
  return value.get(truth) == simdjson::SUCCESS && truth;
}

}  // namespace

NumberStatus signed_e8(std::string_view text, std::int64_t& value) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  const NumberStatus status = parse_decimal(text, kBalanceScale, value);
  if (status == NumberStatus::kOk && negative) value = -value;
  return status;
}

void read_event(dom::object object, OrderFields& fields) {
  for (const dom::key_value_pair item : object) {
    if (item.key.size() != 1) continue;
    switch (item.key[0]) {
      case 's':
        text_of(item.value, fields.symbol);
        break;
      case 'c':
        text_of(item.value, fields.client_id);
        break;
      case 'C':
        text_of(item.value, fields.original_id);
        break;
      case 'S':
        text_of(item.value, fields.side);
        break;
      case 'X':
        text_of(item.value, fields.status);
        break;
      case 'x':
        text_of(item.value, fields.execution);
        break;
      case 'q':
        text_of(item.value, fields.qty);
        break;
      case 'p':
        text_of(item.value, fields.price);
        break;
      case 'z':
        text_of(item.value, fields.filled);
        break;
      case 'l':
        text_of(item.value, fields.last_qty);
        break;
      case 'L':
        text_of(item.value, fields.last_price);
        break;
      case 'n':
        text_of(item.value, fields.commission);
        break;
      case 'N':
        text_of(item.value, fields.asset);
        break;
      case 'm':
        fields.maker = is_true(item.value);
        break;
      case 'i':
        number_of(item.value, fields.order_id);
        break;
      case 't':
        number_of(item.value, fields.trade_id);
        break;
      case 'T':
        number_of(item.value, fields.time_ms);
        break;
      default:
        break;
    }
  }
}

void read_result(dom::object object, OrderFields& fields) {
  for (const dom::key_value_pair item : object) {
    const std::string_view key = item.key;
    if (key == "symbol") {
      text_of(item.value, fields.symbol);
    } else if (key == "clientOrderId") {
      text_of(item.value, fields.client_id);
    } else if (key == "origClientOrderId") {
      text_of(item.value, fields.original_id);
    } else if (key == "side") {
      text_of(item.value, fields.side);
    } else if (key == "status") {
      text_of(item.value, fields.status);
    } else if (key == "origQty") {
      text_of(item.value, fields.qty);
    } else if (key == "price") {
      text_of(item.value, fields.price);
    } else if (key == "executedQty") {
      text_of(item.value, fields.filled);
    } else if (key == "orderId") {
      number_of(item.value, fields.order_id);
    } else if (key == "transactTime" || key == "updateTime") {
      number_of(item.value, fields.time_ms);
    }
  }
}

void read_trade(dom::object object, TradeFields& fields) {
  for (const dom::key_value_pair item : object) {
    const std::string_view key = item.key;
    if (key == "price") {
      text_of(item.value, fields.price);
    } else if (key == "qty") {
      text_of(item.value, fields.qty);
    } else if (key == "commission") {
      text_of(item.value, fields.commission);
    } else if (key == "commissionAsset") {
      text_of(item.value, fields.asset);
    } else if (key == "tradeId" || key == "id") {
      number_of(item.value, fields.id);
    } else if (key == "orderId") {
      number_of(item.value, fields.order_id);
    } else if (key == "isMaker" || key == "maker") {
      fields.maker = is_true(item.value);
    } else if (key == "time") {
      number_of(item.value, fields.time_ms);
    }
  }
}

void read_limits(dom::array limits, Answer& answer) {
  for (const dom::element item : limits) {
    dom::object limit;
    RateUse use;
    std::string_view kind, interval;
    std::int64_t many = 0;
    if (answer.used_count == answer.used.size() ||
        item.get(limit) != simdjson::SUCCESS || !field(limit, "rateLimitType", kind) ||
        !field(limit, "interval", interval) || !field(limit, "intervalNum", many) ||
        !field(limit, "count", use.count) || !read_rate_kind(kind, use.kind) ||
        !read_interval(interval, many, use.interval)) {
      continue;
    }
    field(limit, "limit", use.limit);
    answer.used[answer.used_count++] = use;
  }
}

void read_error(dom::object error, Answer& answer) {
  std::int64_t code = 0;
  if (field(error, "code", code) && code >= std::numeric_limits<std::int32_t>::min() &&
      code <= std::numeric_limits<std::int32_t>::max()) {
    answer.code = static_cast<std::int32_t>(code);
  }
  field(error, "msg", answer.text);
  dom::object data;
  std::int64_t until = 0, from = 0;
  if (field(error, "data", data) && field(data, "retryAfter", until) &&
      field(data, "serverTime", from) && until > from && until - from < 1'000'000'000) {
    answer.retry_after = milliseconds(until - from);
  }
}

}  // namespace pyscalp::binance::order_json
