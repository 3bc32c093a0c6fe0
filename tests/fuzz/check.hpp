// What the fuzz targets share: a check that is never compiled away.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/bytes.hpp"

#define FUZZ_CHECK(condition)                                              \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                        \
    }                                                                      \
  } while (false)

namespace pyscalp::fuzz {

/// A copy that ends where its heap block ends, so that a read past it is caught.
inline std::vector<std::byte> exact_copy(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> copy(size);
  if (size != 0) std::memcpy(copy.data(), data, size);
  return copy;
}

inline bool same(Bytes a, Bytes b) { return std::ranges::equal(a, b); }

}  // namespace pyscalp::fuzz
