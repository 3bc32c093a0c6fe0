// What an artificial market is made of, in numbers. The defaults are fitted to one day
// of AMZN on Nasdaq (2012-06-21); `pyscalp fit` prints the two side by side.
//
// Distances are prices, durations MonoNanos, probabilities in [0, 1]. Rates are given
// as the mean wait between events at activity 1.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/types.hpp"

namespace pyscalp::exchange {

/// So many cents as a price.
constexpr Price cents(std::int64_t n) { return {n * 10'000'000}; }
/// So many hundredths of a cent as a price.
constexpr Price cent_hundredths(std::int64_t n) { return {n * 100'000}; }

/// The value that liquidity providers quote around, and how it moves.
struct ValueParameters {
  /// The value moves once a step.
  MonoNanos step = milliseconds(100);
  /// Standard deviation of the undirected moves in one second.
  Price volatility = cent_hundredths(90);
  /// Activity scales all rates and the volatility. It walks up and down these
  /// multipliers and gives the returns their fat tails and the day its quiet
  /// and busy minutes.
  std::array<double, 7> activity{0.42, 0.57, 0.76, 1.0, 1.32, 1.75, 2.30};
  /// Mean time that activity keeps a multiplier.
  MonoNanos activity_holds = seconds(60);
};

/// Bursts of informed flow: the value drifts to a new place while some know, buy or
/// sell ahead of it, and providers lean away from them.
struct BurstParameters {
  MonoNanos wait = seconds(40);
  /// Mean size of the whole move at activity 1, evenly spread from 0 to twice that.
  Price move = cent_hundredths(520);
  /// Time in which the book leans before the value starts to drift.
  MonoNanos lead = milliseconds(1500);
  /// Shortest time the drift takes; the longest is four times as long.
  MonoNanos drift = milliseconds(1200);
  /// Mean number of orders.
  double orders = 3;
  /// How far the book leans, 0 to 1: 1 sends all new orders to one side.
  double lean = 0.9;
  /// While it leans, in every step of the value and with this probability each, an
  /// order of the thin side fades and a larger one joins the thick side.
  double fade = 0.15;
};

/// Mean-reverting pressure: somebody must buy or sell, pushes the price, and it comes
/// back.
struct PressureParameters {
  MonoNanos wait = seconds(100);
  /// Mean number of orders, and how far each moves the price.
  double orders = 8;
  Price push = cent_hundredths(140);
  /// Longest wait between two of them, unless one follows at once.
  MonoNanos pace = milliseconds(2500);
  /// Time in which the displacement falls to 1/e.
  MonoNanos decay = seconds(20);
};

/// Noise traders: they come in no direction and split what they have to do.
struct NoiseParameters {
  MonoNanos wait = milliseconds(12500);
  /// Probability that one more order follows: hurried parents, and patient ones.
  double hurried_next = 0.46;
  double patient_next = 0.81;
  double patient_share = 0.17;
  /// How far one order moves the value for good, for some of them know something.
  Price impact = cent_hundredths(130);
  /// They, and those under pressure, begin once the spread is within this and an
  /// exponential of that mean, but wait no longer than so long.
  Price spread = cents(4);
  Price spread_more = cent_hundredths(250);
  MonoNanos patience = seconds(20);
  /// They go this many ticks beyond the touch at most.
  int through_ticks = 1;
};

/// Liquidity providers: quotes around the value, fleeting, patient and deep.
struct ProviderParameters {
  int providers = 12;
  /// Mean wait between new orders that nothing provoked.
  MonoNanos wait = milliseconds(2300);
  /// Distance from the value: at least this, …
  Price edge = cent_hundredths(550);
  /// … plus an exponential of this mean, …
  Price edge_spread = cent_hundredths(630);
  /// … both larger in busy times: times 1 + caution x (activity - 1), …
  double caution = 0.95;
  /// … about a value seen with this error.
  Price error = cent_hundredths(130);
  /// Closer to the value than this an order is stale, and is withdrawn.
  Price stale_edge = cent_hundredths(200);
  /// Share of new orders that join the touch where its edge allows.
  double join = 0.08;
  /// Orders far from the touch: mean wait between them, from how far to how far they
  /// are placed, and their mean life. deep_life / deep_wait of them make the depth.
  MonoNanos deep_wait = seconds(5);
  Price deep_from = cents(20);
  Price deep_edge = cents(150);
  MonoNanos deep_life = seconds(300);
  /// Lives of the others: fleeting ones log-uniform from `fleeting_first` over
  /// `fleeting_octaves`, the rest exponential with one of three means.
  double fleeting = 0.05;
  std::int64_t fleeting_first_ns = 200'000;
  int fleeting_octaves = 11;
  std::array<MonoNanos, 3> life{seconds(5), seconds(35), seconds(300)};
  std::array<std::uint32_t, 3> life_weights{39, 34, 27};
  /// A withdrawn order is followed by another one with this probability.
  double requote = 0.5;
  /// A life ends in a cut to half the size, rather than in a cancel, so often.
  double cut = 0.07;
  /// Mean number of orders with which the others answer a trade.
  double answers = 1;
  /// When the value has moved this far, a wave of repricing runs through the book, …
  Price wave_move = cent_hundredths(460);
  /// … of so many cancelled and renewed orders in the mean, …
  double wave_orders = 29;
  /// … among so many of the best of a side; …
  int wave_reach = 38;
  /// … but this share of them cancels nothing and flickers only.
  double wave_flicker = 0.25;
  /// Gaps beyond this distance of the touch from the value are filled sooner.
  Price wide_edge = cents(13);
  double fill_gap = 0.06;
};

/// Orders that show nothing, or little.
struct DarkParameters {
  MonoNanos hidden_wait = milliseconds(4600);
  Price hidden_edge = cent_hundredths(100);
  Price hidden_edge_spread = cents(2);
  MonoNanos hidden_life = seconds(25);
  MonoNanos iceberg_wait = seconds(50);
  MonoNanos iceberg_life = seconds(40);
  Qty iceberg_display = 100;
  Qty iceberg_slices = 15;  ///< at most; at least three
};

/// One stock of the artificial market.
struct StockParameters {
  std::string symbol = "AMZN";
  Price opening{223'900'000'000};
  Price tick{10'000'000};
  /// Sizes are so many times those of shares.
  Qty lot = 1;
  ValueParameters value;
  BurstParameters burst;
  PressureParameters pressure;
  NoiseParameters noise;
  ProviderParameters provider;
  DarkParameters dark;
};

/// The whole artificial market: its day and its stocks.
struct AgentParameters {
  UnixNanos open{34'200'000'000'000};   ///< 09:30, since the venue's midnight
  UnixNanos close{57'600'000'000'000};  ///< 16:00
  std::vector<StockParameters> stocks{StockParameters{}};
};

}  // namespace pyscalp::exchange
