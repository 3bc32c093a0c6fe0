// Lines of a recorded crypto market for the micro-benchmarks, as the venue sent them.
//
// A capture of PYSCALP_DATA is unpacked by gzip at the first call. A piece of it can be
// told again and again: `advance` moves its update ids and trade ids on, in the text,
// so that a feed takes each lap as news. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace pyscalp::bench {

class CryptoLines {
 public:
  /// Messages of `name` in the folder binance of PYSCALP_DATA, in order. Where they
  /// cannot be had `missing()` says what is needed.
  explicit CryptoLines(const char* name);

  const std::string& missing() const { return missing_; }
  /// The JSON of each line, with 64 readable bytes behind it.
  const std::vector<std::string_view>& all() const { return lines_; }

 private:
  std::string text_;
  std::string missing_;
  std::vector<std::string_view> lines_;
};

/// A piece of one stream, with text of its own.
class CryptoPiece {
 public:
  /// Up to `count` lines of `lines` from `from` on whose stream has `stream` in its
  /// name.
  CryptoPiece(const std::vector<std::string_view>& lines, std::size_t from,
              std::string_view stream, std::size_t count);

  const std::vector<std::string_view>& lines() const { return lines_; }
  /// Every id of the piece is so much higher from here on that its first message
  /// follows on its last.
  void advance();

 private:
  void add(std::string_view key, std::uint64_t step);
  std::uint64_t number(std::size_t line, std::string_view key) const;

  std::string text_;
  std::vector<std::string_view> lines_;
};

inline Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace pyscalp::bench
