// Bytes for decoders: written in hexadecimal, or numbered so that every offset shows.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace pyscalp::wire {

using Buffer = std::vector<std::byte>;

/// Bytes from pairs of hexadecimal digits; blanks are skipped, 'text' stands for its
/// characters.
inline Buffer hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Buffer bytes;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ') {
      ++i;
    } else if (text[i] == '\'') {
      for (++i; text[i] != '\''; ++i) bytes.push_back(static_cast<std::byte>(text[i]));
      ++i;
    } else {
      bytes.push_back(static_cast<std::byte>(digit(text[i]) * 16 + digit(text[i + 1])));
      i += 2;
    }
  }
  return bytes;
}

/// A message of `type` whose byte at offset i is 0x80 + i, and what such fields hold.
class Numbered {
 public:
  Numbered(char type, std::size_t size) : bytes_(size) {
    for (std::size_t i = 0; i < size; ++i) bytes_[i] = at(i);
    bytes_[0] = static_cast<std::byte>(type);
  }
  void set(std::size_t offset, char value) {
    bytes_[offset] = static_cast<std::byte>(value);
  }
  const Buffer& bytes() const { return bytes_; }

  template <class T>
  void expect(const T& field, std::size_t offset, std::size_t width = sizeof(T)) {
    std::uint64_t wanted = 0;
    for (std::size_t i = 0; i < width; ++i) {
      wanted = wanted << 8 | std::to_integer<std::uint64_t>(bytes_[offset + i]);
    }
    std::uint64_t mask =
        width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << width * 8) - 1;
    EXPECT_EQ(static_cast<std::uint64_t>(field) & mask, wanted)
        << "offset " << offset << " of " << static_cast<char>(bytes_[0]);
    covered_ += width;
  }
  template <std::size_t N>
  void expect(const Text<N>& field, std::size_t offset) {
    const std::string wanted(reinterpret_cast<const char*>(bytes_.data()) + offset, N);
    EXPECT_EQ(std::string(field.chars.data(), N), wanted)
        << "offset " << offset << " of " << static_cast<char>(bytes_[0]);
    covered_ += N;
  }
  /// How many bytes the fields looked at are made of.
  std::size_t covered() const { return covered_; }

 private:
  static std::byte at(std::size_t i) { return static_cast<std::byte>(0x80 + i); }

  Buffer bytes_;
  std::size_t covered_ = 0;
};

}  // namespace pyscalp::wire
