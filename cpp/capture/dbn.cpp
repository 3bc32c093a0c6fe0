#include "capture/dbn.hpp"

#include <algorithm>
#include <cctype>

namespace pyscalp::capture {

namespace {

using event::EventKind;
using event::EventSide;
using event::MarketEvent;

constexpr std::size_t kPrefixSize = 8;  // "DBN", version, length of the metadata
constexpr std::size_t kHeaderSize = 16;
constexpr std::uint16_t kTbboSchema = 3;

// Bits of a record's flags.
constexpr std::uint8_t kFlagLast = 128;
constexpr std::uint8_t kFlagTop = 64;
constexpr std::uint8_t kFlagSnapshot = 32;
constexpr std::uint8_t kFlagLevels = 16;

enum Type : std::uint8_t {
  kTrades = 0x00,
  kMbp1 = 0x01,
  kMbp10 = 0x0A,
  kStatusRecord = 0x12,
  kMapping = 0x16,
  kMbo = 0xA0,
  kCmbp1 = 0xB1,
  kCbbo1s = 0xC0,
  kCbbo1m = 0xC1,
  kTcbbo = 0xC2,
  kBbo1s = 0xC3,
  kBbo1m = 0xC4,
  kTbbo = 0xC5,
};

/// Bytes that a record of the type has at least; 0: a type that becomes no event.
std::size_t least_size(std::uint8_t type) {
  switch (type) {
    case kTrades:
      return 48;
    case kMbp1:
    case kCmbp1:
    case kCbbo1s:
    case kCbbo1m:
    case kTcbbo:
    case kBbo1s:
    case kBbo1m:
    case kTbbo:
    case kMapping:
      return 80;
    case kMbp10:
      return 368;
    case kStatusRecord:
      return 40;
    case kMbo:
      return 56;
    default:
      return 0;
  }
}

std::int64_t i64(Bytes bytes, std::size_t at) {
  return static_cast<std::int64_t>(load_le<std::uint64_t>(bytes.data() + at));
}
std::uint32_t u32(Bytes bytes, std::size_t at) {
  return load_le<std::uint32_t>(bytes.data() + at);
}
std::uint8_t u8(Bytes bytes, std::size_t at) {
  return std::to_integer<std::uint8_t>(bytes[at]);
}
char letter(Bytes bytes, std::size_t at) { return static_cast<char>(u8(bytes, at)); }

/// A time; the undefined one, which int64 cannot hold, is 0.
std::int64_t time(Bytes bytes, std::size_t at) {
  return std::max<std::int64_t>(i64(bytes, at), 0);
}

EventSide side(char c) {
  if (c == 'B') return EventSide::kBuy;
  if (c == 'A') return EventSide::kSell;
  return EventSide::kNone;
}

MarketEvent event_of(Bytes bytes, std::uint8_t flags, std::size_t receipt_at) {
  MarketEvent event;
  event.instrument = u32(bytes, 4);
  event.venue_time = time(bytes, 8);
  event.receipt_time = time(bytes, receipt_at);
  if ((flags & kFlagSnapshot) != 0) event.flags |= event::kSnapshot;
  return event;
}

MarketEvent trade_of(const MarketEvent& common, Bytes bytes) {
  MarketEvent event = common;
  event.kind = EventKind::kTrade;
  event.price = i64(bytes, 16);
  event.qty = u32(bytes, 24);
  event.side = side(letter(bytes, 29));
  return event;
}

MarketEvent touch_of(const MarketEvent& common, EventSide of, std::int64_t price,
                     std::uint32_t qty) {
  MarketEvent event = common;
  event.kind = EventKind::kTouch;
  event.side = of;
  event.price = price;
  event.qty = price == kNoPrice.value ? 0 : qty;
  return event;
}

}  // namespace

std::size_t DbnDecoder::decode(Bytes bytes, Events& out) {
  std::size_t at = 0;
  if (version_ == 0) {
    if (bytes.size() < kPrefixSize) return 0;
    const int version = u8(bytes, 3);
    const std::size_t size = u32(bytes, 4);
    if (letter(bytes, 0) != 'D' || letter(bytes, 1) != 'B' || letter(bytes, 2) != 'N' ||
        version < 1 || version > 3) {
      fail("is DBN of version " + std::to_string(version) + "; 1 to 3 are known", 0);
      return 0;
    }
    if (size > kMaxMetadata) {
      fail("says that its metadata has " + std::to_string(size) + " bytes", 0);
      return 0;
    }
    if (bytes.size() - kPrefixSize < size) return 0;
    version_ = version;
    if (!read_metadata(bytes.subspan(kPrefixSize, size))) {
      fail("has damaged metadata", kPrefixSize);
      return 0;
    }
    at = kPrefixSize + size;
  }
  while (at < bytes.size()) {
    const std::size_t size = std::size_t{u8(bytes, at)} * 4;
    if (size < kHeaderSize) {
      fail("has a record of " + std::to_string(size) + " bytes", offset() + at);
      return at;
    }
    if (bytes.size() - at < size) break;
    record(bytes.subspan(at, size), out);
    at += size;
  }
  return at;
}

void DbnDecoder::record(Bytes bytes, Events& out) {
  ++counters_.messages;
  const std::uint8_t type = u8(bytes, 1);
  const std::size_t least = least_size(type);
  if (least == 0) {
    ++counters_.unknown_types[type];
    return;
  }
  if (bytes.size() < least) {
    ++counters_.undecodable;
    return;
  }
  switch (type) {
    case kMbo:
      return market_by_order(bytes, out);
    case kTrades:
      return trade(bytes, out);
    case kMbp10:
      return ten_levels(bytes, out);
    case kStatusRecord:
      return status(bytes, out);
    case kMapping:
      return mapping(bytes, out);
    case kMbp1:
      return top(bytes, false, schema_ == kTbboSchema, false, out);
    case kTbbo:
      return top(bytes, false, true, false, out);
    case kCmbp1:
      return top(bytes, true, false, false, out);
    case kTcbbo:
      return top(bytes, true, true, false, out);
    case kBbo1s:
    case kBbo1m:
      return top(bytes, false, false, true, out);
    default:
      return top(bytes, true, false, true, out);
  }
}

void DbnDecoder::market_by_order(Bytes bytes, Events& out) {
  const std::uint8_t flags = u8(bytes, 36);
  MarketEvent event = event_of(bytes, flags, 40);
  event.order = load_le<std::uint64_t>(bytes.data() + 16);
  event.price = i64(bytes, 24);
  event.qty = u32(bytes, 32);
  event.code = letter(bytes, 38);
  event.side = side(letter(bytes, 39));
  event.sequence = u32(bytes, 52);
  if ((flags & kFlagLast) != 0) event.flags |= event::kLast;
  const bool changes_book = event.code == 'A' || event.code == 'C' || event.code == 'M';
  if (changes_book && event.side == EventSide::kNone) {
    event.kind = EventKind::kOther;
  } else if (changes_book && (flags & kFlagTop) != 0) {
    event.kind = EventKind::kTouch;
    event.order = 0;
    if (event.price == kNoPrice.value) event.qty = 0;
  } else if (changes_book && (flags & kFlagLevels) != 0) {
    event.kind = EventKind::kLevel;
    event.order = 0;
    if (event.code == 'C') event.qty = 0;
  } else {
    switch (event.code) {
      case 'A':
        event.kind = EventKind::kAdd;
        break;
      case 'C':
        event.kind = EventKind::kReduce;
        break;
      case 'M':
        event.kind = EventKind::kModify;
        event.flags |= event::kPlaceByRule;
        break;
      case 'R':
        event.kind = EventKind::kClear;
        event.side = EventSide::kNone;
        event.price = kNoPrice.value;
        event.qty = 0;
        break;
      case 'T':
        event.kind = EventKind::kTrade;
        break;
      default:
        event.kind = EventKind::kOther;
    }
  }
  give(event, out);
}

void DbnDecoder::trade(Bytes bytes, Events& out) {
  const std::uint8_t flags = u8(bytes, 30);
  MarketEvent event = event_of(bytes, flags, 32);
  event.sequence = u32(bytes, 44);
  event.code = letter(bytes, 28);
  if ((flags & kFlagLast) != 0) event.flags |= event::kLast;
  give(trade_of(event, bytes), out);
}

void DbnDecoder::top(Bytes bytes, bool consolidated, bool trade_last, bool interval,
                     Events& out) {
  MarketEvent event = event_of(bytes, u8(bytes, 30), 32);
  if (!consolidated) event.sequence = u32(bytes, 44);
  event.code = interval ? '\0' : letter(bytes, 28);
  const bool traded = event.code == 'T';
  if (traded && !trade_last) give(trade_of(event, bytes), out);
  give(touch_of(event, EventSide::kBuy, i64(bytes, 48), u32(bytes, 64)), out);
  MarketEvent ask = touch_of(event, EventSide::kSell, i64(bytes, 56), u32(bytes, 68));
  if (!(traded && trade_last)) ask.flags |= event::kLast;
  give(ask, out);
  if (traded && trade_last) {
    event.flags |= event::kLast;
    give(trade_of(event, bytes), out);
  }
}

void DbnDecoder::ten_levels(Bytes bytes, Events& out) {
  MarketEvent event = event_of(bytes, u8(bytes, 30), 32);
  event.sequence = u32(bytes, 44);
  event.code = letter(bytes, 28);
  changes_.clear();
  if (ladders_.size() >= kMaxLadders && ladders_.count(event.instrument) == 0) {
    ++counters_.undecodable;
    return;
  }
  std::array<Ladder, 2>& known = ladders_[event.instrument];
  if (event.code == 'T') changes_.push_back(trade_of(event, bytes));
  if (event.code == 'R') {
    known = {};
    changes_.push_back(event);
    changes_.back().kind = EventKind::kClear;
  }
  std::array<Ladder, 2> now;
  for (std::size_t level = 0; level < kDepth; ++level) {
    const std::size_t at = 48 + 32 * level;
    now[0][level] = {i64(bytes, at), u32(bytes, at + 16)};
    now[1][level] = {i64(bytes, at + 8), u32(bytes, at + 20)};
  }
  for (const EventSide of : {EventSide::kBuy, EventSide::kSell}) {
    event.side = of;
    const auto i = static_cast<std::size_t>(of);
    differences(event, known[i], now[i], changes_);
  }
  known = now;
  if (!changes_.empty()) changes_.back().flags |= event::kLast;
  for (const MarketEvent& change : changes_) give(change, out);
}

void DbnDecoder::differences(const MarketEvent& common, const Ladder& old_levels,
                             const Ladder& new_levels, Events& out) {
  MarketEvent event = common;
  event.kind = EventKind::kLevel;
  const auto find = [](const Ladder& ladder, std::int64_t price) -> const Level* {
    for (const Level& level : ladder) {
      if (level.price == price) return &level;
    }
    return nullptr;
  };
  for (const Level& level : old_levels) {
    if (level.price == kNoPrice.value || find(new_levels, level.price) != nullptr)
      continue;
    event.price = level.price;
    event.qty = 0;
    out.push_back(event);
  }
  for (const Level& level : new_levels) {
    if (level.price == kNoPrice.value) continue;
    const Level* before = find(old_levels, level.price);
    if (before != nullptr && before->qty == level.qty) continue;
    event.price = level.price;
    event.qty = level.qty;
    out.push_back(event);
  }
}

void DbnDecoder::status(Bytes bytes, Events& out) {
  MarketEvent event = event_of(bytes, 0, 16);
  event.kind = EventKind::kStatus;
  event.code = letter(bytes, 30);
  event.other = load_le<std::uint16_t>(bytes.data() + 24);  // action
  event.flags |= event::kLast;
  give(event, out);
}

void DbnDecoder::mapping(Bytes bytes, Events& out) {
  const auto text = [bytes](std::size_t at, std::size_t size) {
    const std::string_view all(reinterpret_cast<const char*>(bytes.data()) + at, size);
    return all.substr(0, all.find('\0'));
  };
  // Version 1 has two symbols of 22 bytes; later ones two of 71, each behind its type.
  const bool wide = bytes.size() >= 176;
  const std::string_view in = wide ? text(17, 71) : text(16, 22);
  const std::string_view mapped = wide ? text(89, 71) : text(38, 22);
  const bool is_number = std::all_of(mapped.begin(), mapped.end(), [](unsigned char c) {
    return std::isdigit(c) != 0;
  });
  const std::string_view symbol = is_number ? in : mapped;
  MarketEvent event = event_of(bytes, 0, 8);
  event.receipt_time = 0;
  event.kind = EventKind::kInstrument;
  event.flags |= event::kLast;
  if (!symbol.empty() && event.instrument != 0) name(event.instrument, symbol);
  give(event, out);
}

}  // namespace pyscalp::capture
