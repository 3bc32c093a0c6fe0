#include "capture/pcap_reader.hpp"

#include <algorithm>

namespace pyscalp::capture {

namespace pcap = wire::pcap;

std::string_view describe(PcapStatus status) {
  switch (status) {
    case PcapStatus::kOk:
      return "whole";
    case PcapStatus::kNotPcap:
      return "neither pcap nor pcapng";
    case PcapStatus::kBadVersion:
      return "neither pcap 2.4 nor pcapng 1";
    case PcapStatus::kBadBlockLength:
      return "bad block length";
    case PcapStatus::kBadBlock:
      return "contents that reach past their block";
    case PcapStatus::kBlockTooLarge:
      return "a packet or block of more than 64 MiB";
    case PcapStatus::kUnknownInterface:
      return "a packet of an interface that was not described";
    case PcapStatus::kTooManyInterfaces:
      return "more than 65,536 interfaces";
    case PcapStatus::kBadTime:
      return "a time outside 1678 to 2262";
  }
  return "unknown";
}

PcapReader::Outcome PcapReader::need(std::size_t size) {
  needed_ = size;
  return Outcome::kNeedsBytes;
}

PcapReader::Outcome PcapReader::used(std::size_t size, Outcome outcome) {
  if (outcome == Outcome::kDamage) return outcome;  // the offset stays where it is
  used_ = size;
  offset_ += size;
  return outcome;
}

PcapReader::Outcome PcapReader::damage(PcapStatus status) {
  status_ = status;
  return Outcome::kDamage;
}

PcapReader::Outcome PcapReader::step(Bytes& chunk, CapturedPacket& packet) {
  if (drop_pending_) {
    pending_.clear();
    drop_pending_ = false;
  }
  if (to_skip_ != 0) {
    const std::uint64_t skipped = std::min<std::uint64_t>(to_skip_, chunk.size());
    to_skip_ -= skipped;
    chunk = chunk.subspan(static_cast<std::size_t>(skipped));
  }
  if (chunk.empty() && pending_.empty()) return Outcome::kNeedsBytes;

  if (pending_.empty()) {
    const Outcome outcome = read_at(chunk, packet);
    if (outcome == Outcome::kNeedsBytes) {
      pending_.assign(chunk.begin(), chunk.end());
      chunk = {};
    } else if (outcome != Outcome::kDamage) {
      chunk = chunk.subspan(used_);
    }
    return outcome;
  }
  const std::size_t missing = std::min(needed_ - pending_.size(), chunk.size());
  pending_.insert(pending_.end(), chunk.begin(),
                  chunk.begin() + static_cast<std::ptrdiff_t>(missing));
  chunk = chunk.subspan(missing);
  if (pending_.size() < needed_) return Outcome::kNeedsBytes;
  const Outcome outcome = read_at(pending_, packet);
  if (outcome == Outcome::kNeedsBytes) return Outcome::kProgress;  // it needs more now
  // A read takes all that it asked for, or nothing where it only learns the format.
  drop_pending_ = outcome != Outcome::kDamage && used_ != 0;
  return outcome;
}

PcapReader::Outcome PcapReader::read_at(Bytes available, CapturedPacket& packet) {
  if (skipped_size_ != 0) return finish_skip(available);
  switch (format_) {
    case Format::kClassic:
      return read_record(available, packet);
    case Format::kBlocks:
      return read_block(available, packet);
    case Format::kUnknown:
      break;
  }
  return read_start(available);
}

PcapReader::Outcome PcapReader::read_start(Bytes available) {
  if (available.size() < 4) return need(4);
  if (load_le<std::uint32_t>(available.data()) == pcap::kSectionHeader) {
    format_ = Format::kBlocks;
    return used(0, Outcome::kProgress);
  }
  if (!pcap::decode_magic(available.data())) return damage(PcapStatus::kNotPcap);
  if (available.size() < pcap::kFileHeaderSize) return need(pcap::kFileHeaderSize);
  const pcap::FileHeader header = *pcap::decode_file_header(available.data());
  if (header.major != 2 || header.minor != 4) return damage(PcapStatus::kBadVersion);
  format_ = Format::kClassic;
  order_ = header.order;
  nanoseconds_ = header.nanoseconds;
  link_type_ = header.link_type;
  return used(pcap::kFileHeaderSize, Outcome::kProgress);
}

PcapReader::Outcome PcapReader::read_record(Bytes available, CapturedPacket& packet) {
  if (available.size() < pcap::kRecordHeaderSize) return need(pcap::kRecordHeaderSize);
  const pcap::RecordHeader record =
      pcap::decode_record_header(available.data(), order_, nanoseconds_);
  if (record.captured_size > kMaxBlock) return damage(PcapStatus::kBlockTooLarge);
  const std::size_t size = pcap::kRecordHeaderSize + record.captured_size;
  if (available.size() < size) return need(size);
  packet = {record.time, link_type_, record.original_size,
            available.subspan(pcap::kRecordHeaderSize, record.captured_size)};
  return used(size, Outcome::kPacket);
}

PcapReader::Outcome PcapReader::read_block(Bytes available, CapturedPacket& packet) {
  if (available.size() < pcap::kBlockHeaderSize) return need(pcap::kBlockHeaderSize);
  if (load_le<std::uint32_t>(available.data()) == pcap::kSectionHeader) {
    if (available.size() < pcap::kLeastBlockSize) return need(pcap::kLeastBlockSize);
    const std::byte* const magic = available.data() + pcap::kBlockHeaderSize;
    if (load_le<std::uint32_t>(magic) == pcap::kByteOrderMagic) {
      order_ = pcap::ByteOrder::kLittle;
    } else if (load_be<std::uint32_t>(magic) == pcap::kByteOrderMagic) {
      order_ = pcap::ByteOrder::kBig;
    } else {
      return damage(PcapStatus::kBadBlock);
    }
  }
  const auto type = pcap::load<std::uint32_t>(available.data(), order_);
  const auto size = pcap::load<std::uint32_t>(available.data() + 4, order_);
  if (size < pcap::kLeastBlockSize || size % 4 != 0) {
    return damage(PcapStatus::kBadBlockLength);
  }
  const bool known = type == pcap::kSectionHeader ||
                     type == pcap::kInterfaceDescription ||
                     type == pcap::kEnhancedPacket || type == pcap::kSimplePacket ||
                     type == pcap::kObsoletePacket;
  if (!known) {
    skipped_size_ = size;
    to_skip_ = size - pcap::kLeastBlockSize;
    used_ = pcap::kBlockHeaderSize;  // the offset stays at the block until its end
    return Outcome::kProgress;
  }
  if (size > kMaxBlock) return damage(PcapStatus::kBlockTooLarge);
  if (available.size() < size) return need(size);
  const std::byte* const trailer = available.data() + size - pcap::kBlockTrailerSize;
  if (pcap::load<std::uint32_t>(trailer, order_) != size) {
    return damage(PcapStatus::kBadBlockLength);
  }
  const Bytes body =
      available.subspan(pcap::kBlockHeaderSize, size - pcap::kLeastBlockSize);
  return used(size, read_body(type, body, packet));
}

PcapReader::Outcome PcapReader::finish_skip(Bytes available) {
  if (available.size() < pcap::kBlockTrailerSize) return need(pcap::kBlockTrailerSize);
  if (pcap::load<std::uint32_t>(available.data(), order_) != skipped_size_) {
    return damage(PcapStatus::kBadBlockLength);
  }
  offset_ += skipped_size_;
  skipped_size_ = 0;
  used_ = pcap::kBlockTrailerSize;
  return Outcome::kProgress;
}

PcapReader::Outcome PcapReader::read_body(std::uint32_t type, Bytes body,
                                          CapturedPacket& packet) {
  switch (type) {
    case pcap::kSectionHeader:
      return read_section(body);
    case pcap::kInterfaceDescription:
      return read_interface(body);
    case pcap::kSimplePacket:
      return read_simple_packet(body, packet);
    default:
      return read_timed_packet(type, body, packet);
  }
}

PcapReader::Outcome PcapReader::read_section(Bytes body) {
  if (body.size() < 16) return damage(PcapStatus::kBadBlock);
  if (pcap::load<std::uint16_t>(body.data() + 4, order_) != 1) {
    return damage(PcapStatus::kBadVersion);
  }
  interfaces_.clear();
  return Outcome::kProgress;
}

PcapReader::Outcome PcapReader::read_interface(Bytes body) {
  if (interfaces_.size() == kMaxInterfaces) {
    return damage(PcapStatus::kTooManyInterfaces);
  }
  const auto interface = pcap::decode_interface(body, order_);
  if (!interface) return damage(PcapStatus::kBadBlock);
  interfaces_.push_back(*interface);
  return Outcome::kProgress;
}

// The enhanced packet block, and the obsolete one, whose interface number is shorter.
PcapReader::Outcome PcapReader::read_timed_packet(std::uint32_t type, Bytes body,
                                                  CapturedPacket& packet) {
  constexpr std::size_t kFixed = 20;
  if (body.size() < kFixed) return damage(PcapStatus::kBadBlock);
  const auto word = [&](std::size_t at) {
    return pcap::load<std::uint32_t>(body.data() + at, order_);
  };
  const std::uint32_t number = type == pcap::kEnhancedPacket
                                   ? word(0)
                                   : pcap::load<std::uint16_t>(body.data(), order_);
  if (number >= interfaces_.size()) return damage(PcapStatus::kUnknownInterface);
  const std::size_t captured = word(12);
  if (captured > body.size() - kFixed) return damage(PcapStatus::kBadBlock);
  const auto time =
      interfaces_[number].clock.time(std::uint64_t{word(4)} << 32 | word(8));
  if (!time) return damage(PcapStatus::kBadTime);
  packet = {*time, interfaces_[number].link_type, word(16),
            body.subspan(kFixed, captured)};
  return Outcome::kPacket;
}

PcapReader::Outcome PcapReader::read_simple_packet(Bytes body, CapturedPacket& packet) {
  if (body.size() < 4) return damage(PcapStatus::kBadBlock);
  if (interfaces_.empty()) return damage(PcapStatus::kUnknownInterface);
  const auto original = pcap::load<std::uint32_t>(body.data(), order_);
  // Its captured length is written nowhere: all of it, up to the interface's limit.
  std::uint32_t captured = original;
  if (interfaces_[0].snap_length != 0) {
    captured = std::min(captured, interfaces_[0].snap_length);
  }
  if (captured > body.size() - 4) return damage(PcapStatus::kBadBlock);
  packet = {UnixNanos{0}, interfaces_[0].link_type, original,
            body.subspan(4, captured)};
  return Outcome::kPacket;
}

}  // namespace pyscalp::capture
