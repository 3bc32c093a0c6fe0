// A user's own signal, behind the C interface of pyscalp/include/pyscalp_signal.h.
//
// The functions are the user's; what is here keeps their state, shows them the market
// and takes their forecast. The state is allocated at construction. A forecast that is
// not finite is no opinion and counted.
#pragma once

#include <pyscalp_signal.h>

#include <array>

#include "signal/market_view.hpp"

namespace pyscalp::signal {

struct UserSignalOptions {
  const pyscalp_signal* plugin = nullptr;  ///< outlives every signal made of it
  std::size_t parameter_count = 0;
  /// A value for each of the plugin's parameters, in its order.
  std::array<double, PYSCALP_PARAMETERS_MAX> parameters{};
};

/// Of one instrument. Thread-safety: none. Moves, as the state is the plugin's.
class UserSignal {
 public:
  using Options = UserSignalOptions;
  static constexpr SignalId kId = SignalId::kUser;

  /// What is wrong with them, as a clause for a person; null if nothing is.
  static const char* fault(const Options& options);
  static bool valid(const Options& options) { return fault(options) == nullptr; }

  /// `valid(options)`, or no plugin at all: then it never has an opinion.
  explicit UserSignal(const Options& options);
  UserSignal(UserSignal&& other) noexcept;
  UserSignal& operator=(UserSignal&&) = delete;
  ~UserSignal();

  void on_trade(const Trade& trade);
  Forecast on_book(const MarketView& view);
  void reset();

  /// Why the plugin would not start with its parameters, or null. Then there is no
  /// opinion.
  const char* refusal() const { return refusal_; }
  std::uint64_t calls() const { return calls_; }
  /// Of them, those whose expected move was not finite.
  std::uint64_t not_finite() const { return not_finite_; }

 private:
  void create();
  bool at_work() const { return plugin_ != nullptr && refusal_ == nullptr; }

  const pyscalp_signal* plugin_;
  std::array<double, PYSCALP_PARAMETERS_MAX> parameters_;
  void* state_ = nullptr;  ///< owned
  const char* refusal_ = nullptr;
  pyscalp_market market_{};
  std::uint64_t calls_ = 0;
  std::uint64_t not_finite_ = 0;
};

}  // namespace pyscalp::signal
