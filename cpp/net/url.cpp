#include "net/url.hpp"

#include <algorithm>

#include "wire/http.hpp"

namespace pyscalp::net {

namespace {

std::uint16_t usual_port(bool secure) { return secure ? 443 : 80; }

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_';
}

}  // namespace

std::string Url::authority() const {
  return port == usual_port(secure) ? host : host + ':' + std::to_string(port);
}

Opened<Url> parse_url(std::string_view text) {
  const auto refused = [&](const char* why) {
    return Opened<Url>{std::nullopt,
                       "no URL that can be used: " + std::string(text) + "; " + why};
  };
  Url url;
  const std::size_t colon = text.find("://");
  if (colon == text.npos) return refused("it begins like wss://host/path");
  std::string scheme(text.substr(0, colon));
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  std::ranges::transform(scheme, scheme.begin(), lower);
  url.secure = scheme == "wss" || scheme == "https";
  url.websocket = scheme == "wss" || scheme == "ws";
  if (!url.secure && scheme != "ws" && scheme != "http")
    return refused("its scheme is none of wss, ws, https and http");

  std::string_view rest = text.substr(colon + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(authority.size());
  const std::size_t port_at = authority.rfind(':');
  url.host = authority.substr(0, port_at);
  std::ranges::transform(url.host, url.host.begin(), lower);
  if (url.host.empty() || !std::ranges::all_of(url.host, is_host_char))
    return refused("its host is neither a name nor an IPv4 address");
  url.port = usual_port(url.secure);
  if (port_at != authority.npos) {
    const auto port = wire::http::parse_number(authority.substr(port_at + 1));
    if (!port || *port == 0 || *port > UINT16_MAX)
      return refused("its port is no port");
    url.port = static_cast<std::uint16_t>(*port);
  }
  if (std::ranges::any_of(rest, [](char c) { return c <= ' ' || c > '~' || c == '#'; }))
    return refused(
        "what follows the host has blanks, a # or other characters that a "
        "URL writes as %20");
  if (!rest.starts_with('/')) url.target += '/';
  url.target += rest;
  return {std::move(url), {}};
}

}  // namespace pyscalp::net
