// All signals of one instrument, held by value, asked in turn and put together.
//
// To add a signal: write its class to the concept below, give it a SignalId in
// market_view.hpp, include its header and add its type to the one line `using
// SignalSet`. Its options, construction, calls and accessors follow from that.
#pragma once

#include <array>
#include <concepts>
#include <tuple>

#include "book/order_event.hpp"
#include "signal/book_imbalance.hpp"
#include "signal/combination.hpp"
#include "signal/iceberg.hpp"
#include "signal/market_view.hpp"
#include "signal/mean_reversion.hpp"
#include "signal/momentum.hpp"
#include "signal/user_signal.hpp"

namespace pyscalp::signal {

/// What a signal must have; on_trade and on_order besides, if it cares for them.
template <class S>
concept Signal = requires(S signal, const typename S::Options& options,
                          const MarketView& view) {
  { S::valid(options) } -> std::same_as<bool>;
  { S::kId } -> std::convertible_to<SignalId>;
  S(options);
  { signal.on_book(view) } -> std::same_as<Forecast>;
  signal.reset();
};

/// One signal's part of a set's options. Options that are not enabled are not looked
/// at.
template <Signal S>
struct SignalChoice {
  bool enabled = false;
  typename S::Options options{};
};

/// Thread-safety: none. Nothing allocated; no virtual calls. The set is fixed when
/// compiled, which of its signals are at work by the options at construction.
template <Signal... Signals>
class SignalSetOf {
 public:
  class Options {
   public:
    template <class S>
    SignalChoice<S>& of() {
      return std::get<SignalChoice<S>>(choices_);
    }
    template <class S>
    const SignalChoice<S>& of() const {
      return std::get<SignalChoice<S>>(choices_);
    }

    CombinationOptions combination;

   private:
    std::tuple<SignalChoice<Signals>...> choices_;
  };

  /// Whether the options of every enabled signal, and of their combination, are valid.
  static bool valid(const Options& options) {
    return Combination::valid(options.combination) &&
           ((!options.template of<Signals>().enabled ||
             Signals::valid(options.template of<Signals>().options)) &&
            ...);
  }

  /// `valid(options)` is the caller's duty.
  explicit SignalSetOf(const Options& options)
      : slots_(Slot<Signals>(options.template of<Signals>())...),
        combination_(options.combination) {}

  void on_trade(const Trade& trade) {
    for_each([&](auto& signal) {
      if constexpr (requires { signal.on_trade(trade); }) signal.on_trade(trade);
    });
  }
  void on_order(const book::OrderEvent& event, UnixNanos venue_time) {
    for_each([&](auto& signal) {
      if constexpr (requires { signal.on_order(event, venue_time); })
        signal.on_order(event, venue_time);
    });
  }

  /// The combined forecast, see combination.hpp. Every signal sees every event,
  /// whatever comes of what it says.
  Forecast on_book(const MarketView& view) {
    for_each([&](auto& signal) {
      using S = std::remove_reference_t<decltype(signal)>;
      forecasts_[static_cast<std::size_t>(S::kId)] = signal.on_book(view);
    });
    return combination_.combine(forecasts_, view.venue_time);
  }
  /// What a signal said at the last event; no opinion where it is not enabled.
  const Forecast& forecast(SignalId signal) const {
    return forecasts_[static_cast<std::size_t>(signal)];
  }

  /// Starts a new session in every signal.
  void reset() {
    for_each([](auto& signal) { signal.reset(); });
    forecasts_ = {};
  }

  /// The signal of type S, or null where it is not enabled.
  template <class S>
  const S* get() const {
    const auto& slot = std::get<Slot<S>>(slots_);
    return slot.enabled ? &slot.signal : nullptr;
  }

 private:
  template <class S>
  struct Slot {
    explicit Slot(const SignalChoice<S>& choice)
        : enabled(choice.enabled),
          signal(choice.enabled ? choice.options : typename S::Options{}) {}
    bool enabled;
    S signal;
  };

  template <class Call>
  void for_each(Call&& call) {
    std::apply(
        [&](auto&... slot) { ((slot.enabled ? call(slot.signal) : void()), ...); },
        slots_);
  }

  std::tuple<Slot<Signals>...> slots_;
  Forecasts forecasts_{};
  Combination combination_;
};

using SignalSet =
    SignalSetOf<MeanReversion, BookImbalance, Momentum, Iceberg, UserSignal>;

}  // namespace pyscalp::signal
