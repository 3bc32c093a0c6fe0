// What the signals of one instrument have worked out, event by event, as arrays for
// Python.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/bindings.hpp"
#include "signal/signal_set.hpp"

namespace pyscalp::bindings {

class SignalValues {
 public:
  /// Takes down what every enabled signal holds after an event.
  void note(const signal::SignalSet& signals) {
    if (const auto* mean = signals.get<signal::MeanReversion>()) {
      put("mean_reversion_vwap", mean->session().vwap());
      put("mean_reversion_vwap_sigma", mean->session().sigma());
      put("mean_reversion_rolling_vwap", mean->rolling().vwap());
      put("mean_reversion_rolling_sigma", mean->rolling().sigma());
      put("mean_reversion_bollinger_mean", mean->closes().mean());
      put("mean_reversion_bollinger_sigma", mean->closes().sigma());
      put("mean_reversion_efficiency_ratio", mean->closes().efficiency_ratio());
      put("mean_reversion_variance_ratio", mean->variance_ratio());
    }
    if (const auto* book = signals.get<signal::BookImbalance>())
      put("book_imbalance_measured", book->imbalance());
  }

  void put_into(py::dict& out) const {
    for (const auto& [name, values] : columns_) {
      out[py::str(std::string(name))] =
          py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
    }
  }

 private:
  void put(std::string_view name, double value) { columns_[name].push_back(value); }

  std::map<std::string_view, std::vector<double>> columns_;
};

}  // namespace pyscalp::bindings
