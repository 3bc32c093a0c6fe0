#include "signal/momentum.hpp"

#include <cassert>

#include "signal/rounding.hpp"

namespace pyscalp::signal {

bool Momentum::valid(const Options& options) {
  const auto between = [](auto value, auto low, auto high) {
    return value >= low && value <= high;
  };
  constexpr MonoNanos kNone{};
  constexpr MonoNanos kDay = seconds(86'400);
  return VolumeProfile::valid(options.bucket, options.window) &&
         between(options.min_trades, 1, VolumeProfile::kMaxTrades) &&
         between(options.value_share_e9, 1, VolumeProfile::kWhole) &&
         between(options.width_max_e9, 1, VolumeProfile::kWhole) &&
         between(options.consolidation, kNone, kDay) && options.surge > 0.0 &&
         options.surge <= 1e6 &&
         RelativeVolume::valid(options.surge_window, options.history,
                               options.day_curve) &&
         options.gain > 0.0 && options.gain <= 1000.0 &&
         between(options.hold, MonoNanos{1}, kDay) &&
         between(options.failure, kNone, kDay) &&
         between(options.confirm_imbalance, 0.0, 1.0);
}

Momentum::Momentum(const Options& options)
    : options_(options),
      profile_(options.bucket, options.window),
      relative_volume_(options.surge_window, options.history, options.day_curve) {
  assert(valid(options));
}

void Momentum::on_trade(const Trade& trade) {
  if (!VolumeProfile::counts(trade.price, trade.qty)) return;
  advance(trade.venue_time);
  const std::int64_t bucket = profile_.bucket(trade.price);
  relative_volume_.add(latest_, trade.qty);
  if (direction_ != 0) {
    if (inside(bucket) && latest_.value - broken_at_.value <= options_.failure.value) {
      leave_ = leave_ | sides_of(direction_ > 0 ? Side::kBuy : Side::kSell);
      end_break();
    }
  } else if (consolidated() && (bucket > profile_.high() || bucket < profile_.low()) &&
             relative_volume_.reaches(options_.surge)) {
    start_break(bucket > profile_.high() ? 1 : -1);
  }
  profile_.add(latest_, bucket, trade.qty);
  stale_ = true;
}

Forecast Momentum::on_book(const MarketView& view) {
  advance(view.venue_time);
  Forecast forecast;
  forecast.leave = leave_;
  leave_ = Sides::kNone;
  const book::Touch& touch = view.touch;
  if (direction_ != 0 && !confirmed_) {
    confirmed_ =
        touch.sound() && direction_ * touch.imbalance() >= options_.confirm_imbalance;
    if (!confirmed_) end_break();
  }
  if (direction_ != 0) {
    forecast.veto = sides_of(direction_ > 0 ? Side::kSell : Side::kBuy);
    if (touch.sound()) forecast.expected_move = move_;
  }
  if (any(forecast.leave) || any(forecast.veto)) forecast.signal = kId;
  return forecast;
}

void Momentum::reset() {
  profile_.clear();
  relative_volume_.clear();
  latest_ = {};
  end_break();
  leave_ = Sides::kNone;
}

// Brings everything to `now`, before what has just happened is added.
void Momentum::advance(UnixNanos now) {
  latest_ = std::max(latest_, now);
  stale_ = profile_.advance(latest_) || stale_;
  if (direction_ != 0 && latest_.value - broken_at_.value >= options_.hold.value)
    end_break();
  if (direction_ == 0 && stale_) assess();
}

void Momentum::assess() {
  stale_ = false;
  const bool before = tight_;
  tight_ = profile_.trades() >= options_.min_trades;
  if (tight_) {
    area_ = profile_.value_area(options_.value_share_e9);
    tight_ = static_cast<Int128>(area_.buckets()) * VolumeProfile::kWhole <=
             static_cast<Int128>(area_.poc) * options_.width_max_e9;
  }
  if (tight_ && !before) tight_since_ = latest_;
}

void Momentum::start_break(int direction) {
  direction_ = direction;
  tight_ = false;
  confirmed_ = options_.confirm_imbalance == 0.0;
  broken_at_ = latest_;
  broken_ = area_;
  const std::int64_t buckets = profile_.high() - profile_.low() + 1;
  const double height = static_cast<double>(buckets * options_.bucket.value);
  move_ = rounded(direction * options_.gain * height);
}

void Momentum::end_break() {
  direction_ = 0;
  tight_ = false;
  stale_ = true;
}

}  // namespace pyscalp::signal
