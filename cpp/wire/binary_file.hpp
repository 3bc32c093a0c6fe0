// Nasdaq BinaryFILE 1.00: {u16 big-endian length, message} repeated; length 0 ends the
// session, and a file may also just end.
#pragma once

#include <optional>

#include "base/bytes.hpp"

namespace pyscalp::wire {

/// Walks the messages of a BinaryFILE held in memory.
class BinaryFileReader {
 public:
  explicit BinaryFileReader(Bytes file) : rest_(file), size_(file.size()) {}

  /// The next message, or nothing at the end, at a session end mark or at a cut.
  std::optional<Bytes> next() {
    if (rest_.size() < 2) {
      truncated_ = !rest_.empty();
      return std::nullopt;
    }
    const std::size_t length = load_be<std::uint16_t>(rest_.data());
    if (length == 0) return std::nullopt;
    if (rest_.size() < 2 + length) {
      truncated_ = true;
      return std::nullopt;
    }
    const Bytes message = rest_.subspan(2, length);
    rest_ = rest_.subspan(2 + length);
    return message;
  }

  /// Byte offset of what comes next.
  std::size_t offset() const { return size_ - rest_.size(); }
  /// True once `next` met a message that the file does not hold whole.
  bool truncated() const { return truncated_; }

 private:
  Bytes rest_;
  std::size_t size_;
  bool truncated_ = false;
};

}  // namespace pyscalp::wire
