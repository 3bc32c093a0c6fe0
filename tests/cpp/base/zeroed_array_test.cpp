#include "base/zeroed_array.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

namespace pyscalp {
namespace {

/// Pages of the array that are in memory.
std::size_t resident(const ZeroedArray<std::uint64_t>& array) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t bytes = array.size() * sizeof(std::uint64_t);
  std::vector<unsigned char> in((bytes + page - 1) / page);
  if (::mincore(const_cast<std::uint64_t*>(array.data()), bytes, in.data()) != 0)
    return 0;
  std::size_t count = 0;
  for (const unsigned char one : in) count += one & 1;
  return count;
}

constexpr std::size_t kSize = 1 << 20;
constexpr std::size_t kPages = kSize * sizeof(std::uint64_t) / 4096;

TEST(ZeroedArray, TakesMemoryWhereItIsTouched) {
  ZeroedArray<std::uint64_t> array(kSize);
  EXPECT_EQ(resident(array), 0u);
  array[0] = 7;
  EXPECT_EQ(resident(array), 1u);
  array.clear();
  EXPECT_EQ(array[0], 0u);
}

TEST(ZeroedArray, PrefaultedItIsAllThereAndStaysWhenCleared) {
  for (const PageUse use : {PageUse::kSmall, PageUse::kHuge}) {
    ZeroedArray<std::uint64_t> array(kSize, use);
    array[3] = 9;
    array.prefault();
    EXPECT_EQ(resident(array), kPages);
    EXPECT_EQ(array[3], 9u);
    array[kSize - 1] = 1;
    array.clear();
    EXPECT_EQ(array[3] + array[kSize - 1], 0u);
    EXPECT_EQ(resident(array), kPages);
    ZeroedArray<std::uint64_t> other(1);
    other = std::move(array);
    other[5] = 1;
    other.clear();
    EXPECT_EQ(other[5], 0u);
    EXPECT_EQ(resident(other), kPages);
  }
}

}  // namespace
}  // namespace pyscalp
