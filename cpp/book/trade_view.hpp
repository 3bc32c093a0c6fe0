// A trade as a feed tells it, whatever the venue.
#pragma once

#include "base/types.hpp"

namespace pyscalp::book {

/// A trade read off the feed. `aggressor` says who came to the market; for trades
/// against hidden orders nobody tells, and `hidden` is set.
struct TradeView {
  InstrumentId instrument{};
  Price price;
  Qty qty = 0;
  Side aggressor = Side::kBuy;
  bool hidden = false;
};

}  // namespace pyscalp::book
