// What an error of the venue means for the request that met it.
//
// Source: the exchange's "Error codes" and "HTTP return codes", spot and USD-M. The
// same number may mean different things on the two.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/types.hpp"
#include "binance/order_answers.hpp"
#include "binance/order_requests.hpp"
#include "session/order_events.hpp"

namespace pyscalp::binance {

/// True where the request may have been carried out all the same: a 5xx or 408, -1000,
/// -1001, -1006, -1007, or an answer without an error code that is not understood.
/// -1008 (overload) and whatever the rate limits refused was not.
bool may_have_happened(const Answer& answer);

session::RejectReason reject_reason(Market market, const Answer& answer);

/// A cancel or a query that met no such order: -2011, -2013.
bool no_such_order(const Answer& answer);
/// Our timestamp was outside the window: -1021, on USD-M -5028 too.
bool clock_is_off(const Answer& answer);
/// Key, signature or permission: trying again cannot help.
bool not_permitted(const Answer& answer);
/// How long to be silent after it; 0 for an answer that asks for no silence.
MonoNanos silence_after(const Answer& answer);

}  // namespace pyscalp::binance
