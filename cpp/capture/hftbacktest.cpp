#include "capture/hftbacktest.hpp"

#include <cmath>

namespace pyscalp::capture {

namespace {

using event::EventKind;
using event::EventSide;
using event::MarketEvent;

constexpr std::uint64_t kExchange = std::uint64_t{1} << 31;
constexpr std::uint64_t kLocal = std::uint64_t{1} << 30;
constexpr std::uint64_t kBuyer = std::uint64_t{1} << 29;
constexpr std::uint64_t kSeller = std::uint64_t{1} << 28;

/// The whole number n for which `value` is the double nearest to n / scale.
bool exact(double value, std::int64_t scale, std::int64_t& n) {
  // Below 2^53 both are exact as doubles, so that their quotient is the nearest one.
  constexpr double kExact = 9e15;
  const double units = static_cast<double>(scale);
  const double near = value * units;
  if (std::fabs(near) < kExact) {
    n = static_cast<std::int64_t>(near + (near < 0 ? -0.5 : 0.5));
    return static_cast<double>(n) / units == value;
  }
  const long double wide = static_cast<long double>(scale);
  const long double scaled = std::round(static_cast<long double>(value) * wide);
  if (!(std::fabs(scaled) < 9.2e18L)) return false;
  n = static_cast<std::int64_t>(scaled);
  return static_cast<double>(scaled / wide) == value;
}

double load_double(const std::byte* at) {
  return std::bit_cast<double>(load_le<std::uint64_t>(at));
}
std::int64_t load_i64(const std::byte* at) {
  return static_cast<std::int64_t>(load_le<std::uint64_t>(at));
}

EventKind kind_of(std::uint64_t type) {
  switch (type) {
    case 1:
    case 4:
      return EventKind::kLevel;
    case 2:
      return EventKind::kTrade;
    case 3:
      return EventKind::kClear;
    case 5:
      return EventKind::kTouch;
    case 10:
      return EventKind::kAdd;
    case 11:
      return EventKind::kDelete;
    case 12:
      return EventKind::kModify;
    case 13:
      return EventKind::kExecute;
    default:
      return EventKind::kOther;
  }
}

}  // namespace

HftbacktestDecoder::HftbacktestDecoder(std::int64_t qty_scale,
                                       std::string_view symbol) {
  qty_scale_ = qty_scale;
  if (!symbol.empty()) name(1, symbol);
}

std::size_t HftbacktestDecoder::decode(Bytes bytes, Events& out) {
  std::size_t at = 0;
  for (; bytes.size() - at >= kRowSize && !failed(); at += kRowSize) {
    row(bytes.data() + at, offset() + at, out);
  }
  return at;
}

void HftbacktestDecoder::end(Bytes rest, Events& out) {
  release(out);
  cut_ = !rest.empty();
}

void HftbacktestDecoder::release(Events& out) {
  if (holding_) give(held_, out);
  holding_ = false;
}

void HftbacktestDecoder::row(const std::byte* at, std::uint64_t place, Events& out) {
  ++counters_.messages;
  const auto ev = load_le<std::uint64_t>(at);
  if ((ev & kLocal) == 0) {
    ++counters_.more[(ev & kExchange) != 0 ? "exchange_only" : "unmarked"];
    return;
  }
  const std::uint64_t type = ev & 0xFF;
  MarketEvent event;
  event.kind = kind_of(type);
  if (event.kind == EventKind::kOther) {
    ++counters_.unknown_types[type];
    return;
  }
  event.venue_time = load_i64(at + 8);
  event.receipt_time = load_i64(at + 16);
  event.sequence = counters_.messages;
  event.instrument = 1;
  event.flags = event::kLast;
  if ((ev & kBuyer) != 0) event.side = EventSide::kBuy;
  if ((ev & kSeller) != 0) event.side = EventSide::kSell;
  if (type == 4) event.flags |= event::kSnapshot;
  if (type == 12) event.flags |= event::kPlaceByRule;
  event.order = load_le<std::uint64_t>(at + 40);
  const double px = load_double(at + 24);
  const double qty = load_double(at + 32);
  const bool whole_book = type == 3 && (event.side == EventSide::kNone || px == 0.0);
  if (!whole_book && !exact(px, 1'000'000'000, event.price)) {
    fail("row " + std::to_string(counters_.messages) + " has a price of " +
             std::to_string(px) + " that is no whole number of 1e-9",
         place);
    return release(out);
  }
  if (!exact(qty, qty_scale_, event.qty)) {
    fail("row " + std::to_string(counters_.messages) + " has a quantity of " +
             std::to_string(qty) + " that is no whole number of 1/" +
             std::to_string(qty_scale_) + "; choose another qty_scale",
         place);
    return release(out);
  }
  if (holding_ && event.kind == EventKind::kLevel && held_.kind == EventKind::kLevel &&
      event.venue_time == held_.venue_time &&
      event.receipt_time == held_.receipt_time && event.flags == held_.flags) {
    held_.flags = static_cast<std::uint8_t>(held_.flags & ~event::kLast);
  }
  release(out);
  held_ = event;
  holding_ = true;
}

}  // namespace pyscalp::capture
