// A scanner over JSON text that gives raw values as views: nothing is copied, escapes
// in strings are stepped over but not resolved. Nesting is counted, not recursed into.
#pragma once

#include <cstring>
#include <string_view>

namespace pyscalp::capture {

class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text)
      : at_(text.data()), end_(text.data() + text.size()) {}

  bool good() const { return good_; }
  /// True where nothing but white space is left.
  bool at_end() {
    space();
    return at_ == end_;
  }
  /// Steps over `c` where it comes next.
  bool take(char c) {
    space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) good_ = false;
  }
  /// The next value: a string without its quotes, an object or array with its
  /// brackets, or the letters of a number or name.
  std::string_view value() {
    space();
    if (at_ == end_) return bad();
    if (*at_ == '"') return string();
    if (*at_ == '{' || *at_ == '[') return nested();
    const char* const begin = at_;
    while (at_ != end_ && std::strchr(",]} \t\r\n", *at_) == nullptr) ++at_;
    return at_ == begin ? bad() : view(begin);
  }
  bool next_is(char c) {
    space();
    return at_ != end_ && *at_ == c;
  }

 private:
  void space() {
    while (at_ != end_ &&
           (*at_ == ' ' || *at_ == '\t' || *at_ == '\r' || *at_ == '\n')) {
      ++at_;
    }
  }
  std::string_view bad() {
    good_ = false;
    at_ = end_;
    return {};
  }
  std::string_view view(const char* begin) const {
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }
  std::string_view string() {
    const char* const begin = ++at_;
    while (at_ != end_ && *at_ != '"') {
      if (*at_ == '\\' && at_ + 1 != end_) ++at_;
      ++at_;
    }
    if (at_ == end_) return bad();
    const std::string_view text = view(begin);
    ++at_;
    return text;
  }
  std::string_view nested() {
    const char* const begin = at_;
    std::size_t depth = 0;
    while (at_ != end_) {
      const char c = *at_;
      if (c == '"') {
        string();
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return view(begin);
    }
    return bad();
  }

  const char* at_;
  const char* end_;
  bool good_ = true;
};

}  // namespace pyscalp::capture
