// Reading and writing wire fields with bounds checked once per message.
//
// A message lists its fields once, in `template <class Io> void map(Io& io)`; a Reader
// fills the fields from bytes, a Writer puts them back. So decoding and encoding cannot
// drift apart.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace pyscalp {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

static_assert(std::endian::native == std::endian::little);

template <std::unsigned_integral T>
constexpr T swap_bytes(T value) {
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

template <std::unsigned_integral T>
T load_be(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return swap_bytes(value);
}

template <std::unsigned_integral T>
void store_be(std::byte* at, T value) {
  value = swap_bytes(value);
  std::memcpy(at, &value, sizeof value);
}

template <std::unsigned_integral T>
T load_le(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <std::unsigned_integral T>
void store_le(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

/// Fixed-width text as it stands on the wire, space-padded.
template <std::size_t N>
struct Text {
  std::array<char, N> chars = [] {
    std::array<char, N> spaces{};
    spaces.fill(' ');
    return spaces;
  }();

  Text() = default;
  explicit constexpr Text(std::string_view text) {
    chars.fill(' ');
    for (std::size_t i = 0; i < N && i < text.size(); ++i) chars[i] = text[i];
  }
  /// The text without the spaces on either end.
  constexpr std::string_view trimmed() const {
    std::string_view view(chars.data(), N);
    while (!view.empty() && view.back() == ' ') view.remove_suffix(1);
    while (!view.empty() && view.front() == ' ') view.remove_prefix(1);
    return view;
  }
  friend constexpr bool operator==(const Text&, const Text&) = default;
};

/// Reader over bytes whose length the caller has checked.
template <std::endian kOrder>
class BasicReader {
 public:
  explicit BasicReader(const std::byte* at) : at_(at) {}

  template <std::integral T>
  void operator()(T& value) {
    value = static_cast<T>(load<std::make_unsigned_t<T>>(at_));
    at_ += sizeof(T);
  }
  void operator()(char& value) { value = static_cast<char>(*at_++); }
  template <std::size_t N>
  void operator()(Text<N>& text) {
    std::memcpy(text.chars.data(), at_, N);
    at_ += N;
  }
  /// Six bytes, as ITCH writes its nanoseconds since midnight.
  void u48(std::uint64_t& value) requires(kOrder == std::endian::big) {
    value = (static_cast<std::uint64_t>(load<std::uint16_t>(at_)) << 32) |
            load<std::uint32_t>(at_ + 2);
    at_ += 6;
  }

 private:
  template <std::unsigned_integral T>
  static T load(const std::byte* at) {
    if constexpr (kOrder == std::endian::big) return load_be<T>(at);
    if constexpr (kOrder == std::endian::little) return load_le<T>(at);
  }

  const std::byte* at_;
};

/// Writer; the twin of BasicReader.
template <std::endian kOrder>
class BasicWriter {
 public:
  explicit BasicWriter(std::byte* at) : at_(at) {}

  template <std::integral T>
  void operator()(const T& value) {
    store(at_, static_cast<std::make_unsigned_t<T>>(value));
    at_ += sizeof(T);
  }
  void operator()(const char& value) { *at_++ = static_cast<std::byte>(value); }
  template <std::size_t N>
  void operator()(const Text<N>& text) {
    std::memcpy(at_, text.chars.data(), N);
    at_ += N;
  }
  void u48(const std::uint64_t& value) requires(kOrder == std::endian::big) {
    store(at_, static_cast<std::uint16_t>(value >> 32));
    store(at_ + 2, static_cast<std::uint32_t>(value));
    at_ += 6;
  }

 private:
  template <std::unsigned_integral T>
  static void store(std::byte* at, T value) {
    if constexpr (kOrder == std::endian::big) store_be<T>(at, value);
    if constexpr (kOrder == std::endian::little) store_le<T>(at, value);
  }

  std::byte* at_;
};

/// Big-endian, as most protocols are.
using Reader = BasicReader<std::endian::big>;
using Writer = BasicWriter<std::endian::big>;
using LittleReader = BasicReader<std::endian::little>;
using LittleWriter = BasicWriter<std::endian::little>;

}  // namespace pyscalp
