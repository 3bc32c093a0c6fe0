// Time between two moments, exact for any two of them.
#pragma once

#include "base/types.hpp"

namespace pyscalp::risk {

/// From `since` to `now` in ns; 128 bits, as kNoTick is 2^63 ns away. Negative when
/// `since` is later.
constexpr Int128 elapsed(MonoNanos since, MonoNanos now) {
  return static_cast<Int128>(now.value) - since.value;
}

}  // namespace pyscalp::risk
