// The name an order has at the venue: "p<run>-<user reference>", such as "pk3x9a2-41".
//
// The run is chosen once for a run and never again, so no name is used twice, and what
// an earlier run left behind is known by its name. The venue takes A-Z a-z 0-9 and
// . : / _ - , up to 36 characters.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pyscalp::binance {

/// Up to 12 characters of a-z 0-9.
class RunName {
 public:
  static constexpr std::size_t kMax = 12;

  constexpr RunName() = default;
  explicit constexpr RunName(std::string_view text) {
    if (!fit(text)) return;
    for (const char c : text) chars_[size_++] = c;
  }
  /// False for a text that was empty, too long, or of other characters.
  constexpr bool valid() const { return size_ != 0; }
  constexpr std::string_view text() const { return {chars_.data(), size_}; }

  static constexpr bool fit(std::string_view text) {
    if (text.empty() || text.size() > kMax) return false;
    for (const char c : text) {
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) return false;
    }
    return true;
  }

 private:
  std::array<char, kMax> chars_{};
  std::size_t size_ = 0;
};

struct ClientId {
  static constexpr std::size_t kMax = 1 + RunName::kMax + 1 + 10;

  std::array<char, kMax> chars{};
  std::size_t size = 0;

  ClientId(const RunName& run, std::uint32_t user_ref) {
    chars[size++] = 'p';
    for (const char c : run.text()) chars[size++] = c;
    chars[size++] = '-';
    size = static_cast<std::size_t>(
        std::to_chars(chars.data() + size, chars.data() + kMax, user_ref).ptr -
        chars.data());
  }
  std::string_view text() const { return {chars.data(), size}; }
};

/// Whose order a client id names.
enum class Owner : std::uint8_t {
  kForeign = 0,     ///< not made by us
  kEarlierRun = 1,  ///< of our form, of another run
  kThisRun = 2,
};

struct ClientIdParts {
  Owner owner = Owner::kForeign;
  std::uint32_t user_ref = 0;  ///< 0 where foreign
};

/// Takes a client id apart; what is not exactly of our form is foreign.
inline ClientIdParts read_client_id(std::string_view text, const RunName& run) {
  if (text.size() < 4 || text.front() != 'p') return {};
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash + 1 == text.size()) return {};
  const std::string_view named(text.data() + 1, dash - 1);
  const std::string_view number(text.data() + dash + 1, text.size() - dash - 1);
  std::uint32_t user_ref = 0;
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), user_ref);
  if (!RunName::fit(named) || error != std::errc{} ||
      end != number.data() + number.size() || user_ref == 0 || number.front() == '0') {
    return {};
  }
  return {named == run.text() ? Owner::kThisRun : Owner::kEarlierRun, user_ref};
}

}  // namespace pyscalp::binance
