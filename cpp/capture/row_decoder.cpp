#include "capture/row_decoder.hpp"

#include <algorithm>
#include <cstring>

namespace pyscalp::capture {

namespace {

/// How much of a line that is no row is shown.
constexpr std::size_t kShown = 60;

}  // namespace

std::size_t RowDecoder::decode(Bytes bytes, Events& out) {
  if (!named_ && !symbol_.empty()) name(1, symbol_);
  named_ = true;
  std::size_t at = 0;
  while (!failed()) {
    const auto* begin = reinterpret_cast<const char*>(bytes.data()) + at;
    const std::size_t left = bytes.size() - at;
    const void* stop = left == 0 ? nullptr : std::memchr(begin, '\n', left);
    const std::size_t size =
        stop == nullptr
            ? left
            : static_cast<std::size_t>(static_cast<const char*>(stop) - begin);
    if (size > format_.max_line) {
      fail(std::string("is no ") + format_.file + ": a line has no end", offset() + at);
    }
    if (size > format_.max_line || stop == nullptr) break;
    if (!count({begin, size}, out)) {
      fail("row " + std::to_string(counters_.messages) + " is no " + format_.row +
               ": " + std::string(begin, std::min(size, kShown)),
           offset() + at);
      break;
    }
    at += size + 1;
  }
  return at;
}

void RowDecoder::end(Bytes rest, Events& out) {
  if (rest.empty()) return;
  cut_ = !count({reinterpret_cast<const char*>(rest.data()), rest.size()}, out);
  if (cut_) --counters_.messages;
}

bool RowDecoder::count(std::string_view line, Events& out) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  ++counters_.messages;
  return row(line, out);
}

}  // namespace pyscalp::capture
