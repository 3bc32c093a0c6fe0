// Which characters stand where in HTTP; for the reader and the writer of wire/http.hpp.
#pragma once

#include <algorithm>
#include <string_view>

namespace pyscalp::wire::http::detail {

inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// RFC 9110, 5.6.2: letters, digits and these.
inline bool is_token_char(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') ||
         (c != '\0' &&
          std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}
/// substr, which would throw, for positions known to be inside.
inline std::string_view part(std::string_view text, std::size_t from,
                             std::size_t size = std::string_view::npos) {
  text.remove_prefix(std::min(from, text.size()));
  return {text.data(), std::min(size, text.size())};
}
inline bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}
/// RFC 9110, 5.5: what is visible, blanks and the upper half of the bytes.
inline bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= ' ' && byte != 0x7F);
}
inline bool is_value(std::string_view text) {
  return std::ranges::all_of(text, is_value_char);
}
inline bool is_target(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != 0x7F;
  });
}

}  // namespace pyscalp::wire::http::detail
