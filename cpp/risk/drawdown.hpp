// Control: the day's loss against assets under management, both fixed in meaning at
// session open: the loss counts from there, not from the day's best moment.
#pragma once

#include <limits>

#include "base/types.hpp"
#include "risk/limits.hpp"

namespace pyscalp::risk {

class Drawdown {
 public:
  explicit Drawdown(const Limits& limits) {
    // Rounded up: the smallest loss that is at or beyond the share.
    const Int128 share = static_cast<Int128>(limits.aum.value) * limits.drawdown_e6;
    limit_ = {static_cast<std::int64_t>((share + 999'999) / 1'000'000)};
  }

  /// `equity`: realised + unrealised - fees since session open.
  void mark(Money equity) { equity_ = equity; }
  bool reached() const { return equity_ <= -limit_; }
  Money loss() const;
  /// The loss that trips.
  Money limit() const { return limit_; }

 private:
  Money equity_;
  Money limit_;
};

/// Saturates at the largest amount: the negative of the smallest does not exist.
inline Money Drawdown::loss() const {
  constexpr Money kLowest{std::numeric_limits<std::int64_t>::min()};
  return equity_ == kLowest ? Money{std::numeric_limits<std::int64_t>::max()}
                            : -equity_;
}

}  // namespace pyscalp::risk
