// Fields of the order session's JSON by name, read with simdjson. Included by
// order_answers.cpp and order_json.cpp alone.
#pragma once

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <string_view>

#include "binance/order_answers.hpp"
#include "binance/order_fields.hpp"

namespace pyscalp::binance::order_json {

namespace dom = simdjson::dom;

/// The value of a field, where it is there and of this type.
template <class Value>
bool field(dom::object object, std::string_view name, Value& value) {
  return object.at_key(name).get(value) == simdjson::SUCCESS;
}

/// A decimal at 1e-8 that may have a sign; finer digits make it kOffGrid.
NumberStatus signed_e8(std::string_view text, std::int64_t& value);

/// An order event, names of one letter.
void read_event(dom::object object, OrderFields& fields);
/// An order of an answer or a list.
void read_result(dom::object object, OrderFields& fields);
/// A trade: of an answer to an order, or of a list of trades.
void read_trade(dom::object object, TradeFields& fields);
/// What the venue counts; windows that it does not name clearly are passed over.
void read_limits(dom::array limits, Answer& answer);
/// Code, text and the time to be silent.
void read_error(dom::object error, Answer& answer);

}  // namespace pyscalp::binance::order_json
