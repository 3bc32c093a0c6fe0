// Bytes on their way to one TCP connection, in a buffer of fixed size.
#pragma once

#include <cstddef>
#include <cstring>
#include <vector>

#include "base/bytes.hpp"

namespace pyscalp {

/// Written at the back, sent from the front. One thread, no allocation after
/// construction. A message fits whole or not at all.
class OutboundBuffer {
 public:
  explicit OutboundBuffer(std::size_t capacity) : bytes_(capacity) {}

  Bytes pending() const { return {bytes_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }

  /// Room for `size` bytes, to be filled at once and then kept by `commit`; null when
  /// full. Moves what is pending to the front where that makes the room.
  std::byte* reserve(std::size_t size) {
    if (bytes_.size() - end_ < size) {
      if (bytes_.size() - (end_ - begin_) < size) return nullptr;
      std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    return bytes_.data() + end_;
  }
  void commit(std::size_t size) { end_ += size; }

  /// The first `size` bytes have been handed to the kernel.
  void consumed(std::size_t size) {
    begin_ += size < end_ - begin_ ? size : end_ - begin_;
    if (begin_ == end_) clear();
  }
  void clear() { begin_ = end_ = 0; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace pyscalp
