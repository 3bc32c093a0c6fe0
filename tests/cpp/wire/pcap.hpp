// Payloads of a classic pcap of Ethernet, IPv4, UDP and TCP: enough for the captures
// that the codecs are held against.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "bytes_of.hpp"

namespace pyscalp::wire {

struct Payload {
  bool tcp = false;
  Buffer bytes;
};

inline Buffer read_file(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return {};
  Buffer bytes;
  std::array<std::byte, 4096> part;
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), file)) {
    bytes.insert(bytes.end(), part.begin(),
                 part.begin() + static_cast<std::ptrdiff_t>(size));
  }
  std::fclose(file);
  return bytes;
}

/// The payload of one Ethernet frame; nothing where it is neither UDP nor TCP on IPv4.
inline std::vector<Payload> payload_of(Bytes frame) {
  std::size_t at = 12;
  if (frame.size() < at + 2) return {};
  std::uint16_t kind = load_be<std::uint16_t>(frame.data() + at);
  while (kind == 0x8100 && frame.size() >= at + 6) {  // VLAN
    at += 4;
    kind = load_be<std::uint16_t>(frame.data() + at);
  }
  at += 2;
  if (kind != 0x0800 || frame.size() < at + 20) return {};
  const Bytes ip = frame.subspan(at);
  const std::size_t header = std::to_integer<std::size_t>(ip[0] & std::byte{15}) * 4;
  const std::size_t total = load_be<std::uint16_t>(ip.data() + 2);
  const int protocol = std::to_integer<int>(ip[9]);
  if (header < 20 || total < header || total > ip.size()) return {};
  const Bytes segment =
      ip.subspan(header, total - header);  // without the frame's trailer
  std::size_t skip = 8;
  if (protocol == 6 && segment.size() >= 20) {
    skip = std::to_integer<std::size_t>(segment[12] >> 4) * 4;
  } else if (protocol != 17) {
    return {};
  }
  if (segment.size() < skip) return {};
  const Bytes data = segment.subspan(skip);
  return {{protocol == 6, Buffer(data.begin(), data.end())}};
}

/// Payloads of all packets; `packets`, where given, counts these.
inline std::vector<Payload> payloads(const std::string& path, int* packets = nullptr) {
  const Buffer file = read_file(path);
  if (file.size() < 24) return {};
  const auto little = [&](std::size_t at) {
    return swap_bytes(load_be<std::uint32_t>(file.data() + at));
  };
  const std::uint32_t magic = little(0);
  EXPECT_TRUE(magic == 0xa1b2c3d4 || magic == 0xa1b23c4d) << path;
  EXPECT_EQ(little(20), 1u) << path << " is not of Ethernet";
  std::vector<Payload> all;
  for (std::size_t at = 24; at + 16 <= file.size();) {
    const std::size_t size = little(at + 8);
    EXPECT_LE(at + 16 + size, file.size()) << path;
    if (at + 16 + size > file.size()) break;
    if (packets != nullptr) ++*packets;
    for (Payload& payload : payload_of(Bytes(file).subspan(at + 16, size))) {
      all.push_back(std::move(payload));
    }
    at += 16 + size;
  }
  return all;
}

}  // namespace pyscalp::wire
