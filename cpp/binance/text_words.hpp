// Text eight bytes at a time: digits to numbers, literals compared, without a loop over
// characters. Nothing is read outside [begin, end).
//
// Eight digits become a number by three multiplications: pairs, fours, eight (Lemire,
// "Quickly parsing eight digits", 2018).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace pyscalp::binance {

inline std::uint64_t load_word(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// The first `count` bytes of a word, 0 to 8; the others are zero.
constexpr std::uint64_t first_bytes(std::uint64_t word, std::size_t count) {
  return count >= 8 ? word : word & ((std::uint64_t{1} << 8 * count) - 1);
}

/// Each byte of a text less '0': a digit is 0 to 9.
constexpr std::uint64_t less_zeros(std::uint64_t word) {
  return word ^ 0x3030303030303030;
}

/// How many bytes are digits, from the first on, after less_zeros: 0 to 8.
constexpr int digit_count(std::uint64_t digits) {
  const std::uint64_t others =
      ((digits + 0x7676767676767676) | digits) & 0x8080808080808080;
  return std::countr_zero(others) >> 3;
}

/// The number that eight digits spell, after less_zeros.
constexpr std::uint64_t eight_digits(std::uint64_t digits) {
  digits = digits * 10 + (digits >> 8);
  constexpr std::uint64_t kMask = 0x000000FF000000FF;
  return ((digits & kMask) * 0x000F424000000064 +
          ((digits >> 16) & kMask) * 0x0000271000000001) >>
         32;
}

/// The number that the first `count` digits spell, 1 to 8 of them.
constexpr std::uint64_t first_digits(std::uint64_t digits, int count) {
  return eight_digits(digits << (64 - 8 * count));
}

/// The first kSize bytes are the same.
template <std::size_t kSize>
[[gnu::always_inline]] inline bool same_text(const char* a, const char* b) {
  if constexpr (kSize >= 8) {
    std::uint64_t differ = load_word(a + kSize - 8) ^ load_word(b + kSize - 8);
    for (std::size_t i = 0; i + 8 < kSize; i += 8)
      differ |= load_word(a + i) ^ load_word(b + i);
    return differ == 0;
  } else {
    return std::memcmp(a, b, kSize) == 0;
  }
}

/// `count`, as a constant where it is what it mostly is: the processor then goes on at
/// the place behind it by prediction, and need not wait until the digits are counted.
[[gnu::always_inline]] inline int foreseen(int count, int mostly) {
  if (count == mostly) [[likely]] {
    // Hides from the compiler that both ways give the same number.
    asm volatile("" : "+r"(mostly));
    return mostly;
  }
  return count;
}

/// Where quotes stand in the 16 * `kBlocks` bytes from `at` on, at most four blocks: a
/// bit a byte.
template <int kBlocks>
[[gnu::always_inline]] inline std::uint64_t quotes(const char* at) {
  std::uint64_t mask = 0;
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  for (int i = 0; i < kBlocks; ++i) {
    const __m128i bytes =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * i));
    const int found = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, quote));
    mask |= static_cast<std::uint64_t>(found) << 16 * i;
  }
#else
  for (int i = 0; i < 16 * kBlocks; ++i)
    mask |= static_cast<std::uint64_t>(at[i] == '"') << i;
#endif
  return mask;
}

/// Walks over a text of at least eight bytes. What does not fit makes the function
/// return false and leaves the place undefined.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text)
      : at_(text.data()), end_(text.data() + text.size()) {}

  const char* at() const { return at_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool done() const { return at_ == end_; }
  void skip(std::ptrdiff_t count) { at_ += count; }
  void move_to(const char* at) { at_ = at; }

  /// The next eight bytes; zeros past the end.
  std::uint64_t word() const { return word_at(at_); }
  std::uint64_t word_at(const char* at) const {
    const auto rest = end_ - at;
    if (rest >= 8) [[likely]]
      return load_word(at);
    if (rest <= 0) return 0;
    return load_word(end_ - 8) >> (64 - 8 * rest);
  }
  /// `word_at`, to be handed on.
  auto loader() const {
    return [this](const char* at) { return word_at(at); };
  }
  /// The next byte, 0 at the end.
  char peek() const { return at_ < end_ ? *at_ : '\0'; }
  bool take(char wanted) {
    if (at_ >= end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }

  /// The text `wanted` comes next.
  template <std::size_t N>
  [[gnu::always_inline]] bool take(const char (&wanted)[N]) {
    constexpr std::size_t kSize = N - 1;
    if (left() < kSize || !same_text<kSize>(at_, wanted)) return false;
    at_ += kSize;
    return true;
  }

  /// An unsigned JSON number of at most 16 digits; soonest of 13, as times in ms have
  /// until the year 2286, and update ids of futures.
  [[gnu::always_inline]] bool integer(std::uint64_t& value) {
    if (left() >= 14) [[likely]] {
      const std::uint64_t high = less_zeros(load_word(at_));
      const std::uint64_t low = less_zeros(load_word(at_ + 5)) >> 24 << 24;
      const bool digits = (((high + kSix) | high | (low + kSix) | low) & kTops) == 0;
      if (digits && *at_ != '0' && static_cast<unsigned char>(at_[13] - '0') > 9)
          [[likely]] {
        value = eight_digits(high) * 100'000 + eight_digits(low);
        at_ += 13;
        return true;
      }
    }
    return integer_of_any_length(value);
  }
  [[gnu::noinline]] bool integer_of_any_length(std::uint64_t& value) {
    const std::uint64_t high = less_zeros(word());
    const int count = digit_count(high);
    if (count < 8) [[unlikely]] {
      if (count == 0 || (count > 1 && *at_ == '0')) return false;
      value = first_digits(high, count);
      at_ += count;
      return true;
    }
    if (*at_ == '0') return false;
    const std::uint64_t low = less_zeros(word_at(at_ + 8));
    const int more = digit_count(low);
    value = eight_digits(high);
    if (more != 0) value = value * kPowers[more] + first_digits(low, more);
    at_ += 8 + more;
    return more < 8 || digit_count(less_zeros(word())) == 0;
  }

  /// What stands before the next quote, which is taken too: plain printable ASCII.
  /// Mostly so long.
  bool string(std::string_view& text, int mostly = 0) {
    const char* const begin = at_;
    if (mostly < 16 && left() >= 16) [[likely]] {
      const int size = plain_before_quote(at_);
      if (size < 0) return false;
      if (size < 16) {
        at_ += foreseen(size, mostly);
        text = {begin, static_cast<std::size_t>(at_ - begin)};
        ++at_;
        return true;
      }
    }
    while (left() >= 16) {
      const int size = plain_before_quote(at_);
      if (size < 0) return false;
      at_ += size;
      if (size == 16) continue;
      text = {begin, static_cast<std::size_t>(at_ - begin)};
      ++at_;
      return true;
    }
    for (; at_ < end_; ++at_) {
      if (*at_ == '"') {
        text = {begin, static_cast<std::size_t>(at_ - begin)};
        ++at_;
        return true;
      }
      if (*at_ < ' ' || *at_ == '\\') return false;
    }
    return false;
  }

 private:
  static constexpr std::uint64_t kSix = 0x7676767676767676;
  static constexpr std::uint64_t kTops = 0x8080808080808080;
  static constexpr std::uint64_t kPowers[9] = {
      1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};

  /// Of sixteen bytes, how many come before a quote; negative where one of them is
  /// neither printable ASCII nor free of a backslash.
  static int plain_before_quote(const char* at) {
#if defined(__SSE2__)
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const int quotes = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
    // Bytes from 128 on are negative, and so below a blank as well.
    const int others =
        _mm_movemask_epi8(_mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')),
                                       _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
    const int size = std::countr_zero(static_cast<unsigned>(quotes | 0x10000));
    return (others & ((1 << size) - 1)) == 0 ? size : -1;
#else
    for (int i = 0; i < 16; ++i) {
      if (at[i] == '"') return i;
      const auto byte = static_cast<unsigned char>(at[i]);
      if (byte < ' ' || byte >= 128 || byte == '\\') return -1;
    }
    return 16;
#endif
  }

  const char* at_;
  const char* end_;
};

}  // namespace pyscalp::binance
