#include "capture/decimal.hpp"

#include <gtest/gtest.h>

namespace pyscalp::capture {
namespace {

std::int64_t nine(std::string_view text) {
  std::int64_t value = -1;
  EXPECT_EQ(parse_decimal(text, 9, value), DecimalStatus::kOk) << text;
  return value;
}

DecimalStatus status(std::string_view text, int scale) {
  std::int64_t value = 77;
  const DecimalStatus found = parse_decimal(text, scale, value);
  EXPECT_EQ(value == 77, found != DecimalStatus::kOk) << text;
  return found;
}

TEST(Decimal, exact) {
  EXPECT_EQ(nine("0"), 0);
  EXPECT_EQ(nine("1"), 1'000'000'000);
  EXPECT_EQ(nine("61837.63000000"), 61'837'630'000'000);
  EXPECT_EQ(nine("0.000000001"), 1);
  EXPECT_EQ(nine("-0.5"), -500'000'000);
  EXPECT_EQ(nine(".5"), 500'000'000);
  EXPECT_EQ(nine("5."), 5'000'000'000);
  EXPECT_EQ(nine("1.0000000000000000000000000000"), 1'000'000'000);
  EXPECT_EQ(nine("9223372036.854775807"), INT64_MAX);
  EXPECT_EQ(nine("000000000000000000000000001"), 1'000'000'000);
}

TEST(Decimal, refused) {
  for (const char* text :
       {"", "-", ".", "1e5", "nan", "1.2.3", " 1", "1 ", "+1", "0x1"}) {
    EXPECT_EQ(status(text, 9), DecimalStatus::kNotANumber) << text;
  }
  EXPECT_EQ(status("9223372036.854775808", 9), DecimalStatus::kTooLarge);
  EXPECT_EQ(status("99999999999999999999", 0), DecimalStatus::kTooLarge);
  EXPECT_EQ(status("1.0000000001", 9), DecimalStatus::kTooFine);
  EXPECT_EQ(status("0.001", 2), DecimalStatus::kTooFine);
  EXPECT_EQ(status("0.010", 2), DecimalStatus::kOk);
}

TEST(Decimal, rounded) {
  const auto rounded = [](std::string_view text) {
    std::int64_t value = -1;
    EXPECT_EQ(parse_decimal(text, 9, value, Finer::kRounded), DecimalStatus::kOk);
    return value;
  };
  EXPECT_EQ(rounded("43002.632812672004"), 43'002'632'812'672);
  EXPECT_EQ(rounded("0.0000000014999"), 1);
  EXPECT_EQ(rounded("0.0000000015"), 2);
  EXPECT_EQ(rounded("-0.0000000015"), -2);
  std::int64_t value = 0;
  EXPECT_EQ(parse_decimal("9223372036.8547758075", 9, value, Finer::kRounded),
            DecimalStatus::kTooLarge);
}

}  // namespace
}  // namespace pyscalp::capture
