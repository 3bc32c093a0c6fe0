// The members of one Binance message, whichever kind it is, as views of its text.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

#include "capture/json_scan.hpp"

namespace pyscalp::capture {

/// Empty where the message has no such member. One letter means different things in
/// different messages; the names are those of depth, ticker and trade.
struct BinanceFields {
  std::string_view stream;
  std::string_view event;        // e
  std::string_view told;         // E
  std::string_view transacted;   // T
  std::string_view symbol;       // s, symbol
  std::string_view first_id;     // U
  std::string_view last_id;      // u
  std::string_view previous_id;  // pu
  std::string_view b;            // bids of a diff, best bid
  std::string_view a;            // asks of a diff, best ask, id of an aggTrade
  std::string_view big_b;        // B, size of the best bid
  std::string_view big_a;        // A
  std::string_view price;        // p
  std::string_view qty;          // q
  std::string_view maker;        // m
  std::string_view trade_id;     // t
  std::string_view type;         // X
  std::string_view snapshot_id;  // lastUpdateId
  std::string_view bids;
  std::string_view asks;
};

inline std::string_view* field_of(BinanceFields& f, std::string_view key) {
  if (key.size() == 1) {
    switch (key[0]) {
      case 'e':
        return &f.event;
      case 'E':
        return &f.told;
      case 'T':
        return &f.transacted;
      case 's':
        return &f.symbol;
      case 'U':
        return &f.first_id;
      case 'u':
        return &f.last_id;
      case 'b':
        return &f.b;
      case 'a':
        return &f.a;
      case 'B':
        return &f.big_b;
      case 'A':
        return &f.big_a;
      case 'p':
        return &f.price;
      case 'q':
        return &f.qty;
      case 'm':
        return &f.maker;
      case 't':
        return &f.trade_id;
      case 'X':
        return &f.type;
      default:
        return nullptr;
    }
  }
  if (key == "pu") return &f.previous_id;
  if (key == "stream") return &f.stream;
  if (key == "symbol") return &f.symbol;
  if (key == "lastUpdateId") return &f.snapshot_id;
  if (key == "bids") return &f.bids;
  if (key == "asks") return &f.asks;
  return nullptr;
}

/// Reads an object, and what a combined stream wraps as its "data"; false if the text
/// is no whole JSON object.
inline bool read_fields(std::string_view json, BinanceFields& fields) {
  JsonScanner scan(json);
  int depth = 1;
  scan.expect('{');
  if (scan.take('}')) return scan.at_end();
  while (scan.good() && depth > 0) {
    const std::string_view key = scan.value();
    scan.expect(':');
    if (key == "data" && depth == 1 && scan.take('{')) {
      ++depth;
      if (!scan.take('}')) continue;
      --depth;
    } else {
      const std::string_view value = scan.value();
      if (std::string_view* const field = field_of(fields, key)) *field = value;
    }
    while (depth > 0 && !scan.take(',')) {
      scan.expect('}');
      if (!scan.good()) return false;
      --depth;
    }
  }
  return scan.good() && scan.at_end();
}

inline bool to_number(std::string_view text, std::uint64_t& value) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  return !text.empty() && parsed.ec == std::errc{} && parsed.ptr == end;
}

/// A time since 1970 in ms, us or ns, told apart by its size, as ns; 0 for one that
/// int64 cannot hold.
inline std::int64_t to_nanoseconds(std::uint64_t time) {
  constexpr std::uint64_t kLastMs = INT64_MAX / 1'000'000;
  constexpr std::uint64_t kLastUs = INT64_MAX / 1'000;
  if (time <= kLastMs) return static_cast<std::int64_t>(time * 1'000'000);
  if (time <= kLastUs) return static_cast<std::int64_t>(time * 1'000);
  return time > INT64_MAX ? 0 : static_cast<std::int64_t>(time);
}

}  // namespace pyscalp::capture
