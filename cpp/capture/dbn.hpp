// Databento Binary Encoding, versions 1 to 3, unpacked.
//
// Source: the published layout of DBN (little-endian): "DBN", version, length and body
// of the metadata; then records whose first byte is their length in words of 4 bytes,
// and the second their type. Records may be longer than their type asks (ts_out).
//
//   mbo      A kAdd   C kReduce   M kModify kPlaceByRule   R kClear   T kTrade
//            F, N: kOther (F tells of the resting side of a trade and changes no book:
//            the C or M that follows does). With F_TOB: kTouch, with F_MBP: kLevel
//   trades   kTrade                     tbbo, tcbbo  two kTouch, then kTrade
//   mbp-1, cmbp-1   kTrade if the action is T, then two kTouch
//   mbp-10   kTrade if the action is T; then a kLevel for every level of the ten a side
//            that is not as the record before had it (0: gone from the ten); R: kClear
//   bbo-1s, bbo-1m, cbbo-1s, cbbo-1m   two kTouch
//   status   kStatus, code = is_trading: Y N ~   symbol mapping   kInstrument
//   all other types are counted in `unknown_types`, by number
//
// venue_time = ts_event, receipt_time = ts_recv, instrument = DBN's own instrument id,
// sequence = the venue's, code = action; kLast from F_LAST in mbo and trades, elsewhere
// on the record's last event; kSnapshot from F_SNAPSHOT. A trade's side is the
// aggressor's. The undefined price is kNoPrice. Symbols are those of the metadata's
// mappings and of the mapping records.
#pragma once

#include "capture/decoder.hpp"

namespace pyscalp::capture {

class DbnDecoder final : public Decoder {
 public:
  static constexpr std::size_t kDepth = 10;
  /// Instruments with ten levels in one file; records of more are undecodable.
  static constexpr std::size_t kMaxLadders = 65'536;
  static constexpr std::size_t kMaxMetadata = std::size_t{64} << 20;

  DbnDecoder() = default;
  int version() const { return version_; }

 private:
  struct Level {
    std::int64_t price = kNoPrice.value;
    std::int64_t qty = 0;
  };
  using Ladder = std::array<Level, kDepth>;  ///< best first

  std::size_t decode(Bytes bytes, Events& out) override;
  bool read_metadata(Bytes body);
  void record(Bytes bytes, Events& out);
  void market_by_order(Bytes bytes, Events& out);
  void trade(Bytes bytes, Events& out);
  void top(Bytes bytes, bool consolidated, bool trade_last, bool interval, Events& out);
  void ten_levels(Bytes bytes, Events& out);
  void status(Bytes bytes, Events& out);
  void mapping(Bytes bytes, Events& out);
  void differences(const event::MarketEvent& common, const Ladder& old_levels,
                   const Ladder& new_levels, Events& out);

  int version_ = 0;  ///< 0: the metadata has not been read
  std::uint16_t schema_ = 0xFFFF;
  std::unordered_map<std::uint32_t, std::array<Ladder, 2>> ladders_;
  Events changes_;  ///< of one mbp-10 record
};

}  // namespace pyscalp::capture
