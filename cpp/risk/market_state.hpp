// What the gate is told about one instrument at the moment of a check. Everything
// starts out as "must not trade".
#pragma once

#include <cstdint>
#include <limits>

#include "base/types.hpp"
#include "book/touch.hpp"

namespace pyscalp::risk {

/// The last tick of an instrument that has had none.
inline constexpr MonoNanos kNoTick{std::numeric_limits<std::int64_t>::min()};

struct MarketState {
  book::Touch touch;
  MonoNanos last_tick = kNoTick;  ///< receipt of its last market-data message
  bool gap_open = true;           ///< feed messages missing, not yet recovered
  bool book_sound = false;        ///< the book has no flag raised
  bool trading = false;           ///< the venue trades it now
  bool in_session = false;        ///< inside the configured hours
};

/// Our own working orders: sent or resting, unknown fates included.
struct OwnOrders {
  Price best_bid = kNoPrice;     ///< highest limit of our buys in this instrument
  Price best_ask = kNoPrice;     ///< lowest limit of our sells in this instrument
  std::int64_t all_working = 0;  ///< how many, all instruments
};

}  // namespace pyscalp::risk
