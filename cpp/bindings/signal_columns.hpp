// What the signals of one instrument said, event by event, as arrays for Python.
#pragma once

#include "bindings/bindings.hpp"
#include "bindings/signal_values.hpp"
#include "signal/signal_set.hpp"

namespace pyscalp::bindings {

class SignalColumns {
 public:
  /// Takes down what each signal said at the last event.
  void note(const signal::SignalSet& signals);
  /// One array a signal and what it says, under the signal's name; and what an enabled
  /// signal has measured, under its name and that of the value.
  void put_into(py::dict& out) const;

 private:
  using Column = std::vector<std::int64_t>;
  enum Measure { kTight, kPoc, kValueLow, kValueHigh, kLow, kHigh, kMeasures };

  void note_momentum(const signal::Momentum& momentum);

  std::array<Column, signal::kSignalIds> expected_move_, leave_, veto_;
  std::array<Column, kMeasures> momentum_;
  std::vector<double> relative_volume_;
  SignalValues values_;
};

inline py::array_t<std::int64_t> column(const std::vector<std::int64_t>& values) {
  return py::array_t<std::int64_t>(static_cast<py::ssize_t>(values.size()),
                                   values.data());
}

}  // namespace pyscalp::bindings
