// Raw captures of Binance's market streams: lines of "<time of receipt> <JSON>", spot,
// USD-M and COIN-M alike, with REST depth snapshots among them.
//
//   depthUpdate          kLevel, one a price; code d, other = u (last update id)
//   snapshot             kClear, then kLevel, all kSnapshot; code s, other = its id
//   @depth5, 10, 20      the same, every time
//   bookTicker           two kTouch; code b, other = u
//   trade, aggTrade      kTrade, side = the aggressor's; code t, a, other = trade id.
//                        A trade that is not of the market (X: INSURANCE_FUND …) and
//                        one of nothing is kOther
//   others               counted in `more`, by name
//
// The rules of the local book are applied, so that the events make the venue's book: a
// diff that ends before the last snapshot is left out (`before_snapshot`); diffs that
// came before a snapshot but end after it are told again behind it, with kSnapshot; a
// broken chain of update ids is counted in `gaps`.
//
// Prices are exact at 1e-9, quantities at 1/qty_scale; a decimal that is finer or
// larger ends the reading with a failure. venue_time is T, else E, else 0 (spot
// bookTicker and snapshot say none); sequence is the line, from 1; the last event of a
// line is kLast. A snapshot that names no symbol is of the one symbol that the file
// has; where it has several, {"stream":"btcusdt@depthSnapshot","data":…} around it says
// whose it is.
#pragma once

#include <deque>

#include "capture/binance_fields.hpp"
#include "capture/decoder.hpp"

namespace pyscalp::capture {

class BinanceDecoder final : public Decoder {
 public:
  static constexpr std::size_t kMaxLine = std::size_t{16} << 20;
  /// Levels of diffs, of all symbols, that are kept to be told again behind a snapshot.
  static constexpr std::size_t kMaxRecent = 131'072;

  /// `qty_scale` is a power of ten, 1 to 10^12.
  explicit BinanceDecoder(std::int64_t qty_scale);

 private:
  struct Book {
    std::uint64_t last_id = 0;      ///< u of the last diff
    std::uint64_t snapshot_id = 0;  ///< 0: none yet
    bool joined = false;            ///< a diff has followed on the snapshot
    std::uint64_t dropped_id = 0;   ///< u of the last diff that left `recent_`
  };

  std::size_t decode(Bytes bytes, Events& out) override;
  void end(Bytes rest, Events& out) override;
  void line(std::string_view text, std::string_view later, Events& out);
  // Each fills `built_` and returns false where the message is malformed.
  bool dispatch(const BinanceFields& fields);
  bool diff(const BinanceFields& fields);
  bool snapshot(const BinanceFields& fields, std::string_view id, std::string_view bids,
                std::string_view asks);
  bool ticker(const BinanceFields& fields);
  bool trade(const BinanceFields& fields);
  bool levels(std::string_view rows, event::EventSide side);
  std::string_view symbol_of(const BinanceFields& fields);
  /// The one symbol of the file; empty where it has several, or is not known yet.
  std::string_view only_symbol();
  bool decimal(std::string_view text, int scale, const char* what, std::int64_t& value);

  int qty_digits_ = 0;
  std::uint64_t place_ = 0;    ///< of the line that is being read
  std::string_view later_;     ///< the bytes behind that line, as far as they are here
  bool waiting_ = false;       ///< the line cannot be read before more has come
  bool ended_ = false;         ///< nothing more will come
  event::MarketEvent common_;  ///< what all events of the line share
  Events built_;               ///< the events of the line, until it has proved sound
  std::unordered_map<std::uint32_t, Book> books_;
  std::deque<event::MarketEvent> recent_;
  std::string upper_;
};

}  // namespace pyscalp::capture
