// The feed as it grows: ITCH messages behind their lengths, as in a BinaryFILE.
#pragma once

#include <vector>

#include "base/bytes.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::exchange {

class FeedBuffer {
 public:
  template <class Message>
  void send(const Message& message) {
    wire::itch::encode(message, grow(Message::kSize));
  }
  /// Sends a message as it is. It must not be empty, which would end a BinaryFILE, nor
  /// longer than 65,535 bytes.
  void copy(Bytes message) {
    std::memcpy(grow(message.size()), message.data(), message.size());
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }
  void clear() { bytes_.clear(); }

 private:
  std::byte* grow(std::size_t size) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + 2 + size);
    store_be(bytes_.data() + at, static_cast<std::uint16_t>(size));
    return bytes_.data() + at + 2;
  }

  std::vector<std::byte> bytes_;
};

}  // namespace pyscalp::exchange
