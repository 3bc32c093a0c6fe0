// Any bytes as a capture file, whole and cut anywhere: the same packets, the same
// status, the same place. And the packets, written to a file, are read from it again.
// The first byte says where to cut.
#include "capture/pcap_reader.hpp"
#include "check.hpp"

namespace {

using namespace pyscalp;

namespace pcap = wire::pcap;

/// A capture file of one link type, written packet by packet.
struct Written {
  std::vector<std::byte> file;
  std::uint64_t packets = 0;

  void put(const capture::CapturedPacket& packet) {
    if (file.empty()) {
      file.resize(pcap::kFileHeaderSize);
      pcap::encode_file_header(file.data(), packet.link_type);
    }
    std::array<std::byte, pcap::kRecordHeaderSize> header;
    const auto size = static_cast<std::uint32_t>(packet.bytes.size());
    const bool fits = pcap::encode_record_header(
        {packet.time, size, packet.original_size}, header.data());
    FUZZ_CHECK(fits == (packet.time.value >= 0 &&
                        packet.time.value < (std::int64_t{1} << 32) * kNanosPerUnit));
    if (!fits) return;
    ++packets;
    file.insert(file.end(), header.begin(), header.end());
    file.insert(file.end(), packet.bytes.begin(), packet.bytes.end());
  }
};

struct Read {
  std::vector<std::byte> packets;  ///< their fields and bytes, one after the other
  capture::PcapReader reader;
  Written* copy = nullptr;

  void feed(Bytes chunk) {
    reader.feed(chunk, [&](const capture::CapturedPacket& packet) {
      if (copy != nullptr) copy->put(packet);
      put(packet.time.value);
      put(packet.link_type);
      put(packet.original_size);
      put(packet.bytes.size());
      packets.insert(packets.end(), packet.bytes.begin(), packet.bytes.end());
    });
  }
  template <class T>
  void put(T value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    packets.insert(packets.end(), bytes.begin(), bytes.end());
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t cut = 1u + data[0];
  const auto file = fuzz::exact_copy(data + 1, size - 1);

  Written copy;
  Read whole{.copy = &copy};
  whole.feed(file);
  if (!copy.file.empty()) {
    Written second;
    Read again{.copy = &second};
    again.feed(copy.file);
    FUZZ_CHECK(again.reader.status() == capture::PcapStatus::kOk);
    FUZZ_CHECK(!again.reader.truncated());
    FUZZ_CHECK(again.reader.packets() == copy.packets);
    FUZZ_CHECK(second.file.empty() || fuzz::same(second.file, copy.file));
  }
  Read pieces;
  for (std::size_t at = 0; at < file.size(); at += cut) {
    const auto piece = fuzz::exact_copy(data + 1 + at, std::min(cut, file.size() - at));
    pieces.feed(piece);
  }
  FUZZ_CHECK(whole.packets == pieces.packets);
  FUZZ_CHECK(whole.reader.packets() == pieces.reader.packets());
  FUZZ_CHECK(whole.reader.status() == pieces.reader.status());
  FUZZ_CHECK(whole.reader.offset() == pieces.reader.offset());
  FUZZ_CHECK(whole.reader.truncated() == pieces.reader.truncated());
  FUZZ_CHECK(whole.reader.offset() <= file.size());
  if (whole.reader.status() == capture::PcapStatus::kOk) {
    FUZZ_CHECK(whole.reader.truncated() || whole.reader.offset() == file.size());
    FUZZ_CHECK(fuzz::same(whole.reader.unread(), pieces.reader.unread()));
    FUZZ_CHECK(whole.reader.unread().size() <= file.size() - whole.reader.offset());
  }
  return 0;
}
