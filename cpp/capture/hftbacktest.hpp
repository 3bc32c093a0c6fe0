// The rows of hftbacktest's recorded data: 64 bytes each, the body of a .npy array of
// {ev u8, exch_ts i8, local_ts i8, px f8, qty f8, order_id u8, ival i8, fval f8}.
//
// Source: hftbacktest 2.x, its types of events. A row counts where it is marked as seen
// by the receiver (LOCAL_EVENT): rows for the exchange's clock alone tell the same
// thing a second time and are counted as `exchange_only`, rows with neither mark as
// `unmarked`.
//
//   1 depth   kLevel     10 add     kAdd       2  trade  kTrade, side = the aggressor's
//   4 snapshot kLevel    11 cancel  kDelete    13 fill   kExecute
//     with kSnapshot     12 modify  kModify    3  clear  kClear of the side, to its
//     price
//   5 bbo     kTouch           kPlaceByRule
//
// venue_time = exch_ts, receipt_time = local_ts, sequence = the row, from 1. Rows of
// depth with the same two times are one change: the last is kLast. `code` is 0.
// Prices and quantities are doubles there; one that is not a whole number of 1e-9, or
// of 1/qty_scale, as the nearest double to it, ends the reading with a failure.
#pragma once

#include "capture/decoder.hpp"

namespace pyscalp::capture {

class HftbacktestDecoder final : public Decoder {
 public:
  static constexpr std::size_t kRowSize = 64;

  HftbacktestDecoder(std::int64_t qty_scale, std::string_view symbol);

 private:
  std::size_t decode(Bytes bytes, Events& out) override;
  void end(Bytes rest, Events& out) override;
  void row(const std::byte* at, std::uint64_t place, Events& out);
  void release(Events& out);

  event::MarketEvent held_;  ///< waits to learn whether it is the last of its change
  bool holding_ = false;
};

}  // namespace pyscalp::capture
