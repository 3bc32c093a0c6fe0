// What a signal sees and what it says: the seam between the market and strategies.
//
// A signal is a class with `Forecast on_book(const MarketView&)`, called after every
// packet that changed its instrument, and, where it cares for trades,
// `void on_trade(const MarketView&, const Trade&)`, called before. Signals keep their
// own state of fixed size, take time from the view, and never allocate after
// construction.
#pragma once

#include "base/types.hpp"
#include "book/touch.hpp"

namespace pyscalp::signal {

struct MarketView {
  InstrumentId instrument{};
  MonoNanos now{};         ///< receipt, the engine's own clock
  UnixNanos venue_time{};  ///< the feed's stamp, ns since the venue's midnight
  book::Touch touch;
  Qty bid_depth = 0;  ///< displayed within the configured levels, own orders included
  Qty ask_depth = 0;

  /// (bid_depth - ask_depth) / (bid_depth + ask_depth), in [-1, 1].
  double depth_imbalance() const {
    const Qty total = bid_depth + ask_depth;
    return total == 0 ? 0.0
                      : static_cast<double>(bid_depth - ask_depth) /
                            static_cast<double>(total);
  }
};

struct Trade {
  Price price;
  Qty qty = 0;
  Side aggressor = Side::kBuy;  ///< meaningful unless `hidden`
  bool hidden = false;          ///< against a non-displayed order
};

enum class SignalId : std::uint8_t {
  kNone = 0,
  kMeanReversion = 1,
  kBookImbalance = 2
};

/// Where the mid is expected to go. `expected_move` is in price, signed: positive is
/// up, zero is no opinion.
struct Forecast {
  Price expected_move{};
  SignalId signal = SignalId::kNone;
};

}  // namespace pyscalp::signal
