// Packets of a pcap or pcapng file whose bytes arrive in pieces.
//
// Sources: draft-ietf-opsawg-pcap (classic, both byte orders, microseconds and
// nanoseconds) and draft-ietf-opsawg-pcapng (several sections and interfaces; enhanced,
// simple and obsolete packet blocks; every other block is skipped by its length). Bytes
// are pushed in chunks of any size, so that memory stays that of one record however
// large the file; a record that lies whole in a chunk is not copied. One object reads
// one file, from one thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "wire/pcap.hpp"

namespace pyscalp::capture {

struct CapturedPacket {
  UnixNanos time;  ///< 0 in a simple packet block, which has none
  std::uint32_t link_type = wire::pcap::kEthernet;
  std::uint32_t original_size = 0;  ///< on the wire; more than `bytes` where cut short
  Bytes bytes;                      ///< valid during the call only
};

enum class PcapStatus : std::uint8_t {
  kOk,
  kNotPcap,            ///< the file starts with no known magic number
  kBadVersion,         ///< neither pcap 2.4 nor pcapng 1.x
  kBadBlockLength,     ///< below the least, no multiple of 4, or unlike its repetition
  kBadBlock,           ///< packet or option reaches past its block's end
  kBlockTooLarge,      ///< a packet or block to be read of more than kMaxBlock bytes
  kUnknownInterface,   ///< a packet of an interface that no block has described
  kTooManyInterfaces,  ///< more than kMaxInterfaces in one section
  kBadTime,            ///< a time that int64 nanoseconds since 1970 cannot hold
};

/// The name of a status as text for people, such as "bad block length".
std::string_view describe(PcapStatus status);

class PcapReader {
 public:
  /// Largest packet or block that is read; others are damage or not of a network.
  static constexpr std::size_t kMaxBlock = std::size_t{64} << 20;
  static constexpr std::size_t kMaxInterfaces = 65'536;

  /// Takes the file's next bytes and calls `on_packet(const CapturedPacket&)` for each
  /// packet they complete, in the file's order. Anything but kOk is damage at `offset`;
  /// it is final, further bytes are not looked at.
  template <class OnPacket>
  PcapStatus feed(Bytes chunk, OnPacket&& on_packet) {
    CapturedPacket packet;
    while (status_ == PcapStatus::kOk && (!chunk.empty() || !pending_.empty())) {
      const Outcome outcome = step(chunk, packet);
      if (outcome == Outcome::kNeedsBytes) break;
      if (outcome == Outcome::kPacket) {
        ++packets_;
        on_packet(static_cast<const CapturedPacket&>(packet));
      }
    }
    return status_;
  }

  PcapStatus status() const { return status_; }
  /// Byte offset of the header, record or block that is being read: where the damage
  /// is, or where a cut file stops being whole.
  std::uint64_t offset() const { return offset_; }
  /// True where a file that ended with the bytes so far would be cut: inside its
  /// header, a record or a block. A file of no bytes is cut too.
  bool truncated() const {
    return status_ == PcapStatus::kOk &&
           (format_ == Format::kUnknown || !pending_.empty() || skipped_size_ != 0);
  }
  /// What has come of the record that is not whole: of a cut file, its last bytes.
  /// Valid until the next `feed`.
  Bytes unread() const { return pending_; }
  std::uint64_t packets() const { return packets_; }

 private:
  enum class Format : std::uint8_t { kUnknown, kClassic, kBlocks };
  enum class Outcome : std::uint8_t { kNeedsBytes, kProgress, kPacket, kDamage };
  Outcome step(Bytes& chunk, CapturedPacket& packet);
  Outcome read_at(Bytes available, CapturedPacket& packet);
  Outcome read_start(Bytes available);
  Outcome read_record(Bytes available, CapturedPacket& packet);
  Outcome read_block(Bytes available, CapturedPacket& packet);
  Outcome read_body(std::uint32_t type, Bytes body, CapturedPacket& packet);
  Outcome read_section(Bytes body);
  Outcome read_interface(Bytes body);
  Outcome read_timed_packet(std::uint32_t type, Bytes body, CapturedPacket& packet);
  Outcome read_simple_packet(Bytes body, CapturedPacket& packet);
  Outcome finish_skip(Bytes available);
  Outcome need(std::size_t size);
  Outcome used(std::size_t size, Outcome outcome);
  Outcome damage(PcapStatus status);

  PcapStatus status_ = PcapStatus::kOk;
  Format format_ = Format::kUnknown;
  wire::pcap::ByteOrder order_ = wire::pcap::ByteOrder::kLittle;
  bool nanoseconds_ = false;
  std::uint32_t link_type_ = 0;
  std::vector<wire::pcap::InterfaceDescription> interfaces_;
  /// The start of a record whose end has not come yet; bounded by what it may need.
  std::vector<std::byte> pending_;
  bool drop_pending_ = false;  ///< `pending_` has been delivered from
  std::size_t needed_ = 0;     ///< bytes that the record needs to be read further
  std::size_t used_ = 0;       ///< bytes that the last read took
  std::uint64_t to_skip_ = 0;  ///< of a block that is not read, without its trailer
  std::uint32_t skipped_size_ = 0;  ///< length of that block; 0: none
  std::uint64_t offset_ = 0;
  std::uint64_t packets_ = 0;
};

}  // namespace pyscalp::capture
