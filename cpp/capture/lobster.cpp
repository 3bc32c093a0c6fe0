#include "capture/lobster.hpp"

#include <cstring>

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

std::size_t LobsterDecoder::decode(Bytes bytes, Events& out) {
  if (!named_ && !symbol_.empty()) name(1, symbol_);
  named_ = true;
  std::size_t at = 0;
  while (!failed()) {
    const auto* begin = reinterpret_cast<const char*>(bytes.data()) + at;
    const std::size_t left = bytes.size() - at;
    const void* stop = left == 0 ? nullptr : std::memchr(begin, '\n', left);
    const std::size_t size =
        stop == nullptr
            ? left
            : static_cast<std::size_t>(static_cast<const char*>(stop) - begin);
    if (size > kMaxLine) {
      fail("is no LOBSTER message file: a line has no end", offset() + at);
    }
    if (size > kMaxLine || stop == nullptr) break;
    if (!row({begin, size}, out)) {
      fail("row " + std::to_string(counters_.messages) + " is no LOBSTER message: " +
               std::string(begin, std::min<std::size_t>(size, 60)),
           offset() + at);
      break;
    }
    at += size + 1;
  }
  return at;
}

void LobsterDecoder::end(Bytes rest, Events& out) {
  // The last line need not end in a line feed, but then only a whole row counts: one
  // whose direction is there. A cut one may pass for whole only if it is.
  if (rest.empty()) return;
  const std::string_view line(reinterpret_cast<const char*>(rest.data()), rest.size());
  cut_ = !row(line, out);
  if (cut_) --counters_.messages;
}

bool LobsterDecoder::row(std::string_view line, Events& out) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  ++counters_.messages;
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
