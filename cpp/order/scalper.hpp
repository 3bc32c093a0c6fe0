// The tactic: turns a forecast into one order at a time, and every position back into
// cash within the holding limit.
//
// Entry: passive at the touch, or an IOC through it, whichever is expected to leave
// more after all costs (expectation.hpp), the passive way by its chance of being filled
// (queue_flow.hpp); an IOC may take several levels (sweep.hpp). Exit: a resting target;
// past `exit_after` passive at the touch; at the stop, at `hold_limit`, when a signal
// says that what the position stood on is gone, or when the session ends an IOC. At
// most one order works per instrument, so a cancel is always answered before the next
// order and a position can never be closed twice.
//
// Pure decision: no time but the view's, no state but when it last acted.
#pragma once

#include "base/fees.hpp"
#include "order/expectation.hpp"
#include "order/queue_flow.hpp"
#include "order/sweep.hpp"
#include "order/wish.hpp"

namespace pyscalp::order {

enum class Style : std::uint8_t { kChoose = 0, kMaker = 1, kTaker = 2 };

struct ScalperOptions {
  Qty order_qty = 10;
  Price tick{10'000'000};
  Price edge_min{};  ///< expected net per share below which nothing is entered
  ExpectationOptions expectation;
  Price network{};  ///< what it costs until taking fills have shown it, per share
  SweepOptions sweep;
  Price target{};          ///< profit per share asked for by the resting target
  Price stop{};            ///< loss per share of the mid at which the position is cut
  int slippage_ticks = 2;  ///< how far through the touch an IOC may go, …
  std::int64_t slip_e6 = 10'000;  ///< … and at most this much of the price, in 1e-6
  MonoNanos passive_wait = seconds(3);         ///< longest life of a passive entry
  MonoNanos reentry_wait = milliseconds(200);  ///< rest after a round trip
  MonoNanos retry_wait = milliseconds(10);     ///< between two IOC exits
  MonoNanos exit_after = seconds(20);          ///< then the exit follows the touch
  MonoNanos hold_limit = seconds(40);          ///< then the exit takes liquidity
  MonoNanos deadline = seconds(55);       ///< then it is sent whatever the feed says
  std::int64_t deadline_slip_e6 = 5'000;  ///< how far through the touch it may go then
  Style style = Style::kChoose;

  /// Times must follow each other and end under sixty seconds.
  bool valid() const;
};

/// The one order that works for an instrument; `user_ref` 0 is none.
struct WorkingView {
  std::uint32_t user_ref = 0;
  Side side = Side::kBuy;
  Price limit = kNoPrice;
  Intent intent = Intent::kEntry;
  bool resting = false;     ///< acknowledged and cancellable
  bool cancelling = false;  ///< a cancel is on its way
  MonoNanos sent_at{};
  Qty qty = 0;     ///< open
  Qty ahead = -1;  ///< displayed before it at its price; -1 where it is not known
};

struct ScalperView {
  signal::MarketView market;
  signal::Forecast forecast;
  Qty position = 0;
  Price entry_price = kNoPrice;  ///< average of what is held; kNoPrice when flat
  MonoNanos opened{};            ///< first fill of what is held
  MonoNanos closed = {-kNever.value / 2};  ///< when the last round trip ended
  WorkingView working;
  bool stopping = false;  ///< no entries, get flat
  /// A signal has said so since the position was opened, or the order that opens it was
  /// sent.
  bool leave = false;
  QueueFlow* flow = nullptr;  ///< of the instrument; null: nothing is known
  Price network{};            ///< see expectation.hpp
  Qty room = 0;               ///< what limits leave for an entry toward the forecast
};

struct Action {
  enum class Kind : std::uint8_t { kNone, kPlace, kCancel };
  Kind kind = Kind::kNone;
  Wish wish;                       ///< for kPlace
  std::uint32_t user_ref = 0;      ///< for kCancel
  Intent reason = Intent::kEntry;  ///< what it is for; of a cancel, what is to follow
};

class Scalper {
 public:
  Scalper(const ScalperOptions& options, const FeeSchedule& fees)
      : options_(options), fees_(fees) {}

  Action decide(const ScalperView& view) const;
  /// When `decide` wants to be asked again though nothing happens; kNever if flat and
  /// without an order.
  MonoNanos next_deadline(const ScalperView& view) const;
  /// The worst limit of an IOC on `side`; the touch's opposite side must have a price.
  Price through_touch(const book::Touch& touch, Side side) const;
  const ScalperOptions& options() const { return options_; }

 private:
  struct Exit {
    Intent intent;
    Price limit;
    bool takes;
  };
  Exit wanted_exit(const ScalperView& view) const;
  Action enter(const ScalperView& view) const;
  Expectation expectation(const ScalperView& view) const {
    return {options_.expectation, fees_, view.market.touch, view.forecast.expected_move,
            view.network};
  }
  /// Of a passive order that joins the touch now, behind all that is displayed.
  double chance_of_new(const ScalperView& view, Side side) const;
  /// Whether taking now is worth more than `made` with that chance.
  bool rather_takes(const Expectation& expectation, Price taken, double chance) const;
  Action leave(const ScalperView& view) const;
  bool entry_outlived(const ScalperView& view) const;

  ScalperOptions options_;
  FeeSchedule fees_;
};

}  // namespace pyscalp::order
