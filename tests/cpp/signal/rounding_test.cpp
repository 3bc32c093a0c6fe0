#include "signal/rounding.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace pyscalp::signal {
namespace {

TEST(Rounding, QuotientsGoToTheNearestAndHalvesAwayFromZero) {
  EXPECT_EQ(rounded_quotient(7, 2), Price{4});
  EXPECT_EQ(rounded_quotient(-7, 2), Price{-4});
  EXPECT_EQ(rounded_quotient(1, 3), Price{0});
  EXPECT_EQ(rounded_quotient(2, 3), Price{1});
  EXPECT_EQ(rounded_quotient(-2, 3), Price{-1});
  EXPECT_EQ(rounded_quotient(0, 5), Price{0});
  EXPECT_EQ(rounded_quotient(6, 1), Price{6});
}

TEST(Rounding, QuotientsSaturate) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(rounded_quotient(static_cast<Int128>(kMax) * 4, 2), Price{kMax});
  EXPECT_EQ(rounded_quotient(static_cast<Int128>(kMax) * -4, 2), Price{-kMax});
}

TEST(Rounding, DoublesGoToTheNearestAndSaturate) {
  EXPECT_EQ(rounded(2.5), Price{3});
  EXPECT_EQ(rounded(-2.5), Price{-3});
  EXPECT_EQ(rounded(2.4), Price{2});
  EXPECT_EQ(rounded(1e300), Price{std::int64_t{1} << 62});
  EXPECT_EQ(rounded(-std::numeric_limits<double>::infinity()),
            Price{-(std::int64_t{1} << 62)});
  EXPECT_EQ(rounded(std::numeric_limits<double>::quiet_NaN()), Price{0});
}

}  // namespace
}  // namespace pyscalp::signal
