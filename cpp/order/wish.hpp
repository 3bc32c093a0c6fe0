// What a strategy may ask for. A wish is not an order: only the risk gate makes those.
#pragma once

#include "base/types.hpp"
#include "signal/market_view.hpp"

namespace pyscalp::order {

enum class TimeInForce : std::uint8_t { kDay = 0, kIoc = 1 };

/// Why an order is sent. Kept with every order and fill, down to the report.
enum class Intent : std::uint8_t {
  kEntry = 0,
  kTarget = 1,      ///< take the profit
  kStop = 2,        ///< cut the loss
  kTimeExit = 3,    ///< flat before the holding limit
  kShutdown = 4,    ///< flat because the session ends
  kDeadline = 5,    ///< last resort shortly before the holding limit; see risk/gate.hpp
  kSignalExit = 6,  ///< what the position stood on is gone, a signal says
};

struct Wish {
  InstrumentId instrument{};
  Side side = Side::kBuy;
  Qty qty = 0;
  Price limit = kNoPrice;
  TimeInForce time_in_force = TimeInForce::kDay;
  bool post_only = false;
  Intent intent = Intent::kEntry;
  signal::SignalId signal = signal::SignalId::kNone;
  Price decision_mid = kNoPrice;  ///< mid at the moment of the decision
};

}  // namespace pyscalp::order
