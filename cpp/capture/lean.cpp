#include "capture/lean.hpp"

#include <charconv>

#include "capture/decimal.hpp"

namespace pyscalp::capture {

namespace {

using event::EventKind;
using event::EventSide;
using event::MarketEvent;

constexpr std::int64_t kLongestDay = 2 * 86'400 * kNanosPerUnit;

bool read(std::string_view text, int scale, std::int64_t& value) {
  return parse_decimal(text, scale, value) == DecimalStatus::kOk && value >= 0;
}

/// 1e-4 with five decimals read is 1e-9.
bool read_price(std::string_view text, std::int64_t& value) {
  return read(text, 5, value);
}

bool read_conditions(std::string_view text, std::uint64_t& value) {
  value = 0;
  if (text.empty()) return true;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value, 16);
  return result.ec == std::errc() && result.ptr == end;
}

}  // namespace

bool LeanDecoder::row(std::string_view line, Events& out) {
  std::size_t count = 0;
  for (;; ++count) {
    if (count == kQuoteColumns) return false;
    const std::size_t comma = line.find(',');
    fields_[count] = line.substr(0, comma);
    if (comma == std::string_view::npos) break;
    line.remove_prefix(comma + 1);
  }
  ++count;
  if (count != (columns_ == 0 ? count : columns_) ||
      (count != kQuoteColumns && count != kTradeColumns)) {
    return false;
  }
  const std::string_view exchange = fields_[count - 3];
  const std::string_view suspicious = fields_[count - 1];
  std::int64_t time = 0;
  MarketEvent event;
  if (parse_decimal(fields_[0], 6, time, Finer::kRounded) != DecimalStatus::kOk ||
      time < 0 || time > kLongestDay || exchange.size() > 1 ||
      !read_conditions(fields_[count - 2], event.other) ||
      (suspicious != "0" && suspicious != "1")) {
    return false;
  }
  event.venue_time = midnight_ns_ + time;
  event.sequence = counters_.messages;
  event.instrument = 1;
  event.flags = event::kLast;
  event.code = exchange.empty() ? '\0' : exchange[0];
  found_ = 0;
  if (!(count == kQuoteColumns ? quote(event) : trade(event))) return false;
  columns_ = count;
  if (suspicious == "1") {
    ++counters_.more["suspicious"];
    event.other = 0;
    give(event, out);
    return true;
  }
  for (std::size_t i = 0; i < found_; ++i) give(events_[i], out);
  return true;
}

bool LeanDecoder::quote(MarketEvent event) {
  std::int64_t price[2], qty[2];
  for (std::size_t side : {0U, 1U}) {
    if (!read_price(fields_[1 + 2 * side], price[side]) ||
        !read(fields_[2 + 2 * side], 0, qty[side])) {
      return false;
    }
  }
  if (price[0] == 0 && price[1] == 0) ++counters_.more["silent"];
  event.kind = EventKind::kTouch;
  for (std::size_t side : {0U, 1U}) {
    if (price[side] == 0) continue;
    event.side = side == 0 ? EventSide::kBuy : EventSide::kSell;
    event.price = qty[side] == 0 ? kNoPrice.value : price[side];
    event.qty = qty[side];
    event.flags = side == 0 && price[1] != 0 ? 0 : event::kLast;
    events_[found_++] = event;
  }
  return true;
}

bool LeanDecoder::trade(MarketEvent event) {
  event.kind = EventKind::kTrade;
  if (!read_price(fields_[1], event.price) || !read(fields_[2], 0, event.qty)) {
    return false;
  }
  if ((event.other & sale::kAuction) != 0) event.flags |= event::kCross;
  if ((event.other & sale::kOfficial) != 0) event.flags |= event::kNotPrintable;
  events_[found_++] = event;
  return true;
}

}  // namespace pyscalp::capture
