// Every limit the gate holds orders against. There is no default that lets an order
// through: a limit left at zero, or negative, is missing and nothing trades.
#pragma once

#include <cstdint>
#include <optional>

#include "base/types.hpp"

namespace pyscalp::risk {

/// Largest count that a window of events may be asked to hold.
inline constexpr std::int64_t kMaxWindowCount = 1 << 20;
/// Largest factor on the collar of a deadline exit, collar in 1e-6 of the price.
inline constexpr std::int64_t kMaxCollarE6 = 1'000'000;

struct Limits {
  /// Assets under management, fixed at session open.
  Money aum{};
  /// Loss of the day in 1e-6 of AUM that halts.
  std::int64_t drawdown_e6 = 0;

  Qty max_order_qty = 0;
  Money max_order_value{};
  /// How far a limit may lie through the opposite touch, or away from its own, in 1e-6
  /// of that touch.
  std::int64_t price_collar_e6 = 0;
  /// Position with working orders, absolute, per instrument.
  Qty max_position = 0;
  /// Working orders of all instruments.
  std::int64_t max_orders_working = 0;

  /// Requests that the venue allows in a window, and the share of them, in 1e-6, that
  /// new orders may use.
  std::int64_t rate_limit = 0;
  MonoNanos rate_window{};
  std::int64_t rate_share_e6 = 0;

  /// A price is stale when its last tick is strictly older.
  MonoNanos stale_after{};

  /// Position at most this share, in 1e-6, of the least depth seen in the window. How
  /// many levels make the depth is for whoever measures it (Gate::on_depth).
  std::int64_t depth_share_e6 = 0;
  std::int64_t depth_levels = 0;
  MonoNanos depth_window{};

  /// More than this many losing round trips, or rejects, within the feedback window.
  std::int64_t max_losing_trades = 0;
  std::int64_t max_rejects = 0;
  MonoNanos feedback_window = seconds(60);

  /// The same wish again sooner than this is a duplicate.
  MonoNanos duplicate_window = milliseconds(1);
  /// A deadline exit may lie this many times further from the touch than the collar.
  std::int64_t deadline_collar_factor = 10;
  /// Flattening after a drawdown halt, a policy of its own: when true, reducing IOC
  /// orders with an intent to get out pass while HALTED by the drawdown breaker alone.
  bool flatten_when_halted = false;

  /// The first limit that is missing or makes no sense, as text for the user; none if
  /// all are fit to trade with.
  std::optional<const char*> first_fault() const;
};

}  // namespace pyscalp::risk
