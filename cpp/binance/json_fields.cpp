#include "binance/json_fields.hpp"

#define SIMDJSON_EXCEPTIONS 0
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#endif
#include <simdjson.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <algorithm>

namespace pyscalp::binance::json {

namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

constexpr bool is_structural(error_code code) {
  return code != simdjson::SUCCESS && code != simdjson::INCORRECT_TYPE &&
         code != simdjson::NUMBER_ERROR && code != simdjson::NUMBER_OUT_OF_RANGE;
}

/// A wanted number; its field stays absent where it is of another type.
MessageStatus take_number(ondemand::value value, Number which, Fields& fields) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return MessageStatus::kNotJson;
  if (type != ondemand::json_type::number) return MessageStatus::kOk;
  std::uint64_t number = 0;
  const error_code code = value.get_uint64().get(number);
  if (is_structural(code)) return MessageStatus::kNotJson;
  if (code != simdjson::SUCCESS) {
    fields.absurd = true;
    return MessageStatus::kOk;
  }
  fields.numbers[static_cast<int>(which)] = number;
  fields.has_number |= static_cast<std::uint16_t>(1u << static_cast<int>(which));
  return MessageStatus::kOk;
}

MessageStatus take_text(ondemand::value value, Text which, Fields& fields) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return MessageStatus::kNotJson;
  if (type != ondemand::json_type::string) return MessageStatus::kOk;
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return MessageStatus::kNotJson;
  fields.texts[static_cast<int>(which)] = text;
  fields.has_text |= static_cast<std::uint16_t>(1u << static_cast<int>(which));
  return MessageStatus::kOk;
}

MessageStatus take_maker(ondemand::value value, Fields& fields) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return MessageStatus::kNotJson;
  if (type != ondemand::json_type::boolean) return MessageStatus::kOk;
  if (value.get_bool().get(fields.maker) != simdjson::SUCCESS)
    return MessageStatus::kNotJson;
  fields.has_maker = true;
  return MessageStatus::kOk;
}

MessageStatus take_code(ondemand::value value, Fields& fields) {
  const error_code code = value.get_int64().get(fields.error_code);
  if (is_structural(code)) return MessageStatus::kNotJson;
  fields.has_error_code = code == simdjson::SUCCESS;
  return MessageStatus::kOk;
}

/// b and a are lists in a change of depth, texts in bookTicker, a number in aggTrade.
MessageStatus take_side(ondemand::value value, Text text, Fields& fields) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return MessageStatus::kNotJson;
  const bool ask = text == Text::kAsk;
  if (type == ondemand::json_type::array) {
    (ask ? fields.has_asks : fields.has_bids) = true;
    return MessageStatus::kOk;
  }
  if (ask && type == ondemand::json_type::number)
    return take_number(value, Number::kAggregateId, fields);
  return take_text(value, text, fields);
}

MessageStatus take_field(std::string_view key, ondemand::value value, Fields& f) {
  if (key.size() == 1) {
    switch (key[0]) {
      case 'e':
        return take_text(value, Text::kEvent, f);
      case 's':
        return take_text(value, Text::kSymbol, f);
      case 'E':
        return take_number(value, Number::kEventTime, f);
      case 'T':
        return take_number(value, Number::kTransactionTime, f);
      case 'U':
        return take_number(value, Number::kFirstId, f);
      case 'u':
        return take_number(value, Number::kLastId, f);
      case 't':
        return take_number(value, Number::kTradeId, f);
      case 'b':
        return take_side(value, Text::kBid, f);
      case 'a':
        return take_side(value, Text::kAsk, f);
      case 'B':
        return take_text(value, Text::kBidQty, f);
      case 'A':
        return take_text(value, Text::kAskQty, f);
      case 'p':
        return take_text(value, Text::kPrice, f);
      case 'q':
        return take_text(value, Text::kQty, f);
      case 'X':
        return take_text(value, Text::kTradeType, f);
      case 'm':
        return take_maker(value, f);
      default:
        return MessageStatus::kOk;
    }
  }
  if (key == "pu") return take_number(value, Number::kPreviousId, f);
  if (key == "lastUpdateId") return take_number(value, Number::kSnapshotId, f);
  if (key == "bids") return take_side(value, Text::kBid, f);
  if (key == "asks") return take_side(value, Text::kAsk, f);
  if (key == "symbol") return take_text(value, Text::kSymbol, f);
  if (key == "id") return take_number(value, Number::kRequestId, f);
  if (key == "code") return take_code(value, f);
  if (key == "msg") return take_text(value, Text::kErrorText, f);
  if (key == "result") f.has_result = true;
  return MessageStatus::kOk;
}

/// The fields of one object: those of the wrapper where `outer`.
MessageStatus take_object(ondemand::object object, bool outer, Fields& fields) {
  for (auto item : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(item).get(field) != simdjson::SUCCESS ||
        field.unescaped_key().get(key) != simdjson::SUCCESS) {
      return MessageStatus::kNotJson;
    }
    ondemand::value value = field.value();
    MessageStatus status = MessageStatus::kOk;
    if (outer && key == "stream") {
      status = take_text(value, Text::kStream, fields);
    } else if (outer && (key == "data" || key == "error")) {
      ondemand::json_type type{};
      if (value.type().get(type) != simdjson::SUCCESS) return MessageStatus::kNotJson;
      if (type != ondemand::json_type::object) continue;
      ondemand::object inner;
      if (value.get_object().get(inner) != simdjson::SUCCESS)
        return MessageStatus::kNotJson;
      status = take_object(inner, false, fields);
    } else {
      status = take_field(key, value, fields);
    }
    if (status != MessageStatus::kOk) return status;
  }
  return MessageStatus::kOk;
}

/// Where the levels of one message go.
struct LevelSink {
  const Symbol& symbol;
  std::span<PriceLevel> levels;
  std::size_t bids = 0;
  std::size_t asks = 0;
  bool rounded = false;
};

/// Appends the levels of one list behind `at`.
MessageStatus take_levels(ondemand::array rows, LevelSink& sink, std::size_t at,
                          std::size_t& count) {
  count = 0;
  for (auto row : rows) {
    ondemand::array pair;
    const error_code code = std::move(row).get_array().get(pair);
    if (is_structural(code)) return MessageStatus::kNotJson;
    if (code != simdjson::SUCCESS) return MessageStatus::kMissingField;
    std::string_view texts[2];
    int found = 0;
    for (auto item : pair) {
      if (found == 2) break;
      const error_code wrong = std::move(item).get_string().get(texts[found]);
      if (is_structural(wrong)) return MessageStatus::kNotJson;
      if (wrong != simdjson::SUCCESS) return MessageStatus::kMissingField;
      ++found;
    }
    if (found != 2) return MessageStatus::kMissingField;
    if (at + count == sink.levels.size()) return MessageStatus::kTooManyLevels;
    PriceLevel& level = sink.levels[at + count];
    MessageStatus status = read_price(sink.symbol, texts[0], level.price);
    if (status == MessageStatus::kOk)
      status = read_qty(sink.symbol, texts[1], level.qty, sink.rounded);
    if (status == MessageStatus::kOk && level.price.value == 0)
      status = MessageStatus::kAbsurdNumber;
    if (status != MessageStatus::kOk) return status;
    ++count;
  }
  return MessageStatus::kOk;
}

/// The side's list, wherever in the object it stands: two walks, bids and then asks, so
/// that bids come first whatever the order of the fields.
MessageStatus find_levels(ondemand::object object, bool outer, bool asks,
                          LevelSink& sink) {
  for (auto item : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(item).get(field) != simdjson::SUCCESS ||
        field.unescaped_key().get(key) != simdjson::SUCCESS) {
      return MessageStatus::kNotJson;
    }
    const bool side = asks ? key == "a" || key == "asks" : key == "b" || key == "bids";
    const bool inside = outer && key == "data";
    if (!side && !inside) continue;
    ondemand::value value = field.value();
    ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS) return MessageStatus::kNotJson;
    MessageStatus status = MessageStatus::kOk;
    if (inside && type == ondemand::json_type::object) {
      ondemand::object inner;
      if (value.get_object().get(inner) != simdjson::SUCCESS)
        return MessageStatus::kNotJson;
      status = find_levels(inner, false, asks, sink);
    } else if (side && type == ondemand::json_type::array) {
      ondemand::array rows;
      if (value.get_array().get(rows) != simdjson::SUCCESS)
        return MessageStatus::kNotJson;
      status =
          take_levels(rows, sink, asks ? sink.bids : 0, asks ? sink.asks : sink.bids);
    }
    if (status != MessageStatus::kOk) return status;
  }
  return MessageStatus::kOk;
}

}  // namespace

struct FieldReader::Parser {
  ondemand::parser parser;
  ondemand::document document;
  std::unique_ptr<char[]> text;
};

FieldReader::FieldReader(std::size_t longest)
    : longest_(longest), parser_(std::make_unique<Parser>()) {
  parser_->text = std::make_unique<char[]>(longest + simdjson::SIMDJSON_PADDING);
  if (parser_->parser.allocate(longest) != simdjson::SUCCESS) longest_ = 0;
  // The first use of simdjson chooses the code for this processor.
  Fields fields;
  constexpr std::string_view kEmpty = "{}";
  read(std::as_bytes(std::span(kEmpty)), fields);
}

FieldReader::~FieldReader() = default;

MessageStatus FieldReader::read(Bytes text, Fields& fields) {
  fields = {};
  size_ = 0;
  if (text.size() > longest_) return MessageStatus::kTooLong;
  if (text.empty()) return MessageStatus::kNotJson;
  std::memcpy(parser_->text.get(), text.data(), text.size());
  std::memset(parser_->text.get() + text.size(), ' ', simdjson::SIMDJSON_PADDING);
  const simdjson::padded_string_view padded(parser_->text.get(), text.size(),
                                            text.size() + simdjson::SIMDJSON_PADDING);
  ondemand::object object;
  if (parser_->parser.iterate(padded).get(parser_->document) != simdjson::SUCCESS ||
      parser_->document.get_object().get(object) != simdjson::SUCCESS) {
    return MessageStatus::kNotJson;
  }
  const MessageStatus status = take_object(object, true, fields);
  if (status != MessageStatus::kOk) return status;
  // Nothing but blanks behind the object: then there is no place any more.
  if (parser_->document.current_location().error() != simdjson::OUT_OF_BOUNDS)
    return MessageStatus::kNotJson;
  size_ = text.size();
  return MessageStatus::kOk;
}

MessageStatus FieldReader::read_levels(const Symbol& symbol,
                                       std::span<PriceLevel> levels, std::size_t& bids,
                                       std::size_t& asks, bool& rounded) {
  LevelSink sink{symbol, levels};
  for (const bool side : {false, true}) {
    // Anew from the first byte, which keeps what may be done to one document simple.
    const simdjson::padded_string_view padded(parser_->text.get(), size_,
                                              size_ + simdjson::SIMDJSON_PADDING);
    ondemand::object object;
    if (size_ == 0 ||
        parser_->parser.iterate(padded).get(parser_->document) != simdjson::SUCCESS ||
        parser_->document.get_object().get(object) != simdjson::SUCCESS) {
      return MessageStatus::kNotJson;
    }
    const MessageStatus status = find_levels(object, true, side, sink);
    if (status != MessageStatus::kOk) return status;
  }
  bids = sink.bids;
  asks = sink.asks;
  rounded |= sink.rounded;
  return MessageStatus::kOk;
}

namespace {
MessageStatus status_of(NumberStatus status) {
  switch (status) {
    case NumberStatus::kOk:
      return MessageStatus::kOk;
    case NumberStatus::kOffGrid:
      return MessageStatus::kOffStep;
    case NumberStatus::kNotANumber:
    case NumberStatus::kTooLarge:
      break;
  }
  return MessageStatus::kAbsurdNumber;
}
}  // namespace

MessageStatus read_price(const Symbol& symbol, std::string_view text, Price& price) {
  return status_of(symbol.rules.price(text, price));
}

MessageStatus read_qty(const Symbol& symbol, std::string_view text, Qty& qty,
                       bool& rounded) {
  return status_of(symbol.rules.market_qty(text, qty, rounded));
}

}  // namespace pyscalp::binance::json
