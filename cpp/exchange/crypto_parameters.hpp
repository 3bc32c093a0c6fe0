// Parameters of a request, from a query string, a form's body or a JSON object, and the
// text that its signature covers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pyscalp::exchange {

class Parameters {
 public:
  /// Adds those of "a=1&b=2", percent-decoded. False for a broken escape.
  bool add_query(std::string_view query);
  /// Adds those of a flat JSON object; arrays and objects inside stay JSON. False for
  /// what is no such object.
  bool add_json(std::string_view object);
  void add(std::string name, std::string value) {
    pairs_.emplace_back(std::move(name), std::move(value));
  }

  /// The first of that name; nothing where there is none or it is empty.
  std::optional<std::string_view> get(std::string_view name) const;
  bool has(std::string_view name) const { return get(name).has_value(); }
  /// A whole number; nothing also where it is none.
  std::optional<std::int64_t> integer(std::string_view name) const;
  bool is_true(std::string_view name) const;
  bool doubled() const;  ///< whether a name is there twice

  /// What the signature of the WebSocket API covers: all but the signature, sorted by
  /// name, not escaped.
  std::string sorted_payload() const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// What the signature of a REST request covers: query string and body as they were
/// sent, one behind the other, without the signature.
std::string rest_payload(std::string_view query, std::string_view body);

/// The elements of a JSON array of strings; nothing for what is none.
std::optional<std::vector<std::string>> json_strings(std::string_view array);

/// A JSON-RPC-like message: {"id":…,"method":…,"params":…}.
struct JsonCall {
  std::string id;      ///< as JSON: 5, "5" or null
  std::string method;  ///< unquoted
  std::string params;  ///< as JSON; empty where there are none
};
/// Nothing for what is no JSON object.
std::optional<JsonCall> json_call(std::string_view text);

}  // namespace pyscalp::exchange
