#include "wire/utf8.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pyscalp::wire {
namespace {

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string encode(std::uint32_t point) {
  std::string text;
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6), put(0x80 | (point & 63));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12), put(0x80 | (point >> 6 & 63)), put(0x80 | (point & 63));
  } else {
    put(0xF0 | point >> 18), put(0x80 | (point >> 12 & 63));
    put(0x80 | (point >> 6 & 63)), put(0x80 | (point & 63));
  }
  return text;
}

bool valid(const std::string& text) {
  Utf8Validator validator;
  return validator.feed(bytes_of(text)) && validator.complete();
}

TEST(Utf8, EveryCodePointAndNoSurrogate) {
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    ASSERT_EQ(valid(encode(point)), !surrogate) << point;
  }
  EXPECT_FALSE(valid(encode(0x110000)));
  EXPECT_FALSE(valid(encode(0x1FFFFF)));
}

// The lengths of all sequences of two bytes, and of a third behind every valid lead,
// counted by RFC 3629's grammar.
TEST(Utf8, EverySequenceOfTwoBytes) {
  int count = 0;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b)
      count += valid({static_cast<char>(a), static_cast<char>(b)}) ? 1 : 0;
  }
  EXPECT_EQ(count, 128 * 128 + 30 * 64);
}

TEST(Utf8, OverlongFormsAndLoneBytesAreRefusedAtOnce) {
  const std::vector<std::pair<std::string, std::size_t>> broken = {
      {"\xC0\xAF", 1},
      {"\xC1\xBF", 1},
      {"\xE0\x9F\xBF", 2},
      {"\xF0\x8F\xBF\xBF", 2},
      {"\xF4\x90\x80\x80", 2},
      {"\xED\xA0\x80", 2},
      {"\x80", 1},
      {"\xFE", 1},
      {"\xFF", 1},
      {"\xF5\x80\x80\x80", 1},
      {"\xE2\x82\x41", 3},
  };
  for (const auto& [text, wrong_at] : broken) {
    Utf8Validator validator;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool sound = validator.feed(bytes_of(text).subspan(i, 1));
      EXPECT_EQ(sound, i + 1 < wrong_at) << text << " at " << i;
    }
    EXPECT_FALSE(validator.feed({})) << "it stays refused";
    EXPECT_FALSE(validator.complete());
    validator.reset();
    EXPECT_TRUE(validator.feed(bytes_of("a")));
  }
}

TEST(Utf8, CutAnywhereItIsTheSameText) {
  std::string text;
  for (int i = 0; i < 9; ++i)
    text += std::string(i * 7, 'a') + "\xCE\xBA\xE2\x82\xAC\xF0\x9F\x98\x80";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Utf8Validator validator;
    ASSERT_TRUE(validator.feed(bytes_of(text).first(cut)));
    const bool within =
        cut < text.size() && (static_cast<std::uint8_t>(text[cut]) & 0xC0) == 0x80;
    EXPECT_EQ(validator.complete(), !within) << cut;
    ASSERT_TRUE(validator.feed(bytes_of(text).subspan(cut)));
    EXPECT_TRUE(validator.complete());
  }
}

TEST(Utf8, AWrongByteIsFoundAtEveryPlace) {
  for (std::size_t size = 1; size < 100; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      text[at] = '\xFF';
      ASSERT_FALSE(valid(text)) << size << ' ' << at;
    }
  }
}

}  // namespace
}  // namespace pyscalp::wire
