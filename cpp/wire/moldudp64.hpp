// MoldUDP64 1.00: sequenced messages in datagrams, heartbeats, end of session,
// requests.
//
// Source: Nasdaq MoldUDP64 1.00 (2009-07-07). Stateless; a malformed datagram is
// refused whole, before any of its messages is seen.
#pragma once

#include "base/bytes.hpp"

namespace pyscalp::wire::mold {

using Session = Text<10>;

inline constexpr std::size_t kHeaderSize = 20;
inline constexpr std::uint16_t kHeartbeat = 0;
inline constexpr std::uint16_t kEndOfSession = 0xFFFF;

/// Header of a downstream packet and, with the same layout, a whole request packet.
struct Header {
  Session session;
  std::uint64_t sequence = 0;  ///< number of the first message; of the next one if none
  std::uint16_t count = 0;
  void map(auto& io) { io(session), io(sequence), io(count); }
};

inline void encode(const Header& header, std::byte* out) {
  Writer writer(out);
  const_cast<Header&>(header).map(writer);
}

enum class DecodeStatus : std::uint8_t {
  kOk,
  kShortHeader,    ///< fewer than 20 bytes
  kBlockOverrun,   ///< a message block reaches past the end of the datagram
  kTrailingBytes,  ///< bytes after the last counted block
  kSequenceWrap,   ///< sequence + count passes 2^64
};

/// A downstream packet whose blocks have all been checked.
class Packet {
 public:
  static DecodeStatus decode(Bytes datagram, Packet& packet) {
    if (datagram.size() < kHeaderSize) return DecodeStatus::kShortHeader;
    Reader reader(datagram.data());
    packet.header_.map(reader);
    packet.blocks_ = datagram.subspan(kHeaderSize);
    const std::uint16_t count = packet.message_count();
    if (packet.header_.sequence > UINT64_MAX - count)
      return DecodeStatus::kSequenceWrap;
    std::size_t at = 0;
    for (std::uint16_t i = 0; i < count; ++i) {
      if (packet.blocks_.size() - at < 2) return DecodeStatus::kBlockOverrun;
      const std::size_t length = load_be<std::uint16_t>(packet.blocks_.data() + at);
      if (packet.blocks_.size() - at - 2 < length) return DecodeStatus::kBlockOverrun;
      at += 2 + length;
    }
    return at == packet.blocks_.size() ? DecodeStatus::kOk
                                       : DecodeStatus::kTrailingBytes;
  }

  const Header& header() const { return header_; }
  bool is_heartbeat() const { return header_.count == kHeartbeat; }
  bool is_end_of_session() const { return header_.count == kEndOfSession; }
  std::uint16_t message_count() const {
    return is_end_of_session() ? std::uint16_t{0} : header_.count;
  }

  /// Calls `visit(sequence, message)` for each message in order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    const std::byte* at = blocks_.data();
    std::uint64_t sequence = header_.sequence;
    for (std::uint16_t i = 0; i < message_count(); ++i) {
      const std::size_t length = load_be<std::uint16_t>(at);
      visit(sequence++, Bytes(at + 2, length));
      at += 2 + length;
    }
  }

 private:
  Header header_;
  Bytes blocks_;
};

/// Builds downstream packets in a buffer of its own of at most `kMaxPacket` bytes.
class PacketBuilder {
 public:
  static constexpr std::size_t kMaxPacket = 1400;

  void start(const Session& session, std::uint64_t sequence) {
    header_ = {session, sequence, 0};
    size_ = kHeaderSize;
  }
  /// False, and nothing changed, where the message does not fit any more.
  bool append(Bytes message) {
    if (size_ + 2 + message.size() > kMaxPacket) return false;
    store_be(buffer_.data() + size_, static_cast<std::uint16_t>(message.size()));
    if (!message.empty()) {
      std::memcpy(buffer_.data() + size_ + 2, message.data(), message.size());
    }
    size_ += 2 + message.size();
    ++header_.count;
    return true;
  }
  std::uint16_t count() const { return header_.count; }
  Bytes finish() {
    encode(header_, buffer_.data());
    return {buffer_.data(), size_};
  }

 private:
  Header header_;
  std::size_t size_ = kHeaderSize;
  std::array<std::byte, kMaxPacket> buffer_;
};

}  // namespace pyscalp::wire::mold
