// LOBSTER message files: rows of time, type, order id, size, price, direction.
//
// Source: LOBSTER's read-me of 2013-09-01 and its later type 6. Times are seconds since
// midnight US Eastern, read exactly where they have up to nine decimals; a few that
// once were doubles have more, and go to the nearest nanosecond. Prices are in 1e-4.
//
//   1  kAdd                      5  kTrade kHidden, side = the aggressor's
//   2  kReduce, qty taken off    6  kTrade kCross
//   3  kDelete, qty = its size   7  kStatus, code H halted, Q quoting again, T trading
//   4  kExecute, with the order's price
//
// `code` is otherwise the digit of the type. The file is of one stock: instrument 1.
// The sequence is the row, from 1. Every event is kLast.
#pragma once

#include "capture/row_decoder.hpp"

namespace pyscalp::capture {

class LobsterDecoder final : public RowDecoder {
 public:
  static constexpr std::size_t kMaxLine = 512;  ///< longer: something else

  /// `symbol` may be empty: the rows do not say it.
  LobsterDecoder(std::int64_t midnight_ns, std::string_view symbol)
      : RowDecoder({"LOBSTER message file", "LOBSTER message", kMaxLine}, symbol),
        midnight_ns_(midnight_ns) {}

 private:
  bool row(std::string_view line, Events& out) override;

  std::int64_t midnight_ns_;
};

}  // namespace pyscalp::capture
