// An HTTP response as the journal keeps it: u64 request, i32 status, u32 size of what
// follows, "Name: value\n" of the headers that the session looks at; then the body.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "binance/order_answers.hpp"

namespace pyscalp::binance {

struct HttpRecord {
  static constexpr std::size_t kMaxHead = 2'048;
  static constexpr std::size_t kMaxHeaders = 32;
  static constexpr std::size_t kFixed = 16;

  std::uint64_t id = 0;
  std::int32_t status = 0;
  std::array<HttpHeader, kMaxHeaders> headers;
  std::size_t header_count = 0;
  Bytes body;

  /// What comes before the body. Headers that find no room are left out.
  static Bytes write(std::uint64_t id, int status, std::span<const HttpHeader> headers,
                     std::array<std::byte, kMaxHead>& out) {
    std::size_t size = kFixed;
    std::size_t count = 0;
    const auto put = [&](std::string_view text) {
      std::memcpy(out.data() + size, text.data(), text.size());
      size += text.size();
    };
    for (const HttpHeader& header : headers) {
      if (!looked_at(header.name) || count == kMaxHeaders) continue;
      if (size + header.name.size() + header.value.size() + 3 > kMaxHead) continue;
      put(header.name);
      put(": ");
      put(header.value);
      put("\n");
      ++count;
    }
    const auto status32 = static_cast<std::int32_t>(status);
    const auto text_size = static_cast<std::uint32_t>(size - kFixed);
    std::memcpy(out.data(), &id, sizeof id);
    std::memcpy(out.data() + 8, &status32, sizeof status32);
    std::memcpy(out.data() + 12, &text_size, sizeof text_size);
    return {out.data(), size};
  }

  /// False: no such record. Texts are views into `bytes`.
  static bool read(Bytes bytes, HttpRecord& out) {
    if (bytes.size() < kFixed) return false;
    std::uint32_t text_size = 0;
    std::memcpy(&out.id, bytes.data(), sizeof out.id);
    std::memcpy(&out.status, bytes.data() + 8, sizeof out.status);
    std::memcpy(&text_size, bytes.data() + 12, sizeof text_size);
    if (bytes.size() - kFixed < text_size) return false;
    std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kFixed,
                          text_size);
    out.header_count = 0;
    while (!text.empty()) {
      const std::size_t colon = text.find(": ");
      const std::size_t end = text.find('\n');
      if (colon == text.npos || end == text.npos || colon > end ||
          out.header_count == kMaxHeaders) {
        return false;
      }
      out.headers[out.header_count++] = {text.substr(0, colon),
                                         text.substr(colon + 2, end - colon - 2)};
      text.remove_prefix(end + 1);
    }
    out.body = bytes.subspan(kFixed + text_size);
    return true;
  }

 private:
  static bool looked_at(std::string_view name) {
    constexpr std::string_view kCounts = "x-mbx-";
    return begins(name, kCounts) || begins(name, "retry-after");
  }
  static bool begins(std::string_view text, std::string_view with) {
    return text.size() >= with.size() &&
           std::equal(with.begin(), with.end(), text.begin(), [](char a, char b) {
             return a == (b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b);
           });
  }
};

}  // namespace pyscalp::binance
