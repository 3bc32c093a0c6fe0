#include "exchange/crypto_parameters.hpp"

#include <algorithm>
#include <charconv>

#include "capture/json_scan.hpp"

namespace pyscalp::exchange {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool unescape(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return true;
}

/// Calls `visit(piece)` for each piece of "a=1&b=2".
template <class Visit>
void for_each_piece(std::string_view query, Visit&& visit) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    visit(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
}

void append_unsigned(std::string& out, std::string_view query) {
  std::string joined;
  for_each_piece(query, [&](std::string_view piece) {
    if (piece.starts_with("signature=")) return;
    if (!joined.empty()) joined += '&';
    joined += piece;
  });
  out += joined;
}

}  // namespace

bool Parameters::add_query(std::string_view query) {
  bool sound = true;
  for_each_piece(query, [&](std::string_view piece) {
    const std::size_t equals = std::min(piece.find('='), piece.size());
    std::string name;
    std::string value;
    sound = sound && unescape(piece.substr(0, equals), name);
    if (equals < piece.size()) {
      sound = sound && unescape(piece.substr(equals + 1), value);
    }
    add(std::move(name), std::move(value));
  });
  return sound;
}

bool Parameters::add_json(std::string_view object) {
  capture::JsonScanner json(object);
  json.expect('{');
  if (json.take('}')) return json.good() && json.at_end();
  do {
    const std::string_view name = json.value();
    json.expect(':');
    const std::string_view value = json.value();
    if (!json.good()) return false;
    add(std::string(name), std::string(value));
  } while (json.take(','));
  json.expect('}');
  return json.good() && json.at_end();
}

std::optional<std::string_view> Parameters::get(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name && !value.empty()) return value;
  }
  return std::nullopt;
}

std::optional<std::int64_t> Parameters::integer(std::string_view name) const {
  const std::optional<std::string_view> text = get(name);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return value;
}

bool Parameters::is_true(std::string_view name) const {
  const std::optional<std::string_view> text = get(name);
  return text && (*text == "true" || *text == "TRUE");
}

bool Parameters::doubled() const {
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (pairs_[i].first == pairs_[j].first) return true;
    }
  }
  return false;
}

std::string Parameters::sorted_payload() const {
  std::vector<std::pair<std::string, std::string>> sorted = pairs_;
  std::sort(sorted.begin(), sorted.end());
  std::string payload;
  for (const auto& [name, value] : sorted) {
    if (name == "signature") continue;
    if (!payload.empty()) payload += '&';
    payload.append(name).append("=").append(value);
  }
  return payload;
}

std::string rest_payload(std::string_view query, std::string_view body) {
  std::string payload;
  append_unsigned(payload, query);
  append_unsigned(payload, body);
  return payload;
}

std::optional<std::vector<std::string>> json_strings(std::string_view array) {
  capture::JsonScanner json(array);
  std::vector<std::string> strings;
  json.expect('[');
  if (!json.take(']')) {
    do {
      if (!json.next_is('"')) return std::nullopt;
      strings.emplace_back(json.value());
    } while (json.good() && json.take(','));
    json.expect(']');
  }
  if (!json.good() || !json.at_end()) return std::nullopt;
  return strings;
}

std::optional<JsonCall> json_call(std::string_view text) {
  capture::JsonScanner json(text);
  JsonCall call;
  call.id = "null";
  json.expect('{');
  if (json.take('}')) return std::nullopt;
  do {
    const std::string_view name = json.value();
    json.expect(':');
    const bool quoted = json.next_is('"');
    const std::string_view value = json.value();
    if (!json.good()) return std::nullopt;
    if (name == "id") {
      call.id = value;
      if (quoted) call.id.insert(0, 1, '"').push_back('"');
    } else if (name == "method" && quoted) {
      call.method = value;
    } else if (name == "params") {
      call.params = value;
    }
  } while (json.take(','));
  json.expect('}');
  if (!json.good() || !json.at_end()) return std::nullopt;
  return call;
}

}  // namespace pyscalp::exchange
