// The gate: the one ordered list of checks between a wish and an order.
//
// Thread: the engine's own, all of it; only the KillSwitch is shared. Time is an input
// and never goes back. Nothing allocates after construction. Prices, values and
// positions are compared in 128 bits, so no input overflows.
//
// Words used by every check:
//   * An order *reduces* when there is a position, the order is on the other side, and
//     its quantity together with our orders already working on that side is no more
//     than the position: whatever fills, the position ends nearer zero, not beyond it.
//     Cancel a working target, and see it gone, before sending a stop for the same
//     shares.
//   * A *deadline exit* (T1) is a reducing IOC order with Intent::kDeadline. It alone
//     passes on a stale price, an open gap, a one-sided, crossed or flagged book and
//     outside session hours, since a position held past its deadline behind a dead feed
//     is the bigger risk, and the venue still applies its own rules. Order value
//     does not hold back orders that reduce. It obeys every other check, may use the
//     requests that are otherwise kept for cancels, up to the allowed rate, and is
//     counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "order/exposure.hpp"
#include "order/wish.hpp"
#include "risk/concentration.hpp"
#include "risk/denial.hpp"
#include "risk/drawdown.hpp"
#include "risk/gated.hpp"
#include "risk/kill_switch.hpp"
#include "risk/limits.hpp"
#include "risk/market_state.hpp"
#include "risk/rate_limit.hpp"
#include "risk/recent_orders.hpp"
#include "risk/sliding_count.hpp"
#include "risk/trading_state.hpp"

namespace pyscalp::risk {

/// What operator_resume answered.
enum class Resume : std::uint8_t {
  kResumed = 0,
  kNoReason,        ///< a person must say why
  kLimitsMissing,   ///< never resumes
  kKillSwitch,      ///< the switch is still engaged: release it first
  kDrawdownStands,  ///< the loss is still at or beyond the limit
};
const char* name(Resume answer);

/// Since construction.
struct Counts {
  std::uint64_t orders = 0;  ///< passed
  std::uint64_t cancels = 0;
  std::uint64_t deadline_exits = 0;      ///< orders that passed by that exception
  std::uint64_t cancels_over_limit = 0;  ///< sent although the allowed rate was used up
  std::uint64_t trips_lost = 0;          ///< overwritten before they were drained
  std::array<std::uint64_t, kDenials> denied{};
};

class Gate {
 public:
  static constexpr std::size_t kTrips = 256;

  /// Allocates for `instrument_capacity` instruments; `kill_switch` outlives the gate.
  /// With a fault in the limits the gate lives, halted for good, and denies everything
  /// as kLimitsMissing; the engine should have refused to start.
  Gate(const Limits& limits, const KillSwitch& kill_switch,
       std::size_t instrument_capacity);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Puts an instrument on the list; again is harmless. False when the capacity given
  /// at construction is used up: it stays off the list.
  bool permit(InstrumentId instrument);
  /// Empties the list, and forgets depths and recent orders: the venue has begun a new
  /// day and numbers its instruments afresh. Latches and windows of time stay.
  void revoke_all();

  /// The whole list, first denial wins. An order that passes is counted against the
  /// rate and remembered against duplicates at once, so send it or forget it, never
  /// hold it back.
  Verdict check(const order::Wish& wish, const MarketState& market,
                const order::Exposure& exposure, const OwnOrders& own, MonoNanos now);

  /// Always. Counted against the rate; the last part of it is kept for these.
  GatedCancel cancel(std::uint32_t user_ref, MonoNanos now);

  /// How large an opening order may be at most, by the limits of size, value (a share
  /// counts for `price`, see order_size.hpp), position and depth. Advice: `check` alone
  /// decides, and of more than this.
  Qty room(InstrumentId instrument, Side side, Price price,
           const order::Exposure& exposure, MonoNanos now);

  /// Displayed quantity within Limits::depth_levels on either side, our own orders left
  /// out. Call on each change; concentration uses the least of the window.
  void on_depth(InstrumentId instrument, MonoNanos now, Qty bid_depth, Qty ask_depth);

  /// The day's result so far: realised + unrealised - fees, 0 at session open.
  void on_equity(Money equity, MonoNanos now);
  void on_round_trip(Money net, MonoNanos now);
  void on_reject(MonoNanos now);
  /// What an engaged KillSwitch does, for an engine that learns of it by other means.
  void on_kill(MonoNanos now);

  void operator_reduce(std::string_view reason, MonoNanos now);
  void operator_halt(std::string_view reason, MonoNanos now);
  /// The only way back to ACTIVE; clears every latch and starts the feedback windows
  /// afresh, or refuses and changes nothing.
  Resume operator_resume(std::string_view reason, MonoNanos now);
  /// After a restart: latches what was latched before it (the `breakers()` of then).
  void restore(std::uint32_t latched, MonoNanos now);

  TradingState state() const;
  /// kReducing too while the instrument's position, as last checked, is above its
  /// share of depth. kHalted if it is not permitted.
  TradingState state(InstrumentId instrument) const;
  /// Latched breakers, one `bit` each.
  std::uint32_t breakers() const { return latched_; }

  /// Call once in every poll. Reads the kill switch, and says true once after each step
  /// to a worse state and each new reason to halt: cancel all working orders of all
  /// instruments in this same poll. (In REDUCING the tactics may enter reducing orders
  /// again.)
  bool cancel_all_due(MonoNanos now);

  const Counts& counts() const { return counts_; }
  const Limits& limits() const { return limits_; }
  /// Requests of the current window.
  std::int64_t requests(MonoNanos now) { return rate_.used(now); }

  /// Hands over every trip since the last call, oldest first: `visit(const Trip&)`.
  template <class Visit>
  void drain_trips(Visit&& visit) {
    for (; trips_drained_ != trips_made_; ++trips_drained_) {
      visit(trips_[trips_drained_ % kTrips]);
    }
  }

 private:
  struct Slot {
    explicit Slot(MonoNanos depth_window) : depth(depth_window) {}
    DepthWindow depth;
    RecentOrders recent;
    bool reducing = false;
  };
  /// One wish with all that is known about it.
  struct Request {
    const order::Wish& wish;
    const MarketState& market;
    const order::Exposure& exposure;
    const OwnOrders& own;
    MonoNanos now;
    Slot* slot;
    bool reduces;
    bool deadline_exit;
  };
  using Check = Denial (Gate::*)(const Request&);

  template <Check... kChecks>
  Denial first_denial(const Request& request);

  Denial check_limits(const Request& request);
  Denial check_kill_switch(const Request& request);
  Denial check_state(const Request& request);
  Denial check_permitted(const Request& request);
  Denial check_instrument_trading(const Request& request);
  Denial check_session_hours(const Request& request);
  Denial check_gap(const Request& request);
  Denial check_book(const Request& request);
  Denial check_stale_price(const Request& request);
  Denial check_order_size(const Request& request);
  Denial check_price_collar(const Request& request);
  Denial check_instrument_reducing(const Request& request);
  Denial check_position(const Request& request);
  Denial check_concentration(const Request& request);
  Denial check_working_orders(const Request& request);
  Denial check_recent_orders(const Request& request);
  Denial check_self_match(const Request& request);
  Denial check_rate(const Request& request);

  Slot* slot(InstrumentId instrument);
  void count_request(MonoNanos now);
  void observe_concentration(const Request& request);
  void latch(Breaker breaker, MonoNanos now, std::int64_t value = 0,
             std::int64_t limit = 0, std::string_view reason = {});
  void record(const Trip& trip);

  const Limits limits_;
  const KillSwitch& kill_switch_;
  const bool limits_complete_;

  std::uint32_t latched_ = 0;
  bool cancel_all_due_ = false;
  bool rate_reached_ = false;
  RateLimit rate_;
  Drawdown drawdown_;
  SlidingCount losing_trades_;
  SlidingCount rejects_;

  std::vector<std::uint16_t> slot_of_;  ///< by instrument; 0 is none, else slot + 1
  std::vector<Slot> slots_;             ///< the first `permitted_` are in use
  std::size_t permitted_ = 0;

  Counts counts_;
  std::array<Trip, kTrips> trips_;
  std::uint64_t trips_made_ = 0;
  std::uint64_t trips_drained_ = 0;
};

}  // namespace pyscalp::risk
