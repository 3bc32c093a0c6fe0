#include "bindings/signal_columns.hpp"

namespace pyscalp::bindings {

void SignalColumns::note(const signal::SignalSet& signals) {
  for (std::size_t i = 1; i < signal::kSignalIds; ++i) {
    const auto& said = signals.forecast(static_cast<signal::SignalId>(i));
    expected_move_[i].push_back(said.expected_move.value);
    leave_[i].push_back(static_cast<std::int64_t>(said.leave));
    veto_[i].push_back(static_cast<std::int64_t>(said.veto));
  }
  if (const auto* momentum = signals.get<signal::Momentum>()) note_momentum(*momentum);
  values_.note(signals);
}

void SignalColumns::note_momentum(const signal::Momentum& momentum) {
  std::array<std::int64_t, kMeasures> now;
  now.fill(kNoPrice.value);
  now[kTight] = momentum.tight() ? 1 : 0;
  const signal::VolumeProfile& profile = momentum.profile();
  if (profile.trades() > 0) {
    const auto area = profile.value_area(momentum.options().value_share_e9);
    now[kPoc] = profile.lower_edge(area.poc).value;
    now[kValueLow] = profile.lower_edge(area.low).value;
    now[kValueHigh] = profile.lower_edge(area.high).value;
    now[kLow] = profile.lower_edge(profile.low()).value;
    now[kHigh] = profile.lower_edge(profile.high()).value;
  }
  for (std::size_t i = 0; i < kMeasures; ++i) momentum_[i].push_back(now[i]);
  relative_volume_.push_back(momentum.relative_volume().factor());
}

void SignalColumns::put_into(py::dict& out) const {
  for (std::size_t i = 1; i < signal::kSignalIds; ++i) {
    const std::string name = signal::name(static_cast<signal::SignalId>(i));
    out[py::str(name)] = column(expected_move_[i]);
    out[py::str(name + "_leave")] = column(leave_[i]);
    out[py::str(name + "_veto")] = column(veto_[i]);
  }
  values_.put_into(out);
  if (relative_volume_.empty()) return;
  constexpr const char* kNames[kMeasures] = {"tight",      "poc", "value_low",
                                             "value_high", "low", "high"};
  for (std::size_t i = 0; i < kMeasures; ++i)
    out[py::str(std::string("momentum_") + kNames[i])] = column(momentum_[i]);
  out["momentum_relative_volume"] = py::array_t<double>(
      static_cast<py::ssize_t>(relative_volume_.size()), relative_volume_.data());
}

}  // namespace pyscalp::bindings
