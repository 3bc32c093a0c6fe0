#include "signal/iceberg.hpp"

#include <algorithm>
#include <cassert>

#include "signal/rounding.hpp"

namespace pyscalp::signal {

bool Iceberg::valid(const Options& options) {
  return IcebergDetector::valid(options.detector) && options.min_reserve >= 0.0 &&
         options.min_reserve <= 1e9 && options.gain > 0.0 && options.gain <= 1000.0 &&
         options.leave_for >= MonoNanos{} && options.leave_for <= seconds(86'400);
}

Iceberg::Iceberg(const Options& options)
    : options_(options), detector_(options.detector) {
  assert(valid(options));
}

void Iceberg::on_order(const book::OrderEvent& event, UnixNanos venue_time) {
  latest_ = std::max(latest_, venue_time);
  for (const Sighting& sighting : detector_.on_order(event, venue_time)) {
    const bool gone = sighting.kind != Sighting::Kind::kRefilled || sighting.order.last;
    if (!gone || !sighting.believed_before) continue;
    leaving_[index(sighting.order.side)] = true;
    leaving_since_[index(sighting.order.side)] = latest_;
  }
}

Forecast Iceberg::on_book(const MarketView& view) {
  latest_ = std::max(latest_, view.venue_time);
  const book::Touch& touch = view.touch;
  const double behind_bid = reserve(Side::kBuy, touch);
  const double behind_ask = reserve(Side::kSell, touch);
  const bool wall[2] = {behind_bid > 0.0, behind_ask > 0.0};

  Forecast forecast;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    bool& leaving = leaving_[index(side)];
    if (wall[index(side)] ||
        latest_.value - leaving_since_[index(side)].value > options_.leave_for.value) {
      leaving = false;
    }
    if (leaving) forecast.leave = forecast.leave | sides_of(side);
    if (wall[index(side)]) forecast.veto = forecast.veto | sides_of(opposite(side));
  }
  if (forecast.leave != Sides::kNone || forecast.veto != Sides::kNone) {
    forecast.signal = kId;
  }
  if (!wall[0] && !wall[1]) return forecast;

  const double ours = static_cast<double>(touch.bid_qty) + behind_bid;
  const double theirs = static_cast<double>(touch.ask_qty) + behind_ask;
  const double half_spread = 0.5 * static_cast<double>(touch.spread().value);
  const Price move =
      rounded(options_.gain * half_spread * ((ours - theirs) / (ours + theirs)));
  if (wall[0] != wall[1] && (wall[0] ? move < Price{} : move > Price{}))
    return forecast;
  forecast.expected_move = move;
  return forecast;
}

void Iceberg::reset() {
  detector_.reset();
  latest_ = {};
  leaving_ = {};
}

double Iceberg::reserve(Side side, const book::Touch& touch) const {
  const HiddenOrder* const wall = detector_.wall(side);
  if (wall == nullptr || !touch.sound()) return 0.0;
  if (wall->price != touch.price(side) || wall->reserve < options_.min_reserve)
    return 0.0;
  return wall->reserve;
}

}  // namespace pyscalp::signal
