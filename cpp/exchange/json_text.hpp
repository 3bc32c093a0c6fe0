// JSON as it is written: no spaces, keys in the order they are given.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace pyscalp::exchange {

/// Appends to a text. Commas are put where they belong; that brackets and keys are
/// balanced is the caller's business.
class JsonText {
 public:
  JsonText& open(char bracket) {
    comma();
    out_ += bracket;
    return *this;
  }
  JsonText& close(char bracket) {
    out_ += bracket;
    return *this;
  }
  JsonText& key(std::string_view name) {
    text(name);
    out_ += ':';
    return *this;
  }
  /// A value that is JSON already: a number, true, null, an object.
  JsonText& raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
  }
  JsonText& text(std::string_view value) {
    comma();
    out_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') out_ += '\\';
      out_ += c >= ' ' || c < 0 ? c : '?';
    }
    out_ += '"';
    return *this;
  }
  JsonText& number(std::integral auto value) {
    comma();
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, static_cast<std::size_t>(end - digits));
    return *this;
  }

  // A key and its value.
  JsonText& field(std::string_view name, std::string_view value) {
    return key(name).text(value);
  }
  JsonText& field(std::string_view name, const char* value) {
    return key(name).text(value);
  }
  JsonText& field(std::string_view name, bool value) {
    return key(name).raw(value ? "true" : "false");
  }
  template <std::integral T>
  JsonText& field(std::string_view name, T value) {
    return key(name).number(value);
  }
  JsonText& raw_field(std::string_view name, std::string_view json) {
    return key(name).raw(json);
  }

  const std::string& str() const& { return out_; }
  std::string str() && { return std::move(out_); }

 private:
  void comma() {
    if (out_.empty()) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_ += ',';
  }

  std::string out_;
};

}  // namespace pyscalp::exchange
