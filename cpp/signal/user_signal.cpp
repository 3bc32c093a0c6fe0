#include "signal/user_signal.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "signal/rounding.hpp"

namespace pyscalp::signal {

// The levels are shown where they lie.
static_assert(sizeof(book::LevelView) == sizeof(pyscalp_level) &&
              offsetof(book::LevelView, price) == offsetof(pyscalp_level, price) &&
              offsetof(book::LevelView, qty) == offsetof(pyscalp_level, qty) &&
              offsetof(book::LevelView, orders) == offsetof(pyscalp_level, orders));
static_assert(kNoPrice.value == PYSCALP_NO_PRICE && kNanosPerUnit == PYSCALP_UNIT);
static_assert(kMaxShownLevels == PYSCALP_LEVELS_MAX);
static_assert(static_cast<unsigned>(Sides::kLong) == PYSCALP_LONG &&
              static_cast<unsigned>(Sides::kShort) == PYSCALP_SHORT);

namespace {

constexpr std::size_t kStateAlignment = 64;

/// Whole blocks of the alignment, at least one.
std::size_t state_bytes(const pyscalp_signal& plugin) {
  return (plugin.state_size / kStateAlignment + 1) * kStateAlignment;
}

const pyscalp_level* levels_of(std::span<const book::LevelView> levels) {
  return reinterpret_cast<const pyscalp_level*>(levels.data());
}

Sides sides_of_bits(std::uint32_t bits) { return static_cast<Sides>(bits & 3u); }

}  // namespace

const char* UserSignal::fault(const Options& options) {
  if (options.plugin == nullptr) return "it has not been loaded";
  const pyscalp_signal& plugin = *options.plugin;
  if (plugin.abi != PYSCALP_SIGNAL_ABI)
    return "it is made for another version of pyscalp_signal.h";
  if (plugin.size < sizeof(pyscalp_signal)) return "its size is too small";
  if (plugin.name == nullptr) return "it has no name";
  if (plugin.on_book == nullptr) return "it has no on_book";
  if (plugin.levels < 1 || plugin.levels > PYSCALP_LEVELS_MAX)
    return "its levels must be from 1 to 32";
  if (plugin.state_size > PYSCALP_STATE_MAX) return "its state is above 1 GiB";
  if (plugin.parameter_count > PYSCALP_PARAMETERS_MAX)
    return "it has more than 64 parameters";
  if (plugin.parameter_count != 0 && plugin.parameters == nullptr)
    return "it counts parameters but has none";
  if (plugin.parameter_count != options.parameter_count)
    return "it is given another number of parameters than it has";
  for (std::size_t i = 0; i < options.parameter_count; ++i) {
    const pyscalp_parameter& parameter = plugin.parameters[i];
    const double value = options.parameters[i];
    if (!std::isfinite(value)) return "a parameter is not finite";
    const bool bounded = parameter.min != 0.0 || parameter.max != 0.0;
    if (bounded && !(value >= parameter.min && value <= parameter.max))
      return "a parameter is out of its range";
  }
  return nullptr;
}

UserSignal::UserSignal(const Options& options)
    : plugin_(options.plugin), parameters_(options.parameters) {
  if (plugin_ == nullptr) return;
  assert(valid(options));
  state_ = std::aligned_alloc(kStateAlignment, state_bytes(*plugin_));
  if (state_ == nullptr) {
    refusal_ = "there is not enough memory for its state";
    return;
  }
  create();
}

UserSignal::UserSignal(UserSignal&& other) noexcept
    : plugin_(std::exchange(other.plugin_, nullptr)),
      parameters_(other.parameters_),
      state_(std::exchange(other.state_, nullptr)),
      refusal_(other.refusal_),
      market_(other.market_),
      calls_(other.calls_),
      not_finite_(other.not_finite_) {}

UserSignal::~UserSignal() {
  if (at_work() && plugin_->destroy != nullptr) plugin_->destroy(state_);
  std::free(state_);
}

void UserSignal::create() {
  market_ = {};
  market_.size = sizeof(pyscalp_market);
  market_.last_price = PYSCALP_NO_PRICE;
  std::memset(state_, 0, state_bytes(*plugin_));
  if (plugin_->create != nullptr)
    refusal_ = plugin_->create(state_, parameters_.data());
}

void UserSignal::reset() {
  if (!at_work()) return;
  if (plugin_->reset != nullptr) {
    plugin_->reset(state_, parameters_.data());
    market_.trades = market_.buy_qty = market_.sell_qty = market_.hidden_qty = 0;
    market_.last_price = PYSCALP_NO_PRICE;
    return;
  }
  if (plugin_->destroy != nullptr) plugin_->destroy(state_);
  create();
}

void UserSignal::on_trade(const Trade& trade) {
  if (!at_work()) return;
  ++market_.trades;
  market_.last_price = trade.price.value;
  (trade.hidden                    ? market_.hidden_qty
   : trade.aggressor == Side::kBuy ? market_.buy_qty
                                   : market_.sell_qty) += trade.qty;
  if (plugin_->on_trade == nullptr) return;
  const pyscalp_trade shown{trade.price.value, trade.qty, trade.venue_time.value,
                            trade.hidden ? 0 : sign(trade.aggressor), 0};
  plugin_->on_trade(state_, parameters_.data(), &shown);
}

Forecast UserSignal::on_book(const MarketView& view) {
  if (!at_work()) return {};
  const book::Touch& touch = view.touch;
  const bool sound = touch.sound();
  const int levels = static_cast<int>(plugin_->levels);
  pyscalp_market& market = market_;
  market.instrument = index(view.instrument);
  market.now = view.now.value;
  market.venue_time = view.venue_time.value;
  market.bid = touch.bid.value;
  market.ask = touch.ask.value;
  market.bid_qty = touch.bid_qty;
  market.ask_qty = touch.ask_qty;
  market.mid = sound ? touch.mid().value : PYSCALP_NO_PRICE;
  market.microprice = sound ? touch.microprice().value : PYSCALP_NO_PRICE;
  market.imbalance = sound ? touch.imbalance() : 0.0;
  market.depth_imbalance = sound ? view.depth_imbalance(levels) : 0.0;
  market.bids = levels_of(view.bids);
  market.asks = levels_of(view.asks);
  const auto shown = [&](Side side) {
    return std::min(plugin_->levels,
                    static_cast<std::uint32_t>(view.levels(side).size()));
  };
  market.bid_count = shown(Side::kBuy);
  market.ask_count = shown(Side::kSell);
  market.sound = sound ? 1 : 0;

  pyscalp_forecast said{};
  plugin_->on_book(state_, parameters_.data(), &market, &said);
  ++calls_;
  market.trades = market.buy_qty = market.sell_qty = market.hidden_qty = 0;

  Forecast forecast;
  if (std::isfinite(said.expected_move)) {
    forecast.expected_move = rounded(said.expected_move);
  } else {
    ++not_finite_;
  }
  forecast.leave = sides_of_bits(said.leave);
  forecast.veto = sides_of_bits(said.veto);
  if (forecast.expected_move != Price{} || any(forecast.leave) || any(forecast.veto))
    forecast.signal = kId;
  return forecast;
}

}  // namespace pyscalp::signal
