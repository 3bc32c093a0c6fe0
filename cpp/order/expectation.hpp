// What an entry is expected to leave, per share, in each of the ways it can be made.
//
// With m the expected move of the mid, s half the spread, f the fees of one share:
//
//   taken at p   = m - |p - mid| - f_taker - network - exit
//   made         = m + s·(1 - adverse) - f_maker - exit          if it is filled
//   exit         = c·(f_maker - s) + (1 - c)·(f_taker + s)
//
// `exit` is what leaving costs on average, with c the share of positions that leave
// passively; `adverse` the share of the half spread that a passive fill gives back,
// since it is filled rather when the price goes through it; `network` the drift of the
// mid between decision and arrival, as measured on the taking fills so far. A rebate is
// a negative fee.
#pragma once

#include "base/fees.hpp"
#include "book/touch.hpp"

namespace pyscalp::order {

struct ExpectationOptions {
  double passive_exit = 0.5;  ///< c, 0 to 1
  double adverse = 0.5;       ///< 0 to 1

  bool valid() const {
    return passive_exit >= 0 && passive_exit <= 1 && adverse >= 0 && adverse <= 1;
  }
};

/// Of entries now, for one touch that is sound and one expected move.
class Expectation {
 public:
  Expectation(const ExpectationOptions& options, const FeeSchedule& fees,
              const book::Touch& touch, Price expected_move, Price network)
      : mid_(touch.mid()), network_(network.value) {
    const auto half_spread = static_cast<double>(touch.spread().value) / 2;
    taker_fee_ = fees.fee(Liquidity::kTaker, mid_, 1).value;
    const std::int64_t maker_fee = fees.fee(Liquidity::kMaker, mid_, 1).value;
    const double exit =
        options.passive_exit * (static_cast<double>(maker_fee) - half_spread) +
        (1 - options.passive_exit) * (static_cast<double>(taker_fee_) + half_spread);
    after_exit_ =
        (expected_move.value < 0 ? -expected_move.value : expected_move.value) -
        static_cast<std::int64_t>(exit);
    made_ = after_exit_ - maker_fee +
            static_cast<std::int64_t>(half_spread * (1 - options.adverse));
  }

  /// Of one share taken at that price.
  Price taken(Price at) const {
    const std::int64_t away = at.value - mid_.value;
    return {after_exit_ - (away < 0 ? -away : away) - taker_fee_ - network_};
  }
  /// Of one share of a passive order at the touch, once it is filled.
  Price made() const { return {made_}; }

 private:
  Price mid_;
  std::int64_t network_;
  std::int64_t taker_fee_;
  std::int64_t after_exit_;
  std::int64_t made_;
};

}  // namespace pyscalp::order
