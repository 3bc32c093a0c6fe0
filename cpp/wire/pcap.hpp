// Headers of capture files: classic pcap records and pcapng blocks, and a writer of
// classic pcap with nanoseconds.
//
// Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng. A file is in the byte
// order of the machine that wrote it. Stateless; capture/pcap_reader.hpp walks files.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "base/types.hpp"

namespace pyscalp::wire::pcap {

enum class ByteOrder : std::uint8_t { kLittle, kBig };

template <std::unsigned_integral T>
T load(const std::byte* at, ByteOrder order) {
  return order == ByteOrder::kLittle ? load_le<T>(at) : load_be<T>(at);
}

// Link types (LINKTYPE_ values) that wire/ethernet.hpp can look into.
inline constexpr std::uint32_t kNull = 0;  ///< address family of the writer's host
inline constexpr std::uint32_t kEthernet = 1;
inline constexpr std::uint32_t kRawIpBsd =
    12;  ///< written by old OpenBSD as 101 is now
inline constexpr std::uint32_t kRawIp = 101;
inline constexpr std::uint32_t kLoopback = 108;  ///< address family, big-endian
inline constexpr std::uint32_t kLinuxCooked = 113;
inline constexpr std::uint32_t kLinuxCooked2 = 276;

// ---- classic pcap ----

inline constexpr std::uint32_t kMagicMicros = 0xa1b2c3d4;
inline constexpr std::uint32_t kMagicNanos = 0xa1b23c4d;
inline constexpr std::size_t kFileHeaderSize = 24;
inline constexpr std::size_t kRecordHeaderSize = 16;
/// What tcpdump calls its maximum, and what the writer states.
inline constexpr std::uint32_t kSnapLength = 262'144;

struct FileHeader {
  ByteOrder order = ByteOrder::kLittle;
  bool nanoseconds = true;
  std::uint16_t major = 2;
  std::uint16_t minor = 4;
  std::uint32_t snap_length = kSnapLength;
  std::uint32_t link_type = kEthernet;
};

struct RecordHeader {
  UnixNanos time;
  std::uint32_t captured_size = 0;  ///< bytes that follow
  std::uint32_t original_size = 0;  ///< on the wire
};

/// The magic number's meaning; nothing where it is none of classic pcap.
inline std::optional<FileHeader> decode_magic(const std::byte* at) {
  for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
    const auto magic = load<std::uint32_t>(at, order);
    if (magic == kMagicMicros || magic == kMagicNanos) {
      return FileHeader{.order = order, .nanoseconds = magic == kMagicNanos};
    }
  }
  return std::nullopt;
}

/// Reads kFileHeaderSize bytes.
inline std::optional<FileHeader> decode_file_header(const std::byte* at) {
  std::optional<FileHeader> header = decode_magic(at);
  if (!header) return header;
  header->major = load<std::uint16_t>(at + 4, header->order);
  header->minor = load<std::uint16_t>(at + 6, header->order);
  header->snap_length = load<std::uint32_t>(at + 16, header->order);
  // The upper half tells of a frame check sequence, not of the link.
  header->link_type = load<std::uint32_t>(at + 20, header->order) & 0xFFFF;
  return header;
}

/// Reads kRecordHeaderSize bytes. Times from 1970 to 2106: int64 holds them all.
inline RecordHeader decode_record_header(const std::byte* at, ByteOrder order,
                                         bool nanoseconds) {
  const std::int64_t seconds = load<std::uint32_t>(at, order);
  const std::int64_t fraction = load<std::uint32_t>(at + 4, order);
  return {.time = {seconds * kNanosPerUnit + fraction * (nanoseconds ? 1 : 1'000)},
          .captured_size = load<std::uint32_t>(at + 8, order),
          .original_size = load<std::uint32_t>(at + 12, order)};
}

/// Writes the header of a nanosecond file, little-endian: kFileHeaderSize bytes.
inline void encode_file_header(std::byte* out, std::uint32_t link_type = kEthernet) {
  LittleWriter writer(out);
  writer(kMagicNanos), writer(std::uint16_t{2}), writer(std::uint16_t{4});
  writer(std::uint32_t{0}), writer(std::uint32_t{0});
  writer(kSnapLength), writer(link_type);
}

/// Writes the header of one record of such a file, kRecordHeaderSize bytes; the
/// captured bytes follow it. False, and nothing written, for a time outside
/// 1970 to 2106, which the format cannot hold.
inline bool encode_record_header(const RecordHeader& record, std::byte* out) {
  constexpr std::int64_t kLastSecond = UINT32_MAX;
  if (record.time.value < 0 || record.time.value / kNanosPerUnit > kLastSecond) {
    return false;
  }
  LittleWriter writer(out);
  writer(static_cast<std::uint32_t>(record.time.value / kNanosPerUnit));
  writer(static_cast<std::uint32_t>(record.time.value % kNanosPerUnit));
  writer(record.captured_size), writer(record.original_size);
  return true;
}

// ---- pcapng ----

inline constexpr std::uint32_t kSectionHeader = 0x0A0D0D0A;  ///< in both byte orders
inline constexpr std::uint32_t kInterfaceDescription = 1;
inline constexpr std::uint32_t kObsoletePacket = 2;
inline constexpr std::uint32_t kSimplePacket = 3;
inline constexpr std::uint32_t kEnhancedPacket = 6;
inline constexpr std::uint32_t kByteOrderMagic = 0x1A2B3C4D;
/// Type and length in front of a block's body, the length again behind it.
inline constexpr std::size_t kBlockHeaderSize = 8;
inline constexpr std::size_t kBlockTrailerSize = 4;
inline constexpr std::size_t kLeastBlockSize = kBlockHeaderSize + kBlockTrailerSize;

/// How an interface writes time: ticks of 10^-digits or 2^-digits s, from an offset.
struct Clock {
  std::uint8_t digits = 6;
  bool binary = false;
  std::int64_t offset_s = 0;

  /// The time as nanoseconds since 1970; nothing where int64 cannot hold it.
  std::optional<UnixNanos> time(std::uint64_t ticks) const {
    Int128 ns = ticks;
    if (binary) {
      ns = (ns * kNanosPerUnit) >> digits;  // digits <= 127; the product has 94 bits
    } else {
      for (int i = digits; i < 9; ++i) ns *= 10;
      for (int i = 9; i < digits && ns != 0; ++i) ns /= 10;
    }
    ns += static_cast<Int128>(offset_s) * kNanosPerUnit;
    if (ns > INT64_MAX || ns < INT64_MIN) return std::nullopt;
    return UnixNanos{static_cast<std::int64_t>(ns)};
  }
};

struct InterfaceDescription {
  std::uint32_t link_type = kEthernet;
  std::uint32_t snap_length = 0;  ///< 0 is no limit
  Clock clock;
};

/// Reads the body of an interface description block; nothing where an option reaches
/// past its end.
inline std::optional<InterfaceDescription> decode_interface(Bytes body,
                                                            ByteOrder order) {
  if (body.size() < 8) return std::nullopt;
  InterfaceDescription interface {
    .link_type = load<std::uint16_t>(body.data(), order),
    .snap_length = load<std::uint32_t>(body.data() + 4, order), .clock = {}
  };
  Bytes options = body.subspan(8);
  while (!options.empty()) {
    if (options.size() < 4) return std::nullopt;
    const auto code = load<std::uint16_t>(options.data(), order);
    const std::size_t size = load<std::uint16_t>(options.data() + 2, order);
    const std::size_t padded = (size + 3) & ~std::size_t{3};
    if (code == 0) break;
    if (padded > options.size() - 4) return std::nullopt;
    const std::byte* const value = options.data() + 4;
    if (code == 9) {  // if_tsresol
      if (size != 1) return std::nullopt;
      interface.clock.digits =
          std::to_integer<std::uint8_t>(value[0] & std::byte{0x7F});
      interface.clock.binary = (value[0] & std::byte{0x80}) != std::byte{0};
    } else if (code == 14) {  // if_tsoffset
      if (size != 8) return std::nullopt;
      interface.clock.offset_s =
          static_cast<std::int64_t>(load<std::uint64_t>(value, order));
    }
    options = options.subspan(4 + padded);
  }
  return interface;
}

}  // namespace pyscalp::wire::pcap
