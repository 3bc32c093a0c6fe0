// Recorded captures for tests: found below PYSCALP_DATA, read as the files they are,
// their payloads one after the other.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "../wire/bytes_of.hpp"
#include "capture/pcap_reader.hpp"
#include "wire/ethernet.hpp"

namespace pyscalp::capture {

using wire::Buffer;
namespace fs = std::filesystem;

/// The folder or file below PYSCALP_DATA; empty where there is none.
inline fs::path data(const char* below) {
  const char* const root = std::getenv("PYSCALP_DATA");
  if (root == nullptr || *root == '\0' || !fs::exists(fs::path(root) / below))
    return {};
  return fs::path(root) / below;
}

/// The captures below `folder` in folders whose name has `part`, in order.
inline std::vector<fs::path> captures(const fs::path& folder, const std::string& part) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".pcap" &&
        entry.path().parent_path().filename().string().find(part) !=
            std::string::npos) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Calls `take(Bytes)` for chunks of a file; one that ends in .gz is unpacked by gzip.
template <class Take>
void read_chunks(const fs::path& path, Take&& take) {
  const bool packed = path.extension() == ".gz";
  const std::string command = "gzip -dc '" + path.string() + "'";
  std::FILE* const file =
      packed ? popen(command.c_str(), "r") : std::fopen(path.c_str(), "rb");
  ASSERT_NE(file, nullptr) << path;
  std::vector<std::byte> chunk(65'536);
  while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), file)) {
    take(Bytes(chunk).first(size));
  }
  EXPECT_EQ(packed ? pclose(file) : std::fclose(file), 0) << path;
}

inline Buffer read_file(const fs::path& path) {
  Buffer bytes;
  read_chunks(path, [&](Bytes chunk) {
    bytes.insert(bytes.end(), chunk.begin(), chunk.end());
  });
  return bytes;
}

/// Reads a capture whose packets are all UDP or TCP on IPv4 and calls
/// `take(const Payload&)` for each; every packet must be one. Returns the reader as it
/// stands at the file's end.
template <class Take>
PcapReader read_payloads(const fs::path& path, Take&& take) {
  PcapReader reader;
  read_chunks(path, [&](Bytes chunk) {
    reader.feed(chunk, [&](const CapturedPacket& packet) {
      wire::ethernet::Payload payload;
      EXPECT_EQ(packet.bytes.size(), packet.original_size) << path;
      const auto status =
          wire::ethernet::decode(packet.link_type, packet.bytes, payload);
      EXPECT_EQ(status, wire::ethernet::FrameStatus::kOk) << path;
      if (status == wire::ethernet::FrameStatus::kOk) take(payload);
    });
  });
  EXPECT_EQ(reader.status(), PcapStatus::kOk) << path;
  return reader;
}

}  // namespace pyscalp::capture
