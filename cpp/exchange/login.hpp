// Names and passwords of a SoupBinTCP login, and how its text fields are compared.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace pyscalp::exchange {

struct Login {
  std::string username;  ///< 1 to 6 characters; case does not matter
  std::string password;  ///< up to 10 characters; case does not matter
};

constexpr char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

/// Equal but for case.
inline bool same_text(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return upper(x) == upper(y); });
}

inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

/// A session's name as a server writes it; at most 10 characters.
inline Text<10> left_padded(std::string_view text) {
  Text<10> padded;
  for (std::size_t i = 0; i < text.size(); ++i)
    padded.chars[10 - text.size() + i] = text[i];
  return padded;
}

}  // namespace pyscalp::exchange
