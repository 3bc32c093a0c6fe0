#include "signal/combination.hpp"

#include <cstdlib>

#include "signal/rounding.hpp"

namespace pyscalp::signal {

namespace {

constexpr std::int64_t size(Price move) {
  return move.value < 0 ? -move.value : move.value;
}

Price weighed(Price move, double weight) {
  return weight == 1.0 ? move : rounded(weight * static_cast<double>(move.value));
}

}  // namespace

Forecast Combination::combine(const Forecasts& said, UnixNanos venue_time) {
  const TimeWindow& now = schedule_.at(venue_time);
  Forecast combined;
  std::array<Price, kSignalIds> moves{};
  bool opinions = false;
  for (std::size_t i = 1; i < kSignalIds; ++i) {
    combined.leave = combined.leave | said[i].leave;
    if (now.weights[i] == 0.0) continue;
    combined.veto = combined.veto | said[i].veto;
    if (said[i].expected_move == Price{}) continue;
    moves[i] = weighed(said[i].expected_move, now.weights[i]);
    opinions = true;
  }
  if (!now.entries) combined.veto = Sides::kBoth;
  if (!opinions || combined.veto == Sides::kBoth) return combined;

  std::array<bool, kSignalIds> dropped{};
  for (std::size_t i = 1; i < kSignalIds; ++i) {
    if (moves[i] == Price{} || over_[i] == 0) continue;
    for (std::size_t j = 1; j < kSignalIds; ++j) {
      const bool against = (moves[i] > Price{}) != (moves[j] > Price{});
      if ((over_[i] >> j & 1) != 0 && against) dropped[j] = true;
    }
  }

  Int128 sum = 0;
  for (std::size_t i = 1; i < kSignalIds; ++i) {
    if (moves[i] == Price{} || dropped[i]) continue;
    const auto signal = static_cast<SignalId>(i);
    if (rule_ == CombinationRule::kSum) {
      sum += moves[i].value;
      combined.signal =
          combined.signal == SignalId::kNone ? signal : SignalId::kCombined;
    } else if (size(moves[i]) > size(combined.expected_move)) {
      combined.expected_move = moves[i];
      combined.signal = signal;
    }
  }
  if (rule_ == CombinationRule::kSum) combined.expected_move = rounded_quotient(sum, 1);

  const Price move = combined.expected_move;
  const Side side = move > Price{} ? Side::kBuy : Side::kSell;
  if (move == Price{} || any(combined.veto & sides_of(side))) {
    combined.expected_move = {};
    combined.signal = SignalId::kNone;
  }
  return combined;
}

}  // namespace pyscalp::signal
