// UTF-8 as it arrives: valid so far, or not, at the first byte that says so.
//
// Source: RFC 3629, section 4 (no surrogates, nothing above U+10FFFF, shortest form).
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace pyscalp::wire {

/// One text, pushed in pieces cut anywhere. One thread.
class Utf8Validator {
 public:
  /// False as soon as no text can go on like this; then it stays false until reset.
  bool feed(Bytes bytes) {
    const std::byte* at = bytes.data();
    const std::byte* const end = at + bytes.size();
    while (at != end) {
      if (left_ == 0) {
        // Text of a venue is ASCII nearly always.
        while (end - at >= 32 && all_ascii(at)) at += 32;
        while (at != end && std::to_integer<std::uint8_t>(*at) < 0x80) ++at;
        if (at == end) return true;
      }
      if (!step(std::to_integer<std::uint8_t>(*at++))) return false;
    }
    return left_ != kBroken;
  }
  /// Whether the text may end here: no character is half there.
  bool complete() const { return left_ == 0; }
  void reset() { left_ = 0; }

 private:
  static constexpr std::uint8_t kBroken = 0xFF;

  static bool all_ascii(const std::byte* at) {
    const std::uint64_t bits =
        (load_le<std::uint64_t>(at) | load_le<std::uint64_t>(at + 8)) |
        (load_le<std::uint64_t>(at + 16) | load_le<std::uint64_t>(at + 24));
    return (bits & 0x8080'8080'8080'8080) == 0;
  }

  bool expect(std::uint8_t left, std::uint8_t low = 0x80, std::uint8_t high = 0xBF) {
    left_ = left;
    low_ = low;
    high_ = high;
    return true;
  }
  bool step(std::uint8_t byte) {
    if (left_ == kBroken) return false;
    if (left_ != 0) {
      if (byte >= low_ && byte <= high_)
        return expect(static_cast<std::uint8_t>(left_ - 1));
    } else {
      if (byte < 0x80) return true;
      if (byte >= 0xC2 && byte <= 0xDF) return expect(1);
      if (byte == 0xE0) return expect(2, 0xA0);
      if (byte == 0xED) return expect(2, 0x80, 0x9F);
      if (byte >= 0xE1 && byte <= 0xEF) return expect(2);
      if (byte == 0xF0) return expect(3, 0x90);
      if (byte >= 0xF1 && byte <= 0xF3) return expect(3);
      if (byte == 0xF4) return expect(3, 0x80, 0x8F);
    }
    left_ = kBroken;
    return false;
  }

  std::uint8_t left_ = 0;  ///< bytes that the character still lacks
  std::uint8_t low_ = 0;   ///< what the next one may be
  std::uint8_t high_ = 0;
};

}  // namespace pyscalp::wire
