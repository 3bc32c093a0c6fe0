#include "capture/lobster.hpp"

#include "capture/decimal.hpp"

namespace pyscalp::capture {

namespace {

using event::EventKind;
using event::EventSide;
using event::MarketEvent;

constexpr std::size_t kColumns = 6;
constexpr std::int64_t kLongestDay = 2 * 86'400 * kNanosPerUnit;

bool split(std::string_view line, std::array<std::string_view, kColumns>& columns) {
  for (std::size_t i = 0; i < kColumns; ++i) {
    const std::size_t comma = line.find(',');
    columns[i] = line.substr(0, comma);
    if (comma == std::string_view::npos) return i + 1 == kColumns;
    line.remove_prefix(comma + 1);
  }
  return true;  // later LOBSTER files carry further columns
}

bool read(std::string_view text, int scale, std::int64_t& value) {
  return parse_decimal(text, scale, value) == DecimalStatus::kOk;
}

}  // namespace

bool LobsterDecoder::row(std::string_view line, Events& out) {
  std::array<std::string_view, kColumns> columns;
  std::int64_t time = 0, type = 0, order = 0, size = 0, price = 0, direction = 0;
  if (!split(line, columns) ||
      parse_decimal(columns[0], 9, time, Finer::kRounded) != DecimalStatus::kOk ||
      !read(columns[1], 0, type) || !read(columns[2], 0, order) ||
      !read(columns[3], 0, size) || !read(columns[4], 5, price) ||
      !read(columns[5], 0, direction) || (direction != 1 && direction != -1) ||
      type < 0 || type > 9 || time < 0 || time > kLongestDay) {
    return false;
  }
  MarketEvent event;
  event.venue_time = midnight_ns_ + time;
  event.sequence = counters_.messages;
  event.order = static_cast<std::uint64_t>(order);
  // 1e-4 with five decimals read is 1e-9.
  event.price = price;
  event.qty = size;
  event.instrument = 1;
  event.side = direction == 1 ? EventSide::kBuy : EventSide::kSell;
  event.flags = event::kLast;
  event.code = static_cast<char>('0' + type);
  switch (type) {
    case 1:
      event.kind = EventKind::kAdd;
      break;
    case 2:
      event.kind = EventKind::kReduce;
      break;
    case 3:
      event.kind = EventKind::kDelete;
      break;
    case 4:
      event.kind = EventKind::kExecute;
      break;
    case 5:
      event.kind = EventKind::kTrade;
      event.side = direction == 1 ? EventSide::kSell : EventSide::kBuy;
      event.flags |= event::kHidden;
      break;
    case 6:
      event.kind = EventKind::kTrade;
      event.side = EventSide::kNone;
      event.flags |= event::kCross;
      break;
    case 7:
      event.kind = EventKind::kStatus;
      event.side = EventSide::kNone;
      event.code = columns[4] == "-1" ? 'H' : columns[4] == "0" ? 'Q' : 'T';
      event.price = kNoPrice.value;
      event.qty = 0;
      break;
    default:
      ++counters_.unknown_types[static_cast<std::uint8_t>('0' + type)];
      return true;
  }
  give(event, out);
  return true;
}

}  // namespace pyscalp::capture
