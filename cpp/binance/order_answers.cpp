#include "binance/order_answers.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "binance/order_json.hpp"

namespace pyscalp::binance {

namespace {

using namespace std::string_view_literals;

using namespace order_json;

constexpr std::int64_t kNanosPerMillisecond = 1'000'000;

UnixNanos from_milliseconds(std::int64_t ms) {
  constexpr std::int64_t kMost =
      std::numeric_limits<std::int64_t>::max() / kNanosPerMillisecond;
  return {ms < 0 || ms > kMost ? 0 : ms * kNanosPerMillisecond};
}

}  // namespace

std::string_view name(AnswerStatus status) {
  switch (status) {
    case AnswerStatus::kOk:
      return "ok";
    case AnswerStatus::kEnd:
      return "end";
    case AnswerStatus::kTooLong:
      return "too_long";
    case AnswerStatus::kNotJson:
      return "not_json";
    case AnswerStatus::kShape:
      return "shape";
    case AnswerStatus::kBadNumber:
      return "bad_number";
    case AnswerStatus::kOffGrid:
      return "off_grid";
    case AnswerStatus::kOtherSymbol:
      return "other_symbol";
    case AnswerStatus::kBadStatus:
      return "bad_status";
  }
  return "?";
}

struct AnswerReader::Parser {
  explicit Parser(std::size_t size)
      : capacity(size), bytes(size + simdjson::SIMDJSON_PADDING) {
    // Both at once, so that no text makes either grow.
    const bool ready = parser.allocate(size) == simdjson::SUCCESS &&
                       parser.doc.allocate(size) == simdjson::SUCCESS;
    if (!ready) capacity = 0;
  }
  void rewind(dom::array array) {
    row = array.begin();
    end = array.end();
    rows = true;
  }
  bool next(dom::element& item) {
    if (!rows || !(row != end)) return false;
    item = *row;
    ++row;
    return true;
  }
  bool next(dom::object& object) {
    dom::element item;
    return next(item) && item.get(object) == simdjson::SUCCESS;
  }

  std::size_t capacity;
  std::vector<std::uint8_t> bytes;
  dom::parser parser;
  dom::element root;
  dom::element result;  ///< of an answer; of an event the event itself
  bool has_result = false;
  bool event = false;         ///< an order event, names of one letter
  bool in_positions = false;  ///< ACCOUNT_UPDATE: which list is being read
  bool rows = false;
  bool fills = false;
  dom::array::iterator row, end;
};

AnswerReader::AnswerReader(std::size_t capacity)
    : parser_(std::make_unique<Parser>(std::max<std::size_t>(capacity, 256))) {
  symbols_.reserve(kMaxSymbols);
}
AnswerReader::~AnswerReader() = default;

bool AnswerReader::add_symbol(const SymbolRules& rules, std::string_view base,
                              std::string_view quote) {
  TradedSymbol symbol;
  if (symbols_.size() == kMaxSymbols || base.size() > symbol.base.size() ||
      quote.size() > symbol.quote.size()) {
    return false;
  }
  symbol.rules = rules;
  std::ranges::copy(base, symbol.base.begin());
  std::ranges::copy(quote, symbol.quote.begin());
  symbols_.push_back(symbol);
  return true;
}

const TradedSymbol* AnswerReader::symbol(std::string_view name) const {
  for (const TradedSymbol& symbol : symbols_) {
    if (symbol.rules.name() == name) return &symbol;
  }
  return nullptr;
}

AnswerStatus AnswerReader::parse(Bytes text) {
  Parser& p = *parser_;
  p.has_result = p.event = p.in_positions = p.rows = p.fills = false;
  if (text.size() > p.capacity) return AnswerStatus::kTooLong;
  if (text.empty()) return AnswerStatus::kNotJson;
  std::memcpy(p.bytes.data(), text.data(), text.size());
  std::memset(p.bytes.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);
  // The parser's own parse() could allocate; this one cannot.
  if (p.parser.implementation->parse(p.bytes.data(), text.size(), p.parser.doc) !=
      simdjson::SUCCESS) {
    return AnswerStatus::kNotJson;
  }
  p.root = p.parser.doc.root();
  return AnswerStatus::kOk;
}

AnswerStatus AnswerReader::read_message(Bytes text, Answer& answer) {
  answer = {};
  Parser& p = *parser_;
  if (const AnswerStatus status = parse(text); status != AnswerStatus::kOk) {
    return status;
  }
  dom::object message;
  if (p.root.get(message) != simdjson::SUCCESS) return AnswerStatus::kShape;
  dom::element whole = p.root;
  dom::object event;
  std::string_view what;
  field(message, "event", whole);
  if (whole.get(event) != simdjson::SUCCESS) return AnswerStatus::kShape;
  if (field(event, "e", what)) {
    std::int64_t time = 0;
    if (field(event, "E", time)) answer.event_time = from_milliseconds(time);
    answer.kind = AnswerKind::kOtherEvent;
    p.result = whole;
    p.has_result = true;
    if (what == "executionReport") {
      p.event = true;
      answer.kind = AnswerKind::kOrder;
    } else if (what == "ORDER_TRADE_UPDATE") {
      p.event = true;
      if (!field(event, "o", p.result)) return AnswerStatus::kShape;
      answer.kind = AnswerKind::kOrder;
    } else if (what == "outboundAccountPosition" || what == "ACCOUNT_UPDATE") {
      if (what == "ACCOUNT_UPDATE" && !field(event, "a", p.result)) {
        return AnswerStatus::kShape;
      }
      dom::object account;
      dom::array balances;
      if (p.result.get(account) != simdjson::SUCCESS) return AnswerStatus::kShape;
      answer.kind = AnswerKind::kBalances;
      if (!field(account, "B", balances)) return AnswerStatus::kShape;
      p.rewind(balances);
    } else if (what == "listenKeyExpired") {
      answer.kind = AnswerKind::kListenKeyExpired;
    } else if (what == "eventStreamTerminated") {
      answer.kind = AnswerKind::kStreamTerminated;
    } else if (what == "serverShutdown") {
      answer.kind = AnswerKind::kServerShutdown;
    }
    return AnswerStatus::kOk;
  }
  std::int64_t status = 0;
  if (!field(message, "status", status) || status < 100 || status > 999) {
    return AnswerStatus::kShape;
  }
  answer.status = static_cast<int>(status);
  answer.has_id = field(message, "id", answer.id);
  p.has_result = field(message, "result", p.result);
  dom::object error;
  if (field(message, "error", error)) read_error(error, answer);
  dom::array limits;
  if (field(message, "rateLimits", limits)) read_limits(limits, answer);
  if (dom::array list; p.has_result && p.result.get(list) == simdjson::SUCCESS) {
    p.rewind(list);
  }
  return AnswerStatus::kOk;
}

AnswerStatus AnswerReader::read_http(int status, std::span<const HttpHeader> headers,
                                     Bytes body, Answer& answer) {
  answer = {};
  answer.status = status;
  Parser& p = *parser_;
  for (const HttpHeader& header : headers) {
    RateUse use;
    std::int64_t seconds_left = 0;
    if (read_rate_header(header, use)) {
      if (answer.used_count < answer.used.size()) {
        answer.used[answer.used_count++] = use;
      }
    } else if (same_header(header.name, "retry-after") &&
               parse_decimal(header.value, 0, seconds_left) == NumberStatus::kOk &&
               seconds_left < 1'000'000) {
      answer.retry_after = seconds(seconds_left);
    }
  }
  const AnswerStatus parsed = parse(body);
  if (parsed != AnswerStatus::kOk) return status == 200 ? parsed : AnswerStatus::kOk;
  p.result = p.root;
  p.has_result = true;
  dom::object object;
  dom::array list;
  if (p.root.get(list) == simdjson::SUCCESS) {
    p.rewind(list);
  } else if (p.root.get(object) == simdjson::SUCCESS) {
    read_error(object, answer);
  }
  return AnswerStatus::kOk;
}

AnswerStatus AnswerReader::order(OrderReport& report) {
  Parser& p = *parser_;
  dom::object object;
  if (!p.has_result || p.result.get(object) != simdjson::SUCCESS) {
    return AnswerStatus::kShape;
  }
  OrderFields fields;
  p.event ? read_event(object, fields) : read_result(object, fields);
  return convert(fields, *this, report);
}

AnswerStatus AnswerReader::next_fill(const TradedSymbol& symbol, TradeReport& trade) {
  Parser& p = *parser_;
  if (!p.fills) {
    p.fills = true;
    p.rows = false;
    dom::object object;
    dom::array fills;
    if (p.has_result && p.result.get(object) == simdjson::SUCCESS &&
        field(object, "fills", fills)) {
      p.rewind(fills);
    }
  }
  return next_trade(symbol, trade);
}

AnswerStatus AnswerReader::next_order(OrderReport& report) {
  dom::element item;
  if (!parser_->next(item)) return AnswerStatus::kEnd;
  dom::object object;
  if (item.get(object) != simdjson::SUCCESS) return AnswerStatus::kShape;
  OrderFields fields;
  read_result(object, fields);
  return convert(fields, *this, report);
}

AnswerStatus AnswerReader::next_trade(const TradedSymbol& symbol, TradeReport& trade) {
  dom::element item;
  if (!parser_->next(item)) return AnswerStatus::kEnd;
  dom::object object;
  if (item.get(object) != simdjson::SUCCESS) return AnswerStatus::kShape;
  TradeFields fields;
  read_trade(object, fields);
  return convert(fields, symbol, trade);
}

AnswerStatus AnswerReader::next_balance(BalanceRow& row) {
  Parser& p = *parser_;
  dom::object object;
  dom::array list;
  if (!p.rows && p.has_result && p.result.get(object) == simdjson::SUCCESS &&
      field(object, "balances", list)) {
    p.rewind(list);  // a spot account
  }
  dom::element item;
  if (p.in_positions || !p.next(item)) return AnswerStatus::kEnd;
  if (item.get(object) != simdjson::SUCCESS) return AnswerStatus::kShape;
  std::string_view free, locked = "0", whole;
  const bool event = field(object, "a", row.asset);
  if (!event && !field(object, "asset", row.asset)) return AnswerStatus::kShape;
  if (field(object, event ? "f"sv : "free"sv, free)) {
    if (!field(object, event ? "l"sv : "locked"sv, locked)) return AnswerStatus::kShape;
  } else if (!field(object, event ? "cw"sv : "availableBalance"sv, free)) {
    return AnswerStatus::kShape;
  }
  if (signed_e8(free, row.free_e8) != NumberStatus::kOk ||
      signed_e8(locked, row.locked_e8) != NumberStatus::kOk) {
    return AnswerStatus::kBadNumber;
  }
  // USD-M says the whole and what of it is free.
  if (std::int64_t all = 0; field(object, event ? "wb"sv : "balance"sv, whole)) {
    if (signed_e8(whole, all) != NumberStatus::kOk) return AnswerStatus::kBadNumber;
    row.locked_e8 = std::max<std::int64_t>(0, all - row.free_e8);
  }
  return AnswerStatus::kOk;
}

AnswerStatus AnswerReader::next_position(PositionRow& row) {
  Parser& p = *parser_;
  dom::object object;
  dom::array list;
  if (!p.in_positions && p.has_result && p.result.get(object) == simdjson::SUCCESS) {
    p.rows = false;
    if (field(object, "P", list)) p.rewind(list);
  }
  p.in_positions = true;
  dom::element item;
  if (!p.next(item)) return AnswerStatus::kEnd;
  if (item.get(object) != simdjson::SUCCESS) return AnswerStatus::kShape;
  std::string_view symbol_name, amount, side;
  const bool event = field(object, "s", symbol_name);
  if ((!event && !field(object, "symbol", symbol_name)) ||
      !field(object, event ? "pa"sv : "positionAmt"sv, amount)) {
    return AnswerStatus::kShape;
  }
  row = {};
  row.symbol = symbol(symbol_name);
  if (row.symbol == nullptr) return AnswerStatus::kOtherSymbol;
  const bool negative = !amount.empty() && amount.front() == '-';
  if (negative) amount.remove_prefix(1);
  if (const NumberStatus number = row.symbol->rules.qty(amount, row.qty);
      number != NumberStatus::kOk) {
    return number == NumberStatus::kOffGrid ? AnswerStatus::kOffGrid
                                            : AnswerStatus::kBadNumber;
  }
  if (negative) row.qty = -row.qty;
  row.hedge = field(object, event ? "ps"sv : "positionSide"sv, side) &&
              side != "BOTH" && row.qty != 0;
  return AnswerStatus::kOk;
}

AnswerStatus AnswerReader::listen_key(std::string_view& key) {
  dom::object object;
  const bool there = parser_->has_result &&
                     parser_->result.get(object) == simdjson::SUCCESS &&
                     field(object, "listenKey", key) && !key.empty();
  return there ? AnswerStatus::kOk : AnswerStatus::kShape;
}

AnswerStatus AnswerReader::server_time(UnixNanos& time) {
  dom::object object;
  std::int64_t ms = 0;
  if (!parser_->has_result || parser_->result.get(object) != simdjson::SUCCESS ||
      !field(object, "serverTime", ms) || ms <= 0) {
    return AnswerStatus::kShape;
  }
  time = from_milliseconds(ms);
  return time.value > 0 ? AnswerStatus::kOk : AnswerStatus::kBadNumber;
}

}  // namespace pyscalp::binance
