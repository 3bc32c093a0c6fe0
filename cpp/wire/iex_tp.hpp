// IEX-TP 1: the datagrams that carry IEX market data.
//
// Source: IEX Transport Protocol, and captures of DEEP, TOPS and DEEP+. Little-endian.
// A segment is a header of 40 bytes and blocks of {u16 length, message}. Stateless; a
// malformed segment is refused whole, before any of its messages is seen.
#pragma once

#include "base/bytes.hpp"

namespace pyscalp::wire::iex {

inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::uint16_t kTops15 = 0x8002;
inline constexpr std::uint16_t kTops = 0x8003;
inline constexpr std::uint16_t kDeep = 0x8004;
inline constexpr std::uint16_t kDeepPlus = 0x8005;

struct SegmentHeader {
  static constexpr std::size_t kSize = 40;
  std::uint8_t version = kVersion;
  std::uint8_t reserved = 0;
  std::uint16_t protocol = kDeep;  ///< kTops, kDeep, kDeepPlus …
  std::uint32_t channel = 1;
  std::uint32_t session = 0;
  std::uint16_t payload_size = 0;  ///< bytes after this header
  std::uint16_t count = 0;         ///< messages; 0 in a heartbeat
  std::uint64_t offset = 0;        ///< payload bytes of the session before this segment
  std::uint64_t sequence = 0;      ///< of the first message; the next one if none
  std::int64_t sent_ns = 0;        ///< since 1970-01-01 UTC
  void map(auto& io) {
    io(version), io(reserved), io(protocol), io(channel), io(session);
    io(payload_size), io(count), io(offset), io(sequence), io(sent_ns);
  }
};

/// Writes the 40 bytes of a header.
inline void encode(const SegmentHeader& header, std::byte* out) {
  LittleWriter writer(out);
  const_cast<SegmentHeader&>(header).map(writer);  // a writer only reads the fields
}

enum class SegmentStatus : std::uint8_t {
  kOk,
  kShortHeader,    ///< fewer than 40 bytes
  kBadVersion,     ///< not version 1: its layout is not known
  kCut,            ///< the datagram ends before its stated payload
  kExcessBytes,    ///< the datagram goes on after its stated payload
  kBlockOverrun,   ///< a message block reaches past the end of the payload
  kTrailingBytes,  ///< payload after the last counted block
  kSequenceWrap,   ///< sequence + count, or offset + payload, passes 2^64
};

/// A segment whose blocks have all been checked.
class Segment {
 public:
  static SegmentStatus decode(Bytes datagram, Segment& segment) {
    if (datagram.size() < SegmentHeader::kSize) return SegmentStatus::kShortHeader;
    LittleReader reader(datagram.data());
    SegmentHeader& header = segment.header_;
    header.map(reader);
    if (header.version != kVersion) return SegmentStatus::kBadVersion;
    segment.blocks_ = datagram.subspan(SegmentHeader::kSize);
    const Bytes blocks = segment.blocks_;
    if (header.payload_size > blocks.size()) return SegmentStatus::kCut;
    if (header.payload_size < blocks.size()) return SegmentStatus::kExcessBytes;
    if (header.sequence > UINT64_MAX - header.count ||
        header.offset > UINT64_MAX - header.payload_size) {
      return SegmentStatus::kSequenceWrap;
    }
    std::size_t at = 0;
    for (std::uint16_t i = 0; i < header.count; ++i) {
      if (blocks.size() - at < 2) return SegmentStatus::kBlockOverrun;
      const std::size_t size = load_le<std::uint16_t>(blocks.data() + at);
      if (blocks.size() - at - 2 < size) return SegmentStatus::kBlockOverrun;
      at += 2 + size;
    }
    return at == blocks.size() ? SegmentStatus::kOk : SegmentStatus::kTrailingBytes;
  }

  const SegmentHeader& header() const { return header_; }
  bool is_heartbeat() const { return header_.count == 0; }
  /// What the next segment of the session says, where none is lost.
  std::uint64_t next_sequence() const { return header_.sequence + header_.count; }
  std::uint64_t next_offset() const { return header_.offset + header_.payload_size; }

  /// Calls `visit(sequence, message)` for each message in order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    const std::byte* at = blocks_.data();
    std::uint64_t sequence = header_.sequence;
    for (std::uint16_t i = 0; i < header_.count; ++i) {
      const std::size_t size = load_le<std::uint16_t>(at);
      visit(sequence++, Bytes(at + 2, size));
      at += 2 + size;
    }
  }

 private:
  SegmentHeader header_;
  Bytes blocks_;
};

/// Builds segments in a buffer of its own of at most `kMaxSegment` bytes.
class SegmentBuilder {
 public:
  static constexpr std::size_t kMaxSegment = 1'472;

  /// Starts a segment that takes all but its count and size from `header`.
  void start(const SegmentHeader& header) {
    header_ = header;
    header_.count = 0;
    size_ = SegmentHeader::kSize;
  }
  /// False, and nothing changed, where the message does not fit any more.
  bool append(Bytes message) {
    if (message.size() > kMaxSegment || size_ + 2 + message.size() > kMaxSegment) {
      return false;
    }
    store_le(buffer_.data() + size_, static_cast<std::uint16_t>(message.size()));
    if (!message.empty()) {
      std::memcpy(buffer_.data() + size_ + 2, message.data(), message.size());
    }
    size_ += 2 + message.size();
    ++header_.count;
    return true;
  }
  std::uint16_t count() const { return header_.count; }
  Bytes finish() {
    header_.payload_size = static_cast<std::uint16_t>(size_ - SegmentHeader::kSize);
    encode(header_, buffer_.data());
    return {buffer_.data(), size_};
  }

 private:
  SegmentHeader header_;
  std::size_t size_ = SegmentHeader::kSize;
  std::array<std::byte, kMaxSegment> buffer_;
};

}  // namespace pyscalp::wire::iex
